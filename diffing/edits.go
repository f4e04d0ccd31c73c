package diffing

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"watcher/policy"
)

// draft is an edit in the making, with what the rules need to judge it.
type draft struct {
	edit policy.Edit
	// posB, side and posA order the edits: by place in the new text, removals
	// behind the unit that they followed.
	posB, side, posA int
	line             *redline // of a reworded unit
	cosmetic         bool     // same key
	dateForm         bool     // the same date in another form
	item             bool     // list item or table row
	title            bool     // a heading above the whole text
	dateEdit         bool     // of a date that the document claims of itself
	datesGone        []fact   // of a dateEdit, as far as they are not the same day
	datesCome        []fact
	lines            int      // units in a run of renumberings or rows; 0 means 1
	rows             int      // table rows in one edit; 0 means that it is no run of them
	relaid           bool     // the same words, laid out anew
	whole            *whole   // the section that was added or removed with this unit
	oldWords         []string // as cues see them
	newWords         []string
}

// drafts turns the matching into edits, in reading order.
func (m *matching) drafts() []draft {
	var out []draft
	for _, e := range m.equals {
		if d, ok := m.sameKey(e.a, e.b); ok {
			out = append(out, d)
		}
	}
	for _, g := range m.moves {
		out = append(out, m.movedDraft(g))
	}
	for _, g := range m.pairs {
		out = append(out, m.pairDraft(g))
	}
	wholeA, wholeB := wholeSections(m.a, m.stateA), wholeSections(m.b, m.stateB)
	last := -1
	next := 0
	for i, s := range m.stateA {
		for next < len(m.equals) && m.equals[next].a <= i {
			last = m.equals[next].b
			next++
		}
		if s == free {
			u := &m.a.units[i]
			d := m.a.draft(i, policy.Removed)
			d.edit.Old, d.posB, d.side, d.posA = u.text, last, 1, i
			d.whole = wholeA[u.section]
			out = append(out, d)
		}
	}
	for j, s := range m.stateB {
		if s == free {
			d := m.b.draft(j, policy.Added)
			d.edit.New, d.posB = m.b.units[j].text, j
			d.whole = wholeB[m.b.units[j].section]
			out = append(out, d)
		}
	}
	slices.SortStableFunc(out, func(x, y draft) int {
		return cmp.Or(x.posB-y.posB, x.side-y.side, x.posA-y.posA)
	})
	return joinRows(joinRenumbered(out))
}

func (s *side) draft(i int, op policy.EditOp) draft {
	u := &s.units[i]
	return draft{
		item: u.kind == policy.Item || u.kind == policy.TableRow, title: s.isTitle(i),
		edit: policy.Edit{
			Op: op, Section: s.paths[u.section], Kind: u.kind, Heading: u.heading,
			Categories: []policy.Category{}, Reasons: []string{},
		},
	}
}

// maxTitles is how many headings may stand above a text as its titles.
const maxTitles = 3

// isTitle reports whether a unit is a heading with nothing but headings before
// it: the name that the site gives to the page.
func (s *side) isTitle(i int) bool {
	if i >= maxTitles {
		return false
	}
	for _, u := range s.units[:i+1] {
		if !u.heading {
			return false
		}
	}
	return true
}

// sameKey returns the edit between two units with equal keys, if they differ.
func (m *matching) sameKey(i, j int) (draft, bool) {
	u, v := &m.a.units[i], &m.b.units[j]
	if u.text == v.text && u.number == v.number {
		return draft{}, false
	}
	d := m.b.draft(j, policy.Renumbered)
	d.posB, d.posA, d.cosmetic = j, i, true
	d.edit.Old, d.edit.New = u.display(), v.display()
	if u.number == v.number {
		d.edit.Op = policy.Reworded
		d.edit.Old, d.edit.New = u.text, v.text
		line := newRedline(u.text, v.text)
		d.line = &line
		d.edit.Redline = line.spans()
	}
	return d, true
}

func (m *matching) movedDraft(g group) draft {
	d := m.b.draft(g.b[0], policy.Moved)
	d.posB, d.posA = g.b[0], g.a[0]
	d.edit.Old, d.edit.New = joinUnits(m.a, g.a), joinUnits(m.b, g.b)
	d.setFrom(m.a.paths[m.a.units[g.a[0]].section])
	return d
}

func (m *matching) pairDraft(g group) draft {
	d := m.b.draft(g.b[0], policy.Reworded)
	d.posB, d.posA = g.b[0], g.a[0]
	d.edit.Old, d.edit.New = joinUnits(m.a, g.a), joinUnits(m.b, g.b)
	line := newRedline(d.edit.Old, d.edit.New)
	d.line = &line
	d.edit.Redline = line.spans()
	d.relaid = m.isRelaid(g)
	d.cosmetic = d.relaid || splitKeyPlain(d.edit.Old, line.old.toks) == splitKeyPlain(d.edit.New, line.new.toks)
	d.setFrom(m.a.paths[m.a.units[g.a[0]].section])
	return d
}

// setFrom records where the text stood before. A section whose heading was only
// renumbered or re-typeset is still the same place.
func (d *draft) setFrom(path string) {
	if path != d.edit.Section && !d.edit.Heading && pathKey(path) != pathKey(d.edit.Section) {
		d.edit.FromSection = path
	}
	if d.edit.Heading && path != d.edit.Section {
		d.edit.FromSection = path
	}
}

// pathKey is a path without numbering, case and punctuation.
func pathKey(path string) string {
	parts := strings.Split(path, pathSeparator)
	for i, p := range parts {
		parts[i], _ = splitKey(p, true, false)
	}
	return strings.Join(parts, pathSeparator)
}

// setIDs gives every edit an id that depends on nothing but the edit and, for
// equal edits, their order.
func setIDs(edits []policy.Edit) {
	seen := map[string]int{}
	for i := range edits {
		e := &edits[i]
		sum := sha256.Sum256(fmt.Appendf(nil, "%q%q%q%q%q", e.Op, e.Section, e.FromSection, e.Old, e.New))
		id := "ed_" + hex.EncodeToString(sum[:8])
		seen[id]++
		if n := seen[id]; n > 1 {
			id = fmt.Sprintf("%s_%d", id, n)
		}
		e.ID = id
	}
}
