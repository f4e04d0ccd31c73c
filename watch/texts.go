package watch

import (
	"context"
	"fmt"
	"slices"
	"time"

	"watcher/diffing"
	"watcher/normalize"
	"watcher/policy"
	"watcher/storage"
	"watcher/triage"
)

// side is a variant that a text is compared with in place of the head.
type side struct {
	ref policy.VersionRef
	doc policy.Document
}

// from returns what a text is compared with: the variant that is most like it,
// else the head.
func (b base) from() (policy.VersionRef, policy.Document) {
	if b.side != nil {
		return b.side.ref, b.side.doc
	}
	return b.ref, b.doc
}

// closest looks for the variant that is more like the text than the head is,
// so that like is compared with like.
func (r *run) closest(ctx context.Context, n *normalize.Normalizer, b *base, doc policy.Document) {
	b.side = nil
	if doc.Digest() == b.digest || b.digest.IsZero() {
		return
	}
	best := common(b.doc, doc)
	for i, t := range r.state.Texts {
		if !t.Variant {
			continue
		}
		v, text, err := r.variant(ctx, n, b, i)
		if err != nil || v.SHA256 == b.digest || v.SHA256 == doc.Digest() {
			continue
		}
		if n := common(text, doc); n > best {
			best, b.side = n, &side{ref: v.Ref(), doc: text}
		}
	}
}

// variant reads a variant, anew when other rules made its text: what these
// change of it is technical, as it is of the head.
func (r *run) variant(ctx context.Context, n *normalize.Normalizer, b *base, i int) (policy.Version, policy.Document, error) {
	v, text, err := r.version(ctx, r.state.Texts[i].SHA256)
	if err != nil || text.Normalizer == n.ID() {
		return v, text, err
	}
	_, anew, err := r.stored(ctx, n, v.Capture)
	if err != nil || anew.Digest() == v.SHA256 {
		return v, anew, err
	}
	ref := v.Ref()
	v.Summary = "the same variant read by other rules"
	next := technical(v, ref, text, anew)
	v = next.Version
	// Before the head's: the last version of a check is the one in force.
	b.technical = append([]storage.NewVersion{next}, b.technical...)
	if b.rule == "" {
		b.rule = ruleNormalizer
	}
	r.state.Texts = slices.Clone(r.state.Texts)
	r.state.Texts[i].SHA256 = v.SHA256
	return v, anew, nil
}

// version finds the newest version with a text.
func (r *run) version(ctx context.Context, sha policy.Digest) (policy.Version, policy.Document, error) {
	versions, err := r.Store.Versions(ctx, r.policy.ID)
	if err != nil {
		return policy.Version{}, policy.Document{}, err
	}
	for _, v := range slices.Backward(versions) {
		if v.SHA256 == sha {
			doc, err := r.Store.Document(ctx, r.policy.ID, v.Number)
			return v, doc, err
		}
	}
	return policy.Version{}, policy.Document{}, fmt.Errorf("no version has text %s: %w", sha, policy.ErrNotFound)
}

// common counts the lines that two documents share.
func common(a, b policy.Document) int {
	lines := map[string]int{}
	each(a, func(l string) { lines[l]++ })
	n := 0
	each(b, func(l string) {
		if lines[l] > 0 {
			lines[l]--
			n++
		}
	})
	return n
}

func each(d policy.Document, visit func(line string)) {
	for _, s := range d.Sections {
		visit(s.Heading)
		for _, b := range s.Blocks {
			visit(b.Text)
		}
	}
}

// identify returns the text that a document counts as. One in which only
// numbers differ that change by themselves is the text it is compared with, or
// the one that waits. It learns such numbers on the way.
func (r *run) identify(ctx context.Context, n *normalize.Normalizer, b base, doc policy.Document, at time.Time) (text policy.Digest, rule string) {
	text = doc.Digest()
	if b.digest.IsZero() || text == b.digest {
		return text, ""
	}
	ref, from := b.from()
	var same bool
	if r.state.Slots, same = triage.Learn(r.state.Slots, safeCompare(from, doc, diffing.Options{}).Edits, at); same {
		return ref.SHA256, triage.RuleVolatile
	}
	p := r.state.Pending
	if p == nil || p.SHA256 == text || len(r.state.Slots) == 0 {
		return text, ""
	}
	_, waiting, err := r.stored(ctx, n, p.Capture)
	if err != nil {
		return text, ""
	}
	if r.state.Slots, same = triage.Learn(r.state.Slots, safeCompare(waiting, doc, diffing.Options{}).Edits, at); same {
		return p.SHA256, ""
	}
	return text, ""
}

// addVariant tells once that some visitors are served another text, and keeps
// that text as a version beside the head.
func (r *run) addVariant(ctx context.Context, o *storage.Observation, b base, c policy.Capture, doc policy.Document, d triage.Decision) {
	change := safeCompare(b.doc, doc, diffing.Options{SeenAt: d.FirstSeenAt})
	v, _, err := r.version(ctx, doc.Digest())
	if err != nil {
		v = newVersion(r.policy, policy.VersionChange, c, doc, d)
		v.From, v.Significance, v.Summary, v.Event = b.ref.Version, change.Significance, change.Summary, string(policy.EventPolicyVariant)
		change.Policy, change.From, change.To = r.policy.ID, b.ref, v.Ref()
		o.Versions = append(o.Versions, storage.NewVersion{Version: v, Document: classified(doc), Change: &change})
	}
	change.From, change.To = b.ref, v.Ref()
	if change.Significance.Rank() <= policy.Cosmetic.Rank() || !r.charge(o, &o.Check, change) {
		return
	}
	e := changeEvent(r.policy, policy.EventPolicyVariant, o.Check.At, v, change)
	e.Summary = "served to some visitors: " + change.Summary
	e.Rule, e.Detail = triage.RuleVariant, "the page shows this text and that of the head in turns; from now on each is compared with its own"
	r.suppressed = suppressedVariant
	r.tell(o, &o.Check, e)
}

// replaceVariant makes a changed variant take the place of the old one.
func replaceVariant(texts []policy.Text, old, text policy.Digest, at time.Time) []policy.Text {
	out := slices.Clone(texts)
	for i := range out {
		if out[i].SHA256 == old {
			out[i] = policy.Text{SHA256: text, FirstSeenAt: at, LastSeenAt: at, Variant: true, Run: 1, RunSince: at}
		}
	}
	return out
}

// repeatWindow is how long a change of one variant counts for the others.
const repeatWindow = 30 * 24 * time.Hour

// repeats says whether a change was told already when it reached another variant
// of the page. from is the version that the change begins at: what happened on
// the way to it cannot be repeated, only done again.
func (r *run) repeats(ctx context.Context, change policy.Change, from int, at time.Time) bool {
	if !slices.ContainsFunc(r.state.Texts, func(t policy.Text) bool { return t.Variant }) {
		return false
	}
	versions, err := r.Store.Versions(ctx, r.policy.ID)
	if err != nil {
		return false
	}
	own, elsewhere := chain(versions, from), false
	for _, v := range slices.Backward(versions) {
		if at.Sub(v.FirstSeenAt) > repeatWindow {
			break
		}
		if v.From == 0 || !own[v.Number] && v.Event != string(policy.EventPolicyChanged) {
			continue
		}
		told, err := r.Store.Change(ctx, r.policy.ID, v.Number)
		if err != nil || !within(change.Edits, told.Edits) {
			continue
		}
		if own[v.Number] {
			return false
		}
		elsewhere = true
	}
	return elsewhere
}

// chain returns a version and those that it came from.
func chain(versions []policy.Version, number int) map[int]bool {
	from := make(map[int]int, len(versions))
	for _, v := range versions {
		from[v.Number] = v.From
	}
	out := map[int]bool{}
	for ; number > 0 && !out[number]; number = from[number] {
		out[number] = true
	}
	return out
}

// within says whether all edits that are more than cosmetic are among others.
func within(edits, among []policy.Edit) bool {
	type key struct {
		op                policy.EditOp
		section, old, new string
	}
	known := map[key]bool{}
	for _, e := range among {
		known[key{e.Op, e.Section, e.Old, e.New}] = true
	}
	for _, e := range edits {
		if e.Significance.Rank() > policy.Cosmetic.Rank() && !known[key{e.Op, e.Section, e.Old, e.New}] {
			return false
		}
	}
	return true
}
