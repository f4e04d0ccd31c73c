package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"watcher/policy"
	"watcher/storage"
)

// maxRequestBody bounds what a client may send, in bytes. The largest honest
// request is a list of policy ids.
const maxRequestBody = 1 << 20

// Actions are the things a request may set going. The application joins them
// to the parts of the program that do the work.
type Actions interface {
	// Check runs one pass and hands every finished check to emit, possibly
	// from several goroutines. It stops when emit returns an error. An id
	// that is not configured is policy.ErrNotFound before any check starts.
	Check(ctx context.Context, req CheckRequest, emit func(policy.Check) error) error
	// Rule carries out what a person says of a held capture. Where none is held,
	// or the policy is unknown, the error is policy.ErrNotFound.
	Rule(ctx context.Context, id policy.ID, r policy.Ruling) ([]policy.Check, error)
	// Reload reads the configuration again. On error the running one stays.
	Reload(ctx context.Context) error
	// TestReceiver sends a test message; an unknown name is
	// policy.ErrNotFound.
	TestReceiver(ctx context.Context, name string) error
}

// CheckRequest is the body of POST /api/v1/check. The zero value checks every
// policy of the configuration.
type CheckRequest struct {
	Policies []policy.ID `json:"policies"`
	// DryRun commits nothing.
	DryRun bool `json:"dry_run"`
	// NoAlerts leaves alerts in the outbox for the daemon's own pace.
	NoAlerts bool `json:"no_alerts"`
}

// Readiness is the answer of /-/ready.
type Readiness struct {
	Ready bool `json:"ready"`
	// ConfigOK is false while the configuration file on disk is not valid and
	// the program goes on with the one it read before.
	ConfigOK bool `json:"config_ok"`
	// Detail says what is missing or wrong, one sentence each.
	Detail []string `json:"detail"`
}

// Options are what the handler needs. Store, Clock and Logger are required.
type Options struct {
	Store storage.Reader
	// Requeue makes an alert pending again; nil answers 501.
	Requeue func(ctx context.Context, alertID string) error
	// Renormalize reads stored captures by the rules of now; nil answers 501.
	Renormalize func(ctx context.Context, req policy.RenormalizeRequest, emit func(policy.Renormalized) error) error
	// Policies returns the current configuration; nil means none.
	Policies func() []policy.Policy
	// Actions may be nil: the endpoints that need it then answer 501.
	Actions Actions
	// Upkeep may be nil, too.
	Upkeep Upkeep
	// Held returns the newest capture of a policy that the gate holds, with its
	// text when that is asked for, or policy.ErrNotFound. Nil means that none is
	// ever held.
	Held func(ctx context.Context, id policy.ID, withText bool) (Held, error)
	// Receivers names the receivers of the configuration, Config returns it as
	// YAML without its secrets; nil leaves them out.
	Receivers func() []string
	Config    func() []byte
	// Events is where checks are announced as they end; nil answers 501.
	Events *Events
	// Delivery may be nil: its endpoints then answer 501.
	Delivery Delivery
	// Metrics serves /metrics; nil leaves the path unknown.
	Metrics http.Handler
	// Ready serves /-/ready; nil means always ready.
	Ready func() Readiness

	// Token is the secret of the run file. A mutation needs it as
	// "Authorization: Bearer …" unless TrustAuth is set; when both are empty
	// every mutation is refused.
	Token string
	// TrustAuth says that authentication in front of this handler guards
	// every request (a web configuration file with users).
	TrustAuth bool
	// Admins are the users who may change something under TrustAuth; empty means
	// every user.
	Admins []string
	// ListenHosts are the hosts (with or without port) of the addresses that
	// the server listens on, ExternalURL is the base of links in alerts. Both
	// decide which Host headers are served; a path in ExternalURL becomes the
	// prefix of every link.
	ListenHosts []string
	ExternalURL string

	Clock   func() time.Time
	Logger  *slog.Logger
	Version string
	// TimeZone returns the zone in which pages show times; nil means UTC.
	TimeZone func() *time.Location
}

// server is the handler's state, constant after New.
type server struct {
	opt    Options
	log    *slog.Logger
	assets assets
	pages  pages
	urls   urlSpace
	// origin is the scheme and host of the external URL, "" without one.
	origin string
	costs  costs
	kept   statesCache
	known  marksCache
	feeds  *rate.Limiter
	tries  *rate.Limiter
	// searches has room for those that may run at once.
	searches chan struct{}
}

// New returns the handler of the whole web surface: pages, API, metrics and
// health, inside their guards. Limits on connections and headers are those of
// the http.Server that runs it.
func New(opt Options) (http.Handler, error) {
	if opt.Store == nil || opt.Clock == nil || opt.Logger == nil {
		return nil, errors.New("web: Store, Clock and Logger are required")
	}
	external, err := parseExternal(opt.ExternalURL)
	if err != nil {
		return nil, err
	}
	s := &server{
		searches: make(chan struct{}, maxSearches),
		opt:      withDefaults(opt), log: opt.Logger, urls: urlSpace{base: strings.TrimRight(external.Path, "/")}, costs: newCosts(),
		feeds: rate.NewLimiter(costlyPerSecond, costlyBurst), tries: rate.NewLimiter(unlockPerSecond, unlockBurst),
	}
	if external.Host != "" {
		s.origin = external.Scheme + "://" + external.Host
	}
	if s.assets, err = loadAssets(); err != nil {
		return nil, err
	}
	if s.pages, err = parsePages(); err != nil {
		return nil, err
	}
	guard := newHostGuard(opt.ListenHosts, external.Hostname())
	return s.wrap(s.routes(), guard), nil
}

func parseExternal(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return nil, fmt.Errorf("external URL: %w", err)
	}
	if raw != "" && (u.Host == "" || (u.Scheme != "http" && u.Scheme != "https")) {
		return nil, fmt.Errorf("external URL %q: want http:// or https:// with a host, for example https://watcher.example.org", raw)
	}
	return u, nil
}

func withDefaults(opt Options) Options {
	if opt.Policies == nil {
		opt.Policies = func() []policy.Policy { return nil }
	}
	if opt.Ready == nil {
		opt.Ready = func() Readiness { return Readiness{Ready: true, ConfigOK: true} }
	}
	if opt.Receivers == nil {
		opt.Receivers = func() []string { return nil }
	}
	if opt.TimeZone == nil {
		opt.TimeZone = func() *time.Location { return time.UTC }
	}
	return opt
}

// routes is the whole map of paths. Patterns with GET also answer HEAD.
func (s *server) routes() *http.ServeMux {
	mux := http.NewServeMux()

	s.pageRoutes(mux)
	s.apiRoutes(mux.Handle)
	mux.Handle("POST /-/reload", s.guarded(s.postReload))
	mux.HandleFunc("GET /-/healthy", s.healthy)
	mux.HandleFunc("GET /-/ready", s.ready)
	if s.opt.Metrics != nil {
		mux.Handle("GET /metrics", s.opt.Metrics)
	}
	return mux
}
