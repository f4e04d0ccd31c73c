package alerts

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"watcher/policy"
)

func TestRunExcludesDrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newTestDispatcher(newMemStore(), nil)
		stop := running(t, d)
		synctest.Wait()
		if _, err := d.Drain(t.Context()); err == nil {
			t.Error("Drain beside Run: no error")
		}
		stop()
		if _, err := d.Drain(t.Context()); err != nil {
			t.Errorf("Drain after Run: %v", err)
		}
	})
}

func TestDrain(t *testing.T) {
	fails := func(err func() error) func(int, attempt) error {
		return func(int, attempt) error { return err() }
	}
	asks := func(d time.Duration) func(int, attempt) error {
		return func(int, attempt) error { return &SendError{Kind: Retry, Reason: reasonRateLimited, RetryAfter: d} }
	}
	for _, tc := range []struct {
		name     string
		answer   func(int, attempt) error
		want     DrainResult
		atLeast  int // attempts
		atMost   int
		within   time.Duration
		deadline time.Duration
	}{
		{"all well", nil, DrainResult{Delivered: 3}, 3, 3, 0, 30 * time.Second},
		{"down", fails(retryError), DrainResult{Failed: 3}, 4, 40, 30 * time.Second, 30 * time.Second},
		{"gone", fails(deadError), DrainResult{Failed: 3}, 1, 1, 0, 30 * time.Second},
		{"refuses", fails(payloadError), DrainResult{Failed: 3}, 3, 3, 0, 30 * time.Second},
		{"asks for an hour", asks(time.Hour), DrainResult{Failed: 3}, 1, 1, 0, 30 * time.Second},
		{"asks for ten seconds", asks(10 * time.Second), DrainResult{Failed: 3}, 3, 3, 20 * time.Second, 30 * time.Second},
		{"back at the third try", func(n int, _ attempt) error {
			if n < 3 {
				return retryError()
			}
			return nil
		}, DrainResult{Delivered: 3}, 5, 5, 20 * time.Second, 30 * time.Second},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, sender := newMemStore(), &fakeSender{answer: tc.answer}
				s.add("team", 3, time.Now())
				s.rows[0].NextAttempt = time.Now().Add(10 * time.Minute) // left by an earlier run
				ctx, cancel := context.WithTimeout(t.Context(), tc.deadline)
				defer cancel()
				start := time.Now()
				got, err := newTestDispatcher(s, map[string]Sender{"team": sender}).Drain(ctx)
				if err != nil {
					t.Fatal(err)
				}
				if got != tc.want {
					t.Errorf("got %+v, want %+v", got, tc.want)
				}
				if n := len(sender.seen()); n < tc.atLeast || n > tc.atMost {
					t.Errorf("%d attempts, want %d to %d", n, tc.atLeast, tc.atMost)
				}
				if took := time.Since(start); took > tc.within {
					t.Errorf("took %v, want at most %v", took, tc.within)
				}
			})
		})
	}
}

func TestDrainEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMemStore()
		ids := s.add("team", 2, time.Now())
		d := newTestDispatcher(s, map[string]Sender{"team": &fakeSender{takes: time.Hour}})
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(2*time.Second, cancel)
		start := time.Now()
		got, err := d.Drain(ctx)
		if err != nil || got != (DrainResult{Failed: 2}) || time.Since(start) > 2*time.Second {
			t.Errorf("got %+v, %v after %v", got, err, time.Since(start))
		}
		if a := s.get(t, ids[0]); a.State != policy.AlertPending || a.NextAttempt.After(time.Now()) {
			t.Errorf("an interrupted alert is %s until %v", a.State, a.NextAttempt)
		}
	})
}

// TestSlackPace: a drained queue leaves at one message a second.
func TestSlackPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, sender := newMemStore(), &pacedFake{}
		s.add("team", 5, time.Now())
		start := time.Now()
		if _, err := newTestDispatcher(s, map[string]Sender{"team": sender}).Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took != 4*time.Second {
			t.Errorf("5 messages took %v, want 4s", took)
		}
	})
}

type pacedFake struct{ fakeSender }

func (*pacedFake) Pace() time.Duration { return slackPace }
