package crawler

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"watcher/policy"
)

// crowd is a set of hosts that watch how politely they are visited. Each draws
// what it answers, and asks to be left alone in either form now and then.
type crowd struct {
	t *testing.T

	mu    sync.Mutex
	draw  *rand.Rand
	hosts map[string]*host
	pages int
	rests int
}

// host is one server of a crowd.
type host struct {
	busy bool
	// free is when the host may be asked again: after its last answer, the
	// delay or Crawl-delay, and its last wish to be left alone.
	free time.Time
	// follow is when the last answer may be followed up, at once: the page
	// comes after its robots.txt and after a redirect within the host.
	follow time.Time
	delay  time.Duration
	quiet  time.Time
}

// The pauses of the test, apart from each other so that each is seen to count.
const (
	crowdDelay = 3 * time.Second
	crawlDelay = 11 * time.Second
)

func newCrowd(t *testing.T, draw *rand.Rand) *crowd {
	// Its own source: it draws under its lock, and the visitors without.
	return &crowd{t: t, draw: rand.New(rand.NewPCG(draw.Uint64(), draw.Uint64())), hosts: map[string]*host{}}
}

func (c *crowd) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	took, answer := c.arrive(r)
	timer := time.NewTimer(took)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.Context().Done():
	}
	c.leave(w, r, answer)
}

// arrive judges a request and draws how long it takes and what it is answered.
func (c *crowd) arrive(r *http.Request) (time.Duration, int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	h := c.hosts[r.Host]
	if h == nil {
		h = &host{delay: crowdDelay}
		c.hosts[r.Host] = h
	}
	now := time.Now()
	if h.busy {
		c.t.Errorf("%s: two requests in flight", r.Host)
	}
	if now.Before(h.quiet) {
		c.t.Errorf("%s: a request %v before the end of Retry-After", r.Host, h.quiet.Sub(now))
	}
	if now.Before(h.free) && !now.Equal(h.follow) {
		c.t.Errorf("%s: a request %v too early", r.Host, h.free.Sub(now))
	}
	h.busy, h.follow = true, time.Time{}
	c.pages++
	return time.Duration(c.draw.IntN(4000)) * time.Millisecond, c.draw.IntN(10)
}

func (c *crowd) leave(w http.ResponseWriter, r *http.Request, answer int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	h, now := c.hosts[r.Host], time.Now()
	h.busy = false
	h.free = now.Add(h.delay)
	if r.URL.Path == "/robots.txt" {
		h.follow = now
	}
	switch {
	case r.URL.Path == "/robots.txt" && r.Host[0] == 'c':
		h.delay = crawlDelay
		h.free = now.Add(h.delay)
		fmt.Fprintf(w, "User-agent: *\nCrawl-delay: %d\n", crawlDelay/time.Second)
	case r.URL.Path == "/robots.txt" && answer > 2:
		http.NotFound(w, r)
	case answer < 2:
		c.rest(w, h, now)
	case answer < 4 && r.URL.Path != "/robots.txt":
		to := hostName(c.draw)
		if to == r.Host {
			h.follow = now
		}
		http.Redirect(w, r, fmt.Sprintf("http://%s/next%d", to, c.pages), http.StatusFound)
	}
}

// rest asks to be left alone, in seconds or until a date, by 429 or 503.
func (c *crowd) rest(w http.ResponseWriter, h *host, now time.Time) {
	c.rests++
	wish := time.Duration(1+c.draw.IntN(90)) * time.Second
	value := strconv.Itoa(int(wish / time.Second))
	if c.draw.IntN(2) == 0 {
		until := now.Add(wish).Truncate(time.Second)
		wish, value = until.Sub(now), until.UTC().Format(http.TimeFormat)
	}
	h.quiet = now.Add(wish)
	w.Header().Set("Retry-After", value)
	w.WriteHeader([]int{http.StatusTooManyRequests, http.StatusServiceUnavailable}[c.draw.IntN(2)])
}

// hostName draws a host: three of them have a Crawl-delay.
func hostName(draw *rand.Rand) string {
	return fmt.Sprintf("%c%d.example", "cd"[draw.IntN(2)], draw.IntN(3))
}

// TestPoliteness lets random visitors loose on a crowd of hosts, and reloads the
// client under them. No host ever sees two requests at a time, one within its
// Retry-After, or one before its delay or Crawl-delay is over.
func TestPoliteness(t *testing.T) {
	const rounds = 60
	pages, rests := 0, 0
	for seed := range uint64(rounds) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := politeRound(t, rand.New(rand.NewPCG(seed, 7)))
				pages, rests = pages+c.pages, rests+c.rests
			})
		})
	}
	t.Logf("%d requests with %d wishes for a rest in %d schedules", pages, rests, rounds)
	if pages < rounds*20 || rests < rounds*3 {
		t.Errorf("%d requests with %d rests prove little", pages, rests)
	}
}

func politeRound(t *testing.T, draw *rand.Rand) *crowd {
	crowd := newCrowd(t, draw)
	n := newPipeNet(t, crowd.ServeHTTP)
	var client atomic.Pointer[Client]
	client.Store(testClient(t, func(o *Options) {
		o.Dial, o.PerHostDelay, o.Concurrency, o.IgnoreRobots = n.dial, crowdDelay, 4, false
	}))
	var wg sync.WaitGroup
	for i := range 24 {
		start := time.Duration(draw.IntN(120)) * time.Second
		req := retrying("http://"+hostName(draw)+"/", draw.IntN(3), []time.Duration{0, 20 * time.Second, time.Hour}[draw.IntN(3)])
		req.Policy = policy.ID(strconv.Itoa(i))
		wg.Go(func() {
			<-time.After(start)
			_, err := client.Load().Capture(t.Context(), req)
			wantPolite(t, err)
		})
	}
	for range 4 {
		<-time.After(time.Duration(draw.IntN(60)) * time.Second)
		before := client.Load()
		next, err := before.With(before.opts)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(next.Close)
		client.Store(next)
	}
	wg.Wait()
	return crowd
}

// wantPolite accepts a capture, and a host that said no.
func wantPolite(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		return
	}
	fe, ok := errors.AsType[*policy.FetchError](err)
	if !ok || fe.Reason != policy.FetchRateLimited && fe.Reason != policy.FetchRobots && fe.Reason != policy.FetchRedirect {
		t.Errorf("capture: %v", err)
	}
	if ok && fe.Reason == policy.FetchRateLimited && fe.RetryAfter <= 0 {
		t.Errorf("a host that rests without an end: %v", err)
	}
}

// TestRestIsForAll: what a host says to one policy counts for the others, also
// after a reload: who may wait so long waits, who may not is told when to come.
func TestRestIsForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		n := newPipeNet(t, func(w http.ResponseWriter, _ *http.Request) {
			if asked++; asked == 1 {
				w.Header().Set("Retry-After", "100")
				w.WriteHeader(http.StatusTooManyRequests)
			}
		})
		c := testClient(t, func(o *Options) { o.Dial = n.dial })
		began := time.Now()
		mustCapture(t, c, live("http://a.example/privacy"))
		next, err := c.With(c.opts)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(next.Close)
		<-time.After(40 * time.Second)
		for _, url := range []string{"http://a.example/terms", "http://A.example.:80/terms"} {
			fe := wantFailure(t, next, retrying(url, 3, 59*time.Second), policy.FetchRateLimited)
			if fe.RetryAfter != time.Minute || fe.Hint != hintRest {
				t.Errorf("%s: come back after %v (%s), want a minute", url, fe.RetryAfter, fe.Hint)
			}
		}
		mustCapture(t, next, live("http://b.example/"))
		if took := time.Since(began); took != 40*time.Second || asked != 2 {
			t.Errorf("%d requests after %v, want one to each host, and none held up", asked, took)
		}
		mustCapture(t, next, retrying("http://a.example/terms", 0, time.Minute))
		if took := time.Since(began); took != 100*time.Second {
			t.Errorf("the page was had after %v, want 100 s", took)
		}
	})
}

// TestRobotsKeepTheTurn: a robots.txt that lies at another host is asked for in
// that host's turn, and one that says 429 keeps us from the page.
func TestRobotsKeepTheTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		busy := map[string]int{}
		count := func(host string, n int) int {
			mu.Lock()
			defer mu.Unlock()
			busy[host] += n
			return busy[host]
		}
		c := newPipeClient(t, func(w http.ResponseWriter, r *http.Request) {
			if count(r.Host, 1) > 1 {
				t.Errorf("two requests in flight at %s", r.Host)
			}
			<-time.After(time.Second)
			count(r.Host, -1)
			switch {
			case r.URL.Path == "/robots.txt" && r.Host == "a.example":
				http.Redirect(w, r, "http://b.example/robots.txt", http.StatusMovedPermanently)
			case r.URL.Path == "/robots.txt" && r.Host == "busy.example":
				w.Header().Set("Retry-After", "30")
				w.WriteHeader(http.StatusTooManyRequests)
			}
		}, func(o *Options) { o.PerHostDelay, o.IgnoreRobots = 10*time.Second, false })
		var wg sync.WaitGroup
		for _, host := range []string{"a", "b", "a", "b"} {
			wg.Go(func() { mustCapture(t, c, live("http://"+host+".example/")) })
		}
		wg.Wait()
		if fe := wantFailure(t, c, live("http://busy.example/"), policy.FetchRateLimited); fe.RetryAfter != 30*time.Second {
			t.Errorf("come back after %v", fe.RetryAfter)
		}
	})
}

// TestOneTurnForBothSchemes: http and https of one host on their own ports are
// one server.
func TestOneTurnForBothSchemes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPacer(Options{PerHostDelay: time.Minute, Concurrency: 8, Clock: time.Now})
		release, err := p.acquire(t.Context(), "a.example:80")
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := p.acquire(ctx, "a.example:443"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("https beside http: %v", err)
		}
		other, err := p.acquire(t.Context(), "a.example:8443")
		if err != nil {
			t.Fatal(err)
		}
		other(0)
		release(0)
	})
}

func TestRests(t *testing.T) {
	now := time.Now()
	r := rests{until: map[string]time.Time{}}
	left := func(at time.Time) time.Duration {
		if e, ok := errors.AsType[*restingError](r.check("a", at)); ok {
			return e.left
		}
		return 0
	}
	r.note("a", now, time.Hour)
	r.note("a", now, time.Minute)
	if got := left(now); got != time.Hour {
		t.Errorf("a shorter wish left %v, want an hour", got)
	}
	if got := left(now.AddDate(-1, 0, 0)); got != 0 {
		t.Errorf("a clock that was a year ahead makes a rest of %v", got)
	}
	r.note("a", now, 1000*time.Hour)
	if got := left(now); got != maxRest {
		t.Errorf("rest %v, want the bound %v", got, maxRest)
	}
	if left(now.Add(maxRest)) != 0 || len(r.until) != 0 {
		t.Error("a rest that is over is remembered")
	}
	for i := range maxRests + 5 {
		r.note(strconv.Itoa(i), now, time.Hour)
	}
	if len(r.until) > maxRests {
		t.Errorf("%d rests remembered", len(r.until))
	}
}
