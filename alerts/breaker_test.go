package alerts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"watcher/policy"
)

// stormWorld is a dispatcher with a breaker over a number of policies.
type stormWorld struct {
	t          *testing.T
	store      *memStore
	chat       *chatFake
	hook       *fakeSender
	registry   *prometheus.Registry
	dispatcher *Dispatcher

	mu      sync.Mutex
	sampled []policy.ID
}

func newStormWorld(t *testing.T, active int) *stormWorld {
	t.Helper()
	w := &stormWorld{t: t, store: newMemStore(), chat: &chatFake{}, hook: &fakeSender{}, registry: prometheus.NewRegistry()}
	for i := range active {
		w.store.states = append(w.store.states, policy.State{ID: w.id(i), HeadSHA256: policy.Sum(fmt.Append(nil, i))})
	}
	w.start(active)
	return w
}

// start makes a dispatcher, as at the start of the program.
func (w *stormWorld) start(active int) {
	w.registry = prometheus.NewRegistry()
	w.dispatcher = NewDispatcher(Options{
		Store: w.store, Senders: map[string]Sender{"team": w.chat, "hook": w.hook}, Clock: time.Now, Logger: silent(), Owner: "test",
		Registerer: w.registry, Rand: func() float64 { return 0.5 },
		Breaker: BreakerOptions{Active: func() int { return active }, Resample: w.resample},
	})
}

func (*stormWorld) id(i int) policy.ID { return policy.ID(fmt.Sprintf("vendor-%02d/privacy", i)) }

func (w *stormWorld) resample(_ context.Context, ids []policy.ID) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sampled = append(w.sampled, ids...)
	return nil
}

// change commits a change of policy i with its alerts for both receivers.
func (w *stormWorld) change(i int, added string) {
	s, id, now := w.store, w.id(i), time.Now()
	n := fmt.Sprint(len(s.recent))
	s.put("team", id, n, Destination{GroupWait: 30 * time.Second}, now)
	s.put("hook", id, n, Destination{}, now)
	s.mu.Lock()
	defer s.mu.Unlock()
	number := len(s.recent) + 2
	s.recent = append(s.recent, policy.Version{
		Policy: id, Number: number, Kind: policy.VersionChange, CapturedAt: now, Significance: policy.Minor,
	})
	s.changes[number] = policy.Change{Policy: id, Edits: []policy.Edit{{Op: policy.Added, New: added}}}
}

func (w *stormWorld) text(i int) string {
	return strings.Repeat(fmt.Sprintf("What policy %d alone has to say about your data. ", i), 3)
}

// types counts the messages of a receiver by the type of their event.
func types(f *fakeSender) map[policy.EventType]int {
	out := map[policy.EventType]int{}
	for _, a := range f.seen() {
		out[a.message.Event.Type]++
	}
	return out
}

func (w *stormWorld) gauge(name string) float64 {
	w.t.Helper()
	families, err := w.registry.Gather()
	if err != nil {
		w.t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			return f.GetMetric()[0].GetGauge().GetValue() + f.GetMetric()[0].GetCounter().GetValue()
		}
	}
	w.t.Fatalf("no metric %s", name)
	return 0
}

// TestBreakerOpensHoldsAndCloses: twelve of thirty policies change at once. One
// message names all of them, their alerts are held, a sample is fetched again,
// and after an hour everything goes out: each event to programs, one digest to
// people.
func TestBreakerOpensHoldsAndCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newStormWorld(t, 30)
		for i := range 12 {
			w.change(i, w.text(i))
		}
		opened := time.Now()
		stop := running(t, w.dispatcher)
		synctest.Wait()
		for name, f := range map[string]*fakeSender{"team": &w.chat.fakeSender, "hook": w.hook} {
			if diff := cmp.Diff(map[policy.EventType]int{policy.EventMassChange: 1}, types(f)); diff != "" {
				t.Errorf("%s at once (-want +got):\n%s", name, diff)
			}
			if n := w.store.count(name, policy.AlertHeld); n != 12 {
				t.Errorf("%s: %d held, want 12", name, n)
			}
		}
		e := w.hook.seen()[0].message.Event
		if len(e.Policies) != 12 || !strings.Contains(e.Summary, "12 of 30") {
			t.Errorf("told of %d policies: %s", len(e.Policies), e.Summary)
		}
		w.change(12, w.text(12)) // later ones are held, too
		w.dispatcher.Wake()
		advance(59 * time.Minute)
		if n := w.store.count("hook", policy.AlertHeld); n != 13 || len(w.hook.seen()) != 1 {
			t.Errorf("after 59 minutes %d are held and %d messages are out", n, len(w.hook.seen()))
		}
		if len(w.sampled) != breakerSample {
			t.Errorf("%d policies were fetched again, want %d", len(w.sampled), breakerSample)
		}
		if open := w.gauge("watcher_breaker_open"); open != 1 {
			t.Errorf("watcher_breaker_open is %v", open)
		}
		advance(5 * time.Minute)
		stop()
		if b := w.store.breaker; b.Open || b.ClosedBy != "time" || b.ClosedAt.Sub(opened) > holdAtMost+2*breakerPoll {
			t.Errorf("breaker is %+v", b)
		}
		if diff := cmp.Diff(map[policy.EventType]int{policy.EventMassChange: 1, policy.EventPolicyChanged: 13}, types(w.hook)); diff != "" {
			t.Errorf("programs (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(map[policy.EventType]int{policy.EventMassChange: 1, policy.EventDigest: 1}, types(&w.chat.fakeSender)); diff != "" {
			t.Errorf("people (-want +got):\n%s", diff)
		}
		if n := w.store.count("team", policy.AlertDelivered); n != 14 {
			t.Errorf("%d of 14 delivered", n)
		}
		if open, trips := w.gauge("watcher_breaker_open"), w.gauge("watcher_breaker_trips_total"); open != 0 || trips != 1 {
			t.Errorf("open %v, trips %v", open, trips)
		}
	})
}

// TestBreakerClosesBySample: when all of the sample shows its new text still,
// some time after, the change is real.
func TestBreakerClosesBySample(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newStormWorld(t, 20)
		for i := range 10 {
			w.change(i, w.text(i))
		}
		opened := time.Now()
		w.dispatcher.breaker.opts.Resample = func(_ context.Context, ids []policy.ID) error {
			w.store.mu.Lock()
			defer w.store.mu.Unlock()
			for i, s := range w.store.states {
				if slices.Contains(ids, s.ID) {
					w.store.states[i].LastSuccess = time.Now()
				}
			}
			return nil
		}
		stop := running(t, w.dispatcher)
		advance(20 * time.Minute)
		stop()
		b := w.store.breaker
		if b.Open || b.ClosedBy != "sample" || b.ClosedAt.Sub(opened) < sampleAfter {
			t.Errorf("breaker is %+v", b)
		}
		if n := w.store.count("hook", policy.AlertDelivered); n != 11 {
			t.Errorf("%d of 11 delivered", n)
		}
	})
}

// TestSampleThatDiffersKeepsItOpen: a banner that is gone confirms nothing, and
// a sample that cannot be fetched neither.
func TestSampleThatDiffersKeepsItOpen(t *testing.T) {
	for name, seen := range map[string]func(*policy.State){
		"another text": func(s *policy.State) { s.LastSuccess, s.HeadSHA256 = time.Now(), policy.Sum([]byte("back")) },
		"not fetched":  func(*policy.State) {},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newStormWorld(t, 20)
			for i := range 10 {
				w.change(i, w.text(i))
			}
			w.dispatcher.breaker.opts.Resample = func(context.Context, []policy.ID) error {
				w.store.mu.Lock()
				defer w.store.mu.Unlock()
				seen(&w.store.states[0]) // it is in the sample
				for i := range w.store.states[1:] {
					w.store.states[i+1].LastSuccess = time.Now()
				}
				return errors.New("one page did not answer")
			}
			stop := running(t, w.dispatcher)
			advance(55 * time.Minute)
			stop()
			if !w.store.breaker.Open {
				t.Errorf("%s: closed by %s", name, w.store.breaker.ClosedBy)
			}
		})
	}
}

// TestBreakerThresholds holds the figures at their edges.
func TestBreakerThresholds(t *testing.T) {
	banner := strings.Repeat("We and our 1,234 partners store and access information on your device. ", 2)
	for _, tc := range []struct {
		name            string
		active, changes int
		text            func(w *stormWorld, i int) string
		open            bool
	}{
		{"ten of thirty-three", 33, 10, (*stormWorld).text, true},
		{"ten of thirty-four", 34, 10, (*stormWorld).text, false},
		{"nine of nine", 9, 9, (*stormWorld).text, false},
		{"the same paragraph at five vendors", 500, 5, func(*stormWorld, int) string { return banner }, true},
		{"in other letters and spaces", 500, 5, func(_ *stormWorld, i int) string {
			return strings.Repeat(" ", i) + strings.ToUpper(banner[:i]) + banner[i:]
		}, true},
		{"at four", 500, 4, func(*stormWorld, int) string { return banner }, false},
		{"a short line", 500, 9, func(*stormWorld, int) string { return "Last updated: 2 June 2025" }, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newStormWorld(t, tc.active)
				for i := range tc.changes {
					w.change(i, tc.text(w, i))
				}
				stop := running(t, w.dispatcher)
				synctest.Wait()
				stop()
				if w.store.breaker.Open != tc.open {
					t.Errorf("open: %v (%s), want %v", w.store.breaker.Open, w.store.breaker.Reason, tc.open)
				}
				if n := w.store.count("hook", policy.AlertDelivered); tc.open == (n == tc.changes) {
					t.Errorf("%d of %d went out", n, tc.changes)
				}
			})
		})
	}
}

// TestBreakerWindow: what is spread over days is no storm, and what was told of
// already does not open it again.
func TestBreakerWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newStormWorld(t, 20)
		stop := running(t, w.dispatcher)
		for i := range 18 {
			w.change(i, w.text(i))
			w.dispatcher.Wake()
			advance(3 * time.Hour) // eight a day
		}
		if w.store.breaker.Open || len(w.hook.seen()) != 18 {
			t.Errorf("a slow change opened it: %s", w.store.breaker.Reason)
		}
		advance(24 * time.Hour)
		for i := range 10 {
			w.change(i, w.text(i+100))
		}
		w.dispatcher.Wake()
		synctest.Wait()
		if err := w.dispatcher.CloseBreaker(t.Context(), "anna"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if b := w.store.breaker; b.Open || b.ClosedBy != "anna" || w.store.count("hook", policy.AlertHeld) != 0 {
			t.Errorf("after the operator closed it: %+v", b)
		}
		if err := w.dispatcher.CloseBreaker(t.Context(), "anna"); !errors.Is(err, policy.ErrConflict) {
			t.Errorf("closing it twice: %v", err)
		}
		advance(2 * time.Hour)
		w.change(11, w.text(211))
		w.dispatcher.Wake()
		advance(2 * time.Hour)
		stop()
		if w.store.breaker.Open {
			t.Error("it opened again for what was told of")
		}
		if n := w.store.count("hook", policy.AlertDelivered); n != 18+10+1+1 {
			t.Errorf("%d delivered, want 30", n)
		}
	})
}

// TestBreakerSurvivesARestart: it stays open, tells once, and closes in time; a
// program that died between two steps of opening it goes on where it was.
func TestBreakerSurvivesARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newStormWorld(t, 20)
		for i := range 10 {
			w.change(i, w.text(i))
		}
		w.store.breaker = policy.Breaker{Open: true, OpenedAt: time.Now(), Reason: "10 of 20", Policies: []policy.ID{w.id(0)}}
		for range 3 {
			w.start(20)
			stop := running(t, w.dispatcher)
			advance(time.Minute)
			stop()
		}
		if diff := cmp.Diff(map[policy.EventType]int{policy.EventMassChange: 1}, types(w.hook)); diff != "" {
			t.Errorf("told (-want +got):\n%s", diff)
		}
		if n := w.store.count("hook", policy.AlertHeld); n != 10 {
			t.Errorf("%d held, want 10", n)
		}
		advance(time.Hour)
		w.start(20)
		got, err := w.dispatcher.Drain(t.Context())
		if err != nil || got.Failed != 0 || w.store.breaker.Open {
			t.Errorf("a run of an hour later: %+v, %v, open %v", got, err, w.store.breaker.Open)
		}
		if n := w.store.count("hook", policy.AlertDelivered); n != 11 {
			t.Errorf("%d of 11 delivered", n)
		}
	})
}

// TestMassChangeIsToldToWhoWaits: whoever was to be told of one of the changes
// hears of the mass change, whatever the routes say.
func TestMassChangeIsToldToWhoWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newStormWorld(t, 20)
		w.dispatcher.route = func(e policy.Event, now time.Time) []policy.Alert {
			return []policy.Alert{policy.NewAlert(e, "hook", now)}
		}
		for i := range 10 {
			w.change(i, w.text(i))
		}
		stop := running(t, w.dispatcher)
		synctest.Wait()
		stop()
		if len(w.chat.seen()) != 1 || len(w.hook.seen()) != 1 {
			t.Errorf("%d and %d messages, want one each", len(w.chat.seen()), len(w.hook.seen()))
		}
	})
}

// TestMassChangeNamesEveryPolicy in Slack, and within its limits.
func TestMassChangeNamesEveryPolicy(t *testing.T) {
	const n = 200
	e := policy.Event{ID: "evt_1", Type: policy.EventMassChange, At: time.Unix(1e9, 0), Summary: "200 of 300 policies changed within a day."}
	for i := range n {
		e.Policies = append(e.Policies, policy.ID(fmt.Sprintf("a-vendor-with-a-name-%03d/privacy", i)))
	}
	m := Message{AlertID: "alt_1", Event: e}
	msg := slackMessage(m)
	checkSlack(t, msg, slackFallbackChars)
	raw, err := json.Marshal(msg)
	if err != nil {
		t.Fatal(err)
	}
	body := string(raw)
	for _, id := range e.Policies {
		if !strings.Contains(body, string(id)) {
			t.Fatalf("%s is not named", id)
		}
	}
}

func TestBreakerMetricsLint(t *testing.T) {
	w := newStormWorld(t, 1)
	problems, err := testutil.GatherAndLint(w.registry)
	if err != nil || len(problems) > 0 {
		t.Errorf("%v, %v", problems, err)
	}
}
