package crawler

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"watcher/policy"
)

func redirectTo(status int, location string) http.HandlerFunc {
	return serve(status, []byte("moved"), "Location", location)
}

func TestRedirectChain(t *testing.T) {
	mux := http.NewServeMux()
	for i, status := range []int{301, 302, 303, 307, 308} {
		mux.HandleFunc(fmt.Sprintf("/%d", i), redirectTo(status, fmt.Sprintf("%d?q=1", i+1)))
	}
	mux.HandleFunc("/5", serve(200, []byte(page)))
	s := newServer(t, mux.ServeHTTP)
	got := mustCapture(t, testClient(t, nil), live(s.URL+"/0"))
	want := []policy.Hop{
		{URL: s.URL + "/0", Status: 301, Location: "1?q=1"},
		{URL: s.URL + "/1?q=1", Status: 302, Location: "2?q=1"},
		{URL: s.URL + "/2?q=1", Status: 303, Location: "3?q=1"},
		{URL: s.URL + "/3?q=1", Status: 307, Location: "4?q=1"},
		{URL: s.URL + "/4?q=1", Status: 308, Location: "5?q=1"},
		{URL: s.URL + "/5?q=1", Status: 200},
	}
	if diff := cmp.Diff(want, got.Hops, cmpopts.IgnoreFields(policy.Hop{}, "RemoteAddr")); diff != "" {
		t.Errorf("hops (-want +got):\n%s", diff)
	}
	if got.FinalURL != s.URL+"/5?q=1" || got.URL != s.URL+"/0" || string(got.Body) != page || got.Attempts != 1 {
		t.Errorf("capture: %s to %s, %d attempts, %q", got.URL, got.FinalURL, got.Attempts, got.Body)
	}
	for _, h := range got.Hops {
		if h.RemoteAddr == "" {
			t.Errorf("hop %s has no address", h.URL)
		}
	}
}

func TestRedirectLimits(t *testing.T) {
	counting := func(w http.ResponseWriter, r *http.Request) {
		var n int
		if _, err := fmt.Sscanf(r.URL.Path, "/%d", &n); err != nil || n == 0 {
			_, _ = w.Write([]byte(page))
			return
		}
		http.Redirect(w, r, fmt.Sprintf("/%d", n-1), http.StatusFound)
	}
	s := newServer(t, counting)
	c := testClient(t, nil)
	if got := mustCapture(t, c, live(s.URL+"/10")); len(got.Hops) != 11 {
		t.Errorf("10 redirects: %d hops", len(got.Hops))
	}
	wantFailure(t, c, live(s.URL+"/11"), policy.FetchRedirect)

	for name, location := range map[string]string{
		"self": "/", "self by fragment": "/#top", "ftp": "ftp://127.0.0.1/", "javascript": "javascript:alert(1)", "file": "file:///etc/passwd",
		"userinfo": "http://user:pw@127.0.0.1/", "malformed": "http://[::1", "no host": "http:///x", "data": "data:text/html,x",
	} {
		s := newServer(t, redirectTo(302, location))
		fe := wantFailure(t, c, live(s.URL), policy.FetchRedirect)
		if fe.Hint == "" || strings.Contains(fe.Error(), "pw@") {
			t.Errorf("%s: %v", name, fe)
		}
	}
	pingPong := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, map[string]string{"/a": "/b", "/b": "/a"}[r.URL.Path], http.StatusFound)
	})
	wantFailure(t, c, live(pingPong.URL+"/a"), policy.FetchRedirect)
}

// TestRedirectWithoutLocation is an answer for the gate.
func TestRedirectWithoutLocation(t *testing.T) {
	s := newServer(t, serve(302, []byte(page)))
	if got := mustCapture(t, testClient(t, nil), live(s.URL)); got.Status != 302 || string(got.Body) != page {
		t.Errorf("status %d, body %q", got.Status, got.Body)
	}
}

func TestNoDowngrade(t *testing.T) {
	plain := newServer(t, serve(200, []byte(page)))
	secure := httptest.NewTLSServer(redirectTo(301, plain.URL))
	t.Cleanup(secure.Close)
	c := testClient(t, nil)
	c.roots = secure.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	if fe := wantFailure(t, c, live(secure.URL), policy.FetchRedirect); !strings.Contains(fe.Hint, "https") {
		t.Errorf("hint %q", fe.Hint)
	}
	up := newServer(t, redirectTo(301, secure.URL+"/x"))
	if fe := wantFailure(t, c, live(up.URL), policy.FetchRedirect); !strings.HasPrefix(fe.URL, secure.URL) {
		t.Errorf("failed at %s, want at the https hop", fe.URL)
	}
}

// TestCookies live along one chain and no longer.
func TestCookies(t *testing.T) {
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		if _, err := r.Cookie("seen"); err != nil {
			http.SetCookie(w, &http.Cookie{Name: "seen", Value: "1"})
			http.Redirect(w, r, r.URL.Path, http.StatusFound)
			return
		}
		_, _ = w.Write([]byte(page))
	})
	c := testClient(t, nil)
	for range 2 {
		if got := mustCapture(t, c, live(s.URL)); len(got.Hops) != 2 || string(got.Body) != page {
			t.Errorf("%d hops, body %q", len(got.Hops), got.Body)
		}
	}
}

// TestHeadersStayHome: configured headers, validators and cookies never reach
// another host, nor come back once the chain has been elsewhere.
func TestHeadersStayHome(t *testing.T) {
	type sight struct{ path, key, etag, since, cookie string }
	var seen []sight
	look := func(r *http.Request) {
		seen = append(seen, sight{r.URL.Path, r.Header.Get("X-Key"), r.Header.Get("If-None-Match"), r.Header.Get("If-Modified-Since"), r.Header.Get("Cookie")})
	}
	var home, away *httptest.Server
	home = newServer(t, func(w http.ResponseWriter, r *http.Request) {
		look(r)
		switch r.URL.Path {
		case "/":
			http.Redirect(w, r, "/second", http.StatusFound)
		case "/second":
			http.Redirect(w, r, away.URL+"/away", http.StatusFound)
		}
	})
	away = newServer(t, func(w http.ResponseWriter, r *http.Request) {
		look(r)
		http.Redirect(w, r, home.URL+"/back", http.StatusFound)
	})
	req := live(home.URL + "/")
	req.Headers = map[string]string{"X-Key": "k", "Cookie": "c=1"}
	req.ETag, req.LastModified = `"v1"`, "Mon, 03 Mar 2025 10:00:00 GMT"
	mustCapture(t, testClient(t, nil), req)
	want := []sight{
		{"/", "k", req.ETag, req.LastModified, "c=1"}, {"/second", "k", "", "", "c=1"}, {"/away", "", "", "", ""}, {"/back", "", "", "", ""},
	}
	if diff := cmp.Diff(want, seen, cmp.AllowUnexported(sight{})); diff != "" {
		t.Errorf("seen (-want +got):\n%s", diff)
	}
	// Validators of a page behind a redirect are for it alone.
	seen, req.ValidatorsURL = nil, home.URL+"/second"
	mustCapture(t, testClient(t, nil), req)
	want[0].etag, want[0].since, want[1].etag, want[1].since = "", "", req.ETag, req.LastModified
	if diff := cmp.Diff(want, seen, cmp.AllowUnexported(sight{})); diff != "" {
		t.Errorf("with validators of the second page (-want +got):\n%s", diff)
	}
}

func TestHosts(t *testing.T) {
	for _, tc := range []struct {
		a, b string
		same bool
	}{
		{"http://x.org/a", "http://x.org/b", true},
		{"http://x.org", "http://X.ORG.:80/", true},
		{"https://x.org", "https://x.org:443", true},
		{"http://x.org", "https://x.org", true},
		{"http://bücher.example", "http://xn--bcher-kva.example", true},
		{"https://x.org", "http://x.org", false},
		{"http://x.org", "http://www.x.org", false},
		{"http://x.org", "http://x.org:8080", false},
		{"http://x.org:8080", "https://x.org:8443", false},
		{"http://x.org:443", "https://x.org", true},
		{"http://[::1]:80", "http://[::1]", true},
		{"https://x.org", "https://x.org.evil.example", false},
	} {
		a, errA := url.Parse(tc.a)
		b, errB := url.Parse(tc.b)
		if errA != nil || errB != nil {
			t.Fatal(errA, errB)
		}
		if got := sameHost(a, b); got != tc.same {
			t.Errorf("sameHost(%s, %s) = %v", tc.a, tc.b, got)
		}
	}
}
