package diffing

import (
	"slices"
	"strings"

	"watcher/policy"
)

// whole is a section that was added or removed with everything in it. It is one
// piece of news, however many edits show its text.
type whole struct{ title string }

// wholeSections returns by section those whose heading and text are all left
// over. Sections below such a one belong to it, as long as they are left over
// too. A heading with nothing below it is a heading and no section.
func wholeSections(s *side, states []state) map[int]*whole {
	size, left := map[int]int{}, map[int]int{}
	var headings []*unit
	for i := range s.units {
		u := &s.units[i]
		if u.heading {
			headings = append(headings, u)
		}
		size[u.section]++
		if states[i] == free {
			left[u.section]++
		}
	}
	out, units := map[int]*whole{}, map[*whole]int{}
	var top *unit // the heading of the whole section that encloses the next ones
	for _, h := range headings {
		switch {
		case left[h.section] < size[h.section]:
			top = nil
			continue
		case top != nil && h.level > top.level:
			out[h.section] = out[top.section]
		default:
			top = h
			out[h.section] = &whole{h.text}
		}
		units[out[h.section]] += size[h.section]
	}
	for sec, w := range out {
		if units[w] == 1 {
			delete(out, sec)
		}
	}
	return out
}

// sectionTally counts whole sections that were added, or removed.
type sectionTally struct {
	sections []*whole
	material bool // one of their texts at least
}

func (t *sectionTally) add(d *draft) {
	if !slices.Contains(t.sections, d.whole) {
		t.sections = append(t.sections, d.whole)
	}
	t.material = t.material || d.edit.Significance == policy.Material
}

// say returns `2 sections added ("8. Cookies", "9. Children")`.
func (t *sectionTally) say(op policy.EditOp) string {
	const most = 2
	var titles []string
	for _, w := range t.sections {
		if len(titles) == most {
			titles = append(titles, "…")
			break
		}
		titles = append(titles, quote(w.title))
	}
	return plural(len(t.sections), "section") + " " + string(op) + " (" + strings.Join(titles, ", ") + ")"
}

// joinRenumbered makes one edit of every run of renumberings: a new section
// renumbers all behind it, which is no news of its own.
func joinRenumbered(drafts []draft) []draft {
	var out []draft
	for k := 0; k < len(drafts); {
		end := k + 1
		for drafts[k].edit.Op == policy.Renumbered && end < len(drafts) && drafts[end].edit.Op == policy.Renumbered {
			end++
		}
		out = append(out, joinRun(drafts[k:end]))
		k = end
	}
	return out
}

// joinRun returns the edit for a run of renumberings or rows, one line for each.
// It stands in the section of the first.
func joinRun(run []draft) draft {
	d := run[0]
	if len(run) == 1 {
		return d
	}
	var old, new []string
	for i := range run {
		e := &run[i].edit
		if e.Old != "" {
			old = append(old, e.Old)
		}
		if e.New != "" {
			new = append(new, e.New)
		}
		d.edit.Heading = d.edit.Heading && e.Heading
		d.item = d.item && run[i].item
		if e.Kind != d.edit.Kind {
			d.edit.Kind = ""
		}
	}
	d.edit.Old, d.edit.New = strings.Join(old, "\n"), strings.Join(new, "\n")
	d.lines = len(run)
	return d
}
