package alerts

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"watcher/policy"
)

func retryError() error {
	return &SendError{Kind: Retry, Reason: reasonServer, Status: 503, Err: errors.New("down")}
}

func deadError() error {
	return &SendError{Kind: ReceiverDead, Reason: reasonGone, Status: 404, Err: errors.New("no_service")}
}

func payloadError() error {
	return &SendError{Kind: PayloadDead, Reason: reasonPayload, Status: 400, Err: errors.New("invalid_blocks")}
}

func TestDeliversInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, sender := newMemStore(), &fakeSender{}
		want := s.add("team", 3, time.Now())
		var told []string
		d := newTestDispatcher(s, map[string]Sender{"team": sender})
		d.delivered = func(m Message, receiver string) { told = append(told, receiver+"/"+m.AlertID) }
		stop := running(t, d)
		synctest.Wait()
		want = append(want, s.add("team", 2, time.Now())...)
		d.Wake()
		synctest.Wait()
		stop()
		if diff := cmp.Diff(want, sender.ids()); diff != "" {
			t.Errorf("order (-want +got):\n%s", diff)
		}
		if n := s.count("team", policy.AlertDelivered); n != 5 || len(told) != 5 {
			t.Errorf("%d delivered, %d told, want 5", n, len(told))
		}
	})
}

// TestDeliveryIsLogged: one line for each delivered alert, whoever receives it.
func TestDeliveryIsLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		logger := slog.New(slog.NewTextHandler(&log, nil))
		s := newMemStore()
		sender := &fakeSender{answer: func(n int, _ attempt) error {
			if n == 1 {
				return retryError()
			}
			return nil
		}}
		ids := append(s.add("team", 1, time.Now()), s.add("log", 1, time.Now())...)
		d := newTestDispatcher(s, map[string]Sender{"team": sender, "log": NewLog(nil, logger)})
		d.logger = logger
		stop := running(t, d)
		advance(time.Minute)
		stop()
		for _, id := range ids {
			var lines []string
			for line := range strings.Lines(log.String()) {
				if strings.Contains(line, "level=INFO") && strings.Contains(line, "alert="+id) {
					lines = append(lines, line)
				}
			}
			if len(lines) != 1 {
				t.Errorf("alert %s has %d lines: %q", id, len(lines), lines)
			}
		}
		want := `msg="alert delivered" alert=` + ids[0] + " receiver=team event=policy_unreachable policy=acme/privacy attempts=2"
		if !strings.Contains(log.String(), want) {
			t.Errorf("no %q in:\n%s", want, log.String())
		}
	})
}

// TestWithoutWake proves that a lost wake-up costs a minute, not an alert.
func TestWithoutWake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, sender := newMemStore(), &fakeSender{}
		stop := running(t, newTestDispatcher(s, map[string]Sender{"team": sender}))
		defer stop()
		synctest.Wait()
		s.add("team", 1, time.Now())
		advance(idlePoll + time.Second)
		synctest.Wait()
		if len(sender.ids()) != 1 {
			t.Error("not delivered within the poll interval")
		}
	})
}

func TestBackoffTiming(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMemStore()
		sender := &fakeSender{answer: func(n int, _ attempt) error {
			if n <= 10 {
				return retryError()
			}
			return nil
		}}
		ids := s.add("team", 2, time.Now())
		stop := running(t, newTestDispatcher(s, map[string]Sender{"team": sender}))
		advance(2 * time.Hour)
		stop()
		seen := sender.seen()
		if len(seen) != 12 {
			t.Fatalf("%d attempts, want 12", len(seen))
		}
		for i := range 10 {
			if seen[i].id != ids[0] {
				t.Errorf("attempt %d is of another alert than the oldest", i+1)
			}
			got, want := seen[i+1].at.Sub(seen[i].at), backoff(i+1, 0.5)
			if got != want {
				t.Errorf("wait %d is %v, want %v", i+1, got, want)
			}
		}
		if wait := seen[11].at.Sub(seen[10].at); wait != 0 {
			t.Errorf("after the recovery the next alert waited %v", wait)
		}
		if a := s.get(t, ids[0]); a.State != policy.AlertDelivered || a.Attempts != 11 {
			t.Errorf("first alert: %s after %d attempts", a.State, a.Attempts)
		}
	})
}

func TestBackoffBounds(t *testing.T) {
	for n := 1; n <= 100; n++ {
		interval := maxInterval
		if n <= 4 {
			interval = []time.Duration{5 * time.Second, 10 * time.Second, 20 * time.Second, 5 * time.Minute}[n-1]
		}
		for _, r := range []float64{0, 0.3, 0.999999} {
			got := backoff(n, r)
			if got < minWait || got > interval {
				t.Errorf("backoff(%d, %v) = %v, want within [%v, %v]", n, r, got, minWait, interval)
			}
		}
	}
	if backoff(1, 0) == backoff(1, 0.9) || backoff(4, 0) == backoff(4, 0.9) {
		t.Error("no jitter")
	}
}

func TestRetryAfterIsHonoured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMemStore()
		asked := []time.Duration{7 * time.Minute, 5 * time.Hour}
		sender := &fakeSender{answer: func(n int, _ attempt) error {
			if n <= len(asked) {
				return &SendError{Kind: Retry, Reason: reasonRateLimited, Status: 429, RetryAfter: asked[n-1]}
			}
			return nil
		}}
		s.add("team", 1, time.Now())
		stop := running(t, newTestDispatcher(s, map[string]Sender{"team": sender}))
		advance(3 * time.Hour)
		stop()
		var waits []time.Duration
		seen := sender.seen()
		for i := 1; i < len(seen); i++ {
			waits = append(waits, seen[i].at.Sub(seen[i-1].at))
		}
		if diff := cmp.Diff([]time.Duration{7 * time.Minute, time.Hour}, waits); diff != "" {
			t.Errorf("waits (-want +got):\n%s", diff)
		}
	})
}

// TestOutageOfADay holds the two figures that are promised.
func TestOutageOfADay(t *testing.T) {
	for _, r := range []float64{0, 0.5, 0.999} {
		synctest.Test(t, func(t *testing.T) {
			s := newMemStore()
			back := time.Now().Add(24 * time.Hour)
			sender := &fakeSender{answer: func(_ int, a attempt) error {
				if a.at.Before(back) {
					return retryError()
				}
				return nil
			}}
			s.add("team", 50, time.Now())
			d := newTestDispatcher(s, map[string]Sender{"team": sender})
			d.random = func() float64 { return r }
			stop := running(t, d)
			advance(25 * time.Hour)
			stop()
			probes := 0
			var first time.Time
			for _, a := range sender.seen() {
				if a.at.Before(back) {
					probes++
				} else if first.IsZero() {
					first = a.at
				}
			}
			t.Logf("random %v: %d probes, first delivery %v after the recovery", r, probes, first.Sub(back))
			if probes > 100 {
				t.Errorf("%d probes in 24 hours, want at most 100", probes)
			}
			if first.IsZero() || first.Sub(back) > 15*time.Minute {
				t.Errorf("first delivery %v after the recovery, want at most 15m", first.Sub(back))
			}
			if n := s.count("team", policy.AlertDelivered); n != 50 {
				t.Errorf("%d of 50 delivered", n)
			}
		})
	}
}

func TestBadReceiverDelaysNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMemStore()
		hangs, good := &fakeSender{takes: time.Hour}, &fakeSender{}
		s.add("hangs", 3, time.Now())
		s.add("good", 3, time.Now())
		start := time.Now()
		stop := running(t, newTestDispatcher(s, map[string]Sender{"hangs": hangs, "good": good}))
		synctest.Wait()
		if got := good.seen(); len(got) != 3 || got[2].at != start {
			t.Errorf("good receiver: %d alerts, want 3 at once", len(got))
		}
		stop()
	})
}

func TestReceiverDeadParksAndReloadResumes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMemStore()
		sender := &fakeSender{answer: func(int, attempt) error { return deadError() }}
		ids := s.add("team", 4, time.Now())
		d := newTestDispatcher(s, map[string]Sender{"team": sender})
		var log bytes.Buffer
		d.logger = slog.New(slog.NewTextHandler(&log, nil))
		stop := running(t, d)
		advance(time.Hour)
		if n := len(sender.seen()); n != 1 {
			t.Errorf("%d attempts on a dead receiver, want 1", n)
		}
		if n := s.count("team", policy.AlertParked); n != 4 {
			t.Errorf("%d parked, want 4", n)
		}
		if a := s.get(t, ids[3]); a.Attempts != 0 {
			t.Error("an alert that was not attempted counts an attempt")
		}
		if !strings.Contains(log.String(), "level=ERROR") || !strings.Contains(log.String(), "receiver is broken") {
			t.Errorf("not logged loudly: %s", log.String())
		}
		repaired := &fakeSender{}
		d.SetSenders(map[string]Sender{"team": repaired})
		synctest.Wait()
		stop()
		if diff := cmp.Diff(ids, repaired.ids()); diff != "" {
			t.Errorf("after the reload (-want +got):\n%s", diff)
		}
	})
}

// TestRequeueByHandResumes proves that one success brings back all that is parked.
func TestRequeueByHandResumes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMemStore()
		sender := &fakeSender{answer: func(n int, _ attempt) error {
			if n == 1 {
				return deadError()
			}
			return nil
		}}
		ids := s.add("team", 3, time.Now())
		d := newTestDispatcher(s, map[string]Sender{"team": sender})
		stop := running(t, d)
		synctest.Wait()
		if err := s.RequeueAlert(t.Context(), ids[1], time.Now()); err != nil {
			t.Fatal(err)
		}
		d.Wake()
		synctest.Wait()
		stop()
		if n := s.count("team", policy.AlertDelivered); n != 3 {
			t.Errorf("%d of 3 delivered after one was requeued by hand", n)
		}
	})
}

func TestMinimalForm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMemStore()
		picky := &minimalFake{}
		picky.answer = func(_ int, a attempt) error {
			if a.minimal {
				return nil
			}
			return payloadError()
		}
		refuses := &minimalFake{}
		refuses.answer = func(_ int, a attempt) error {
			if a.id == refuses.attempts[0].id {
				return payloadError()
			}
			return nil
		}
		one := s.add("picky", 1, time.Now())
		two := s.add("refuses", 2, time.Now())
		stop := running(t, newTestDispatcher(s, map[string]Sender{"picky": picky, "refuses": refuses}))
		synctest.Wait()
		stop()
		if got := picky.seen(); len(got) != 2 || !got[1].minimal || got[0].id != got[1].id {
			t.Errorf("minimal form: %+v", got)
		}
		if a := s.get(t, one[0]); a.State != policy.AlertDelivered {
			t.Errorf("alert delivered in minimal form is %s", a.State)
		}
		if a := s.get(t, two[0]); a.State != policy.AlertDead || !strings.Contains(a.LastError, "invalid_blocks") {
			t.Errorf("alert refused in both forms is %s (%s)", a.State, a.LastError)
		}
		if a := s.get(t, two[1]); a.State != policy.AlertDelivered {
			t.Errorf("the alert behind it is %s", a.State)
		}
	})
}

func TestGivesUpAfterAWeek(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMemStore()
		sender := &fakeSender{answer: func(int, attempt) error { return retryError() }}
		ids := s.add("team", 1, time.Now())
		stop := running(t, newTestDispatcher(s, map[string]Sender{"team": sender}))
		advance(giveUpAge - time.Minute)
		synctest.Wait()
		if a := s.get(t, ids[0]); a.State != policy.AlertPending {
			t.Errorf("%s before the week is over", a.State)
		}
		advance(time.Hour)
		synctest.Wait()
		stop()
		if a := s.get(t, ids[0]); a.State != policy.AlertDead {
			t.Errorf("%s after a week, want dead", a.State)
		}
	})
}

// TestOldAlertGetsAFairChance: what was parked for ten days is not given up at
// the first hiccup.
func TestOldAlertGetsAFairChance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMemStore()
		sender := &fakeSender{answer: func(n int, _ attempt) error {
			if n < 3 {
				return retryError()
			}
			return nil
		}}
		ids := s.add("team", 1, time.Now().Add(-10*24*time.Hour))
		s.rows[0].State, s.rows[0].Attempts = policy.AlertParked, 30
		stop := running(t, newTestDispatcher(s, map[string]Sender{"team": sender}))
		advance(time.Minute)
		stop()
		if a := s.get(t, ids[0]); a.State != policy.AlertDelivered {
			t.Errorf("old alert is %s", a.State)
		}
	})
}

func TestRemovedReceiver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMemStore()
		old := &fakeSender{takes: 10 * time.Second}
		s.add("old", 2, time.Now())
		s.add("never-there", 1, time.Now())
		d := newTestDispatcher(s, map[string]Sender{"old": old})
		stop := running(t, d)
		synctest.Wait() // the first attempt is in flight
		d.SetSenders(map[string]Sender{"new": &fakeSender{}})
		advance(time.Minute)
		synctest.Wait()
		if got := []int{s.count("old", policy.AlertDelivered), s.count("old", policy.AlertParked), s.count("never-there", policy.AlertParked)}; !cmp.Equal(got, []int{1, 1, 1}) {
			t.Errorf("delivered, parked, parked orphans = %v, want 1 1 1", got)
		}
		d.SetSenders(map[string]Sender{"old": &fakeSender{}})
		synctest.Wait()
		stop()
		if n := s.count("old", policy.AlertDelivered); n != 2 {
			t.Errorf("%d of 2 delivered after the receiver came back", n)
		}
	})
}

func TestFinishesTheAttemptInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, sender := newMemStore(), &fakeSender{takes: 10 * time.Second}
		ids := s.add("team", 2, time.Now())
		stop := running(t, newTestDispatcher(s, map[string]Sender{"team": sender}))
		advance(5 * time.Second)
		stop()
		if a := s.get(t, ids[0]); a.State != policy.AlertDelivered {
			t.Errorf("the attempt in flight ended as %s", a.State)
		}
		if n := len(sender.seen()); n != 1 {
			t.Errorf("%d attempts, want no new one after the end", n)
		}
	})
}

func TestHangingReceiverTimesOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, sender := newMemStore(), &fakeSender{takes: time.Hour}
		ids := s.add("team", 1, time.Now())
		stop := running(t, newTestDispatcher(s, map[string]Sender{"team": sender}))
		advance(31 * time.Second)
		synctest.Wait()
		if a := s.get(t, ids[0]); a.Attempts != 1 || !strings.HasPrefix(a.LastError, reasonTimeout) {
			t.Errorf("after 31 s: %d attempts, %q", a.Attempts, a.LastError)
		}
		stop()
	})
}

// TestUnrecordedDeliveryIsNotRepeated: while the disk is full, an alert that
// went out is not sent again.
func TestUnrecordedDeliveryIsNotRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, sender := newMemStore(), &fakeSender{}
		s.settles = 6
		ids := s.add("team", 1, time.Now())
		stop := running(t, newTestDispatcher(s, map[string]Sender{"team": sender}))
		advance(10 * time.Minute)
		stop()
		if n := len(sender.seen()); n != 1 {
			t.Errorf("sent %d times", n)
		}
		if a := s.get(t, ids[0]); a.State != policy.AlertDelivered {
			t.Errorf("recorded as %s", a.State)
		}
	})
}

func TestClockSetBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, sender := newMemStore(), &fakeSender{}
		ids := s.add("team", 1, time.Now())
		s.rows[0].NextAttempt = time.Now().Add(10 * 365 * 24 * time.Hour)
		stop := running(t, newTestDispatcher(s, map[string]Sender{"team": sender}))
		synctest.Wait()
		stop()
		if a := s.get(t, ids[0]); a.State != policy.AlertDelivered {
			t.Errorf("an alert scheduled in ten years is %s", a.State)
		}
	})
}

func TestPanicKillsOneMessageOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMemStore()
		sender := &fakeSender{answer: func(n int, _ attempt) error {
			if n == 1 {
				panic("renderer")
			}
			return nil
		}}
		ids := s.add("team", 2, time.Now())
		stop := running(t, newTestDispatcher(s, map[string]Sender{"team": sender}))
		synctest.Wait()
		stop()
		if a, b := s.get(t, ids[0]), s.get(t, ids[1]); a.State != policy.AlertDead || b.State != policy.AlertDelivered {
			t.Errorf("states %s and %s, want dead and delivered", a.State, b.State)
		}
	})
}
