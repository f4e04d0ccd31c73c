package diffing

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"watcher/policy"
)

// maxSummary is the length of a summary in runes: it must fit the title of a
// message.
const maxSummary = 200

// summarize says in one sentence what changed: dates first, then the facts
// that matter most, then how much else there is.
func summarize(c *policy.Change, drafts []draft) string {
	parts := dateParts(c, drafts)
	facts, told := factParts(drafts)
	parts = append(parts, facts...)
	parts = append(parts, countParts(drafts, told)...)
	if len(parts) == 0 {
		parts = cosmeticParts(c, drafts)
	}
	if slices.Contains(c.Dates.Facts, policy.SilentChange) {
		parts = append(parts, "the stated date was not changed")
	}
	out := ""
	for _, p := range parts {
		next := p
		if out != "" {
			next = out + "; " + p
		}
		if utf8.RuneCountInString(next) > maxSummary {
			if out == "" {
				return shorten(next, maxSummary)
			}
			continue
		}
		out = next
	}
	return out
}

// dateParts say what became of the claimed dates.
func dateParts(c *policy.Change, drafts []draft) []string {
	has := func(f policy.DateFact) bool { return slices.Contains(c.Dates.Facts, f) }
	changed := false
	var gone, come []fact
	for i := range drafts {
		if d := &drafts[i]; d.dateEdit {
			changed = true
			gone, come = append(gone, d.datesGone...), append(come, d.datesCome...)
		}
	}
	gone, come = factDiff(gone, come)
	text := ""
	switch {
	case has(policy.PlaceholderResolved):
		text = "date placeholder resolved"
	case has(policy.DateBackwards):
		text = "the stated date went backwards"
	case has(policy.DateBumpedTextSame) && len(gone) > 0 && len(come) > 0:
		text = "only the stated date changed"
	case changed && has(policy.Placeholder):
		text = "the stated date is a placeholder"
	case changed:
		text = dateNews(gone, come, sameDates(c.Dates.From, c.Dates.To))
	default:
		return nil
	}
	return []string{text + dateArrow(gone, come)}
}

// dateNews says what became of the dates in the date lines. same means that the
// documents still claim the same dates.
func dateNews(gone, come []fact, same bool) string {
	switch {
	case len(gone) > 0 && len(come) > 0:
		return "stated date changed"
	case len(gone) > 0:
		return pick2(same, "a date line was removed", "the stated date was removed")
	case len(come) > 0:
		return pick2(same, "a date line was added", "a date was added")
	}
	return "the date line was reworded"
}

// dateArrow shows the first date that went and the first that came.
func dateArrow(gone, come []fact) string {
	var shown []string
	for _, fs := range [][]fact{gone, come} {
		if len(fs) > 0 {
			shown = append(shown, shorten(oneLine(fs[0].shown), 40))
		}
	}
	if len(shown) == 0 {
		return ""
	}
	return " (" + strings.Join(shown, " → ") + ")"
}

// maxFacts is how many facts a summary spells out.
const maxFacts = 2

// factParts spell out the facts of material rewordings. told marks the edits
// that they speak of.
func factParts(drafts []draft) (parts []string, told map[int]bool) {
	told = map[int]bool{}
	for i := range drafts {
		e := &drafts[i].edit
		if e.Op != policy.Reworded || e.Significance != policy.Material || len(parts) == maxFacts {
			continue
		}
		for _, r := range e.Reasons {
			if !strings.Contains(r, " → ") {
				continue
			}
			parts = append(parts, shorten(headline(r), 90)+place(e.Section))
			told[i] = true
			break
		}
	}
	return parts, told
}

// headline turns a reason into the start of a summary: `retention period "12
// months" → …` becomes `Retention: "12 months" → …`.
func headline(reason string) string {
	label, fact, ok := strings.Cut(reason, ` "`)
	if !ok {
		return reason
	}
	label = strings.TrimSuffix(label, " period")
	r, n := utf8.DecodeRuneInString(label)
	return strings.ToUpper(string(r)) + label[n:] + `: "` + fact
}

func place(section string) string {
	if section == "" {
		return ""
	}
	parts := strings.Split(section, pathSeparator)
	return " in " + quote(parts[len(parts)-1])
}

// countParts count the edits that are not told yet: whole sections first, then
// by operation.
func countParts(drafts []draft, told map[int]bool) []string {
	counts := map[policy.EditOp]*tally{}
	sections := map[policy.EditOp]*sectionTally{policy.Added: {}, policy.Removed: {}}
	for i := range drafts {
		d := &drafts[i]
		if told[i] || d.dateEdit || d.edit.Significance.Rank() < policy.Minor.Rank() {
			continue
		}
		if s := sections[d.edit.Op]; s != nil && d.whole != nil {
			s.add(d)
			continue
		}
		t := counts[d.edit.Op]
		if t == nil {
			t = &tally{section: d.edit.Section, one: true}
			counts[d.edit.Op] = t
		}
		t.add(&d.edit)
	}
	var out []string
	for _, material := range []bool{true, false} { // what matters most must not be cut off
		for _, op := range []policy.EditOp{policy.Reworded, policy.Added, policy.Removed, policy.Moved} {
			if s := sections[op]; s != nil && len(s.sections) > 0 && s.material == material {
				out = append(out, s.say(op))
			}
			if t := counts[op]; t != nil && t.material == material {
				out = append(out, t.String()+" "+string(op)+t.where())
			}
		}
	}
	return out
}

// tally counts edits of one operation.
type tally struct {
	n       int
	noun    string
	section string
	one     bool // all in the same section

	material bool // one of them at least
}

func (t *tally) add(e *policy.Edit) {
	noun := nounOf(e)
	switch {
	case t.n == 0:
		t.noun = noun
	case t.noun != noun:
		t.noun = "passage"
	}
	t.n++
	t.one = t.one && t.section == e.Section
	t.material = t.material || e.Significance == policy.Material
}

func nounOf(e *policy.Edit) string {
	switch {
	case e.Op == policy.Moved && e.Heading && strings.Contains(e.New, "\n"):
		return "section"
	case e.Heading:
		return "heading"
	case e.Kind == policy.Item:
		return "list item"
	case e.Kind == policy.TableRow:
		return "table row"
	case e.Op == policy.Moved && strings.Contains(e.New, "\n"):
		return "passage"
	}
	return "sentence"
}

func (t *tally) String() string {
	if t.n == 1 {
		return "1 " + t.noun
	}
	return fmt.Sprintf("%d %ss", t.n, t.noun)
}

func (t *tally) where() string {
	if !t.one {
		return ""
	}
	return place(t.section)
}

// cosmeticParts are for changes without any news.
func cosmeticParts(c *policy.Change, drafts []draft) []string {
	renumbered, set := 0, 0
	var out []string
	for i := range drafts {
		switch d := &drafts[i]; {
		case d.edit.Op == policy.Renumbered:
			renumbered += max(1, d.lines)
		case d.dateForm && len(out) == 0:
			out = append(out, "the same date in another form"+dateArrow(rewrittenDates(d.line.old.dates(nil), d.line.new.dates(nil))))
		case d.dateForm:
		default:
			set++
		}
	}
	if renumbered > 0 {
		out = append(out, plural(renumbered, "passage")+" renumbered")
	}
	if set > 0 {
		out = append(out, "typography of "+plural(set, "passage"))
	}
	if n := len(c.Links); n > 0 {
		out = append(out, plural(n, "link target")+" changed")
	}
	if len(out) == 0 {
		out = append(out, pick2(c.Significance == policy.None, "no change", "layout only"))
	}
	return out
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
