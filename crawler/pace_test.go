package crawler

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"watcher/policy"
)

// witness is a server that checks the pace it is visited at.
type witness struct {
	t       *testing.T
	delay   time.Duration
	mu      sync.Mutex
	busy    map[string]int
	last    map[string]time.Time
	all     int
	maxAll  int
	maxHost int
	closest time.Duration
}

func newWitness(t *testing.T, delay time.Duration) *witness {
	return &witness{t: t, delay: delay, busy: map[string]int{}, last: map[string]time.Time{}, closest: time.Hour}
}

func (w *witness) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	w.begin(r)
	defer w.finish(r)
	wait := time.NewTimer(time.Duration(rand.IntN(5000)) * time.Millisecond)
	select {
	case <-wait.C:
	case <-r.Context().Done():
	}
	if to := r.URL.Query().Get("to"); to != "" {
		http.Redirect(rw, r, to, http.StatusFound)
	}
}

func (w *witness) begin(r *http.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.busy[r.Host]++
	w.all++
	w.maxHost = max(w.maxHost, w.busy[r.Host])
	w.maxAll = max(w.maxAll, w.all)
	if last, ok := w.last[r.Host]; ok && r.URL.Path != "/same" {
		w.closest = min(w.closest, time.Since(last))
	}
}

func (w *witness) finish(r *http.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.busy[r.Host]--
	w.all--
	w.last[r.Host] = time.Now()
}

// TestPace lets many captures with redirects within and across hosts loose at
// once: no host ever sees two requests at a time or one too early, the global
// cap holds, and all come through.
func TestPace(t *testing.T) {
	for _, delay := range []time.Duration{0, 10 * time.Second} {
		for round := range 5 {
			t.Run(fmt.Sprintf("%v/%d", delay, round), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { paceRound(t, delay) })
			})
		}
	}
}

func paceRound(t *testing.T, delay time.Duration) {
	w := newWitness(t, delay)
	c := newPipeClient(t, w.ServeHTTP, func(o *Options) { o.PerHostDelay, o.Concurrency = delay, 3 })
	var wg sync.WaitGroup
	for i := range 40 {
		n := rand.IntN(6)
		url := fmt.Sprintf("http://h%d.example/", n)
		switch i % 4 {
		case 1:
			url += fmt.Sprintf("?to=http://h%d.example/", (n+1+rand.IntN(5))%6)
		case 2:
			url += "?to=/same"
		}
		wg.Go(func() {
			if _, err := c.Capture(t.Context(), live(url)); err != nil {
				t.Errorf("%s: %v", url, err)
			}
		})
	}
	wg.Wait()
	if w.maxHost != 1 || w.maxAll > 3 || w.maxAll < 2 {
		t.Errorf("at most %d at once on one host and %d over all, want 1 and 2 or 3", w.maxHost, w.maxAll)
	}
	if w.closest < delay {
		t.Errorf("a request came %v after the one before, want at least %v", w.closest, delay)
	}
	<-time.After(delay) // the last turns cool down
	synctest.Wait()
	if n := len(c.pacer.hosts); n != 0 {
		t.Errorf("%d hosts are remembered without need", n)
	}
}

func TestSameHostRedirectFollowsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newPipeClient(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/" {
				http.Redirect(w, r, "/next", http.StatusFound)
			}
		}, func(o *Options) { o.PerHostDelay = 10 * time.Second })
		began := time.Now()
		mustCapture(t, c, live("http://a.example/"))
		if took := time.Since(began); took != 0 {
			t.Errorf("one chain on one host took %v", took)
		}
		mustCapture(t, c, live("http://a.example/"))
		if took := time.Since(began); took != 10*time.Second {
			t.Errorf("the second capture was done after %v, want 10 s", took)
		}
		mustCapture(t, c, live("http://a.example:8080/"))
		if took := time.Since(began); took != 10*time.Second {
			t.Errorf("another port had to wait until %v", took)
		}
	})
}

// TestCrossingRedirects: two chains into each other's host do not lock up.
func TestCrossingRedirects(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		other := map[string]string{"a.example": "http://b.example/end", "b.example": "http://a.example/end"}
		c := newPipeClient(t, func(w http.ResponseWriter, r *http.Request) {
			timer := time.NewTimer(time.Second)
			<-timer.C
			if r.URL.Path == "/" {
				http.Redirect(w, r, other[r.Host], http.StatusFound)
			}
		}, func(o *Options) { o.PerHostDelay, o.Concurrency = 10*time.Second, 2 })
		var wg sync.WaitGroup
		for host := range other {
			wg.Go(func() {
				if _, err := c.Capture(t.Context(), live("http://"+host+"/")); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	})
}

// TestCancelWhileWaiting: a capture that waits for its host or for the global
// cap returns at once, and leaves the turn to the next.
func TestCancelWhileWaiting(t *testing.T) {
	for name, url := range map[string]string{"host": "http://a.example/second", "global cap": "http://b.example/"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				free := make(chan struct{})
				c := newPipeClient(t, func(_ http.ResponseWriter, r *http.Request) {
					if r.URL.Path == "/first" {
						<-free
					}
				}, func(o *Options) { o.PerHostDelay, o.Concurrency = time.Hour, 1 })
				first := make(chan error, 1)
				go func() {
					_, err := c.Capture(t.Context(), live("http://a.example/first"))
					first <- err
				}()
				synctest.Wait()
				ctx, cancel := context.WithCancel(t.Context())
				second := make(chan error, 1)
				go func() {
					_, err := c.Capture(ctx, live(url))
					second <- err
				}()
				synctest.Wait()
				began := time.Now()
				cancel()
				checkFailure(t, policy.Capture{}, <-second, policy.FetchCanceled)
				if took := time.Since(began); took != 0 {
					t.Errorf("cancelled after %v", took)
				}
				close(free)
				if err := <-first; err != nil {
					t.Error(err)
				}
				mustCapture(t, c, live("http://c.example/"))
			})
		})
	}
}

// TestWaitingCostsNoTimeout: the wait for a turn is not the capture's time.
func TestWaitingCostsNoTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newPipeClient(t, serve(200, []byte(page)), func(o *Options) {
			o.PerHostDelay, o.Timeout = time.Hour, time.Second
		})
		for range 3 {
			mustCapture(t, c, live("http://a.example/"))
		}
	})
}

// TestPaceOutlivesOptions: a client made by With keeps the distance to what
// its predecessor requested, and works after that one is closed.
func TestPaceOutlivesOptions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newPipeNet(t, serve(200, []byte(page)))
		c := testClient(t, func(o *Options) { o.Dial, o.PerHostDelay = n.dial, 10*time.Second })
		began := time.Now()
		mustCapture(t, c, live("http://a.example/"))
		opts := c.opts
		opts.PerHostDelay = time.Second
		next, err := c.With(opts)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(next.Close)
		c.Close()
		mustCapture(t, next, live("http://a.example/"))
		if took := time.Since(began); took != 10*time.Second {
			t.Errorf("the first capture after the change of options came after %v, want 10 s", took)
		}
		mustCapture(t, next, live("http://a.example/"))
		if took := time.Since(began); took != 11*time.Second {
			t.Errorf("the second one came after %v, want 11 s", took)
		}
	})
}
