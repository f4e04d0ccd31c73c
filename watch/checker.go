package watch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"watcher/policy"
	"watcher/storage"
	"watcher/triage"
)

// Fetcher gets one capture. Its error is a *policy.FetchError.
type Fetcher interface {
	Capture(ctx context.Context, req policy.Request) (policy.Capture, error)
}

// Router names the receivers that are to be told of an event.
type Router interface {
	Route(e policy.Event) []string
}

// Health says when a run of bad checks is worth an event.
type Health struct {
	UnreachableFailures int
	UnreachableAfter    time.Duration
	QuarantinedCaptures int
	QuarantinedAfter    time.Duration
}

// Settings are the parts of a checker that a reload may change.
type Settings struct {
	Fetcher Fetcher
	Router  Router
	Triage  triage.Settings
	Health  Health
}

// Options are the fixed parts of a checker.
type Options struct {
	Store  storage.Store
	Clock  func() time.Time
	Logger *slog.Logger
	// Metrics receives the counters; nil registers none.
	Metrics prometheus.Registerer
	// Random returns a number in [0, 1) for jitter.
	Random func() float64
	// Committed, when set, is called after a commit that added alerts.
	Committed func()
}

// Checker runs single checks. It is safe for concurrent use, one check per
// policy at a time (the store's claims see to that).
type Checker struct {
	Options
	metrics *metrics
}

// NewChecker returns a checker.
func NewChecker(o Options) (*Checker, error) {
	m, err := newMetrics(o.Metrics)
	if err != nil {
		return nil, fmt.Errorf("register metrics: %w", err)
	}
	return &Checker{Options: o, metrics: m}, nil
}

// Mode says how a check is to be run.
type Mode struct {
	// DryRun decides and reports, but writes nothing.
	DryRun bool
	// Quiet routes no alerts.
	Quiet bool
	// MaxRetries and MaxWait bound how a failed request is repeated.
	MaxRetries int
	MaxWait    time.Duration
}

// ErrLost reports that the result of a check was not written because the head
// moved or the lease was lost meanwhile.
var ErrLost = errors.New("check was overtaken by another one")

// Check runs one check of p under a claim and commits its result. The returned
// check tells what came of it, failures to fetch included; the error is for
// what kept the result from being recorded. A dry run needs only the claim's
// State.
func (c *Checker) Check(ctx context.Context, s Settings, p policy.Policy, claim storage.Claim, mode Mode) (policy.Check, error) {
	r := &run{Checker: c, settings: s, policy: p, state: claim.State, mode: mode, started: c.Clock().UTC()}
	o, err := r.observe(ctx)
	if err != nil {
		return policy.Check{}, err
	}
	if mode.DryRun {
		return dryResult(o), nil
	}
	o.Claim = claim
	receipt, err := c.Store.Commit(ctx, o)
	if errors.Is(err, policy.ErrConflict) {
		return policy.Check{}, fmt.Errorf("%s: %w", p.ID, errors.Join(ErrLost, err))
	}
	if err != nil {
		return policy.Check{}, fmt.Errorf("%s: commit: %w", p.ID, err)
	}
	check := committed(o, receipt)
	c.metrics.observe(p, check, r.suppressed)
	if receipt.Alerts > 0 && c.Committed != nil {
		c.Committed()
	}
	return check, nil
}

// committed returns the check with the numbers that the store gave.
func committed(o storage.Observation, receipt storage.Receipt) policy.Check {
	check := o.Check
	check.Capture = receipt.Capture
	if n := len(receipt.Versions); n > 0 {
		check.Version = receipt.Versions[n-1]
		check.FromVersion = o.Expect.Version
		if n > 1 {
			check.FromVersion = receipt.Versions[n-2]
		}
	} else if check.Version == 0 {
		check.Version = o.Expect.Version
	}
	return check
}

// dryResult returns the check with the numbers that a commit would give.
func dryResult(o storage.Observation) policy.Check {
	receipt := storage.Receipt{}
	for i := range o.Versions {
		receipt.Versions = append(receipt.Versions, o.State.Versions+1+i)
	}
	return committed(o, receipt)
}
