package crawler

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"watcher/policy"
)

// robotsSite serves a robots.txt and pages, and counts who asks for what.
type robotsSite struct {
	mu     sync.Mutex
	robots func(w http.ResponseWriter, r *http.Request)
	asked  map[string]int
}

func (s *robotsSite) serve(t *testing.T) string {
	t.Helper()
	s.asked = map[string]int{}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.asked[r.URL.Path]++
		s.mu.Unlock()
		if r.URL.Path == "/robots.txt" {
			s.robots(w, r)
			return
		}
		fmt.Fprint(w, page)
	}))
	t.Cleanup(srv.Close)
	return srv.URL
}

func says(text string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, text) }
}

func status(n int) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(n) }
}

// TestRobots follows RFC 9309, row by row.
func TestRobots(t *testing.T) {
	for _, tc := range []struct {
		name   string
		robots func(http.ResponseWriter, *http.Request)
		denied bool
	}{
		{"allows", says("User-agent: *\nAllow: /\n"), false},
		{"disallows us by name", says("User-agent: watcher\nDisallow: /privacy\n"), true},
		{"disallows all", says("User-agent: *\nDisallow: /\n"), true},
		{"disallows others", says("User-agent: otherbot\nDisallow: /\n"), false},
		{"the longest match counts", says("User-agent: *\nDisallow: /\nAllow: /privacy\n"), false},
		{"a pattern", says("User-agent: *\nDisallow: /*cy$\n"), true},
		{"no file", status(http.StatusNotFound), false},
		{"forbidden file", status(http.StatusForbidden), false},
		{"too many requests for it", status(http.StatusTooManyRequests), false},
		{"a server in trouble", status(http.StatusInternalServerError), true},
		{"a page in its place", says("<!doctype html><title>Welcome</title>"), false},
		{"a redirect to it", func(w http.ResponseWriter, r *http.Request) {
			if r.URL.RawQuery == "" {
				http.Redirect(w, r, "/robots.txt?v=2", http.StatusFound)
				return
			}
			fmt.Fprint(w, "User-agent: *\nDisallow: /\n")
		}, true},
		{"redirects without end", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/robots.txt", http.StatusFound) }, false},
	} {
		site := &robotsSite{robots: tc.robots}
		address := site.serve(t) + "/privacy"
		c := testClient(t, func(o *Options) { o.IgnoreRobots = false })
		for range 2 {
			_, err := c.Capture(t.Context(), policy.Request{URL: address})
			var fe *policy.FetchError
			if denied := errors.As(err, &fe) && fe.Reason == policy.FetchRobots; denied != tc.denied || err != nil && !denied {
				t.Errorf("%s: %v, want denied %v", tc.name, err, tc.denied)
			}
		}
		if n := site.asked["/privacy"]; tc.denied && n != 0 || !tc.denied && n != 2 {
			t.Errorf("%s: the page was asked for %d times", tc.name, n)
		}
		if n := site.asked["/robots.txt"]; n != 1 && !strings.Contains(tc.name, "redirect") {
			t.Errorf("%s: robots.txt was asked for %d times, want once a day", tc.name, n)
		}
		if got, err := c.Capture(t.Context(), policy.Request{URL: address, IgnoreRobots: true}); err != nil || !got.RobotsIgnored {
			t.Errorf("%s: overridden: %v, recorded %v", tc.name, err, got.RobotsIgnored)
		}
	}
}

// TestRobotsAge: the file is asked for again after a day, and sooner after
// trouble.
func TestRobotsAge(t *testing.T) {
	now := time.Now()
	site := &robotsSite{robots: status(http.StatusServiceUnavailable)}
	address := site.serve(t) + "/privacy"
	c := testClient(t, func(o *Options) { o.IgnoreRobots, o.Clock = false, func() time.Time { return now } })
	capture := func() error {
		got, err := c.Capture(t.Context(), policy.Request{URL: address})
		if got.RobotsIgnored {
			t.Error("recorded as overridden")
		}
		return err
	}
	if capture() == nil {
		t.Fatal("a server in trouble allowed us in")
	}
	site.robots = says("User-agent: *\nAllow: /\n")
	now = now.Add(robotsRetry + time.Second)
	if err := capture(); err != nil {
		t.Fatal(err)
	}
	site.robots = says("User-agent: *\nDisallow: /\n")
	now = now.Add(robotsAge - time.Second)
	if err := capture(); err != nil {
		t.Errorf("within a day: %v", err)
	}
	now = now.Add(2 * time.Second)
	if capture() == nil {
		t.Error("a new rule was not seen after a day")
	}
}

// TestRobotsBounds: five redirects to a file are followed and no sixth, the
// first 500 KiB of a file count, and a line that the end of reading cuts does not.
func TestRobotsBounds(t *testing.T) {
	redirects := func(n int) func(http.ResponseWriter, *http.Request) {
		return func(w http.ResponseWriter, r *http.Request) {
			if len(r.URL.RawQuery) < n {
				http.Redirect(w, r, "/robots.txt?"+r.URL.RawQuery+"x", http.StatusFound)
				return
			}
			fmt.Fprint(w, "User-agent: *\nDisallow: /\n")
		}
	}
	// after is a file whose rule begins that many bytes from its start.
	after := func(n int, rule string) func(http.ResponseWriter, *http.Request) {
		head := "User-agent: *\n"
		comment := "#" + strings.Repeat("-", n-len(head)-2) + "\n"
		return says(head + comment + rule)
	}
	for name, tc := range map[string]struct {
		robots func(http.ResponseWriter, *http.Request)
		denied bool
	}{
		"five redirects":      {redirects(5), true},
		"six redirects":       {redirects(6), false},
		"a rule at 500 KiB":   {after(500<<10-20, "Disallow: /privacy\n"), true},
		"a rule behind":       {after(maxRobots+1, "Disallow: /privacy\n"), false},
		"a rule that is cut":  {after(maxRobots-len("Disallow: /priv"), "Disallow: /private\n"), false},
		"rules that are many": {says("User-agent: *\nDisallow: /privacy\n" + strings.Repeat("Disallow: /x\n", 1<<16)), true},
	} {
		site := &robotsSite{robots: tc.robots}
		c := testClient(t, func(o *Options) { o.IgnoreRobots = false })
		_, err := c.Capture(t.Context(), policy.Request{URL: site.serve(t) + "/privacy"})
		var fe *policy.FetchError
		if denied := errors.As(err, &fe) && fe.Reason == policy.FetchRobots; denied != tc.denied || err != nil && !denied {
			t.Errorf("%s: %v, want denied %v", name, err, tc.denied)
		}
	}
}
