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
	// Policies returns the current configuration; nil means none.
	Policies func() []policy.Policy
	// Actions may be nil: the endpoints that need it then answer 501.
	Actions Actions
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
	s := &server{opt: withDefaults(opt), log: opt.Logger, urls: urlSpace{base: strings.TrimRight(external.Path, "/")}}
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
	if opt.TimeZone == nil {
		opt.TimeZone = func() *time.Location { return time.UTC }
	}
	return opt
}

// routes is the whole map of paths. Patterns with GET also answer HEAD.
func (s *server) routes() *http.ServeMux {
	mux := http.NewServeMux()

	mux.Handle("GET /{$}", servePage(s, s.pages.overview, s.overview))
	mux.Handle("GET /policies/{vendor}/{kind}", servePage(s, s.pages.policy, s.policyPage))
	mux.Handle("GET /policies/{vendor}/{kind}/changes/{n}", servePage(s, s.pages.change, s.changePage))
	mux.Handle("GET /policies/{vendor}/{kind}/versions/{n}", servePage(s, s.pages.version, s.versionPage))
	mux.Handle("GET /alerts", servePage(s, s.pages.alerts, s.alertsPage))
	mux.HandleFunc("GET /static/{name}", s.static)

	const api = "/api/v1"
	const one = api + "/policies/{vendor}/{kind}"
	mux.Handle("GET "+api+"/policies", s.answer(s.getStates))
	mux.Handle("GET "+one, s.answer(s.getState))
	mux.Handle("GET "+one+"/versions", s.answer(s.getVersions))
	mux.Handle("GET "+one+"/versions/{n}", s.answer(s.getVersion))
	mux.Handle("GET "+one+"/versions/{n}/document", s.answer(s.getDocument))
	mux.HandleFunc("GET "+one+"/versions/{n}/text", s.getText)
	mux.Handle("GET "+one+"/changes/{n}", s.answer(s.getChange))
	mux.Handle("GET "+one+"/captures/{id}", s.answer(s.getCapture))
	mux.HandleFunc("GET "+one+"/captures/{id}/body", s.getBody)
	mux.Handle("GET "+one+"/checks", s.answer(s.getChecks))
	mux.Handle("GET "+api+"/changes", s.answer(s.getRecent))
	mux.Handle("GET "+api+"/alerts", s.answer(s.getAlerts))
	mux.Handle("GET "+api+"/alerts/{id}", s.answer(s.getAlert))
	mux.Handle("GET "+api+"/stats", s.answer(s.getStats))

	mux.Handle("POST "+api+"/check", s.guarded(s.postCheck))
	mux.Handle("POST "+one+"/quarantine", s.guarded(s.postRuling))
	mux.Handle("POST "+api+"/alerts/{id}/redeliver", s.guarded(s.postRedeliver))
	mux.Handle("POST "+api+"/receivers/{name}/test", s.guarded(s.postTest))
	s.deliveryRoutes(mux, api)
	mux.Handle("POST /-/reload", s.guarded(s.postReload))

	mux.HandleFunc("GET /-/healthy", s.healthy)
	mux.HandleFunc("GET /-/ready", s.ready)
	if s.opt.Metrics != nil {
		mux.Handle("GET /metrics", s.opt.Metrics)
	}
	return mux
}
