package normalize

import (
	"regexp"
	"sort"
	"strings"
	"unicode/utf8"

	"watcher/policy"
)

// text makes a document of plain text or Markdown.
func (n *Normalizer) text(in Input, markdown bool) (policy.Document, error) {
	s, _, err := Decode(in.Body, in.ContentType)
	if err != nil {
		return policy.Document{}, err
	}
	units := textUnits(s, markdown)
	doc := policy.Document{Full: fullText(units)}
	n.finish(&doc, units, units, in, true)
	return doc, nil
}

// textUnits reads plain text into units: Markdown when it is declared or
// evident, else lines or hard-wrapped paragraphs as the text itself shows.
func textUnits(s string, markdown bool) []unit {
	s = strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
	lines := splitLines(s)
	if markdown || looksMarkdown(lines) {
		return markdownUnits(lines)
	}
	lines = mendNumbers(lines)
	if hardWrapped(lines) {
		lines = unwrap(lines)
	}
	var out []unit
	gap := true
	for _, l := range lines {
		if l.text == "" {
			gap = true
			continue
		}
		u := unit{kind: policy.Paragraph, text: l.text, gap: gap}
		if l.row {
			u.kind = policy.TableRow
		} else if mark, rest, ok := splitMarker(l.text); ok {
			u.kind, u.marker, u.text = policy.Item, mark, rest
			u.depth = min(l.indent/4, 6)
		}
		out = append(out, u)
		gap = false
	}
	return out
}

// textLine is a line of plain text: cleaned, with the width of its indent and
// its length as written.
type textLine struct {
	text   string
	indent int
	width  int
	// row is set for a row of a table.
	row bool
}

func splitLines(s string) []textLine {
	raws := strings.Split(s, "\n")
	out := make([]textLine, 0, len(raws))
	for _, raw := range raws {
		out = append(out, textLine{
			text: clean(raw), indent: indentOf(raw), width: utf8.RuneCountInString(strings.TrimRight(raw, " \t")),
		})
	}
	return textTables(out, raws)
}

// indentOf counts the columns before the first character; a tab is four.
func indentOf(s string) int {
	n := 0
	for _, r := range s {
		switch {
		case r == '\t':
			n += 4
		case space(r):
			n++
		default:
			return n
		}
	}
	return n
}

// The widths between which texts are wrapped by hand or by mail programs.
const (
	minWrap = 50
	maxWrap = 100
)

// hardWrapped says whether paragraphs were broken into lines of one width:
// hardly a line is longer than that, and most lines that another one follows
// are so long that the next word did not fit.
func hardWrapped(lines []textLine) bool {
	var widths []int
	for _, l := range lines {
		if l.text != "" {
			widths = append(widths, l.width)
		}
	}
	if len(widths) < 4 {
		return false
	}
	sort.Ints(widths)
	limit := widths[len(widths)*98/100]
	if limit < minWrap || limit > maxWrap {
		return false
	}
	followed, full := 0, 0
	for i := 0; i+1 < len(lines); i++ {
		if lines[i].text == "" || lines[i+1].text == "" || lines[i].row || lines[i+1].row {
			continue
		}
		if _, _, listed := splitMarker(lines[i+1].text); listed {
			continue
		}
		followed++
		next, _, _ := strings.Cut(lines[i+1].text, " ")
		if lines[i].width+1+utf8.RuneCountInString(next) > limit-4 {
			full++
		}
	}
	return followed >= 3 && full*10 >= followed*6
}

// unwrap joins the lines of hard-wrapped paragraphs. A line much shorter than
// the others ends its paragraph.
func unwrap(lines []textLine) []textLine {
	longest := 0
	for _, l := range lines {
		longest = max(longest, min(l.width, maxWrap))
	}
	var out []textLine
	var parts []string
	flush := func() {
		if len(parts) > 0 {
			out[len(out)-1].text = strings.Join(parts, " ")
			parts = parts[:0]
		}
	}
	for i, l := range lines {
		if _, _, listed := splitMarker(l.text); len(parts) == 0 || l.text == "" || l.row || listed || sectionNumber.MatchString(l.text) {
			flush()
			out = append(out, l)
		}
		if l.text == "" {
			continue
		}
		parts = append(parts, l.text)
		if l.row {
			flush()
		}
		if i+1 < len(lines) && l.width < longest*6/10 && (endsSentence(l.text) || titleLike(l.text)) {
			flush()
		}
	}
	flush()
	return out
}

// bullet marks an unordered item; the marker itself is left out.
var bullet = regexp.MustCompile(`^(?:[•·◦▪▫●○■□‣⁃∙➢➤►▸✓✔➔→*–—-]|o )\s+(\S.*)$`)

// enumerator marks an ordered item: "(a)", "a)", "(iv)", "iv)", "(1)", "1)".
// "1." is not among them: it may as well number a section.
var enumerator = regexp.MustCompile(`^(\((?:[a-z]|[ivx]{1,5}|\d{1,2})\)|(?:[a-z]|[ivx]{1,5}|\d{1,2})\))\s+(\S.*)$`)

// splitMarker splits a list marker from an item. The marker is "" for a bullet.
func splitMarker(s string) (mark, rest string, ok bool) {
	if len(s) < 3 {
		return "", s, false
	}
	letter := s[0] >= 'a' && s[0] <= 'z' || s[0] >= 'A' && s[0] <= 'Z' || digit(s[0])
	if !letter || s[1] == ' ' && s[0] == 'o' {
		if m := bullet.FindStringSubmatch(s); m != nil {
			return "", m[1], true
		}
	}
	if s[0] != '(' && strings.IndexByte(s[:min(len(s), 7)], ')') < 0 {
		return "", s, false
	}
	if m := enumerator.FindStringSubmatch(s); m != nil {
		return m[1], m[2], true
	}
	return "", s, false
}
