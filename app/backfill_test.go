package app

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"watcher/policy"
	"watcher/watch"
)

// warcOf writes a WARC file with one response per text and returns its name.
func warcOf(t *testing.T, url string, captures ...archivedPage) string {
	t.Helper()
	var b strings.Builder
	for _, c := range captures {
		http := fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%s", len(c.body), c.body)
		fmt.Fprintf(&b, "WARC/1.1\r\nWARC-Type: response\r\nWARC-Date: %s\r\nWARC-Target-URI: %s\r\n"+
			"Content-Type: application/http;msgtype=response\r\nContent-Length: %d\r\n\r\n%s\r\n\r\n",
			c.at.Format(time.RFC3339), url, len(http), http)
	}
	name := filepath.Join(t.TempDir(), "past.warc")
	if err := os.WriteFile(name, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

type archivedPage struct {
	at   time.Time
	body string
}

func months(n int) string {
	return strings.Replace(policyPage, "12 months", fmt.Sprintf("%d months", n), 1)
}

// TestBackfill: the past runs on its own clock, once, and alerts nobody.
func TestBackfill(t *testing.T) {
	const page = "https://acme.example/privacy"
	day := func(n, hour int) time.Time { return time.Date(2024, 1, n, hour, 0, 0, 0, time.UTC) }
	cfg := oneVendor(t, "https://acme.example")
	cfg["triage"] = map[string]any{"confirm_after": "10m", "hold": "24h"}
	a := testApp(t, cfg)
	backfill := func(files ...string) []policy.Check {
		t.Helper()
		var got []policy.Check
		if err := a.Backfill(t.Context(), BackfillOptions{Files: files}, func(c policy.Check) error { got = append(got, c); return nil }); err != nil {
			t.Fatal(err)
		}
		return got
	}
	// Not in the order of time, and one record of another page.
	main := warcOf(t, "http://www.acme.example/privacy/",
		archivedPage{day(3, 1), months(24)}, archivedPage{day(1, 0), months(12)}, archivedPage{day(2, 0), months(12)},
		archivedPage{day(3, 0), months(24)}, archivedPage{day(9, 0), months(36)})
	other := warcOf(t, "https://else.example/privacy", archivedPage{day(4, 0), months(99)})
	want := []struct {
		at      time.Time
		outcome policy.Outcome
		event   policy.EventType
		first   time.Time
		late    bool
	}{
		{day(1, 0), policy.OutcomeBaseline, "", day(1, 0), false},
		{day(2, 0), policy.OutcomeUnchanged, "", day(1, 0), false},
		{day(3, 0), policy.OutcomeUnconfirmed, "", day(3, 0), false},
		{day(3, 1), policy.OutcomeChanged, policy.EventPolicyChanged, day(3, 0), false},
		{day(9, 0), policy.OutcomeUnconfirmed, "", day(9, 0), false},
		{day(9, 0), policy.OutcomeChanged, policy.EventPolicyChanged, day(9, 0), true},
	}
	got := backfill(main, other)
	if len(got) != len(want) {
		t.Fatalf("%d results, want %d: %+v", len(got), len(want), got)
	}
	for i, w := range want {
		c := got[i]
		if !c.CapturedAt.Equal(w.at) || c.Outcome != w.outcome || c.Event != w.event || !c.FirstSeenAt.Equal(w.first) || c.DecidedLate != w.late {
			t.Errorf("result %d = %+v, want %+v", i, c, w)
		}
	}
	for _, c := range backfill(main, other) {
		if c.Outcome != policy.OutcomeSkipped {
			t.Errorf("the second run did something: %+v", c)
		}
	}
	checkPast(t, a, backfill(warcOf(t, page, archivedPage{day(1, 0).AddDate(-1, 0, 0), months(6)}, archivedPage{day(1, 0).AddDate(-1, 1, 0), months(6)})))
}

// checkPast checks what captures from before the first version left behind.
func checkPast(t *testing.T, a *App, got []policy.Check) {
	t.Helper()
	if len(got) != 2 || got[0].Outcome != policy.OutcomeBaseline || got[0].Kind != policy.VersionBackfill || got[1].Outcome != policy.OutcomeUnchanged {
		t.Errorf("earlier captures: %+v", got)
	}
	versions, err := a.Store().Versions(t.Context(), "acme/privacy")
	if err != nil {
		t.Fatal(err)
	}
	var order []int
	for _, v := range versions {
		order = append(order, v.Number)
	}
	if fmt.Sprint(order) != "[4 1 2 3]" || versions[0].Kind != policy.VersionBackfill {
		t.Errorf("versions in time: %v, the oldest is %+v", order, versions[0])
	}
	s, err := a.Store().State(t.Context(), "acme/privacy")
	if err != nil || s.Head != 3 {
		t.Errorf("the head moved: %+v, %v", s, err)
	}
}

// TestArchiveOnly: live checks and an archive share one timeline, and a text that
// only the archive saw is said to be one.
func TestArchiveOnly(t *testing.T) {
	site := policySite(t)
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	file := filepath.Join(t.TempDir(), "watcher.yml")
	writeConfig(t, file, oneVendor(t, site.URL))
	a, err := New(Options{
		ConfigFile: file, StoragePath: filepath.Join(t.TempDir(), "w.db"), Web: Web{ListenAddress: "127.0.0.1:0"},
		Output: io.Discard, Clock: func() time.Time { return now },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = a.Stop(context.Background()) }()
	if err := a.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := a.Pass(t.Context(), watch.PassOptions{}, func(policy.Check) error { return nil }); err != nil {
			t.Fatal(err)
		}
		now = now.AddDate(0, 0, 10)
	}
	began := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	past := warcOf(t, site.URL+"/privacy", archivedPage{began.AddDate(-1, 0, 0), months(6)}, archivedPage{began.AddDate(0, 0, 3), months(99)})
	var got []string
	if err := a.Backfill(t.Context(), BackfillOptions{Files: []string{past}}, func(c policy.Check) error {
		got = append(got, string(c.Outcome)+" "+c.Rule)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if want := "baseline |changed archive_only"; strings.Join(got, "|") != want {
		t.Errorf("checks: %q, want %q", got, want)
	}
	versions, err := a.Store().Versions(t.Context(), "acme/privacy")
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	for _, v := range versions {
		if strings.Contains(v.Summary, "seen by the archive alone: the checks before and after saw version 1") {
			said = append(said, v.FirstSeenAt.Format(time.DateOnly))
		}
	}
	if st, err := a.Store().State(t.Context(), "acme/privacy"); err != nil || st.Head != 1 || len(said) != 1 || said[0] != "2026-03-04" {
		t.Errorf("head %d, said of %v, %v", st.Head, said, err)
	}
}
