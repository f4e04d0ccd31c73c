package normalize

import (
	"net/url"
	"regexp"
	"strings"
	"unicode"

	"watcher/policy"
)

// ParseDate reads s as one date in any of the supported languages; lang, which
// may be "", decides the order of day and month where the digits do not. The
// second result is false when s is no date or more than a date.
func ParseDate(s, lang string) (policy.Date, bool) {
	d, ok := wholeDate(s, languageOrder(lang, ""))
	d.Raw = clean(s)
	return d, ok
}

// maxDateLen bounds a line that may be a date alone, in bytes.
const maxDateLen = 60

// openDate matches the ways to say that a date is still to come.
var openDate = regexp.MustCompile(`(?i)\b(?:tbd|tbc|tba|to be (?:determined|defined|confirmed|announced)|à définir|por definir|da definire|noch offen)\b|\[[^\]]{0,30}(?:date|datum|fecha|data|tbd|day|month)[^\]]{0,30}\]|\[[●•xX_ .]{1,12}\]|\{\{?[^}]{0,30}date[^}]{0,30}\}?\}|<[^>]{0,20}date[^>]{0,20}>`)

// openHints are parts, in lower case, of which every match of openDate holds one.
var openHints = []string{"[", "{", "<", "tb", "to be ", "définir", "definir", "offen"}

func findOpenDate(s string) []int {
	if !hinted(foldCase(s), openHints) {
		return nil
	}
	return openDate.FindStringIndex(s)
}

// wholeDate reads a line that holds a date and nothing else.
func wholeDate(s string, order dayOrder) (policy.Date, bool) {
	if len(s) > 4*maxDateLen {
		return policy.Date{}, false
	}
	s = clean(s)
	if m := findOpenDate(s); m != nil && m[1]-m[0] >= len(s) {
		return policy.Date{Kind: policy.DateUnspecified, Placeholder: true}, true
	}
	s = strings.Trim(s, " .,;:()[]*_–—-|")
	if s == "" || len(s) > maxDateLen {
		return policy.Date{}, false
	}
	p := parser{s: s, t: scan(s), order: order}
	if len(p.t) > 2*maxDateTokens {
		return policy.Date{}, false
	}
	for i := 0; i < len(p.t) && i <= 2; i++ {
		if i > 0 && !leadWord(p.t[i-1]) {
			break
		}
		if d, next, ok := p.date(i); ok && p.skip(next, yearWord, 2) >= len(p.t) {
			return d, true
		}
	}
	if y := p.part(0); len(p.t) == 1 && y.width == 4 && y.ok {
		d := build(y, part{}, part{})
		return d, d.Value != "" || d.Placeholder
	}
	return policy.Date{}, false
}

// leadWord says whether a word may stand before a date that is alone on a
// line: a weekday or an article.
func leadWord(t token) bool {
	switch t.text {
	case "on", "le", "am", "den", "el", "il", "op", "dne", "dnia", "em", ",", "the":
		return true
	}
	return t.kind == 'a' && (strings.HasSuffix(t.text, "day") || strings.HasSuffix(t.text, "tag") || strings.HasSuffix(t.text, "di") ||
		strings.HasSuffix(t.text, "dag") || strings.HasSuffix(t.text, "mittwoch"))
}

// yearWord is the word for "year" that Polish and Czech put after one.
func yearWord(t token) bool { return t.text == "r" || t.text == "roku" || t.text == "." }

// dateOnly says whether a line is a date.
func dateOnly(s string) bool {
	if len(s) > maxDateLen || !strings.ContainsFunc(s, func(r rune) bool { return unicode.IsDigit(r) || r == 'X' || r == '[' }) {
		return false
	}
	_, ok := wholeDate(s, dayOrder{})
	return ok
}

// connectors may stand between a label and its date.
const connectors = `(?:[\s\p{Z}:：.,;|(\[>*_=–—-]|\b(?:on|at|as|of|in|is|was|are|the|this|from|since|date|version|policy|by|us|to|am|vom|den|der|dem|ab|seit|zum|wurde|le|du|la|en|au|est|dès|date|el|de|del|desde|es|a|fecha|il|al|dal|data|op|per|van|do|da|em|dia|dnia|z|od|ze|dne|ode|d|fra|från|för|per)\b)*`

var (
	labelBefore = compileLabels(labels(), `(?i)(?:^|[^\p{L}])(`, `)`+connectors+`$`)
	labelAlone  = compileLabels(labels(), `(?i)^[\s\p{P}]*(`, `)`+connectors+`$`)
	labelAfter  = compileLabels(suffixLabels(), `(?i)^[\s\p{P}]{0,4}(`, `)`)
)

// labelPattern are the labels of a kind.
type labelPattern struct {
	kind policy.DateKind
	rows []labelRow
}

type labelRow struct {
	re    *regexp.Regexp
	hints []string
}

// compileLabels makes the patterns of each kind.
func compileLabels(list []label, before, after string) []labelPattern {
	var out []labelPattern
	for _, kind := range []policy.DateKind{policy.DateUpdated, policy.DateEffective, policy.DatePublished} {
		p := labelPattern{kind: kind}
		for _, l := range list {
			if l.kind == kind {
				p.rows = append(p.rows, labelRow{regexp.MustCompile(before + l.words + after), l.hints})
			}
		}
		out = append(out, p)
	}
	return out
}

// find returns the leftmost match of the rows, of those at one place that of the
// first row: as if they were one expression, which would be slower to match.
func (p *labelPattern) find(s, lower string) (best []int) {
	for _, r := range p.rows {
		if !hinted(lower, r.hints) {
			continue
		}
		m := r.re.FindStringSubmatchIndex(s)
		if m != nil && (best == nil || m[0] < best[0] || m[0] == best[0] && m[2] < best[2]) {
			best = m
		}
	}
	return best
}

// matchLabel returns the kind of the label in s and where it begins. Of two
// labels the one nearer to the date wins: the one that begins later, unless
// the earlier one is longer and contains it.
func matchLabel(patterns []labelPattern, s string) (kind policy.DateKind, start, end int, ok bool) {
	start = -1
	lower := foldCase(s)
	for _, p := range patterns {
		m := p.find(s, lower)
		if m == nil {
			continue
		}
		if start < 0 || m[2] < start && m[3] >= end || m[2] > end {
			kind, start, end = p.kind, m[2], m[3]
		}
	}
	return kind, start, end, start >= 0
}

// The reach of labels, in bytes and words.
const (
	labelReach   = 120
	claimWords   = 30
	maxDates     = 12
	topLines     = 14
	maxDateChars = 4000
	// maxLabelChecks bounds how many dates of a document are tried for a label.
	maxLabelChecks = 5000
)

// findDates returns the dates that a document claims of itself, in document
// order: those with a label, and dates that stand alone near the top.
func findDates(units []unit, order dayOrder) []policy.Date {
	var out []policy.Date
	seen := map[policy.Date]bool{}
	words, budget := 0, maxLabelChecks
	for i := range units {
		u := &units[i]
		if len(out) >= maxDates || budget <= 0 {
			break
		}
		if len(u.text) <= maxDateChars && mayHoldDate(u.text) {
			for _, d := range unitDates(units, i, order, i < topLines && words < 150, &budget) {
				k := policy.Date{Kind: d.Kind, Value: d.Value, Placeholder: d.Placeholder, Impossible: d.Impossible}
				if !seen[k] {
					seen[k] = true
					out = append(out, d)
				}
			}
		}
		if i < topLines { // later lines are not at the top, however few words there were
			words += countWords(u.text)
		}
	}
	return out
}

// mayHoldDate rules out, fast, texts without anything that could be a date: a
// year, a placeholder or a numeric date with a short year.
func mayHoldDate(s string) bool {
	for i := 0; i+2 < len(s); i++ {
		if dateBytes[s[i]] && mayBeginDate(s, i) {
			return true
		}
	}
	return len(s) < 120 && strings.Contains(s, "to be ")
}

// dateBytes are those with which mayBeginDate begins.
var dateBytes = byteSet("0123456789[<{XxTtYy")

func byteSet(s string) (set [256]bool) {
	for i := range len(s) {
		set[s[i]] = true
	}
	return set
}

// mayBeginDate says whether what stands at s[i], before two bytes more, may be a
// date.
func mayBeginDate(s string, i int) bool {
	switch c := s[i]; {
	case (c == '[' || c == '<' || c == '{') && len(s) < 200:
		return true
	case i+3 < len(s) && (c == '1' && s[i+1] == '9' || c == '2' && s[i+1] == '0') && digit(s[i+2]) && digit(s[i+3]):
		return true
	case digit(c) && threeNumbers(s[i+1:]):
		return true
	case (c == 'X' || c == 'x') && s[i+1] == c, c == '0' && s[i+1] == '0' && (s[i+2] == '/' || s[i+2] == '.' || s[i+2] == '-'):
		return true
	case (c|0x20) == 't' && (s[i+1]|0x20) == 'b' && (i == 0 || s[i-1] == ' '), (c|0x20) == 'y' && (s[i+1]|0x20) == 'y':
		return true
	}
	return false
}

// threeNumbers says whether what follows a digit can be the rest of 1/2/34:
// twice a separator and a digit. Section numbers such as 12.2 are not.
func threeNumbers(s string) bool {
	sep := s[0]
	if sep != '/' && sep != '.' && sep != '-' {
		return false
	}
	end := strings.IndexByte(s[1:], sep)
	if end < 1 || end > 4 || end+2 >= len(s) { // blanks may stand around the separators: 1. 2. 34
		return false
	}
	return digit(s[end+2]) || s[end+2] == ' '
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

// unitDates returns the dates of one line. Every look for a label is taken off
// the budget; when that is used up, later dates are not found.
func unitDates(units []unit, i int, order dayOrder, top bool, budget *int) []policy.Date {
	text := units[i].text
	if d, ok := wholeDate(text, order); ok {
		d.Raw = text
		if i > 0 && len(units[i-1].text) <= labelReach {
			if kind, _, _, ok := matchLabel(labelAlone, units[i-1].text); ok {
				d.Kind, d.Raw = kind, joinLabel(units[i-1].text, text)
				return []policy.Date{d}
			}
		}
		if top && (d.Precision == policy.PrecisionDay || d.Precision == policy.PrecisionMonth || d.Placeholder) {
			return []policy.Date{d}
		}
		return nil
	}
	var out []policy.Date
	p := parser{s: text, t: scan(text), order: order}
	for k := 0; k < len(p.t) && *budget > 0; {
		d, next, ok := p.date(k)
		if ok {
			*budget--
		}
		if ok && labelFor(&d, text, p.t[k].start, p.t[next-1].end) {
			out = append(out, d)
		}
		if !ok {
			next = k + 1
		}
		k = next
	}
	if len(out) == 0 {
		out = looseDate(text, order)
	}
	return out
}

func joinLabel(label, date string) string {
	label = strings.TrimRight(label, " ")
	if !strings.HasSuffix(label, ":") && !strings.HasSuffix(label, "：") {
		label += ":"
	}
	return label + " " + date
}

// looseDate reads short labelled lines whose date is a bare year or still open.
func looseDate(text string, order dayOrder) []policy.Date {
	if len(text) > 200 || countWords(text) > 12 {
		return nil
	}
	var d policy.Date
	start, end := 0, 0
	if m := findOpenDate(text); m != nil {
		d.Placeholder, start, end = true, m[0], m[1]
	} else if m := bareYear.FindStringIndex(text); m != nil {
		d, _ = wholeDate(text[m[0]:m[1]], order)
		start, end = m[0], m[1]
	}
	if end > 0 && labelFor(&d, text, start, end) {
		return []policy.Date{d}
	}
	return nil
}

var bareYear = regexp.MustCompile(`\b(?:19|20)\d\d\.?$`)

// labelledDate says whether a short line is a label with its date.
func labelledDate(s string) bool {
	if len(s) > 120 || !mayHoldDate(s) {
		return false
	}
	budget := 4
	return len(unitDates([]unit{{text: s}}, 0, dayOrder{}, true, &budget)) > 0
}

// labelledOnly keeps the dates that have a label.
func labelledOnly(dates []policy.Date) []policy.Date {
	var out []policy.Date
	for _, d := range dates {
		if d.Kind != policy.DateUnspecified {
			out = append(out, d)
		}
	}
	return out
}

var slashDate = regexp.MustCompile(`\b(\d{1,2})[/-](\d{1,2})[/-](?:\d{4}|\d{2})\b`)

// orderHint infers the order of day and month: from dates of the document of
// which only one reading exists, else from language and host.
func orderHint(units []unit, lang, page string) dayOrder {
	dayFirst, monthFirst := 0, 0
	for i := range units {
		if !joinsNumbers(units[i].text) || !mayHoldDate(clip(units[i].text, maxDateChars)) {
			continue
		}
		for _, m := range slashDate.FindAllStringSubmatch(clip(units[i].text, maxDateChars), 20) {
			if len(m[1]) == 2 && m[1] > "12" {
				dayFirst++
			}
			if len(m[2]) == 2 && m[2] > "12" {
				monthFirst++
			}
		}
	}
	switch {
	case dayFirst > 0 && monthFirst == 0:
		return dayOrder{sure: true}
	case monthFirst > 0 && dayFirst == 0:
		return dayOrder{monthFirst: true, sure: true}
	}
	return languageOrder(lang, page)
}

// joinsNumbers says whether a slash or a hyphen stands between two digits.
func joinsNumbers(s string) bool {
	for i := 1; i+1 < len(s); i++ {
		if (s[i] == '/' || s[i] == '-') && digit(s[i-1]) && digit(s[i+1]) {
			return true
		}
	}
	return false
}

// languageOrder returns the order that a language uses. English has both: the
// host's country decides, and the answer stays a guess.
func languageOrder(lang, page string) dayOrder {
	switch lang {
	case "en", "":
		return dayOrder{monthFirst: !countryHost(page)}
	case "ja", "zh", "ko":
		return dayOrder{monthFirst: true}
	}
	return dayOrder{sure: true}
}

// countryHost says whether the host lies in a country that writes the day
// first: a two-letter top-level domain other than those sold worldwide.
func countryHost(page string) bool {
	u, err := url.Parse(page)
	if err != nil {
		return false
	}
	host := u.Hostname()
	tld := host[strings.LastIndexByte(host, '.')+1:]
	switch tld {
	case "us", "io", "ai", "co", "me", "tv", "ly", "cc", "gg", "so", "sh", "to", "fm", "ph", "jp", "cn", "kr", "tw":
		return false
	}
	return len(tld) == 2 && host != tld
}
