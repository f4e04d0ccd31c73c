package crawler

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"watcher/policy"
)

func TestRetryStatuses(t *testing.T) {
	for status, tries := range map[int]int{
		200: 1, 304: 1, 400: 1, 401: 1, 403: 1, 404: 1, 408: 4, 410: 1, 425: 4, 429: 4, 500: 4, 501: 1, 502: 4, 503: 4, 504: 4,
	} {
		synctest.Test(t, func(t *testing.T) {
			requests := 0
			c := newPipeClient(t, func(w http.ResponseWriter, _ *http.Request) {
				requests++
				w.WriteHeader(status)
			}, nil)
			req := retrying("http://a.example", 3, time.Minute)
			req.ETag = `"v1"`
			got := mustCapture(t, c, req)
			if got.Status != status || got.Attempts != tries || requests != tries {
				t.Errorf("status %d: %d attempts, %d requests, want %d", status, got.Attempts, requests, tries)
			}
		})
	}
}

func TestRetryRecovers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		requests := 0
		c := newPipeClient(t, func(w http.ResponseWriter, _ *http.Request) {
			if requests++; requests < 3 {
				w.WriteHeader(http.StatusBadGateway)
				return
			}
			_, _ = w.Write([]byte(page))
		}, nil)
		began := time.Now()
		got := mustCapture(t, c, retrying("http://a.example", 5, time.Minute))
		if got.Status != 200 || got.Attempts != 3 || len(got.Hops) != 1 || string(got.Body) != page {
			t.Errorf("%d after %d attempts, hops %v", got.Status, got.Attempts, got.Hops)
		}
		if waited := time.Since(began); waited > 6*time.Second {
			t.Errorf("two pauses of at most 2 s and 4 s took %v", waited)
		}
	})
}

// TestRetryAfter: what the server asks for is waited in full, or the crawler
// gives up.
func TestRetryAfter(t *testing.T) {
	for _, tc := range []struct {
		name     string
		header   func() string
		maxWait  time.Duration
		wait     time.Duration
		attempts int
	}{
		{"seconds", func() string { return "17" }, time.Minute, 17 * time.Second, 2},
		{"date", func() string { return time.Now().Add(30 * time.Second).UTC().Format(http.TimeFormat) }, time.Minute, 30 * time.Second, 2},
		{"at the bound", func() string { return "60" }, time.Minute, time.Minute, 2},
		{"too long", func() string { return "61" }, time.Minute, 0, 1},
		{"far too long", func() string { return "99999999999999999999" }, 0, 0, 2}, // unreadable: own pause, of at most MaxWait
		{"past date", func() string { return "Mon, 03 Mar 1997 10:00:00 GMT" }, time.Minute, 0, 2},
		{"immediately", func() string { return "0" }, time.Minute, 0, 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				requests := 0
				c := newPipeClient(t, func(w http.ResponseWriter, _ *http.Request) {
					if requests++; requests == 1 {
						w.Header().Set("Retry-After", tc.header())
						w.WriteHeader(http.StatusServiceUnavailable)
					}
				}, nil)
				began := time.Now()
				got := mustCapture(t, c, retrying("http://a.example", 2, tc.maxWait))
				if waited := time.Since(began); waited != tc.wait || got.Attempts != tc.attempts {
					t.Errorf("%d attempts, waited %v, want %d and %v", got.Attempts, waited, tc.attempts, tc.wait)
				}
			})
		})
	}
}

func TestRetryErrors(t *testing.T) {
	for name, tc := range map[string]struct {
		err    error
		tries  int
		reason policy.FetchReason
	}{
		"refused":       {&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, 3, policy.FetchConnect},
		"reset":         {&net.OpError{Op: "read", Err: syscall.ECONNRESET}, 3, policy.FetchConnect},
		"dial timeout":  {&net.OpError{Op: "dial", Err: context.DeadlineExceeded}, 3, policy.FetchTimeout},
		"no such name":  {&net.DNSError{Err: "no such host", IsNotFound: true}, 1, policy.FetchDNS},
		"resolver down": {&net.DNSError{Err: "server misbehaving", IsTemporary: true}, 3, policy.FetchDNS},
		"denied":        {&deniedError{errors.New("private")}, 1, policy.FetchSSRF},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				dials := 0
				c := testClient(t, func(o *Options) {
					o.Dial = func(context.Context, string, string) (net.Conn, error) {
						dials++
						return nil, tc.err
					}
				})
				fe := wantFailure(t, c, retrying("http://a.example", 2, time.Minute), tc.reason)
				if dials != tc.tries {
					t.Errorf("%d tries, want %d", dials, tc.tries)
				}
				if tc.tries > 1 && !strings.Contains(fe.Error(), "after 3 attempts") {
					t.Errorf("error %v does not tell the attempts", fe)
				}
			})
		})
	}
}

// TestPhaseDeadlines: a network that swallows everything is given up after the
// time of the phase, and the whole never takes longer than Timeout.
func TestPhaseDeadlines(t *testing.T) {
	for name, tc := range map[string]struct {
		dial    func(context.Context, string, string) (net.Conn, error)
		scheme  string
		retries int
		want    time.Duration
	}{
		"connect": {func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}, "http", 0, connectTimeout},
		"tls":       {blackHole, "https", 0, handshakeTimeout},
		"header":    {blackHole, "http", 0, headerTimeout},
		"all tries": {blackHole, "http", 20, DefaultTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := testClient(t, func(o *Options) { o.Dial = tc.dial })
				began := time.Now()
				// Without a pause between tries, what passes is the requests' time.
				wantFailure(t, c, retrying(tc.scheme+"://a.example", tc.retries, 0), policy.FetchTimeout)
				if took := time.Since(began); took != tc.want {
					t.Errorf("took %v, want %v", took, tc.want)
				}
			})
		})
	}
}

// blackHole connects to something that reads everything and says nothing.
func blackHole(context.Context, string, string) (net.Conn, error) {
	client, server := net.Pipe()
	go func() {
		defer func() { _ = server.Close() }()
		buf := make([]byte, 1024)
		for {
			if _, err := server.Read(buf); err != nil {
				return
			}
		}
	}()
	return client, nil
}

func TestCancelDuringPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newPipeClient(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "3000")
			w.WriteHeader(http.StatusTooManyRequests)
		}, nil)
		ctx, cancel := context.WithCancel(t.Context())
		began := time.Now()
		time.AfterFunc(5*time.Second, cancel)
		got, err := c.Capture(ctx, retrying("http://a.example", 2, time.Hour))
		checkFailure(t, got, err, policy.FetchCanceled)
		if took := time.Since(began); took != 5*time.Second {
			t.Errorf("returned after %v, want 5 s", took)
		}
	})
}

func TestJitterBounds(t *testing.T) {
	for n, bound := range []time.Duration{2, 4, 8, 16, 32, 60, 60, 60} {
		for range 200 {
			if d := jitter(n); d < 0 || d >= bound*time.Second {
				t.Fatalf("pause %d is %v, want below %d s", n, d, bound)
			}
		}
	}
	if d := jitter(1 << 20); d >= backoffCap {
		t.Errorf("pause %v", d)
	}
}
