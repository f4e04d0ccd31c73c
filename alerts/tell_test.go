package alerts

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"watcher/policy"
)

// TestBrokenReceiverIsToldThroughTheOthers, once, however many alerts come and
// however often the program starts that day; a circle of broken ones ends.
func TestBrokenReceiverIsToldThroughTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, good := newMemStore(), &fakeSender{}
		gone := &fakeSender{answer: func(int, attempt) error { return deadError() }}
		dead := &fakeSender{answer: func(int, attempt) error { return deadError() }}
		senders := map[string]Sender{"gone": gone, "dead": dead, "good": good}
		for range 3 {
			d := newTestDispatcher(s, senders)
			stop := running(t, d)
			s.add("gone", 2, time.Now())
			d.Wake()
			advance(time.Hour)
			stop()
		}
		var told []Message
		for _, a := range good.seen() {
			told = append(told, a.message)
		}
		if len(told) != 2 { // gone, and dead, which was told of gone
			t.Fatalf("%d messages about broken receivers, want 2", len(told))
		}
		e := told[0].Event
		if e.Type != policy.EventReceiverBroken || !strings.Contains(e.Summary, "“gone”") || !strings.Contains(e.Detail, "no_service") {
			t.Errorf("told %+v", e)
		}
		if n := s.count("gone", policy.AlertParked); n == 0 {
			t.Error("nothing is parked")
		}
	})
}

// TestBrokenReceiverByRoute: who is responsible is told, and nobody else.
func TestBrokenReceiverByRoute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, ops, other := newMemStore(), &fakeSender{}, &fakeSender{}
		gone := &fakeSender{answer: func(int, attempt) error { return deadError() }}
		d := newTestDispatcher(s, map[string]Sender{"gone": gone, "ops": ops, "other": other})
		d.route = func(e policy.Event, now time.Time) []policy.Alert {
			return []policy.Alert{policy.NewAlert(e, "gone", now), policy.NewAlert(e, "ops", now)}
		}
		s.add("gone", 1, time.Now())
		stop := running(t, d)
		synctest.Wait()
		stop()
		if got := []int{len(ops.seen()), len(other.seen()), len(gone.seen())}; !cmp.Equal(got, []int{1, 0, 1}) {
			t.Errorf("messages to ops, other and gone: %v, want 1 0 1", got)
		}
	})
}

func TestResumeByCommand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMemStore()
		broken := true
		sender := &fakeSender{answer: func(int, attempt) error {
			if broken {
				return deadError()
			}
			return nil
		}}
		ids := s.add("team", 3, time.Now())
		d := newTestDispatcher(s, map[string]Sender{"team": sender})
		stop := running(t, d)
		synctest.Wait()
		broken = false
		if n, err := d.Resume(t.Context(), "team"); err != nil || n != 3 {
			t.Errorf("Resume = %d, %v", n, err)
		}
		synctest.Wait()
		stop()
		if diff := cmp.Diff(append(ids[:1:1], ids...), sender.ids()); diff != "" {
			t.Errorf("after the command (-want +got):\n%s", diff)
		}
	})
}
