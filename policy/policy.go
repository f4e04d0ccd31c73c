package policy

import "time"

// Kind is what a policy is about. Any slug-like word is a valid kind; the
// constants are those that the program itself names.
type Kind string

// The kinds that ship with labels and vocabulary of their own.
const (
	KindPrivacy       Kind = "privacy"
	KindCookies       Kind = "cookies"
	KindTerms         Kind = "terms"
	KindDPA           Kind = "dpa"
	KindSubprocessors Kind = "subprocessors"
	KindSecurity      Kind = "security"
)

// Source is where captures come from.
type Source string

// The sources.
const (
	SourceLive    Source = "live"
	SourceBrowser Source = "browser"
	SourceWayback Source = "wayback"
	SourceWARC    Source = "warc"
	SourceOTA     Source = "ota"
	SourceFile    Source = "file"
)

// Vendor is a company that is watched.
type Vendor struct {
	Name string   `json:"name"`
	Slug string   `json:"slug"`
	Tags []string `json:"tags,omitempty"`
}

// Policy is one watched document of a vendor, as the configuration has it.
type Policy struct {
	ID       ID            `json:"id"`
	Vendor   Vendor        `json:"vendor"`
	Kind     Kind          `json:"kind"`
	Lang     string        `json:"lang,omitempty"`
	URL      string        `json:"url"`
	Source   Source        `json:"source"`
	Interval time.Duration `json:"interval_ns"`
	// Disabled policies are known and shown, but not checked.
	Disabled bool `json:"disabled,omitempty"`

	// Select and Remove override the automatic choice of the policy's text.
	// Anchors are phrases of which at least one must be on the page.
	Select  []Selector `json:"select,omitempty"`
	Remove  []Selector `json:"remove,omitempty"`
	Anchors []string   `json:"anchors,omitempty"`
	// Hosts are further hosts, beside the URL's own, on which the policy may
	// be found after redirects.
	Hosts []string `json:"hosts,omitempty"`
	// IgnoreRobots reads the page whatever the site's robots.txt says.
	IgnoreRobots bool `json:"ignore_robots,omitempty"`
	// MinWords replaces the gate's floor of visible words; 0 means the default.
	MinWords int `json:"min_words,omitempty"`
	// Follow selects the link on the page that leads to the policy, where the
	// page itself is not it.
	Follow string `json:"follow,omitempty"`
	// Combine lists further URLs whose text belongs to the same document.
	Combine []string `json:"combine,omitempty"`
	// ArchiveURLs lists older addresses of the policy, for archives.
	ArchiveURLs []string `json:"archive_urls,omitempty"`
	// Evidence says which bodies are kept; "" stands for EvidenceAll.
	Evidence Evidence `json:"evidence,omitempty"`
	// Proxy is the URL of the proxy through which the page is read, "" for none.
	// It may hold credentials and is therefore neither stored nor served.
	Proxy string `json:"-"`
	// OTA lists names under which Open Terms Archive keeps the policy, for
	// example "Acme/Privacy Policy".
	OTA []string `json:"ota,omitempty"`
	// Headers are sent to the configured host only. They may hold credentials
	// and are therefore neither stored nor served.
	Headers map[string]string `json:"-"`
	// Formerly lists ids under which the policy's history was kept before.
	Formerly []ID `json:"formerly,omitempty"`
}

// Evidence says how much is kept of what a policy's page is served with.
type Evidence string

// With EvidenceAll every body that differs from the one before is kept. With
// EvidenceOnChange those of accepted captures are only kept while their text is
// news; of the others the digest is.
const (
	EvidenceAll      Evidence = "all"
	EvidenceOnChange Evidence = "on-change"
)
