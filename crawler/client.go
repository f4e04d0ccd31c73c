package crawler

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"sync"
	"time"

	"watcher/policy"
)

// Client makes captures. It is safe for concurrent use.
type Client struct {
	opts    Options
	metrics *collectors
	pacer   *pacer
	robots  *robotsTable
	memory  *memory
	dial    dialFunc
	// roots are the accepted certificate authorities, nil for the system's.
	roots *x509.CertPool

	// life ends at Close and ends every capture with it.
	life context.Context //nolint:containedctx // it is the life of the client, not of a call
	end  context.CancelCauseFunc

	mu      sync.Mutex
	closed  bool
	running sync.WaitGroup
}

// New returns a client. It fails on options that contradict themselves and
// when the metrics cannot be registered.
func New(opts Options) (*Client, error) {
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("crawler: %w", err)
	}
	m, err := newCollectors(opts.Registerer)
	if err != nil {
		return nil, fmt.Errorf("crawler: register metrics: %w", err)
	}
	return assemble(opts, m, newPacer(opts), newRobotsTable()), nil
}

// With returns a client with other options that shares the metrics and the
// hosts' turns of c; opts.Registerer is not used. Both clients work, so that
// captures under way may end in their own time, and each wants its own Close.
func (c *Client) With(opts Options) (*Client, error) {
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("crawler: %w", err)
	}
	p := newPacer(opts)
	p.hostTable = c.pacer.hostTable
	return assemble(opts, c.metrics, p, c.robots), nil
}

func assemble(opts Options, m *collectors, p *pacer, r *robotsTable) *Client {
	var dial dialFunc = newDialer(opts.Resolver, newGuardian(opts.AllowPrivate).control).DialContext
	if opts.Dial != nil {
		dial = bounded(opts.Dial)
	}
	life, end := context.WithCancelCause(context.Background())
	return &Client{opts: opts, metrics: m, dial: dial, life: life, end: end, pacer: p, robots: r, memory: newMemory()}
}

// Close cancels the captures that are under way and waits for them. Later
// captures fail.
func (c *Client) Close() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.end(errClosed)
	c.running.Wait()
}

// Capture fetches req.URL once, following redirects and retrying as req
// allows. Any final HTTP status is a Capture, for the gate to judge; a failure
// to have a whole answer is a *policy.FetchError. It returns promptly when ctx
// ends, also while it waits for the host's turn.
func (c *Client) Capture(ctx context.Context, req policy.Request) (policy.Capture, error) {
	if !c.enter() {
		return policy.Capture{}, c.failed(req, newFailure(policy.FetchCanceled, "", errClosed))
	}
	defer c.running.Done()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(c.life, func() { cancel(errClosed) })() //nolint:contextcheck // Close must end it too

	v, err := newVisit(c, req)
	if err != nil {
		return policy.Capture{}, c.failed(req, err)
	}
	err = v.run(ctx)
	c.metrics.duration.WithLabelValues(string(policy.SourceLive)).Observe(v.spent.Seconds())
	if err != nil {
		return policy.Capture{}, c.failed(req, err)
	}
	c.succeeded(v.capture)
	return v.capture, nil
}

// enter registers a capture unless the client is closed.
func (c *Client) enter() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return false
	}
	c.running.Add(1)
	return true
}

// failed counts and completes the error of a capture.
func (c *Client) failed(req policy.Request, err error) error {
	var fe *policy.FetchError
	if !errors.As(err, &fe) {
		fe = newFailure(policy.FetchOther, "", err)
	}
	if fe.URL == "" {
		fe.URL = displayURL(req.URL)
	}
	c.metrics.fetches.WithLabelValues(string(fe.Reason)).Inc()
	c.opts.Logger.Debug("capture failed", slog.String("policy", string(req.Policy)),
		slog.String("reason", string(fe.Reason)), slog.Any("err", fe))
	return fe
}

// displayURL is raw without a password.
func displayURL(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return raw
	}
	return u.Redacted()
}

func (c *Client) succeeded(got policy.Capture) {
	c.metrics.fetches.WithLabelValues(string(outcome(got.Status))).Inc()
	if !got.NotModified {
		c.metrics.bodyBytes.Observe(float64(got.Size))
	}
	c.opts.Logger.Debug("captured", slog.String("policy", string(got.Policy)), slog.Int("status", got.Status),
		slog.Int64("bytes", got.Size), slog.Int("attempts", got.Attempts), slog.Duration("took", got.Duration.Round(time.Millisecond)))
}
