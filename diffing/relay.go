package diffing

import (
	"slices"
	"strings"
)

// The bounds of the search for text that was laid out anew.
const (
	maxRelaid     = 40 // units that one unit became
	minRelaidWord = 4  // words that must be the same
)

// joints are words that come and go when a sentence becomes a list.
var joints = nameSet(`and or und oder et ou y o e en as well`)

// findRelaid pairs a unit with a run of units that holds its words and no
// others: a sentence that became a list, items that became a sentence, an item
// whose first words became a heading. Nobody wrote anything there.
func (m *matching) findRelaid() {
	m.relaid(true)
	m.relaid(false)
}

// relaid looks for one unit of side a (or, if not ofA, b) that is a run of units
// on the other side.
func (m *matching) relaid(ofA bool) {
	one, many, stateOne, stateMany, gapOne, gapMany := m.a, m.b, m.stateA, m.stateB, m.gapA, m.gapB
	if !ofA {
		one, many, stateOne, stateMany, gapOne, gapMany = m.b, m.a, m.stateB, m.stateA, m.gapB, m.gapA
	}
	first := map[string][]int{} // free units by their first word
	for j := range many.units {
		if stateMany[j] == free {
			w, _, _ := strings.Cut(many.units[j].key, " ")
			first[w] = append(first[w], j)
		}
	}
	for i := range one.units {
		if stateOne[i] != free {
			continue
		}
		words := strings.Fields(one.units[i].key)
		if len(words) < minRelaidWord {
			continue
		}
		for _, j := range first[words[0]] {
			if gapMany[j] != gapOne[i] || stateMany[j] != free {
				continue
			}
			run := sameWords(words, many, stateMany, j)
			if len(run) < 2 {
				continue
			}
			g := group{[]int{i}, run}
			if !ofA {
				g = group{run, []int{i}}
			}
			for _, a := range g.a {
				m.stateA[a] = paired
			}
			for _, b := range g.b {
				m.stateB[b] = paired
			}
			m.pairs = append(m.pairs, g)
			m.laid = append(m.laid, g)
			break
		}
	}
}

// sameWords returns the run of free units from j on whose words are these, but
// for joints between them; nil when there is none.
func sameWords(words []string, s *side, states []state, j int) []int {
	var run []int
	at := 0
	for ; j < len(s.units) && len(run) < maxRelaid && states[j] == free; j++ {
		for w := range strings.FieldsSeq(s.units[j].key) {
			for at < len(words) && words[at] != w && joints[words[at]] {
				at++
			}
			if at < len(words) && words[at] == w {
				at++
				continue
			}
			if !joints[w] {
				return nil
			}
		}
		run = append(run, j)
		if rest := words[at:]; !slices.ContainsFunc(rest, func(w string) bool { return !joints[w] }) {
			return run
		}
	}
	return nil
}

// isRelaid reports whether a pair is text that was laid out anew.
func (m *matching) isRelaid(g group) bool {
	return slices.ContainsFunc(m.laid, func(l group) bool { return slices.Equal(l.a, g.a) && slices.Equal(l.b, g.b) })
}
