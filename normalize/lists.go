package normalize

import (
	"strings"

	"watcher/policy"
)

// markItems makes items of paragraphs that begin with a list marker.
func markItems(units []unit) {
	for i := range units {
		u := &units[i]
		if u.kind != policy.Paragraph || u.heading() {
			continue
		}
		if mark, rest, ok := splitMarker(u.text); ok {
			u.kind, u.marker, u.text = policy.Item, mark, rest
		}
	}
}

// numberItems makes items of numbered paragraphs that turned out not to be
// headings.
func numberItems(units []unit) {
	for i := range units {
		u := &units[i]
		if u.kind != policy.Paragraph || u.heading() {
			continue
		}
		if m := mdNumber.FindStringSubmatch(u.text); m != nil {
			u.kind, u.marker, u.text = policy.Item, m[1], m[2]
		}
	}
}

// minColonRun is how many short lines after a line that ends in a colon make a
// list; a single one may be the next title.
const minColonRun = 2

// colonLists makes items of the unmarked lines that follow a line ending in a
// colon, as in "the following categories:". The list ends at the first line
// that ends a sentence or reads as a numbered title.
func (f *finder) colonLists() {
	for i := 0; i < len(f.units); i++ {
		u := &f.units[i]
		if u.heading() || u.kind != policy.Paragraph || !strings.HasSuffix(u.text, ":") || countWords(u.text) < 4 {
			continue
		}
		end := i + 1
		for end < len(f.units) && f.listLine(end) {
			end++
		}
		if end-i-1 >= minColonRun {
			if end < len(f.units) && strings.ContainsAny(f.units[end-1].text[max(0, len(f.units[end-1].text)-6):], ";") && f.closes(end) {
				end++
			}
			for k := i + 1; k < end; k++ {
				f.units[k].kind = policy.Item
			}
			i = end - 1
		}
	}
}

// closes says whether a line ends a list whose items end in semicolons.
func (f *finder) closes(k int) bool {
	u := &f.units[k]
	return !u.heading() && u.kind == policy.Paragraph && !u.gap && strings.HasSuffix(u.text, ".") && countWords(u.text) <= 70
}

func (f *finder) listLine(k int) bool {
	u := &f.units[k]
	if u.heading() || u.kind != policy.Paragraph || u.strong || countWords(u.text) > 70 {
		return false
	}
	if depth, rest := numbering(u.text); depth > 0 && titleLike(rest) {
		return false
	}
	last := lastRune(u.text)
	return last == ';' || last == ',' || strings.HasSuffix(u.text, "; and") || strings.HasSuffix(u.text, "; or") ||
		!endsSentence(u.text) && last != ':' && !upperCase(u.text) && (startsLower(u.text) || !f.gaps && !f.titleBeforeProse(k))
}

// titleBeforeProse says whether a capitalised short line stands directly
// before a long sentence: then it is a title rather than the end of a list.
func (f *finder) titleBeforeProse(k int) bool {
	return !f.lower && titleLike(f.units[k].text) && k+1 < len(f.units) && countWords(f.units[k+1].text) >= 20
}
