package watch

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"watcher/policy"
)

func TestEveryChangeOnce(t *testing.T) {
	w := newWorld(t)
	w.want(0, policy.OutcomeBaseline, "")
	w.want(time.Hour, policy.OutcomeUnchanged, "")
	w.say(reorder(page(12)))
	w.want(time.Hour, policy.OutcomeUnchanged, "")
	if n := len(w.alerts()); n != 0 {
		t.Fatalf("%d alerts before anything changed", n)
	}
	w.say(page(24))
	c := w.want(time.Hour, policy.OutcomeChanged, policy.EventPolicyChanged)
	if c.Version != 2 || c.FromVersion != 1 || c.Kind != policy.VersionChange || c.Significance != policy.Material {
		t.Errorf("check = %+v", c)
	}
	w.want(time.Hour, policy.OutcomeUnchanged, "")
	alerts := w.alerts()
	if len(alerts) != 1 {
		t.Fatalf("%d alerts, want 1", len(alerts))
	}
	e := alerts[0].Event
	if alerts[0].Receiver != "team" || e.From.Version != 1 || e.To.Version != 2 || e.Significance != policy.Material || e.Summary == "" {
		t.Errorf("alert = %+v", alerts[0])
	}
	change, err := w.store.Change(t.Context(), w.policy.ID, 2)
	if err != nil || change.Empty() || change.From.Version != 1 || change.To.Version != 2 {
		t.Errorf("change = %+v, %v", change, err)
	}
	body, err := w.store.Body(t.Context(), w.policy.ID, w.versions()[1].Capture)
	if err != nil || string(body) != page(24) {
		t.Errorf("the raw body of version 2 is not kept: %v", err)
	}
}

// TestBadCapturesTouchNothing: a failed, blocked or quarantined capture never
// changes the head and never raises policy_changed.
func TestBadCapturesTouchNothing(t *testing.T) {
	for _, tc := range []struct {
		name    string
		breakIt func(*vendor)
		outcome policy.Outcome
		rule    string
	}{
		{"refused", func(v *vendor) { v.err = errDown }, policy.OutcomeFailed, "fetch:connect"},
		{"503", func(v *vendor) { v.status = 503 }, policy.OutcomeFailed, "http_status"},
		{"404 with a long page", func(v *vendor) { v.status, v.body = 404, page(99) }, policy.OutcomeFailed, "http_status"},
		{"202", func(v *vendor) { v.status, v.body = 202, page(99) }, policy.OutcomeRejected, "http_status"},
		{"challenge", func(v *vendor) {
			v.body = "<title>Just a moment...</title><p>Checking your browser before accessing the site.</p>"
		}, policy.OutcomeQuarantined, "challenge"},
		{"empty", func(v *vendor) { v.body = "" }, policy.OutcomeQuarantined, "empty_body"},
		{"shrunk", func(v *vendor) {
			v.body = "<main><h1>Privacy Policy</h1><p>" + strings.Repeat("our privacy notice has moved ", 10) + "</p></main>"
		}, policy.OutcomeQuarantined, ""},
		{"panic", func(v *vendor) { v.panics = true }, policy.OutcomeFailed, "internal"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t)
			long := strings.Replace(page(12), "</main>", "<p>"+strings.Repeat("We also explain ourselves at length. ", 20)+"</p></main>", 1)
			w.say(long)
			w.want(0, policy.OutcomeBaseline, "")
			before := w.state()
			tc.breakIt(w.vendor)
			c := w.want(time.Hour, tc.outcome, "")
			if tc.rule != "" && c.Rule != tc.rule {
				t.Errorf("rule %q, want %q", c.Rule, tc.rule)
			}
			if c.Detail+c.Error == "" {
				t.Error("nobody is told why")
			}
			after := w.state()
			if after.HeadRef() != before.HeadRef() || after.Versions != before.Versions || len(w.alerts()) != 0 {
				t.Errorf("the head went from %v to %v", before.HeadRef(), after.HeadRef())
			}
			if !after.LastSuccess.Equal(before.LastSuccess) || after.LastCheck.Equal(before.LastCheck) {
				t.Errorf("a bad check counts as success: %+v", after)
			}
			w.vendor.panics = false
			w.say(long)
			w.want(time.Hour, policy.OutcomeUnchanged, "")
		})
	}
}

func TestUnreachableIsToldOnce(t *testing.T) {
	w := newWorld(t)
	w.want(0, policy.OutcomeBaseline, "")
	w.vendor.err = errDown
	w.want(time.Hour, policy.OutcomeFailed, "")
	w.want(time.Hour, policy.OutcomeFailed, "")
	w.want(time.Hour, policy.OutcomeFailed, policy.EventPolicyUnreachable)
	w.want(time.Hour, policy.OutcomeFailed, "")
	w.say(page(12))
	w.want(time.Hour, policy.OutcomeUnchanged, policy.EventPolicyRecovered)
	w.want(time.Hour, policy.OutcomeUnchanged, "")
	if n := len(w.alerts()); n != 2 {
		t.Errorf("%d alerts, want unreachable and recovered", n)
	}

	w.vendor.err = errDown
	w.want(time.Hour, policy.OutcomeFailed, "")
	c := w.want(24*time.Hour, policy.OutcomeFailed, policy.EventPolicyUnreachable)
	if !strings.Contains(w.alerts()[2].Event.Detail, "connection refused") || c.Error == "" {
		t.Errorf("the event does not say why: %+v", w.alerts()[2].Event)
	}
}

func TestQuarantineIsToldOnce(t *testing.T) {
	w := newWorld(t)
	w.want(0, policy.OutcomeBaseline, "")
	w.say("<title>Access Denied</title><p>You shall not pass.</p>")
	w.want(time.Hour, policy.OutcomeQuarantined, "")
	w.want(time.Hour, policy.OutcomeQuarantined, policy.EventPolicyQuarantined)
	w.want(time.Hour, policy.OutcomeQuarantined, "")
	w.say(page(24))
	w.want(time.Hour, policy.OutcomeChanged, policy.EventPolicyChanged)
	types := map[policy.EventType]int{}
	for _, a := range w.alerts() {
		types[a.Event.Type]++
	}
	for _, e := range []policy.EventType{policy.EventPolicyQuarantined, policy.EventPolicyRecovered, policy.EventPolicyChanged} {
		if types[e] != 1 {
			t.Errorf("%d alerts of type %s, want 1", types[e], e)
		}
	}
}

func TestConfirmation(t *testing.T) {
	w := newWorld(t)
	w.settings.Triage = confirm
	w.want(0, policy.OutcomeBaseline, "")
	w.say(page(24))
	first := w.now.Add(time.Hour)
	w.want(time.Hour, policy.OutcomeUnconfirmed, "")
	s := w.state()
	if s.Pending == nil || s.Pending.Capture == 0 || s.Head != 1 {
		t.Fatalf("state = %+v", s)
	}
	if wait := s.NextCheck.Sub(w.now); wait < confirm.ConfirmAfter || wait > 2*confirm.ConfirmAfter {
		t.Errorf("the confirming check comes after %v, want soon after %v", wait, confirm.ConfirmAfter)
	}
	c := w.want(wait(s, w), policy.OutcomeChanged, policy.EventPolicyChanged)
	if !c.FirstSeenAt.Equal(first) || !w.alerts()[0].Event.FirstSeenAt.Equal(first) {
		t.Errorf("first seen at %v, want %v", c.FirstSeenAt, first)
	}
	if w.state().Pending != nil {
		t.Error("something still waits")
	}
	w.say(page(36))
	w.want(time.Hour, policy.OutcomeUnconfirmed, "")
	w.say(page(24))
	w.want(15*time.Minute, policy.OutcomeUnchanged, "")
	if n := testutil.ToFloat64(w.checker.metrics.suppressed.WithLabelValues(suppressedReturned)); n != 1 {
		t.Errorf("suppressed = %v", n)
	}
}

// TestHoldExpires: a page that never shows the same text twice is told of in
// the end, under the time at which the believed text was seen.
func TestHoldExpires(t *testing.T) {
	w := newWorld(t)
	w.settings.Triage = confirm
	w.want(0, policy.OutcomeBaseline, "")
	w.say(page(24))
	w.want(time.Hour, policy.OutcomeUnconfirmed, "")
	w.say(page(36))
	seen := w.now.Add(12 * time.Hour)
	w.want(12*time.Hour, policy.OutcomeUnconfirmed, "")
	w.say(page(48))
	c := w.want(13*time.Hour, policy.OutcomeUnconfirmed, "")
	if len(w.late) != 1 {
		t.Fatalf("late results = %+v", w.late)
	}
	late := w.late[0]
	if !late.DecidedLate || late.Event != policy.EventPolicyChanged || late.Version != 2 || late.FromVersion != 1 ||
		!late.FirstSeenAt.Equal(seen) || !late.CapturedAt.Equal(c.CapturedAt) {
		t.Errorf("late = %+v", late)
	}
	v := w.versions()[1]
	if body, err := w.store.Body(t.Context(), w.policy.ID, v.Capture); err != nil || string(body) != page(36) {
		t.Errorf("version 2 does not refer to the capture of its own text: %v", err)
	}
	if len(w.alerts()) != 1 || w.alerts()[0].Event.To.Version != 2 {
		t.Errorf("alerts = %+v", w.alerts())
	}
	w.want(time.Hour, policy.OutcomeChanged, policy.EventPolicyChanged)
	if n := len(w.versions()); n != 3 {
		t.Errorf("%d versions, want 3", n)
	}
}

func wait(s policy.State, w *world) time.Duration { return s.NextCheck.Sub(w.now) }

func TestRevert(t *testing.T) {
	w := newWorld(t)
	w.want(0, policy.OutcomeBaseline, "")
	w.say(page(24))
	w.want(time.Hour, policy.OutcomeChanged, policy.EventPolicyChanged)
	w.say(page(12))
	c := w.want(time.Hour, policy.OutcomeReverted, policy.EventPolicyReverted)
	v := w.versions()[2]
	if c.Kind != policy.VersionRevert || v.EqualTo != 1 || !strings.Contains(v.Summary, "version 1") {
		t.Errorf("version = %+v", v)
	}
}

func TestCosmeticChangeIsNoEvent(t *testing.T) {
	w := newWorld(t)
	w.want(0, policy.OutcomeBaseline, "")
	w.say(strings.Replace(page(12), "correction or erasure", "correction, or erasure", 1))
	c := w.want(time.Hour, policy.OutcomeChanged, "")
	if c.Version != 2 || len(w.alerts()) != 0 {
		t.Errorf("check = %+v with %d alerts", c, len(w.alerts()))
	}
}

// TestTechnical: what a new normaliser reads differently is no change of the
// vendor's; a real change at the same moment is told once.
func TestTechnical(t *testing.T) {
	const extra = `<div class="body"><p>A paragraph which a selector brings in, about our commitment to your privacy.</p></div>`
	with := func(months int) string { return strings.Replace(page(months), "</main>", "</main>"+extra, 1) }
	t.Run("alone", func(t *testing.T) {
		w := newWorld(t)
		w.say(with(12))
		w.want(0, policy.OutcomeBaseline, "")
		w.policy.Select = policy.CSS("main")
		w.say(with(12))
		c := w.check(time.Hour)
		if c.Event != "" || len(w.alerts()) != 0 {
			t.Errorf("a new selector was told of: %+v", c)
		}
		if c.Outcome == policy.OutcomeTechnical && (c.Kind != policy.VersionTechnical || w.versions()[1].Kind != policy.VersionTechnical) {
			t.Errorf("check = %+v", c)
		}
		w.want(time.Hour, policy.OutcomeUnchanged, "")
	})
	t.Run("with a change", func(t *testing.T) {
		w := newWorld(t)
		w.say(with(12))
		w.want(0, policy.OutcomeBaseline, "")
		w.policy.Select = policy.CSS("h2, h2 + p")
		w.policy.MinWords = 5
		w.say(with(24))
		w.state()
		c := w.check(time.Hour)
		if c.Outcome == policy.OutcomeQuarantined {
			t.Skip("the selector keeps too little")
		}
		if c.Outcome != policy.OutcomeChanged || c.Event != policy.EventPolicyChanged || len(w.alerts()) != 1 {
			t.Fatalf("check = %+v with %d alerts", c, len(w.alerts()))
		}
		vs := w.versions()
		last := vs[len(vs)-1]
		change, err := w.store.Change(t.Context(), w.policy.ID, last.Number)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range change.Edits {
			if strings.Contains(e.Old+e.New, "selector brings in") {
				t.Errorf("the selector's doing is told as the vendor's: %+v", e)
			}
		}
	})
}

func TestDryRunWritesNothing(t *testing.T) {
	w := newWorld(t)
	w.want(0, policy.OutcomeBaseline, "")
	before := w.state()
	w.say(page(24))
	claim := w.claim()
	c, err := w.checkMode(claim, Mode{DryRun: true})
	if err != nil || c.Outcome != policy.OutcomeChanged || c.Version != 2 || c.FromVersion != 1 {
		t.Fatalf("dry run: %+v, %v", c, err)
	}
	if after := w.state(); after.LastCheck != before.LastCheck || after.Versions != 1 || len(w.alerts()) != 0 {
		t.Errorf("a dry run wrote: %+v", after)
	}
}

func TestOvertaken(t *testing.T) {
	w := newWorld(t)
	first := w.claim()
	w.now = w.now.Add(time.Hour) // its lease expires
	w.want(0, policy.OutcomeBaseline, "")
	_, err := w.checkMode(first, Mode{})
	if !errors.Is(err, ErrLost) || !errors.Is(err, policy.ErrConflict) {
		t.Errorf("error = %v, want ErrLost", err)
	}
	if n := len(w.versions()); n != 1 {
		t.Errorf("%d versions, want 1", n)
	}
}

func TestQuietRoutesNothing(t *testing.T) {
	w := newWorld(t)
	w.want(0, policy.OutcomeBaseline, "")
	w.say(page(24))
	c, err := w.checkMode(w.claim(), Mode{Quiet: true})
	if err != nil || c.Event != policy.EventPolicyChanged || len(w.alerts()) != 0 {
		t.Errorf("check = %+v, %v, %d alerts", c, err, len(w.alerts()))
	}
}

func TestMetrics(t *testing.T) {
	reg := prometheus.NewPedanticRegistry()
	c, err := NewChecker(Options{Metrics: reg})
	if err != nil {
		t.Fatal(err)
	}
	p := policy.Policy{ID: "acme/privacy", Vendor: policy.Vendor{Name: "Acme"}}
	c.SyncMetrics(nil, []policy.Policy{p})
	problems, err := testutil.GatherAndLint(reg)
	if err != nil || len(problems) > 0 {
		t.Errorf("lint: %v, %v", problems, err)
	}
	if n, err := testutil.GatherAndCount(reg, "watcher_checks_total"); err != nil || n != len(policy.Outcomes()) {
		t.Errorf("%d series of checks from the start, want one per outcome (%v)", n, err)
	}
	c.SyncMetrics([]policy.Policy{p}, nil)
	if n, _ := testutil.GatherAndCount(reg, "watcher_checks_total"); n != 0 {
		t.Errorf("%d series of a policy that is gone", n)
	}
}

// TestSelectorMayShrink: a selector that leaves less than half of the words is
// the operator's doing, not the vendor's, and changes after it are seen.
func TestSelectorMayShrink(t *testing.T) {
	w := newWorld(t)
	side := `<div class="side"><p>` + strings.Repeat("Our privacy team explains itself at some length here. ", 60) + "</p></div>"
	with := func(months int) string { return strings.Replace(page(months), "</main>", side+"</main>", 1) }
	w.say(with(12))
	w.want(0, policy.OutcomeBaseline, "")
	w.policy.Select, w.policy.Remove = policy.CSS("main"), policy.CSS(".side")
	w.want(time.Hour, policy.OutcomeTechnical, "")
	w.say(with(36))
	w.want(time.Hour, policy.OutcomeChanged, policy.EventPolicyChanged)
}

// TestShrinkIsBelievedInTheEnd: a text that stays short is the policy now.
func TestShrinkIsBelievedInTheEnd(t *testing.T) {
	w := newWorld(t)
	w.settings.Triage = confirm
	w.say(strings.Replace(page(12), "</main>", "<p>"+strings.Repeat("We also explain ourselves at length. ", 60)+"</p></main>", 1))
	w.want(0, policy.OutcomeBaseline, "")
	first := w.now.Add(time.Hour)
	w.say(page(12))
	w.want(time.Hour, policy.OutcomeQuarantined, "")
	w.want(12*time.Hour, policy.OutcomeQuarantined, policy.EventPolicyQuarantined)
	c := w.want(12*time.Hour, policy.OutcomeChanged, policy.EventPolicyChanged)
	if c.Rule != "confirmed_shrink" || !c.FirstSeenAt.Equal(first) {
		t.Errorf("check = %+v", c)
	}
	w.want(time.Hour, policy.OutcomeUnchanged, "")
}

// moving answers for two addresses.
type moving struct {
	*vendor
	old  string
	body string
	gone bool
}

func (m *moving) Capture(ctx context.Context, req policy.Request) (policy.Capture, error) {
	if req.URL != m.old {
		return m.vendor.Capture(ctx, req)
	}
	if m.gone {
		return policy.Capture{}, errDown
	}
	side := &vendor{status: 200, body: m.body, clock: m.clock}
	return side.Capture(ctx, req)
}

// TestMovedAddress: what differs only because the configuration names another
// address is no news; when nobody can tell, the alert says so.
func TestMovedAddress(t *testing.T) {
	for _, tc := range []struct {
		name    string
		gone    bool
		outcome policy.Outcome
		event   policy.EventType
		rule    string
	}{
		{"the old one still shows the text", false, policy.OutcomeTechnical, "", ""},
		{"the old one is gone", true, policy.OutcomeChanged, policy.EventPolicyChanged, ruleSource},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t)
			m := &moving{vendor: w.vendor, old: w.policy.URL, body: page(12), gone: tc.gone}
			w.want(0, policy.OutcomeBaseline, "")
			w.settings.Fetcher = m
			w.policy.URL = "https://acme.example/legal/privacy"
			w.sync()
			w.say(strings.Replace(page(12), "</main>", "<p>This page also has a word from our lawyers.</p></main>", 1))
			w.want(time.Hour, tc.outcome, tc.event)
			if alerts := w.alerts(); tc.rule != "" && (len(alerts) != 1 || alerts[0].Event.Rule != tc.rule || alerts[0].Event.Detail == "") {
				t.Errorf("alerts = %+v", alerts)
			}
			w.want(time.Hour, policy.OutcomeUnchanged, "")
		})
	}
}

// TestWaitEndsWithoutThePage: a text that was seen once is told of when its
// hold has passed, although the page cannot be read any more.
func TestWaitEndsWithoutThePage(t *testing.T) {
	w := newWorld(t)
	w.settings.Triage = confirm
	w.want(0, policy.OutcomeBaseline, "")
	w.say(page(24))
	w.want(time.Hour, policy.OutcomeUnconfirmed, "")
	w.vendor.err = errDown
	w.want(12*time.Hour, policy.OutcomeFailed, "")
	w.want(13*time.Hour, policy.OutcomeFailed, "")
	if len(w.late) != 1 || w.late[0].Event != policy.EventPolicyChanged || w.state().Head != 2 || w.state().Pending != nil {
		t.Errorf("late = %+v, state = %+v", w.late, w.state())
	}
	if n := len(w.alerts()); n != 1 {
		t.Errorf("%d alerts, want 1", n)
	}
}

// slow answers when its time is up.
type slow struct{}

func (slow) Capture(ctx context.Context, _ policy.Request) (policy.Capture, error) {
	<-ctx.Done()
	return policy.Capture{}, ctx.Err()
}

// TestTimeoutIsRecorded: the end of a check's time does not keep its failure
// from the store.
func TestTimeoutIsRecorded(t *testing.T) {
	w := newWorld(t)
	w.settings.Fetcher = slow{}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	checks, err := w.checker.Check(ctx, w.settings, w.policy, w.claim(), Mode{})
	if err != nil || checks[0].Outcome != policy.OutcomeFailed {
		t.Fatalf("checks = %+v, %v", checks, err)
	}
	if s := w.state(); s.Failures != 1 || s.LastRule != ruleTimeout {
		t.Errorf("state = %+v", s)
	}
}

// TestTimeoutIsAFailure: a check that takes too long is on record, one that is
// called off is not.
func TestTimeoutIsAFailure(t *testing.T) {
	w := newWorld(t)
	w.vendor.err = context.DeadlineExceeded
	ctx, cancel := context.WithTimeout(t.Context(), 0)
	defer cancel()
	r := &run{Checker: w.checker, settings: w.settings, policy: w.policy, started: w.now}
	o, err := r.observe(ctx)
	if err != nil || o.Check.Outcome != policy.OutcomeFailed || o.Check.Rule != ruleTimeout {
		t.Errorf("timeout: %+v, %v", o.Check, err)
	}
	stopped, stop := context.WithCancelCause(t.Context())
	stop(errStopped)
	if _, err := r.observe(stopped); !errors.Is(err, errStopped) {
		t.Errorf("called off: %v", err)
	}
}
