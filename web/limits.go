package web

import (
	"context"
	"net/http"
	"time"

	"golang.org/x/time/rate"
)

// What a request may cost: comparing texts on demand and the bodies of feeds take
// processor time that checks need as well.
const (
	costlyAtOnce    = 2
	costlyPerSecond = 5
	costlyBurst     = 20
	// unlockPerSecond is how often a token may be tried.
	unlockPerSecond = 1
	unlockBurst     = 10
)

// costs bounds what is expensive, over all readers together.
type costs struct {
	limit *rate.Limiter
	slots chan struct{}
}

func newCosts() costs {
	return costs{limit: rate.NewLimiter(costlyPerSecond, costlyBurst), slots: make(chan struct{}, costlyAtOnce)}
}

// take waits for a place; give gives it back.
func (c costs) take(ctx context.Context, now time.Time) error {
	if !c.limit.AllowN(now, 1) {
		return errTooMany()
	}
	select {
	case c.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c costs) give() { <-c.slots }

func errTooMany() error {
	return &statusError{http.StatusTooManyRequests, "too many requests of this kind: try again in a few seconds"}
}

// limited lets a request through while the limiter has something left.
func (s *server) limited(limit *rate.Limiter, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !limit.AllowN(s.opt.Clock(), 1) {
			s.fail(w, r, errTooMany())
			return
		}
		next.ServeHTTP(w, r)
	})
}
