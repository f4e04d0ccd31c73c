package crawler

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Defaults of [Options]. The largest policy page in 285 real ones has 2.1 MB,
// so the body caps leave a factor of ten.
const (
	DefaultTimeout     = 90 * time.Second
	DefaultMaxBody     = 20 << 20
	DefaultMaxDecoded  = 20 << 20
	DefaultConcurrency = 8
)

// Options configures a [Client]. Clock is required; every other zero value
// means the default that is named with the field.
type Options struct {
	// UserAgent is sent as is; empty means "watcher/<Version> (+<Contact>)".
	UserAgent string
	// Version and Contact make up the default user agent. Contact is an
	// address or a URL under which an operator can be reached.
	Version, Contact string
	// Timeout bounds the time that the requests of one capture take together:
	// all redirects and all retries, but neither the pauses between retries
	// nor the wait for a host's turn. Default 90 s.
	Timeout time.Duration
	// MaxBody caps a body in bytes before, MaxDecoded after content decoding.
	// Default 20 MiB each.
	MaxBody, MaxDecoded int64
	// PerHostDelay is the time between the end of one request and the start
	// of the next to the same host and port; 0 means none. A redirect within
	// the host follows at once. A host never sees two requests at a time,
	// whatever the delay.
	PerHostDelay time.Duration
	// Concurrency caps the requests in flight over all hosts. Default 8.
	Concurrency int
	// AllowPrivate lists networks that may be reached although they are not
	// public, on any port.
	AllowPrivate []netip.Prefix
	// IgnoreRobots asks no host for its robots.txt. A request may do so, too.
	IgnoreRobots bool
	// Resolver replaces the system's resolver.
	Resolver *net.Resolver
	// Dial replaces the guarded dialler altogether, so that AllowPrivate and
	// Resolver are without effect. It is for tests of dead networks.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// Clock tells the time that captures carry; required.
	Clock func() time.Time
	// Logger receives one debug line per capture and one info line per retry;
	// nil means no log.
	Logger *slog.Logger
	// Registerer receives the metrics; nil means none are exposed.
	Registerer prometheus.Registerer
}

// withDefaults returns o with its zero values filled in, or every problem.
func (o Options) withDefaults() (Options, error) {
	if err := o.validate(); err != nil {
		return o, err
	}
	if o.UserAgent == "" {
		o.UserAgent = userAgent(o.Version, o.Contact)
	}
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	if o.MaxBody == 0 {
		o.MaxBody = DefaultMaxBody
	}
	if o.MaxDecoded == 0 {
		o.MaxDecoded = DefaultMaxDecoded
	}
	if o.Concurrency == 0 {
		o.Concurrency = DefaultConcurrency
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o, nil
}

func (o Options) validate() error {
	var errs []error
	if o.Clock == nil {
		errs = append(errs, errors.New("options: a clock is required"))
	}
	if o.Timeout < 0 || o.PerHostDelay < 0 {
		errs = append(errs, errors.New("options: timeout and per-host delay must not be negative"))
	}
	if o.MaxBody < 0 || o.MaxDecoded < 0 || o.Concurrency < 0 {
		errs = append(errs, errors.New("options: body caps and concurrency must not be negative"))
	}
	if strings.ContainsAny(o.UserAgent+o.Version+o.Contact, "\r\n\x00") {
		errs = append(errs, errors.New("options: the user agent must be a single line"))
	}
	for _, p := range o.AllowPrivate {
		if !p.IsValid() {
			errs = append(errs, fmt.Errorf("options: %v is not a network", p))
		}
	}
	return errors.Join(errs...)
}

// userAgent names the program and whom to ask about it.
func userAgent(version, contact string) string {
	ua := "watcher"
	if version != "" {
		ua += "/" + version
	}
	if contact != "" {
		ua += " (+" + contact + ")"
	}
	return ua
}
