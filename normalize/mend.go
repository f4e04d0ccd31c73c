package normalize

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"watcher/policy"
)

var (
	// loneNumber is a line that holds a section number and nothing else.
	loneNumber = regexp.MustCompile(`^\d{1,2}(?:\.\d{1,2}){0,3}\.$`)
	// splitNumber is a line that ends in the first part of a divided number.
	splitNumber = regexp.MustCompile(`(?:^|[^\d.])\d{1,4}(?:\.\d{1,4}){0,3}\.$`)
	// numberTail is a line that begins with the rest of a divided number: "1
	// RIGHT OF ACCESS", "1), what", "131.".
	numberTail = regexp.MustCompile(`^\d{1,3}(?:\s{1,8}\p{Lu}|\)|\.$|\.\d)`)
	// letterEnd and letterStart are the halves of a divided abbreviation.
	letterEnd   = regexp.MustCompile(`(?:^|[^\p{L}\p{N}])(?:\p{L}\.){0,3}\p{L}\.$`)
	letterStart = regexp.MustCompile(`^\p{L}\.`)
	abbreviated = regexp.MustCompile(`(?:^|[^\p{L}])(?:e\.g\.|i\.e\.|U\.S\.|z\.B\.|d\.h\.|p\.ex\.)$`)
)

// mendNumbers undoes what sentence splitters do to numbers: a text with one
// sentence per line in which "3.1 RIGHT OF ACCESS" became "3." and "1    RIGHT
// OF ACCESS". It only acts when the text has lines that hold nothing but a
// section number and most of its lines end in a full stop.
func mendNumbers(lines []textLine) []textLine {
	stops, filled, lone := 0, 0, 0
	for _, l := range lines {
		if l.text == "" {
			continue
		}
		filled++
		if strings.HasSuffix(l.text, ".") {
			stops++
		}
		if loneNumber.MatchString(l.text) {
			lone++
		}
	}
	if lone < 3 || stops*10 < filled*8 {
		return lines
	}
	var out []textLine
	for _, l := range lines {
		if len(out) > 0 {
			if joined, ok := mendPair(out[len(out)-1].text, l.text); ok {
				out[len(out)-1].text = joined
				continue
			}
		}
		out = append(out, l)
	}
	return unglue(out)
}

// maxMend bounds the text that a line may grow to by being joined.
const maxMend = 4000

// mendTail is how much of a line's end is looked at, in bytes.
const mendTail = 40

// mendPair joins two lines when the break between them is certainly wrong.
func mendPair(a, b string) (string, bool) {
	if a == "" || b == "" || len(a) > maxMend || a[len(a)-1] != '.' {
		return "", false
	}
	first, size := utf8.DecodeRuneInString(b)
	tail := a[runeStart(a, len(a)-mendTail):]
	switch {
	case splitNumber.MatchString(tail) && numberTail.MatchString(b):
		return a + b, true
	case len(a) <= mendTail && loneNumber.MatchString(a) && size > 0 && (first < '0' || first > '9'):
		return a + " " + b, true
	case letterEnd.MatchString(tail) && letterStart.MatchString(b):
		return a + b, true
	case abbreviated.MatchString(tail):
		if strings.ContainsRune(",;:)", first) {
			return a + b, true
		}
		return a + " " + b, true
	}
	return "", false
}

var (
	// gluedNumber finds the next title's number at the end of a title.
	gluedNumber = regexp.MustCompile(`^(.*\p{L}{3,})(\d{1,2}(?:\.\d{1,2}){1,3}\s+\p{Lu}.*)$`)
	capsTitle   = regexp.MustCompile(`^(\d{1,2}(?:\.\d{1,2}){1,3}\s+[^\p{Ll}]*\p{Lu}[^\p{Ll}]*?)\s*(\p{Lu}\p{Ll}+ .{40,}|\p{Lu} .{40,})$`)
	mixedTitle  = regexp.MustCompile(`^(\d{1,2}(?:\.\d{1,2}){1,3}\s+[^.]{2,80}?\p{Ll})(\p{Lu}\p{Ll}+ .{40,})$`)
)

// unglue divides lines in which a numbered title and its paragraph, or two
// titles, lost the break between them.
func unglue(lines []textLine) []textLine {
	var out []textLine
	for _, l := range lines {
		rest := l.text
		if m := gluedNumber.FindStringSubmatch(rest); m != nil && sectionNumber.MatchString(m[1]) && countWords(m[1]) <= maxTitleWords {
			out = append(out, textLine{text: m[1], width: l.width})
			rest = m[2]
		}
		if title, body, ok := splitTitle(rest); ok {
			out = append(out, textLine{text: title, width: l.width}, textLine{text: body, width: l.width})
			continue
		}
		out = append(out, textLine{text: rest, indent: l.indent, width: l.width})
	}
	return out
}

func splitTitle(s string) (title, body string, ok bool) {
	for _, re := range []*regexp.Regexp{capsTitle, mixedTitle} {
		if m := re.FindStringSubmatch(s); m != nil && countWords(m[1]) <= maxTitleWords {
			return m[1], m[2], true
		}
	}
	return "", "", false
}

// mendUnits does the same for a page whose sentences are paragraphs of their
// own. A page with headings in markup needs no mending.
func mendUnits(units []unit) []unit {
	lines := make([]textLine, len(units))
	var links []policy.Link
	for i, u := range units {
		if u.fixed || u.kind == policy.TableRow {
			return units
		}
		lines[i].text = u.text
		links = append(links, u.links...)
	}
	mended := mendNumbers(lines)
	if len(mended) == len(units) {
		return units
	}
	out := make([]unit, 0, len(mended))
	links = links[:min(len(links), maxLinks)]
	for _, l := range mended {
		u := unit{kind: policy.Paragraph, text: l.text}
		u.links, links = linksIn(l.text, links)
		out = append(out, u)
	}
	return out
}
