package diffing

import (
	"strconv"
	"strings"
	"time"
	"unicode"

	"watcher/policy"
)

// dateReading is what a date token says: "2006-01-02" or "2006-01", or "" when
// that cannot be read ("XX/05/2025", 30 February).
type dateReading struct {
	value string
	// swapped is the other reading of a date whose day and month could be
	// either way round ("12/03/2024"); value is then the one with the day first.
	swapped string
}

// readDate reads a date token. It knows what scanDate knows.
func readDate(tok string) dateReading {
	var numbers []string
	month := 0
	for _, f := range strings.FieldsFunc(tok, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		digits := strings.TrimRightFunc(f, unicode.IsLetter) // "12th", "1er", "1º"
		switch {
		case digits != "":
			numbers = append(numbers, digits)
		case monthNames[strings.ToLower(f)] != 0:
			month = monthNames[strings.ToLower(f)]
		case f != "de" && f != "del" && f != "of": // a blank: "XX May 2025"
			return dateReading{}
		}
	}
	switch {
	case month != 0 && len(numbers) == 1:
		return dateReading{value: monthDate(numbers[0], month)}
	case month != 0 && len(numbers) == 2:
		return dateReading{value: dayDate(numbers[1], strconv.Itoa(month), numbers[0])}
	case month == 0 && len(numbers) == 3:
		return readNumeric(numbers, strings.Contains(tok, "."))
	}
	return dateReading{}
}

// readNumeric reads three numbers. Dots separate them where the day comes first.
func readNumeric(n []string, dots bool) dateReading {
	if len(n[0]) == len("2006") {
		return dateReading{value: dayDate(n[0], n[1], n[2])}
	}
	year := n[2]
	if len(year) == len("06") {
		year = "20" + year
	}
	dayFirst, monthFirst := dayDate(year, n[1], n[0]), dayDate(year, n[0], n[1])
	switch {
	case dots || dayFirst == monthFirst || monthFirst == "":
		return dateReading{value: dayFirst}
	case dayFirst == "":
		return dateReading{value: monthFirst}
	}
	return dateReading{value: dayFirst, swapped: monthFirst}
}

// dayDate returns the date in ISO 8601, "" if no calendar has it.
func dayDate(year, month, day string) string {
	t, err := time.Parse("2006-1-2", year+"-"+strings.TrimPrefix(month, "0")+"-"+strings.TrimPrefix(day, "0"))
	if err != nil {
		return ""
	}
	return t.Format(time.DateOnly)
}

func monthDate(year string, month int) string {
	t, err := time.Parse("2006-1", year+"-"+strconv.Itoa(month))
	if err != nil {
		return ""
	}
	return t.Format("2006-01")
}

// dates returns the dates of a text; equal values are the same day, however it
// is written. Where day and month could be either way round, claimed says which
// it is, if the document claims that very date; else such dates equal only
// those with the same numbers in the same order.
func (t tokenText) dates(claimed []policy.Date) []fact {
	var out []fact
	for i, tok := range t.toks {
		if tok.kind == tokDate {
			out = append(out, fact{dateValue(t.tok(i), claimed), t.tok(i)})
		}
	}
	return out
}

func dateValue(tok string, claimed []policy.Date) string {
	folded := fold(tok)
	r := readDate(tok)
	switch {
	case r.value == "":
		return folded
	case r.swapped == "":
		return r.value
	}
	for _, d := range claimed {
		if isReal(d) && (d.Value == r.value || d.Value == r.swapped) && strings.Contains(fold(d.Raw), folded) {
			return d.Value
		}
	}
	return "day first " + r.value
}

// isUnsure reports whether day and month of a date of the text could be either
// way round.
func (t tokenText) isUnsure() bool {
	for i, tok := range t.toks {
		if tok.kind == tokDate && readDate(t.tok(i)).swapped != "" {
			return true
		}
	}
	return false
}

// keyByDay is the key of a text with every date in the same form.
func (t tokenText) keyByDay(claimed []policy.Date, cells bool) string {
	var b strings.Builder
	for i, tok := range t.toks {
		word := t.tok(i)
		if tok.kind == tokDate {
			word = dateValue(word, claimed)
		}
		appendKey(&b, word, tok.kind, cells)
	}
	return b.String()
}

// rewritten reports whether an edit only writes the same dates in another form,
// and says so in v. Text that also stands elsewhere now is more than that.
func (dl *dateLines) rewritten(d *draft, v *verdict) bool {
	if d.line == nil || d.edit.FromSection != "" && !d.edit.Heading {
		return false
	}
	old, new := d.line.old.dates(dl.from), d.line.new.dates(dl.to)
	cells := d.edit.Kind == policy.TableRow
	if len(old) == 0 || d.line.old.keyByDay(dl.from, cells) != d.line.new.keyByDay(dl.to, cells) {
		return false
	}
	note := ""
	if d.line.old.isUnsure() != d.line.new.isUnsure() {
		note = " (the order of day and month was guessed)"
	}
	gone, come := rewrittenDates(old, new)
	v.add(false, "the same date in another form: %s%s", showFacts(gone, come), note)
	if claims(d.edit.Old, dl.from) || claims(d.edit.New, dl.to) {
		v.about(policy.PolicyChange)
	}
	return true
}

// rewrittenDates returns the dates that are written in another way, of texts
// with the same dates.
func rewrittenDates(old, new []fact) (gone, come []fact) {
	for i := range min(len(old), len(new)) {
		if fold(old[i].shown) != fold(new[i].shown) {
			gone, come = append(gone, old[i]), append(come, new[i])
		}
	}
	return gone, come
}
