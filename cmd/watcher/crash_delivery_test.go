package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"testing"
	"time"

	"watcher/policy"
	"watcher/storage"
	"watcher/storage/bolt"
)

// postWorld are the two receivers of a daemon that is killed while it delivers:
// a program, which gets each alert, and a chat, which gets groups.
type postWorld struct {
	t          *testing.T
	config, db string

	mu sync.Mutex
	// hooked and chatted hold the ids under which each alert arrived.
	hooked, chatted map[string]map[string]bool
	// messages counts deliveries by the id of the message.
	messages map[string]int
}

// The number of an alert stands in its summary.
var (
	alertNumber = regexp.MustCompile(`number (\d+)\.`)
	chatID      = regexp.MustCompile(`alert ((?:msg|alt)_[0-9a-f]+)`)
)

func newPostWorld(t *testing.T) *postWorld {
	t.Helper()
	w := &postWorld{t: t, hooked: map[string]map[string]bool{}, chatted: map[string]map[string]bool{}, messages: map[string]int{}}
	site := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(rw, killPage(1))
	}))
	t.Cleanup(site.Close)
	hook := httptest.NewServer(w.receive(w.hooked, func(r *http.Request, _ []byte) string { return r.Header.Get("webhook-id") }))
	t.Cleanup(hook.Close)
	chat := httptest.NewServer(w.receive(w.chatted, func(_ *http.Request, body []byte) string {
		if m := chatID.FindSubmatch(body); m != nil {
			return string(m[1])
		}
		return ""
	}))
	t.Cleanup(chat.Close)
	dir := t.TempDir()
	w.config, w.db = filepath.Join(dir, "watcher.yml"), filepath.Join(dir, "w.db")
	cfg := fmt.Sprintf(`
version: 1
crawler: {allow_private: ["127.0.0.0/8"], per_host_delay: 0s}
vendors: [{name: Killed, policies: [{kind: privacy, url: "%s/privacy"}]}]
receivers:
  - {name: hook, webhook: {url: "%s"}}
  - {name: chat, slack: {url: "%s"}}
`, site.URL, hook.URL, chat.URL)
	if err := os.WriteFile(w.config, []byte(cfg), 0o600); err != nil {
		t.Fatal(err)
	}
	return w
}

// receive notes the alerts that a message carries before it answers, a little
// later: the kill may come between.
func (w *postWorld) receive(into map[string]map[string]bool, id func(*http.Request, []byte) string) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // killed on the way
		}
		w.mu.Lock()
		w.messages[id(r, body)]++
		for _, m := range alertNumber.FindAllSubmatch(body, -1) {
			n := string(m[1])
			if into[n] == nil {
				into[n] = map[string]bool{}
			}
			into[n][id(r, body)] = true
		}
		w.mu.Unlock()
		select {
		case <-time.After(time.Duration(rand.IntN(4)) * time.Millisecond):
		case <-r.Context().Done():
		}
		_, _ = io.WriteString(rw, "ok")
	})
}

const alertsPerKill = 8

// fill puts alerts into the outbox, as a check that was not killed would.
func (w *postWorld) fill(from int) {
	w.t.Helper()
	db, err := bolt.Open(w.db, bolt.Options{LockTimeout: 5 * time.Second})
	if err != nil {
		w.t.Fatalf("the store does not open after a kill: %v", err)
	}
	var alerts []policy.Alert
	now := time.Now().UTC()
	for n := from; n < from+alertsPerKill; n++ {
		e := policy.Event{
			ID: fmt.Sprintf("evt_%06d", n), Type: policy.EventPolicyUnreachable, At: now, FirstSeenAt: now,
			Policy: policy.PolicyRef{ID: "killed/privacy", Vendor: "Killed", Kind: policy.KindPrivacy}, Summary: fmt.Sprintf("number %d.", n),
		}
		chat := policy.NewAlert(e, "chat", now)
		chat.Group = "vendor:killed"
		alerts = append(alerts, policy.NewAlert(e, "hook", now), chat)
	}
	if _, err := db.AddAlerts(w.t.Context(), alerts); err != nil {
		w.t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		w.t.Fatal(err)
	}
}

// daemon runs "watcher run" in a process of its own and kills it after a while.
func (w *postWorld) daemon(kill time.Duration) {
	w.t.Helper()
	self, err := os.Executable()
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), kill) // exec kills with SIGKILL
	defer cancel()
	cmd := exec.CommandContext(ctx, self, "--config.file", w.config, "--storage.path", w.db, "run", "--web.listen-address", "127.0.0.1:0")
	cmd.Env = append(os.Environ(), asWatcher+"=1")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil && ctx.Err() == nil {
		w.t.Fatalf("run: %v\n%s", err, out.String())
	}
}

// alerts returns the outbox.
func (w *postWorld) alerts() (all []policy.Alert, left int) {
	w.t.Helper()
	db, err := bolt.Open(w.db, bolt.Options{LockTimeout: 5 * time.Second})
	if err != nil {
		w.t.Fatal(err)
	}
	defer db.Close()
	if all, err = db.Alerts(w.t.Context(), storage.AlertQuery{}); err != nil {
		w.t.Fatal(err)
	}
	for _, a := range all {
		if a.State != policy.AlertDelivered {
			left++
		}
	}
	return all, left
}

// TestKillDuringDelivery kills the daemon at random moments while it delivers:
// every alert arrives at least once at both receivers, always under one id, be
// it its own or that of its group.
func TestKillDuringDelivery(t *testing.T) {
	w := newPostWorld(t)
	kills := crashes(t)
	for i := range kills {
		w.fill(i * alertsPerKill)
		w.daemon(time.Duration(20+rand.IntN(180)) * time.Millisecond)
	}
	all, left := w.alerts()
	for round := 0; left > 0; round++ {
		if round == 20 {
			t.Fatalf("%d alerts are left after 20 undisturbed runs", left)
		}
		w.daemon(3 * time.Second)
		all, left = w.alerts()
	}
	if len(all) != 2*kills*alertsPerKill {
		t.Errorf("%d alerts in the outbox, want %d", len(all), 2*kills*alertsPerKill)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, a := range all {
		w.arrived(a)
	}
	repeats := 0
	for _, n := range w.messages {
		repeats += n - 1
	}
	t.Logf("%d kills: %d alerts in %d messages, of which %d were repeated", kills, len(all), len(w.messages), repeats)
}

// arrived proves that an alert came at least once, and under one id.
func (w *postWorld) arrived(a policy.Alert) {
	w.t.Helper()
	id, got := a.ID, w.hooked
	if a.Receiver == "chat" {
		got = w.chatted
		if a.Batch != "" {
			id = a.Batch // a large group names its policies and shows some of the alerts
		}
	}
	if w.messages[id] == 0 {
		w.t.Errorf("%s: alert %s (%s) never arrived", a.Receiver, a.ID, id)
	}
	ids := got[alertNumber.FindStringSubmatch(a.Event.Summary)[1]]
	if len(ids) > 1 || len(ids) == 1 && !ids[id] || a.Receiver == "hook" && len(ids) != 1 {
		w.t.Errorf("%s: %s arrived under %v, want %s alone", a.Receiver, a.Event.Summary, ids, id)
	}
}
