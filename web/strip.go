package web

import (
	"fmt"
	"strings"
	"time"

	"watcher/policy"
)

// stripDays is how far back a strip reaches; one unit of its width is a day.
const stripDays = 365

// stripView is a year of a policy as a small picture. Label says in words what
// it shows, Paths draw it.
type stripView struct {
	Label string
	Paths []pathView
}

// pathView is a line of a picture; its class gives it colour and weight.
type pathView struct{ Class, D string }

// yearAgo is the first instant of a strip.
func (c calendar) yearAgo() time.Time { return c.now.AddDate(0, 0, -stripDays) }

// day returns where an instant lies on a strip, in days from its start.
func (c calendar) day(t time.Time) int {
	return min(max(int(t.Sub(c.yearAgo())/(24*time.Hour)), 0), stripDays)
}

// yearStrip draws what the state and the changes say of the past year: since
// when the policy is watched, since when it is not confirmed, and its changes.
func (c calendar) yearStrip(st policy.State, changes []mark) stripView {
	var v stripView
	var words []string
	if !st.LastSuccess.IsZero() {
		from := st.Added
		if from.IsZero() || from.Before(c.yearAgo()) {
			from = c.yearAgo()
		}
		v.Paths = append(v.Paths, pathView{"on", fmt.Sprintf("M%d 8H%d", c.day(from), c.day(st.LastSuccess))})
		words = append(words, "last confirmed "+c.at(st.LastSuccess).Local)
	}
	if since := earliest(st.FailingSince, st.QuarantinedSince); !since.IsZero() {
		v.Paths = append(v.Paths, pathView{"off", fmt.Sprintf("M%d 8H%d", c.day(since), stripDays)})
		words = append(words, "not confirmed since "+c.at(since).Local)
	}
	marks, n := c.changeMarks(changes)
	v.Paths = append(v.Paths, marks...)
	words = append([]string{count(n, "change") + " in the past year"}, words...)
	v.Label = strings.Join(words, ", ")
	return v
}

// changeMarks draws one line per change, taller for what weighs more.
func (c calendar) changeMarks(changes []mark) ([]pathView, int) {
	marks := map[policy.Significance]*strings.Builder{}
	n := 0
	for _, change := range changes {
		if change.seen.Before(c.yearAgo()) {
			continue
		}
		n++
		b := marks[change.grade]
		if b == nil {
			b = &strings.Builder{}
			marks[change.grade] = b
		}
		top := 5
		if change.grade == policy.Material {
			top = 1
		}
		fmt.Fprintf(b, "M%d %dV%d", c.day(change.seen), top, 16-top)
	}
	var paths []pathView
	for _, grade := range policy.Significances() {
		if b := marks[grade]; b != nil {
			paths = append(paths, pathView{string(grade), b.String()})
		}
	}
	return paths, n
}

func earliest(times ...time.Time) time.Time {
	var first time.Time
	for _, t := range times {
		if !t.IsZero() && (first.IsZero() || t.Before(first)) {
			first = t
		}
	}
	return first
}

// steady is the longest pause between two checks of a run that leaves no day out
// for which one could be missing.
const steady = 36 * time.Hour

// coverageStrip draws which days of the past year had a check that saw the
// policy, and which had checks that did not. Of a run with longer pauses only the
// first and the last day are certain.
func (c calendar) coverageStrip(ledger []policy.Run) stripView {
	var seen, missed [stripDays + 1]bool
	for _, run := range ledger {
		if run.Last.Before(c.yearAgo()) {
			continue
		}
		days := &missed
		if run.Outcome.Good() || run.Outcome == policy.OutcomeUnconfirmed {
			days = &seen
		}
		first, last := c.day(run.First), c.day(run.Last)
		days[last] = true
		if !run.First.Before(c.yearAgo()) {
			days[first] = true
		}
		for d := first; d < last && run.LongestGap <= steady; d++ {
			days[d] = true
		}
	}
	good, bad := 0, 0
	for d := range missed {
		missed[d] = missed[d] && !seen[d]
		if seen[d] {
			good++
		}
		if missed[d] {
			bad++
		}
	}
	v := stripView{Label: fmt.Sprintf("seen on %s, looked for in vain on %s of the past year", count(good, "day"), count(bad, "day"))}
	if good > 0 {
		v.Paths = append(v.Paths, pathView{"on", runs(seen[:])})
	}
	if bad > 0 {
		v.Paths = append(v.Paths, pathView{"off", runs(missed[:])})
	}
	return v
}

// runs draws the days that are set, neighbours as one line.
func runs(days []bool) string {
	var b strings.Builder
	for d := 0; d < len(days); d++ {
		if !days[d] {
			continue
		}
		from := d
		for d+1 < len(days) && days[d+1] {
			d++
		}
		fmt.Fprintf(&b, "M%d 8H%d", from, d+1)
	}
	return b.String()
}
