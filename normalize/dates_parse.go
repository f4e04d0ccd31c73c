package normalize

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"

	"watcher/policy"
)

// dayOrder says which of two numbers of a date is the day.
type dayOrder struct {
	// monthFirst is the order of 04/05/2024.
	monthFirst bool
	// sure is set when the order is known rather than guessed.
	sure bool
}

// token is a run of digits, a run of letters, or one other character.
type token struct {
	kind       rune // '0' digits, 'a' letters, 'x' placeholder letters, else the character
	text       string
	start, end int
}

// scan splits text into tokens; white space separates and is dropped.
func scan(s string) []token {
	out := make([]token, 0, len(s)/4)
	kindOf := func(r rune) rune {
		switch {
		case r >= '0' && r <= '9':
			return '0'
		case strings.ContainsRune("年月日号號년월일", r):
			return r
		case unicode.IsLetter(r) || unicode.IsMark(r):
			return 'a'
		}
		return r
	}
	for i, r := range s {
		k := kindOf(r)
		if space(r) {
			continue
		}
		end := i + len(string(r))
		if n := len(out); n > 0 && (k == '0' || k == 'a' || k == '_') && out[n-1].kind == k && out[n-1].end == i {
			out[n-1].end = end
			continue
		}
		out = append(out, token{kind: k, start: i, end: end})
	}
	for i := range out {
		out[i].text = strings.ToLower(s[out[i].start:out[i].end])
		if blank(out[i].text) {
			out[i].kind = 'x'
		}
	}
	return out
}

// blank says whether a token stands for a number that is still to be filled in.
func blank(s string) bool {
	switch s {
	case "xx", "xxxx", "x", "dd", "mm", "yyyy", "yy", "jj", "aaaa", "tt", "jjjj", "__", "____", "gg", "nn", "??", "00", "0000":
		return true
	}
	return false
}

// parser reads one date from tokens.
type parser struct {
	s     string
	t     []token
	order dayOrder
}

// maxDateTokens bounds the tokens that a date may span.
const maxDateTokens = 12

// part is a number of a date: its value, or blank for a placeholder.
type part struct {
	n     int
	width int
	blank bool
	ok    bool
}

func (p *parser) at(i int) token {
	if i < len(p.t) {
		return p.t[i]
	}
	return token{}
}

func (p *parser) part(i int) part {
	t := p.at(i)
	switch {
	case t.kind == 'x':
		return part{blank: true, ok: true, width: len(t.text)}
	case t.kind == '0' && len(t.text) <= 4:
		n, err := strconv.Atoi(t.text)
		return part{n: n, width: len(t.text), ok: err == nil}
	}
	return part{}
}

// date reads a date that begins at token i; next is the token after it.
func (p *parser) date(i int) (d policy.Date, next int, ok bool) {
	// Nearly every token of a policy is a word that begins no date: it is told
	// from the others by one look-up.
	if p.at(i).kind == 'a' {
		if _, month := monthNames[p.at(i).text]; !month {
			return policy.Date{}, i, false
		}
		if d, next, ok = p.monthNameDay(i); ok {
			return d, next, true
		}
		return p.monthYear(i)
	}
	for _, form := range [...]func(*parser, int) (policy.Date, int, bool){
		(*parser).wide, (*parser).yearFirst, (*parser).numeric, (*parser).dayMonthName,
	} {
		if d, next, ok = form(p, i); ok {
			return d, next, true
		}
	}
	return policy.Date{}, i, false
}

// wide reads 2024年4月1日 and its Korean form.
func (p *parser) wide(i int) (policy.Date, int, bool) {
	y := p.part(i)
	if !y.ok || !strings.ContainsRune("年년", p.at(i+1).kind) || p.at(i+1).kind == 0 {
		return policy.Date{}, i, false
	}
	m := p.part(i + 2)
	if !m.ok || p.at(i+3).kind != '月' && p.at(i+3).kind != '월' {
		return build(y, part{}, part{}), i + 2, y.width == 4
	}
	d := p.part(i + 4)
	if k := p.at(i + 5).kind; d.ok && k != 0 && strings.ContainsRune("日号號일", k) {
		return build(y, m, d), i + 6, true
	}
	return build(y, m, part{}), i + 4, true
}

func separator(k rune) bool { return k == '/' || k == '-' || k == '.' || k == '–' || k == '‑' }

// yearFirst reads 2024-04-01, 2024/4/1, 2024.4.1 and 2024-04.
func (p *parser) yearFirst(i int) (policy.Date, int, bool) {
	y, sep := p.part(i), p.at(i+1).kind
	if !y.ok || y.width != 4 || !separator(sep) {
		return policy.Date{}, i, false
	}
	m := p.part(i + 2)
	if !m.ok || m.width > 2 {
		return policy.Date{}, i, false
	}
	if d := p.part(i + 4); p.at(i+3).kind == sep && d.ok && d.width <= 2 {
		return build(y, m, d), p.skipTime(i + 5), true
	}
	return build(y, m, part{}), i + 3, sep != '.' && m.width == 2 && (m.blank || m.n <= 12)
}

// skipTime skips the time of an ISO 8601 stamp: "T04:12:09Z".
func (p *parser) skipTime(i int) int {
	if p.at(i).text != "t" || p.at(i).start != p.at(i-1).end || p.at(i+1).kind != '0' && p.at(i+1).kind != 'x' {
		return i
	}
	for i++; i < len(p.t) && (p.t[i].kind == '0' || p.t[i].kind == 'x' || strings.ContainsRune(":.+-", p.t[i].kind) || p.t[i].text == "z"); i++ {
	}
	return i
}

// numeric reads 19/01/2024, 1.2.2024, XX/05/2025, 05/2025 and 3/5/24.
func (p *parser) numeric(i int) (policy.Date, int, bool) {
	a, sep := p.part(i), p.at(i+1).kind
	if !a.ok || a.width > 2 || !separator(sep) {
		return policy.Date{}, i, false
	}
	b := p.part(i + 2)
	if !b.ok {
		return policy.Date{}, i, false
	}
	y := p.part(i + 4)
	if p.at(i+3).kind == sep && b.width <= 2 && y.ok && (y.width == 4 || y.width == 2) {
		return p.ordered(a, b, y, sep), i + 5, true
	}
	if sep == '/' && b.width == 4 && (a.blank || a.n >= 1 && a.n <= 12) && p.at(i+3).kind != '/' {
		return build(b, a, part{}), i + 3, true
	}
	return policy.Date{}, i, false
}

// ordered decides which of two numbers is the day.
func (p *parser) ordered(a, b, y part, sep rune) policy.Date {
	if y.width == 2 && !y.blank {
		y.n += 2000
	}
	monthFirst, guessed := p.order.monthFirst, false
	switch {
	case a.blank && !b.blank && b.n > 12:
		monthFirst = true
	case a.blank || b.blank:
		monthFirst = b.blank && !a.blank && a.n <= 12
	case a.n > 12 && b.n <= 12:
		monthFirst = false
	case b.n > 12 && a.n <= 12:
		monthFirst = true
	case sep == '.':
		monthFirst = false
	default:
		guessed = !p.order.sure && a.n != b.n
	}
	if monthFirst {
		a, b = b, a
	}
	d := build(y, b, a)
	d.Guessed = guessed && d.Precision == policy.PrecisionDay
	return d
}

// ordinals that may follow a day.
func ordinal(t token) bool {
	switch t.text {
	case "st", "nd", "rd", "th", "er", "º", "ª", "°", ".", "de", "e", "ère", "ter", "eme":
		return true
	}
	return false
}

// filler words stand between the parts of a date.
func filler(t token) bool {
	switch t.text {
	case "of", "day", "de", "del", "di", "den", "the", "do", "d", ",", ".", "-", "/", "–", "year", "roku", "r":
		return true
	}
	return false
}

func (p *parser) skip(i int, what func(token) bool, most int) int {
	for n := 0; n < most && i < len(p.t) && what(p.t[i]); n++ {
		i++
	}
	return i
}

// dayMonthName reads "19th of January 2024", "1er mai 2024", "5. März 2024",
// "XX May 2025" and, without a year, nothing.
func (p *parser) dayMonthName(i int) (policy.Date, int, bool) {
	d := p.part(i)
	if !d.ok || d.width > 2 {
		return policy.Date{}, i, false
	}
	j := p.skip(p.skip(i+1, ordinal, 1), filler, 3) // "1st day of March"
	m, ok := monthNames[p.at(j).text]
	if !ok {
		return policy.Date{}, i, false
	}
	j = p.skip(j+1, filler, 3)
	y := p.part(j)
	if !y.ok || y.width != 4 {
		return policy.Date{}, i, false
	}
	return build(y, part{n: m, ok: true}, d), j + 1, true
}

// monthNameDay reads "January 19th, 2024" and "May XX, 2025".
func (p *parser) monthNameDay(i int) (policy.Date, int, bool) {
	m, ok := monthNames[p.at(i).text]
	if !ok {
		return policy.Date{}, i, false
	}
	j := p.skip(i+1, filler, 1)
	d := p.part(j)
	if !d.ok || d.width > 2 {
		return policy.Date{}, i, false
	}
	j = p.skip(p.skip(j+1, ordinal, 1), filler, 2)
	y := p.part(j)
	if !y.ok || y.width != 4 {
		return policy.Date{}, i, false
	}
	return build(y, part{n: m, ok: true}, d), j + 1, true
}

// monthYear reads "September, 2015" and "mai de 2024".
func (p *parser) monthYear(i int) (policy.Date, int, bool) {
	m, ok := monthNames[p.at(i).text]
	if !ok {
		return policy.Date{}, i, false
	}
	j := p.skip(i+1, filler, 2)
	y := p.part(j)
	if !y.ok || y.width != 4 {
		return policy.Date{}, i, false
	}
	return build(y, part{n: m, ok: true}, part{}), j + 1, true
}

// The years that a policy may claim: the web's own.
const (
	minYear = 1990
	maxYear = 2099
)

// build makes a date of its parts. An unknown day leaves the month, an unknown
// month the year. A date that no calendar has keeps the month or year that is
// possible.
func build(y, m, d part) policy.Date {
	out := policy.Date{Kind: policy.DateUnspecified}
	zero := func(x part) bool { return x.ok && !x.blank && x.n == 0 }
	out.Placeholder = y.blank || m.blank || d.blank || zero(y) || zero(m) || zero(d)
	if !y.ok || y.blank || y.n < minYear || y.n > maxYear {
		out.Impossible = y.ok && !y.blank && y.n != 0
		return out
	}
	out.Value, out.Precision = fmt.Sprintf("%04d", y.n), policy.PrecisionYear
	if !m.ok || m.blank || m.n == 0 {
		return out
	}
	if m.n > 12 {
		out.Impossible = true
		return out
	}
	out.Value, out.Precision = fmt.Sprintf("%04d-%02d", y.n, m.n), policy.PrecisionMonth
	if !d.ok || d.blank || d.n == 0 {
		return out
	}
	day := time.Date(y.n, time.Month(m.n), d.n, 0, 0, 0, 0, time.UTC)
	if d.n > 31 || day.Day() != d.n {
		out.Impossible = true
		return out
	}
	out.Value, out.Precision = day.Format(time.DateOnly), policy.PrecisionDay
	return out
}
