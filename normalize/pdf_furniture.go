package normalize

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"watcher/policy"
)

// The furniture of pages: headers, footers and numbers.
const (
	// edgeOfPage is how many lines at the top and the bottom of a page may be
	// headers and footers, by their height.
	edgeOfPage = 3
	// maxFurniture is how many words a line of a header or footer has at most;
	// maxImprint one that is on every page.
	maxFurniture = 14
	maxImprint   = 40
	// marginShare is the part of a page's height at its top and bottom, in
	// percent, in which furniture stands.
	marginShare = 12
	// headShare is the same for the heads of tables, which stand below the margin
	// where a table goes on.
	headShare = 20
)

// ruleFurniture names what repeats on every page.
const ruleFurniture = "page_furniture"

// pageNumber is a line that holds the number of a page and nothing else.
var pageNumber = regexp.MustCompile(`(?i)^[-–—|\s]*(?:(?:page|seite|p[áa]gina|pagina|sida|side|strona|p\.|s\.)\s*)?(?:0+|[ivx]{1,5})(?:\s*(?:/|\||of|von|sur|de|di|van|af|av|z)\s*0+)?[-–—|\s]*$`)

// withoutFurniture returns the pages without headers, footers and numbers: what
// the file calls an artifact in the margin, lines at the edges that stand,
// digits aside, at the same height on a third of the pages, and bare numbers.
func withoutFurniture(pages []PDFPage) ([]PDFPage, []policy.Drop) {
	edges := make([][]bool, len(pages))
	c := census{seen: map[string]int{}, pages: len(pages), tagged: tagged(pages), told: map[string]bool{}}
	for i, p := range pages {
		edges[i] = edgeLinesOf(p)
		once := map[string]bool{}
		for j, l := range p.Lines {
			if k := placed(l); edges[i][j] && !once[k] {
				once[k] = true
				c.seen[k]++
			}
		}
	}
	out := make([]PDFPage, len(pages))
	var gone []unit
	for i, p := range pages {
		out[i].Height = p.Height
		for j, l := range p.Lines {
			if c.furniture(p, l, edges[i][j]) {
				gone = append(gone, unit{text: oneCell(l.Text)})
				continue
			}
			out[i].Lines = append(out[i].Lines, l)
		}
	}
	if len(gone) == 0 {
		return out, nil
	}
	d := lineDrop(ruleFurniture, 0, gone)
	d.Path = "margins of pages"
	return out, []policy.Drop{d}
}

// census counts what stands at the edges of pages.
type census struct {
	// seen counts pages by line and place.
	seen   map[string]int
	pages  int
	tagged bool
	// told are heads of tables that were met.
	told map[string]bool
}

func (c census) furniture(p PDFPage, l PDFLine, edge bool) bool {
	share := min(l.Base, p.Height-l.Base) * 100 / max(p.Height, 1)
	margin := share < marginShare
	if l.Tag.Role == PDFArtifact {
		return margin
	}
	text := oneCell(l.Text)
	k := placed(l)
	if edge && share < headShare && l.Base*2 > p.Height && l.Tag.Block == 0 && (c.tagged || !margin && inTable(p, l)) {
		return c.repeatedHead(k)
	}
	if !edge || !margin || l.Tag.Block > 0 {
		return false
	}
	if pageNumber.MatchString(masked(text)) {
		return true
	}
	limit := maxFurniture
	if c.seen[k] == c.pages {
		limit = maxImprint
	}
	return c.seen[k] > 1 && c.seen[k]*3 >= c.pages && countWords(text) <= limit && !beginsAnew(text)
}

// repeatedHead says whether a line below the upper margin is the head of a table
// that goes on. The first one stays, unless the file tags it where the table
// begins.
func (c census) repeatedHead(k string) bool {
	if c.tagged {
		return c.seen[k] > 1
	}
	again := c.told[k]
	c.told[k] = true
	return again && c.seen[k] > 2
}

// inTable says whether a line has others beside it, or goes on one that has.
func inTable(p PDFPage, l PDFLine) bool {
	return hasNeighbour(p, l) || slices.ContainsFunc(p.Lines, func(o PDFLine) bool {
		down := o.Base - l.Base
		return down > 0 && down < 1.6*l.Size && o.Left <= l.Right && o.Right >= l.Left && hasNeighbour(p, o)
	})
}

func hasNeighbour(p PDFPage, l PDFLine) bool {
	return len(l.Stops) > 1 || slices.ContainsFunc(p.Lines, func(o PDFLine) bool {
		return math.Abs(o.Base-l.Base) < sameBase && (o.Left > l.Right || o.Right < l.Left)
	})
}

// edgeLinesOf says which lines of a page are the highest and the lowest ones.
func edgeLinesOf(p PDFPage) []bool {
	var bases []float64
	for _, l := range p.Lines {
		bases = append(bases, l.Base)
	}
	slices.Sort(bases)
	bases = slices.CompactFunc(bases, func(a, b float64) bool { return b-a < 3 })
	edge := make([]bool, len(p.Lines))
	if len(bases) == 0 {
		return edge
	}
	low, high := bases[min(edgeOfPage-1, len(bases)-1)]+3, bases[max(0, len(bases)-edgeOfPage)]
	for i, l := range p.Lines {
		edge[i] = l.Base < low || l.Base >= high
	}
	return edge
}

// placed is a line and the height at which it stands: furniture has the same
// place on every page, and sentences that recur have not.
func placed(l PDFLine) string {
	return fmt.Sprintf("%.0f %s", l.Base, masked(oneCell(l.Text)))
}

// masked replaces numbers, so that "Page 9" and "Page 10" are the same line.
func masked(s string) string {
	var b strings.Builder
	in := false
	for _, r := range s {
		digit := unicode.IsDigit(r)
		if digit && in {
			continue
		}
		if in = digit; digit {
			r = '0'
		}
		b.WriteRune(r)
	}
	return b.String()
}
