package wayback

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"watcher/crawler"
	"watcher/internal/waybackfake"
	"watcher/policy"
)

const privacy = "https://www.vendor.example/privacy"

func day(n int) time.Time { return time.Date(2024, 1, n, 3, 4, 5, 0, time.UTC) }

// through returns a client of a stand-in, over the real transport.
func through(t *testing.T, a *waybackfake.Archive) *Client {
	t.Helper()
	srv := a.Serve()
	t.Cleanup(srv.Close)
	c, err := crawler.New(crawler.Options{Clock: time.Now, AllowPrivate: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return New(Options{BaseURL: srv.URL + "/", Clock: time.Now, Get: func(ctx context.Context, address string) (policy.Capture, error) {
		return c.Once(ctx, policy.Request{URL: address})
	}})
}

func history(n int) *waybackfake.Archive {
	a := &waybackfake.Archive{}
	for i := range n {
		a.Captures = append(a.Captures, waybackfake.Capture{URL: privacy, Time: day(1).AddDate(0, 0, i), Status: http.StatusOK, Body: fmt.Sprintf("<p>edition %d", i/2)})
	}
	return a
}

// TestList reads the list through what the archive puts into it: lines twice,
// garbage, pages with resume keys, revisits.
func TestList(t *testing.T) {
	a := history(25)
	a.Twice, a.Garbage, a.PageSize, a.Revisits = true, true, 7, true
	c := through(t, a)
	got, err := c.List(t.Context(), privacy, Range{})
	if err != nil || len(got) != 25 {
		t.Fatalf("%d captures, %v", len(got), err)
	}
	revisits := 0
	for i, m := range got {
		if !m.Time.Equal(day(1).AddDate(0, 0, i)) || m.Original != privacy || m.Digest == "" {
			t.Errorf("capture %d: %+v", i, m)
		}
		if m.Revisit {
			revisits++
		}
	}
	if revisits != 12 {
		t.Errorf("%d revisits, want 12", revisits)
	}
	some, err := c.List(t.Context(), privacy, Range{From: day(3), To: day(5)})
	if err != nil || len(some) != 3 {
		t.Errorf("%d captures of three days, %v", len(some), err)
	}
	newest, err := c.Latest(t.Context(), privacy)
	if err != nil || !newest.Time.Equal(day(25)) {
		t.Errorf("latest %+v, %v", newest, err)
	}
	if _, err := c.Latest(t.Context(), "https://other.example/"); !errors.Is(err, ErrMissing) {
		t.Errorf("a page that nobody archived: %v", err)
	}
}

// TestExcluded: sites that may not be shown are told of as such, in all the forms
// that this takes.
func TestExcluded(t *testing.T) {
	a := history(2)
	a.Excluded, a.Robots = map[string]bool{"vendor.example": true}, map[string]bool{"robots.example": true}
	c := through(t, a)
	for _, page := range []string{privacy, "https://robots.example/privacy"} {
		if _, err := c.List(t.Context(), page, Range{}); !errors.Is(err, ErrExcluded) {
			t.Errorf("list of %s: %v", page, err)
		}
	}
	if _, err := c.Play(t.Context(), Memento{Timestamp: "20240101030405", Time: day(1), Original: privacy}); !errors.Is(err, ErrExcluded) {
		t.Errorf("a page with status 200 that says excluded: %v", err)
	}
}

func TestPlay(t *testing.T) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	fmt.Fprint(z, "<p>packed")
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	at := func(n int, c waybackfake.Capture) waybackfake.Capture {
		c.Time = day(n)
		if c.URL == "" {
			c.URL = privacy
		}
		if c.Status == 0 {
			c.Status = http.StatusOK
		}
		return c
	}
	a := &waybackfake.Archive{Captures: []waybackfake.Capture{
		at(1, waybackfake.Capture{Body: "<p>plain", Header: http.Header{"Content-Type": {"text/html"}, "Etag": {`"a"`}}}),
		at(2, waybackfake.Capture{Body: packed.String(), Header: http.Header{"Content-Encoding": {"gzip"}}}),
		at(3, waybackfake.Capture{Status: http.StatusTooManyRequests, Body: "slow down", Header: http.Header{"Retry-After": {"6"}}}),
		at(4, waybackfake.Capture{Status: http.StatusMovedPermanently, Header: http.Header{"Location": {"https://vendor.example/legal"}}}),
		at(4, waybackfake.Capture{URL: "https://vendor.example/legal", Body: "<p>moved"}),
		at(5, waybackfake.Capture{URL: "https://vendor.example/a", Status: http.StatusFound, Header: http.Header{"Location": {"https://vendor.example/b"}}}),
		at(5, waybackfake.Capture{URL: "https://vendor.example/b", Status: http.StatusFound, Header: http.Header{"Location": {"https://vendor.example/a"}}}),
	}}
	c := through(t, a)
	play := func(n int, page string) (policy.Capture, error) {
		return c.Play(t.Context(), Memento{Timestamp: day(n).Format(stamp), Time: day(n), Original: page, Digest: waybackfake.Digest("<p>plain")})
	}
	got, err := play(1, privacy)
	if err != nil || string(got.Body) != "<p>plain" || !got.CapturedAt.Equal(day(1)) || got.Source != policy.SourceWayback || got.FinalURL != privacy {
		t.Fatalf("plain: %+v, %v", got, err)
	}
	if h := http.Header(got.Header); h.Get("Etag") != `"a"` || h.Get("Server") != "nginx" || h.Get("Memento-Datetime") == "" || !strings.HasSuffix(h.Get(DigestHeader), " verified") {
		t.Errorf("headers %v", got.Header)
	}
	if got, err = play(2, privacy); err != nil || string(got.Body) != "<p>packed" || !strings.HasSuffix(http.Header(got.Header).Get(DigestHeader), " unverifiable") {
		t.Errorf("packed: %q, %v, %v", got.Body, got.Header, err)
	}
	if got, err = play(3, privacy); err != nil || got.Status != http.StatusTooManyRequests {
		t.Errorf("an archived 429: %d, %v", got.Status, err)
	}
	if c.breaker.open(time.Now()) != 0 {
		t.Error("an archived 429 made us pause")
	}
	if got, err = play(4, privacy); err != nil || string(got.Body) != "<p>moved" || got.FinalURL != "https://vendor.example/legal" || len(got.Hops) != 2 {
		t.Errorf("an archived redirect: %+v, %v", got, err)
	}
	if _, err = play(5, "https://vendor.example/a"); !errors.Is(err, ErrMissing) {
		t.Errorf("a circle of redirects: %v", err)
	}
	if _, err = play(9, privacy); !errors.Is(err, ErrMissing) {
		t.Errorf("a time that is days away: %v", err)
	}
	if _, err = play(1, "https://nobody.example/x"); !errors.Is(err, ErrMissing) {
		t.Errorf("never archived: %v", err)
	}
}

// TestTrouble: failures that may pass are repeated, and a 429 stops everything.
func TestTrouble(t *testing.T) {
	a := history(1)
	failures := 2
	a.Trouble = func(w http.ResponseWriter, _ *http.Request) bool {
		if failures > 0 {
			failures--
			http.Error(w, "<html>busy", http.StatusServiceUnavailable)
			return true
		}
		return false
	}
	c := through(t, a)
	if got, err := c.List(t.Context(), privacy, Range{}); err != nil || len(got) != 1 {
		t.Errorf("after two 503: %v, %v", got, err)
	}
	a.Trouble = func(w http.ResponseWriter, _ *http.Request) bool {
		w.WriteHeader(http.StatusTooManyRequests)
		return true
	}
	before := len(a.Requests())
	for range 3 {
		_, err := c.List(t.Context(), privacy, Range{})
		var fe *policy.FetchError
		if !errors.Is(err, ErrResting) || !errors.As(err, &fe) || fe.RetryAfter <= 0 || fe.RetryAfter > firstRest {
			t.Errorf("after a 429: %v", err)
		}
	}
	if n := len(a.Requests()) - before; n != 1 {
		t.Errorf("%d requests after a 429, want the one that met it", n)
	}
}

// TestPace: whatever many goroutines do, the archive sees requests at its pace,
// and nothing while the breaker is open.
func TestPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var times []time.Time
		limited := false
		c := New(Options{BaseURL: "https://archive.example", Clock: time.Now, CDXInterval: CDXInterval, PlaybackInterval: PlaybackInterval, Get: func(context.Context, string) (policy.Capture, error) {
			mu.Lock()
			defer mu.Unlock()
			times = append(times, time.Now())
			if limited {
				return policy.Capture{Status: http.StatusTooManyRequests}, nil
			}
			return policy.Capture{Status: http.StatusOK}, nil
		}})
		begin := time.Now()
		for range 24 {
			go func() { _, _ = c.List(t.Context(), privacy, Range{}) }()
		}
		synctest.Wait()
		time.Sleep(time.Minute)
		synctest.Wait()
		if len(times) != 24 || times[23].Sub(begin) != 23*CDXInterval {
			t.Errorf("%d requests, the last after %v", len(times), times[len(times)-1].Sub(begin))
		}
		limited = true
		for _, rest := range []time.Duration{firstRest, longRest, 2 * longRest, 4 * longRest, maxRest, maxRest} {
			n := len(times)
			_, _ = c.List(t.Context(), privacy, Range{})
			for range 5 {
				_, _ = c.List(t.Context(), privacy, Range{})
			}
			if len(times) != n+1 || c.breaker.open(time.Now()) != rest {
				t.Errorf("%d requests, a rest of %v, want one and %v", len(times)-n, c.breaker.open(time.Now()), rest)
			}
			time.Sleep(rest)
		}
	})
}

func TestStamps(t *testing.T) {
	for in, want := range map[string]string{
		"20240102030405": "2024-01-02T03:04:05Z", "20000012170449": "2000-12-17T04:49:00Z", "20000800241623": "2000-08-24T16:23:00Z",
		"2024": "", "99999999999999": "", "2024010203040x": "",
	} {
		got := ""
		if at, ok := parseStamp(in); ok {
			got = at.Format(time.RFC3339)
		}
		if got != want {
			t.Errorf("%s: %q, want %q", in, got, want)
		}
	}
}

func FuzzCDX(f *testing.F) {
	f.Add([]byte("gov,example)/ 19961231235847 http://www.example.gov:80/ text/html 200 MGIGF4GRGGF5GKV6VNCBAXOE3OR5BTZC 1811\n\ncom%2Cexample%29%2F+2001041400593%3A\n"))
	f.Fuzz(func(t *testing.T, body []byte) {
		got, _, n := parseCDX(body)
		if len(got) > n {
			t.Errorf("%d captures in %d lines", len(got), n)
		}
		for _, m := range got {
			if m.Time.IsZero() || m.Original == "" {
				t.Errorf("%+v", m)
			}
		}
	})
}
