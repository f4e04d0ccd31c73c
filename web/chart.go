package web

import (
	"fmt"
	"strings"
	"time"

	"watcher/policy"
)

// The chart of changes per month, in units of its picture.
const (
	chartMonths = 24
	chartColumn = 14
	chartBar    = 9
	chartHeight = 60
)

// chartView is the number of changes per month. The bars are for the eye, Rows
// the same as a table.
type chartView struct {
	Width, Height int
	Label         string
	Bars          []pathView
	Marks         []chartMark
	Rows          []chartRow
}

// chartMark is a word under the chart.
type chartMark struct {
	X    int
	Text string
}

// chartRow is a month that had changes.
type chartRow struct {
	Month                     string
	Material, Minor, Cosmetic int
}

// frequency draws the changes per month of the past two years. Nil when there is
// none.
func (c calendar) frequency(versions []policy.Version) *chartView {
	first := time.Date(c.now.In(c.zone).Year(), c.now.In(c.zone).Month(), 1, 0, 0, 0, 0, c.zone).AddDate(0, 1-chartMonths, 0)
	rows := make([]chartRow, chartMonths)
	total, most := 0, 0
	for _, v := range versions {
		seen := v.FirstSeenAt.In(c.zone)
		month := (seen.Year()-first.Year())*12 + int(seen.Month()-first.Month())
		if v.From == 0 || v.Kind == policy.VersionTechnical || month < 0 || month >= chartMonths {
			continue
		}
		row := &rows[month]
		switch v.Significance {
		case policy.Material:
			row.Material++
		case policy.Minor:
			row.Minor++
		case policy.Cosmetic, policy.None:
			row.Cosmetic++
		}
		total, most = total+1, max(most, row.Material+row.Minor+row.Cosmetic)
	}
	if total == 0 {
		return nil
	}
	view := &chartView{
		Width: chartMonths * chartColumn, Height: chartHeight,
		Label: fmt.Sprintf("%s in two years, at most %d in a month", count(total, "change"), most),
	}
	view.draw(rows, first, most)
	return view
}

func (v *chartView) draw(rows []chartRow, first time.Time, most int) {
	var bars [3]strings.Builder
	for i, row := range rows {
		month := first.AddDate(0, i, 0)
		if x := i * chartColumn; i == 0 || month.Month() == time.January {
			v.Marks = append(v.Marks, chartMark{x, month.Format("Jan 2006")})
		}
		low := chartHeight
		for k, n := range []int{row.Material, row.Minor, row.Cosmetic} {
			if n == 0 {
				continue
			}
			h := max(n*(chartHeight-4)/most, 1)
			fmt.Fprintf(&bars[k], "M%d %dh%dv-%dh-%dz", i*chartColumn+2, low, chartBar, h, chartBar)
			low -= h
		}
		if low < chartHeight {
			row.Month = month.Format("January 2006")
			v.Rows = append(v.Rows, row)
		}
	}
	for k, class := range []string{"material", "minor", "cosmetic"} {
		if bars[k].Len() > 0 {
			v.Bars = append(v.Bars, pathView{class, bars[k].String()})
		}
	}
}
