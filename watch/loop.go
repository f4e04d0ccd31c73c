package watch

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"watcher/policy"
	"watcher/storage"
)

// Plan is what the loop works by at a time; a reload hands out another one.
type Plan struct {
	Settings    Settings
	Policies    map[policy.ID]policy.Policy
	Concurrency int
}

// Loop runs checks: those that are due, for a daemon, or a single pass.
type Loop struct {
	Checker *Checker
	// Plan returns the plan in force. It is asked before every claim.
	Plan func() Plan
	// Owner names this process in claims.
	Owner string
	// Grace bounds how long checks in flight may go on after the loop was
	// told to stop.
	Grace time.Duration

	mu       sync.Mutex
	inFlight int
	failures int
	lastErr  error
	wake     chan struct{}
	// claiming is held from a claim until its calls are known, so that a policy
	// that cannot be claimed has its call, if this process has the claim.
	claiming sync.Mutex
	calls    map[policy.ID]*call
	// patrolled is when forgotten last looked, beaten when the last mark was left
	// in the store; only Run touches them.
	patrolled, beaten time.Time
}

// The loop's own times.
const (
	// poll is how often the loop looks for due policies.
	poll = time.Second
	// lease is longer than any check may take, so that a lease only ever
	// expires when its process is stuck or gone.
	lease = 15 * time.Minute
	// checkTimeout ends a check that waits for a busy host.
	checkTimeout = 10 * time.Minute
)

// The modes of a daemon's checks and of a single pass.
const (
	daemonRetries = 2
	daemonMaxWait = time.Minute
	passRetries   = 1
	passMaxWait   = 10 * time.Second
)

// errStopped is the cause with which checks are ended that outlive the grace.
var errStopped = errors.New("stopped")

// NewLoop returns a loop.
func NewLoop(c *Checker, plan func() Plan, owner string, grace time.Duration) *Loop {
	return &Loop{
		Checker: c, Plan: plan, Owner: owner, Grace: grace,
		wake: make(chan struct{}, 1), calls: map[policy.ID]*call{},
	}
}

// Wake makes the loop look for due policies at once.
func (l *Loop) Wake() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// Run checks what is due until ctx ends, then waits for the checks in flight,
// at most for the grace.
func (l *Loop) Run(ctx context.Context) error {
	work, stop := context.WithCancelCause(context.WithoutCancel(ctx))
	defer stop(nil)
	var running sync.WaitGroup
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for ctx.Err() == nil {
		l.beat(ctx, beatEvery)
		if err := l.dispatch(ctx, work, &running); ctx.Err() == nil {
			l.note(err)
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		case <-l.wake:
		}
	}
	l.finish(&running, stop)
	l.beat(context.WithoutCancel(ctx), 0)
	return nil
}

// beatEvery is how often the loop leaves a mark in the store, from which the
// coverage ledger knows that it was at work. A watcher whose marks are three
// times as far apart was asleep or stuck in between.
const beatEvery = 5 * time.Minute

// beat leaves a mark unless the last one is younger than every.
func (l *Loop) beat(ctx context.Context, every time.Duration) {
	now := l.Checker.Clock().UTC()
	if now.Sub(l.beaten).Abs() < every {
		return
	}
	l.beaten = now
	if err := l.Checker.Store.Beat(ctx, now, 3*beatEvery); err != nil && ctx.Err() == nil {
		l.Checker.Logger.Error("cannot mark in the store that the watcher is at work", "err", err)
	}
}

// maxClaimFailures is how many claims in a row may fail before the loop calls
// itself ill, one a second.
const maxClaimFailures = 30

// note keeps count of claims that fail in a row, and says when that begins.
func (l *Loop) note(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err == nil {
		l.failures, l.lastErr = 0, nil
		return
	}
	if l.failures++; l.failures == 1 || l.failures%600 == 0 {
		l.Checker.Logger.Error("cannot claim due policies", "err", err, "failures", l.failures)
	}
	l.lastErr = err
}

// Healthy returns why the loop does no work, nil when it does.
func (l *Loop) Healthy() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.failures < maxClaimFailures {
		return nil
	}
	return fmt.Errorf("no policy could be claimed %d times in a row: %w", l.failures, l.lastErr)
}

// finish waits for running checks, and ends them when the grace is over.
func (l *Loop) finish(running *sync.WaitGroup, stop context.CancelCauseFunc) {
	done := make(chan struct{})
	go func() { running.Wait(); close(done) }()
	grace := time.NewTimer(l.Grace)
	defer grace.Stop()
	select {
	case <-done:
	case <-grace.C:
		l.Checker.Logger.Warn("ending checks in flight", "grace", l.Grace)
		stop(errStopped)
		<-done
	}
}

// dispatch claims as many due policies as there are free slots and starts
// their checks.
func (l *Loop) dispatch(ctx, work context.Context, running *sync.WaitGroup) error {
	plan := l.Plan()
	l.mu.Lock()
	free := plan.Concurrency - l.inFlight
	l.mu.Unlock()
	if free <= 0 {
		return nil
	}
	now := l.Checker.Clock().UTC()
	claims, _, err := l.claim(ctx, storage.ClaimQuery{Owner: l.Owner, Now: now, For: lease, Limit: free})
	if err != nil {
		return err
	}
	if len(claims) == 0 {
		if claims, err = l.forgotten(ctx, plan, now, free); err != nil {
			return err
		}
	}
	l.measureLag(now, claims)
	for _, claim := range claims {
		p, ok := plan.Policies[claim.Policy]
		if !ok {
			// A reload is under way: the store and the plan differ for a moment.
			l.settle(ctx, claim, nil, errGivenBack)
			continue
		}
		l.count(1)
		running.Go(func() {
			defer l.Wake()
			defer l.count(-1)
			mode := Mode{MaxRetries: daemonRetries, MaxWait: min(daemonMaxWait, p.Interval/8)}
			checks, err := l.one(work, plan, p, claim.Claim, mode) // it logs its own failure
			l.end(claim, checks, err)
		})
	}
	return nil
}

// patrol is how often the loop looks for policies that the schedule lost.
const patrol = 10 * time.Minute

// forgotten claims policies whose next check lies further ahead than their pace
// allows: a clock was wrong when it was planned. Without this one wrong hour
// could silence a policy for years.
func (l *Loop) forgotten(ctx context.Context, plan Plan, now time.Time, free int) ([]claimed, error) {
	if now.Sub(l.patrolled).Abs() < patrol {
		return nil, nil
	}
	l.patrolled = now
	states, err := l.Checker.Store.States(ctx)
	if err != nil {
		return nil, err
	}
	var lost []policy.ID
	for _, s := range states {
		p, ok := plan.Policies[s.ID]
		if !ok || p.Disabled || s.Retired || !s.NextCheck.After(now.Add(max(p.Interval, maxRetryAfter)*5/4)) {
			continue
		}
		l.Checker.Logger.Warn("the schedule has lost a policy", "policy", s.ID, "next_check", s.NextCheck, "last_check", s.LastCheck)
		lost = append(lost, s.ID)
	}
	if len(lost) == 0 {
		return nil, nil
	}
	claims, _, err := l.claim(ctx, storage.ClaimQuery{Owner: l.Owner, Now: now, For: lease, IDs: lost, Limit: free})
	return claims, err
}

func (l *Loop) measureLag(now time.Time, claims []claimed) {
	lag := time.Duration(0)
	for _, c := range claims {
		lag = max(lag, now.Sub(c.State.NextCheck))
	}
	l.Checker.metrics.lag.Set(lag.Seconds())
}

func (l *Loop) count(n int) {
	l.mu.Lock()
	l.inFlight += n
	l.mu.Unlock()
}

// one runs a claimed check and logs what came of it. When the result cannot be
// recorded the lease is left to expire: that is the pause before the next try.
func (l *Loop) one(ctx context.Context, plan Plan, p policy.Policy, claim storage.Claim, mode Mode) (checks []policy.Check, err error) {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	defer l.recover(p, &err)
	checks, err = l.Checker.Check(ctx, plan.Settings, p, claim, mode)
	if err != nil {
		l.Checker.Logger.Error("check was not recorded", "policy", p.ID, "err", err)
		return nil, err
	}
	for _, check := range checks {
		l.log(check)
	}
	return checks, nil
}

func (l *Loop) recover(p policy.Policy, err *error) {
	if v := recover(); v != nil {
		l.Checker.metrics.panics.WithLabelValues("check").Inc()
		l.Checker.Logger.Error("recovered from a panic", "stage", "check", "policy", p.ID,
			"panic", fmt.Sprint(v), "stack", string(debug.Stack()))
		*err = fmt.Errorf("%s: internal error: %v", p.ID, v)
	}
}

func (l *Loop) log(c policy.Check) {
	args := []any{"policy", c.Policy, "outcome", c.Outcome, "duration", c.Duration.Round(time.Millisecond).String()}
	if c.Rule != "" {
		args = append(args, "rule", c.Rule)
	}
	if c.Event != "" {
		args = append(args, "event", c.Event)
	}
	switch {
	case c.Error != "":
		l.Checker.Logger.Warn("check failed", append(args, "err", c.Error)...)
	case c.Outcome == policy.OutcomeQuarantined:
		l.Checker.Logger.Warn("capture quarantined", append(args, "detail", c.Detail)...)
	default:
		l.Checker.Logger.Info("checked", append(args, "version", c.Version)...)
	}
}
