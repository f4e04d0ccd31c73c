package app

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"watcher/internal/otafake"
	"watcher/ota/snapshots"
	"watcher/policy"
)

// otaApp is an app that watches Acme's policy, which an archive keeps under
// the given names.
func otaApp(t *testing.T, names ...any) *App {
	t.Helper()
	cfg := oneVendor(t, "https://acme.example")
	cfg["triage"] = map[string]any{"confirm_after": "10m", "hold": "24h"}
	cfg["crawler"] = map[string]any{"max_decoded": "64KiB"}
	policies := cfg["vendors"].([]any)[0].(map[string]any)["policies"].([]any)
	policies[0].(map[string]any)["ota"] = names
	policies[0].(map[string]any)["archive_urls"] = []any{"https://old.acme.example/legal"}
	return testApp(t, cfg)
}

// outcomes runs a backfill and returns a line for each result.
func outcomes(t *testing.T, a *App, o BackfillOptions) []string {
	t.Helper()
	o.OTA = true
	var out []string
	err := a.Backfill(t.Context(), o, func(c policy.Check) error {
		line := c.CapturedAt.Format(time.DateOnly) + " " + string(c.Outcome)
		if c.Error != "" {
			line += ": " + c.Error
		}
		if c.DecidedLate {
			line += " late"
		}
		out = append(out, line)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// fetched is a page that no two fetches get alike: git keeps only what differs.
func fetched(months, i int) []byte { return fmt.Appendf(otafake.Page(months), "<!-- %d -->", i) }

func jan(day int) time.Time { return time.Date(2024, 1, day, 0, 30, 0, 0, time.UTC) }

// TestBackfillOTA: snapshots belong to a policy by the address in the commit,
// an older address, or the name of the file where the commit has no address.
func TestBackfillOTA(t *testing.T) {
	const url, file = "https://acme.example/privacy", "Acme/Privacy Policy.html"
	made := otafake.New(t)
	made.Commit(jan(1), "Start tracking Acme Privacy Policy", otafake.File{Path: file, Body: otafake.Page(6)})
	made.Snapshot(jan(3), "http://www.acme.example/privacy/", file, otafake.Page(12))
	made.Snapshot(jan(5), "https://old.acme.example/legal", "Other/Privacy Policy.html", otafake.Page(12))
	made.Snapshot(jan(6), "https://else.example/privacy", "Else/Privacy Policy.html", otafake.Page(99))
	made.Commit(jan(7), "Update Acme Privacy Policy", otafake.File{Path: file})                                 // deleted
	made.Commit(jan(8), "Refilter Acme Privacy Policy", otafake.File{Path: file, Body: otafake.Page(24)})       // no capture
	made.Snapshot(jan(9), url, file, otafake.Page(6))                                                           // as it was at first
	made.Snapshot(jan(11), url, "Acme/Privacy Policy.png", []byte("\x89PNG\r\n\x1a\n\x00"))                     // no text
	made.Snapshot(jan(12), url, file, []byte("<p>"+strings.Repeat("Much more than there is room for. ", 4000))) // over max_decoded
	made.Snapshot(time.Now().AddDate(1, 0, 0), url, file, otafake.Page(48))                                     // yet to come
	made.Flush()
	a := otaApp(t, "Acme/Privacy Policy")
	var notes []string
	o := BackfillOptions{Files: []string{made.Dir}, Note: func(what string) { notes = append(notes, what) }}
	got := outcomes(t, a, o)
	want := []string{
		"2024-01-01 baseline", "2024-01-03 unconfirmed", "2024-01-05 changed", "2024-01-09 unconfirmed",
		"2024-01-11 rejected", "2024-01-11 reverted late", "2024-01-12 failed",
	}
	for i := range min(len(got), len(want)) {
		if !strings.HasPrefix(got[i], want[i]) {
			t.Errorf("result %d is %q, want %q", i, got[i], want[i])
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d results, want %d:\n%s", len(got), len(want), strings.Join(got, "\n"))
	}
	if len(notes) != 1 || !strings.Contains(notes[0], "1 snapshots bear a time") {
		t.Errorf("notes: %q", notes)
	}
	for _, line := range outcomes(t, a, o) {
		if !strings.HasSuffix(line, " skipped") {
			t.Errorf("a second run: %s", line)
		}
	}
	checkProvenance(t, a)
}

// checkProvenance checks what is kept of where a capture came from.
func checkProvenance(t *testing.T, a *App) {
	t.Helper()
	versions, err := a.Store().Versions(t.Context(), "acme/privacy")
	if err != nil || len(versions) < 2 {
		t.Fatalf("%d versions, %v", len(versions), err)
	}
	c, err := a.Store().Capture(t.Context(), "acme/privacy", versions[1].Capture)
	if err != nil {
		t.Fatal(err)
	}
	if c.Source != policy.SourceOTA || c.MediaType != "text/html" || c.Header["X-Fetcher"][0] != "htmlOnly" || len(c.Header["X-Ota-Commit"][0]) != 40 {
		t.Errorf("capture: %+v", c)
	}
}

// TestBackfillOTARange: since and until bound what is read, and what lies
// outside can be read later.
func TestBackfillOTARange(t *testing.T) {
	made := otafake.New(t)
	for i := range 6 {
		made.Snapshot(jan(1+3*i), "https://acme.example/privacy", "Acme/Privacy Policy.html", fetched(6*(1+i/2), i))
	}
	made.Flush()
	a := otaApp(t)
	if got := outcomes(t, a, BackfillOptions{Files: []string{made.Dir}, Since: jan(4), Until: jan(10)}); len(got) != 3 || !strings.HasPrefix(got[0], "2024-01-04") {
		t.Errorf("from the 4th to the 10th: %q", got)
	}
	skipped := 0
	for _, line := range outcomes(t, a, BackfillOptions{Files: []string{made.Dir}}) {
		if strings.HasSuffix(line, " skipped") {
			skipped++
		}
	}
	if skipped != 3 {
		t.Errorf("%d captures were passed over, want 3", skipped)
	}
}

// TestBackfillOTAInterrupted: an interrupted run, repeated, leaves what a run in
// one go does.
func TestBackfillOTAInterrupted(t *testing.T) {
	made := otafake.New(t)
	for i := range 40 {
		made.Snapshot(jan(1).AddDate(0, 0, i), "https://acme.example/privacy", "Acme/Privacy Policy.html", fetched(6+i/4, i))
	}
	made.Flush()
	whole, broken := otaApp(t), otaApp(t)
	o := BackfillOptions{Files: []string{made.Dir}, OTA: true}
	outcomes(t, whole, o)
	for stop := 3; stop < 40; stop += 9 {
		ctx, cancel := context.WithCancel(t.Context())
		n := 0
		o.Progress = func(_ policy.ID, done, total int) {
			if n++; done > total {
				t.Errorf("%d of %d", done, total)
			}
			if n == stop {
				cancel()
			}
		}
		if err := broken.Backfill(ctx, o, func(policy.Check) error { return nil }); !errors.Is(err, context.Canceled) {
			t.Fatalf("interrupted: %v", err)
		}
		cancel()
	}
	o.Progress = nil
	outcomes(t, broken, o)
	history := func(a *App) string {
		versions, err := a.Store().Versions(t.Context(), "acme/privacy")
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		for _, v := range versions {
			fmt.Fprintf(&b, "%d %s %s %s\n", v.Number, v.Kind, v.FirstSeenAt.Format(time.RFC3339), v.SHA256.String()[:8])
		}
		return b.String()
	}
	if w, b := history(whole), history(broken); w != b || strings.Count(w, "\n") != 10 {
		t.Errorf("in one go:\n%s\ninterrupted:\n%s", w, b)
	}
}

func TestBackfillOTANotes(t *testing.T) {
	made := otafake.New(t)
	made.Snapshot(jan(1), "", "Acme/Privacy Policy.html", otafake.Page(6))
	made.Flush()
	for _, ids := range [][]policy.ID{nil, {"acme/privacy"}} {
		var notes []string
		o := BackfillOptions{Files: []string{made.Dir}, IDs: ids, Note: func(what string) { notes = append(notes, what) }}
		if got := outcomes(t, otaApp(t), o); len(got) != 0 || len(notes) != 1 || !strings.Contains(notes[0], "`ota:") {
			t.Errorf("%v: %q with %q", ids, got, notes)
		}
	}
	a := otaApp(t)
	none := func(policy.Check) error { return nil }
	if err := a.Backfill(t.Context(), BackfillOptions{OTA: true, Files: []string{t.TempDir()}}, none); !errors.Is(err, snapshots.ErrNotRepository) {
		t.Errorf("no repository: %v", err)
	}
	if err := a.Backfill(t.Context(), BackfillOptions{OTA: true, IDs: []policy.ID{"acme/none"}}, none); !errors.Is(err, policy.ErrNotFound) {
		t.Errorf("no such policy: %v", err)
	}
}

// TestBackfillOTACombined: one page of several is not the document.
func TestBackfillOTACombined(t *testing.T) {
	made := otafake.New(t)
	made.Snapshot(jan(1), "https://acme.example/privacy", "Acme/Privacy Policy #privacy.html", otafake.Page(6))
	made.Flush()
	a := otaApp(t)
	plan := a.live.Load().plan.Policies
	p := plan["acme/privacy"]
	p.Combine = []string{"https://acme.example/more"}
	plan["acme/privacy"] = p
	var notes []string
	o := BackfillOptions{Files: []string{made.Dir}, Note: func(what string) { notes = append(notes, what) }}
	if got := outcomes(t, a, o); len(got) != 0 || len(notes) != 1 || !strings.Contains(notes[0], "several pages") {
		t.Errorf("%q with %q", got, notes)
	}
}

// TestOTAOrder: by time, and within a second as they were recorded, each with a
// time of its own.
func TestOTAOrder(t *testing.T) {
	row := func(at time.Time, commit string) otaRow {
		return otaRow{Snapshot: snapshots.Snapshot{Commit: commit, Time: at}}
	}
	x := otaArchive{rows: map[policy.ID][]otaRow{"a/b": {row(jan(2), "d"), row(jan(2), "c"), row(jan(1), "a"), row(jan(2), "b")}}}
	var got string
	var last time.Time
	for _, r := range x.ordered("a/b") {
		if !r.Time.After(last) {
			t.Errorf("%s is at %v, after %v", r.Commit, r.Time, last)
		}
		got, last = got+r.Commit, r.Time
	}
	if got != "abcd" {
		t.Errorf("order %s", got)
	}
}
