package watch

import (
	"context"
	"iter"
	"testing"
	"testing/synctest"
	"time"

	"watcher/policy"
	"watcher/storage"
)

// TestLoopLeavesMarks: the store knows from when to when a loop was at work, to the
// moment of its end.
func TestLoopLeavesMarks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, _, loop := loopWorld(t, 1, 1)
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 26*time.Hour+13*time.Second)
		defer cancel()
		if err := loop.Run(ctx); err != nil {
			t.Fatal(err)
		}
		up, err := w.store.Uptime(t.Context(), storage.UptimeQuery{})
		if err != nil || len(up) != 1 || !up[0].Began.Equal(began) || up[0].Alive.Sub(began) < 26*time.Hour+13*time.Second {
			t.Errorf("from %v: %+v, %v", began, up, err)
		}
	})
}

// TestPastChecksNameTheirVersion: an archive's capture that shows the text of its
// time is a sighting of that text, and none of the head's.
func TestPastChecksNameTheirVersion(t *testing.T) {
	w := newWorld(t)
	w.policy.URL = "https://acme.example/privacy"
	w.check(0)
	capture := func(day, months int) policy.Capture {
		body := page(months)
		at := w.now.AddDate(-1, 0, day)
		return policy.Capture{
			Source: policy.SourceWARC, URL: w.policy.URL, FinalURL: w.policy.URL, Status: 200, StartedAt: at, CapturedAt: at,
			ContentType: "text/html; charset=utf-8", MediaType: "text/html", Digest: policy.Sum([]byte(body)), Body: []byte(body), Size: int64(len(body)),
		}
	}
	var captures iter.Seq2[policy.Capture, error] = func(yield func(policy.Capture, error) bool) {
		for _, c := range []policy.Capture{capture(0, 6), capture(1, 6), capture(2, 6)} {
			if !yield(c, nil) {
				return
			}
		}
	}
	past := Past{Checker: w.checker, Settings: w.settings, Owner: "test"}
	var told []policy.Check
	if err := past.Run(t.Context(), w.policy, captures, func(c policy.Check) error { told = append(told, c); return nil }); err != nil {
		t.Fatal(err)
	}
	if len(told) != 3 || told[1].Version != 2 || told[2].Version != 2 {
		t.Errorf("told: %+v", told)
	}
	runs, err := w.store.Runs(t.Context(), w.policy.ID, storage.RunQuery{})
	if err != nil || len(runs) != 3 {
		t.Fatalf("%+v, %v", runs, err)
	}
	if runs[0].Version != 1 || runs[1].Version != 2 || runs[1].Count != 2 || runs[1].Outcome != policy.OutcomeUnchanged || runs[2].Version != 2 {
		t.Errorf("ledger: %+v", runs)
	}
}
