package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"watcher/internal/otafake"
	"watcher/internal/waybackfake"
	"watcher/policy"
	"watcher/storage/bolt"
)

// backfillKills is how often a backfill is killed.
const backfillKills = 10

// TestKillBackfill kills a backfill of five hundred archived captures ten times:
// the history that it leaves in the end is that of a run in one go.
func TestKillBackfill(t *testing.T) {
	captures := 500
	if testing.Short() {
		captures = 60
	}
	archive := &waybackfake.Archive{Twice: true, PageSize: 90}
	for i := range captures {
		archive.Captures = append(archive.Captures, waybackfake.Capture{
			URL: "https://killed.example/privacy", Time: time.Date(2015, 1, 1, 3, 4, 5, 0, time.UTC).AddDate(0, 0, 3*i), Status: http.StatusOK,
			Body: killPage(i/4*2 + i%4/3), Header: http.Header{"Content-Type": {"text/html; charset=utf-8"}},
		})
	}
	srv := archive.Serve()
	defer srv.Close()
	dir := t.TempDir()
	config := filepath.Join(dir, "watcher.yml")
	if err := os.WriteFile(config, fmt.Appendf(nil, `
version: 1
crawler: {allow_private: ["127.0.0.0/8"]}
wayback: {base_url: "%s", list_delay: 0s, capture_delay: 0s}
vendors: [{name: Killed, policies: [{kind: privacy, url: "https://killed.example/privacy"}]}]
`, srv.URL), 0o600); err != nil {
		t.Fatal(err)
	}
	checkKilled(t, config, captures, "--from", "wayback")
}

// TestKillBackfillOTA does the same with snapshots out of a git repository.
func TestKillBackfillOTA(t *testing.T) {
	captures := 300
	if testing.Short() {
		captures = 60
	}
	made := otafake.New(t)
	for i := range captures {
		made.Snapshot(time.Date(2015, 1, 1, 3, 4, 5, 0, time.UTC).AddDate(0, 0, 3*i), "https://killed.example/privacy", "Killed/Privacy Policy.html",
			fmt.Appendf([]byte(killPage(i/4*2+i%4/3)), "<!-- %d -->", i))
	}
	made.Flush()
	config := filepath.Join(t.TempDir(), "watcher.yml")
	if err := os.WriteFile(config, []byte(`
version: 1
vendors: [{name: Killed, policies: [{kind: privacy, url: "https://killed.example/privacy"}]}]
`), 0o600); err != nil {
		t.Fatal(err)
	}
	checkKilled(t, config, captures, "--from", "ota", made.Dir)
}

// checkKilled kills a backfill again and again and compares what is left in the
// end with what one run in one go leaves.
func checkKilled(t *testing.T, config string, captures int, args ...string) {
	t.Helper()
	dir := t.TempDir()
	run := func(db string, kill time.Duration) time.Duration {
		t.Helper()
		ctx := t.Context()
		if kill > 0 {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, kill)
			defer cancel()
		}
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		cmd := exec.CommandContext(ctx, self, append([]string{"--config.file", config, "--storage.path", db, "backfill"}, args...)...)
		cmd.Env = append(os.Environ(), asWatcher+"=1")
		if out, err := cmd.CombinedOutput(); err != nil && ctx.Err() == nil {
			t.Fatalf("backfill: %v\n%s", err, out)
		}
		return time.Since(begin)
	}
	whole, killed := filepath.Join(dir, "whole.db"), filepath.Join(dir, "killed.db")
	took := run(whole, 0)
	for range backfillKills {
		run(killed, time.Duration((0.05+0.2*rand.Float64())*float64(took)))
	}
	run(killed, 0)
	want, got := pastOf(t, whole), pastOf(t, killed)
	if len(want) < captures/8 || strings.Join(want, "\n") != strings.Join(got, "\n") {
		t.Errorf("%d versions in one go, %d after kills:\n%s\n\n%s", len(want), len(got), strings.Join(want, "\n"), strings.Join(got, "\n"))
	}
	t.Logf("%d captures, %d versions, %v in one go (%.0f captures per second)", captures, len(want), took, float64(captures)/took.Seconds())
}

// pastOf returns the versions in a store, a line each.
func pastOf(t *testing.T, db string) []string {
	t.Helper()
	s, err := bolt.Open(db, bolt.Options{LockTimeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	versions, err := s.Versions(t.Context(), policy.ID("killed/privacy"))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, v := range versions {
		out = append(out, fmt.Sprintf("%d %s %s %s %s", v.Number, v.Kind, v.FirstSeenAt.Format(time.RFC3339), v.CapturedAt.Format(time.RFC3339), v.SHA256.String()[:10]))
	}
	return out
}
