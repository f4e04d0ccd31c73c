package watch

import (
	"context"
	"errors"
	"fmt"

	"watcher/diffing"
	"watcher/normalize"
	"watcher/policy"
	"watcher/storage"
	"watcher/triage"
)

// Renormalize reads the captures of all versions by the rules of now, and hands
// what it finds to emit, version by version. Unless it is a dry run, a head that
// reads otherwise gets a technical version, as the next check would give it.
//
// It holds a few texts at a time, and may be called off and repeated.
func (l *Loop) Renormalize(ctx context.Context, req policy.RenormalizeRequest, emit func(policy.Renormalized) error) error {
	plan := l.Plan()
	policies, err := choose(plan, req.Policies)
	if err != nil {
		return err
	}
	for _, p := range policies {
		state, err := l.Checker.Store.State(ctx, p.ID)
		if errors.Is(err, policy.ErrNotFound) {
			continue // it was never checked
		}
		if err != nil {
			return err
		}
		r := &run{Checker: l.Checker, settings: plan.Settings, policy: p, origin: p.Origin(), state: state, mode: Mode{Quiet: true}}
		re := &rereader{run: r, loop: l, dry: req.DryRun, texts: map[int]reread{}, emit: emit}
		if err := re.all(ctx); err != nil {
			return fmt.Errorf("%s: %w", p.ID, err)
		}
	}
	return nil
}

// rereader reads the versions of one policy again.
type rereader struct {
	*run
	loop  *Loop
	dry   bool
	emit  func(policy.Renormalized) error
	norm  *normalize.Normalizer
	texts map[int]reread
	order []int // of texts, oldest first
}

// reread is a version's text by the rules of now.
type reread struct {
	doc  policy.Document
	same bool
	// plain is set when the selectors match nothing in the capture, so that it was
	// read without them.
	plain bool
	err   error
}

// keptTexts is how many texts are held: a version is nearly always compared with
// the one before it.
const keptTexts = 3

func (r *rereader) all(ctx context.Context) error {
	var err error
	if r.norm, err = r.normalizer(); err != nil {
		return err
	}
	versions, err := r.Store.Versions(ctx, r.policy.ID)
	if err != nil {
		return err
	}
	numbers := make(map[int]policy.Version, len(versions))
	for _, v := range versions {
		numbers[v.Number] = v
	}
	for _, v := range versions {
		if err := ctx.Err(); err != nil {
			return err
		}
		line, err := r.one(ctx, v, numbers)
		if err != nil {
			return err
		}
		if err := r.emit(line); err != nil {
			return err
		}
	}
	return nil
}

func (r *rereader) one(ctx context.Context, v policy.Version, numbers map[int]policy.Version) (policy.Renormalized, error) {
	line := policy.Renormalized{
		Schema: policy.RenormalizeSchema, Policy: v.Policy, Version: v.Number, Kind: v.Kind, Head: v.Number == r.state.Head,
		Result: policy.RereadUnreadable, FromNormalizer: v.Normalizer, FromWords: v.Words,
	}
	text := r.text(ctx, v)
	if text.err != nil {
		line.Error = text.err.Error()
		return line, ctx.Err()
	}
	line.Result, line.Normalizer, line.Words = policy.RereadSame, text.doc.Normalizer, text.doc.Words()
	if text.plain {
		line.Note = "the selectors match nothing in this capture: it was read without them"
	}
	if !text.same {
		stored, err := r.Store.Document(ctx, v.Policy, v.Number)
		if err != nil {
			line.Result, line.Error = policy.RereadUnreadable, err.Error()
			return line, ignoreDamage(err)
		}
		difference := safeCompare(stored, text.doc, diffing.Options{})
		line.Result, line.Difference, line.Grade = policy.RereadDiffers, difference.Words, difference.Significance
		if line.Head && !text.plain && !r.dry {
			r.keep(ctx, &line, v, stored, text.doc)
		}
	}
	r.compareChange(ctx, &line, v, numbers)
	return line, ctx.Err()
}

// ignoreDamage lets the reading of other versions go on.
func ignoreDamage(err error) error {
	if errors.Is(err, policy.ErrDamaged) || errors.Is(err, policy.ErrNotFound) {
		return nil
	}
	return err
}

// text reads a version's capture, or remembers it.
func (r *rereader) text(ctx context.Context, v policy.Version) reread {
	if text, ok := r.texts[v.Number]; ok {
		return text
	}
	c, doc, err := r.stored(ctx, r.norm, v.Capture)
	text := reread{doc: doc, err: err}
	if err == nil && triage.Unmatched(doc) {
		_, text.doc, text.err = r.degrade(c)
		text.plain = true
	}
	text.same = text.err == nil && text.doc.Digest() == v.SHA256
	r.texts[v.Number] = text
	if r.order = append(r.order, v.Number); len(r.order) > keptTexts {
		delete(r.texts, r.order[0])
		r.order = r.order[1:]
	}
	return text
}

// compareChange says what would become of the change that led to a version. A
// technical one was none of the vendor's.
func (r *rereader) compareChange(ctx context.Context, line *policy.Renormalized, v policy.Version, numbers map[int]policy.Version) {
	from, known := numbers[v.From]
	if !known || v.Kind == policy.VersionTechnical || v.Kind == policy.VersionBaseline {
		return
	}
	line.Before, line.After = v.Significance, v.Significance
	to := r.text(ctx, v)
	before := r.text(ctx, from)
	if before.err != nil || to.same && before.same {
		return
	}
	line.After = policy.None
	if before.doc.Digest() != to.doc.Digest() {
		line.After = safeCompare(before.doc, to.doc, diffing.Options{SeenAt: v.FirstSeenAt}).Significance
	}
	switch was, is := worthTelling(line.Before), worthTelling(line.After); {
	case is && !was:
		line.Event = policy.EventAppears
	case was && !is:
		line.Event = policy.EventVanishes
	}
}

func worthTelling(s policy.Significance) bool { return s.Rank() > policy.Cosmetic.Rank() }

// keep stores what the rules of now make of the head. There was no check, so the
// ledger gets no entry.
func (r *rereader) keep(ctx context.Context, line *policy.Renormalized, head policy.Version, stored, doc policy.Document) {
	claims, err := r.Store.Claim(ctx, storage.ClaimQuery{
		Owner: r.loop.Owner, Now: r.Clock().UTC(), For: lease, IDs: []policy.ID{r.policy.ID},
	})
	switch {
	case err != nil:
		line.Error = err.Error()
		return
	case len(claims) == 0:
		line.Note = "not stored: the policy is being checked, which stores it as well"
		return
	case claims[0].State.HeadRef() != r.state.HeadRef():
		line.Note = "not stored: a check was faster"
		r.loop.release(ctx, claims[0])
		return
	}
	b := base{digest: head.SHA256, ref: head.Ref(), doc: stored, words: head.Words}
	b.add(head, doc, ruleNormalizer)
	next := claims[0].State
	next.Normalizer = r.norm.ID()
	receipt, err := r.Store.Commit(ctx, storage.Observation{
		Claim: claims[0], Expect: claims[0].State.HeadRef(), Versions: b.technical, State: next,
	})
	if err != nil {
		line.Error = err.Error()
		r.loop.release(ctx, claims[0])
		return
	}
	line.Stored = receipt.Versions[0]
}
