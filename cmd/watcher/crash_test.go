package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"watcher/policy"
	"watcher/storage/bolt"
)

// crashes is how often the kill test kills; "make crash" asks for more.
func crashes(t *testing.T) int {
	t.Helper()
	s := os.Getenv("WATCHER_CRASHES")
	if s == "" {
		return 20
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatalf("WATCHER_CRASHES: %v", err)
	}
	return n
}

// killWorld is a vendor whose policy goes on to its next text once the last
// one is stored, a receiver, and a watcher that is killed all the time.
type killWorld struct {
	t           *testing.T
	mu          sync.Mutex
	text        int
	alerts      map[string]map[string]bool // text digest -> ids it was told under
	deliveries  int
	config, db  string
	fullRun     time.Duration
	site, hooks *httptest.Server
}

func newKillWorld(t *testing.T) *killWorld {
	t.Helper()
	w := &killWorld{t: t, alerts: map[string]map[string]bool{}}
	w.site = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		w.mu.Lock()
		defer w.mu.Unlock()
		rw.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(rw, killPage(w.text))
	}))
	t.Cleanup(w.site.Close)
	w.hooks = httptest.NewServer(http.HandlerFunc(w.hook))
	t.Cleanup(w.hooks.Close)
	dir := t.TempDir()
	w.config, w.db = filepath.Join(dir, "watcher.yml"), filepath.Join(dir, "w.db")
	cfg := fmt.Sprintf(`
version: 1
crawler: {allow_private: ["127.0.0.0/8"], per_host_delay: 0s}
triage: {confirm_after: 0s}
vendors: [{name: Killed, policies: [{kind: privacy, url: "%s/privacy"}]}]
receivers: [{name: hook, webhook: {url: "%s"}}]
`, w.site.URL, w.hooks.URL)
	if err := os.WriteFile(w.config, []byte(cfg), 0o600); err != nil {
		t.Fatal(err)
	}
	return w
}

func killPage(n int) string {
	return fmt.Sprintf(`<html lang="en"><title>Privacy</title><main><h1>Privacy Policy</h1>
<p>This privacy policy says how we collect and process personal data, for which purposes and with whom we share it.
You may withdraw your consent at any time and ask us for access, correction or erasure of what we hold about you.</p>
<h2>Retention</h2><p>We keep personal data for %d months after your account was closed, and then we delete it.</p></main></html>`, 12+n)
}

func (w *killWorld) hook(rw http.ResponseWriter, r *http.Request) {
	var body struct {
		Data struct {
			To struct{ SHA256 string }
		}
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		http.Error(rw, err.Error(), http.StatusBadRequest)
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	to := body.Data.To.SHA256
	if w.alerts[to] == nil {
		w.alerts[to] = map[string]bool{}
	}
	w.alerts[to][r.Header.Get("webhook-id")] = true
	w.deliveries++
}

// check runs "watcher check" in a process of its own and kills it after a
// while; 0 lets it end.
func (w *killWorld) check(kill time.Duration) {
	w.t.Helper()
	ctx := context.Background()
	if kill > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, kill) // exec kills with SIGKILL
		defer cancel()
	}
	self, err := os.Executable()
	if err != nil {
		w.t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, self, "--config.file", w.config, "--storage.path", w.db, "check")
	cmd.Env = append(os.Environ(), asWatcher+"=1")
	out, err := cmd.CombinedOutput()
	if err != nil && ctx.Err() == nil {
		w.t.Fatalf("check: %v\n%s", err, out)
	}
}

// versions reads the store as the next process would find it.
func (w *killWorld) versions() []policy.Version {
	w.t.Helper()
	if _, err := os.Stat(w.db); err != nil {
		return nil
	}
	db, err := bolt.Open(w.db, bolt.Options{LockTimeout: time.Second})
	if err != nil {
		w.t.Fatalf("the store does not open after a kill: %v", err)
	}
	defer db.Close()
	vs, err := db.Versions(w.t.Context(), "killed/privacy")
	if err != nil && !strings.Contains(err.Error(), policy.ErrNotFound.Error()) {
		w.t.Fatal(err)
	}
	return vs
}

// TestKill kills the program at random moments of a check: no version is lost
// or doubled, and every alert arrives at least once, always under one id.
func TestKill(t *testing.T) {
	w := newKillWorld(t)
	start := time.Now()
	w.check(0)
	w.fullRun = time.Since(start)
	n := crashes(t)
	for range n {
		stored := len(w.versions())
		w.mu.Lock()
		w.text = stored
		w.mu.Unlock()
		w.check(time.Duration(rand.Float64() * 1.3 * float64(w.fullRun)))
	}
	w.check(0)
	w.check(0)
	vs := w.versions()
	seen := map[policy.Digest]bool{}
	for i, v := range vs {
		if v.Number != i+1 || seen[v.SHA256] {
			t.Errorf("version %d has number %d, its text was seen before: %v", i+1, v.Number, seen[v.SHA256])
		}
		seen[v.SHA256] = true
		w.mu.Lock()
		ids := w.alerts[v.SHA256.String()]
		w.mu.Unlock()
		if want := min(i, 1); len(ids) != want {
			t.Errorf("version %d was told of under %d ids, want %d", v.Number, len(ids), want)
		}
	}
	t.Logf("%d kills over %v each: %d versions, %d deliveries", n, w.fullRun, len(vs), w.deliveries)
}
