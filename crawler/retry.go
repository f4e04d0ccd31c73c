package crawler

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"watcher/policy"
)

// Pauses between tries have full jitter ("Exponential Backoff And Jitter", AWS
// Architecture Blog, 2015): uniform between nothing and a bound that doubles.
const (
	backoffBase = 2 * time.Second
	backoffCap  = time.Minute
)

// tries makes the capture, repeating it after retryable failures as often as
// the request allows.
func (v *visit) tries(ctx context.Context, start *url.URL) (policy.Capture, error) {
	for {
		v.attempts++
		got, err := v.try(ctx, start)
		pause, again := v.pause(got, err)
		if ctx.Err() != nil || !again {
			if err != nil && v.attempts > 1 {
				err = afterAttempts(err, v.attempts)
			}
			return got, err
		}
		v.c.opts.Logger.Info("retrying capture", slog.String("policy", string(v.req.Policy)),
			slog.Int("attempt", v.attempts), slog.Duration("pause", pause), slog.Int("status", got.Status), slog.Any("err", err))
		if err := sleep(ctx, pause); err != nil {
			return policy.Capture{}, ended(ctx)
		}
	}
}

// afterAttempts says in a failure how often it was tried.
func afterAttempts(err error, n int) error {
	var fe *policy.FetchError
	if !errors.As(err, &fe) {
		return err
	}
	told := *fe
	told.Err = fmt.Errorf("after %d attempts: %w", n, fe.Err)
	return &told
}

// pause says whether to try again, and how long to wait before. What a server
// asks for is waited in full or not at all.
func (v *visit) pause(got policy.Capture, err error) (time.Duration, bool) {
	if v.attempts > v.req.MaxRetries || v.spent >= v.c.opts.Timeout {
		return 0, false
	}
	asked, given := retryAfter(got.Header, v.c.opts.Clock())
	if err != nil {
		var fe *policy.FetchError
		if !errors.As(err, &fe) || !retryableError(fe) {
			return 0, false
		}
		asked, given = fe.RetryAfter, fe.RetryAfter > 0
	} else if !retryableStatus(got.Status) {
		return 0, false
	}
	if given {
		return asked, asked <= v.req.MaxWait
	}
	return min(jitter(v.attempts-1), v.req.MaxWait), true
}

func retryableStatus(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests, http.StatusInternalServerError,
		http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// retryableError reports failures of the network, which may pass. A name that
// does not exist is not one of them; a resolver that does not answer is.
func retryableError(fe *policy.FetchError) bool {
	if fe.Reason == policy.FetchDNS {
		var dns *net.DNSError
		return errors.As(fe.Err, &dns) && (dns.IsTemporary || dns.IsTimeout)
	}
	return fe.Reason == policy.FetchConnect || fe.Reason == policy.FetchTimeout || fe.Reason == policy.FetchTruncated
}

// jitter returns the pause after the n-th failure, n counted from 0.
func jitter(n int) time.Duration {
	bound := backoffCap
	if n < 5 { // 2 s << 5 is beyond the cap
		bound = min(bound, backoffBase<<n)
	}
	return rand.N(bound) //nolint:gosec // spreads load, guards nothing
}

// retryAfter reads the Retry-After header: seconds or an HTTP date (RFC 9110,
// 10.2.3). A date that has passed asks for no pause.
func retryAfter(h http.Header, now time.Time) (time.Duration, bool) {
	value := strings.TrimSpace(h.Get("Retry-After"))
	if s, err := strconv.ParseInt(value, 10, 32); err == nil && s >= 0 {
		return time.Duration(s) * time.Second, true
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(0, at.Sub(now)), true
	}
	return 0, false
}

// sleep waits for d, or returns the error of ctx when that ends first.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}
