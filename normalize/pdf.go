package normalize

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"watcher/policy"
)

// PDFText returns the text of each page of a PDF, one line per line of the
// page. It is handed in: reading a PDF needs a process of its own.
type PDFText func(body []byte) (pages []string, err error)

// WithPDF returns a normaliser that reads PDF files by f.
func (n *Normalizer) WithPDF(f PDFText) *Normalizer {
	with := *n
	with.pdfText = f
	return &with
}

// pdf makes the document of a PDF: its lines without what every page repeats,
// joined to paragraphs.
func (n *Normalizer) pdf(in Input) (policy.Document, error) {
	pages, err := n.pdfText(in.Body)
	if err != nil {
		return policy.Document{}, fmt.Errorf("%w: %w", ErrUnsupported, err)
	}
	var lines []string
	for _, page := range withoutFurniture(pages) {
		lines = append(lines, page...)
	}
	in.Body, in.ContentType = []byte(strings.Join(joinLinesOfPDF(lines), "\n\n")), "text/plain; charset=utf-8"
	return n.text(in, false)
}

// edgeOfPage is how many lines at the top and the bottom of a page may be
// headers and footers.
const edgeOfPage = 3

// maxFurniture is how many words a header or footer has at most.
const maxFurniture = 14

// withoutFurniture returns the lines of each page without its header, footer
// and number: lines at its edges that stand, digits aside, on at least half of
// the pages, and bare numbers.
func withoutFurniture(pages []string) [][]string {
	split := make([][]string, len(pages))
	seen := map[string]int{}
	for i, page := range pages {
		for l := range strings.SplitSeq(page, "\n") {
			if l = clean(l); l != "" {
				split[i] = append(split[i], l)
			}
		}
		once := map[string]bool{}
		for j, l := range split[i] {
			if k := masked(l); atEdge(j, len(split[i])) && !once[k] {
				once[k] = true
				seen[k]++
			}
		}
	}
	furniture := func(l string) bool {
		k := masked(l)
		return strings.Trim(k, "0 /-–|") == "" ||
			len(pages) > 2 && seen[k]*2 >= len(pages) && countWords(l) <= maxFurniture && !sectionNumber.MatchString(l)
	}
	for i, lines := range split {
		from, to := 0, len(lines)
		for from < to && from < edgeOfPage && furniture(lines[from]) {
			from++
		}
		for to > from && to > len(lines)-edgeOfPage && furniture(lines[to-1]) {
			to--
		}
		split[i] = lines[from:to]
	}
	return split
}

func atEdge(i, n int) bool { return i < edgeOfPage || i >= n-edgeOfPage }

// masked replaces digits, so that "Page 1" and "Page 2" are the same line.
func masked(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) {
			return '0'
		}
		return r
	}, s)
}

// joinLinesOfPDF makes paragraphs of lines. A line goes on in the next one when
// it is nearly as long as lines get and the next does not begin anew; a word
// that was parted at the end of a line is mended.
func joinLinesOfPDF(lines []string) []string {
	longest := 0
	for _, l := range lines {
		longest = max(longest, utf8.RuneCountInString(l))
	}
	var out []string
	open := false
	for _, l := range lines {
		switch last := len(out) - 1; {
		case open && parted(out[last], l):
			out[last] = strings.TrimSuffix(out[last], "-") + l
		case open && !beginsAnew(l):
			out[last] += " " + l
		default:
			out = append(out, l)
		}
		open = utf8.RuneCountInString(l)*10 >= longest*6 && !strings.HasSuffix(l, ":")
		if endsSentence(l) {
			open = open && utf8.RuneCountInString(l)*10 >= longest*9
		}
	}
	return out
}

// parted says whether a word was broken at the end of a line.
func parted(line, next string) bool {
	if !strings.HasSuffix(line, "-") || strings.HasSuffix(line, " -") {
		return false
	}
	r, _ := utf8.DecodeRuneInString(next)
	return unicode.IsLower(r)
}

// beginsAnew says whether a line looks like the first of a paragraph, item or
// heading.
func beginsAnew(l string) bool {
	r, _ := utf8.DecodeRuneInString(l)
	return strings.ContainsRune("•●▪◦–-*➢✓", r) || sectionNumber.MatchString(l)
}
