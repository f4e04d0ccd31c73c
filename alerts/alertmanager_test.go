package alerts

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"watcher/policy"
)

func healthEvent(t policy.EventType, at, since time.Time) Message {
	return Message{AlertID: "alt_" + string(t), SentAt: at, Event: policy.Event{
		ID: "evt_1", Type: t, At: at, FirstSeenAt: since, Summary: "HTTP 503",
		Policy: policy.PolicyRef{ID: "acme/privacy", Vendor: "Acme", Kind: policy.KindPrivacy, URL: "https://acme.example/privacy"},
	}}
}

func managerAt(t *testing.T, url string) *Alertmanager {
	t.Helper()
	a, err := NewAlertmanager(AlertmanagerOptions{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// TestAlertmanagerTimes: what is so stays up until it is over, what happened
// ends by itself, and what is delivered late is still seen.
func TestAlertmanagerTimes(t *testing.T) {
	a := managerAt(t, "http://am.example/")
	since := testTime.Add(-time.Hour)
	down := a.alerts(healthEvent(policy.EventPolicyUnreachable, testTime, since), true)
	up := a.alerts(healthEvent(policy.EventPolicyRecovered, testTime.Add(time.Hour), since), true)
	if len(down) != 1 || len(up) != 2 {
		t.Fatalf("%d and %d alerts", len(down), len(up))
	}
	if diff := cmp.Diff(down[0].Labels, up[0].Labels); diff != "" {
		t.Errorf("the end is that of another alert: %s", diff)
	}
	held := a.alerts(healthEvent(policy.EventPolicyQuarantined, testTime, since), true)
	if diff := cmp.Diff(held[0].Labels, up[1].Labels); diff != "" {
		t.Errorf("the end is that of another alert: %s", diff)
	}
	if down[0].EndsAt.Sub(testTime) != stateFor || !up[0].EndsAt.Equal(testTime.Add(time.Hour)) || !down[0].StartsAt.Equal(since) {
		t.Errorf("down from %v to %v, up at %v", down[0].StartsAt, down[0].EndsAt, up[0].EndsAt)
	}
	late := changedMessage()
	late.SentAt = late.Event.At.Add(72 * time.Hour)
	if got := a.alerts(late, true)[0]; !got.EndsAt.Equal(late.SentAt.Add(24 * time.Hour)) {
		t.Errorf("a change that is delivered after three days ends at %v", got.EndsAt)
	}
	again := changedMessage()
	again.Event.To = &policy.VersionRef{Version: 3}
	if cmp.Equal(a.alerts(late, true)[0].Labels, a.alerts(again, true)[0].Labels) {
		t.Error("two changes are one alert")
	}
	for _, e := range append(policy.EventTypes(), policy.EventTest) {
		for _, p := range a.alerts(healthEvent(e, testTime, testTime), true) {
			if !p.EndsAt.After(p.StartsAt) || !strings.HasPrefix(p.Labels["alertname"], "Watcher") || p.Annotations["summary"] == "" {
				t.Errorf("%s: %+v", e, p)
			}
		}
	}
}

func TestAlertmanagerLogin(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		if r.URL.Path != "/base/api/v2/alerts" || user != "watcher" || password != "canary" {
			t.Errorf("%s as %s", r.URL.Path, user)
		}
		http.Error(w, "canary "+r.Header.Get("Authorization"), http.StatusForbidden)
	}))
	defer server.Close()
	for _, url := range []string{server.URL + "/base", server.URL + "/base/", server.URL + "/base/api/v2/alerts"} {
		a, err := NewAlertmanager(AlertmanagerOptions{URL: url, Username: "watcher", Password: "canary"})
		if err != nil {
			t.Fatal(err)
		}
		got := sendError(t, a.Send(t.Context(), changedMessage()))
		if got == nil || got.Kind != ReceiverDead || strings.Contains(got.Error(), "canary") || strings.Contains(got.Error(), "d2F0Y2hlcj") {
			t.Errorf("%s: %v", url, got)
		}
	}
}

// TestRealAlertmanager: the program of Debian's package takes what is sent, has
// an alert up while it should be, and tells its receiver when it is over.
func TestRealAlertmanager(t *testing.T) {
	program, err := exec.LookPath("prometheus-alertmanager")
	if err != nil {
		if program, err = exec.LookPath("alertmanager"); err != nil {
			t.Skip("no prometheus-alertmanager: scripts/test-deps installs it")
		}
	}
	told := newToldOf(t)
	url := startAlertmanager(t, program, told.url)
	a := managerAt(t, url)
	since := time.Now().Add(-time.Hour)
	down := healthEvent(policy.EventPolicyUnreachable, time.Now(), since)
	change := changedMessage()
	change.Event.At, change.SentAt, change.Event.FirstSeenAt = time.Now(), time.Now(), since
	for _, m := range []Message{down, change, change} { // a repeat is the same alert
		if err := a.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.SendMinimal(t.Context(), down); err != nil {
		t.Fatal(err)
	}
	told.wait(t, "WatcherPolicyUnreachable firing", "WatcherPolicyChanged firing")
	if got := active(t, url); got != 2 {
		t.Errorf("%d alerts are up, want 2", got)
	}
	if err := a.Send(t.Context(), healthEvent(policy.EventPolicyRecovered, time.Now(), since)); err != nil {
		t.Fatal(err)
	}
	told.wait(t, "WatcherPolicyUnreachable resolved")
	if got := active(t, url); got != 1 {
		t.Errorf("%d alerts are up after the recovery, want the change alone", got)
	}
	bad := sendError(t, (&Alertmanager{poster: a.poster, header: http.Header{"Content-Type": {"text/plain"}}}).Send(t.Context(), down))
	if bad == nil || bad.Kind == Retry {
		t.Errorf("what it refuses: %v", bad)
	}
}

// startAlertmanager runs the program until the end of the test.
func startAlertmanager(t *testing.T, program, receiver string) string {
	t.Helper()
	dir := t.TempDir()
	config := fmt.Sprintf("route: {receiver: r, group_by: [alertname], group_wait: 1ms, group_interval: 1s}\nreceivers: [{name: r, webhook_configs: [{url: %q, send_resolved: true}]}]\n", receiver)
	file := filepath.Join(dir, "am.yml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	_ = l.Close()
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, program, "--config.file="+file, "--storage.path="+dir, "--web.listen-address="+addr, "--cluster.listen-address=")
	var output strings.Builder
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait()
		if t.Failed() {
			t.Log(output.String())
		}
	})
	url := "http://" + addr
	poll(t, "the Alertmanager is ready", func() bool {
		resp, err := http.Get(url + "/-/ready")
		if err != nil {
			return false
		}
		_ = resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
	return url
}

// poll waits for something that another process does.
func poll(t *testing.T, what string, done func() bool) {
	t.Helper()
	deadline := time.NewTimer(30 * time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("not within 30 s: %s", what)
		}
	}
}

func active(t *testing.T, url string) int {
	t.Helper()
	resp, err := http.Get(url + "/api/v2/alerts?active=true")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var list []json.RawMessage
	if err := json.NewDecoder(resp.Body).Decode(&list); err != nil {
		t.Fatal(err)
	}
	return len(list)
}

// toldOf is the receiver behind an Alertmanager.
type toldOf struct {
	url string
	mu  sync.Mutex
	all map[string]bool
}

func newToldOf(t *testing.T) *toldOf {
	t.Helper()
	told := &toldOf{all: map[string]bool{}}
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		var n struct {
			Alerts []struct {
				Status string            `json:"status"`
				Labels map[string]string `json:"labels"`
			} `json:"alerts"`
		}
		if err := json.Unmarshal(body, &n); err != nil {
			return
		}
		told.mu.Lock()
		defer told.mu.Unlock()
		for _, a := range n.Alerts {
			told.all[a.Labels["alertname"]+" "+a.Status] = true
		}
	}))
	t.Cleanup(server.Close)
	told.url = server.URL
	return told
}

func (o *toldOf) wait(t *testing.T, wanted ...string) {
	t.Helper()
	for _, w := range wanted {
		poll(t, w, func() bool {
			o.mu.Lock()
			defer o.mu.Unlock()
			return o.all[w]
		})
	}
}
