package watch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"watcher/policy"
	"watcher/storage"
)

func TestBackoff(t *testing.T) {
	for _, tc := range []struct {
		interval time.Duration
		n        int
		want     time.Duration
	}{
		{12 * time.Hour, 1, 90 * time.Minute},
		{12 * time.Hour, 2, 3 * time.Hour},
		{12 * time.Hour, 4, 12 * time.Hour},
		{12 * time.Hour, 1000, 12 * time.Hour},
		{4 * time.Minute, 1, time.Minute},
		{2 * time.Second, 1, 2 * time.Second},
		{2 * time.Second, 9, 2 * time.Second},
	} {
		if got := backoff(tc.interval, tc.n); got != tc.want {
			t.Errorf("backoff(%v, %d) = %v, want %v", tc.interval, tc.n, got, tc.want)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"":                              0,
		"120":                           2 * time.Minute,
		"-5":                            0,
		"soon":                          0,
		"Sun, 01 Mar 2026 12:10:00 GMT": 10 * time.Minute,
		"Sun, 01 Mar 2026 11:00:00 GMT": 0,
		"999999999":                     maxRetryAfter,
		"Sun, 01 Mar 2099 11:00:00 GMT": maxRetryAfter,
	} {
		c := policy.Capture{Header: map[string][]string{"Retry-After": {value}}}
		if got := retryAfter(c, now); got != want {
			t.Errorf("Retry-After %q: %v, want %v", value, got, want)
		}
	}
}

// TestRetryAfterIsHonoured: the next check never comes before the server asked.
func TestRetryAfterIsHonoured(t *testing.T) {
	w := newWorld(t)
	w.policy.Interval = time.Hour
	w.vendor.status, w.vendor.header = 503, map[string][]string{"Retry-After": {"7200"}}
	w.want(0, policy.OutcomeFailed, "")
	if got := w.state().NextCheck.Sub(w.now); got != 2*time.Hour {
		t.Errorf("next check after %v, want 2h", got)
	}
}

// counting counts concurrent captures.
type counting struct {
	vendor
	running, most, total int
	hold                 time.Duration
	mu                   sync.Mutex
}

func (c *counting) Capture(ctx context.Context, req policy.Request) (policy.Capture, error) {
	c.count(1)
	defer c.count(-1)
	select {
	case <-time.After(c.hold):
	case <-ctx.Done():
		return policy.Capture{}, ctx.Err()
	}
	return c.vendor.Capture(ctx, req)
}

func (c *counting) count(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.running += n
	c.most = max(c.most, c.running)
	c.total += max(n, 0)
}

// loopWorld runs a loop over n policies inside a synctest bubble.
func loopWorld(t *testing.T, n, concurrency int) (*world, *counting, *Loop) {
	t.Helper()
	w := &world{t: t}
	fetcher := &counting{hold: time.Second, vendor: vendor{status: 200, body: page(12), clock: time.Now}}
	w.open(time.Now)
	w.now = time.Now()
	plan := Plan{Concurrency: concurrency, Policies: map[policy.ID]policy.Policy{}, Settings: Settings{Fetcher: fetcher, Router: everybody{}}}
	var policies []policy.Policy
	for i := range n {
		id := policy.ID(fmt.Sprintf("vendor-%d/privacy", i))
		p := policy.Policy{ID: id, Vendor: policy.Vendor{Name: "V"}, Kind: "privacy", URL: "https://v.example/", Source: policy.SourceLive, Interval: 6 * time.Hour}
		plan.Policies[id] = p
		policies = append(policies, p)
	}
	if err := w.store.Sync(t.Context(), policies, time.Now()); err != nil {
		t.Fatal(err)
	}
	return w, fetcher, NewLoop(w.checker, func() Plan { return plan }, "test", 25*time.Second)
}

// TestLoop: days of checks of several policies, none missed and never more
// at once than allowed.
func TestLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n, days, concurrency = 5, 3, 2
		w, fetcher, loop := loopWorld(t, n, concurrency)
		ctx, cancel := context.WithTimeout(t.Context(), days*24*time.Hour)
		defer cancel()
		if err := loop.Run(ctx); err != nil {
			t.Fatal(err)
		}
		// Each check takes a second, waits a slot, and comes with the next poll.
		if want := n * days * 4; fetcher.total < want*99/100-n || fetcher.total > want+n {
			t.Errorf("%d checks in %d days, want about %d", fetcher.total, days, want)
		}
		if fetcher.most > concurrency {
			t.Errorf("%d captures at once, want at most %d", fetcher.most, concurrency)
		}
		states, err := w.store.States(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range states {
			if s.Versions != 1 || s.LastOutcome != policy.OutcomeUnchanged {
				t.Errorf("state = %+v", s)
			}
		}
	})
}

// TestLoopStops: checks in flight are finished, but not for longer than the
// grace; nothing new is begun.
func TestLoopStops(t *testing.T) {
	for _, tc := range []struct {
		name   string
		hold   time.Duration
		within time.Duration
		commit bool
	}{
		{"finishes what is in flight", 20 * time.Second, 21 * time.Second, true},
		{"gives up after the grace", time.Hour, 26 * time.Second, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, fetcher, loop := loopWorld(t, 3, 1)
				fetcher.hold = tc.hold
				ctx, cancel := context.WithCancel(t.Context())
				done := make(chan error)
				go func() { done <- loop.Run(ctx) }()
				synctest.Wait()
				start := time.Now()
				cancel()
				if err := <-done; err != nil {
					t.Fatal(err)
				}
				if took := time.Since(start); took > tc.within {
					t.Errorf("stopping took %v, want at most %v", took, tc.within)
				}
				if fetcher.total != 1 {
					t.Errorf("%d captures were begun, want 1", fetcher.total)
				}
				states, err := w.store.States(context.Background())
				if err != nil {
					t.Fatal(err)
				}
				versions := 0
				for _, s := range states {
					versions += s.Versions
				}
				if (versions == 1) != tc.commit {
					t.Errorf("%d versions were committed, want commit=%v", versions, tc.commit)
				}
			})
		})
	}
}

func TestPass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, fetcher, loop := loopWorld(t, 4, 2)
		var got []policy.ID
		emit := func(c policy.Check) error { got = append(got, c.Policy); return nil }
		if err := loop.Pass(t.Context(), PassOptions{}, emit); err != nil {
			t.Fatal(err)
		}
		slices.Sort(got)
		if len(slices.Compact(got)) != 4 || fetcher.most > 2 {
			t.Errorf("checked %v, %d at once", got, fetcher.most)
		}
		got = nil
		if err := loop.Pass(t.Context(), PassOptions{IDs: []policy.ID{"vendor-2/privacy", "vendor-2/privacy"}}, emit); err != nil || len(got) != 1 {
			t.Errorf("checked %v, %v", got, err)
		}
		if err := loop.Pass(t.Context(), PassOptions{IDs: []policy.ID{"nobody/privacy"}}, emit); err == nil {
			t.Error("an unknown policy was checked")
		}
	})
}

// TestPassJoins: who asks for a check that is under way gets its result, and the
// page is asked for once.
func TestPassJoins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, fetcher, loop := loopWorld(t, 1, 1)
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- loop.Run(ctx) }()
		synctest.Wait() // the check of the schedule waits for its page now
		emit := func(c policy.Check) error {
			if c.Outcome != policy.OutcomeBaseline {
				t.Errorf("check = %+v", c)
			}
			return nil
		}
		if err := loop.Pass(t.Context(), PassOptions{}, emit); err != nil || fetcher.total != 1 {
			t.Errorf("%d captures, %v", fetcher.total, err)
		}
		// One that lost its patience ends alone.
		go func() { ended <- loop.Pass(t.Context(), PassOptions{}, func(policy.Check) error { return nil }) }()
		synctest.Wait()
		hasty, leave := context.WithCancel(t.Context())
		leave()
		if err := loop.Pass(hasty, PassOptions{}, emit); !errors.Is(err, context.Canceled) {
			t.Errorf("err = %v", err)
		}
		if err := <-ended; err != nil || fetcher.total != 2 || len(loop.calls) != 0 {
			t.Errorf("%d captures, %d calls left, %v", fetcher.total, len(loop.calls), err)
		}
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// TestPassBesideACheck: a policy that another process checks is not checked twice.
func TestPassBesideACheck(t *testing.T) {
	w := newWorld(t)
	w.claim()
	loop := NewLoop(w.checker, func() Plan {
		return Plan{Concurrency: 1, Settings: w.settings, Policies: map[policy.ID]policy.Policy{w.policy.ID: w.policy}}
	}, "test", time.Second)
	var got []policy.Check
	if err := loop.Pass(t.Context(), PassOptions{}, func(c policy.Check) error { got = append(got, c); return nil }); err != nil {
		t.Fatal(err)
	}
	if len(got) != 1 || got[0].Outcome != policy.OutcomeSkipped || got[0].Rule != ruleBusy {
		t.Errorf("checks = %+v", got)
	}
}

// TestWrongClock: a check under a clock that is years ahead does not silence
// the policy once the clock is right again.
func TestWrongClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, fetcher, loop := loopWorld(t, 1, 1)
		claims, err := w.store.Claim(t.Context(), storage.ClaimQuery{Owner: "t", Now: time.Now(), For: time.Minute, IDs: []policy.ID{"vendor-0/privacy"}})
		if err != nil {
			t.Fatal(err)
		}
		ahead := time.Now().AddDate(10, 0, 0)
		state := claims[0].State
		state.LastCheck, state.NextCheck = ahead, ahead.Add(6*time.Hour)
		if _, err := w.store.Commit(t.Context(), storage.Observation{
			Claim: claims[0], State: state, Check: policy.Check{Policy: "vendor-0/privacy", Outcome: policy.OutcomeFailed, At: ahead},
		}); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 13*time.Hour)
		defer cancel()
		if err := loop.Run(ctx); err != nil {
			t.Fatal(err)
		}
		if fetcher.total != 3 {
			t.Errorf("%d checks in 13 hours, want 3", fetcher.total)
		}
	})
}

// TestIllness: a loop that cannot claim says so.
func TestIllness(t *testing.T) {
	w := newWorld(t)
	loop := NewLoop(w.checker, func() Plan { return Plan{} }, "test", time.Second)
	for range maxClaimFailures {
		if err := loop.Healthy(); err != nil {
			t.Fatalf("ill too soon: %v", err)
		}
		loop.note(errDown)
	}
	if loop.Healthy() == nil {
		t.Error("the loop claims to be well")
	}
	loop.note(nil)
	if err := loop.Healthy(); err != nil {
		t.Errorf("still ill: %v", err)
	}
}
