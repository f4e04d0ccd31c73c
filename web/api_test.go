package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"watcher/policy"
)

const northlight = "/api/v1/policies/northlight-imaging/privacy"

// get decodes an answer and fails unless it is a 200 of JSON.
func get[T any](t *testing.T, h http.Handler, path string) T {
	t.Helper()
	var v T
	w := call(h, "GET", path, "")
	if w.Code != 200 || w.Header().Get("Content-Type") != "application/json" {
		t.Fatalf("%s: %d %q %s", path, w.Code, w.Header().Get("Content-Type"), w.Body)
	}
	if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return v
}

func TestAPIServesValuesOfPackagePolicy(t *testing.T) {
	store := fixture()
	h := handler(t, options(store))
	capture := store.captures[key(changedID, policy.CaptureID(17))]
	capture.Body = nil
	for _, tc := range []struct {
		name      string
		got, want any
	}{
		{"policies", get[policyList](t, h, "/api/v1/policies").Policies, store.states},
		{"policy", get[policy.State](t, h, northlight), store.states[3]},
		{"versions", get[versionList](t, h, northlight+"/versions").Versions, store.versions[changedID]},
		{"version", get[policy.Version](t, h, northlight+"/versions/2"), store.versions[changedID][1]},
		{"document", get[policy.Document](t, h, northlight+"/versions/2/document"), textTwo()},
		{"change", get[policy.Change](t, h, northlight+"/changes/2"), store.changes[key(changedID, 2)]},
		{"capture", get[policy.Capture](t, h, northlight+"/captures/17"), capture},
		{"checks", get[checkList](t, h, northlight+"/checks").Checks, store.checks[changedID]},
		{"checks since", get[checkList](t, h, northlight+"/checks?since=2026-03-13").Checks, store.checks[changedID][:1]},
		{"checks window", get[checkList](t, h, northlight+"/checks?limit=2&offset=1").Checks, store.checks[changedID][1:3]},
		{"checks behind the end", get[checkList](t, h, northlight+"/checks?offset=100").Checks, []policy.Check{}},
		{"changes", get[changeList](t, h, "/api/v1/changes").Changes, store.versions[changedID][1:]},
		{"changes since", get[changeList](t, h, "/api/v1/changes?since=2026-03-13T00:00:00Z").Changes, []policy.Version{}},
		{"alerts", get[alertList](t, h, "/api/v1/alerts").Alerts, store.alerts},
		{"alerts of a receiver", get[alertList](t, h, "/api/v1/alerts?receiver=legal-mail").Alerts, store.alerts[1:2]},
		{"alerts of a policy", get[alertList](t, h, "/api/v1/alerts?policy="+string(failingID)).Alerts, store.alerts[2:]},
		{"alerts in states", get[alertList](t, h, "/api/v1/alerts?state=dead,pending").Alerts, store.alerts[1:]},
		{"alerts in repeated states", get[alertList](t, h, "/api/v1/alerts?state=dead&state=delivered").Alerts, store.alerts[:2]},
		{"alert", get[policy.Alert](t, h, "/api/v1/alerts/alt_2"), store.alerts[1]},
	} {
		if diff := cmp.Diff(tc.want, tc.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.name, diff)
		}
	}
	if body := call(h, "GET", "/api/v1/stats", "").Body.String(); !strings.Contains(body, `"size_bytes":1048576`) {
		t.Errorf("stats: %s", body)
	}
	if body := call(handler(t, options(&fakeStore{})), "GET", "/api/v1/policies", "").Body.String(); body != "{\"policies\":[]}\n" {
		t.Errorf("an empty list is %s", body)
	}
}

func TestAPIText(t *testing.T) {
	w := call(handler(t, options(fixture())), "GET", northlight+"/versions/2/text", "")
	if w.Code != 200 || w.Header().Get("Content-Type") != "text/plain; charset=utf-8" {
		t.Fatalf("%d %q", w.Code, w.Header().Get("Content-Type"))
	}
	if policy.Sum(w.Body.Bytes()) != textTwo().Digest() {
		t.Error("the digest of the served text is not that of the version")
	}
}

func TestAPIBodyIsOnlyADownload(t *testing.T) {
	w := call(handler(t, options(fixture())), "GET", northlight+"/captures/17/body", "")
	if w.Code != 200 || policy.Sum(w.Body.Bytes()) != fixtureCapture().Digest {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	for name, want := range map[string]string{
		"Content-Type":            "application/octet-stream",
		"Content-Disposition":     `attachment; filename="northlight-imaging-privacy-capture-17.bin"`,
		"X-Content-Type-Options":  "nosniff",
		"Content-Security-Policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
	} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	if !strings.HasPrefix(w.Header().Get("Repr-Digest"), "sha-256=:") {
		t.Errorf("Repr-Digest = %q", w.Header().Get("Repr-Digest"))
	}
}

func TestAPIProblems(t *testing.T) {
	for _, tc := range []struct {
		name, method, path, body string
		err                      error
		status                   int
		kind                     string
	}{
		{"unknown policy", "GET", "/api/v1/policies/a/b", "", nil, 404, typeNotFound},
		{"malformed id", "GET", "/api/v1/policies/A_B/c", "", nil, 404, typeNotFound},
		{"escaped slash", "GET", "/api/v1/policies/a%2Fb/c", "", nil, 404, typeNotFound},
		{"version 0", "GET", northlight + "/versions/0", "", nil, 404, typeNotFound},
		{"version -1", "GET", northlight + "/versions/-1", "", nil, 404, typeNotFound},
		{"version out of range", "GET", northlight + "/versions/99999999999999999999", "", nil, 404, typeNotFound},
		{"no change", "GET", northlight + "/changes/1", "", nil, 404, typeNotFound},
		{"no capture", "GET", northlight + "/captures/18/body", "", nil, 404, typeNotFound},
		{"no alert", "GET", "/api/v1/alerts/none", "", nil, 404, typeNotFound},
		{"limit 0", "GET", "/api/v1/alerts?limit=0", "", nil, 400, typeBlank},
		{"limit over the bound", "GET", "/api/v1/changes?limit=1001", "", nil, 400, typeBlank},
		{"limit in words", "GET", northlight + "/checks?limit=all", "", nil, 400, typeBlank},
		{"negative offset", "GET", "/api/v1/alerts?offset=-1", "", nil, 400, typeBlank},
		{"since", "GET", "/api/v1/changes?since=yesterday", "", nil, 400, typeBlank},
		{"state", "GET", "/api/v1/alerts?state=lost", "", nil, 400, typeBlank},
		{"policy", "GET", "/api/v1/alerts?policy=x", "", nil, 400, typeBlank},
		{"bad json", "POST", "/api/v1/check", "{", nil, 400, typeBlank},
		{"unknown field", "POST", "/api/v1/check", `{"policy":[]}`, nil, 400, typeBlank},
		{"two values", "POST", "/api/v1/check", `{}{}`, nil, 400, typeBlank},
		{"bad id", "POST", "/api/v1/check", `{"policies":["../x"]}`, nil, 400, typeBlank},
		{"damaged", "GET", northlight, "", fmt.Errorf("state of x: %w", policy.ErrDamaged), 500, typeDamaged},
		{"format", "GET", northlight, "", policy.ErrFormat, 500, typeFormat},
		{"locked", "GET", northlight, "", policy.ErrLocked, 503, typeLocked},
		{"conflict", "GET", northlight, "", policy.ErrConflict, 409, typeConflict},
		{"other", "GET", northlight, "", errors.New("disk gone"), 500, typeBlank},
		{"interrupted", "GET", northlight, "", context.Canceled, 503, typeBlank},
	} {
		t.Run(tc.name, func(t *testing.T) {
			store := fixture()
			store.err = tc.err
			w := call(handler(t, options(store)), tc.method, tc.path, tc.body)
			var p problem
			if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
				t.Fatalf("%v: %s", err, w.Body)
			}
			if w.Code != tc.status || p.Status != tc.status || p.Type != tc.kind || p.Title == "" || p.Detail == "" {
				t.Errorf("%d %+v, want %d %s", w.Code, p, tc.status, tc.kind)
			}
			if got := w.Header().Get("Content-Type"); got != "application/problem+json" {
				t.Errorf("Content-Type %q", got)
			}
			if tc.err != nil && !strings.Contains(p.Detail, tc.err.Error()) {
				t.Errorf("detail %q does not say %q", p.Detail, tc.err)
			}
		})
	}
}

// Errors of every reading endpoint reach the caller, and none is served as an
// empty value.
func TestDamageIsNeverServed(t *testing.T) {
	store := fixture()
	store.err = fmt.Errorf("value 7: %w", policy.ErrDamaged)
	h := handler(t, options(store))
	for _, path := range []string{
		"/api/v1/policies", northlight, northlight + "/versions", northlight + "/versions/2",
		northlight + "/versions/2/document", northlight + "/versions/2/text", northlight + "/changes/2",
		northlight + "/captures/17", northlight + "/captures/17/body", northlight + "/checks",
		"/api/v1/changes", "/api/v1/alerts", "/api/v1/alerts/alt_1", "/api/v1/stats", "/api/v1/silences", "/api/v1/breaker",
		"/", "/alerts", "/policies/northlight-imaging/privacy", "/policies/northlight-imaging/privacy/changes/2",
		"/policies/northlight-imaging/privacy/versions/2",
	} {
		if w := call(h, "GET", path, ""); w.Code != 500 || !strings.Contains(w.Body.String(), "value 7") {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}

// One text that cannot be read does not take the policy's page down.
func TestDamagedTextIsSaidOnThePage(t *testing.T) {
	store := fixture()
	delete(store.documents, key(changedID, 2))
	w := call(handler(t, options(store)), "GET", "/policies/northlight-imaging/privacy", "")
	if w.Code != 200 || !strings.Contains(w.Body.String(), "The stored text cannot be read") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestCheckStream(t *testing.T) {
	done := policy.Check{Policy: changedID, Outcome: policy.OutcomeUnchanged, At: now()}
	for _, tc := range []struct {
		name, body string
		actions    fakeActions
		status     int
		lines      int
		last       string
	}{
		{"all", "", fakeActions{checks: []policy.Check{done, done}}, 200, 2, `"outcome":"unchanged"`},
		{"nothing due", "{}", fakeActions{}, 200, 0, ""},
		{"error before the first line", "", fakeActions{err: policy.ErrNotFound}, 404, 1, "not-found"},
		{"error in the middle", "", fakeActions{checks: []policy.Check{done}, err: errors.New("disk full")}, 200, 2, `{"error":"disk full","type":"about:blank"}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			opt := options(fixture())
			opt.Actions = &tc.actions
			w := call(handler(t, opt), "POST", "/api/v1/check", tc.body)
			lines := strings.Split(strings.TrimSpace(w.Body.String()), "\n")
			if lines[0] == "" {
				lines = nil
			}
			if w.Code != tc.status || len(lines) != tc.lines || (tc.last != "" && !strings.Contains(lines[len(lines)-1], tc.last)) {
				t.Errorf("%d %q", w.Code, lines)
			}
			if tc.status == 200 && w.Header().Get("Content-Type") != "application/x-ndjson" {
				t.Errorf("Content-Type %q", w.Header().Get("Content-Type"))
			}
		})
	}
}

func TestCheckRequestArrives(t *testing.T) {
	opt := options(fixture())
	actions := &fakeActions{}
	opt.Actions = actions
	call(handler(t, opt), "POST", "/api/v1/check", `{"policies":["a/b"],"dry_run":true,"no_alerts":true}`)
	want := []CheckRequest{{Policies: []policy.ID{"a/b"}, DryRun: true, NoAlerts: true}}
	if diff := cmp.Diff(want, actions.requests); diff != "" {
		t.Error(diff)
	}
}

func TestRuling(t *testing.T) {
	opt := options(fixture())
	actions := &fakeActions{}
	opt.Actions = actions
	h := handler(t, opt)
	w := call(h, "POST", "/api/v1/policies/acme/privacy/quarantine", `{"capture":7,"accept":true,"author":"Ada","reason":"it is the policy"}`)
	if want := (policy.Ruling{Capture: 7, Accept: true, Author: "Ada", Reason: "it is the policy"}); w.Code != 200 || len(actions.ruled) != 1 || actions.ruled[0] != want ||
		!strings.Contains(w.Body.String(), `"policy":"acme/privacy","outcome":"changed"`) {
		t.Errorf("%d %s, ruled %+v", w.Code, w.Body, actions.ruled)
	}
	for body, code := range map[string]int{`{"accept":true}`: 400, ``: 400, `{"reason":"x","sure":true}`: 400, `{"reason":"x"}{}`: 400} {
		if w := call(h, "POST", "/api/v1/policies/acme/privacy/quarantine", body); w.Code != code {
			t.Errorf("%s: %d %s", body, w.Code, w.Body)
		}
	}
	actions.err = policy.ErrNotFound
	if w := call(h, "POST", "/api/v1/policies/acme/privacy/quarantine", `{"reason":"x"}`); w.Code != 404 {
		t.Errorf("nothing held: %d %s", w.Code, w.Body)
	}
}

func TestOtherActions(t *testing.T) {
	opt := options(fixture())
	actions := &fakeActions{}
	var requeued string
	opt.Actions = actions
	opt.Requeue = func(_ context.Context, id string) error { requeued = id; return nil }
	h := handler(t, opt)
	for _, path := range []string{"/api/v1/alerts/alt_2/redeliver", "/api/v1/receivers/privacy%2Fteam/test", "/-/reload"} {
		if w := call(h, "POST", path, ""); w.Code != http.StatusNoContent {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
	if requeued != "alt_2" || actions.tested != "privacy/team" {
		t.Errorf("requeued %q, tested %q", requeued, actions.tested)
	}
	actions.err = errors.New("watcher.yml:3: unknown key")
	if w := call(h, "POST", "/-/reload", ""); w.Code != 500 || !strings.Contains(w.Body.String(), "watcher.yml:3") {
		t.Errorf("a failed reload: %d %s", w.Code, w.Body)
	}
}

func TestHealth(t *testing.T) {
	opt := options(fixture())
	opt.Ready = func() Readiness { return Readiness{Detail: []string{"the store is not open yet"}} }
	h := handler(t, opt)
	if w := call(h, "GET", "/-/healthy", ""); w.Code != 200 || !strings.Contains(w.Body.String(), "healthy") {
		t.Errorf("healthy: %d %s", w.Code, w.Body)
	}
	w := call(h, "GET", "/-/ready", "")
	want := `{"ready":false,"config_ok":false,"detail":["the store is not open yet"]}` + "\n"
	if w.Code != 503 || w.Body.String() != want {
		t.Errorf("ready: %d %s", w.Code, w.Body)
	}
	if w := call(handler(t, options(fixture())), "GET", "/-/ready", ""); w.Code != 200 || !strings.Contains(w.Body.String(), `"detail":[]`) {
		t.Errorf("ready by default: %d %s", w.Code, w.Body)
	}
}

func FuzzQuery(f *testing.F) {
	f.Add("/api/v1/alerts?limit=1&state=dead")
	f.Add("/api/v1/changes?since=2026-01-01&offset=999999999999")
	f.Add("/policies/%2e%2e/x/versions/1")
	f.Add("/static/..%2f..%2fstyle.css")
	h, err := New(options(fixture()))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, target string) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://localhost/", nil)
		if err != nil {
			t.Fatal(err)
		}
		if r.URL, err = r.URL.Parse(target); err != nil || r.URL.Host != "localhost" {
			t.Skip()
		}
		w := callRequest(h, r)
		if w.Code >= 500 {
			t.Errorf("%s: %d %s", target, w.Code, w.Body)
		}
	})
}

func BenchmarkPages(b *testing.B) {
	h, err := New(options(fixture()))
	if err != nil {
		b.Fatal(err)
	}
	for _, path := range pagePaths() {
		b.Run(strings.ReplaceAll(path, "/", "_"), func(b *testing.B) {
			for b.Loop() {
				if w := call(h, "GET", path, ""); w.Code != 200 {
					b.Fatal(w.Code)
				}
			}
		})
	}
}
