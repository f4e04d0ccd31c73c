package watch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"watcher/policy"
	"watcher/storage"
	"watcher/storage/bolt"
	"watcher/triage"
)

// world is a checker over a real store, a scripted vendor and a clock that the
// test moves.
type world struct {
	t        *testing.T
	store    *bolt.DB
	checker  *Checker
	settings Settings
	policy   policy.Policy
	vendor   *vendor
	now      time.Time
	late     []policy.Check
}

// vendor answers captures with what the test put there.
type vendor struct {
	mu     sync.Mutex
	status int
	header map[string][]string
	body   string
	err    error
	panics bool
	clock  func() time.Time
	// at, when set, is where redirects lead, hops are their answers.
	at   string
	hops []policy.Hop
}

func (v *vendor) Capture(_ context.Context, req policy.Request) (policy.Capture, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.panics {
		panic("a parser met its match")
	}
	if v.err != nil {
		return policy.Capture{}, v.err
	}
	now, at := v.clock(), req.URL
	if v.at != "" {
		at = v.at
	}
	return policy.Capture{
		Source: policy.SourceLive, URL: req.URL, FinalURL: at, Hops: v.hops, Status: v.status, Header: v.header,
		StartedAt: now, CapturedAt: now, ContentType: "text/html; charset=utf-8", MediaType: "text/html",
		Size: int64(len(v.body)), WireBytes: int64(len(v.body)), Digest: policy.Sum([]byte(v.body)), Body: []byte(v.body),
	}, nil
}

// everybody routes every event to the receivers it names.
type everybody []string

func (e everybody) Route(event policy.Event, at time.Time) []policy.Alert {
	var alerts []policy.Alert
	for _, name := range e {
		alerts = append(alerts, policy.NewAlert(event, name, at))
	}
	return alerts
}

// page is a privacy policy that keeps data for a number of months.
func page(months int) string {
	return fmt.Sprintf(`<html lang="en"><title>Privacy</title><body><nav>home</nav><main><h1>Privacy Policy</h1>
<p>This privacy policy says how we collect and process personal data, for which purposes and with whom we share it.
You may withdraw your consent at any time and ask us for access, correction or erasure of what we hold about you.</p>
<h2>Retention</h2><p>We keep personal data for %d months after your account was closed, and then we delete it.</p>
</main></body></html>`, months)
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	clock := func() time.Time { return w.now }
	w.vendor = &vendor{status: 200, body: page(12), clock: clock}
	w.open(clock)
	w.settings = Settings{
		Fetcher: w.vendor, Router: everybody{"team"},
		Health: Health{UnreachableFailures: 3, UnreachableAfter: 24 * time.Hour, QuarantinedCaptures: 2, QuarantinedAfter: 24 * time.Hour},
	}
	w.policy = policy.Policy{
		ID: "acme/privacy", Vendor: policy.Vendor{Name: "Acme", Slug: "acme"}, Kind: policy.KindPrivacy,
		URL: "https://acme.example/privacy", Source: policy.SourceLive, Interval: 12 * time.Hour,
	}
	w.sync()
	return w
}

func (w *world) open(clock func() time.Time) {
	w.t.Helper()
	store, err := bolt.Open(filepath.Join(w.t.TempDir(), "w.db"), bolt.Options{InitialMmapSize: 1 << 24})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		if err := store.Close(); err != nil {
			w.t.Error(err)
		}
	})
	w.store = store
	w.checker, err = NewChecker(Options{
		Store: store, Clock: clock, Logger: slog.New(slog.DiscardHandler),
		Metrics: prometheus.NewPedanticRegistry(), Random: func() float64 { return 0.5 },
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) sync() {
	w.t.Helper()
	if err := w.store.Sync(w.t.Context(), []policy.Policy{w.policy}, w.now); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) claim() storage.Claim {
	w.t.Helper()
	claims, err := w.store.Claim(w.t.Context(), storage.ClaimQuery{
		Owner: "test", Now: w.now, For: time.Minute, IDs: []policy.ID{w.policy.ID},
	})
	if err != nil || len(claims) != 1 {
		w.t.Fatalf("claim: %v, %v", claims, err)
	}
	return claims[0]
}

// check runs one check after some time has passed.
func (w *world) check(after time.Duration) policy.Check {
	w.t.Helper()
	w.now = w.now.Add(after)
	c, err := w.checkMode(w.claim(), Mode{})
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// checkMode runs a check and returns its first result; w.late is the second.
func (w *world) checkMode(claim storage.Claim, mode Mode) (policy.Check, error) {
	checks, err := w.checker.Check(w.t.Context(), w.settings, w.policy, claim, mode)
	if err != nil {
		return policy.Check{}, err
	}
	w.late = checks[1:]
	return checks[0], nil
}

// want runs a check and compares what matters of it.
func (w *world) want(after time.Duration, outcome policy.Outcome, event policy.EventType) policy.Check {
	w.t.Helper()
	c := w.check(after)
	if c.Outcome != outcome || c.Event != event {
		w.t.Fatalf("check: %s (rule %q, %s%s) with event %q, want %s with %q",
			c.Outcome, c.Rule, c.Detail, c.Error, c.Event, outcome, event)
	}
	return c
}

func (w *world) state() policy.State {
	w.t.Helper()
	s, err := w.store.State(w.t.Context(), w.policy.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

func (w *world) alerts() []policy.Alert {
	w.t.Helper()
	a, err := w.store.Alerts(w.t.Context(), storage.AlertQuery{})
	if err != nil {
		w.t.Fatal(err)
	}
	return a
}

func (w *world) versions() []policy.Version {
	w.t.Helper()
	v, err := w.store.Versions(w.t.Context(), w.policy.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	return v
}

func (w *world) say(body string) { w.vendor.status, w.vendor.body, w.vendor.err = 200, body, nil }

var errDown = &policy.FetchError{Reason: policy.FetchConnect, URL: "https://acme.example/privacy", Err: errors.New("connection refused")}

func reorder(s string) string { return strings.Replace(s, "<nav>home</nav>", "<nav>start</nav>", 1) }

var confirm = triage.Settings{ConfirmAfter: 10 * time.Minute, Hold: 24 * time.Hour}
