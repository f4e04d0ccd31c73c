package watch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"watcher/policy"
	"watcher/storage"
	"watcher/triage"
)

const (
	// dismissedFor is how long a dismissed text is no news.
	dismissedFor = 7 * 24 * time.Hour
	// maxDismissals bounds how many texts of a policy are dismissed at a time.
	maxDismissals = 20
	// maxReason bounds what a person may write, in characters.
	maxReason = 1000
)

// ErrNothingHeld means that no capture of a policy waits for a person.
var ErrNothingHeld = fmt.Errorf("nothing of the policy is held: %w", policy.ErrNotFound)

// Rule carries out what a person says of a held capture. Accepted, its text goes
// the way of any other, and what it changes is told; dismissed, the same text is
// not told of for a week.
func (l *Loop) Rule(ctx context.Context, id policy.ID, ruling policy.Ruling) ([]policy.Check, error) {
	if n := len([]rune(ruling.Reason)); n == 0 || n > maxReason || len([]rune(ruling.Author)) > maxReason {
		return nil, fmt.Errorf("a ruling wants a reason of at most %d characters", maxReason)
	}
	plan := l.Plan()
	policies, err := choose(plan, []policy.ID{id})
	if err != nil {
		return nil, err
	}
	claim, err := l.claimOne(ctx, policies)
	if err != nil {
		return nil, err
	}
	c := l.Checker
	r := &run{Checker: c, settings: plan.Settings, policy: policies[0], origin: policies[0].Origin(), state: claim.State, started: c.Clock().UTC()}
	return l.rule(ctx, r, claim, ruling)
}

// rule carries out a ruling on a claimed policy, and settles the claim whatever
// happens.
func (l *Loop) rule(ctx context.Context, r *run, claim claimed, ruling policy.Ruling) (checks []policy.Check, err error) {
	defer func() { l.settle(ctx, claim, checks, err) }()
	defer l.recover(r.policy, &err)
	claim.call.ruling = true
	o, err := r.ruled(ctx, ruling)
	if err != nil {
		return nil, err
	}
	return r.commit(ctx, claim.Claim, o)
}

// claimOne claims the policy, after the check that is under way if there is one.
func (l *Loop) claimOne(ctx context.Context, policies []policy.Policy) (claimed, error) {
	id := policies[0].ID
	for {
		claims, others, err := l.claimFor(ctx, policies, false)
		if err != nil {
			return claimed{}, err
		}
		if claim, ok := claims[id]; ok {
			return claim, nil
		}
		other, ok := others[id]
		if !ok {
			return claimed{}, busyError(id)
		}
		_, _ = other.wait(ctx) // whatever it came to
		if ctx.Err() != nil {
			return claimed{}, ctx.Err()
		}
	}
}

// ruled makes the observation of a ruling.
func (r *run) ruled(ctx context.Context, ruling policy.Ruling) (storage.Observation, error) {
	c, err := r.held(ctx, ruling.Capture)
	if err != nil {
		return storage.Observation{}, err
	}
	n, err := r.normalizer()
	if err != nil {
		return storage.Observation{}, err
	}
	n, doc, err := r.reading(n, c)
	if err != nil {
		return storage.Observation{}, fmt.Errorf("the held capture cannot be read: %w", err)
	}
	if !ruling.Accept {
		return r.dismissed(c, doc, ruling), nil
	}
	if doc.Words() == 0 {
		return storage.Observation{}, errors.New("the held capture has no text: there is nothing to accept")
	}
	b, err := r.base(ctx, n, doc)
	if err != nil {
		return storage.Observation{}, err
	}
	c.ID, r.believeFrom = 0, c.CapturedAt
	c.Verdict = policy.Verdict{Kind: policy.Accepted, Rule: triage.RuleOperatorAccept, Evidence: fmt.Sprintf(
		"accepted by %s: %s (it was held by %s: %s)", by(ruling.Author), ruling.Reason, c.Verdict.Rule, c.Verdict.Evidence)}
	if b.digest != doc.Digest() {
		r.closest(ctx, n, &b, doc)
	}
	o, err := r.decide(ctx, n, b, c, doc)
	o.Check.Detail = c.Verdict.Evidence
	return o, err
}

func by(author string) string {
	if author == "" {
		return "an operator"
	}
	return author
}

// held returns a capture of the present run of held ones, with its body.
func (r *run) held(ctx context.Context, id policy.CaptureID) (policy.Capture, error) {
	checks, err := r.Store.Checks(ctx, r.policy.ID, storage.CheckQuery{Limit: maxHeld})
	if err != nil {
		return policy.Capture{}, fmt.Errorf("read the ledger: %w", err)
	}
	if id = Held(checks, id); id == 0 {
		return policy.Capture{}, ErrNothingHeld
	}
	c, err := r.Store.Capture(ctx, r.policy.ID, id)
	if err != nil {
		return c, fmt.Errorf("read capture %d: %w", id, err)
	}
	if c.Body, err = r.Store.Body(ctx, r.policy.ID, id); err != nil {
		return c, fmt.Errorf("read body of capture %d: %w", id, err)
	}
	return c, nil
}

// maxHeld bounds how far back a held capture is looked for, in checks.
const maxHeld = 200

// Held returns the newest held capture of a policy whose checks are given,
// newest first, or the one asked for; 0 if there is none. Once the page showed the
// policy again, what was held before is past.
func Held(checks []policy.Check, wanted policy.CaptureID) policy.CaptureID {
	for _, c := range checks {
		switch {
		case c.Outcome.Good():
			return 0
		case c.Outcome == policy.OutcomeQuarantined && c.Capture != 0 && (wanted == 0 || wanted == c.Capture):
			return c.Capture
		}
	}
	return 0
}

// dismissed makes the observation of a text that a person found not to be the
// policy.
func (r *run) dismissed(c policy.Capture, doc policy.Document, ruling policy.Ruling) storage.Observation {
	o := r.observation(policy.OutcomeSkipped, triage.RuleOperatorDismiss)
	o.State.LastOutcome, o.State.LastRule = r.state.LastOutcome, r.state.LastRule
	now := o.Check.At
	d := policy.Dismissal{SHA256: doc.Digest(), Until: now.Add(dismissedFor), Author: ruling.Author, Reason: ruling.Reason}
	list := slices.DeleteFunc(slices.Clone(r.state.Dismissed), func(x policy.Dismissal) bool { return x.SHA256 == d.SHA256 || !now.Before(x.Until) })
	if list = append(list, d); len(list) > maxDismissals {
		list = list[len(list)-maxDismissals:]
	}
	o.State.Dismissed = list
	o.State.Quarantines, o.State.QuarantinedSince, o.State.QuarantinedTold = 0, time.Time{}, false
	o.Check.Detail = fmt.Sprintf("capture %d is not the policy, says %s: %s", c.ID, by(ruling.Author), ruling.Reason)
	o.State.LastError = o.Check.Detail
	return o
}

// dismissal returns the one that holds for the text of the refused capture.
func (r *run) dismissal(at time.Time) (policy.Dismissal, bool) {
	if r.text.IsZero() {
		return policy.Dismissal{}, false
	}
	i := slices.IndexFunc(r.state.Dismissed, func(d policy.Dismissal) bool { return d.SHA256 == r.text && at.Before(d.Until) })
	if i < 0 {
		return policy.Dismissal{}, false
	}
	return r.state.Dismissed[i], true
}
