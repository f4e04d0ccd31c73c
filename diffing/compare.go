package diffing

import (
	"slices"
	"time"

	"watcher/policy"
)

// Options are what Compare cannot read from the documents.
type Options struct {
	// SeenAt is when the new text was first seen. An effective date after it is
	// in the future; when it is zero that fact is never raised.
	SeenAt time.Time
}

// Compare returns what lies between two texts of a policy. It is a pure
// function: the same documents and options always give the same change. The
// references Policy, From and To are left for the caller to fill; slices are
// empty rather than nil.
func Compare(from, to policy.Document, opt Options) policy.Change {
	sp := newSplitter()
	m := newMatching(sp.side(&from), sp.side(&to))
	drafts := m.drafts()
	replacedTitles(drafts)
	dl := &dateLines{from: from.Dates, to: to.Dates, facts: earlyFacts(from.Dates, to.Dates, opt.SeenAt)}
	j := newJudge(from.Lang, to.Lang)
	j.sides = []*side{m.a, m.b}
	for i := range drafts {
		j.assess(&drafts[i], dl)
	}
	c := policy.Change{
		Dates: policy.ChangeDates{
			From: filled(from.Dates), To: filled(to.Dates), Facts: filled(lateFacts(dl, drafts)),
		},
		Edits:      make([]policy.Edit, 0, len(drafts)),
		Links:      filled(m.links()),
		Words:      countWords(drafts),
		Categories: categories(drafts),
	}
	noteBump(c.Dates.Facts, drafts)
	for i := range drafts {
		c.Edits = append(c.Edits, drafts[i].edit)
	}
	setIDs(c.Edits)
	c.Significance = significance(&c, &from, &to)
	c.Summary = summarize(&c, drafts)
	return c
}

// replacedTitles unmarks titles of which one went and another came: the text was
// given another name.
func replacedTitles(drafts []draft) {
	has := func(op policy.EditOp) bool {
		return slices.ContainsFunc(drafts, func(d draft) bool { return d.title && d.edit.Op == op })
	}
	if !has(policy.Added) || !has(policy.Removed) {
		return
	}
	for i := range drafts {
		drafts[i].title = false
	}
}

// filled returns a copy of s that is never nil.
func filled[T any](s []T) []T { return append([]T{}, s...) }

// noteBump says in the reasons of date edits that nothing else changed.
func noteBump(facts []policy.DateFact, drafts []draft) {
	if !slices.Contains(facts, policy.DateBumpedTextSame) {
		return
	}
	for i := range drafts {
		if drafts[i].dateEdit {
			e := &drafts[i].edit
			e.Reasons = append(e.Reasons, "only the date changed, the text did not ("+string(policy.DateBumpedTextSame)+")")
		}
	}
}

// significance is the highest grade of the edits. Without any, texts that
// differ all the same differ in layout only, which is cosmetic like a link.
func significance(c *policy.Change, from, to *policy.Document) policy.Significance {
	best := policy.None
	for i := range c.Edits {
		if s := c.Edits[i].Significance; s.Rank() > best.Rank() {
			best = s
		}
	}
	if best == policy.None && (len(c.Links) > 0 || from.Text() != to.Text()) {
		return policy.Cosmetic
	}
	return best
}

// categories are those of all edits that are more than cosmetic, in the order
// of the taxonomy; "other" only if there is nothing else.
func categories(drafts []draft) []policy.Category {
	found := map[policy.Category]bool{}
	for i := range drafts {
		if drafts[i].edit.Significance.Rank() < policy.Minor.Rank() {
			continue
		}
		for _, c := range drafts[i].edit.Categories {
			found[c] = true
		}
	}
	out := []policy.Category{}
	for _, c := range policy.Categories() {
		if found[c] && (c != policy.OtherCategory || len(out) == 0) {
			out = append(out, c)
		}
	}
	return out
}

func countWords(drafts []draft) policy.WordCounts {
	var w policy.WordCounts
	for i := range drafts {
		d := &drafts[i]
		switch d.edit.Op {
		case policy.Added:
			w.Added += len(d.newWords)
		case policy.Removed:
			w.Removed += len(d.oldWords)
		case policy.Moved:
			w.Moved += len(d.newWords)
		case policy.Reworded:
			if d.cosmetic {
				continue
			}
			gone, come := d.line.changedWords()
			w.Removed += len(gone)
			w.Added += len(come)
			if d.edit.FromSection != "" {
				w.Moved += len(d.newWords) - len(come)
			}
		case policy.Renumbered:
		}
	}
	return w
}
