package normalize

import "math"

// adopt gives the tag of a block to the lines before the end of a page that it
// goes on from. Google Docs tags only the second half of a paragraph, or of a
// cell, that the end of a page divides.
func adopt(pages []PDFPage) {
	seen := map[int]bool{}
	for i := range pages {
		if i > 0 {
			adoptPage(pages[i-1].Lines, pages[i].Lines, seen)
		}
		for _, l := range pages[i].Lines {
			seen[l.Tag.Block] = true
		}
	}
}

// adoptPage looks, for each column, for lines without a tag at the end of one
// page and for the block at the top of the next that was not seen before.
func adoptPage(lines, next []PDFLine, seen map[int]bool) {
	for k, l := range next {
		if l.Tag.Block == 0 || seen[l.Tag.Block] || l.Tag.Role == PDFHeading || !topmost(next, k) {
			continue
		}
		lowest := math.Inf(1)
		for _, o := range lines {
			if sameColumn(o, l) && o.Tag.Block > 0 {
				lowest = min(lowest, o.Base)
			}
		}
		for j, o := range lines {
			if sameColumn(o, l) && o.Tag.Block == 0 && o.Tag.Role != PDFArtifact && o.Base < lowest && unfinished(lines, o) {
				lines[j].Tag = l.Tag
			}
		}
	}
}

// sameColumn says whether two lines begin at the same place and are of one size.
func sameColumn(a, b PDFLine) bool { return math.Abs(a.Left-b.Left) < 2 && alike(a.Size, b.Size) }

// topmost says whether no tagged line of its column is above a line.
func topmost(lines []PDFLine, k int) bool {
	for _, o := range lines {
		if o.Tag.Block > 0 && sameColumn(o, lines[k]) && o.Base > lines[k].Base {
			return false
		}
	}
	return true
}

// unfinished says whether the last line in the column of l, at the end of its
// page, does not end a sentence.
func unfinished(lines []PDFLine, l PDFLine) bool {
	last := l
	for _, o := range lines {
		if sameColumn(o, l) && o.Base < last.Base {
			last = o
		}
	}
	return !endsSentence(last.Text)
}
