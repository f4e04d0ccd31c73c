package app

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/goleak"

	"watcher/client"
	"watcher/metrics"
	"watcher/policy"
	"watcher/storage"
	"watcher/watch"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const policyPage = `<html lang="en"><title>Privacy</title><main><h1>Privacy Policy</h1>
<p>This privacy policy says how we collect and process personal data, for which purposes and with whom we share it.
You may withdraw your consent at any time and ask us for access, correction or erasure of what we hold about you.
We keep personal data for 12 months after your account was closed, and then we delete it.</p></main></html>`

// until polls a condition; the deadline is for a test that fails.
func until(t *testing.T, what string, cond func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	deadline := time.NewTimer(time.Minute)
	defer deadline.Stop()
	for !cond() {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("waited a minute until %s", what)
		}
	}
}

// running is a started app with what a test wants to look at.
type running struct {
	*App
	file, store string
	registry    *prometheus.Registry
}

func start(t *testing.T, o Options) running {
	t.Helper()
	dir := t.TempDir()
	r := running{file: o.ConfigFile, store: filepath.Join(dir, "w.db"), registry: prometheus.NewRegistry()}
	o.StoragePath, o.Registry, o.Output = r.store, r.registry, io.Discard
	o.Web.ListenAddress = "127.0.0.1:0"
	a, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	r.App = a
	t.Cleanup(func() {
		if err := a.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	if err := a.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r running) get(t *testing.T, path string) (int, string) {
	t.Helper()
	return r.do(t, http.MethodGet, path, "")
}

func (r running) do(t *testing.T, method, path, token string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, "http://"+r.Addr()+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	req.Close = true
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

// TestDeadNetwork: with no network the daemon stays up, says of every policy
// why it fails, tells nobody of a change, and ends cleanly.
func TestDeadNetwork(t *testing.T) {
	dead := func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("network is unreachable")}
	}
	r := start(t, Options{ConfigFile: "../watcher.yml", Dial: dead})
	failing := func() (n int) {
		states, err := r.Store().States(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range states {
			if s.LastOutcome == policy.OutcomeFailed && strings.Contains(s.LastError, "network is unreachable") && s.Head == 0 {
				n++
			}
		}
		return n
	}
	until(t, "all five policies are failing", func() bool { return failing() == 5 })
	if code, body := r.get(t, "/"); code != http.StatusOK || !strings.Contains(body, "network is unreachable") {
		t.Errorf("the pages do not say why: %d", code)
	}
	if code, _ := r.get(t, "/-/ready"); code != http.StatusOK {
		t.Errorf("/-/ready: %d", code)
	}
	alerts, err := r.Store().Alerts(t.Context(), storage.AlertQuery{})
	if err != nil || len(alerts) != 0 {
		t.Errorf("alerts = %v, %v", alerts, err)
	}
	if err := r.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := r.Stop(t.Context()); err != nil {
		t.Errorf("a second stop: %v", err)
	}
}

func oneVendor(t *testing.T, site string) map[string]any {
	t.Helper()
	return map[string]any{
		"version": 1,
		"crawler": map[string]any{"allow_private": []string{"127.0.0.0/8"}, "per_host_delay": "0s"},
		"triage":  map[string]any{"confirm_after": "0s"},
		"vendors": []any{vendorConfig("Acme", site)},
	}
}

func vendorConfig(name, site string) map[string]any {
	return map[string]any{"name": name, "policies": []any{map[string]any{"kind": "privacy", "url": site + "/privacy"}}}
}

func policySite(t *testing.T) *httptest.Server {
	t.Helper()
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, policyPage)
	}))
	t.Cleanup(site.Close)
	return site
}

func TestReload(t *testing.T) {
	site := policySite(t)
	file := filepath.Join(t.TempDir(), "watcher.yml")
	cfg := oneVendor(t, site.URL)
	writeConfig(t, file, cfg)
	r := start(t, Options{ConfigFile: file})
	head := func(id policy.ID) func() bool {
		return func() bool {
			s, err := r.Store().State(t.Context(), id)
			return err == nil && s.Head == 1
		}
	}
	until(t, "the first policy has a version", head("acme/privacy"))

	// A bad file leaves the running configuration in place and is told of.
	if err := os.WriteFile(file, []byte("version: 1\nvendor: []\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, body := r.do(t, http.MethodPost, "/-/reload", r.Token()); code < 400 || !strings.Contains(body, "vendors") {
		t.Errorf("reload of a bad file: %d %s", code, body)
	}
	if n := len(r.Policies()); n != 1 {
		t.Errorf("%d policies after a bad reload, want 1", n)
	}
	if _, body := r.get(t, "/-/ready"); !strings.Contains(body, "reload") {
		t.Errorf("/-/ready does not tell of the bad reload: %s", body)
	}
	r.wantMetric(t, "watcher_config_last_reload_successful", 0)

	// A good one is taken over at once, without a restart.
	cfg["vendors"] = append(cfg["vendors"].([]any), vendorConfig("Other", site.URL))
	cfg["crawler"].(map[string]any)["contact"] = "someone@example.org"
	writeConfig(t, file, cfg)
	if code, body := r.do(t, http.MethodPost, "/-/reload", ""); code < 400 {
		t.Errorf("a reload without the token is not refused: %d %s", code, body)
	}
	if code, body := r.do(t, http.MethodPost, "/-/reload", r.Token()); code >= 300 {
		t.Fatalf("reload: %d %s", code, body)
	}
	until(t, "the new policy has a version", head("other/privacy"))
	r.wantMetric(t, "watcher_config_last_reload_successful", 1)

	cfg["vendors"] = []any{vendorConfig("Other", site.URL)}
	writeConfig(t, file, cfg)
	if err := r.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	s, err := r.Store().State(t.Context(), "acme/privacy")
	if err != nil || !s.Retired || s.Head != 1 {
		t.Errorf("a policy that left: %+v, %v", s, err)
	}
}

func (r running) wantMetric(t *testing.T, name string, want float64) {
	t.Helper()
	families, err := r.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			if got := f.GetMetric()[0].GetGauge().GetValue(); got != want {
				t.Errorf("%s = %v, want %v", name, got, want)
			}
			return
		}
	}
	t.Errorf("no metric %s", name)
}

// TestMetricsAreClean lints everything that the program exposes.
func TestMetricsAreClean(t *testing.T) {
	site := policySite(t)
	file := filepath.Join(t.TempDir(), "watcher.yml")
	writeConfig(t, file, oneVendor(t, site.URL))
	r := start(t, Options{ConfigFile: file})
	problems, err := testutil.GatherAndLint(r.registry)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	differences, err := metrics.Compare(r.registry)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range differences {
		t.Errorf("docs/METRICS.md: %s", d)
	}
	code, body := r.get(t, "/metrics")
	if code != http.StatusOK {
		t.Fatalf("/metrics: %d", code)
	}
	for _, want := range []string{
		`watcher_checks_total{outcome="quarantined",policy="acme/privacy",vendor="Acme"} 0`,
		`watcher_fetches_total{outcome="ssrf_denied"} 0`,
		`watcher_notifications_total{receiver="log"} 0`,
		`watcher_build_info{`,
		`watcher_policy_changes{`,
		`watcher_outbox_pending{receiver="log"} 0`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("/metrics lacks %s", want)
		}
	}
}

func TestRunFile(t *testing.T) {
	site := policySite(t)
	file := filepath.Join(t.TempDir(), "watcher.yml")
	writeConfig(t, file, oneVendor(t, site.URL))
	r := start(t, Options{ConfigFile: file})
	run, err := ReadRunFile(r.store)
	if err != nil || run.Address != "http://"+r.Addr() || run.Token != r.Token() || run.PID != os.Getpid() {
		t.Errorf("run file = %+v, %v", run, err)
	}
	info, err := os.Stat(RunFilePath(r.store))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the run file holds a secret and has mode %v, %v", info.Mode(), err)
	}
	if err := r.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(RunFilePath(r.store)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the run file outlives the daemon: %v", err)
	}
}

func TestGuardListen(t *testing.T) {
	users := webConfig{Users: map[string]string{"a": "b"}}
	var certificates webConfig
	certificates.TLS.ClientAuth = "RequireAndVerifyClientCert"
	for _, tc := range []struct {
		web    Web
		config webConfig
		ok     bool
	}{
		{Web{ListenAddress: "127.0.0.1:9847"}, webConfig{}, true},
		{Web{ListenAddress: "[::1]:9847"}, webConfig{}, true},
		{Web{ListenAddress: "localhost:9847"}, webConfig{}, true},
		{Web{ListenAddress: ":9847"}, webConfig{}, false},
		{Web{ListenAddress: "0.0.0.0:9847"}, webConfig{}, false},
		{Web{ListenAddress: "192.0.2.1:9847"}, webConfig{}, false},
		{Web{ListenAddress: "example.org:9847"}, webConfig{}, false},
		{Web{ListenAddress: "9847"}, webConfig{}, false},
		{Web{ListenAddress: ":9847", Insecure: true}, webConfig{}, true},
		{Web{ListenAddress: ":9847", ConfigFile: "empty.yml"}, webConfig{}, false},
		{Web{ListenAddress: ":9847", ConfigFile: "web.yml"}, users, true},
		{Web{ListenAddress: ":9847", ConfigFile: "web.yml"}, certificates, true},
	} {
		if err := guardListen(tc.web, tc.config); (err == nil) != tc.ok {
			t.Errorf("guardListen(%+v) = %v, want ok=%v", tc.web, err, tc.ok)
		}
	}
}

// TestSeveralIntegrations: each integration of a receiver has a queue of its
// own, so that one that is down does not make the other repeat itself.
func TestSeveralIntegrations(t *testing.T) {
	cfg := oneVendor(t, "https://acme.example")
	cfg["receivers"] = []any{
		map[string]any{"name": "both", "slack": map[string]any{"url": "https://hooks.example.org/s"}, "webhook": map[string]any{"url": "https://hooks.example.org/w"}},
		map[string]any{"name": "one", "webhook": map[string]any{"url": "https://hooks.example.org/o"}},
	}
	a := testApp(t, cfg)
	var got []string
	for _, alert := range a.live.Load().receivers.Route(policy.Event{Type: policy.EventPolicyChanged}, time.Now()) {
		got = append(got, alert.Receiver)
	}
	want := "both/slack both/webhook one"
	if strings.Join(got, " ") != want {
		t.Errorf("Route = %v, want %s", got, want)
	}
}

// TestLocalCommandsBesideAuthentication: users in front of the pages do not
// lock the commands of this machine out of their own daemon.
func TestLocalCommandsBesideAuthentication(t *testing.T) {
	site := policySite(t)
	dir := t.TempDir()
	file, users := filepath.Join(dir, "watcher.yml"), filepath.Join(dir, "web.yml")
	writeConfig(t, file, oneVendor(t, site.URL))
	// The password is "secret".
	hash := "$2a$04$hv9KB0WtsJmSDlbyxRN7zeWTYyHYUsYwBGyvVOUEVs0JwMVAqBpaC"
	if err := os.WriteFile(users, []byte("basic_auth_users: {reader: \""+hash+"\"}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := start(t, Options{ConfigFile: file, Web: Web{ConfigFile: users}})
	if code, _ := r.get(t, "/api/v1/policies"); code != http.StatusUnauthorized {
		t.Errorf("without a password: %d", code)
	}
	run, err := ReadRunFile(r.store)
	if err != nil || run.Address == "http://"+r.Addr() {
		t.Fatalf("run file = %+v, %v", run, err)
	}
	c, err := client.New(run.Address, client.Options{HTTPClient: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}, Token: run.Token})
	if err != nil {
		t.Fatal(err)
	}
	if states, err := c.States(t.Context()); err != nil || len(states) != 1 {
		t.Errorf("with the token: %v, %v", states, err)
	}
	stranger, err := client.New(run.Address, client.Options{HTTPClient: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stranger.States(t.Context()); err == nil {
		t.Error("the address for commands answers without the token")
	}
}

// TestWaitingAlertsFollowTheirReceiver: an alert that waits is delivered though
// its receiver gained an integration meanwhile.
func TestWaitingAlertsFollowTheirReceiver(t *testing.T) {
	h := &hook{}
	receiver := httptest.NewServer(h)
	defer receiver.Close()
	site := &vendorSite{}
	site.set(http.StatusOK, "text/html", policyPage)
	vendor := httptest.NewServer(site)
	defer vendor.Close()
	cfg := oneVendor(t, vendor.URL)
	cfg["receivers"] = []any{map[string]any{"name": "team", "webhook": map[string]any{"url": receiver.URL}}}
	a := testApp(t, cfg)
	check := func() {
		if err := a.Pass(t.Context(), watch.PassOptions{}, func(policy.Check) error { return nil }); err != nil {
			t.Fatal(err)
		}
	}
	check()
	site.set(http.StatusOK, "text/html", strings.Replace(policyPage, "12 months", "24 months", 1))
	check() // the alert waits: nothing was drained yet
	cfg["receivers"] = []any{map[string]any{"name": "team", "webhook": map[string]any{"url": receiver.URL}, "log": map[string]any{}}}
	writeConfig(t, a.opts.ConfigFile, cfg)
	if err := a.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if _, err := a.Drain(ctx); err != nil {
		t.Fatal(err)
	}
	if got := h.received(); len(got) != 1 {
		t.Errorf("%d alerts arrived, want the one that waited", len(got))
	}
}
