package wayback

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"time"

	"watcher/policy"
)

// The archive's limits, four fifths of what it allows (edgi wayback 0.5.1, June
// 2026: 30 CDX and 600 playback requests a minute).
const (
	CDXInterval      = 2500 * time.Millisecond
	PlaybackInterval = 500 * time.Millisecond
)

// The breaker: how long it stays open after a 429 or a refused connection. The
// archive blocks who goes on for an hour, and doubles that each time.
const (
	firstRest = time.Minute
	longRest  = time.Hour
	maxRest   = 8 * time.Hour
)

// Get makes one request: no redirect is followed, nothing repeated.
type Get func(ctx context.Context, address string) (policy.Capture, error)

// Options configure a Client.
type Options struct {
	// BaseURL is where the archive answers, without a last slash.
	BaseURL string
	Get     Get
	// CDXInterval and PlaybackInterval are the least time between two requests
	// of a kind; for the Wayback Machine those of the constants.
	CDXInterval, PlaybackInterval time.Duration
	Logger                        *slog.Logger
	// Clock tells the time that the pace runs by; required.
	Clock func() time.Time
}

// Client reads an archive. It is safe for concurrent use and keeps one pace for
// all who use it.
type Client struct {
	base   string
	fetch  Get
	logger *slog.Logger
	clock  func() time.Time
	*manners
}

// manners are what all clients of one archive share.
type manners struct {
	cdxPace  pace
	playPace pace
	breaker  breaker
}

// New returns a client. It sends nothing yet.
func New(o Options) *Client {
	c := &Client{base: strings.TrimRight(o.BaseURL, "/"), fetch: o.Get, logger: o.Logger, clock: o.Clock, manners: &manners{}}
	c.cdxPace.every, c.playPace.every = o.CDXInterval, o.PlaybackInterval
	if c.logger == nil {
		c.logger = slog.New(slog.DiscardHandler)
	}
	return c
}

// With returns a client that asks through get from now on. It keeps the pace and
// the breaker of c, so that a reload is no way around them.
func (c *Client) With(get Get) *Client {
	next := *c
	next.fetch = get
	return &next
}

// BaseURL returns where the client's archive answers.
func (c *Client) BaseURL() string { return c.base }

// pace spaces requests: each has a moment of its own, at least an interval after
// the one before.
type pace struct {
	every time.Duration
	mu    sync.Mutex
	next  time.Time
}

// wait returns when it is the caller's turn.
func (p *pace) wait(ctx context.Context, now time.Time) error {
	p.mu.Lock()
	turn := p.next
	if turn.Before(now) {
		turn = now
	}
	p.next = turn.Add(p.every)
	p.mu.Unlock()
	return pause(ctx, turn.Sub(now))
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// breaker keeps everybody quiet for a while.
type breaker struct {
	mu    sync.Mutex
	until time.Time
	rest  time.Duration
	// trips tells answers to requests of before the last trip from later ones.
	trips int
}

// open returns how long the archive is to be left alone, 0 for not at all.
func (b *breaker) open(now time.Time) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	return max(0, b.until.Sub(now))
}

// seen returns how often the breaker has tripped, to be handed in with what
// comes of a request that is sent now.
func (b *breaker) seen() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.trips
}

// trip opens the breaker, for longer each time. Requests that were under way
// together are refused together, and count once.
func (b *breaker) trip(now time.Time, seen int) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.trips != seen {
		if until := now.Add(b.rest); until.After(b.until) {
			b.until = until
		}
		return b.rest
	}
	b.trips++
	switch b.rest {
	case 0:
		b.rest = firstRest
	case firstRest:
		b.rest = longRest
	default:
		b.rest = min(2*b.rest, maxRest)
	}
	b.until = now.Add(b.rest)
	return b.rest
}

// reset notes a good answer, unless it is to a request of before the last trip.
func (b *breaker) reset(seen int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.trips != seen {
		return
	}
	b.rest, b.until = 0, time.Time{}
}

// minPause is the unit of the pauses between tries; they double.
const minPause = 50 * time.Millisecond

// maxTries is how often a request is made that fails in a way that may pass.
const maxTries = 4

// get asks the archive, in its turn, and again after failures that may pass. An
// answer with a Memento-Datetime is never repeated: what looks like a failure is
// an archived one.
func (c *Client) get(ctx context.Context, address string, p *pace) (policy.Capture, error) {
	for try := 1; ; try++ {
		if err := c.turn(ctx, address, p); err != nil {
			return policy.Capture{}, err
		}
		seen := c.breaker.seen()
		got, err := c.fetch(ctx, address)
		again, stop := c.judge(got, err)
		if stop {
			rest := c.breaker.trip(c.clock(), seen)
			c.logger.Warn("the archive asks for a pause", "for", rest, "status", got.Status, "err", err)
			return policy.Capture{}, resting(address, rest)
		}
		if !again {
			if err == nil {
				c.breaker.reset(seen)
			}
			return got, err
		}
		if try == maxTries {
			if err == nil {
				err = &policy.FetchError{Reason: policy.FetchOther, URL: address, Err: fmt.Errorf("status %d after %d tries", got.Status, try)}
			}
			return policy.Capture{}, err
		}
		if err := pause(ctx, time.Duration(2<<try)*max(p.every, minPause)); err != nil {
			return policy.Capture{}, &policy.FetchError{Reason: policy.FetchCanceled, URL: address, Err: err}
		}
	}
}

// turn waits for the caller's turn. The breaker may open meanwhile: whoever
// waits in line then must not go on.
func (c *Client) turn(ctx context.Context, address string, p *pace) error {
	if rest := c.breaker.open(c.clock()); rest > 0 {
		return resting(address, rest)
	}
	if err := p.wait(ctx, c.clock()); err != nil {
		return &policy.FetchError{Reason: policy.FetchCanceled, URL: address, Err: err}
	}
	if rest := c.breaker.open(c.clock()); rest > 0 {
		return resting(address, rest)
	}
	return nil
}

func resting(address string, rest time.Duration) error {
	return &policy.FetchError{
		Reason: policy.FetchOther, URL: address, RetryAfter: rest, Hint: "it goes on by itself; nothing is lost",
		Err: fmt.Errorf("%w of %s", ErrResting, rest.Round(time.Second)),
	}
}

// judge says whether to ask again, or to stop asking altogether.
func (c *Client) judge(got policy.Capture, err error) (again, stop bool) {
	if err != nil {
		var fe *policy.FetchError
		if errors.Is(err, syscall.ECONNREFUSED) {
			return false, true
		}
		return errors.As(err, &fe) && (fe.Reason == policy.FetchTimeout || fe.Reason == policy.FetchConnect || fe.Reason == policy.FetchTruncated), false
	}
	if headerOf(got.Header, mementoHeader) != "" {
		return false, false
	}
	switch got.Status {
	case http.StatusTooManyRequests:
		return false, true
	case http.StatusRequestEntityTooLarge, http.StatusMisdirectedRequest, http.StatusInternalServerError,
		http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout, 599:
		return true, false
	}
	return false, false
}
