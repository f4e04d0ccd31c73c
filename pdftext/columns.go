package pdftext

import (
	"math"
	"unicode/utf8"
)

// The looks of prose that was written across two columns, line by line.
const (
	minColumnLines = 6
	// minColumnText is how many letters lines of prose in a column have on the
	// average. Cells of tables are shorter.
	minColumnText = 25
	sameStop      = 6.0 // points
)

// columns puts lines that were written across two columns of prose in the order
// in which they are read: the left column, then the right one.
func columns(rows []row) []row {
	var out []row
	for i := 0; i < len(rows); {
		gutter, end := zone(rows, i)
		if end == i {
			out = append(out, rows[i])
			i++
			continue
		}
		out = append(out, halves(rows[i:end], gutter)...)
		i = end
	}
	return out
}

// zone returns the end of the columns that begin at row i, and where the right
// one of them begins; end is i when none do.
func zone(rows []row, i int) (gutter float64, end int) {
	gutter, ok := secondStop(rows[i])
	if !ok {
		return 0, i
	}
	both, letters := 0, 0
	last := i
	for k := i; k < len(rows); k++ {
		stop, two := secondStop(rows[k])
		switch {
		case two && math.Abs(stop-gutter) < sameStop:
			both++
			for _, s := range rows[k] {
				letters += utf8.RuneCountInString(s.text)
			}
			last = k + 1
		case two || rows[k][0].x < gutter-sameStop && rows[k].end() > gutter:
			k = len(rows)
		default:
			last = k + 1
		}
	}
	if both < minColumnLines || letters < both*2*minColumnText {
		return 0, i
	}
	return gutter, last
}

// secondStop returns where the second of two cells begins.
func secondStop(r row) (float64, bool) {
	at, n := 0.0, 1
	for i := 1; i < len(r); i++ {
		if r[i].x-r[i-1].end > cellGap*r[i].size {
			at = r[i].x
			n++
		}
	}
	return at, n == 2
}

// halves lists what is left of the gutter and then what is right of it.
func halves(rows []row, gutter float64) []row {
	var left, right []row
	for _, r := range rows {
		cut := 0
		for cut < len(r) && r[cut].x < gutter-sameStop {
			cut++
		}
		if cut > 0 {
			left = append(left, r[:cut])
		}
		if cut < len(r) {
			right = append(right, r[cut:])
		}
	}
	return append(left, right...)
}
