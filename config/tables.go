package config

import (
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"watcher/policy"
)

// file is the file as it is written, before ids, inheritance and references
// are resolved.
type file struct {
	Version    int
	Defaults   inherited
	Crawler    Crawler
	Wayback    Wayback
	Browser    Browser
	Triage     Triage
	Health     Health
	Retention  Retention
	Storage    Storage
	Summarizer *Summarizer
	TimeZone   *time.Location
	DigestAt   time.Duration
	Heartbeat  *Heartbeat
	Vendors    []vendorEntry
	Receivers  []receiverEntry
	Routes     []routeEntry

	where place
}

// inherited are settings that every policy has unless it sets its own.
type inherited struct {
	Interval time.Duration
	Source   policy.Source
}

type vendorEntry struct {
	policy.Vendor
	Proxy    string
	Policies []policyEntry

	where place
}

type policyEntry struct {
	policy.Policy
	Enabled bool

	where place
}

type receiverEntry struct {
	Receiver
	where place
}

type routeEntry struct {
	Route

	where place
}

// fileVersion is the version of the format that this package reads.
const fileVersion = 1

// The lower bound of a time that would otherwise mean a busy loop.
const shortest = time.Second

var crawlerTable = newObject("crawler", Crawler{
	Concurrency: 8, PerHostDelay: 10 * time.Second, Timeout: 90 * time.Second, MaxBody: 20 << 20, MaxDecoded: 20 << 20,
},
	one("user_agent", userAgent(), func(c *Crawler) *string { return &c.UserAgent },
		"The User-Agent header, whole.").inherit("watcher/<version> (+<contact>)").alias("agent", "ua"),
	one("contact", contact(), func(c *Crawler) *string { return &c.Contact },
		"A mail address or URL under which site owners reach you; part of the default user_agent.").alias("email", "mail"),
	one("concurrency", integerIn(1, 1000), func(c *Crawler) *int { return &c.Concurrency },
		"Captures under way at once, over all hosts.").alias("workers", "parallelism"),
	one("per_host_delay", durationFrom(0).zero(), func(c *Crawler) *time.Duration { return &c.PerHostDelay },
		"Pause between two requests to one host.").alias("delay", "crawl_delay"),
	one("timeout", durationFrom(shortest), func(c *Crawler) *time.Duration { return &c.Timeout },
		"Bound of one capture, all redirects included."),
	one("max_body", sizeIn(1<<10, 1<<30), func(c *Crawler) *int64 { return &c.MaxBody },
		"Largest body as sent by the server. A larger one is an error, never cut.").alias("max_body_size", "max_size"),
	one("max_decoded", sizeIn(1<<10, 1<<30), func(c *Crawler) *int64 { return &c.MaxDecoded },
		"Largest body after content decoding."),
	many("allow_private", network(), func(c *Crawler) *[]netip.Prefix { return &c.AllowPrivate },
		"Networks that the guard against private addresses lets through.").alias("allow_private_networks", "allow_networks"),
	one("ignore_robots", boolean(), func(c *Crawler) *bool { return &c.IgnoreRobots },
		"True reads pages although robots.txt asks programs to stay away. Only where you may; a policy can have it for itself."),
)

// defaultWayback keeps the pace that the Internet Archive asks for.
var defaultWayback = Wayback{BaseURL: "https://web.archive.org", ListDelay: 2500 * time.Millisecond, CaptureDelay: 500 * time.Millisecond}

var waybackTable = newObject("wayback", defaultWayback,
	one("base_url", webURL[string](), func(w *Wayback) *string { return &w.BaseURL },
		"Where the Wayback Machine, or a service that speaks like it, answers.").alias("url"),
	one("list_delay", durationFrom(0).zero(), func(w *Wayback) *time.Duration { return &w.ListDelay },
		"Least time between two requests for lists of captures. Only an archive of your own may be asked faster."),
	one("capture_delay", durationFrom(0).zero(), func(w *Wayback) *time.Duration { return &w.CaptureDelay },
		"Least time between two requests for captures. Only an archive of your own may be asked faster."),
).check(verifyWayback)

// devTools is the address of a browser's DevTools.
func devTools() scalar[string] {
	return stringOf[string]("<devtools_url>", schema{"pattern": "^(http|ws)s?://"}, func(text string) *fault {
		u, err := url.Parse(text)
		if err == nil && u.Hostname() != "" && (u.Scheme == "http" || u.Scheme == "ws" || u.Scheme == "https" || u.Scheme == "wss") {
			return nil
		}
		return faultf("for example `http://127.0.0.1:9222`", "%s is not the address of a browser's DevTools", shown(text))
	})
}

// hostPort is an address to listen at or to be reached at.
func hostPort() scalar[string] {
	return stringOf[string]("<host:port>", schema{"pattern": ":[0-9]+$"}, func(text string) *fault {
		_, port, err := net.SplitHostPort(text)
		if n, bad := strconv.Atoi(port); err == nil && bad == nil && n >= 0 && n < 1<<16 {
			return nil
		}
		return faultf("for example `127.0.0.1:9848`", "%s is not host:port", shown(text))
	})
}

var defaultBrowser = Browser{Timeout: 45 * time.Second, MaxBytes: 30 << 20}

var browserTable = newObject("browser", defaultBrowser,
	one("path", fileName(), func(b *Browser) *string { return &b.Path },
		"The Chromium to start.").inherit("one on the path").alias("binary", "executable", "program"),
	one("url", devTools(), func(b *Browser) *string { return &b.URL },
		"The DevTools address of a Chromium that runs already, in place of starting one.").alias("remote", "ws", "cdp"),
	one("proxy_listen", hostPort(), func(b *Browser) *string { return &b.ProxyListen },
		"Where the proxy listens that guards the browser's connections; needed when the browser is on another host.").inherit("a free port of 127.0.0.1"),
	one("proxy_address", hostPort(), func(b *Browser) *string { return &b.ProxyAddress },
		"Under which address the browser reaches that proxy.").inherit("proxy_listen"),
	one("escalate", boolean(), func(b *Browser) *bool { return &b.Escalate },
		"True reads a page with the browser when without it there is nothing but scripts.").alias("auto", "fallback"),
	one("timeout", durationFrom(shortest), func(b *Browser) *time.Duration { return &b.Timeout },
		"Bound of one page, scripts included."),
	one("max_bytes", sizeIn(1<<20, 1<<30), func(b *Browser) *int64 { return &b.MaxBytes },
		"Largest page, with everything that it loads."),
).check(func(d *decoder, p place, b *Browser) {
	if b.Path != "" && b.URL != "" {
		d.report(p.at("url"), "remove `path:` or `url:`", "a browser is either started or found running")
	}
}).constrain(schema{"not": schema{"required": []string{"path", "url"}}})

var triageTable = newObject("triage", Triage{ConfirmAfter: 10 * time.Minute, Hold: day},
	one("confirm_after", durationFrom(0).zero(), func(t *Triage) *time.Duration { return &t.ConfirmAfter },
		"A new text is believed when it is seen again after this time; 0s believes the first sighting.").alias("confirm"),
	one("hold", durationFrom(0).zero(), func(t *Triage) *time.Duration { return &t.Hold },
		"A new text is accepted after this time in any case, unless the page returned to a known text."),
)

var defaultHealth = Health{
	UnreachableFailures: 5, UnreachableAfter: day, QuarantinedCaptures: 3, QuarantinedAfter: day,
}

var unreachableTable = newObject("unreachable", defaultHealth,
	one("failures", integerIn(1, 1000), func(h *Health) *int { return &h.UnreachableFailures },
		"Failed checks in a row.").alias("count"),
	one("after", durationFrom(shortest), func(h *Health) *time.Duration { return &h.UnreachableAfter },
		"Time without a usable answer."),
)

var quarantinedTable = newObject("quarantined", defaultHealth,
	one("captures", integerIn(1, 1000), func(h *Health) *int { return &h.QuarantinedCaptures },
		"Quarantined captures in a row.").alias("failures", "count"),
	one("after", durationFrom(shortest), func(h *Health) *time.Duration { return &h.QuarantinedAfter },
		"Time since the first of them."),
)

var healthTable = newObject("health", defaultHealth,
	nested("unreachable", unreachableTable, func(h *Health) *Health { return h },
		"When policy_unreachable is told: whichever comes first."),
	nested("quarantined", quarantinedTable, func(h *Health) *Health { return h },
		"When policy_quarantined is told: whichever comes first."),
)

var retentionTable = newObject("retention", Retention{Rejected: 400 * day},
	one("rejected", durationFrom(shortest), func(r *Retention) *time.Duration { return &r.Rejected },
		"How long bodies of rejected and quarantined captures are kept. Nothing accepted is ever deleted."),
)

var summarizerTable = newObject("summarizer", Summarizer{Timeout: time.Minute},
	one("url", webURL[string](), func(s *Summarizer) *string { return &s.URL },
		"The base of an OpenAI-compatible API, local or not.").must("url: http://127.0.0.1:11434/v1").alias("base_url", "endpoint", "api_base"),
	one("model", stringOf[string]("<string>", schema{"minLength": 1}, anyText), func(s *Summarizer) *string { return &s.Model },
		"The model to ask.").must("model: llama3.1"),
	one("api_key", apiKey(), func(s *Summarizer) *Secret { return &s.APIKey },
		"The key of the API, if it needs one. Prefer api_key_file.").alias("key", "token"),
	one("api_key_file", fileName(), func(s *Summarizer) *string { return &s.APIKeyFile },
		"A file that holds the key."),
	one("timeout", durationFrom(shortest), func(s *Summarizer) *time.Duration { return &s.Timeout },
		"Bound of one question. Without an answer the alert goes out with the summary of the rules alone."),
).hidden().check(func(d *decoder, p place, s *Summarizer) {
	if p.has("api_key") || p.has("api_key_file") {
		d.readSecret(p, "api_key", "api_key_file", s.APIKeyFile, &s.APIKey, apiKey())
	}
}).constrain(schema{"not": schema{"required": []string{"api_key", "api_key_file"}}})

// apiKey is a bearer token: one word.
func apiKey() scalar[Secret] {
	return secretText("<secret>", func(text string) *fault {
		if strings.ContainsAny(text, " \t\r\n") {
			return faultf("leave out blanks and line breaks", "a key is one word")
		}
		return nil
	})
}

var defaultsTable = newObject("defaults", inherited{Interval: 12 * time.Hour, Source: policy.SourceLive},
	one("interval", durationFrom(shortest), func(i *inherited) *time.Duration { return &i.Interval },
		"Time between two checks of a policy.").alias("frequency", "every", "schedule", "period", "check_interval"),
	one("source", source(), func(i *inherited) *policy.Source { return &i.Source },
		"Where captures come from."),
)

var policyTable = newObject("policy", policyEntry{Enabled: true},
	one("kind", slugLike[policy.Kind]("<kind>", "privacy"), func(p *policyEntry) *policy.Kind { return &p.Kind },
		"What the page is: privacy, cookies, terms, dpa, subprocessors, security, or a word of yours.").must("kind: privacy").alias("type"),
	one("url", webURL[string](), func(p *policyEntry) *string { return &p.URL },
		"The page.").must("url: https://example.org/privacy").alias("link", "href", "uri", "address"),
	one("id", policyID(), func(p *policyEntry) *policy.ID { return &p.ID },
		"Overrides the id, under which the history is kept.").inherit("<vendor slug>/<kind>[-<lang>]"),
	many("formerly", policyID(), func(p *policyEntry) *[]policy.ID { return &p.Formerly },
		"Earlier ids whose history this policy carries on.").alias("aliases", "previously", "former_ids"),
	one("lang", language(), func(p *policyEntry) *string { return &p.Lang },
		"The language to ask for and to expect; part of the id.").alias("language", "locale"),
	one("source", source(), func(p *policyEntry) *policy.Source { return &p.Source },
		"Where captures come from.").inherit("that of defaults").alias("render", "fetcher"),
	one("interval", durationFrom(shortest), func(p *policyEntry) *time.Duration { return &p.Interval },
		"Time between two checks.").inherit("that of defaults").
		alias("frequency", "every", "schedule", "period", "check_interval"),
	one("enabled", boolean().zero(), func(p *policyEntry) *bool { return &p.Enabled },
		"False keeps the policy known and shown, but unchecked.").alias("disabled", "disable", "active"),
	selectors("select", func(p *policyEntry) *[]policy.Selector { return &p.Select },
		"What holds the policy's text, in place of the automatic choice. While they match nothing the automatic choice is watched, and extraction_degraded is told once.").alias("selector", "css", "include"),
	selectors("remove", func(p *policyEntry) *[]policy.Selector { return &p.Remove },
		"What is no part of the text.").alias("exclude", "ignore", "filter"),
	many("anchors", stringOf[string]("<string>", schema{"minLength": 1}, anyText), func(p *policyEntry) *[]string { return &p.Anchors },
		"Phrases of which at least one must be on the page."),
	many("hosts", hostName(), func(p *policyEntry) *[]string { return &p.Hosts },
		"Further hosts on which the policy may be found after redirects.").alias("allowed_hosts", "domains"),
	one("min_words", integerIn(0, 1_000_000), func(p *policyEntry) *int { return &p.MinWords },
		"Fewest visible words of a genuine page; 0 leaves the floor to the program."),
	many("combine", webURL[string](), func(p *policyEntry) *[]string { return &p.Combine },
		"Further pages whose text belongs to the same document, in order."),
	one("follow", cssSelector(), func(p *policyEntry) *string { return &p.Follow },
		"A CSS selector of the link that leads to the policy, where the page itself only links to it, as to a PDF file.").alias("link_selector"),
	one("evidence", evidenceKept(), func(p *policyEntry) *policy.Evidence { return &p.Evidence },
		"`all` keeps the page as served at every visit, `on-change` only with new texts and refused pages: the digests of the others are kept.").inherit("all"),
	one("ignore_robots", boolean(), func(p *policyEntry) *bool { return &p.IgnoreRobots },
		"True reads the page although robots.txt asks programs to stay away. Only where you may."),
	one("proxy", proxyURL(), func(p *policyEntry) *string { return &p.Proxy },
		"The proxy to read the page through: http, https or socks5. Credentials in it are treated as secrets.").inherit("that of the vendor").alias("http_proxy", "https_proxy", "proxy_url"),
	many("archive_urls", webURL[string](), func(p *policyEntry) *[]string { return &p.ArchiveURLs },
		"Older addresses of the page, for archives.").alias("archive", "old_urls"),
	many("ota", otaName(), func(p *policyEntry) *[]string { return &p.OTA },
		"Names under which Open Terms Archive keeps the page, for the snapshots there that do not say their address.").alias("open_terms_archive"),
	headersField(),
).check(func(d *decoder, p place, v *policyEntry) {
	v.where = p
	seen := map[string]bool{v.URL: true}
	for _, u := range v.Combine {
		if seen[u] {
			d.report(p.at("combine"), "name each page once; `url:` is the first of them", "%s is there twice", shown(u))
		}
		seen[u] = true
	}
	if len(v.Combine) > maxCombine {
		d.report(p.at("combine"), "watch some of them as policies of their own", "%d pages, want at most %d", len(v.Combine), maxCombine)
	}
})

// maxCombine bounds the further pages of a document.
const maxCombine = 40

var vendorTable = newObject("vendor", vendorEntry{},
	one("name", stringOf[string]("<string>", schema{"minLength": 1}, anyText), func(v *vendorEntry) *string { return &v.Name },
		"The company.").must("name: Acme").alias("vendor", "company", "title"),
	one("slug", slugLike[string]("<slug>", "3shape"), func(v *vendorEntry) *string { return &v.Slug },
		"The first part of the vendor's policy ids.").inherit("the name in lower case, \"-\" for what is no letter or digit").alias("id"),
	many("tags", tag(), func(v *vendorEntry) *[]string { return &v.Tags },
		"Words for routes and pages to group vendors by.").alias("labels", "groups"),
	one("proxy", proxyURL(), func(v *vendorEntry) *string { return &v.Proxy },
		"The proxy of the vendor's policies that name none of their own.").alias("http_proxy", "https_proxy", "proxy_url"),
	nestedList("policies", policyTable, func(v *vendorEntry) *[]policyEntry { return &v.Policies },
		"The pages to watch.").must("policies:").alias("policy", "pages", "documents", "urls", "targets"),
).check(func(_ *decoder, p place, v *vendorEntry) { v.where = p })

var fileTable = newObject("file", file{
	Defaults: defaultsTable.initial, Crawler: crawlerTable.initial, Wayback: waybackTable.initial, Browser: defaultBrowser,
	Triage: triageTable.initial, Health: defaultHealth, Retention: retentionTable.initial, Storage: storageTable.initial, TimeZone: time.UTC,
	DigestAt: defaultDigestAt,
},
	one("version", formatVersion(), func(f *file) *int { return &f.Version },
		"The version of this format.").must("version: 1"),
	nested("defaults", defaultsTable, func(f *file) *inherited { return &f.Defaults },
		"Settings of every policy that does not set its own.").alias("default"),
	nested("crawler", crawlerTable, func(f *file) *Crawler { return &f.Crawler },
		"How pages are fetched.").alias("http", "fetch", "fetcher"),
	nested("wayback", waybackTable, func(f *file) *Wayback { return &f.Wayback },
		"The web archive that policies may be read from."),
	nested("browser", browserTable, func(f *file) *Browser { return &f.Browser },
		"The Chromium that reads policies with `source: browser`, whose text only scripts bring.").alias("chromium", "chrome", "headless"),
	nested("triage", triageTable, func(f *file) *Triage { return &f.Triage },
		"When a new text is believed."),
	nested("health", healthTable, func(f *file) *Health { return &f.Health },
		"When trouble with a page is told."),
	nested("retention", retentionTable, func(f *file) *Retention { return &f.Retention },
		"What may be deleted, and when."),
	nested("storage", storageTable, func(f *file) *Storage { return &f.Storage },
		"How the store is looked after.").alias("store", "database", "db"),
	optional("summarizer", summarizerTable, func(f *file) **Summarizer { return &f.Summarizer },
		"A language model that adds a summary of its own to each change, marked as such. Off unless it is here; the edits are sent to it.").alias("llm", "ai", "openai"),
	one("time_zone", timeZone(), func(f *file) **time.Location { return &f.TimeZone },
		"The time zone of digests and pages, as an IANA name. Stored times are UTC.").alias("timezone", "tz"),
	digestAtField(), heartbeatField(),
	nestedList("vendors", vendorTable, func(f *file) *[]vendorEntry { return &f.Vendors },
		"Whom to watch.").must("vendors:").alias("vendor", "targets", "sites", "companies", "watch"),
	nestedList("receivers", receiverTable, func(f *file) *[]receiverEntry { return &f.Receivers },
		"Where alerts go. Without any, they go to the daemon's log.").alias("receiver", "notifiers", "alerts", "sinks", "notifications"),
	nestedList("routes", routeTable, func(f *file) *[]routeEntry { return &f.Routes },
		"Which alerts go where: the first match wins unless it says `continue: true`. Without any, everything goes to every receiver.").alias("route", "routing"),
).check(func(_ *decoder, p place, f *file) { f.where = p })

func formatVersion() scalar[int] {
	t := integerIn(fileVersion, fileVersion)
	t.parse = func(text string) (int, *fault) {
		if text == "1" {
			return fileVersion, nil
		}
		return 0, faultf("this program reads `version: 1`", "version %s is not supported", shown(text))
	}
	t.schema = schema{"const": fileVersion}
	return t
}
