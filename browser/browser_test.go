package browser_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"watcher/browser"
	"watcher/policy"
)

// chromium skips the test where there is no browser, except in CI.
func chromium(t *testing.T) {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if _, err := exec.LookPath(name); err == nil {
			return
		}
	}
	if os.Getenv("CI") != "" {
		t.Fatal("no Chromium")
	}
	t.Skip("no Chromium on the path")
}

func newBrowser(t *testing.T, o browser.Options) *browser.Browser {
	t.Helper()
	chromium(t)
	if o.Dial == nil {
		o.Dial = (&net.Dialer{}).DialContext
	}
	o.Clock = time.Now
	b := browser.New(o)
	t.Cleanup(b.Close)
	return b
}

// site serves handlers by path.
func site(t *testing.T, pages map[string]http.HandlerFunc) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	for path, h := range pages {
		mux.HandleFunc(path, h)
	}
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func text(s string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, s)
	}
}

func TestCapture(t *testing.T) {
	t.Parallel()
	var lang, agent, cookie []string
	s := site(t, map[string]http.HandlerFunc{
		"/start": func(w http.ResponseWriter, r *http.Request) {
			http.SetCookie(w, &http.Cookie{Name: "visit", Value: "1"})
			http.Redirect(w, r, "/policy", http.StatusFound)
		},
		"/policy": func(w http.ResponseWriter, r *http.Request) {
			lang, agent = append(lang, r.Header.Get("Accept-Language")), append(agent, r.UserAgent())
			cookie = append(cookie, r.Header.Get("Cookie"))
			text(`<title>Privacy</title><main id=app></main><script>
				alert("welcome");
				fetch("/text.json").then(r => r.json()).then(t => setTimeout(() => {
					document.getElementById("app").innerHTML = "<h1>Privacy</h1><p>" + t.text + "</p><my-note></my-note>";
				}, 400));
				customElements.define("my-note", class extends HTMLElement {
					connectedCallback() { this.attachShadow({mode: "open"}).innerHTML = "<p>Kept for twelve months.</p>"; }
				});</script>`)(w, r)
		},
		"/text.json": text(`{"text": "We sell nothing."}`),
	})
	b := newBrowser(t, browser.Options{Agent: "watcher/test"})
	for range 2 {
		got, err := b.Capture(t.Context(), policy.Request{Policy: "acme/privacy", URL: s.URL + "/start", Lang: "de"})
		if err != nil {
			t.Fatal(err)
		}
		body := string(got.Body)
		for _, want := range []string{"<h1>Privacy</h1>", "We sell nothing.", "Kept for twelve months."} {
			if !strings.Contains(body, want) {
				t.Errorf("the page lacks %q:\n%s", want, body)
			}
		}
		if got.Status != 200 || got.FinalURL != s.URL+"/policy" || got.Source != policy.SourceBrowser || len(got.Hops) != 2 ||
			got.Hops[0].Status != 302 || got.Hops[0].Location != s.URL+"/policy" || got.MediaType != "text/html" ||
			got.Digest != policy.Sum(got.Body) || !strings.Contains(got.Fetcher, "Chrome") {
			got.Body = nil
			t.Errorf("capture is %+v", got)
		}
	}
	for i := range lang {
		if lang[i] != "de" || !strings.Contains(agent[i], "HeadlessChrome") || !strings.HasSuffix(agent[i], " watcher/test") || cookie[i] != "visit=1" {
			t.Errorf("asked with language %q, agent %q, cookie %q", lang[i], agent[i], cookie[i])
		}
	}
}

// TestFresh holds a page to knowing nothing of the page before.
func TestFresh(t *testing.T) {
	t.Parallel()
	s := site(t, map[string]http.HandlerFunc{"/": text(`<body><script>
		const n = 1 + Number(localStorage.n || 0); localStorage.n = n;
		document.cookie = "n=" + n; document.body.append("visit " + n);</script>`)})
	b := newBrowser(t, browser.Options{})
	for range 2 {
		got, err := b.Capture(t.Context(), policy.Request{URL: s.URL})
		if err != nil || !strings.Contains(string(got.Body), "visit 1") {
			t.Fatalf("%s, %v", got.Body, err)
		}
	}
}

func TestStatusIsTheDocuments(t *testing.T) {
	t.Parallel()
	s := site(t, map[string]http.HandlerFunc{"/": func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusNotFound)
		text(`<p>Nothing here.<iframe src="/frame"></iframe>`)(w, r)
	}, "/frame": text("a frame")})
	got, err := newBrowser(t, browser.Options{}).Capture(t.Context(), policy.Request{URL: s.URL + "/gone"})
	if err != nil || got.Status != http.StatusNotFound {
		t.Fatalf("status %d, %v", got.Status, err)
	}
}

// TestGuard: whatever a page asks for goes through the dial function, loopback
// and plain http included.
func TestGuard(t *testing.T) {
	t.Parallel()
	denied := &policy.FetchError{Reason: policy.FetchSSRF, Err: errors.New("address denied")}
	secret := site(t, map[string]http.HandlerFunc{"/": text("the secret")})
	port := secret.URL[strings.LastIndex(secret.URL, ":"):]
	s := site(t, map[string]http.HandlerFunc{
		"/": text(fmt.Sprintf(`<p id=out>nothing</p><iframe src="%[1]s"></iframe><script>
			for (const u of ["%[1]s", "http://localhost%[2]s", "https://localhost%[2]s", "http://[::1]%[2]s"])
				fetch(u, {mode: "no-cors"}).then(() => document.getElementById("out").textContent = "reached " + u, () => {});
			new WebSocket("ws://localhost%[2]s/");</script>`, secret.URL, port)),
		"/away": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, secret.URL, http.StatusFound) },
	})
	dial := func(ctx context.Context, network, addr string) (net.Conn, error) {
		if strings.HasSuffix(addr, port) {
			return nil, denied
		}
		return (&net.Dialer{}).DialContext(ctx, network, addr)
	}
	b := newBrowser(t, browser.Options{Dial: dial})
	got, err := b.Capture(t.Context(), policy.Request{URL: s.URL})
	if err != nil {
		t.Fatal(err)
	}
	// The proxy answers for a plain-http address that it refuses: the page sees
	// an answer, but never the secret.
	if strings.Contains(string(got.Body), "the secret") || strings.Contains(string(got.Body), "reached https") {
		t.Errorf("the page reached what it must not:\n%s", got.Body)
	}
	for _, address := range []string{s.URL + "/away", secret.URL, "https://localhost" + port} {
		_, err := b.Capture(t.Context(), policy.Request{URL: address})
		var fe *policy.FetchError
		if !errors.As(err, &fe) || fe.Reason != policy.FetchSSRF || fe.URL != address {
			t.Errorf("%s: %v, want the guard's refusal", address, err)
		}
	}
}

func TestHeadersStayWithTheHost(t *testing.T) {
	t.Parallel()
	got := make(chan [2]string, 8)
	note := func(name string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Access-Control-Allow-Origin", "*")
			got <- [2]string{name, r.Header.Get("X-Key")}
		}
	}
	other := site(t, map[string]http.HandlerFunc{"/data": note("other")})
	s := site(t, map[string]http.HandlerFunc{
		"/":     text(`<p>page</p><script>fetch("/data").then(() => fetch("` + other.URL + `/data"))</script>`),
		"/data": note("own"),
	})
	if _, err := newBrowser(t, browser.Options{}).Capture(t.Context(), policy.Request{URL: s.URL, Headers: map[string]string{"X-Key": "k"}}); err != nil {
		t.Fatal(err)
	}
	close(got)
	seen := map[string]string{}
	for g := range got {
		seen[g[0]] = g[1]
	}
	if want := map[string]string{"own": "k", "other": ""}; fmt.Sprint(seen) != fmt.Sprint(want) {
		t.Errorf("headers sent: %v, want %v", seen, want)
	}
}

func TestBounds(t *testing.T) {
	t.Parallel()
	hang := make(chan struct{})
	t.Cleanup(func() { close(hang) })
	s := site(t, map[string]http.HandlerFunc{
		"/large": text(strings.Repeat("<p>A long page.</p>\n", 200_000)),
		"/loads": text(`<p>page</p><script>(async () => { for (;;) await (await fetch("/large")).text() })()</script>`),
		"/busy":  text(`<p>page</p><script>for (;;) {}</script>`),
		"/never": func(_ http.ResponseWriter, r *http.Request) {
			select {
			case <-hang:
			case <-r.Context().Done():
			}
		},
		"/file.pdf": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/pdf")
			_, _ = io.WriteString(w, "%PDF-1.4\n")
		},
		"/download": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Disposition", "attachment; filename=policy.docx")
			_, _ = io.WriteString(w, "PK")
		},
		"/restless": text(`<p id=n></p><script>let n = 0; setInterval(() => document.getElementById("n").textContent += " word" + n++, 100)</script>`),
	})
	b := newBrowser(t, browser.Options{MaxBytes: 2 << 20, Timeout: 10 * time.Second})
	for path, want := range map[string]policy.FetchReason{
		"/large": policy.FetchTooLarge, "/loads": policy.FetchTooLarge, "/busy": policy.FetchTimeout, "/never": policy.FetchTimeout,
		"/file.pdf": policy.FetchUnsupported, "/download": policy.FetchUnsupported, "/restless": "",
	} {
		_, err := b.Capture(t.Context(), policy.Request{URL: s.URL + path})
		var reason policy.FetchReason
		if fe, ok := errors.AsType[*policy.FetchError](err); ok {
			reason = fe.Reason
		}
		if reason != want || errors.Is(err, browser.ErrFile) != (want == policy.FetchUnsupported) {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
	}
	got, err := b.Capture(t.Context(), policy.Request{URL: s.URL + "/restless"})
	if err != nil || !strings.Contains(string(got.Body), "word1") {
		t.Errorf("a restless page: %v", err)
	}
}

func TestNoBrowser(t *testing.T) {
	t.Parallel()
	b := browser.New(browser.Options{Path: "/nowhere/chromium", Clock: time.Now, Dial: (&net.Dialer{}).DialContext})
	defer b.Close()
	_, err := b.Capture(t.Context(), policy.Request{URL: "http://127.0.0.1/"})
	var fe *policy.FetchError
	if !errors.As(err, &fe) || fe.Hint == "" {
		t.Errorf("%v, want a hint", err)
	}
}

func TestCloseEndsCaptures(t *testing.T) {
	t.Parallel()
	arrived := make(chan struct{}, 1)
	s := site(t, map[string]http.HandlerFunc{"/": func(_ http.ResponseWriter, r *http.Request) {
		select {
		case arrived <- struct{}{}:
		default:
		}
		<-r.Context().Done()
	}})
	b := newBrowser(t, browser.Options{})
	ended := make(chan error, 1)
	go func() {
		_, err := b.Capture(context.WithoutCancel(t.Context()), policy.Request{URL: s.URL})
		ended <- err
	}()
	<-arrived
	b.Close()
	if err := <-ended; err == nil {
		t.Error("a capture outlived the browser")
	}
	if _, err := b.Capture(t.Context(), policy.Request{URL: s.URL}); err == nil {
		t.Error("a closed browser captures")
	}
}

// BenchmarkCapture is what a page costs beside a plain request.
func BenchmarkCapture(b *testing.B) {
	s := httptest.NewServer(text("<main>" + strings.Repeat("<p>We keep what we need.</p>", 1000) + "</main>"))
	defer s.Close()
	c := browser.New(browser.Options{Clock: time.Now, Dial: (&net.Dialer{}).DialContext})
	defer c.Close()
	if _, err := c.Capture(b.Context(), policy.Request{URL: s.URL}); err != nil {
		b.Skip(err)
	}
	for b.Loop() {
		if _, err := c.Capture(b.Context(), policy.Request{URL: s.URL}); err != nil {
			b.Fatal(err)
		}
	}
}
