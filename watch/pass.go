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

// ruleBusy marks a policy that is being checked by somebody else.
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
	claims, err := l.claimFor(ctx, policies, o.DryRun)
	if err != nil {
		return err
	}
	results := &collector{emit: emit}
	var running sync.WaitGroup
	slots := make(chan struct{}, max(plan.Concurrency, 1))
	for _, p := range policies {
		claim, ok := claims[p.ID]
		if !ok {
			busy := policy.Check{Policy: p.ID, Outcome: policy.OutcomeSkipped, At: l.Checker.Clock().UTC(), Rule: ruleBusy}
			results.add([]policy.Check{busy}, nil)
			continue
		}
		slots <- struct{}{}
		running.Go(func() {
			defer func() { <-slots }()
			mode := Mode{DryRun: o.DryRun, MaxRetries: passRetries, MaxWait: passMaxWait}
			checks, err := l.one(ctx, plan, p, claim, mode)
			if err != nil {
				l.release(ctx, claim)
			}
			results.add(checks, err)
		})
	}
	running.Wait()
	return results.err()
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

// claimFor claims the policies; a dry run only reads their states.
func (l *Loop) claimFor(ctx context.Context, policies []policy.Policy, dry bool) (map[policy.ID]storage.Claim, error) {
	out := make(map[policy.ID]storage.Claim, len(policies))
	if dry {
		for _, p := range policies {
			s, err := l.Checker.Store.State(ctx, p.ID)
			if err != nil && !errors.Is(err, policy.ErrNotFound) {
				return nil, err
			}
			out[p.ID] = storage.Claim{Policy: p.ID, State: s}
		}
		return out, nil
	}
	ids := make([]policy.ID, len(policies))
	for i, p := range policies {
		ids[i] = p.ID
	}
	if len(ids) == 0 {
		return out, nil
	}
	claims, err := l.Checker.Store.Claim(ctx, storage.ClaimQuery{
		Owner: l.Owner, Now: l.Checker.Clock().UTC(), For: lease, IDs: ids,
	})
	if err != nil {
		return nil, fmt.Errorf("claim policies: %w", err)
	}
	for _, c := range claims {
		out[c.Policy] = c
	}
	return out, nil
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
