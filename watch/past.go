package watch

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"watcher/policy"
	"watcher/storage"
	"watcher/triage"
)

// Past runs captures of an archive through the pipeline, as if the policy had
// been watched then: the capture's own time is the clock, and nobody is told.
type Past struct {
	Checker  *Checker
	Settings Settings
	Owner    string
}

// ruleKnown marks a capture that the store has already.
const ruleKnown = "known_capture"

// Run takes the captures of one policy in the order of their times and hands
// the result of each to emit, and one more for each version that a later
// capture, or the end, decided. Captures that are in the store already are
// passed over, so that an interrupted run can be repeated. A capture with an
// error of its own is a failed check.
//
// Captures later than the last check move the head; earlier ones become
// versions of kind backfill beside it.
func (p Past) Run(ctx context.Context, pol policy.Policy, captures iter.Seq2[policy.Capture, error], emit func(policy.Check) error) error {
	known, err := p.known(ctx, pol.ID)
	if err != nil {
		return err
	}
	var last time.Time
	var wait *policy.Pending // of the captures before the head
	for c, cerr := range captures {
		if err := ctx.Err(); err != nil {
			return err
		}
		c.Policy = pol.ID
		last = c.CapturedAt
		if known[c.CapturedAt.UnixNano()] {
			skipped := policy.Check{Policy: pol.ID, Outcome: policy.OutcomeSkipped, At: c.CapturedAt, CapturedAt: c.CapturedAt, Rule: ruleKnown}
			if err := emit(skipped); err != nil {
				return err
			}
			continue
		}
		checks, err := p.one(ctx, pol, c, cerr, &wait)
		if err != nil {
			return err
		}
		if err := emitAll(checks, emit); err != nil {
			return err
		}
	}
	if last.IsZero() {
		return nil
	}
	checks, err := p.end(ctx, pol, last, wait)
	if err != nil {
		return err
	}
	return emitAll(checks, emit)
}

func emitAll(checks []policy.Check, emit func(policy.Check) error) error {
	for _, c := range checks {
		if err := emit(c); err != nil {
			return err
		}
	}
	return nil
}

// known returns the times of the captures that the ledger has.
func (p Past) known(ctx context.Context, id policy.ID) (map[int64]bool, error) {
	checks, err := p.Checker.Store.Checks(ctx, id, storage.CheckQuery{})
	if err != nil {
		return nil, fmt.Errorf("read the ledger: %w", err)
	}
	out := make(map[int64]bool, len(checks))
	for _, c := range checks {
		if !c.CapturedAt.IsZero() {
			out[c.CapturedAt.UnixNano()] = true
		}
	}
	return out, nil
}

// begin claims the policy and returns a run whose clock stands at a time.
func (p Past) begin(ctx context.Context, pol policy.Policy, at time.Time) (*run, storage.Claim, error) {
	claims, err := p.Checker.Store.Claim(ctx, storage.ClaimQuery{
		Owner: p.Owner, Now: p.Checker.Clock().UTC(), For: lease, IDs: []policy.ID{pol.ID},
	})
	if err != nil {
		return nil, storage.Claim{}, err
	}
	if len(claims) == 0 {
		return nil, storage.Claim{}, fmt.Errorf("%s is being checked by somebody else, or was retired", pol.ID)
	}
	then := *p.Checker
	then.Clock = func() time.Time { return at }
	r := &run{Checker: &then, settings: p.Settings, policy: pol, origin: pol.Origin(), state: claims[0].State, mode: Mode{Quiet: true}, started: at}
	return r, claims[0], nil
}

// one runs one capture.
func (p Past) one(ctx context.Context, pol policy.Policy, c policy.Capture, cerr error, wait **policy.Pending) ([]policy.Check, error) {
	r, claim, err := p.begin(ctx, pol, c.CapturedAt)
	if err != nil {
		return nil, err
	}
	if r.state.LastCheck.IsZero() || c.CapturedAt.After(r.state.LastCheck) {
		return r.archived(ctx, claim, c, cerr)
	}
	return r.earlier(ctx, claim, c, cerr, wait)
}

// archived judges a capture that the caller has.
func (r *run) archived(ctx context.Context, claim storage.Claim, c policy.Capture, cerr error) ([]policy.Check, error) {
	o, err := r.judgeArchived(ctx, c, cerr)
	if err != nil {
		return nil, err
	}
	return r.commit(ctx, claim, o)
}

func (r *run) judgeArchived(ctx context.Context, c policy.Capture, cerr error) (storage.Observation, error) {
	if cerr != nil {
		o := r.failed(cerr)
		o.Check.CapturedAt, o.Check.Source = c.CapturedAt, c.Source
		r.endWait(ctx, &o)
		return o, nil
	}
	o, err := r.judge(ctx, c)
	if err != nil {
		if ctx.Err() != nil || errors.Is(err, policy.ErrDamaged) {
			return o, err
		}
		o = r.failed(err)
		o.Check.CapturedAt = c.CapturedAt
	}
	if !o.Check.Outcome.Good() {
		r.endWait(ctx, &o)
	}
	return o, nil
}

// earlier judges a capture that is older than what is known. It is compared
// with the version in force at its time, and leaves the head alone.
func (r *run) earlier(ctx context.Context, claim storage.Claim, c policy.Capture, cerr error, wait **policy.Pending) ([]policy.Check, error) {
	present := r.state
	then, err := r.stateAt(ctx, c.CapturedAt, *wait)
	if err != nil {
		return nil, err
	}
	r.state = then
	o, err := r.judgeArchived(ctx, c, cerr)
	if err != nil {
		return nil, err
	}
	next := o.State.Pending
	r.noteArchiveOnly(&o, present, c.CapturedAt)
	r.intoPast(&o, present)
	checks, err := r.commit(ctx, claim, o)
	if err != nil {
		return nil, err
	}
	if next != nil && next.Capture == 0 {
		next.Capture = checks[0].Capture
	}
	*wait = next
	return checks, nil
}

// ruleArchiveOnly marks a text that an archive has of a time at which the page
// was watched, and which no check saw.
const ruleArchiveOnly = "archive_only"

// noteArchiveOnly says of a new text of the past that the checks of its time saw
// another one: either the page changed between two of them, or it shows the
// archive something else.
func (r *run) noteArchiveOnly(o *storage.Observation, present policy.State, at time.Time) {
	if len(o.Versions) == 0 || present.Added.IsZero() || at.Before(present.Added) || r.state.Head == 0 {
		return
	}
	note := fmt.Sprintf("seen by the archive alone: the checks before and after saw version %d", r.state.Head)
	for i := range o.Versions {
		v := &o.Versions[i].Version
		v.Summary = note + ". " + v.Summary
	}
	o.Check.Rule, o.Check.Detail = ruleArchiveOnly, note
}

// intoPast makes an observation one of the past: its versions do not move the
// head, and the state stays that of the present.
func (r *run) intoPast(o *storage.Observation, present policy.State) {
	from := r.state.HeadRef()
	versions := o.Versions[:0]
	for _, v := range o.Versions {
		if v.Version.Kind == policy.VersionTechnical {
			continue // the present has its own
		}
		v.Head, v.Version.Kind, v.Version.From = false, policy.VersionBackfill, from.Version
		if v.Change != nil {
			v.Change.From.Version = from.Version
		}
		versions = append(versions, v)
	}
	o.Versions, o.Expect, o.State, o.Alerts = versions, present.HeadRef(), present, nil
	if len(versions) == 0 {
		o.Check.Version = from.Version // not the head of today, which the ledger would take it for
	}
	if o.Check.Kind != "" {
		o.Check.Kind = policy.VersionBackfill
	}
	if r.late != nil {
		r.late.Kind = policy.VersionBackfill
	}
}

// stateAt returns the state as it was at a time: the version in force, and what
// waited.
func (r *run) stateAt(ctx context.Context, at time.Time, wait *policy.Pending) (policy.State, error) {
	s := r.state
	s.Head, s.HeadSHA256, s.HeadWords, s.Pending, s.Shrunk, s.HeadOrigin = 0, policy.Digest{}, 0, wait, nil, policy.Origin{}
	s.Texts, s.Slots, s.Noise = nil, nil, policy.Noise{}
	versions, err := r.Store.Versions(ctx, r.policy.ID)
	if err != nil {
		return s, fmt.Errorf("read versions: %w", err)
	}
	for _, v := range slices.Backward(versions) {
		if !v.FirstSeenAt.After(at) {
			s.Head, s.HeadSHA256, s.HeadWords, s.Normalizer = v.Number, v.SHA256, v.Words, v.Normalizer
			s.HeadFirstSeenAt = v.FirstSeenAt
			break
		}
	}
	return s, nil
}

// end expires every wait: no further capture will decide it.
func (p Past) end(ctx context.Context, pol policy.Policy, at time.Time, wait *policy.Pending) ([]policy.Check, error) {
	r, claim, err := p.begin(ctx, pol, at)
	if err != nil {
		return nil, err
	}
	present, past := r.state, wait != nil
	if past {
		if r.state, err = r.stateAt(ctx, at, wait); err != nil {
			return nil, err
		}
	}
	if r.state.Pending == nil || !past && present.LastCheck.After(at) {
		return nil, p.Checker.Store.Release(ctx, claim)
	}
	o := r.observation(policy.OutcomeUnconfirmed, triage.RuleHoldExpired)
	o.Check.CapturedAt = at
	if err := r.expire(ctx, &o, *r.state.Pending); err != nil {
		return nil, errors.Join(err, p.Checker.Store.Release(ctx, claim))
	}
	if r.late == nil {
		return nil, p.Checker.Store.Release(ctx, claim)
	}
	o.Check = *r.late
	o.Check.DecidedLate = false // the ledger has no such mark
	if past {
		r.intoPast(&o, present)
	}
	checks, err := r.commit(ctx, claim, o)
	if err != nil {
		return nil, err
	}
	return checks[1:], nil
}
