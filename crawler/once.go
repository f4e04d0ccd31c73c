package crawler

import (
	"context"
	"net/http/cookiejar"

	"golang.org/x/net/publicsuffix"

	"watcher/policy"
)

// Once makes a single request: it follows no redirect, repeats nothing and does
// not wait for the host's turn, so the caller has to keep a pace. All else is as
// with Capture: the guard against hostile addresses, the caps, whole bodies. It
// serves clients of archives, whose redirects mean something else.
func (c *Client) Once(ctx context.Context, req policy.Request) (policy.Capture, error) {
	if !c.enter() {
		return policy.Capture{}, c.failed(req, newFailure(policy.FetchCanceled, "", errClosed))
	}
	defer c.running.Done()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(c.life, func() { cancel(errClosed) })() //nolint:contextcheck // Close must end it too

	req.Source = policy.SourceLive
	v, err := newVisit(c, req)
	if err != nil {
		return policy.Capture{}, c.failed(req, err)
	}
	v.attempts = 1
	got, err := v.single(ctx)
	c.metrics.duration.WithLabelValues(string(policy.SourceWayback)).Observe(v.spent.Seconds())
	if err != nil {
		return policy.Capture{}, c.failed(req, v.located(err, v.start))
	}
	c.succeeded(got)
	return got, nil
}

// single makes the first request of a chain and takes its answer for final.
func (v *visit) single(ctx context.Context) (policy.Capture, error) {
	jar, err := cookiejar.New(&cookiejar.Options{PublicSuffixList: publicsuffix.List})
	if err != nil {
		return policy.Capture{}, newFailure(policy.FetchOther, "", err)
	}
	ch := &chain{v: v, transport: v.newTransport(), jar: jar, seen: map[string]bool{}, started: v.c.opts.Clock()}
	defer ch.transport.CloseIdleConnections()
	r, err := ch.newRequest(ctx, v.start)
	if err != nil {
		return policy.Capture{}, newFailure(policy.FetchOther, hintURL, err)
	}
	a, err := v.exchange(ctx, ch.transport, r)
	if err != nil {
		return policy.Capture{}, err
	}
	return ch.capture(v.start, a), nil
}
