package watch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"watcher/normalize"
	"watcher/policy"
	"watcher/storage"
	"watcher/triage"
)

// Fetcher gets one capture. Its error is a *policy.FetchError.
type Fetcher interface {
	Capture(ctx context.Context, req policy.Request) (policy.Capture, error)
}

// Router makes the alerts of an event that was decided at a time: one for each
// receiver that is to be told.
type Router interface {
	Route(e policy.Event, at time.Time) []policy.Alert
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
	// Escalate reads a page that is but scripts once more, with the browser.
	Escalate bool
	// PDFText reads PDF files; nil leaves them unsupported.
	PDFText normalize.PDFText
	// Summarizer adds a summary of its own to changes; nil when none does.
	Summarizer Summarizer
}

// Summarizer describes a change in other words than the rules do.
type Summarizer interface {
	Summarize(context.Context, policy.Change) (policy.MachineSummary, error)
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
	// Checked, when set, is called with every check that was recorded. It must
	// not wait for anything.
	Checked func(policy.Check)
}

// Checker runs single checks. It is safe for concurrent use, one check per
// policy at a time (the store's claims see to that).
type Checker struct {
	Options
	metrics *metrics
	pages   *sharedPages
}

// NewChecker returns a checker.
func NewChecker(o Options) (*Checker, error) {
	m, err := newMetrics(o.Metrics)
	if err != nil {
		return nil, fmt.Errorf("register metrics: %w", err)
	}
	return &Checker{Options: o, metrics: m, pages: &sharedPages{}}, nil
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

// Check runs one check of p under a claim and commits its result. The first
// result tells what came of the capture, failures to fetch included; a second
// one, marked DecidedLate, tells of a text that had waited and is believed now.
// The error is for what kept the results from being recorded. A dry run needs
// only the claim's State.
func (c *Checker) Check(ctx context.Context, s Settings, p policy.Policy, claim storage.Claim, mode Mode) ([]policy.Check, error) {
	r := &run{Checker: c, settings: s, policy: p, origin: p.Origin(), state: claim.State, mode: mode, started: c.Clock().UTC()}
	o, err := r.observe(ctx)
	if err != nil {
		return nil, err
	}
	return r.commit(ctx, claim, o)
}

// commit writes the observation and returns its checks with their numbers.
func (r *run) commit(ctx context.Context, claim storage.Claim, o storage.Observation) ([]policy.Check, error) {
	if r.mode.DryRun {
		receipt := storage.Receipt{}
		for i := range o.Versions {
			receipt.Versions = append(receipt.Versions, o.State.Versions+1+i)
		}
		return r.results(o, receipt), nil
	}
	o.Claim = claim
	r.lighten(&o)
	// What was found is recorded although the time for finding it is over: a
	// check that took too long is a result as well.
	receipt, err := r.Store.Commit(context.WithoutCancel(ctx), o)
	if errors.Is(err, policy.ErrConflict) {
		return nil, fmt.Errorf("%s: %w", r.policy.ID, errors.Join(ErrLost, err))
	}
	if err != nil {
		return nil, fmt.Errorf("%s: commit: %w", r.policy.ID, err)
	}
	checks := r.results(o, receipt)
	for i, check := range checks {
		suppressed := ""
		if i == 0 {
			suppressed = r.suppressed
		}
		r.metrics.observe(r.policy, check, suppressed)
		if r.Checked != nil {
			r.Checked(check)
		}
	}
	if receipt.Alerts > 0 && r.Committed != nil {
		r.Committed()
	}
	return checks, nil
}

// lighten leaves out the body of a page that brought nothing new, where the
// policy is to be kept that way. Its digest stays, and so does every body from
// which a text was or may yet be made.
func (r *run) lighten(o *storage.Observation) {
	waits := o.State.Pending != nil && o.State.Pending.Capture == 0
	if r.policy.Evidence != policy.EvidenceOnChange || o.Capture == nil || o.Check.Outcome != policy.OutcomeUnchanged || len(o.Versions) > 0 || waits {
		return
	}
	light := *o.Capture
	if light.Digest.IsZero() {
		light.Digest = policy.Sum(light.Body)
	}
	light.Body = nil
	o.Capture = &light
}

// results returns the checks with the numbers that the store gave.
func (r *run) results(o storage.Observation, receipt storage.Receipt) []policy.Check {
	last, before := o.Expect.Version, 0
	for _, n := range receipt.Versions {
		last, before = n, last
	}
	own := o.Check
	own.Capture = receipt.Capture
	if own.Version == 0 || len(receipt.Versions) > 0 {
		own.Version = last
	}
	if own.Kind != "" {
		own.FromVersion = before
	}
	if r.late == nil {
		return []policy.Check{own}
	}
	late := *r.late
	late.Version, late.FromVersion = last, before
	return []policy.Check{own, late}
}
