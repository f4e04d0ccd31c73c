package web

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"watcher/policy"
)

// form sends a form of a page, as a browser on this server's own page would.
func form(h http.Handler, path string, values url.Values, edit ...func(*http.Request)) *httptest.ResponseRecorder {
	edit = append([]func(*http.Request){func(r *http.Request) {
		r.Header.Del("Authorization")
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}}, edit...)
	return call(h, "POST", path, values.Encode(), edit...)
}

func TestUnlock(t *testing.T) {
	clock := now()
	opt := options(fixture())
	opt.Clock = func() time.Time { return clock }
	h := handler(t, opt)
	wrong := form(h, "/unlock", url.Values{"token": {"guess"}, "next": {"/alerts"}})
	if wrong.Code != 303 || len(wrong.Result().Cookies()) != 0 || wrong.Header().Get("Location") != "/unlock?wrong=1&next=%2Falerts" {
		t.Fatalf("a wrong token: %d %v", wrong.Code, wrong.Header())
	}
	w := form(h, "/unlock", url.Values{"token": {" " + testToken + "\n"}, "next": {"/alerts?state=dead"}})
	cookies := w.Result().Cookies()
	if w.Code != 303 || w.Header().Get("Location") != "/alerts?state=dead" || len(cookies) != 1 {
		t.Fatalf("the token: %d %v", w.Code, w.Header())
	}
	if c := cookies[0]; !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || strings.Contains(c.Value, testToken) {
		t.Errorf("the cookie: %+v", c)
	}
	with := func(r *http.Request) { r.AddCookie(cookies[0]) }
	if w := form(h, "/receivers/privacy-team/test", nil, with); w.Code != 303 || w.Header().Get("Location") != "/alerts?done=tested" {
		t.Errorf("with the session: %d %s", w.Code, w.Body)
	}
	forged := func(r *http.Request) {
		c := *cookies[0]
		_, mac, _ := strings.Cut(c.Value, ".")
		c.Value = "99999999999." + mac
		r.AddCookie(&c)
	}
	if w := form(h, "/receivers/privacy-team/test", nil, forged); w.Code != 403 {
		t.Errorf("with a longer session than was given: %d", w.Code)
	}
	clock = clock.Add(sessionFor)
	if w := form(h, "/receivers/privacy-team/test", nil, with); w.Code != 403 {
		t.Errorf("after its end: %d", w.Code)
	}
}

// A link to the page of the token leads nowhere else.
func TestUnlockLeadsToThisServerOnly(t *testing.T) {
	s := &server{}
	for raw, want := range map[string]string{
		"/alerts?state=dead": "/alerts?state=dead", "https://evil.example/": "/", "//evil.example/": "/", `/\evil.example`: "/",
		"javascript:alert(1)": "/", "": "/", "/x\r\nSet-Cookie: a=b": "/", "///evil.example": "/", "/%2f/evil.example": "/",
	} {
		if got := s.ownPath(raw); got != want {
			t.Errorf("%q leads to %q, want %q", raw, got, want)
		}
	}
}

func TestUnlockIsLimited(t *testing.T) {
	h := handler(t, options(fixture()))
	last := 0
	for range unlockBurst + 1 {
		last = form(h, "/unlock", url.Values{"token": {"guess"}}).Code
	}
	if last != http.StatusTooManyRequests {
		t.Errorf("try %d: %d", unlockBurst+1, last)
	}
}

// Reading and changing are separate: a user who is no admin reads only.
func TestAdminUsers(t *testing.T) {
	opt := options(fixture())
	opt.TrustAuth, opt.Admins = true, []string{"ada"}
	h := handler(t, opt)
	for user, status := range map[string]int{"ada": 204, "bob": 403} {
		as := func(r *http.Request) { r.SetBasicAuth(user, "x") }
		if w := call(h, "POST", "/api/v1/receivers/privacy-team/test", "", as); w.Code != status {
			t.Errorf("%s: %d, want %d: %s", user, w.Code, status, w.Body)
		}
		if w := call(h, "GET", "/alerts", "", as); w.Code != 200 || strings.Contains(w.Body.String(), "Send a test<") != (user == "ada") {
			t.Errorf("%s sees the wrong forms: %d", user, w.Code)
		}
	}
}

func TestRulingForm(t *testing.T) {
	actions := &fakeActions{}
	opt := options(fixture())
	opt.Actions = actions
	h := handler(t, opt)
	withToken := func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+testToken) }
	const path = "/inbox/cedar-scan/privacy-de"
	for name, tc := range map[string]struct {
		values url.Values
		status int
	}{
		"accept":     {url.Values{"ruling": {"accept"}, "reason": {"looked at it"}, "author": {"me"}, "capture": {"41"}}, 303},
		"dismiss":    {url.Values{"ruling": {"dismiss"}, "reason": {"a wall"}, "capture": {"41"}}, 303},
		"no reason":  {url.Values{"ruling": {"accept"}, "reason": {" "}, "capture": {"41"}}, 400},
		"no ruling":  {url.Values{"reason": {"x"}, "capture": {"41"}}, 400},
		"no capture": {url.Values{"ruling": {"accept"}, "reason": {"x"}}, 400},
	} {
		if w := form(h, path, tc.values, withToken); w.Code != tc.status {
			t.Errorf("%s: %d, want %d: %s", name, w.Code, tc.status, w.Body)
		}
	}
	if len(actions.ruled) != 2 || actions.ruled[0].Capture != policy.CaptureID(41) {
		t.Errorf("ruled: %+v", actions.ruled)
	}
	if w := form(h, path, url.Values{"ruling": {"accept"}, "reason": {"x"}, "capture": {"41"}}); w.Code != 403 {
		t.Errorf("without the token: %d", w.Code)
	}
	stranger := func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }
	if w := form(h, path, url.Values{"ruling": {"accept"}, "reason": {"x"}, "capture": {"41"}}, withToken, stranger); w.Code != 403 {
		t.Errorf("from another site: %d", w.Code)
	}
}

func TestConditionalRequests(t *testing.T) {
	h := handler(t, options(fixture()))
	for _, path := range []string{"/api/v1/policies", northlight + "/changes/2", northlight + "/versions/2/text", "/feed.atom"} {
		w := call(h, "GET", path, "")
		tag := w.Header().Get("ETag")
		if w.Code != 200 || tag == "" {
			t.Fatalf("%s: %d, ETag %q", path, w.Code, tag)
		}
		for header, status := range map[string]int{tag: 304, "W/" + tag: 304, `"x", ` + tag: 304, "*": 304, `"x"`: 200} {
			again := call(h, "GET", path, "", func(r *http.Request) { r.Header.Set("If-None-Match", header) })
			if again.Code != status || (status == 304) != (again.Body.Len() == 0) {
				t.Errorf("%s with %s: %d, %d bytes", path, header, again.Code, again.Body.Len())
			}
		}
	}
	if w := call(h, "GET", "/api/v1/policies/no/body", ""); w.Header().Get("ETag") != "" {
		t.Error("an error has a validator")
	}
}

func TestListsLinkToWhatFollows(t *testing.T) {
	h := handler(t, options(fixture()))
	w := call(h, "GET", "/api/v1/alerts?limit=1&state=dead,pending", "")
	if got := w.Header().Get("Link"); got != `<?limit=1&offset=1&state=dead%2Cpending>; rel="next"` {
		t.Errorf("Link: %q", got)
	}
	if got := call(h, "GET", "/api/v1/alerts", "").Header().Get("Link"); got != "" {
		t.Errorf("a list that ends has a Link: %q", got)
	}
}

func TestCompareIsLimited(t *testing.T) {
	h := handler(t, options(fixture()))
	last := 0
	for range costlyBurst + 1 {
		last = call(h, "GET", northlight+"/compare?from=2&to=1", "").Code
	}
	if last != http.StatusTooManyRequests || call(h, "GET", northlight+"/compare?from=2&to=1", "").Header().Get("Retry-After") == "" {
		t.Errorf("comparison %d: %d", costlyBurst+1, last)
	}
}

func TestDeliveryForms(t *testing.T) {
	actions := &fakeDelivery{}
	opt := options(fixture())
	opt.Delivery = actions
	h := handler(t, opt)
	withToken := func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+testToken) }
	silence := url.Values{"matchers": {"vendor=acme  significance=minor,cosmetic"}, "for": {"24h"}, "comment": {"known"}, "author": {"ada"}}
	for _, tc := range []struct {
		path   string
		values url.Values
		status int
	}{
		{"/silences", silence, 303},
		{"/silences", url.Values{"matchers": {"colour=red"}, "for": {"24h"}, "comment": {"known"}, "author": {"ada"}}, 400},
		{"/silences", url.Values{"matchers": {"vendor=acme"}, "for": {"9999h"}, "comment": {"known"}, "author": {"ada"}}, 400},
		{"/silences", url.Values{"matchers": {""}, "for": {"1h"}, "comment": {"known"}, "author": {"ada"}}, 400},
		{"/silences/sil_1/expire", nil, 303},
		{"/breaker/close", nil, 400},
		{"/breaker/close", url.Values{"author": {"ada"}}, 303},
		{"/receivers/privacy-team/resume", nil, 303},
	} {
		if w := form(h, tc.path, tc.values); w.Code != 403 {
			t.Errorf("%s without the token: %d", tc.path, w.Code)
		}
		if w := form(h, tc.path, tc.values, withToken); w.Code != tc.status {
			t.Errorf("%s with %v: %d, want %d: %s", tc.path, tc.values, w.Code, tc.status, w.Body)
		}
	}
	if len(actions.added) != 1 || !actions.added[0].EndsAt.Equal(now().Add(24*time.Hour)) || len(actions.added[0].Matchers) != 2 {
		t.Errorf("added: %+v", actions.added)
	}
	if actions.expired != "sil_1" || actions.closed != "ada" || actions.receiver != "privacy-team" {
		t.Errorf("asked: %+v", actions)
	}
}

// What was dismissed waits for nobody any more.
func TestInboxLeavesOutDismissed(t *testing.T) {
	store := fixture()
	h := handler(t, options(store))
	if page := call(h, "GET", "/inbox", "").Body.String(); !strings.Contains(page, "Cedar Scan") {
		t.Error("a held capture is not in the inbox")
	}
	for i := range store.states {
		store.states[i].Quarantines = 0
	}
	if page := call(h, "GET", "/inbox", "").Body.String(); strings.Contains(page, "Cedar Scan") || !strings.Contains(page, "Nothing is held") {
		t.Error("a dismissed capture is still in the inbox")
	}
}
