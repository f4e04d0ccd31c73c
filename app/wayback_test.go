package app

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"watcher/internal/waybackfake"
	"watcher/policy"
	"watcher/watch"
)

// archiveOf is a stand-in archive with one capture a day; the page changes on
// every tenth.
func archiveOf(t *testing.T, days int) (*waybackfake.Archive, string) {
	t.Helper()
	a := &waybackfake.Archive{Twice: true, Garbage: true, PageSize: 9, Revisits: true}
	for i := range days {
		a.Captures = append(a.Captures, waybackfake.Capture{
			URL: "http://www.acme.example:80/privacy", Time: time.Date(2020, 1, 1, 3, 4, 5, 0, time.UTC).AddDate(0, 0, i),
			Status: http.StatusOK, Body: months(12 + i/10), Header: http.Header{"Content-Type": {"text/html; charset=utf-8"}},
		})
	}
	srv := a.Serve()
	t.Cleanup(srv.Close)
	return a, srv.URL
}

func waybackConfig(t *testing.T, archive string) map[string]any {
	t.Helper()
	cfg := oneVendor(t, "https://acme.example")
	cfg["wayback"] = map[string]any{"base_url": archive, "list_delay": "0s", "capture_delay": "0s"}
	cfg["triage"] = map[string]any{"confirm_after": "10m", "hold": "24h"}
	return cfg
}

func playbacks(a *waybackfake.Archive) int {
	n := 0
	for _, path := range a.Requests() {
		if strings.HasPrefix(path, "/web/") {
			n++
		}
	}
	return n
}

// TestBackfillWayback: years of an archive become versions; each payload is
// fetched once, a second run fetches nothing, and one that is broken off goes on.
func TestBackfillWayback(t *testing.T) {
	archive, address := archiveOf(t, 40)
	fill := func(a *App, stopAfter int) error {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		n := 0
		return a.Backfill(ctx, BackfillOptions{Wayback: true}, func(policy.Check) error {
			if n++; n == stopAfter {
				cancel()
			}
			return nil
		})
	}
	whole := testApp(t, waybackConfig(t, address))
	if err := fill(whole, -1); err != nil {
		t.Fatal(err)
	}
	if n := playbacks(archive); n != 4 {
		t.Errorf("%d captures fetched, want one of each text", n)
	}
	broken := testApp(t, waybackConfig(t, address))
	for range 5 {
		if err := fill(broken, 2); err != nil && !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
	if err := fill(broken, -1); err != nil {
		t.Fatal(err)
	}
	before := playbacks(archive)
	if err := fill(broken, -1); err != nil || playbacks(archive) != before {
		t.Errorf("a run with nothing to do fetched %d captures, %v", playbacks(archive)-before, err)
	}
	want, got := history(t, whole), history(t, broken)
	if len(want) != 4 || strings.Join(want, "\n") != strings.Join(got, "\n") {
		t.Errorf("versions in one go:\n%s\nand with interruptions:\n%s", strings.Join(want, "\n"), strings.Join(got, "\n"))
	}
}

// history returns the versions of the policy, a line each.
func history(t *testing.T, a *App) []string {
	t.Helper()
	versions, err := a.Store().Versions(t.Context(), "acme/privacy")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, v := range versions {
		out = append(out, v.FirstSeenAt.Format(time.DateOnly)+" "+string(v.Kind)+" "+v.SHA256.String()[:8])
	}
	return out
}

// TestWatchWayback: a policy can be watched through the archive. Its newest
// capture stays the same for days, so a change is believed when the hold is over.
func TestWatchWayback(t *testing.T) {
	archive, address := archiveOf(t, 1)
	cfg := waybackConfig(t, address)
	cfg["defaults"] = map[string]any{"source": "wayback"}
	a := testApp(t, cfg)
	check := func() policy.Check {
		t.Helper()
		var got policy.Check
		if err := a.Pass(t.Context(), watch.PassOptions{}, func(c policy.Check) error { got = c; return nil }); err != nil {
			t.Fatal(err)
		}
		return got
	}
	if c := check(); c.Outcome != policy.OutcomeBaseline || c.Source != policy.SourceWayback || !c.CapturedAt.Equal(archive.Captures[0].Time) {
		t.Fatalf("first: %+v", c)
	}
	if c := check(); c.Outcome != policy.OutcomeUnchanged {
		t.Errorf("the same capture again: %+v", c)
	}
	next := archive.Captures[0]
	next.Time, next.Body = next.Time.AddDate(1, 0, 0), months(99)
	archive.Captures = append(archive.Captures, next)
	if c := check(); c.Outcome != policy.OutcomeUnconfirmed {
		t.Errorf("a new capture: %+v", c)
	}
	if c := check(); c.Outcome != policy.OutcomeChanged || !c.FirstSeenAt.Equal(next.Time) {
		t.Errorf("after the hold: %+v", c)
	}
	archive.Excluded = map[string]bool{"acme.example": true}
	if c := check(); c.Outcome != policy.OutcomeFailed || !strings.Contains(c.Error, "source: live") {
		t.Errorf("excluded: %+v", c)
	}
}
