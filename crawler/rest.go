package crawler

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"watcher/policy"
)

// A host that says Retry-After to one capture says it to all of them, also to
// those of other policies and of the client after a reload.

const (
	// maxRest bounds how long a host may ask to be left alone.
	maxRest = 24 * time.Hour
	// maxRests bounds the hosts whose wishes are remembered.
	maxRests = 4096
)

const hintRest = "another page of the host was answered with Retry-After; the check is repeated when that is over"

// rests remembers until when hosts want no requests.
type rests struct {
	mu    sync.Mutex
	until map[string]time.Time
}

// restingError says for how long a host is not to be asked.
type restingError struct{ left time.Duration }

func (e *restingError) Error() string {
	return fmt.Sprintf("the host asked to be left alone for another %v", e.left.Round(time.Second))
}

// check returns a *restingError while host rests.
func (r *rests) check(host string, now time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	until, ok := r.until[host]
	if !ok {
		return nil
	}
	// A rest that is longer than any was noted before the clock was set back.
	if left := until.Sub(now); left > 0 && left <= maxRest {
		return &restingError{left: left}
	}
	delete(r.until, host)
	return nil
}

// note begins a rest of host, or prolongs the one it has.
func (r *rests) note(host string, now time.Time, d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.until) >= maxRests {
		clear(r.until) // rather ask again than grow for ever
	}
	if until := now.Add(min(d, maxRest)); until.After(r.until[host]) {
		r.until[host] = until
	}
}

// turn makes the host of u the one that the chain may ask. It waits for the
// turn without bound, as that comes with certainty, and for a host that rests no
// longer than the request allows.
func (ch *chain) turn(ctx context.Context, u *url.URL) error {
	for {
		err := ch.lease.move(ctx, hostKey(u))
		if err == nil {
			return nil
		}
		resting, ok := errors.AsType[*restingError](err)
		if !ok {
			return ended(ctx)
		}
		if ch.patience -= resting.left; ch.patience < 0 {
			fe := newFailure(policy.FetchRateLimited, hintRest, err)
			fe.RetryAfter = resting.left
			return fe
		}
		if sleep(ctx, resting.left) != nil {
			return ended(ctx)
		}
	}
}

// send makes a request to the host whose turn the chain has, and remembers when
// that host wants to be left alone.
func (ch *chain) send(ctx context.Context, r *http.Request) (answer, error) {
	a, err := ch.v.exchange(ctx, ch.transport, r)
	asked := time.Duration(0)
	if fe, ok := errors.AsType[*policy.FetchError](err); ok {
		asked = fe.RetryAfter
	} else if retryableStatus(a.status) {
		asked, _ = retryAfter(a.header, ch.v.c.opts.Clock())
	}
	if asked > 0 {
		ch.lease.rest(asked)
	}
	return a, err
}
