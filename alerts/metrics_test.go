package alerts

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

func TestMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reg := prometheus.NewPedanticRegistry()
		s := newMemStore()
		sender := &fakeSender{answer: func(n int, _ attempt) error {
			if n == 1 {
				return retryError()
			}
			return nil
		}}
		d := NewDispatcher(Options{
			Store: s, Senders: map[string]Sender{"team": sender, "idle": &fakeSender{}},
			Clock: time.Now, Logger: silent(), Registerer: reg,
		})
		problems, err := testutil.GatherAndLint(reg)
		if err != nil || len(problems) > 0 {
			t.Errorf("promlint: %v, %v", problems, err)
		}
		// Two receivers, one series for each reason, before the first attempt.
		if n := testutil.CollectAndCount(d.metrics.failed); n != 2*len(reasons()) {
			t.Errorf("%d failure series at the start", n)
		}
		s.add("team", 2, time.Now())
		stop := running(t, d)
		advance(time.Minute)
		want := `
# HELP watcher_notifications_total Attempts to deliver an alert, by receiver.
# TYPE watcher_notifications_total counter
watcher_notifications_total{receiver="idle"} 0
watcher_notifications_total{receiver="team"} 3
`
		if err := testutil.GatherAndCompare(reg, strings.NewReader(want), "watcher_notifications_total"); err != nil {
			t.Error(err)
		}
		if n := testutil.ToFloat64(d.metrics.failed.WithLabelValues("team", reasonServer)); n != 1 {
			t.Errorf("failed{server_error} = %v, want 1", n)
		}
		d.SetSenders(map[string]Sender{"new": &fakeSender{}})
		synctest.Wait()
		stop()
		for name, c := range map[string]prometheus.Collector{"total": d.metrics.attempts, "duration": d.metrics.duration} {
			if n := testutil.CollectAndCount(c); n != 1 {
				t.Errorf("%s has %d series after the reload, want that of the new receiver", name, n)
			}
		}
	})
}
