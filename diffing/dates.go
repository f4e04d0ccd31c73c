package diffing

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"watcher/policy"
)

// dateLines knows which dates the two documents claim of themselves.
type dateLines struct {
	from, to []policy.Date
	facts    []policy.DateFact
}

// dateLineSlack is how many words a line may have beside a claimed date and
// still be nothing but the place of that date.
const dateLineSlack = 4

// maxDateLine is the length in bytes beyond which no line is looked at.
const maxDateLine = 400

// explains reports whether an edit is nothing but a change of dates, and says
// so in v.
func (dl *dateLines) explains(d *draft, v *verdict) bool {
	e := &d.edit
	claimed := isDateLine(e.Old, dl.from) || isDateLine(e.New, dl.to)
	switch {
	case e.Op == policy.Added && claimed:
		v.add(false, "a date line was added: %s", quote(e.New))
		d.datesCome = datesOrText(e.New, dl.to)
	case e.Op == policy.Removed && claimed:
		v.add(false, "a date line was removed: %s", quote(e.Old))
		d.datesGone = datesOrText(e.Old, dl.from)
	case d.line == nil:
		return false
	case d.line.onlyDates():
		claimed = claimed || claims(e.Old, dl.from) || claims(e.New, dl.to)
		d.datesGone, d.datesCome = factDiff(d.line.old.dates(dl.from), d.line.new.dates(dl.to))
		v.add(false, "%s%s", dateReason(d), dl.factNote(claimed))
	case isDateLine(e.Old, dl.from) && isDateLine(e.New, dl.to):
		if !sameDates(dl.from, dl.to) {
			d.datesGone, d.datesCome = factDiff(datesOrText(e.Old, dl.from), datesOrText(e.New, dl.to))
		}
		v.add(false, "the date line was reworded: %s → %s%s", quote(e.Old), quote(e.New), dl.factNote(true))
	default:
		return false
	}
	d.dateEdit = claimed
	if claimed {
		v.about(policy.PolicyChange)
	}
	return true
}

// datesOrText returns the dates of a date line; one that holds none that can be
// read stands for itself.
func datesOrText(text string, claimed []policy.Date) []fact {
	if dates := newTokenText(text).dates(claimed); len(dates) > 0 {
		return dates
	}
	return []fact{{fold(text), text}}
}

// dateReason says how the dates of a reworded text changed.
func dateReason(d *draft) string {
	if len(d.datesGone)+len(d.datesCome) == 0 {
		return "the same dates in another form, order or place"
	}
	return "date " + showFacts(d.datesGone, d.datesCome)
}

// factNote names the facts about the claimed dates that a changed date made.
func (dl *dateLines) factNote(claimed bool) string {
	var names []string
	for _, f := range dl.facts {
		if claimed && (f == policy.PlaceholderResolved || f == policy.DateBackwards || f == policy.Placeholder) {
			names = append(names, string(f))
		}
	}
	if len(names) == 0 {
		return ""
	}
	return " (" + strings.Join(names, ", ") + ")"
}

// dateTopics keeps of the topics what can be said of a date.
func dateTopics(topics []topic) []topic {
	return slices.DeleteFunc(topics, func(t topic) bool { return isMaterial(t.category) })
}

// claims reports whether text contains one of the dates, label included.
func claims(text string, dates []policy.Date) bool {
	key, _ := splitKey(text, false, false)
	for _, d := range dates {
		if raw, _ := splitKey(d.Raw, false, false); raw != "" && strings.Contains(key, raw) {
			return true
		}
	}
	return false
}

// isDateLine reports whether text is a line for a claimed date: hardly more
// than the date and its label.
func isDateLine(text string, dates []policy.Date) bool {
	if text == "" || len(text) > maxDateLine {
		return false
	}
	words := len(strings.Fields(text))
	for _, d := range dates {
		if words <= len(strings.Fields(d.Raw))+dateLineSlack && claims(text, []policy.Date{d}) {
			return true
		}
	}
	if words > 2*dateLineSlack {
		return false
	}
	return len(newTokenText(text).dates(nil)) > 0 && hasDateLabel(cueWords(text))
}

// hasDateLabel reports whether the words name a date of the document itself.
func hasDateLabel(words []string) bool {
	for _, h := range everyLanguage().find(words, false) {
		if h.concept == "policy date" {
			return true
		}
	}
	return false
}

// onlyDates reports whether nothing but dates (and punctuation) changed.
func (r *redline) onlyDates() bool {
	n := 0
	for _, h := range r.changes() {
		for _, t := range slices.Concat(r.old.toks[h.a0:h.a1], r.new.toks[h.b0:h.b1]) {
			switch t.kind {
			case tokDate:
				n++
			case tokPunct:
			case tokWord, tokNumber, tokEmail, tokURL, tokSymbol:
				return false
			}
		}
	}
	return n > 0
}

// earlyFacts returns what the claimed dates say by themselves.
func earlyFacts(from, to []policy.Date, seenAt time.Time) []policy.DateFact {
	var out []policy.DateFact
	add := func(f policy.DateFact, holds bool) {
		if holds {
			out = append(out, f)
		}
	}
	add(policy.Placeholder, slices.ContainsFunc(to, func(d policy.Date) bool { return d.Placeholder }))
	kinds := []policy.DateKind{policy.DateUpdated, policy.DateEffective, policy.DatePublished, policy.DateUnspecified}
	add(policy.PlaceholderResolved, slices.ContainsFunc(kinds, func(k policy.DateKind) bool { return resolved(from, to, k) }))
	add(policy.DateBackwards, slices.ContainsFunc(kinds, func(k policy.DateKind) bool { return backwards(from, to, k) }))
	add(policy.EffectiveInFuture, slices.ContainsFunc(to, func(d policy.Date) bool { return inFuture(d, seenAt) }))
	add(policy.Retroactive, slices.ContainsFunc(to, func(d policy.Date) bool { return inPast(d, from, seenAt) }))
	add(policy.ConflictingDates, slices.ContainsFunc(kinds[:3], func(k policy.DateKind) bool { return conflicting(ofKind(to, k)) }))
	undated := !slices.ContainsFunc(to, isLabelled)
	add(policy.DateRemoved, undated && slices.ContainsFunc(from, isLabelled))
	add(policy.Undated, undated)
	return out
}

// conflicting reports whether dates of one kind differ. A month and a day in it
// do not; what may be a placeholder or guessed order proves nothing.
func conflicting(dates []policy.Date) bool {
	for i, d := range dates {
		for _, e := range dates[:i] {
			n := min(len(d.Value), len(e.Value))
			if isReal(d) && isReal(e) && !d.Guessed && !e.Guessed && d.Value[:n] != e.Value[:n] {
				return true
			}
		}
	}
	return false
}

// retroactiveSlack is how many days an effective date may have passed when the
// text is first seen: pages are not looked at every hour.
const retroactiveSlack = 7

// inPast reports whether d is an effective date that came with this text and
// had passed when it was first seen.
func inPast(d policy.Date, from []policy.Date, seenAt time.Time) bool {
	if seenAt.IsZero() || d.Kind != policy.DateEffective || !isReal(d) || d.Guessed || d.Precision != policy.PrecisionDay {
		return false
	}
	known := slices.ContainsFunc(from, func(f policy.Date) bool { return f.Kind == d.Kind && f.Value == d.Value })
	return !known && len(ofKind(from, d.Kind)) > 0 && d.Value < seenAt.UTC().AddDate(0, 0, -retroactiveSlack).Format("2006-01-02")
}

func isLabelled(d policy.Date) bool {
	switch d.Kind {
	case policy.DateUpdated, policy.DateEffective, policy.DatePublished:
		return true
	case policy.DateUnspecified:
	}
	return false
}

func ofKind(dates []policy.Date, k policy.DateKind) []policy.Date {
	var out []policy.Date
	for _, d := range dates {
		if d.Kind == k {
			out = append(out, d)
		}
	}
	return out
}

func isReal(d policy.Date) bool { return !d.Placeholder && !d.Impossible && d.Value != "" }

// resolved reports whether a placeholder of the kind became a date.
func resolved(from, to []policy.Date, k policy.DateKind) bool {
	old, new := ofKind(from, k), ofKind(to, k)
	blank := func(d policy.Date) bool { return d.Placeholder }
	return slices.ContainsFunc(old, blank) && slices.ContainsFunc(new, isReal) &&
		count(new, blank) < count(old, blank)
}

func count(dates []policy.Date, holds func(policy.Date) bool) int {
	n := 0
	for _, d := range dates {
		if holds(d) {
			n++
		}
	}
	return n
}

// backwards reports whether the latest date of the kind is earlier than it
// was. A date whose day and month may be swapped proves nothing, and dates of
// different precision are compared as far as both are known. Unlabelled dates
// may be anything and are left out.
func backwards(from, to []policy.Date, k policy.DateKind) bool {
	if k == policy.DateUnspecified {
		return false
	}
	old, new := latest(ofKind(from, k)), latest(ofKind(to, k))
	n := min(len(old), len(new))
	return n > 0 && new[:n] < old[:n]
}

// latest returns the latest value, "" if none is certain.
func latest(dates []policy.Date) string {
	best := ""
	for _, d := range dates {
		if d.Guessed {
			return ""
		}
		if isReal(d) && d.Value > best {
			best = d.Value
		}
	}
	return best
}

// inFuture reports whether d is an effective date that is still to come when
// the text is first seen. Month and year stand for their first day; a guessed
// order must be in the future either way.
func inFuture(d policy.Date, seenAt time.Time) bool {
	if seenAt.IsZero() || d.Kind != policy.DateEffective || !isReal(d) {
		return false
	}
	today := seenAt.UTC().Format("2006-01-02")
	value := firstDay(d.Value)
	if d.Guessed {
		swapped := value[:5] + value[8:] + value[4:7]
		if len(value) != len("2006-01-02") || swapped <= today {
			return false
		}
	}
	return value > today
}

func firstDay(value string) string {
	switch len(value) {
	case len("2006"):
		return value + "-01-01"
	case len("2006-01"):
		return value + "-01"
	}
	return value
}

// lateFacts adds what the claimed dates say in view of the edits.
func lateFacts(dl *dateLines, drafts []draft) []policy.DateFact {
	words := false
	var gone, come []fact
	for i := range drafts {
		switch {
		case drafts[i].dateEdit:
			gone, come = append(gone, drafts[i].datesGone...), append(come, drafts[i].datesCome...)
		case drafts[i].edit.Significance.Rank() >= policy.Minor.Rank():
			words = true
		}
	}
	facts := dl.facts
	same := sameDates(dl.from, dl.to)
	// A date that was only removed, or only added, was not renewed.
	dated := len(gone) > 0 && len(come) > 0
	switch {
	case words && same:
		facts = append(facts, policy.SilentChange)
	case dated && !words && !same && !slices.Contains(facts, policy.PlaceholderResolved):
		facts = append(facts, policy.DateBumpedTextSame)
	}
	return facts
}

// longDate writes a value of any precision as people do.
func longDate(value string) string {
	for _, f := range [][2]string{{"2006-01-02", "2 January 2006"}, {"2006-01", "January 2006"}} {
		if t, err := time.Parse(f[0], value); err == nil {
			return t.Format(f[1])
		}
	}
	return value
}

// sameDates reports whether both sides claim the same labelled dates, and any.
func sameDates(from, to []policy.Date) bool {
	old, new := dateKeys(from), dateKeys(to)
	return len(old) > 0 && slices.Equal(old, new)
}

func dateKeys(dates []policy.Date) []string {
	var out []string
	for _, d := range dates {
		if isLabelled(d) {
			value := d.Value
			if d.Placeholder || value == "" {
				value, _ = splitKey(d.Raw, false, false)
			}
			out = append(out, fmt.Sprintf("%s %s", d.Kind, value))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
