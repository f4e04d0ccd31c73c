package config

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"watcher/policy"
)

// resolve makes the Config of a decoded file: ids, inheritance, references.
// It goes on after problems, so that all of them are found.
func (d *decoder) resolve(f *file) *Config {
	c := &Config{
		Crawler: f.Crawler, Wayback: f.Wayback, Browser: f.Browser, Triage: f.Triage, Health: f.Health,
		Retention: f.Retention, Storage: f.Storage, Summarizer: f.Summarizer, TimeZone: f.TimeZone,
		DigestAt: f.DigestAt, Heartbeat: f.Heartbeat,
	}
	c.Policies = d.policies(f)
	c.Receivers = d.receivers(f)
	c.Routes = d.routes(f)
	return c
}

func (d *decoder) policies(f *file) []policy.Policy {
	if f.where.has("vendors") && len(f.Vendors) == 0 && isEmpty(f.where.at("vendors").node) {
		d.report(f.where.at("vendors"), "add a vendor with a policy", "nothing to watch")
	}
	r := resolver{d: d, defaults: f.Defaults, ids: map[policy.ID]place{}, formerly: map[policy.ID]place{}, slugs: map[string]*vendorEntry{}}
	for i := range f.Vendors {
		r.vendor(&f.Vendors[i])
	}
	r.checkFormerly()
	return r.policies
}

// resolver gathers the policies of all vendors and what they must not share.
type resolver struct {
	d        *decoder
	defaults inherited
	policies []policy.Policy
	ids      map[policy.ID]place
	formerly map[policy.ID]place
	former   []policy.ID // keys of formerly in file order
	slugs    map[string]*vendorEntry
}

func (r *resolver) vendor(v *vendorEntry) {
	if !v.where.isMapping() {
		return // not a vendor at all: reported
	}
	if v.Slug == "" && v.Name != "" && !v.where.has("slug") {
		if v.Slug = policy.Slug(v.Name); v.Slug == "" {
			r.d.report(v.where.at("name"), "set `slug:` beside it, for example `slug: acme`", "%s has no ASCII letter or digit to make an id of", shown(v.Name))
		}
	}
	if first := r.slugs[v.Slug]; v.Slug != "" && first != nil && first.Name != v.Name {
		r.d.report(v.where.at("name"), "set another `slug:` for one of them", "%s has the slug %q of %s in line %d",
			shown(v.Name), v.Slug, shown(first.Name), first.where.at("name").node.Line)
	} else if first == nil {
		r.slugs[v.Slug] = v
	}
	if len(v.Policies) == 0 && v.where.has("policies") && isEmpty(v.where.at("policies").node) {
		r.d.report(v.where.at("policies"), "add a policy or remove the vendor", "nothing to watch")
	}
	for i := range v.Policies {
		r.policy(v, &v.Policies[i])
	}
}

// policy resolves one policy and keeps it.
func (r *resolver) policy(v *vendorEntry, e *policyEntry) {
	if !e.where.isMapping() {
		return
	}
	p := e.Policy
	p.Vendor = v.Vendor
	p.Disabled = !e.Enabled
	p.Proxy = r.proxy(v, e)
	if p.Interval == 0 {
		p.Interval = r.defaults.Interval
	}
	if p.Source == "" {
		p.Source = r.defaults.Source
	}
	if p.ID == "" && v.Slug != "" && p.Kind != "" && !e.where.has("id") {
		id, err := policy.NewID(v.Slug, p.Kind, p.Lang)
		if err != nil { // only the length can be wrong
			r.d.report(e.where.at("kind"), "set a shorter `slug:` or `id:`", "the policy id is longer than %d characters", policy.MaxIDLen)
			return
		}
		p.ID = id
	}
	if p.ID != "" {
		r.claim(&p, e)
	}
	r.policies = append(r.policies, p)
}

// claim takes the policy's ids and reports who has them already.
func (r *resolver) claim(p *policy.Policy, e *policyEntry) {
	if first, taken := r.ids[p.ID]; taken {
		r.d.report(e.where.spot(), "set `lang:` or `id:` in one of them", "id `%s` is used twice: in line %d and in line %d", p.ID, first.node.Line, e.where.spot().node.Line)
	} else {
		r.ids[p.ID] = e.where.spot()
	}
	for _, former := range p.Formerly {
		at := e.where.at("formerly")
		if first, taken := r.formerly[former]; taken {
			r.d.report(at, "only one policy can carry the history on", "`%s` is claimed twice: in line %d and in line %d", former, first.node.Line, at.node.Line)
			continue
		}
		r.formerly[former] = at
		r.former = append(r.former, former)
	}
}

// checkFormerly wants former ids to be free.
func (r *resolver) checkFormerly() {
	for _, former := range r.former {
		if owner, taken := r.ids[former]; taken {
			r.d.report(r.formerly[former], "remove it here, or give the other policy another id", "`%s` is the id of the policy in line %d", former, owner.node.Line)
		}
	}
}

func (d *decoder) receivers(f *file) []Receiver {
	first := map[string]place{}
	var receivers []Receiver
	for i := range f.Receivers {
		r := &f.Receivers[i]
		receivers = append(receivers, r.Receiver)
		if r.Name == "" {
			continue
		}
		at := r.where.at("name")
		if p, taken := first[r.Name]; taken {
			d.report(at, "give one of them another name", "receiver %s is defined twice: in line %d and in line %d", shown(r.Name), p.node.Line, at.node.Line)
			continue
		}
		first[r.Name] = at
	}
	if len(receivers) == 0 {
		return []Receiver{{Name: DefaultReceiver, Log: &Log{}}}
	}
	return receivers
}

func (d *decoder) routes(f *file) []Route {
	var names []string
	for i := range f.Receivers {
		names = append(names, f.Receivers[i].Name)
	}
	if len(names) == 0 {
		names = []string{DefaultReceiver}
	}
	var routes []Route
	for i := range f.Routes {
		r := &f.Routes[i]
		routes = append(routes, r.Route)
		if r.Receiver == "" || slices.Contains(names, r.Receiver) {
			continue
		}
		instead := "add it to `receivers:`"
		if len(names) <= 10 {
			instead = "receivers are " + list(names, "and")
		}
		d.report(r.where.at("receiver"), didYouMean(nearest(r.Receiver, names), instead), "there is no receiver %s", shown(r.Receiver))
	}
	return routes
}

// isMapping reports whether p was decoded as an object.
func (p place) isMapping() bool { return p.node != nil && p.node.Kind == yaml.MappingNode }

// isEmpty reports whether n is a list without entries, or nothing at all.
func isEmpty(n *yaml.Node) bool {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return len(n.Content) == 0 && (n.Kind == yaml.SequenceNode || n.ShortTag() == nullTag)
}

func verifyWayback(d *decoder, p place, w *Wayback) {
	if strings.ContainsAny(w.BaseURL, "?#") {
		d.report(p.at("base_url"), "end it after the path", "must not have a query or fragment")
	}
	w.BaseURL = strings.TrimRight(w.BaseURL, "/")
	if u, err := url.Parse(w.BaseURL); err != nil || u.Hostname() != "archive.org" && !strings.HasSuffix(u.Hostname(), ".archive.org") {
		return
	}
	for key, delays := range map[string][2]time.Duration{
		"list_delay": {w.ListDelay, defaultWayback.ListDelay}, "capture_delay": {w.CaptureDelay, defaultWayback.CaptureDelay},
	} {
		if delays[0] < delays[1] {
			d.report(p.at(key), "leave it out: the archive blocks who asks faster", "must be at least %v for archive.org", delays[1])
		}
	}
}

func verifyWebhook(d *decoder, p place, w *Webhook) {
	d.readSecret(p, "url", "url_file", w.URLFile, &w.URL, secretURL())
	if p.has("secret") || p.has("secret_file") { // unsigned without either
		d.readSecret(p, "secret", "secret_file", w.SecretFile, &w.Secret, signingKey())
	}
	if p.has("former_secret") || p.has("former_secret_file") {
		d.readSecret(p, "former_secret", "former_secret_file", w.FormerFile, &w.Former, signingKey())
	}
	d.readText(p, "body_template_file", w.BodyTemplateFile, &w.BodyTemplate)
	switch {
	case w.BodyTemplateFile != "" && w.Format != "standard":
		d.report(p.at("format"), "keep one of the two", "`format` and `body_template_file` exclude each other")
	case w.BodyTemplateFile == "" && w.ContentType != "":
		d.report(p.at("content_type"), "remove it, or add `body_template_file: <filename>`", "is of use with a template only")
	}
}

// delivers reports whether a receiver has an integration.
func (r *Receiver) delivers() bool {
	return r.Slack != nil || r.Webhook != nil || r.Email != nil || r.Teams != nil || r.Alertmanager != nil || r.Shoutrrr != nil || r.SavePage != nil || r.Log != nil
}

func verifyReceiver(d *decoder, p place, r *receiverEntry) {
	r.where = p
	if r.delivers() || !p.isMapping() {
		return
	}
	for i := 0; i < len(p.node.Content); i += 2 {
		if p.node.Content[i].Value != "name" {
			return // an integration that is not understood: reported
		}
	}
	d.report(p, "add `slack:`, `webhook:`, `email:`, `teams:`, `alertmanager:`, `shoutrrr:` or `log:`", "delivers nowhere")
}
