package normalize

import (
	"cmp"
	"math"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"watcher/policy"
)

// The looks of a paragraph, where the file has no tags.
const (
	// widerThan is how far apart lines of two paragraphs are, as a multiple of
	// the usual distance of lines.
	widerThan = 1.3
	// largerThan is how much larger than the text a heading is set.
	largerThan = 1.1
	// sameSize bounds how far the sizes within a paragraph differ.
	sameSize = 0.08
	// edgeWindow is how many lines before and after are looked at for where a
	// column ends.
	edgeWindow = 20
)

// numberedLine begins a numbered paragraph or heading. A number without a stop
// may as well be one of the sentence ("12 months").
var numberedLine = regexp.MustCompile(`^(?:\d{1,2}(?:\.\d{1,2}){0,4}[.)]|\d{1,2}(?:\.\d{1,2}){1,4}|[IVX]{1,5}[.)]|[A-Z][.)])\s+\S`)

// beginsAnew says whether a line looks like the first of an item or of a
// numbered paragraph.
func beginsAnew(l string) bool {
	if numberedLine.MatchString(l) || namedNumber.MatchString(l) && countWords(l) <= maxTitleWords && titleLike(l) {
		return true
	}
	_, _, ok := splitMarker(l)
	return ok
}

// laidReader makes paragraphs of lines by how they are laid out.
type laidReader struct {
	lines   []PDFLine
	page    []int
	hyphens hyphens
	// body is the size of most of the text, leading the usual distance of
	// its lines as a multiple of the size, edges where the column of a line ends.
	body, leading float64
	edges         []float64
	boldBody      bool
}

func laidUnits(pages []PDFPage) []unit {
	r := laidReader{hyphens: newHyphens(pages)}
	for i, p := range pages {
		for _, l := range p.Lines {
			r.lines = append(r.lines, l)
			r.page = append(r.page, i)
		}
	}
	r.measure()
	var out []unit
	for i := 0; i < len(r.lines); {
		if rows, next := r.tableAt(i); len(rows) > 0 {
			out = append(out, rows...)
			i = next
			continue
		}
		end := i + 1
		for end < len(r.lines) && r.continues(i, end) {
			if rows, _ := r.tableAt(end); len(rows) > 0 {
				break
			}
			end++
		}
		out = append(out, r.paragraph(i, end))
		i = end
	}
	return out
}

// measure finds the usual size and distance of lines.
func (r *laidReader) measure() {
	sizes, gaps, bold, all := map[float64]int{}, map[float64]int{}, 0, 0
	for i, l := range r.lines {
		n := utf8.RuneCountInString(l.Text)
		sizes[roundHalf(l.Size)] += n
		if all += n; l.Bold {
			bold += n
		}
		if i > 0 && r.page[i] == r.page[i-1] {
			if d := r.lines[i-1].Base - l.Base; d > 0 && d < 4*l.Size && alike(l.Size, r.lines[i-1].Size) {
				gaps[math.Round(d/max(l.Size, 1)*10)/10]++
			}
		}
		r.edges = append(r.edges, r.edge(i))
	}
	r.body = mostly(sizes)
	r.leading = max(mostly(gaps), 1)
	r.boldBody = bold*2 > all
}

// edge returns where the column of line i ends.
func (r *laidReader) edge(i int) float64 {
	right := r.lines[i].Right
	for k := max(0, i-edgeWindow); k < min(len(r.lines), i+edgeWindow+1); k++ {
		l := r.lines[k]
		if math.Abs(l.Left-r.lines[i].Left) < 4*l.Size && alike(l.Size, r.lines[i].Size) {
			right = max(right, l.Right)
		}
	}
	return right
}

func roundHalf(f float64) float64 { return math.Round(f*2) / 2 }

func alike(a, b float64) bool { return math.Abs(a-b) <= sameSize*max(a, b) }

// mostly returns the key with the highest count, the smallest of several.
func mostly(counts map[float64]int) float64 {
	best, most := 0.0, 0
	for k, n := range counts {
		if n > most || n == most && k < best {
			best, most = k, n
		}
	}
	return best
}

// continues says whether line i goes on the paragraph that began at first.
func (r *laidReader) continues(first, i int) bool {
	a, b := r.lines[i-1], r.lines[i]
	if !alike(a.Size, b.Size) || a.Bold != b.Bold && r.heading(a) != r.heading(b) || beginsAnew(oneCell(b.Text)) {
		return false
	}
	if markerOnly(oneCell(a.Text)) {
		return true
	}
	if r.ended(i - 1) {
		return false
	}
	if r.page[i] != r.page[i-1] || b.Base > a.Base+a.Size { // over a page, or to the next column
		return !r.heading(a) && !closed(a.Text)
	}
	if a.Base-b.Base > r.leading*widerThan*max(a.Size, b.Size) {
		return false
	}
	item := beginsAnew(oneCell(r.lines[first].Text))
	if indent := b.Left - a.Left; !item && i-1 > first && indent > 0.8*b.Size && endsSentence(a.Text) {
		return false // the first line of a paragraph is set in
	}
	return !item || b.Left > r.lines[first].Left-0.5*b.Size
}

// markerOnly says whether a line is a bullet or a number and nothing else.
func markerOnly(s string) bool {
	_, _, ok := splitMarker(s + " x")
	return ok || loneNumber.MatchString(s)
}

// closed says whether a line ends as sentences do.
func closed(s string) bool {
	return endsSentence(s) || strings.HasSuffix(s, ":") || strings.HasSuffix(s, ";")
}

// ended says whether the paragraph was ended on purpose at line i: the first
// word of the next one would have stood there, too.
func (r *laidReader) ended(i int) bool {
	a, b := r.lines[i], r.lines[i+1]
	word, _, _ := strings.Cut(oneCell(b.Text), " ")
	glyph := (b.Right - b.Left) / float64(max(utf8.RuneCountInString(b.Text), 1))
	need := glyph * (float64(utf8.RuneCountInString(word)) + 1)
	room := r.edges[i] - a.Right
	switch {
	case closed(a.Text):
		return room > need*1.1
	case startsLower(b.Text):
		return room > need*4 && room > 0.4*(r.edges[i]-a.Left)
	}
	return room > need*1.6+a.Size
}

// heading says whether a line is set as a heading.
func (r *laidReader) heading(l PDFLine) bool {
	return l.Size > r.body*largerThan || l.Bold && !r.boldBody
}

// paragraph makes a unit of the lines from first to end.
func (r *laidReader) paragraph(first, end int) unit {
	text, bold := "", true
	for _, l := range r.lines[first:end] {
		text = r.hyphens.join(text, oneCell(l.Text))
		bold = bold && l.Bold
	}
	l := r.lines[first]
	u := unit{kind: policy.Paragraph, text: text, strong: bold && !r.boldBody, gap: r.apart(first)}
	if l.Size > r.body*largerThan && countWords(text) <= maxHeadingWords && !labelledDate(text) && strings.ContainsFunc(text, unicode.IsLetter) {
		u.level, u.fixed = r.level(l.Size), true
		return u
	}
	if mark, rest, ok := splitMarker(text); ok {
		u.kind, u.marker, u.text = policy.Item, mark, rest
		u.depth = r.depth(first)
	}
	return u
}

// apart says whether more than the usual distance is above a line.
func (r *laidReader) apart(i int) bool {
	return i == 0 || r.page[i] != r.page[i-1] || r.lines[i-1].Base-r.lines[i].Base > r.leading*widerThan*r.lines[i].Size
}

// level ranks a size among those that headings are set in.
func (r *laidReader) level(size float64) int {
	var sizes []float64
	for _, l := range r.lines {
		if l.Size > r.body*largerThan {
			sizes = append(sizes, l.Size)
		}
	}
	slices.SortFunc(sizes, func(a, b float64) int { return cmp.Compare(b, a) })
	sizes = slices.CompactFunc(sizes, alike)
	for i, s := range sizes {
		if alike(s, size) {
			return min(i+1, maxLevel)
		}
	}
	return maxLevel
}

// depth counts the smaller indents of the items directly above.
func (r *laidReader) depth(i int) int {
	depth, left := 0, r.lines[i].Left
	for k := i - 1; k >= 0 && k > i-edgeWindow*2 && r.page[k] == r.page[i]; k-- {
		l := r.lines[k]
		if _, _, ok := splitMarker(oneCell(l.Text)); ok && l.Left < left-0.5*l.Size {
			depth++
			left = l.Left
		}
	}
	return min(depth, maxLevel)
}
