package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"watcher/policy"
	"watcher/storage"
	"watcher/watch"
)

// stormSite serves the policies of many vendors, all of which can gain the same
// paragraph at once.
type stormSite struct{ banner atomic.Bool }

func (s *stormSite) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	page := strings.ReplaceAll(policyPage, "This privacy policy", "This privacy policy of "+strings.Trim(r.URL.Path, "/"))
	if s.banner.Load() {
		page = strings.Replace(page, "</main>", "<p>We share personal data with our partners for advertising and keep it for ten years.</p></main>", 1)
	}
	_, _ = io.WriteString(w, page)
}

// TestMassChange: with the real parts, from the page to the receiver. Twelve
// policies change at once: one message, and the rest once somebody says so.
func TestMassChange(t *testing.T) {
	site := &stormSite{}
	vendor := httptest.NewServer(site)
	defer vendor.Close()
	h := &hook{}
	receiver := httptest.NewServer(h)
	defer receiver.Close()
	cfg := oneVendor(t, vendor.URL)
	var vendors []any
	for i := range 12 {
		vendors = append(vendors, vendorConfig(fmt.Sprintf("Vendor %02d", i), vendor.URL+fmt.Sprintf("/v%02d", i)))
	}
	cfg["vendors"] = vendors
	cfg["receivers"] = []any{map[string]any{"name": "team", "webhook": map[string]any{"url": receiver.URL}}}
	a := testApp(t, cfg)
	run := func() {
		t.Helper()
		if err := a.Pass(t.Context(), watch.PassOptions{}, func(policy.Check) error { return nil }); err != nil {
			t.Fatal(err)
		}
		if got, err := a.Drain(t.Context()); err != nil || got.Failed != 0 {
			t.Fatalf("Drain = %+v, %v", got, err)
		}
	}
	run()
	if n := len(h.received()); n != 0 {
		t.Fatalf("%d alerts about baselines", n)
	}
	site.banner.Store(true)
	run()
	got := h.received()
	if len(got) != 1 || got[0]["type"] != "mass_change" {
		t.Fatalf("%d messages: %v", len(got), got)
	}
	if named := got[0]["data"].(map[string]any)["policies"].([]any); len(named) != 12 || named[0] != "vendor-00/privacy" {
		t.Errorf("it names %v", named)
	}
	held, err := a.store.Alerts(t.Context(), storage.AlertQuery{States: []policy.AlertState{policy.AlertHeld}})
	if err != nil || len(held) != 12 {
		t.Fatalf("%d held, %v", len(held), err)
	}
	if err := a.CloseBreaker(t.Context(), "anna"); err != nil {
		t.Fatal(err)
	}
	run()
	if n := len(h.received()); n != 13 {
		t.Errorf("%d messages after the breaker was closed, want 13", n)
	}
	if b, err := a.store.Breaker(t.Context()); err != nil || b.Open || b.ClosedBy != "anna" {
		t.Errorf("breaker = %+v, %v", b, err)
	}
}

func TestSilencesOfTheApp(t *testing.T) {
	site := policySite(t)
	a := testApp(t, oneVendor(t, site.URL))
	now := time.Now().UTC()
	if _, err := a.AddSilence(t.Context(), policy.Silence{StartsAt: now, EndsAt: now.Add(time.Hour)}); err == nil {
		t.Error("a silence without matchers was kept")
	}
	s, err := a.AddSilence(t.Context(), policy.Silence{
		Matchers: []policy.Matcher{{Name: "vendor", Values: []string{"acme"}}}, StartsAt: now, EndsAt: now.Add(time.Hour),
		CreatedAt: now, Author: "anna", Comment: "a move",
	})
	if err != nil || !strings.HasPrefix(s.ID, "sil_") {
		t.Fatalf("%+v, %v", s, err)
	}
	for range 2 { // the second time it is over already
		if err := a.ExpireSilence(t.Context(), s.ID); err != nil {
			t.Error(err)
		}
	}
	list, err := a.store.Silences(t.Context())
	if err != nil || len(list) != 1 || list[0].Active(time.Now()) || list[0].EndsAt.After(time.Now()) {
		t.Errorf("silences = %+v, %v", list, err)
	}
	if err := a.ExpireSilence(t.Context(), "sil_none"); !errors.Is(err, policy.ErrNotFound) {
		t.Errorf("expire an unknown one: %v", err)
	}
	if _, err := a.ResumeReceiver(t.Context(), "nobody"); !errors.Is(err, policy.ErrNotFound) {
		t.Errorf("resume an unknown one: %v", err)
	}
}

// TestPlanOfAlerts: what people read waits for its group, what programs read
// does not.
func TestPlanOfAlerts(t *testing.T) {
	cfg := oneVendor(t, "https://acme.example")
	cfg["receivers"] = []any{
		map[string]any{"name": "both", "slack": map[string]any{"url": "https://hooks.example.org/s"}, "webhook": map[string]any{"url": "https://hooks.example.org/w"}},
	}
	cfg["routes"] = []any{
		map[string]any{"receiver": "both", "match": map[string]any{"dates": []string{"silent_change"}}, "digest": "daily"},
		map[string]any{"receiver": "both"},
	}
	cfg["time_zone"] = "Europe/Copenhagen"
	a := testApp(t, cfg)
	at := time.Date(2025, 6, 2, 12, 0, 0, 0, time.UTC)
	e := policy.Event{ID: "evt_1", Type: policy.EventPolicyChanged, Policy: policy.PolicyRef{ID: "acme/privacy"}}
	got := a.routeNow(e, at)
	if len(got) != 2 || got[0].Group != "vendor:acme" || got[0].NotBefore.Sub(at) != 30*time.Second || !got[1].NotBefore.IsZero() || got[1].Group != "" {
		t.Errorf("without a digest: %+v", got)
	}
	e.DateFacts = []policy.DateFact{policy.SilentChange}
	got = a.routeNow(e, at)
	if want := time.Date(2025, 6, 3, 6, 0, 0, 0, time.UTC); len(got) != 2 || got[0].Group != "digest:daily" || !got[0].NotBefore.Equal(want) || !got[1].NotBefore.IsZero() {
		t.Errorf("with a digest: %+v", got)
	}
}

// pulse counts heartbeats.
type pulse struct {
	mu     sync.Mutex
	seen   []string
	status int
}

func (p *pulse) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen = append(p.seen, r.Method+" "+r.URL.Path)
	w.WriteHeader(p.status)
}

func (p *pulse) beats() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.seen...)
}

func TestHeartbeat(t *testing.T) {
	p := &pulse{status: http.StatusNoContent}
	srv := httptest.NewServer(p)
	defer srv.Close()
	cfg := oneVendor(t, policySite(t).URL)
	cfg["heartbeat"] = map[string]any{"url": srv.URL + "/canary-ping", "method": "POST"}
	file := t.TempDir() + "/watcher.yml"
	writeConfig(t, file, cfg)
	r := start(t, Options{ConfigFile: file})
	until(t, "a heartbeat came", func() bool { return len(p.beats()) > 0 })
	if got := p.beats()[0]; got != "POST /canary-ping" {
		t.Errorf("heartbeat is %q", got)
	}
	until(t, "it was counted", func() bool { return testutil.ToFloat64(r.heartbeat.beats) == 1 })
	if n := testutil.ToFloat64(r.heartbeat.failed); n != 0 {
		t.Errorf("%v failed", n)
	}
	r.heartbeat.client.CloseIdleConnections()
}

// TestHeartbeatFails: what does not get through is logged without the address,
// counted, and stops nothing.
func TestHeartbeatFails(t *testing.T) {
	p := &pulse{status: http.StatusForbidden}
	srv := httptest.NewServer(p)
	cfg := oneVendor(t, "https://acme.example")
	cfg["heartbeat"] = map[string]any{"url": srv.URL + "/canary-ping"}
	a := testApp(t, cfg)
	var log bytes.Buffer
	a.opts.Logger = slog.New(slog.NewTextHandler(&log, nil))
	a.Beat(t.Context())
	a.heartbeat.client.CloseIdleConnections()
	srv.Close()
	a.Beat(t.Context())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	a.Beat(ctx) // a program that ends is no failure of the address
	if beats, failed := testutil.ToFloat64(a.heartbeat.beats), testutil.ToFloat64(a.heartbeat.failed); beats != 3 || failed != 2 {
		t.Errorf("%v beats, %v failed", beats, failed)
	}
	if text := log.String(); !strings.Contains(text, "HTTP 403") || !strings.Contains(text, "refused") || strings.Contains(text, "canary") {
		t.Errorf("log: %s", text)
	}
	if got := p.beats(); len(got) != 1 || got[0] != "GET /canary-ping" {
		t.Errorf("beats: %v", got)
	}
}
