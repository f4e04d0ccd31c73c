package pdftext

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/ledongthuc/pdf"
)

// The bounds of a child. The longest of 29 real policies has 49 pages.
const (
	maxFile   = 64 << 20 // bytes
	maxPages  = 500
	maxOutput = 32 << 20  // bytes of JSON
	maxMemory = 512 << 20 // bytes, a soft limit
)

// ErrPDF marks a file whose text cannot be read.
var ErrPDF = errors.New("the PDF cannot be read")

// Child reads a PDF from in and writes its pages to out, as a JSON list of
// texts with one line per line of the page. It is what the hidden command of
// the program does.
func Child(in io.Reader, out io.Writer) error {
	debug.SetMemoryLimit(maxMemory)
	body, err := io.ReadAll(io.LimitReader(in, maxFile+1))
	if err != nil {
		return err
	}
	pages, err := read(body)
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(pages)
}

// read returns the text of each page.
func read(body []byte) (pages []string, err error) {
	defer func() {
		if v := recover(); v != nil {
			pages, err = nil, fmt.Errorf("%w: %v", ErrPDF, v)
		}
	}()
	if len(body) > maxFile {
		return nil, fmt.Errorf("%w: larger than %d MiB", ErrPDF, maxFile>>20)
	}
	r, err := pdf.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPDF, err)
	}
	if n := r.NumPage(); n > maxPages {
		return nil, fmt.Errorf("%w: %d pages, at most %d are read", ErrPDF, n, maxPages)
	}
	for i := 1; i <= r.NumPage(); i++ {
		page := r.Page(i)
		if page.V.IsNull() {
			continue
		}
		pages = append(pages, lines(page))
	}
	return pages, nil
}

// The geometry of a line, in parts of the font size: glyphs whose base lines
// are nearer than sameLine stand on one line. On a page that writes its spaces,
// as most do, only a gap wider than columnGap parts words: the widths of glyphs
// are often wrong, and kerning pulls letters apart. On one that does not, a gap
// wider than wordGap does.
const (
	sameLine  = 0.4
	columnGap = 1.5
	wordGap   = 0.25
	// spaced is the least share of spaces, in percent of the glyphs, on a page
	// that writes them. Prose has 15.
	spaced = 5
)

// lines returns the text of a page, line by line from top to bottom. Files
// write their glyphs in any order and mostly without spaces: the places of the
// glyphs are what counts.
func lines(page pdf.Page) string {
	glyphs := page.Content().Text
	gap, spaces := wordGap, 0
	for _, g := range glyphs {
		if strings.TrimSpace(g.S) == "" {
			spaces++
		}
	}
	if spaces*100 >= len(glyphs)*spaced {
		gap = columnGap
	}
	slices.SortStableFunc(glyphs, func(a, b pdf.Text) int { return cmp.Compare(b.Y, a.Y) })
	var b strings.Builder
	for len(glyphs) > 0 {
		n := 1
		for n < len(glyphs) && glyphs[0].Y-glyphs[n].Y < sameLine*max(glyphs[0].FontSize, 1) {
			n++
		}
		writeLine(&b, glyphs[:n], gap)
		glyphs = glyphs[n:]
	}
	return b.String()
}

func writeLine(b *strings.Builder, glyphs []pdf.Text, gap float64) {
	slices.SortStableFunc(glyphs, func(a, b pdf.Text) int { return cmp.Compare(a.X, b.X) })
	end := math.Inf(1)
	for _, g := range glyphs {
		if g.X-end > gap*max(g.FontSize, 1) {
			b.WriteByte(' ')
		}
		b.WriteString(g.S)
		end = g.X + g.W
	}
	b.WriteByte('\n')
}
