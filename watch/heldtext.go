package watch

import (
	"context"
	"errors"
	"fmt"

	"watcher/policy"
	"watcher/storage"
	"watcher/triage"
)

// HeldCheck returns the check that brought the newest held capture of a policy,
// or ErrNothingHeld.
func (l *Loop) HeldCheck(ctx context.Context, id policy.ID) (policy.Check, error) {
	checks, err := l.Checker.Store.Checks(ctx, id, storage.CheckQuery{Limit: maxHeld})
	if err != nil {
		return policy.Check{}, fmt.Errorf("read the ledger: %w", err)
	}
	held := Held(checks, 0)
	for _, c := range checks {
		if held != 0 && c.Capture == held {
			return c, nil
		}
	}
	return policy.Check{}, fmt.Errorf("%s: %w", id, ErrNothingHeld)
}

// HeldText reads a held capture as a check would, under the policy's own rules.
// It claims nothing and writes nothing.
func (l *Loop) HeldText(ctx context.Context, id policy.ID, capture policy.CaptureID) (policy.Document, error) {
	plan := l.Plan()
	policies, err := choose(plan, []policy.ID{id})
	if err != nil {
		return policy.Document{}, err
	}
	state, err := l.Checker.Store.State(ctx, id)
	if err != nil {
		return policy.Document{}, fmt.Errorf("read %s: %w", id, err)
	}
	c := l.Checker
	r := &run{Checker: c, settings: plan.Settings, policy: policies[0], origin: policies[0].Origin(), state: state, started: c.Clock().UTC()}
	held, err := r.held(ctx, capture)
	if err != nil {
		return policy.Document{}, err
	}
	n, err := r.normalizer()
	if err != nil {
		return policy.Document{}, err
	}
	doc, err := r.document(n, held)
	if err == nil && triage.Unmatched(doc) {
		_, doc, err = r.degrade(held)
	}
	if err == nil && doc.Words() == 0 {
		err = errors.New("the capture has no text")
	}
	return doc, err
}
