package watch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"watcher/policy"
	"watcher/storage"
)

// PassOptions say what a single pass does.
type PassOptions struct {
	// IDs are the policies to check; none means all that are enabled.
	IDs    []policy.ID
	DryRun bool
}

// ruleBusy marks a policy whose claim is held by somebody else, or by a check
// that could not be recorded a short while ago.
const ruleBusy = "being_checked"

// Pass checks policies now, whether they are due or not, and hands each result
// to emit as it comes. Unknown ids are an error before anything is fetched.
// Pass returns once every check has ended; its error joins those that kept a
// result from being recorded or emitted.
func (l *Loop) Pass(ctx context.Context, o PassOptions, emit func(policy.Check) error) error {
	plan := l.Plan()
	policies, err := choose(plan, o.IDs)
	if err != nil {
		return err
	}
	claims, others, err := l.claimFor(ctx, policies, o.DryRun)
	if err != nil {
		return err
	}
	results := &collector{emit: emit}
	var running sync.WaitGroup
	slots := make(chan struct{}, max(plan.Concurrency, 1))
	check := func(p policy.Policy, claim claimed) ([]policy.Check, error) {
		slots <- struct{}{}
		defer func() { <-slots }()
		return l.checked(ctx, plan, p, claim, Mode{DryRun: o.DryRun, MaxRetries: passRetries, MaxWait: passMaxWait})
	}
	for _, p := range policies {
		if claim, ok := claims[p.ID]; ok {
			running.Go(func() { results.add(check(p, claim)) })
			continue
		}
		running.Go(func() {
			results.add(l.join(ctx, p, others[p.ID], func(claim claimed) ([]policy.Check, error) { return check(p, claim) }))
		})
	}
	running.Wait()
	return results.err()
}

// checked runs a claimed check and gives its result to all who want it.
func (l *Loop) checked(ctx context.Context, plan Plan, p policy.Policy, claim claimed, mode Mode) ([]policy.Check, error) {
	checks, err := l.one(ctx, plan, p, claim.Claim, mode)
	l.settle(ctx, claim, checks, err)
	return checks, err
}

// join returns the result of a check that is under way: its page was asked for
// a moment ago, and asking again would tell nobody anything new. Where that came
// to nothing (whoever asked for it left) or was a ruling, it checks.
func (l *Loop) join(ctx context.Context, p policy.Policy, c *call, check func(claimed) ([]policy.Check, error)) ([]policy.Check, error) {
	for c != nil {
		checks, err := c.wait(ctx)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err == nil && !c.ruling {
			return checks, nil
		}
		claims, others, err := l.claimFor(ctx, []policy.Policy{p}, false)
		if err != nil {
			return nil, err
		}
		if claim, ok := claims[p.ID]; ok {
			return check(claim)
		}
		c = others[p.ID]
	}
	return []policy.Check{{Policy: p.ID, Outcome: policy.OutcomeSkipped, At: l.Checker.Clock().UTC(), Rule: ruleBusy}}, nil
}

// choose returns the policies with the given ids in the order of the ids.
func choose(plan Plan, ids []policy.ID) ([]policy.Policy, error) {
	var out []policy.Policy
	if len(ids) == 0 {
		for _, p := range plan.Policies {
			if !p.Disabled {
				out = append(out, p)
			}
		}
		slices.SortFunc(out, func(a, b policy.Policy) int {
			if a.ID < b.ID {
				return -1
			}
			return 1
		})
		return out, nil
	}
	for _, id := range ids {
		p, ok := plan.Policies[id]
		if !ok {
			return nil, fmt.Errorf("policy %q is not in the configuration: %w", id, policy.ErrNotFound)
		}
		if !slices.ContainsFunc(out, func(q policy.Policy) bool { return q.ID == id }) {
			out = append(out, p)
		}
	}
	return out, nil
}

// claimFor claims the policies, and returns the calls of those that are being
// checked; a dry run only reads their states.
func (l *Loop) claimFor(ctx context.Context, policies []policy.Policy, dry bool) (map[policy.ID]claimed, map[policy.ID]*call, error) {
	out := make(map[policy.ID]claimed, len(policies))
	if dry {
		for _, p := range policies {
			s, err := l.Checker.Store.State(ctx, p.ID)
			if err != nil && !errors.Is(err, policy.ErrNotFound) {
				return nil, nil, err
			}
			out[p.ID] = claimed{Claim: storage.Claim{Policy: p.ID, State: s}}
		}
		return out, nil, nil
	}
	ids := make([]policy.ID, len(policies))
	for i, p := range policies {
		ids[i] = p.ID
	}
	if len(ids) == 0 {
		return out, nil, nil
	}
	claims, others, err := l.claim(ctx, storage.ClaimQuery{
		Owner: l.Owner, Now: l.Checker.Clock().UTC(), For: lease, IDs: ids,
	})
	if err != nil {
		return nil, nil, fmt.Errorf("claim policies: %w", err)
	}
	for _, c := range claims {
		out[c.Policy] = c
	}
	return out, others, nil
}

func (l *Loop) release(ctx context.Context, claim storage.Claim) {
	if claim.Fence == 0 {
		return
	}
	if err := l.Checker.Store.Release(context.WithoutCancel(ctx), claim); err != nil {
		l.Checker.Logger.Warn("cannot release claim", "policy", claim.Policy, "err", err)
	}
}

// collector hands results out one at a time.
type collector struct {
	mu   sync.Mutex
	emit func(policy.Check) error
	errs []error
}

func (c *collector) add(checks []policy.Check, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.errs = append(c.errs, err)
	for _, check := range checks {
		c.errs = append(c.errs, c.emit(check))
	}
}

func (c *collector) err() error { return errors.Join(c.errs...) }
