package normalize

import (
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
)

// ruleFurniture names what repeats on every page.
const ruleFurniture = "page_furniture"

// pageNumber is a line that holds the number of a page and nothing else.
var pageNumber = regexp.MustCompile(`(?i)^[-–—|\s]*(?:(?:page|seite|p[áa]gina|pagina|sida|side|strona|p\.|s\.)\s*)?(?:0+|[ivx]{1,5})(?:\s*(?:/|\||of|von|sur|de|di|van|af|av|z)\s*0+)?[-–—|\s]*$`)

// withoutFurniture returns the pages without headers, footers and numbers: what
// the file calls an artifact in the margin, lines at the edges that stand,
// digits aside, on a third of the pages, and bare numbers.
func withoutFurniture(pages []PDFPage) ([]PDFPage, []policy.Drop) {
	edges := make([][]bool, len(pages))
	seen := map[string]int{}
	for i, p := range pages {
		edges[i] = edgeLinesOf(p)
		once := map[string]bool{}
		for j, l := range p.Lines {
			if k := masked(oneCell(l.Text)); edges[i][j] && !once[k] {
				once[k] = true
				seen[k]++
			}
		}
	}
	out := make([]PDFPage, len(pages))
	var gone []unit
	for i, p := range pages {
		out[i].Height = p.Height
		for j, l := range p.Lines {
			if furniture(p, l, edges[i][j], seen, len(pages)) {
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

func furniture(p PDFPage, l PDFLine, edge bool, seen map[string]int, pages int) bool {
	margin := min(l.Base, p.Height-l.Base)*100 < p.Height*marginShare
	if l.Tag.Role == PDFArtifact {
		return margin
	}
	if !edge || !margin || l.Tag.Block > 0 {
		return false
	}
	text := oneCell(l.Text)
	k := masked(text)
	if pageNumber.MatchString(k) {
		return true
	}
	limit := maxFurniture
	if seen[k] == pages {
		limit = maxImprint
	}
	return seen[k] > 1 && seen[k]*3 >= pages && countWords(text) <= limit && !beginsAnew(text)
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
