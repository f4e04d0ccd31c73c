package normalize

import (
	"math"
	"strings"

	"watcher/policy"
)

// The looks of a table row, where the file has no tags.
const (
	// maxCellLines is how many lines a cell has at most. Columns of prose, which
	// begin at one height as cells do, have more.
	maxCellLines = 12
	// cellLeading is how far apart the lines of a cell are at most, as a multiple
	// of the usual distance of lines.
	cellLeading = 1.5
	// sameStop is how far apart the edges of cells in a column are, in points.
	sameStop = 3
)

// laidRow is a row of cells that begin at one height, side by side.
type laidRow struct {
	cells []laidCell
	// next is the line after the row.
	next int
}

type laidCell struct {
	text              string
	left, right, base float64
	lines             int
}

// tableAt returns the rows of the table that begins at line i, at least two that
// have a column in common, and the line after it.
func (r *laidReader) tableAt(i int) (rows []unit, next int) {
	row := r.rowAt(i)
	for len(row.cells) > 1 {
		after := r.rowAt(row.next)
		if len(rows) == 0 && !aligned(row, after) {
			break
		}
		rows = append(rows, row.unit())
		i = row.next
		if !aligned(row, after) {
			break
		}
		row = after
	}
	return rows, i
}

func (w laidRow) unit() unit {
	texts := make([]string, len(w.cells))
	for i, c := range w.cells {
		texts[i] = c.text
	}
	return unit{kind: policy.TableRow, text: strings.Join(texts, policy.CellSeparator)}
}

// aligned says whether two rows have a cell after the first at the same place,
// or, as heads that are centred do, one cell above the other throughout.
func aligned(a, b laidRow) bool {
	if len(a.cells) < 2 || len(b.cells) < 2 {
		return false
	}
	for _, x := range a.cells[1:] {
		for _, y := range b.cells[1:] {
			if math.Abs(x.left-y.left) < sameStop {
				return true
			}
		}
	}
	for i := range a.cells {
		if len(a.cells) != len(b.cells) || a.cells[i].left > b.cells[i].right || b.cells[i].left > a.cells[i].right {
			return false
		}
	}
	return true
}

// rowAt reads a row from line i on: cell by cell, as programs write them.
func (r *laidReader) rowAt(i int) laidRow {
	w := laidRow{next: i}
	if i >= len(r.lines) || markerOnly(firstCell(r.lines[i].Text)) {
		return w
	}
	top := r.lines[i].Base
	for k := i; k < len(r.lines) && r.page[k] == r.page[i]; k++ {
		before := w.cells
		w.cells = append([]laidCell(nil), before...)
		for _, part := range cellParts(r.lines[k]) {
			if !r.addCell(&w, part, top) {
				w.cells = before
				return w
			}
		}
		w.next = k + 1
	}
	return w
}

// addCell puts a part of a line to the last cell, or begins the next one.
func (r *laidReader) addCell(w *laidRow, part PDFLine, top float64) bool {
	last := len(w.cells) - 1
	if last < 0 || math.Abs(part.Base-top) < sameBase && part.Left > w.cells[last].right {
		w.cells = append(w.cells, laidCell{text: part.Text, left: part.Left, right: part.Right, base: part.Base, lines: 1})
		return true
	}
	c := &w.cells[last]
	if math.Abs(part.Base-c.base) < sameBase && c.lines > 1 && part.Left >= c.left { // words that were moved apart
		c.text, c.right = c.text+" "+part.Text, max(c.right, part.Right)
		return true
	}
	down := c.base - part.Base
	if down <= 0 || down > r.leading*cellLeading*part.Size || part.Left > c.right || part.Right < c.left || c.lines == maxCellLines {
		return false
	}
	c.text = r.hyphens.join(c.text, part.Text)
	c.left, c.right, c.base = min(c.left, part.Left), max(c.right, part.Right), part.Base
	c.lines++
	return true
}

// cellParts divides a line at its tabs.
func cellParts(l PDFLine) []PDFLine {
	texts := strings.Split(l.Text, "\t")
	if len(texts) < 2 || len(texts) != len(l.Stops) {
		l.Text = oneCell(l.Text)
		return []PDFLine{l}
	}
	out := make([]PDFLine, len(texts))
	for i, s := range texts {
		out[i] = l
		out[i].Text, out[i].Left = s, l.Stops[i]
		if i+1 < len(texts) {
			out[i].Right = l.Stops[i+1] - sameStop
		}
	}
	return out
}

func firstCell(s string) string {
	c, _, _ := strings.Cut(s, "\t")
	return c
}
