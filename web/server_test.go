package web

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"watcher/policy"
	"watcher/storage"
)

const testToken = "canary-token"

// fakeActions answers with what it was given and remembers what it was asked.
type fakeActions struct {
	checks   []policy.Check
	err      error
	requests []CheckRequest
	tested   string
	ruled    []policy.Ruling
}

func (a *fakeActions) Check(_ context.Context, req CheckRequest, emit func(policy.Check) error) error {
	a.requests = append(a.requests, req)
	for _, c := range a.checks {
		if err := emit(c); err != nil {
			return err
		}
	}
	return a.err
}

func (a *fakeActions) Reload(context.Context) error { return a.err }

func (a *fakeActions) Rule(_ context.Context, id policy.ID, r policy.Ruling) ([]policy.Check, error) {
	a.ruled = append(a.ruled, r)
	return []policy.Check{{Policy: id, Outcome: policy.OutcomeChanged}}, a.err
}

func (a *fakeActions) TestReceiver(_ context.Context, name string) error {
	a.tested = name
	return a.err
}

func options(store storage.Reader) Options {
	return Options{
		Store: store, Clock: now, Logger: slog.New(slog.DiscardHandler), Token: testToken, Version: "1.2.3",
		ListenHosts: []string{"127.0.0.1:9847"}, ExternalURL: "https://watch.example.org",
		Actions: &fakeActions{}, Held: fakeHeld, Receivers: func() []string { return []string{"privacy-team", "legal-mail"} },
		Config: func() []byte {
			return []byte("version: 1\nreceivers:\n  - name: privacy-team\n    webhook:\n      secret: <secret>\n")
		},
		Policies: fixturePolicies,
	}
}

func handler(t *testing.T, opt Options) http.Handler {
	t.Helper()
	h, err := New(opt)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// call sends a request that passes the guards unless edit says otherwise.
func call(h http.Handler, method, target, body string, edit ...func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Host = "localhost:9847"
	r.Header.Set("Authorization", "Bearer "+testToken)
	for _, e := range edit {
		e(r)
	}
	return callRequest(h, r)
}

func callRequest(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestNewRefusesIncompleteOptions(t *testing.T) {
	good := options(fixture())
	for name, edit := range map[string]func(*Options){
		"no store":        func(o *Options) { o.Store = nil },
		"no clock":        func(o *Options) { o.Clock = nil },
		"no logger":       func(o *Options) { o.Logger = nil },
		"external scheme": func(o *Options) { o.ExternalURL = "javascript://watch.example.org" },
		"external host":   func(o *Options) { o.ExternalURL = "https:///path" },
		"external form":   func(o *Options) { o.ExternalURL = "http://[::1" },
	} {
		opt := good
		edit(&opt)
		if _, err := New(opt); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestHostGuard(t *testing.T) {
	loopback := newHostGuard([]string{"127.0.0.1:9847", "watch.lan"}, "Watch.Example.org")
	all := newHostGuard([]string{":9847"}, "")
	zero := newHostGuard([]string{"0.0.0.0:9847", "[::]:9847"}, "")
	for _, tc := range []struct {
		name  string
		guard hostGuard
		host  string
		want  bool
	}{
		{"loopback", loopback, "127.0.0.1:9847", true},
		{"localhost", loopback, "LOCALHOST:9847", true},
		{"v6 loopback", loopback, "[::1]:9847", true},
		{"v6 without port", loopback, "[::1]", true},
		{"listen name", loopback, "watch.lan:80", true},
		{"external", loopback, "watch.example.org", true},
		{"external root dot", loopback, "watch.example.org.", true},
		{"stranger", loopback, "evil.example", false},
		{"stranger with our suffix", loopback, "localhost.evil.example", false},
		{"other address", loopback, "192.0.2.1:9847", false},
		{"empty", loopback, "", false},
		{"address of a listener on all", all, "192.0.2.1:9847", true},
		{"name at a listener on all", all, "rebound.example", false},
		{"v6 at a listener on all", zero, "[2001:db8::1]:9847", true},
		{"name at 0.0.0.0", zero, "rebound.example:9847", false},
	} {
		if got := tc.guard.allows(tc.host); got != tc.want {
			t.Errorf("%s: allows(%q) = %v, want %v", tc.name, tc.host, got, tc.want)
		}
	}
}

func TestGuards(t *testing.T) {
	host := func(h string) func(*http.Request) { return func(r *http.Request) { r.Host = h } }
	header := func(k, v string) func(*http.Request) { return func(r *http.Request) { r.Header.Set(k, v) } }
	for _, tc := range []struct {
		name, method, path string
		edit               func(*http.Request)
		opt                func(*Options)
		want               int
	}{
		{"plain read", "GET", "/api/v1/policies", nil, nil, 200},
		{"read needs no token", "GET", "/api/v1/policies", header("Authorization", ""), nil, 200},
		{"rebound page", "GET", "/", host("evil.example"), nil, 403},
		{"rebound api", "GET", "/api/v1/policies", host("evil.example"), nil, 403},
		{"rebound metrics", "GET", "/metrics", host("evil.example"), nil, 403},
		{"external host", "GET", "/", host("watch.example.org"), nil, 200},
		{"mutation", "POST", "/-/reload", nil, nil, 204},
		{"mutation without token", "POST", "/-/reload", header("Authorization", ""), nil, 401},
		{"mutation with wrong token", "POST", "/-/reload", header("Authorization", "Bearer nope"), nil, 401},
		{"mutation with basic", "POST", "/-/reload", header("Authorization", "Basic "+testToken), nil, 401},
		{"no token configured", "POST", "/-/reload", header("Authorization", "Bearer "), func(o *Options) { o.Token = "" }, 401},
		{"trusted authentication", "POST", "/-/reload", header("Authorization", ""), func(o *Options) { o.TrustAuth = true }, 204},
		{"cross-site with token", "POST", "/-/reload", header("Sec-Fetch-Site", "cross-site"), nil, 403},
		{"foreign origin under trusted authentication", "POST", "/-/reload", header("Origin", "https://evil.example"), func(o *Options) { o.TrustAuth = true }, 403},
		{"same origin", "POST", "/-/reload", header("Sec-Fetch-Site", "same-origin"), nil, 204},
		{"get a mutation", "GET", "/-/reload", nil, nil, 405},
		{"put", "PUT", "/-/reload", nil, nil, 405},
		{"post a page", "POST", "/", nil, nil, 405},
		{"delete a policy", "DELETE", "/api/v1/policies/a/b", nil, nil, 405},
		{"head of a page", "HEAD", "/", nil, nil, 200},
		{"nowhere", "GET", "/nowhere", nil, nil, 404},
		{"nowhere in the api", "GET", "/api/v1/nowhere", nil, nil, 404},
		{"templates are not served", "GET", "/static/style.css", nil, nil, 404},
		{"no metrics handler", "GET", "/metrics", nil, nil, 404},
		{"no actions", "POST", "/-/reload", nil, func(o *Options) { o.Actions = nil }, 501},
		{"no requeue", "POST", "/api/v1/alerts/alt_1/redeliver", nil, nil, 501},
		{"silence without token", "POST", "/api/v1/silences", header("Authorization", ""), nil, 401},
		{"expire without token", "DELETE", "/api/v1/silences/sil_1", header("Authorization", ""), nil, 401},
		{"close without token", "POST", "/api/v1/breaker/close", header("Authorization", ""), nil, 401},
		{"resume without token", "POST", "/api/v1/receivers/team/resume", header("Authorization", ""), nil, 401},
		{"expire from another site", "DELETE", "/api/v1/silences/sil_1", header("Sec-Fetch-Site", "cross-site"), nil, 403},
		{"no delivery", "DELETE", "/api/v1/silences/sil_1", nil, nil, 501},
	} {
		t.Run(tc.name, func(t *testing.T) {
			opt := options(fixture())
			if tc.opt != nil {
				tc.opt(&opt)
			}
			edit := tc.edit
			if edit == nil {
				edit = func(*http.Request) {}
			}
			w := call(handler(t, opt), tc.method, tc.path, "", edit)
			if w.Code != tc.want {
				t.Errorf("%s %s = %d, want %d\n%s", tc.method, tc.path, w.Code, tc.want, w.Body)
			}
			checkHeaders(t, w)
			if w.Code == http.StatusMethodNotAllowed && w.Header().Get("Allow") == "" {
				t.Error("405 without Allow")
			}
			if w.Code == http.StatusUnauthorized && w.Header().Get("WWW-Authenticate") == "" {
				t.Error("401 without WWW-Authenticate")
			}
			if strings.Contains(w.Body.String(), testToken) {
				t.Error("the token is in the answer")
			}
		})
	}
}

func checkHeaders(t *testing.T, w *httptest.ResponseRecorder) {
	t.Helper()
	for name, want := range map[string]string{
		"Content-Security-Policy": contentPolicy, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
	} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("header %s = %q, want %q", name, got, want)
		}
	}
}

func TestErrorsHaveTheFormOfTheirReader(t *testing.T) {
	h := handler(t, options(fixture()))
	for path, want := range map[string]string{
		"/nowhere":             "text/html; charset=utf-8",
		"/policies/no/such":    "text/html; charset=utf-8",
		"/policies/No/Id%20":   "text/html; charset=utf-8",
		"/api/v1/nowhere":      "application/problem+json",
		"/api/v1/policies/a/b": "application/problem+json",
		"/-/nowhere":           "application/problem+json",
	} {
		w := call(h, "GET", path, "")
		if got := w.Header().Get("Content-Type"); got != want || w.Code != 404 {
			t.Errorf("%s: %d %q, want 404 %q", path, w.Code, got, want)
		}
	}
}

func TestPanicBecomes500(t *testing.T) {
	store := fixture()
	store.panics = true
	var log strings.Builder
	opt := options(store)
	opt.Logger = slog.New(slog.NewTextHandler(&log, nil))
	for _, path := range []string{"/", "/api/v1/policies"} {
		w := call(handler(t, opt), "GET", path, "")
		if w.Code != 500 || strings.Contains(w.Body.String(), "told to") {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
		checkHeaders(t, w)
	}
	if !strings.Contains(log.String(), "the fake was told to") || !strings.Contains(log.String(), "fake_test.go") {
		t.Errorf("the log does not show the panic and its stack:\n%s", log.String())
	}
}

// A panic in the middle of an answer must cut the connection: a client must
// not take half a stream for a whole one.
func TestPanicInStreamCutsConnection(t *testing.T) {
	opt := options(fixture())
	opt.Actions = &panicking{}
	srv := httptest.NewServer(handler(t, opt))
	defer srv.Close()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, srv.URL+"/api/v1/check", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+testToken)
	resp, err := srv.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil {
		t.Errorf("the stream ended well: %q", body)
	}
}

type panicking struct{ fakeActions }

func (*panicking) Check(_ context.Context, _ CheckRequest, emit func(policy.Check) error) error {
	if err := emit(policy.Check{Policy: changedID, Outcome: policy.OutcomeUnchanged}); err != nil {
		return err
	}
	panic("in the middle")
}

func TestPathPrefix(t *testing.T) {
	opt := options(fixture())
	opt.ExternalURL = "https://example.org/tools/watcher/"
	h := handler(t, opt)
	for _, path := range []string{"/", "/tools/watcher/", "/alerts", "/tools/watcher/alerts"} {
		w := call(h, "GET", path, "")
		if w.Code != 200 || !strings.Contains(w.Body.String(), `href="/tools/watcher/alerts"`) {
			t.Errorf("%s: %d, or links without the prefix", path, w.Code)
		}
	}
	if w := call(h, "GET", "/tools/watcher/api/v1/nowhere", ""); w.Header().Get("Content-Type") != "application/problem+json" {
		t.Errorf("an unknown API path below the prefix is answered with %q", w.Header().Get("Content-Type"))
	}
}

func TestRequestBodyIsBounded(t *testing.T) {
	h := handler(t, options(fixture()))
	body := `{"policies":["` + strings.Repeat("a", maxRequestBody) + `"]}`
	if w := call(h, "POST", "/api/v1/check", body); w.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("a body over the bound: %d %s", w.Code, w.Body)
	}
}

func TestRelative(t *testing.T) {
	for _, tc := range []struct {
		d    time.Duration
		want string
	}{
		{0, "just now"},
		{-59 * time.Second, "just now"},
		{30 * time.Second, "in a moment"},
		{-time.Minute, "1 minute ago"},
		{-59 * time.Minute, "59 minutes ago"},
		{-47 * hour, "47 hours ago"},
		{-48 * hour, "2 days ago"},
		{-61 * day, "2 months ago"},
		{-800 * day, "2 years ago"},
		{9 * hour, "in 9 hours"},
	} {
		if got := relative(tc.d); got != tc.want {
			t.Errorf("relative(%v) = %q, want %q", tc.d, got, tc.want)
		}
	}
}
