package crawler

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/html/charset"

	"watcher/normalize"
	"watcher/policy"
)

// TestWhereCollyDiffers has a row for everything that colly v2.3.0 was measured
// to do on its own and that a record of policies cannot live with. The first
// column is what colly did, the second what is asked of us; the test is here, or
// named where it is older.
func TestWhereCollyDiffers(t *testing.T) {
	for _, row := range []struct {
		colly, ours string
		test        func(t *testing.T)
	}{
		{"a body of 12 MiB is cut at 10 without an error", "it comes whole, or is too_large", bodyOf12MiB},
		{"a bomb is cut without an error", "too_large", gzipBomb}, // more in TestBombs
		{"an Accept-Encoding of ours unpacks 300 MiB", "a policy cannot set it, and the bomb is too_large", acceptEncodingIsOurs},
		{"brotli nobody asked for is a page of noise", "it is decoded; what cannot be is bad_encoding", unaskedBrotli},
		{"304 is an error", "a capture that is not modified", notModified}, // TestConditionalGet
		{"202, as challenges have it, is a page", "a capture whose status the gate refuses", statusIsKept(http.StatusAccepted)},
		{"206 is an error or a page, by version", "a capture whose status the gate refuses", statusIsKept(http.StatusPartialContent)},
		{"429 with Retry-After is an error without a second try", "it is waited for", retryAfter429}, // TestRetryAfter, TestPoliteness
		{"a visit after a failed one is refused", "every capture is made", visitAfterFailure},        // TestSameURLTwice
		{"a redirect to a visited URL is an error", "it is followed", redirectToVisited},
		{"robots.txt is off", "it is asked", robotsByDefault}, // TestRobots has all rows of RFC 9309
		{"robots.txt with 404 allows", "so it does here", robotsStatus(http.StatusNotFound, true)},
		{"robots.txt with 429 allows", "so it does here, unless it says for how long to stay away", robotsStatus(http.StatusTooManyRequests, true)},
		{"robots.txt with 500 allows", "it disallows", robotsStatus(http.StatusInternalServerError, false)},
		{"robots.txt is asked for once and for ever", "once a day", TestRobotsAge},
		{"the request for robots.txt has no context", "a cancelled capture leaves it", robotsContext},     // TestCancel
		{"a cancelled visit sleeps its delay out", "it returns at once", cancelInDelay},                   // TestCancelInTurn
		{"one rule serialises all hosts", "each host has a pace of its own", paceIsPerHost},               // TestPace, TestPoliteness
		{"latin-1 that only a meta tag declares is garbled", "bytes are kept, the text is right", latin1}, // TestBytesAreRaw
		{"10 s for the whole request", "a deadline for each phase and for the whole", TestPhaseDeadlines},
		{"every URL that was ever visited is kept", "nothing is", visitsAreForgotten},
		{"CacheDir stores error pages and is read for ever", "there is no cache, by whatever variable", noCache}, // TestEnvironmentDoesNotSteer
		{"a panic in a callback ends the process", "it is a failure of that capture", TestPanicIsAFailure},
	} {
		t.Run(row.colly, func(t *testing.T) {
			t.Log("want:", row.ours)
			row.test(t)
		})
	}
}

func bodyOf12MiB(t *testing.T) {
	text := noise(12 << 20)
	s := newServer(t, serve(200, text, "Content-Type", "text/html"))
	if got := mustCapture(t, testClient(t, nil), live(s.URL)); !bytes.Equal(got.Body, text) {
		t.Errorf("%d bytes, want %d", len(got.Body), len(text))
	}
	fe := wantFailure(t, testClient(t, func(o *Options) { o.MaxBody = 10 << 20 }), live(s.URL), policy.FetchTooLarge)
	if !strings.Contains(fe.Hint, "crawler.max_body") {
		t.Errorf("hint %q", fe.Hint)
	}
}

func gzipBomb(t *testing.T) {
	s := newServer(t, serve(200, zeroBomb(t), "Content-Encoding", "gzip"))
	wantFailure(t, testClient(t, nil), live(s.URL), policy.FetchTooLarge)
}

func acceptEncodingIsOurs(t *testing.T) {
	s := newServer(t, serve(200, zeroBomb(t), "Content-Encoding", "gzip"))
	req := live(s.URL)
	req.Headers = map[string]string{"accept-encoding": "gzip"}
	wantFailure(t, testClient(t, nil), req, policy.FetchOther)
}

func unaskedBrotli(t *testing.T) {
	s := newServer(t, serve(200, compress(t, "br", []byte(page)), "Content-Encoding", "br"))
	if got := mustCapture(t, testClient(t, nil), live(s.URL)); string(got.Body) != page {
		t.Errorf("body %q", got.Body)
	}
	s = newServer(t, serve(200, []byte(page), "Content-Encoding", "lzma"))
	wantFailure(t, testClient(t, nil), live(s.URL), policy.FetchEncoding)
}

func notModified(t *testing.T) {
	s := newServer(t, serve(http.StatusNotModified, nil))
	req := live(s.URL)
	req.ETag = `"v1"`
	if got := mustCapture(t, testClient(t, nil), req); !got.NotModified || len(got.Body) != 0 {
		t.Errorf("%+v", got)
	}
}

func statusIsKept(status int) func(t *testing.T) {
	return func(t *testing.T) {
		s := newServer(t, serve(status, []byte(page)))
		if got := mustCapture(t, testClient(t, nil), live(s.URL)); got.Status != status {
			t.Errorf("status %d, want %d", got.Status, status)
		}
	}
}

func retryAfter429(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		c := newPipeClient(t, func(w http.ResponseWriter, _ *http.Request) {
			if n++; n == 1 {
				w.Header().Set("Retry-After", "42")
				w.WriteHeader(http.StatusTooManyRequests)
			}
		}, nil)
		began := time.Now()
		got := mustCapture(t, c, retrying("http://a.example/", 1, time.Minute))
		if took := time.Since(began); got.Status != 200 || got.Attempts != 2 || took != 42*time.Second {
			t.Errorf("status %d in %d attempts after %v", got.Status, got.Attempts, took)
		}
	})
}

func visitAfterFailure(t *testing.T) {
	var n atomic.Int32
	s := newServer(t, func(w http.ResponseWriter, _ *http.Request) {
		if n.Add(1) == 1 {
			panic(http.ErrAbortHandler)
		}
		_, _ = w.Write([]byte(page))
	})
	c := testClient(t, nil)
	wantFailure(t, c, live(s.URL), policy.FetchConnect)
	mustCapture(t, c, live(s.URL))
}

func redirectToVisited(t *testing.T) {
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/old" {
			http.Redirect(w, r, "/new", http.StatusFound)
		}
	})
	c := testClient(t, nil)
	mustCapture(t, c, live(s.URL+"/new"))
	if got := mustCapture(t, c, live(s.URL+"/old")); got.FinalURL != s.URL+"/new" {
		t.Errorf("ended at %s", got.FinalURL)
	}
}

func robotsByDefault(t *testing.T) {
	site := &robotsSite{robots: says("User-agent: *\nDisallow: /\n")}
	address := site.serve(t)
	c, err := New(Options{Clock: time.Now, AllowPrivate: loopback()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	wantFailure(t, c, live(address+"/privacy"), policy.FetchRobots)
}

func robotsStatus(code int, allowed bool) func(t *testing.T) {
	return func(t *testing.T) {
		site := &robotsSite{robots: status(code)}
		req := live(site.serve(t) + "/privacy")
		c := testClient(t, func(o *Options) { o.IgnoreRobots = false })
		if allowed {
			mustCapture(t, c, req)
			return
		}
		wantFailure(t, c, req, policy.FetchRobots)
	}
}

func robotsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := newServer(t, func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	})
	got, err := testClient(t, func(o *Options) { o.IgnoreRobots = false }).Capture(ctx, live(s.URL))
	checkFailure(t, got, err, policy.FetchCanceled)
}

func cancelInDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newPipeClient(t, serve(200, []byte(page)), func(o *Options) { o.PerHostDelay = 5 * time.Second })
		mustCapture(t, c, live("http://a.example/"))
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		began := time.Now()
		got, err := c.Capture(ctx, live("http://a.example/"))
		checkFailure(t, got, err, policy.FetchTimeout)
		if took := time.Since(began); took != 300*time.Millisecond {
			t.Errorf("returned after %v", took)
		}
	})
}

func paceIsPerHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newPipeClient(t, serve(200, []byte(page)), func(o *Options) { o.PerHostDelay = time.Minute })
		began := time.Now()
		for i := range 5 {
			mustCapture(t, c, live(fmt.Sprintf("http://h%d.example/", i)))
		}
		if took := time.Since(began); took != 0 {
			t.Errorf("five hosts took %v", took)
		}
	})
}

func latin1(t *testing.T) {
	raw := []byte("<html><meta charset=iso-8859-1><title>Confidentialit\xe9</title><main><p>Vos donn\xe9es sont conserv\xe9es.</main>")
	s := newServer(t, serve(200, raw, "Content-Type", "text/html"))
	got := mustCapture(t, testClient(t, nil), live(s.URL))
	n, err := normalize.New(normalize.Rules{})
	if err != nil {
		t.Fatal(err)
	}
	doc, err := n.Document(normalize.Input{Body: got.Body, ContentType: got.ContentType, MediaType: got.MediaType, URL: got.FinalURL})
	if err != nil {
		t.Fatal(err)
	}
	if text := fmt.Sprint(doc); !bytes.Equal(got.Body, raw) || !strings.Contains(text, "Vos données sont conservées.") {
		t.Errorf("body %q, text %s", got.Body, text)
	}
	if _, name, _ := charset.DetermineEncoding(raw, "text/html"); name != "windows-1252" {
		t.Errorf("the page is %s: the row proves nothing", name)
	}
}

// visitsAreForgotten makes captures of many URLs: the client holds no more
// after them than before.
func visitsAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newPipeClient(t, serve(200, []byte(page)), nil)
		held := func(from, to int) uint64 {
			for i := from; i < to; i++ {
				mustCapture(t, c, live(fmt.Sprintf("http://a.example/%0200d", i)))
			}
			var m runtime.MemStats
			runtime.GC()
			runtime.GC()
			runtime.ReadMemStats(&m)
			return m.HeapAlloc
		}
		before := held(0, 100)
		if after := held(100, 1100); after > before+1000*100 {
			t.Errorf("%d bytes more after 1,000 URLs of 200 bytes", after-before)
		}
		if len(c.pacer.hosts) != 0 {
			t.Errorf("%d hosts remembered", len(c.pacer.hosts))
		}
	})
}

func noCache(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cache")
	t.Setenv("COLLY_CACHE_DIR", dir)
	code := http.StatusNotFound
	s := newServer(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) })
	c := testClient(t, nil)
	mustCapture(t, c, live(s.URL))
	code = http.StatusOK
	if got := mustCapture(t, c, live(s.URL)); got.Status != code {
		t.Errorf("status %d out of a cache", got.Status)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("cache directory: %v", err)
	}
}
