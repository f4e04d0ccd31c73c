package crawler

import (
	"context"
	"errors"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"watcher/policy"
)

// stages are the places at which a capture can be caught, each with a network
// that keeps it there for ever.
func stages() map[string]func(t *testing.T, o *Options) policy.Request {
	silent := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	through := func(h http.HandlerFunc) func(t *testing.T, o *Options) policy.Request {
		return func(t *testing.T, o *Options) policy.Request {
			o.Dial = newPipeNet(t, h).dial
			return retrying("http://a.example/", 3, time.Hour)
		}
	}
	return map[string]func(t *testing.T, o *Options) policy.Request{
		"connect": func(_ *testing.T, o *Options) policy.Request {
			o.Dial = func(ctx context.Context, _, _ string) (net.Conn, error) {
				<-ctx.Done()
				return nil, ctx.Err()
			}
			return live("http://a.example/")
		},
		"tls": func(_ *testing.T, o *Options) policy.Request {
			o.Dial = blackHole
			return live("https://a.example/")
		},
		"proxy": func(_ *testing.T, o *Options) policy.Request {
			o.Dial = blackHole
			req := live("http://93.184.215.14/")
			req.Proxy = "http://proxy.example:3128"
			return req
		},
		"proxy, socks": func(_ *testing.T, o *Options) policy.Request {
			o.Dial = blackHole
			req := live("http://93.184.215.14/")
			req.Proxy = "socks5://proxy.example"
			return req
		},
		"header": through(silent),
		"body": through(func(w http.ResponseWriter, r *http.Request) {
			_, _ = w.Write([]byte(page))
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		}),
		"gzip body": through(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write([]byte{0x1f, 0x8b, 8, 0})
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		}),
		"body of a redirect": through(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", "/next")
			w.WriteHeader(http.StatusFound)
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		}),
		"robots.txt": func(t *testing.T, o *Options) policy.Request {
			o.IgnoreRobots = false
			return through(silent)(t, o)
		},
		"pause between tries": through(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "3000")
			w.WriteHeader(http.StatusServiceUnavailable)
		}),
	}
}

// TestCancel: a capture that is cancelled returns at that very moment, wherever
// it is, and so does one whose client is closed.
func TestCancel(t *testing.T) {
	for name, stage := range stages() {
		for _, how := range []string{"cancel", "close"} {
			t.Run(name+"/"+how, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					var req policy.Request
					c := testClient(t, func(o *Options) { req = stage(t, o) })
					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					if how == "close" {
						cancel = c.Close
					}
					failed, over := capturing(ctx, c, req)
					synctest.Wait() // it is as far as it will get
					<-time.After(time.Second)
					select {
					case err := <-failed:
						t.Fatalf("it did not wait: %v", err)
					default:
					}
					began := time.Now()
					cancel()
					checkFailure(t, policy.Capture{}, <-failed, policy.FetchCanceled)
					if took := (<-over).Sub(began); took != 0 {
						t.Errorf("returned after %v", took)
					}
				})
			})
		}
	}
}

// capturing runs a capture and tells its error and when it was over.
func capturing(ctx context.Context, c *Client, req policy.Request) (<-chan error, <-chan time.Time) {
	failed, over := make(chan error, 1), make(chan time.Time, 1)
	go func() {
		_, err := c.Capture(ctx, req)
		over <- time.Now()
		failed <- err
	}()
	return failed, over
}

// TestCancelInTurn: as TestCancel, for a capture that waits for its host while
// that cools down, rests, or reads a large body (TestCancelWhileWaiting has the
// other two waits).
func TestCancelInTurn(t *testing.T) {
	for name, first := range map[string]http.HandlerFunc{
		"delay": serve(200, []byte(page)),
		"rest":  serve(429, nil, "Retry-After", "3000"),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newPipeClient(t, first, func(o *Options) { o.PerHostDelay = time.Hour })
				mustCapture(t, c, live("http://a.example/"))
				ctx, cancel := context.WithCancel(t.Context())
				failed, over := capturing(ctx, c, retrying("http://a.example/", 0, 2*time.Hour))
				<-time.After(time.Second)
				began := time.Now()
				cancel()
				checkFailure(t, policy.Capture{}, <-failed, policy.FetchCanceled)
				if took := (<-over).Sub(began); took != 0 {
					t.Errorf("returned after %v", took)
				}
			})
		})
	}
	t.Run("large body", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			c := newPipeClient(t, serve(200, noise(largeBody+maxPiece)), nil)
			for range maxLarge {
				c.memory.large <- struct{}{}
			}
			ctx, cancel := context.WithCancel(t.Context())
			failed, over := capturing(ctx, c, live("http://a.example/"))
			<-time.After(time.Second)
			began := time.Now()
			cancel()
			checkFailure(t, policy.Capture{}, <-failed, policy.FetchCanceled)
			if took := (<-over).Sub(began); took != 0 {
				t.Errorf("returned after %v", took)
			}
			<-c.memory.large
			mustCapture(t, c, live("http://b.example/"))
			if len(c.memory.large) != maxLarge-1 {
				t.Error("a large body that is read keeps its place")
			}
		})
	})
}

// TestCancelInDNS is the phase that cannot live in a bubble, as the resolver
// has state of its own. The resolver never answers and has no deadline but the
// call's, so a cancellation is all that can end it.
func TestCancelInDNS(t *testing.T) {
	for _, proxy := range []string{"", "http://127.0.0.1:9"} {
		asked, gone := make(chan struct{}, 8), make(chan struct{})
		ctx, cancel := context.WithCancel(t.Context())
		c := testClient(t, func(o *Options) {
			o.Resolver = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
				asked <- struct{}{}
				<-gone
				return nil, errors.New("gone")
			}}
		})
		req := live("http://a.example/")
		req.Proxy = proxy
		failed, _ := capturing(ctx, c, req)
		<-asked
		cancel()
		checkFailure(t, policy.Capture{}, <-failed, policy.FetchCanceled)
		close(gone) // only now does the resolver give up
	}
}
