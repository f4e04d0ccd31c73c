package normalize

import (
	"strings"
	"unicode/utf8"

	"watcher/policy"
)

// textCells are the cells of a line of plain text, and the columns in which
// they begin.
type textCells struct {
	cells []string
	stops []int
}

// cellsOf divides a line where two spaces or a tab stand.
func cellsOf(raw string) textCells {
	raw = strings.TrimRight(raw, " \t\r")
	if !strings.Contains(strings.TrimLeft(raw, " \t"), "  ") && !strings.ContainsRune(strings.TrimLeft(raw, " \t"), '\t') {
		return textCells{}
	}
	var out textCells
	begin, spaces, column := -1, 0, 0
	for i, r := range raw {
		switch {
		case r == ' ' || r == '\t':
			if spaces++; r == '\t' {
				spaces++
			}
			if spaces >= 2 && begin >= 0 {
				out.cells = append(out.cells, clean(raw[begin:i]))
				begin = -1
			}
		case begin < 0:
			begin = i
			out.stops = append(out.stops, column)
			spaces = 0
		default:
			spaces = 0
		}
		column++
	}
	if begin >= 0 {
		out.cells = append(out.cells, clean(raw[begin:]))
	}
	if len(out.cells) < 2 {
		return textCells{}
	}
	return out
}

// sameColumns says whether two lines have their cells in the same columns.
func (c textCells) sameColumns(o textCells) bool {
	if len(c.stops) < 2 || len(c.stops) != len(o.stops) {
		return false
	}
	for i := range c.stops {
		if c.stops[i] != o.stops[i] {
			return false
		}
	}
	return true
}

// textTables makes rows of lines whose cells stand in the same columns as those
// of the line above or below. Words that were moved apart to fill a line do not.
func textTables(lines []textLine, raws []string) []textLine {
	var above textCells
	for i := range lines {
		c := cellsOf(raws[i])
		if c.sameColumns(above) && !markedLine(c) {
			lines[i-1].asRow(above)
			lines[i].asRow(c)
		}
		above = c
	}
	return lines
}

// markedLine says whether what stands in the first column is the mark of an
// item or the number of a title.
func markedLine(c textCells) bool {
	first := c.cells[0]
	return utf8.RuneCountInString(first) <= 2 || markerOnly(first)
}

func (l *textLine) asRow(c textCells) {
	l.row = true
	l.text = strings.Join(c.cells, policy.CellSeparator)
}
