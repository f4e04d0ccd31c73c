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

// base is the text that a capture is compared with: the head, made anew when
// its normaliser is not the one of the capture.
type base struct {
	digest policy.Digest
	ref    policy.VersionRef
	doc    policy.Document
	// renewed is the technical version to be added first, nil when the head
	// stands as it is.
	renewed *storage.NewVersion
	rule    string
}

func (b base) technical() []storage.NewVersion {
	if b.renewed == nil {
		return nil
	}
	return []storage.NewVersion{*b.renewed}
}

// base loads what doc is to be compared with. The zero base means that there
// is no version yet.
func (r *run) base(ctx context.Context, n *normalize.Normalizer, doc policy.Document) (base, error) {
	if r.state.Head == 0 {
		return base{}, nil
	}
	if doc.Digest() == r.state.HeadSHA256 {
		// Equal texts need no comparison, whoever made them.
		return base{digest: r.state.HeadSHA256}, nil
	}
	head, err := r.Store.Version(ctx, r.policy.ID, r.state.Head)
	if err != nil {
		return base{}, fmt.Errorf("%s: read head: %w", r.policy.ID, err)
	}
	stored, err := r.Store.Document(ctx, r.policy.ID, head.Number)
	if err != nil {
		return base{}, fmt.Errorf("%s: read head: %w", r.policy.ID, err)
	}
	b := base{digest: head.SHA256, ref: head.Ref(), doc: stored}
	if r.state.Normalizer == n.ID() || head.Normalizer == n.ID() {
		return b, nil
	}
	return r.renew(ctx, n, head, b, doc)
}

// renew makes the head's text anew from its raw body. What then differs from
// the stored text is the normaliser's doing and becomes a technical version.
func (r *run) renew(ctx context.Context, n *normalize.Normalizer, head policy.Version, b base, doc policy.Document) (base, error) {
	_, raw, err := r.stored(ctx, n, head.Capture)
	if err != nil {
		if !errors.Is(err, policy.ErrNotFound) && !errors.Is(err, normalize.ErrUnsupported) {
			return base{}, err
		}
		// Without the raw body nobody can tell the normaliser's part from the
		// vendor's: the new text becomes the head without an alert, and the
		// rule says why.
		raw, b.rule = doc, ruleNoRaw
	}
	if raw.Digest() == b.digest {
		b.doc = raw
		return b, nil
	}
	change := diffing.Compare(b.doc, raw, diffing.Options{})
	change.Policy, change.From = r.policy.ID, b.ref
	v := head
	v.Number, v.From, v.EqualTo = 0, head.Number, 0
	v.Kind, v.Normalizer, v.SHA256, v.Words = policy.VersionTechnical, n.ID(), raw.Digest(), raw.Words()
	v.Lang, v.Title, v.Significance, v.Event = raw.Lang, raw.Title, change.Significance, ""
	v.Summary = "the same page read by a new normaliser"
	change.To = v.Ref()
	b.renewed = &storage.NewVersion{Version: v, Document: classified(raw), Change: &change, Head: true}
	b.digest, b.doc, b.ref = v.SHA256, raw, v.Ref()
	if b.rule == "" {
		b.rule = "normalizer"
	}
	return b, nil
}

// stored reads a capture with its body and makes its document anew.
func (r *run) stored(ctx context.Context, n *normalize.Normalizer, id policy.CaptureID) (policy.Capture, policy.Document, error) {
	c, err := r.Store.Capture(ctx, r.policy.ID, id)
	if err != nil {
		return c, policy.Document{}, fmt.Errorf("%s: read capture %d: %w", r.policy.ID, id, err)
	}
	if c.Body, err = r.Store.Body(ctx, r.policy.ID, id); err != nil {
		return c, policy.Document{}, fmt.Errorf("%s: read body of capture %d: %w", r.policy.ID, id, err)
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
	if doc.Digest() == b.digest {
		return nil // a new normaliser sees no difference
	}
	late := o.Check
	late.Outcome, late.Rule, late.Detail, late.FirstSeenAt, late.DecidedLate = d.Outcome, d.Rule, "", d.FirstSeenAt, true
	r.late = &late
	o.State.Normalizer, o.State.HeadSeenAt = n.ID(), c.CapturedAt
	return r.addChange(o, r.late, b, c, doc, d)
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
	o.Versions = append(o.Versions, storage.NewVersion{Version: v, Document: classified(doc), Head: true})
	o.Check.Kind = policy.VersionBaseline
}

// addChange compares the texts and adds the version, its change and the event
// it raises, and tells of them in check. A cosmetic change is a version, but
// no event.
func (r *run) addChange(o *storage.Observation, check *policy.Check, b base, c policy.Capture, doc policy.Document, d triage.Decision) (err error) {
	defer r.recoverStage("compare", &err)
	change := diffing.Compare(b.doc, doc, diffing.Options{SeenAt: d.FirstSeenAt})
	kind, event := policy.VersionChange, policy.EventPolicyChanged
	if d.Outcome == policy.OutcomeReverted {
		kind, event = policy.VersionRevert, policy.EventPolicyReverted
	}
	v := newVersion(r.policy, kind, c, doc, d)
	v.Significance, v.Summary = change.Significance, change.Summary
	if d.EqualTo > 0 {
		v.Summary = fmt.Sprintf("back to the text of version %d: %s", d.EqualTo, change.Summary)
	}
	change.Policy, change.From, change.To = r.policy.ID, b.ref, v.Ref()
	check.Kind, check.Significance = kind, change.Significance
	o.State.LastChange = c.CapturedAt
	if change.Empty() || change.Significance.Rank() <= policy.Cosmetic.Rank() {
		r.suppressed = suppressedCosmetic
	} else {
		v.Event = string(event)
		r.tell(o, check, changeEvent(r.policy, event, o.Check.At, v, change))
	}
	o.Versions = append(o.Versions, storage.NewVersion{Version: v, Document: classified(doc), Change: &change, Head: true})
	return nil
}
