package wayback

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"watcher/policy"
)

// gatekeeper is an archive that watches how it is asked, and blocks whoever goes
// on after a 429 or a refused connection.
type gatekeeper struct {
	t    *testing.T
	mu   sync.Mutex
	draw *rand.Rand
	// lists and plays are the times of requests, closed until when none may come.
	lists, plays []time.Time
	closed       time.Time
	trips        int
}

func (g *gatekeeper) get(ctx context.Context, address string) (policy.Capture, error) {
	answer, took := g.arrive(address)
	select {
	case <-time.After(took):
	case <-ctx.Done():
		return policy.Capture{}, &policy.FetchError{Reason: policy.FetchCanceled, Err: ctx.Err()}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if answer < 2 {
		g.trips++
		g.closed = time.Now().Add(firstRest)
	}
	refused := &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	switch answer {
	case 0:
		return policy.Capture{Status: http.StatusTooManyRequests}, nil
	case 1:
		return policy.Capture{}, &policy.FetchError{Reason: policy.FetchConnect, Err: refused}
	case 2, 3:
		return policy.Capture{Status: http.StatusServiceUnavailable}, nil
	case 4:
		return policy.Capture{}, &policy.FetchError{Reason: policy.FetchTimeout, Err: context.DeadlineExceeded}
	}
	return policy.Capture{Status: http.StatusOK}, nil
}

// arrive judges the time of a request and draws its answer: one in twenty stops
// everything.
func (g *gatekeeper) arrive(address string) (answer int, took time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now, times, least := time.Now(), &g.plays, PlaybackInterval
	if strings.Contains(address, "/cdx/") {
		times, least = &g.lists, CDXInterval
	}
	if n := len(*times); n > 0 && now.Sub((*times)[n-1]) < least {
		g.t.Errorf("a request %v after the one before, want %v: %s", now.Sub((*times)[n-1]), least, address)
	}
	if now.Before(g.closed) {
		g.t.Errorf("a request %v before the pause is over: %s", g.closed.Sub(now), address)
	}
	*times = append(*times, now)
	return g.draw.IntN(40), time.Duration(g.draw.IntN(5000)) * time.Millisecond
}

// busiest returns the most requests within any span.
func busiest(times []time.Time, span time.Duration) (most int) {
	for i := range times {
		n := 0
		for _, at := range times[i:] {
			if at.Sub(times[i]) < span {
				n++
			}
		}
		most = max(most, n)
	}
	return most
}

// TestManners lets many readers loose on the archive at random and reloads the
// client under them: no more than 24 lists a minute and 2 captures a second, and
// none at all while it wants a pause.
func TestManners(t *testing.T) {
	const rounds = 40
	requests, trips := 0, 0
	for seed := range uint64(rounds) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := mannersRound(t, rand.New(rand.NewPCG(seed, 11)))
				if n := busiest(g.lists, time.Minute); n > 24 {
					t.Errorf("%d lists within a minute", n)
				}
				if n := busiest(g.plays, time.Second); n > 2 {
					t.Errorf("%d captures within a second", n)
				}
				requests, trips = requests+len(g.lists)+len(g.plays), trips+g.trips
			})
		})
	}
	t.Logf("%d requests and %d pauses in %d schedules", requests, trips, rounds)
	if requests < rounds*30 || trips < rounds {
		t.Errorf("%d requests and %d pauses prove little", requests, trips)
	}
}

func mannersRound(t *testing.T, draw *rand.Rand) *gatekeeper {
	g := &gatekeeper{t: t, draw: rand.New(rand.NewPCG(draw.Uint64(), draw.Uint64()))}
	var client atomic.Pointer[Client]
	client.Store(New(Options{
		BaseURL: "https://archive.example", Get: g.get, Clock: time.Now, CDXInterval: CDXInterval, PlaybackInterval: PlaybackInterval,
	}))
	var wg sync.WaitGroup
	for range 60 {
		start, lists := time.Duration(draw.IntN(4*3600))*time.Second, draw.IntN(2) == 0
		if draw.IntN(2) == 0 {
			start = time.Duration(draw.IntN(30)) * time.Second // a crowd at the beginning
		}
		wg.Go(func() {
			<-time.After(start)
			if c := client.Load(); lists {
				_, _ = c.List(t.Context(), privacy, Range{})
			} else {
				_, _ = c.Play(t.Context(), Memento{Timestamp: day(1).Format(stamp), Time: day(1), Original: privacy})
			}
		})
	}
	for range 6 {
		<-time.After(time.Duration(draw.IntN(60)) * time.Second)
		client.Store(client.Load().With(g.get))
	}
	wg.Wait()
	return g
}

// TestBreakerCountsOnce: requests that were under way together and are refused
// together open the breaker for a minute, not for an hour; and the good answer
// of one of them does not close it.
func TestBreakerCountsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		c := New(Options{BaseURL: "https://archive.example", Clock: time.Now, Get: func(context.Context, string) (policy.Capture, error) {
			n++
			mine := n
			<-time.After(time.Duration(mine) * time.Second)
			return policy.Capture{Status: map[bool]int{true: http.StatusTooManyRequests, false: http.StatusOK}[mine < 3]}, nil
		}})
		for range 3 {
			go func() { _, _ = c.List(t.Context(), privacy, Range{}) }()
			synctest.Wait()
		}
		<-time.After(3 * time.Second)
		synctest.Wait()
		if _, err := c.With(c.fetch).List(t.Context(), privacy, Range{}); !errors.Is(err, ErrResting) || n != 3 {
			t.Errorf("after two refusals and a late answer: %v, %d requests", err, n)
		}
		if rest := c.breaker.open(time.Now()); rest != firstRest-time.Second {
			t.Errorf("the breaker is open for %v", rest)
		}
	})
}
