package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"watcher/policy"
)

// MaxFileSize is the largest configuration file that is read, in bytes. Ten
// thousand policies take about 2 MiB.
const MaxFileSize = 10 << 20

// Config is a configuration file with defaults filled in and everything
// checked. It is immutable by convention: a reload makes another one.
type Config struct {
	// Path is the name the file was read under, SHA256 the digest of its bytes.
	Path   string
	SHA256 policy.Digest

	Crawler   Crawler
	Wayback   Wayback
	Browser   Browser
	Triage    Triage
	Health    Health
	Retention Retention
	Storage   Storage
	// Summarizer is nil unless a language model is configured.
	Summarizer *Summarizer
	// TimeZone serves digests and pages; stored times are UTC.
	TimeZone *time.Location
	// DigestAt is the time of day of daily and weekly digests, as the time since
	// midnight on a clock of TimeZone.
	DigestAt time.Duration
	// Heartbeat is nil unless somebody is to be told that the program is alive.
	Heartbeat *Heartbeat
	// Policies are in file order, with vendor, id and inherited values resolved.
	Policies []policy.Policy
	// Receivers are in file order. A file without any has the one named
	// DefaultReceiver, which writes alerts to the log.
	Receivers []Receiver
	// Routes are in file order; none means everything to every receiver.
	Routes []Route
}

// DefaultReceiver is the name of the log receiver of a file that has none.
const DefaultReceiver = "log"

// Browser says which Chromium reads pages with `source: browser`.
type Browser struct {
	// Path is the program to start, URL the DevTools address of one that runs;
	// with neither, one on the path is taken.
	Path, URL string
	// ProxyListen and ProxyAddress say where the proxy of the browser's
	// connections listens, and how the browser reaches it.
	ProxyListen, ProxyAddress string
	// Escalate reads a page that is but scripts with the browser.
	Escalate bool
	// Timeout bounds a page, MaxBytes what it may load.
	Timeout  time.Duration
	MaxBytes int64
}

// Crawler says how pages are fetched.
type Crawler struct {
	// UserAgent is the whole header value; empty leaves it to the crawler, which
	// names the program, its version and Contact, a mail address or URL for
	// site owners.
	UserAgent string
	Contact   string
	// Concurrency bounds captures under way at once, over all hosts.
	Concurrency int
	// PerHostDelay is the pause between two requests to a host, Timeout the
	// bound of one capture with all its redirects.
	PerHostDelay time.Duration
	Timeout      time.Duration
	// MaxBody and MaxDecoded bound a body in bytes before and after content
	// decoding.
	MaxBody    int64
	MaxDecoded int64
	// AllowPrivate are networks that the guard against private addresses lets
	// through.
	AllowPrivate []netip.Prefix
	// IgnoreRobots reads pages whatever robots.txt files say.
	IgnoreRobots bool
}

// Wayback names the archive service.
type Wayback struct {
	// BaseURL has no trailing slash.
	BaseURL string
	// ListDelay and CaptureDelay are the least time between two requests for a
	// list of captures, and for a capture.
	ListDelay, CaptureDelay time.Duration
}

// Triage says when a new text is believed.
type Triage struct {
	// ConfirmAfter is how long after the first sighting a second one confirms
	// a text (0: the first is believed), Hold when it is accepted anyway.
	ConfirmAfter time.Duration
	Hold         time.Duration
}

// Summarizer is a language model that is asked for a summary of each change, in
// addition to that of the rules.
type Summarizer struct {
	// URL is the base of an OpenAI-compatible API.
	URL, Model string
	// APIKey comes from APIKeyFile when that is set.
	APIKey     Secret
	APIKeyFile string
	Timeout    time.Duration
}

// Health says when a policy's trouble is told: after so many checks in a row
// or after so much time, whichever comes first.
type Health struct {
	UnreachableFailures int
	UnreachableAfter    time.Duration
	QuarantinedCaptures int
	QuarantinedAfter    time.Duration
}

// Retention says what may be deleted.
type Retention struct {
	// Rejected is the age after which bodies of rejected and quarantined
	// captures may go. Nothing accepted is ever deleted.
	Rejected time.Duration
}

// Receiver is a place to which alerts go. Every integration that is not nil
// delivers; there is at least one.
type Receiver struct {
	Name    string
	Slack   *Slack
	Webhook *Webhook
	Email   *Email
	Teams   *Teams
	// Alertmanager is that of Prometheus.
	Alertmanager *Alertmanager
	Shoutrrr     *Shoutrrr
	SavePage     *SavePage
	Log          *Log
}

// Slack delivers to a Slack incoming webhook.
type Slack struct {
	// URL is resolved from URLFile when that is set.
	URL     Secret
	URLFile string
	// TextTemplate, the content of TextTemplateFile, replaces the built-in form.
	TextTemplateFile, TextTemplate string
}

// Webhook delivers signed JSON (Standard Webhooks) to any HTTP endpoint.
type Webhook struct {
	// URL may hold a token; it is resolved from URLFile when that is set.
	URL     Secret
	URLFile string
	// Secret signs requests; empty means unsigned. It is resolved from
	// SecretFile when that is set.
	Secret     Secret
	SecretFile string
	// Former is the key before, which signs too; it is resolved from
	// FormerFile when that is set.
	Former     Secret
	FormerFile string
	// Format is "standard" or "cloudevents".
	Format string
	// BodyTemplate, the content of BodyTemplateFile, replaces the body, and
	// ContentType says what it then is ("": JSON).
	BodyTemplateFile, BodyTemplate string
	ContentType                    string
}

// SavePage asks the Wayback Machine to capture policies that changed.
type SavePage struct {
	// Key is "access:secret"; it is resolved from KeyFile when that is set.
	Key     Secret
	KeyFile string
}

// Log writes alerts to the daemon's log.
type Log struct{}

// Route sends the events that match to a receiver. The first route that
// matches wins unless Continue is set.
type Route struct {
	Receiver string
	Match    Match
	Continue bool
	// GroupWait is how long an alert waits for others about the same vendor, to
	// become one message with them. 0 is not at all.
	GroupWait time.Duration
	// Digest is "", "hourly", "daily" or "weekly".
	Digest string
}

// DefaultGroupWait is the group wait of routes that set none, and of everything
// when there are no routes.
const DefaultGroupWait = 30 * time.Second

// Heartbeat is an address that is asked for as long as the program works.
type Heartbeat struct {
	// URL is resolved from URLFile when that is set.
	URL     Secret
	URLFile string
	// Method is GET or POST.
	Method string
	// Every is the time between two beats of the daemon.
	Every time.Duration
}

// Match selects events: all lists that are not empty must hold the event's
// value (for Tags and Categories: one of its values).
type Match struct {
	Vendors, Policies, Tags, Kinds, Events, Significance, Categories, Dates, Langs []string
}

// Load reads and checks the file at path. Problems of its content are one
// *Error that lists them all; files that it names are relative to its
// directory.
func Load(path string) (*Config, error) {
	src, err := readCapped(path, MaxFileSize)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("no configuration: %w\n  hint: name the file with --config.file", err)
	case errors.Is(err, errTooLarge):
		return nil, fmt.Errorf("configuration %s: %w: the limit is %s\n  hint: is this the right file? See --config.file",
			path, err, formatSize(MaxFileSize))
	case err != nil:
		return nil, fmt.Errorf("configuration cannot be read: %w\n  hint: --config.file must name a file that this user may read", err)
	}
	d := newDecoder(filepath.Dir(path))
	d.refuseRedacted = true
	return d.parse(path, src)
}

// Parse checks src as Load does; name stands for the file in messages and
// files that it names are relative to baseDir. Unlike Load it accepts the mark
// "<secret>" in place of a secret, so that the output of Config.YAML can be
// checked and compared.
func Parse(name string, src []byte, baseDir string) (*Config, error) {
	return newDecoder(baseDir).parse(name, src)
}

var errTooLarge = errors.New("file is too large")

// readCapped reads a file of at most limit bytes.
func readCapped(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // nothing was written
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(b)) > limit {
		return nil, errTooLarge
	}
	return b, nil
}
