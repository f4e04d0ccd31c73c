package crawler

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"watcher/policy"
)

func TestCaptureFillsEveryField(t *testing.T) {
	s := newServer(t, serve(200, []byte(page), "Content-Type", "text/html; charset=utf-8", "ETag", `"v1"`,
		"Set-Cookie", "sid=1234567890", "X-Auth-Token", "abc"))
	req := live(s.URL + "/privacy")
	got := mustCapture(t, testClient(t, nil), req)

	if got.StartedAt.IsZero() || got.CapturedAt.Before(got.StartedAt) || got.Duration <= 0 {
		t.Errorf("times: started %v, captured %v, took %v", got.StartedAt, got.CapturedAt, got.Duration)
	}
	if got.StartedAt.Location() != time.UTC || got.CapturedAt.Location() != time.UTC {
		t.Error("times are not UTC")
	}
	if got.Header["Etag"][0] != `"v1"` || got.Header["Set-Cookie"][0] != policy.Redacted || got.Header["X-Auth-Token"][0] != policy.Redacted {
		t.Errorf("header: %v", got.Header)
	}
	addr := strings.TrimPrefix(s.URL, "http://")
	want := policy.Capture{
		Policy: "acme/privacy", Source: policy.SourceLive, URL: req.URL, FinalURL: req.URL,
		Hops:   []policy.Hop{{URL: req.URL, Status: 200, RemoteAddr: addr}},
		Status: 200, RemoteAddr: addr, ContentType: "text/html; charset=utf-8", MediaType: "text/html",
		WireBytes: int64(len(page)), Size: int64(len(page)), Digest: policy.Sum([]byte(page)), Body: []byte(page), Attempts: 1,
		RobotsIgnored: true,
	}
	got.Header, got.StartedAt, got.CapturedAt, got.Duration = nil, time.Time{}, time.Time{}, 0
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("capture (-want +got):\n%s", diff)
	}
}

// TestRequestHeader checks what a server sees of us.
func TestRequestHeader(t *testing.T) {
	seen := make(chan http.Header, 1)
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) { seen <- r.Header })
	c := testClient(t, nil)

	mustCapture(t, c, live(s.URL))
	want := http.Header{
		"User-Agent": {"watcher/test (+ops@example.org)"}, "Accept-Language": {"en"},
		"Accept":          {"text/html,application/xhtml+xml,application/pdf;q=0.9,*/*;q=0.5"},
		"Accept-Encoding": {"gzip, br, zstd, deflate"},
	}
	if diff := cmp.Diff(want, <-seen); diff != "" {
		t.Errorf("default header (-want +got):\n%s", diff)
	}

	req := live(s.URL)
	req.Lang = "fr"
	req.Headers = map[string]string{"X-Api-Key": "k", "accept-language": "de"}
	mustCapture(t, c, req)
	h := <-seen
	if h.Get("Accept-Language") != "fr" || h.Get("X-Api-Key") != "k" {
		t.Errorf("header with lang fr and X-Api-Key: %v", h)
	}
}

// TestStatuses holds that every final status is a capture for the gate.
func TestStatuses(t *testing.T) {
	for status, want := range map[int]policy.FetchReason{
		200: policy.FetchOK, 202: policy.FetchOK, 203: policy.FetchOK, 206: policy.FetchOK, 300: policy.FetchRedirect,
		301: policy.FetchRedirect, 403: policy.FetchHTTP4xx, 404: policy.FetchHTTP4xx, 410: policy.FetchHTTP4xx,
		429: policy.FetchRateLimited, 500: policy.FetchHTTP5xx, 503: policy.FetchHTTP5xx, 999: policy.FetchHTTP5xx,
	} {
		s := newServer(t, serve(status, []byte(page), "Content-Type", "text/html", "Retry-After", "7"))
		c := testClient(t, nil)
		got := mustCapture(t, c, live(s.URL))
		if got.Status != status || string(got.Body) != page || http.Header(got.Header).Get("Retry-After") != "7" {
			t.Errorf("status %d: got %d with %d bytes, header %v", status, got.Status, len(got.Body), got.Header)
		}
		if n := testutil.ToFloat64(c.metrics.fetches.WithLabelValues(string(want))); n != 1 {
			t.Errorf("status %d: outcome %s counted %v times, want once", status, want, n)
		}
	}
}

// TestSameURLTwice: colly alone refuses the second visit, also after a failure.
func TestSameURLTwice(t *testing.T) {
	status := 500
	s := newServer(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
	c := testClient(t, nil)
	mustCapture(t, c, live(s.URL))
	status = 200
	if got := mustCapture(t, c, live(s.URL)); got.Status != 200 {
		t.Errorf("second capture: status %d", got.Status)
	}
}

// TestEnvironmentDoesNotSteer: colly's own environment variables are ignored.
func TestEnvironmentDoesNotSteer(t *testing.T) {
	t.Setenv("COLLY_MAX_BODY_SIZE", "5")
	t.Setenv("COLLY_ALLOWED_DOMAINS", "example.org")
	t.Setenv("COLLY_USER_AGENT", "someone else")
	agent := make(chan string, 1)
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		agent <- r.UserAgent()
		_, _ = w.Write([]byte(page))
	})
	if got := mustCapture(t, testClient(t, nil), live(s.URL)); string(got.Body) != page {
		t.Errorf("body %q", got.Body)
	}
	if a := <-agent; a != "watcher/test (+ops@example.org)" {
		t.Errorf("user agent %q", a)
	}
}

// TestBytesAreRaw: no charset is touched, be it declared in the header, in the
// page, unknown or nowhere.
func TestBytesAreRaw(t *testing.T) {
	latin := []byte("<html><meta charset=windows-1252><p>caf\xe9 \x93quoted\x94")
	for _, ct := range []string{
		"", "text/html", "text/html; charset=windows-1252", "text/html; charset=iso-8859-1", "text/html; charset=no-such-charset",
		"text/html; charset=utf-16", "text/plain; charset=shift_jis", "charset",
	} {
		s := newServer(t, serve(200, latin, "Content-Type", ct))
		got := mustCapture(t, testClient(t, nil), live(s.URL))
		if !bytes.Equal(got.Body, latin) || got.Digest != policy.Sum(latin) {
			t.Errorf("content type %q: body %q", ct, got.Body)
		}
		if got.ContentType != ct {
			t.Errorf("content type %q recorded as %q", ct, got.ContentType)
		}
	}
}

func TestConditionalGet(t *testing.T) {
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/rude", r.Header.Get("If-None-Match") == `"v1"`, r.Header.Get("If-Modified-Since") != "":
			w.Header().Set("ETag", `"v1"`)
			w.WriteHeader(http.StatusNotModified)
		default:
			_, _ = w.Write([]byte(page))
		}
	})
	reg := prometheus.NewPedanticRegistry()
	c := testClient(t, func(o *Options) { o.Registerer = reg })
	req := live(s.URL)
	for _, set := range []func(*policy.Request){
		func(r *policy.Request) { r.ETag = `"v1"` },
		func(r *policy.Request) { r.LastModified = "Mon, 03 Mar 2025 10:00:00 GMT" },
	} {
		r := req
		set(&r)
		got := mustCapture(t, c, r)
		if got.Status != 304 || !got.NotModified || len(got.Body) != 0 || !got.Digest.IsZero() || len(got.Hops) != 1 {
			t.Errorf("conditional: %+v", got)
		}
	}
	stale := req
	stale.ETag = `"v0"`
	if got := mustCapture(t, c, stale); got.Status != 200 || got.NotModified || string(got.Body) != page {
		t.Errorf("stale validator: %+v", got)
	}
	wantFailure(t, c, live(s.URL+"/rude"), policy.FetchOther)
	if n := testutil.ToFloat64(c.metrics.fetches.WithLabelValues("not_modified")); n != 2 {
		t.Errorf("not_modified counted %v times", n)
	}
}

func TestRefusedRequests(t *testing.T) {
	c := testClient(t, func(o *Options) { o.Dial = noDial(t) })
	for _, tc := range []struct {
		name   string
		req    policy.Request
		reason policy.FetchReason
	}{
		{"wayback", policy.Request{URL: "http://example.org", Source: policy.SourceWayback}, policy.FetchUnsupported},
		{"browser", policy.Request{URL: "http://example.org", Source: policy.SourceBrowser}, policy.FetchUnsupported},
		{"empty", live(""), policy.FetchOther},
		{"no scheme", live("example.org/privacy"), policy.FetchOther},
		{"ftp", live("ftp://example.org/"), policy.FetchOther},
		{"file", live("file:///etc/passwd"), policy.FetchOther},
		{"javascript", live("javascript:alert(1)"), policy.FetchOther},
		{"no host", live("http:///privacy"), policy.FetchOther},
		{"userinfo", live("http://user:hunter2@example.org/"), policy.FetchOther},
		{"control byte", live("http://example.org/\x01"), policy.FetchOther},
		{"bad port", live("http://example.org:99999/"), policy.FetchOther},
		{"own header", policy.Request{URL: "http://example.org", Headers: map[string]string{"range": "bytes=0-9"}}, policy.FetchOther},
		{"split header", policy.Request{URL: "http://example.org", Headers: map[string]string{"X-A": "hunter2\r\nX-B: 1"}}, policy.FetchOther},
	} {
		t.Run(tc.name, func(t *testing.T) {
			fe := wantFailure(t, c, tc.req, tc.reason)
			if strings.Contains(fe.Error(), "hunter2") {
				t.Errorf("the error tells a secret: %v", fe)
			}
		})
	}
}

// TestSecretsStayInside: a configured credential that the server echoes, whole
// or without its scheme, is nowhere in capture, log or error.
func TestSecretsStayInside(t *testing.T) {
	const secret = "Bearer s3cr3t-canary"
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		if r.URL.Path == "/" {
			w.Header().Set("X-Echo", r.Header.Get("Authorization"))
			http.Redirect(w, r, "/next?k="+token, http.StatusFound)
			return
		}
		w.Header().Set("X-Echo", token)
		w.Header().Set("Content-Encoding", r.URL.Query().Get("coding"))
	})
	var log bytes.Buffer
	c := testClient(t, func(o *Options) {
		o.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	req := live(s.URL)
	req.Headers = map[string]string{"Authorization": secret}
	got := mustCapture(t, c, req)
	if got.Header["X-Echo"][0] != policy.Redacted {
		t.Errorf("echo: %v", got.Header)
	}
	for _, text := range append([]string{got.FinalURL, log.String()}, got.Hops[0].Location, got.Hops[1].URL) {
		if strings.Contains(text, "s3cr3t") {
			t.Errorf("the credential is in %q", text)
		}
	}
}

func TestPanicIsAFailure(t *testing.T) {
	c := testClient(t, func(o *Options) {
		o.Clock = func() time.Time { panic("clock is broken") }
	})
	s := newServer(t, serve(200, []byte(page)))
	fe := wantFailure(t, c, live(s.URL), policy.FetchOther)
	if !strings.Contains(fe.Error(), "clock is broken") {
		t.Errorf("error %v", fe)
	}
	if n := len(c.pacer.hosts); n != 0 {
		t.Errorf("%d hosts stay occupied after the panic", n)
	}
}

func TestClose(t *testing.T) {
	entered := make(chan struct{})
	s := newServer(t, func(_ http.ResponseWriter, r *http.Request) {
		close(entered)
		<-r.Context().Done()
	})
	c := testClient(t, nil)
	failed := make(chan error, 1)
	go func() {
		_, err := c.Capture(t.Context(), live(s.URL))
		failed <- err
	}()
	<-entered
	c.Close()
	checkFailure(t, policy.Capture{}, <-failed, policy.FetchCanceled)
	wantFailure(t, c, live(s.URL), policy.FetchCanceled)
}

func TestOptions(t *testing.T) {
	if _, err := New(Options{}); err == nil {
		t.Error("no clock: no error")
	}
	for _, o := range []Options{{Timeout: -1}, {PerHostDelay: -1}, {MaxBody: -1}, {Concurrency: -1}, {UserAgent: "a\r\nb"}} {
		o.Clock = time.Now
		if _, err := New(o); err == nil {
			t.Errorf("%+v: no error", o)
		}
	}
	reg := prometheus.NewRegistry()
	if _, err := New(Options{Clock: time.Now, Registerer: reg}); err != nil {
		t.Fatal(err)
	}
	var taken prometheus.AlreadyRegisteredError
	if _, err := New(Options{Clock: time.Now, Registerer: reg}); !errors.As(err, &taken) {
		t.Errorf("second client on one registry: %v", err)
	}
	for want, o := range map[string]Options{
		"watcher":                      {},
		"watcher/1.0":                  {Version: "1.0"},
		"watcher/1.0 (+me@x.org)":      {Version: "1.0", Contact: "me@x.org"},
		"Acme-Watch (+https://x.org/)": {UserAgent: "Acme-Watch (+https://x.org/)", Version: "1.0"},
	} {
		o.Clock = time.Now
		if got, err := o.withDefaults(); err != nil || got.UserAgent != want {
			t.Errorf("user agent %q (%v), want %q", got.UserAgent, err, want)
		}
	}
}

func TestMetrics(t *testing.T) {
	reg := prometheus.NewPedanticRegistry()
	c := testClient(t, func(o *Options) { o.Registerer = reg })
	if n, err := testutil.GatherAndCount(reg, "watcher_fetches_total"); err != nil || n != len(policy.FetchReasons()) {
		t.Errorf("%d outcomes before the first capture (%v), want %d", n, err, len(policy.FetchReasons()))
	}
	if problems, err := testutil.GatherAndLint(reg); err != nil || len(problems) != 0 {
		t.Errorf("lint: %v, %v", problems, err)
	}
	var inFlight float64
	s := newServer(t, func(w http.ResponseWriter, _ *http.Request) {
		inFlight = testutil.ToFloat64(c.metrics.inFlight)
		_, _ = w.Write([]byte(page))
	})
	mustCapture(t, c, live(s.URL))
	wantFailure(t, c, live("http://10.0.0.1/"), policy.FetchSSRF)
	if inFlight != 1 || testutil.ToFloat64(c.metrics.inFlight) != 0 {
		t.Errorf("in flight: %v during, %v after", inFlight, testutil.ToFloat64(c.metrics.inFlight))
	}
	for reason, want := range map[policy.FetchReason]float64{policy.FetchOK: 1, policy.FetchSSRF: 1, policy.FetchTimeout: 0} {
		if n := testutil.ToFloat64(c.metrics.fetches.WithLabelValues(string(reason))); n != want {
			t.Errorf("outcome %s: %v, want %v", reason, n, want)
		}
	}
}

func TestTLS(t *testing.T) {
	s := httptest.NewUnstartedServer(serve(200, []byte(page)))
	s.EnableHTTP2 = true
	s.StartTLS()
	t.Cleanup(s.Close)
	c := testClient(t, nil)
	fe := wantFailure(t, c, live(s.URL), policy.FetchTLS)
	if fe.Hint == "" {
		t.Error("no hint")
	}
	c.roots = s.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	got := mustCapture(t, c, live(s.URL))
	leaf := s.Certificate()
	want := &policy.TLS{
		Version: "TLS 1.3", Cipher: got.TLS.Cipher, LeafSHA256: policy.Sum(leaf.Raw),
		Issuer: leaf.Issuer.String(), NotAfter: leaf.NotAfter.UTC(),
	}
	if diff := cmp.Diff(want, got.TLS); diff != "" || got.TLS.Cipher == "" {
		t.Errorf("tls (-want +got):\n%s", diff)
	}

	plain := newServer(t, serve(200, nil))
	wantFailure(t, c, live(strings.Replace(plain.URL, "http:", "https:", 1)), policy.FetchTLS)
}
