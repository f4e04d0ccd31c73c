package pdftext

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"watcher/normalize"
)

// The geometry of a line, in parts of the font size: glyphs whose base lines
// are nearer than sameLine stand on one line; a gap wider than wordGap parts
// words, one wider than cellGap cells. looseGap is for fonts that do not say
// how wide their letters are.
const (
	sameLine = 0.4
	wordGap  = 0.15
	looseGap = 0.4
	cellGap  = 1.3
	backward = 0.5
)

// segment is a run of glyphs that were drawn one after the other on one line.
type segment struct {
	glyphs []glyph
	text   string
	x, end float64
	y      float64
	size   float64
}

// row is a line of segments.
type row []segment

func (r row) end() float64 { return r[len(r)-1].end }

// layout returns the lines of a page in reading order. Programs write texts in
// the order in which they are read, and that order is kept unless it jumps
// about; tagged text has the order of its tags. In a tagged file, what has no
// tag is told apart cell by cell: it may belong to one.
func layout(glyphs []glyph, tagged bool) []normalize.PDFLine {
	groups := map[[2]int][]glyph{}
	var keys [][2]int
	for _, g := range glyphs {
		k := [2]int{g.turn, g.tag.Block}
		if k[1] == 0 {
			k[1] = math.MaxInt // what has no tag comes last
		}
		if groups[k] == nil {
			keys = append(keys, k)
		}
		groups[k] = append(groups[k], g)
	}
	slices.SortFunc(keys, func(a, b [2]int) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) })
	var out []normalize.PDFLine
	for _, k := range keys {
		segs := segments(groups[k])
		if jumpy(segs) {
			slices.SortStableFunc(segs, func(a, b segment) int { return cmp.Compare(b.y, a.y) })
		}
		for _, r := range columns(rows(segs)) {
			for _, part := range r.parts(tagged && k[1] == math.MaxInt) {
				out = append(out, part.line())
			}
		}
	}
	return out
}

// segments divides glyphs where a line ends, a wide gap comes or the pen goes
// back. Text that is drawn twice, to look bold, is taken once.
func segments(glyphs []glyph) []segment {
	var out []segment
	begin := 0
	for i := range glyphs {
		if i > begin && breaks(glyphs[begin], glyphs[i-1], glyphs[i]) {
			out = appendSegment(out, glyphs[begin:i])
			begin = i
		}
	}
	return appendSegment(out, glyphs[begin:])
}

func breaks(first, last, g glyph) bool {
	size := max(last.size, g.size)
	gap := g.x - (last.x + last.w)
	return math.Abs(g.y-last.y) > sameLine*size || math.Abs(g.y-first.y) > size || gap < -backward*size || gap > cellGap*size ||
		(g.tag.Role == normalize.PDFArtifact) != (last.tag.Role == normalize.PDFArtifact)
}

func appendSegment(out []segment, glyphs []glyph) []segment {
	for len(glyphs) > 0 && blank(glyphs[0]) {
		glyphs = glyphs[1:]
	}
	for len(glyphs) > 0 && blank(glyphs[len(glyphs)-1]) {
		glyphs = glyphs[:len(glyphs)-1]
	}
	if len(glyphs) == 0 {
		return out
	}
	last := glyphs[len(glyphs)-1]
	s := segment{glyphs: glyphs, x: glyphs[0].x, end: last.x + last.w, y: glyphs[0].y, size: usualSize(glyphs)}
	s.text = spell(glyphs)
	for k := len(out) - 1; k >= max(0, len(out)-4); k-- {
		o := out[k]
		if o.text == s.text && math.Abs(o.x-s.x) < 0.15*s.size && math.Abs(o.y-s.y) < 0.15*s.size {
			return out
		}
	}
	return append(out, s)
}

// usualSize returns the size of most glyphs: the first of them may be an
// initial or a mark.
func usualSize(glyphs []glyph) float64 {
	sizes := make([]float64, len(glyphs))
	for i, g := range glyphs {
		sizes[i] = g.size
	}
	slices.Sort(sizes)
	return max(sizes[len(sizes)/2], 0.1)
}

// spell writes the text of glyphs, with spaces where gaps part words: gaps
// wider than those between the letters, which may be set apart themselves.
func spell(glyphs []glyph) string {
	limit := wordLimit(glyphs)
	var b strings.Builder
	for i, g := range glyphs {
		if i > 0 && !blank(g) && !blank(glyphs[i-1]) && g.x-(glyphs[i-1].x+glyphs[i-1].w) > limit*max(g.size, 0.1) {
			b.WriteByte(' ')
		}
		b.WriteString(strings.ReplaceAll(g.text, "\t", " "))
	}
	return unspaced(b.String())
}

func blank(g glyph) bool { return strings.TrimSpace(g.text) == "" }

func wordLimit(glyphs []glyph) float64 {
	var gaps []float64
	loose := false
	for i, g := range glyphs {
		loose = loose || g.loose
		if i > 0 && !blank(g) && !blank(glyphs[i-1]) {
			gaps = append(gaps, (g.x-glyphs[i-1].x-glyphs[i-1].w)/max(g.size, 0.1))
		}
	}
	limit := wordGap
	if loose {
		limit = looseGap
	}
	if len(gaps) < 4 {
		return limit
	}
	slices.Sort(gaps)
	return limit + max(gaps[len(gaps)/2], 0)
}

// minSpaced is how many single letters in a row are a word set apart.
const minSpaced = 5

// unspaced joins a line whose letters are all parted by spaces; two spaces part
// its words.
func unspaced(s string) string {
	letters := 0
	for f := range strings.SplitSeq(s, " ") {
		if utf8.RuneCountInString(f) > 1 {
			return s
		}
		letters += len(f)
	}
	if letters < minSpaced {
		return s
	}
	var words []string
	for w := range strings.SplitSeq(s, "  ") {
		words = append(words, strings.ReplaceAll(w, " ", ""))
	}
	return strings.Join(words, " ")
}

// jumpy says whether segments go up more often than columns, cells and headers
// make them.
func jumpy(segs []segment) bool {
	up := 0
	for i := 1; i < len(segs); i++ {
		if segs[i].y-segs[i-1].y > segs[i].size && segs[i].x < segs[i-1].end {
			up++
		}
	}
	return up > 4 && up*4 > len(segs)
}

// rows puts segments that follow each other on one line together.
func rows(segs []segment) []row {
	var out []row
	for _, s := range segs {
		if n := len(out) - 1; n >= 0 {
			last := out[n][len(out[n])-1]
			if math.Abs(last.y-s.y) <= sameLine*max(last.size, s.size) && s.x >= out[n].end()-backward*s.size {
				out[n] = append(out[n], s)
				continue
			}
		}
		out = append(out, row{s})
	}
	return out
}

// parts divides a row into its cells, or not.
func (r row) parts(divide bool) []row {
	if !divide {
		return []row{r}
	}
	out := []row{r[:1]}
	for i := 1; i < len(r); i++ {
		if r[i].x-r[i-1].end > cellGap*r[i].size {
			out = append(out, r[i:i])
		}
		last := &out[len(out)-1]
		*last = r[i-len(*last) : i+1]
	}
	return out
}

// line makes a line of a row.
func (r row) line() normalize.PDFLine {
	l := normalize.PDFLine{Left: round(r[0].x), Right: round(r.end()), Base: round(r[0].y), Size: round(r[0].size)}
	letters, bold := 0, 0
	var b strings.Builder
	for i, s := range r {
		switch {
		case i == 0:
			l.Stops = append(l.Stops, round(s.x))
		case s.x-r[i-1].end > cellGap*s.size:
			l.Stops = append(l.Stops, round(s.x))
			b.WriteByte('\t')
		case s.x-r[i-1].end > wordGap*s.size:
			b.WriteByte(' ')
		}
		b.WriteString(s.text)
		for _, g := range s.glyphs {
			if letters++; g.bold {
				bold++
			}
		}
	}
	if len(l.Stops) == 1 {
		l.Stops = nil
	}
	l.Text, l.Bold, l.Tag = b.String(), bold*10 >= letters*8, r[0].glyphs[0].tag
	return l
}

// round keeps the output small: hundredths of a point are nothing.
func round(f float64) float64 { return math.Round(f*100) / 100 }
