package normalize

import (
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"watcher/policy"
)

// tagged says whether the reader of the file found tags worth believing.
func tagged(pages []PDFPage) bool {
	return slices.ContainsFunc(pages, func(p PDFPage) bool {
		return slices.ContainsFunc(p.Lines, func(l PDFLine) bool { return l.Tag.Block > 0 })
	})
}

// taggedReader puts the lines of a tagged file together by their blocks.
type taggedReader struct {
	hyphens hyphens
	units   []unit
	// at is where the unit of a block stands; rows that of a table row.
	at, rows map[int]int
	// inRow is the row that a block is in.
	inRow map[int]int
	// cells are the blocks of a row, in order, and their texts.
	cells map[int][]int
	texts map[int]string
	roles map[int]PDFTag
	// first is the first line of the last block that was placed, page its page.
	first PDFLine
	page  int
}

func taggedUnits(pages []PDFPage) []unit {
	r := taggedReader{
		hyphens: newHyphens(pages), at: map[int]int{}, inRow: map[int]int{}, rows: map[int]int{},
		cells: map[int][]int{}, texts: map[int]string{}, roles: map[int]PDFTag{},
	}
	adopt(pages)
	for i, p := range pages {
		if r.page != i {
			r.page, r.first = i, PDFLine{}
		}
		var loose []PDFLine
		for _, l := range p.Lines {
			if l.Tag.Block == 0 {
				loose = append(loose, l)
				continue
			}
			r.add(l)
		}
		if len(loose) > 0 { // what has no tag is read by its looks
			r.units = append(r.units, laidUnits([]PDFPage{{Height: p.Height, Lines: loose}})...)
		}
	}
	return joinOverPages(r.finish())
}

// add puts a line to its block, wherever that began.
func (r *taggedReader) add(l PDFLine) {
	b := l.Tag.Block
	if _, known := r.roles[b]; !known {
		r.roles[b] = l.Tag
		r.place(l)
	}
	r.texts[b] = r.hyphens.join(r.texts[b], oneCell(l.Text))
}

func (r *taggedReader) place(l PDFLine) {
	before := r.first
	r.first = l
	row := l.Tag.Row
	if l.Tag.Role == PDFParagraph && beside(before, l) {
		row = r.rowOf(before)
	}
	if row != 0 {
		if _, known := r.rows[row]; !known {
			r.rows[row] = len(r.units)
			r.units = append(r.units, unit{kind: policy.TableRow})
		}
		r.cells[row] = append(r.cells[row], l.Tag.Block)
		r.inRow[l.Tag.Block] = row
		return
	}
	r.at[l.Tag.Block] = len(r.units)
	u := unit{kind: policy.Paragraph}
	switch l.Tag.Role {
	case PDFHeading:
		u.level, u.fixed = min(max(l.Tag.Level, 1), maxLevel), true
	case PDFItem, PDFMarker:
		u.kind, u.depth = policy.Item, l.Tag.Level
	case PDFParagraph, PDFCell, PDFArtifact:
		u.strong = l.Bold
	}
	r.units = append(r.units, u)
}

// beside says whether a block begins to the right of the one before, on the
// same line: they are cells, though the file calls them paragraphs, as browsers
// do with tables without heads.
func beside(a, b PDFLine) bool {
	return a.Tag.Role == PDFParagraph && b.Size > 0 && math.Abs(a.Base-b.Base) < sameBase && b.Left >= a.Right
}

// sameBase is how far the base lines of cells lie apart at most, in points.
const sameBase = 2

// rowOf returns the row that a paragraph is in, a new one if need be.
func (r *taggedReader) rowOf(l PDFLine) int {
	b := l.Tag.Block
	if i, alone := r.at[b]; alone {
		r.rows[-b] = i
		r.units[i] = unit{kind: policy.TableRow}
		r.cells[-b] = []int{b}
		delete(r.at, b)
		r.inRow[b] = -b
	}
	return r.inRow[b]
}

// finish gives the units their texts.
func (r *taggedReader) finish() []unit {
	for b, i := range r.at {
		r.units[i].text = r.texts[b]
	}
	for row, i := range r.rows {
		var texts []string
		slices.Sort(r.cells[row])
		for _, b := range r.cells[row] {
			texts = append(texts, r.texts[b])
		}
		r.units[i].text = strings.Join(texts, policy.CellSeparator)
	}
	out := r.units[:0:0]
	for _, u := range r.units {
		if u.kind == policy.Item && u.marker == "" {
			u.marker, u.text = itemMarker(u.text)
		}
		if u.level > 0 && countWords(u.text) > maxHeadingWords {
			u.level, u.fixed = 0, false
		}
		if strings.Trim(u.text, " |") != "" {
			out = append(out, u)
		}
	}
	return out
}

// itemMarker splits the marker off the text of an item: "" for a bullet.
func itemMarker(s string) (mark, text string) {
	if mark, rest, ok := splitMarker(s); ok {
		return mark, rest
	}
	if m := mdNumber.FindStringSubmatch(s); m != nil {
		return m[1], m[2]
	}
	return "", s
}

// joinOverPages joins a paragraph with the next when that goes on with its
// sentence: some programs tag the two halves by themselves.
func joinOverPages(units []unit) []unit {
	out := units[:0:0]
	for _, u := range units {
		if last := len(out) - 1; last >= 0 && goesOn(out[last], u) {
			out[last].text += " " + u.text
			continue
		}
		out = append(out, u)
	}
	return out
}

// goesOn says whether a paragraph is the rest of the one before: that ends in
// the midst of a sentence, with a word or a comma, and this begins in lower case.
func goesOn(a, b unit) bool {
	if a.heading() || b.heading() || a.kind != policy.Paragraph || b.kind != policy.Paragraph || countWords(a.text) < 6 {
		return false
	}
	first, _ := utf8.DecodeRuneInString(b.text)
	last, _ := utf8.DecodeLastRuneInString(a.text)
	return unicode.IsLower(first) && (unicode.IsLower(last) || last == ',')
}

// cleanCells cleans a text and keeps the tabs between its cells.
func cleanCells(s string) string {
	cells := strings.Split(s, "\t")
	for i, c := range cells {
		cells[i] = clean(ligatures(c))
	}
	cells = slices.DeleteFunc(cells, func(c string) bool { return c == "" })
	return strings.Join(cells, "\t")
}

func oneCell(s string) string { return strings.ReplaceAll(s, "\t", " ") }

// ligatures spells out the letters that fonts draw as one.
func ligatures(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool { return r >= 0xfb00 && r <= 0xfb06 }) {
		return s
	}
	return strings.NewReplacer("ﬀ", "ff", "ﬁ", "fi", "ﬂ", "fl", "ﬃ", "ffi", "ﬄ", "ffl", "ﬅ", "st", "ﬆ", "st").Replace(s)
}
