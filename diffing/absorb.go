package diffing

import (
	"slices"
	"strings"
)

// How much a pair must gain by taking in a left-over neighbour, how similar it
// must be then, and how much of the neighbour the other side must contain, for
// it to count as a sentence split in two or two sentences merged. High, because
// a wrong guess shows an addition as a rewording.
const (
	absorbGain      = 0.02
	absorbThreshold = 0.75
	absorbContained = 0.70
	maxAbsorbed     = 4 // units on one side of a pair
)

// absorb extends pairs by left-over neighbours in the same section where that
// makes both sides much more alike: sentences that were split or merged.
func (m *matching) absorb() {
	table := gramTable{}
	for k := range m.pairs {
		g := &m.pairs[k]
		if m.a.units[g.a[0]].heading {
			continue
		}
		for m.absorbOne(table, g) {
			continue
		}
	}
}

// absorbOne takes in the best neighbour and reports whether there was one.
func (m *matching) absorbOne(table gramTable, g *group) bool {
	best := *g
	base := -1.0
	bestScore := 0.0
	var oldGrams, newGrams grams
	try := func(ext group) {
		if base < 0 {
			oldGrams, newGrams = table.of(joinUnits(m.a, g.a)), table.of(joinUnits(m.b, g.b))
			base = dice(oldGrams, newGrams)
			bestScore = max(base+absorbGain, absorbThreshold)
		}
		if contained(table.of(newcomer(m.a, g.a, ext.a)), newGrams) < absorbContained ||
			contained(table.of(newcomer(m.b, g.b, ext.b)), oldGrams) < absorbContained {
			return
		}
		if s := dice(table.of(joinUnits(m.a, ext.a)), table.of(joinUnits(m.b, ext.b))); s >= bestScore {
			best, bestScore = ext, s
		}
	}
	if len(g.b) == 1 {
		for _, a := range extensions(m.a, m.stateA, g.a) {
			try(group{a, g.b})
		}
	}
	if len(g.a) == 1 {
		for _, b := range extensions(m.b, m.stateB, g.b) {
			try(group{g.a, b})
		}
	}
	if len(best.a) == len(g.a) && len(best.b) == len(g.b) {
		return false
	}
	*g = best
	for _, i := range g.a {
		m.stateA[i] = paired
	}
	for _, j := range g.b {
		m.stateB[j] = paired
	}
	return true
}

// newcomer returns the text of the unit that ext has and run has not, or "".
func newcomer(s *side, run, ext []int) string {
	switch {
	case len(ext) == len(run):
		return ""
	case ext[0] != run[0]:
		return s.units[ext[0]].text
	}
	return s.units[ext[len(ext)-1]].text
}

// contained is the share of the grams of part that whole has; of nothing, all.
func contained(part, whole grams) float64 {
	if len(part) == 0 {
		return 1
	}
	n := 0
	for _, g := range part {
		if _, ok := slices.BinarySearch(whole, g); ok {
			n++
		}
	}
	return float64(n) / float64(len(part))
}

// extensions returns run with the left-over unit before or behind it.
func extensions(s *side, states []state, run []int) [][]int {
	if len(run) >= maxAbsorbed {
		return nil
	}
	var out [][]int
	first, last := run[0], run[len(run)-1]
	if i := first - 1; s.joinable(states, i, first) {
		out = append(out, append([]int{i}, run...))
	}
	if i := last + 1; s.joinable(states, i, last) {
		out = append(out, append(append([]int{}, run...), i))
	}
	return out
}

func (s *side) joinable(states []state, i, to int) bool {
	return i >= 0 && i < len(s.units) && states[i] == free && !s.units[i].heading &&
		s.units[i].section == s.units[to].section && s.units[i].kind == s.units[to].kind
}

// joinUnits returns the text of units: sentences of one block by a space,
// blocks by a newline.
func joinUnits(s *side, run []int) string {
	var b strings.Builder
	for k, i := range run {
		u := &s.units[i]
		if k > 0 {
			sep := byte('\n')
			if !u.heading && u.block == s.units[run[k-1]].block {
				sep = ' '
			}
			b.WriteByte(sep)
		}
		b.WriteString(u.text)
	}
	return b.String()
}
