package watch

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"watcher/diffing"
	"watcher/normalize"
	"watcher/policy"
	"watcher/storage"
	"watcher/triage"
)

// The rules that say why two texts could not be compared like with like.
const (
	// ruleNormalizer marks a technical version that a new normaliser or
	// selector made out of the same page.
	ruleNormalizer = "normalizer"
	// ruleAddress marks a technical version that another address, source or
	// language made, while the old one still shows the head's text.
	ruleAddress = "address"
	// ruleSource marks a change that may be the doing of another normaliser,
	// selector or address, because the old side could not be had.
	ruleSource = "source_changed"
)

// base is the text that a capture is compared with: the head, made anew when
// its normaliser is not the one of the capture.
type base struct {
	digest policy.Digest
	ref    policy.VersionRef
	doc    policy.Document
	words  int
	// technical are the versions to be added first, none when the head stands
	// as it is; rule says what made them.
	technical []storage.NewVersion
	rule      string
	// side, when set, is a variant that the text is compared with.
	side *side
	// mark is ruleSource when part of a difference may not be the vendor's.
	mark string
}

// add makes a technical version the base.
func (b *base) add(v policy.Version, doc policy.Document, rule string) {
	v.Summary = "the same page read by other rules"
	if rule == ruleAddress {
		v.Summary = "the same policy read from another address"
	}
	next := technical(v, b.ref, b.doc, doc)
	next.Head = true
	v = next.Version
	b.technical = append(b.technical, next)
	b.digest, b.doc, b.ref, b.words, b.rule = v.SHA256, doc, v.Ref(), v.Words, rule
}

// technical makes a version like v, but for its text, which differs from that of
// ref by nothing that the vendor did.
func technical(v policy.Version, ref policy.VersionRef, from, doc policy.Document) storage.NewVersion {
	change := safeCompare(from, doc, diffing.Options{})
	change.Policy, change.From = v.Policy, ref
	v.Number, v.From, v.EqualTo, v.Kind, v.Event = 0, ref.Version, 0, policy.VersionTechnical, ""
	v.Normalizer, v.SHA256, v.Words, v.Lang, v.Title = doc.Normalizer, doc.Digest(), doc.Words(), doc.Lang, doc.Title
	v.Significance = change.Significance
	change.To = v.Ref()
	return storage.NewVersion{Version: v, Document: classified(doc), Change: &change}
}

// base loads what doc is to be compared with. The zero base means that there
// is no version yet.
func (r *run) base(ctx context.Context, n *normalize.Normalizer, doc policy.Document) (base, error) {
	if r.state.Head == 0 {
		return base{}, nil
	}
	if doc.Digest() == r.state.HeadSHA256 {
		// Equal texts need no comparison, whoever made them.
		return base{digest: r.state.HeadSHA256, words: r.state.HeadWords}, nil
	}
	head, err := r.Store.Version(ctx, r.policy.ID, r.state.Head)
	if err != nil {
		return base{}, fmt.Errorf("read the head: %w", err)
	}
	stored, err := r.Store.Document(ctx, r.policy.ID, head.Number)
	if err != nil {
		return base{}, fmt.Errorf("read the head: %w", err)
	}
	b := base{digest: head.SHA256, ref: head.Ref(), doc: stored, words: head.Words}
	if r.state.Normalizer != n.ID() && head.Normalizer != n.ID() {
		r.renew(ctx, n, head, &b, doc)
		if r.provisional() {
			// The same page read alike, compared without a version of its own.
			b.technical, b.rule = nil, ""
			b.ref = head.Ref()
		}
	}
	return b, nil
}

// renew makes the head's text anew from its raw body. What then differs from
// the stored text is the normaliser's doing and becomes a technical version.
// When that cannot be done, nobody can tell the normaliser's part of a
// difference from the vendor's: it is told of, and marked.
func (r *run) renew(ctx context.Context, n *normalize.Normalizer, head policy.Version, b *base, doc policy.Document) {
	_, raw, err := r.stored(ctx, n, head.Capture)
	if err == nil && triage.Unmatched(raw) && r.restored(b, doc) {
		return
	}
	if err != nil || triage.Unmatched(raw) {
		r.Logger.Warn("the head cannot be read by the new rules", "policy", r.policy.ID, "version", head.Number, "err", err)
		b.mark = ruleSource
		return
	}
	if raw.Digest() == b.digest {
		b.doc = raw
		return
	}
	b.add(head, raw, ruleNormalizer)
}

// beside looks at the old address when the configuration names another one. If
// that still shows the head's text, what differs is the address's doing and
// becomes a technical version; if not, the difference is told of, and marked.
func (r *run) beside(ctx context.Context, n *normalize.Normalizer, b *base, c policy.Capture, doc policy.Document) {
	old := r.state.HeadOrigin
	if r.state.Head == 0 || old == (policy.Origin{}) || old == r.origin {
		return
	}
	b.mark = ruleSource
	side, err := r.gather(ctx, old, nil)
	if err != nil || side.Verdict.Kind != "" || triage.Screen(side).Kind != policy.Accepted {
		return
	}
	text, err := r.document(n, side)
	if err != nil || text.Digest() != b.digest {
		return
	}
	b.mark = ""
	b.add(newVersion(r.policy, policy.VersionTechnical, c, doc, triage.Decision{FirstSeenAt: c.CapturedAt}), doc, ruleAddress)
}

// safeCompare compares two texts. Should the comparison fail on a text that no
// test foresaw, the whole text is told as one edit: that there is a change
// must never be lost over saying what it is.
func safeCompare(from, to policy.Document, o diffing.Options) (change policy.Change) {
	defer func() {
		if v := recover(); v != nil {
			change = policy.Change{
				Significance: policy.Material, Summary: "the text changed, but could not be compared",
				Categories: []policy.Category{policy.OtherCategory},
				Edits: []policy.Edit{{
					ID: "ed_whole", Op: policy.Reworded, Old: from.Text(), New: to.Text(), Significance: policy.Material,
					Categories: []policy.Category{policy.OtherCategory}, Reasons: []string{fmt.Sprintf("internal error: %v", v)},
				}},
			}
		}
	}()
	return diffing.Compare(from, to, o)
}

// stored reads a capture with its body and makes its document anew.
func (r *run) stored(ctx context.Context, n *normalize.Normalizer, id policy.CaptureID) (policy.Capture, policy.Document, error) {
	c, err := r.Store.Capture(ctx, r.policy.ID, id)
	if err != nil {
		return c, policy.Document{}, fmt.Errorf("read capture %d: %w", id, err)
	}
	if c.Body, err = r.Store.Body(ctx, r.policy.ID, id); err != nil {
		return c, policy.Document{}, fmt.Errorf("read body of capture %d: %w", id, err)
	}
	doc, err := r.document(n, c)
	return c, doc, err
}

// addLate adds the version of a text that waited and is believed now, dated to
// the time at which it was seen.
func (r *run) addLate(ctx context.Context, o *storage.Observation, n *normalize.Normalizer, b base, d triage.Decision, p policy.Pending) error {
	c, doc, err := r.stored(ctx, n, p.Capture)
	if err != nil {
		if !errors.Is(err, policy.ErrNotFound) && !errors.Is(err, policy.ErrDamaged) {
			return err
		}
		// The wait goes on with the text that is there now: better late than
		// a policy that can never be checked again.
		r.Logger.Error("the text that waited is lost", "policy", r.policy.ID, "err", err)
		return nil
	}
	r.believeLate(ctx, o, n, b, c, doc, d)
	return nil
}

// believeLate adds the version of a text that waited, read from its capture.
func (r *run) believeLate(ctx context.Context, o *storage.Observation, n *normalize.Normalizer, b base, c policy.Capture, doc policy.Document, d triage.Decision) {
	if doc.Digest() == b.digest {
		return // a new normaliser sees no difference
	}
	late := o.Check
	if late.CapturedAt.IsZero() {
		late.CapturedAt = late.At
	}
	late.Error, late.Event = "", ""
	late.Outcome, late.Rule, late.Detail, late.FirstSeenAt, late.DecidedLate = d.Outcome, d.Rule, "", d.FirstSeenAt, true
	r.late = &late
	o.State.Normalizer, o.State.HeadSeenAt = n.ID(), c.CapturedAt
	r.closest(ctx, n, &b, doc)
	r.addChange(ctx, o, r.late, b, c, doc, d)
}

// endWait believes a text that waits once its hold has passed, although the
// page cannot be read any more.
func (r *run) endWait(ctx context.Context, o *storage.Observation) {
	p, hold := r.state.Pending, r.settings.Triage.Hold
	if p == nil || hold <= 0 || o.Check.At.Sub(p.Since) < hold || r.overtaken(*p) {
		return
	}
	if err := r.expire(ctx, o, *p); err != nil {
		r.Logger.Error("a text that waits cannot be read", "policy", r.policy.ID, "err", err)
	}
}

// overtaken says whether the page has shown a known text since it showed the one
// that waits: on a page with variants that ends no wait, but once the page
// cannot be read it is no reason to believe a text that was seen once, either.
func (r *run) overtaken(p policy.Pending) bool {
	return r.state.HeadSeenAt.After(p.FirstSeenAt) || slices.ContainsFunc(r.state.Texts, func(t policy.Text) bool {
		return t.Variant && t.LastSeenAt.After(p.FirstSeenAt)
	})
}

// expire adds the version of a text that waits, whatever the page shows now.
func (r *run) expire(ctx context.Context, o *storage.Observation, p policy.Pending) error {
	n, err := r.normalizer()
	if err != nil {
		return err
	}
	c, doc, err := r.stored(ctx, n, p.Capture)
	if err != nil {
		return err
	}
	b, err := r.base(ctx, n, doc)
	if err != nil {
		return err
	}
	h, err := r.history(ctx, b, doc)
	if err != nil {
		return err
	}
	o.State.Pending = nil
	o.Versions = b.technical
	r.believeLate(ctx, o, n, b, c, doc, triage.Expire(h))
	return nil
}

// classified fills in what the blocks are about. Only documents that are kept
// need it: nearly every check ends without one.
func classified(doc policy.Document) policy.Document {
	diffing.Classify(&doc)
	return doc
}

func newVersion(p policy.Policy, kind policy.VersionKind, c policy.Capture, doc policy.Document, d triage.Decision) policy.Version {
	return policy.Version{
		Policy: p.ID, Kind: kind, CapturedAt: c.CapturedAt, FirstSeenAt: d.FirstSeenAt, LastSeenAt: c.CapturedAt,
		SHA256: doc.Digest(), RawSHA256: c.Digest, Capture: c.ID, Normalizer: doc.Normalizer,
		Words: doc.Words(), Lang: doc.Lang, Title: doc.Title, EqualTo: d.EqualTo,
	}
}

func (r *run) addBaseline(o *storage.Observation, c policy.Capture, doc policy.Document) {
	v := newVersion(r.policy, policy.VersionBaseline, c, doc, triage.Decision{FirstSeenAt: c.CapturedAt})
	v.Summary = fmt.Sprintf("first version, %d words", v.Words)
	o.State.HeadFirstSeenAt = v.FirstSeenAt
	o.Versions = append(o.Versions, storage.NewVersion{Version: v, Document: classified(doc), Head: true})
	o.Check.Kind = policy.VersionBaseline
}

// addChange compares the texts and adds the version, its change and the event
// it raises, and tells of them in check. A cosmetic change is a version, but
// no event. A change of a variant leaves the head alone.
func (r *run) addChange(ctx context.Context, o *storage.Observation, check *policy.Check, b base, c policy.Capture, doc policy.Document, d triage.Decision) {
	ref, from := b.from()
	change := safeCompare(from, doc, diffing.Options{SeenAt: d.FirstSeenAt})
	kind, event := policy.VersionChange, policy.EventPolicyChanged
	if d.Outcome == policy.OutcomeReverted {
		kind, event = policy.VersionRevert, policy.EventPolicyReverted
	}
	v := newVersion(r.policy, kind, c, doc, d)
	v.Significance, v.Summary, v.From = change.Significance, change.Summary, ref.Version
	if d.EqualTo > 0 {
		v.Summary = fmt.Sprintf("back to the text of version %d: %s", d.EqualTo, change.Summary)
	}
	change.Policy, change.From, change.To = r.policy.ID, ref, v.Ref()
	if d.Rule == triage.RuleDisplaced {
		v.Summary = "now served to everybody, told before as a variant: " + change.Summary
	}
	check.Kind, check.Significance = kind, change.Significance
	o.State.LastChange = c.CapturedAt
	if b.side == nil {
		o.State.HeadFirstSeenAt = v.FirstSeenAt
	} else {
		o.State.Texts = replaceVariant(o.State.Texts, ref.SHA256, v.SHA256, c.CapturedAt)
		o.State.HeadSeenAt = r.state.HeadSeenAt
	}
	if r.tellsOf(ctx, o, check, change, event) {
		v.Event = string(event)
		e := changeEvent(r.policy, event, o.Check.At, v, change)
		if e.Rule = b.mark; b.mark != "" {
			e.Detail = "the address or the rules by which the page is read changed as well: part of this may be their doing"
		}
		r.tell(o, check, e)
		r.describe(ctx, &change)
	}
	o.Versions = append(o.Versions, storage.NewVersion{Version: v, Document: classified(doc), Change: &change, Head: b.side == nil})
}

// describe asks for a summary by a machine, where one is configured. That there
// is none is no reason to hold an alert back.
func (r *run) describe(ctx context.Context, change *policy.Change) {
	if r.settings.Summarizer == nil || r.mode.Quiet {
		return
	}
	s, err := r.settings.Summarizer.Summarize(ctx, *change)
	if err != nil {
		r.metrics.summaries.WithLabelValues("failed").Inc()
		r.Logger.Warn("no summary by the language model", "policy", r.policy.ID, "err", err)
		return
	}
	r.metrics.summaries.WithLabelValues("ok").Inc()
	change.Machine = &s
}

// tellsOf says whether a recorded change is worth an event.
func (r *run) tellsOf(ctx context.Context, o *storage.Observation, check *policy.Check, change policy.Change, event policy.EventType) bool {
	switch {
	case change.Empty() || change.Significance.Rank() <= policy.Cosmetic.Rank():
		r.suppressed = suppressedCosmetic
		return false
	case event != policy.EventPolicyChanged:
		return true
	case r.repeats(ctx, change, change.From.Version, o.Check.At):
		r.suppressed, check.Rule = suppressedVariant, triage.RuleVariant
		return false
	}
	return r.charge(o, check, change)
}
