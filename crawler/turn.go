package crawler

import (
	"context"
	"net"

	"watcher/policy"
)

// Dial connects to a public address as captures do: through the guard, which
// judges the address that a name was resolved to. It serves a browser, whose
// connections are as much a vendor's to direct as our own. Its error is a
// *policy.FetchError.
func (c *Client) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	if !c.enter() {
		return nil, newFailure(policy.FetchCanceled, "", errClosed)
	}
	defer c.running.Done()
	conn, err := c.dial(ctx, network, addr)
	if err != nil {
		return nil, classify(ctx, err, phaseHeader)
	}
	return conn, nil
}

// UserAgent is how the client names itself.
func (c *Client) UserAgent() string { return c.opts.UserAgent }

// Turn waits for the turn of a page's host and asks its robots.txt, for a
// fetcher that does not fetch through the client but is to be as polite. The
// returned function gives the turn back and must be called once.
func (c *Client) Turn(ctx context.Context, req policy.Request) (release func(), err error) {
	if !c.enter() {
		return nil, c.failed(req, newFailure(policy.FetchCanceled, "", errClosed))
	}
	defer c.running.Done()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(c.life, func() { cancel(errClosed) })() //nolint:contextcheck // Close must end it too

	req.Source = policy.SourceLive
	v, err := newVisit(c, req)
	if err != nil {
		return nil, c.failed(req, err)
	}
	ch := &chain{v: v, transport: v.newTransport(), lease: lease{pacer: c.pacer}, patience: req.MaxWait, seen: map[string]bool{}}
	defer ch.transport.CloseIdleConnections()
	if err = ch.turn(ctx, v.start); err == nil {
		err = ch.mayFetch(ctx, v.start)
	}
	if err != nil {
		ch.lease.end()
		return nil, c.failed(req, v.located(err, v.start))
	}
	return ch.lease.end, nil
}

// Count adds the outcome of a capture that another fetcher made to the metrics.
func (c *Client) Count(req policy.Request, got policy.Capture, err error) error {
	if err != nil {
		return c.failed(req, err)
	}
	c.metrics.duration.WithLabelValues(string(got.Source)).Observe(got.Duration.Seconds())
	c.succeeded(got)
	return nil
}
