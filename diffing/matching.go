package diffing

import (
	"cmp"
	"slices"
)

// state is what has become of a unit so far.
type state uint8

const (
	free   state = iota // no counterpart: added or removed, if it stays so
	equal               // same key, same place in the order
	moved               // same key, elsewhere
	paired              // similar: reworded, perhaps split, merged or moved too
)

// group is a set of units that one edit or one equality speaks of. Both sides
// are consecutive, except that a move may step over units with another fate.
type group struct{ a, b []int }

// matching is the state of the comparison of two sides.
type matching struct {
	a, b           *side
	stateA, stateB []state
	gapA, gapB     []int // number of equal units before
	equals         []match
	moves, pairs   []group
	laid           []group // of pairs: the same words, laid out anew
}

func newMatching(a, b *side) *matching {
	m := &matching{
		a: a, b: b,
		stateA: make([]state, len(a.units)), stateB: make([]state, len(b.units)),
		gapA: make([]int, len(a.units)), gapB: make([]int, len(b.units)),
	}
	ids := map[string]int{}
	m.equals = alignIDs(intern(ids, a.units), intern(ids, b.units))
	for _, e := range m.equals {
		m.stateA[e.a], m.stateB[e.b] = equal, equal
	}
	countGaps(m.gapA, m.stateA)
	countGaps(m.gapB, m.stateB)
	m.findMoves()
	m.settleHeadings()
	m.findRelaid()
	m.findRenames()
	m.pairSimilar()
	m.findRenames() // once more: now it is known which sentences were reworded
	m.absorb()
	return m
}

func intern(ids map[string]int, units []unit) []int {
	out := make([]int, len(units))
	for i := range units {
		k := units[i].key
		id, ok := ids[k]
		if !ok {
			id = len(ids)
			ids[k] = id
		}
		out[i] = id
	}
	return out
}

func countGaps(gaps []int, states []state) {
	n := 0
	for i, s := range states {
		gaps[i] = n
		if s == equal {
			n++
		}
	}
}

// findMoves matches the left-over units with equal keys and groups those that
// moved together.
func (m *matching) findMoves() {
	where := map[string][]int{}
	for j := range m.b.units {
		if m.stateB[j] == free {
			k := m.b.units[j].key
			where[k] = append(where[k], j)
		}
	}
	var found []match
	for i := range m.a.units {
		u := &m.a.units[i]
		js := where[u.key]
		if m.stateA[i] != free || len(js) == 0 {
			continue
		}
		best := m.closest(i, js)
		j := js[best]
		found = append(found, match{i, j})
		copy(js[1:best+1], js[:best])
		where[u.key] = js[1:]
		m.stateA[i], m.stateB[j] = moved, moved
	}
	for _, f := range found {
		if n := len(m.moves); n > 0 && m.movesAlong(m.moves[n-1], f) {
			g := &m.moves[n-1]
			g.a, g.b = append(g.a, f.a), append(g.b, f.b)
			continue
		}
		m.moves = append(m.moves, group{[]int{f.a}, []int{f.b}})
	}
}

// maxCrossing is how many sentences may have stepped over a heading for them to
// count as moved rather than the heading.
const maxCrossing = 12

// settleHeadings looks at headings that moved without their sections. What a
// reader sees there is that the text between left one section for the next: it
// is the text that moved.
func (m *matching) settleHeadings() {
	for k := 0; k < len(m.moves); k++ {
		g := m.moves[k]
		i, j := g.a[0], g.b[0]
		if len(g.a) != 1 || !m.a.units[i].heading {
			continue
		}
		cross := m.crossing(i, j)
		if len(cross.a) == 0 || len(cross.a) > maxCrossing || slices.ContainsFunc(cross.a, func(u int) bool { return m.a.units[u].heading }) {
			continue
		}
		m.equals = slices.DeleteFunc(m.equals, func(e match) bool { return slices.Contains(cross.a, e.a) })
		at, _ := slices.BinarySearchFunc(m.equals, i, func(e match, i int) int { return e.a - i })
		m.equals = slices.Insert(m.equals, at, match{i, j})
		m.moves[k] = cross
		m.stateA[i], m.stateB[j] = equal, equal
		for x := range cross.a {
			m.stateA[cross.a[x]], m.stateB[cross.b[x]] = moved, moved
		}
	}
	countGaps(m.gapA, m.stateA)
	countGaps(m.gapB, m.stateB)
}

// crossing returns the equal units that stood on one side of a heading and stand
// on the other now, if there are few of them.
func (m *matching) crossing(i, j int) group {
	var g group
	for _, e := range m.equals {
		if (e.a > i) != (e.b > j) {
			if g.a, g.b = append(g.a, e.a), append(g.b, e.b); len(g.a) > maxCrossing {
				break
			}
		}
	}
	return g
}

// maxSame bounds the search among copies of the same text.
const maxSame = 16

// closest picks, among equal units of side b, the one that stands where unit i
// would be expected: behind the counterpart of its predecessor, or in the
// section of the same name.
func (m *matching) closest(i int, js []int) int {
	for k, j := range js[:min(len(js), maxSame)] {
		if i > 0 && j > 0 && m.a.units[i-1].key == m.b.units[j-1].key {
			return k
		}
	}
	path := m.a.paths[m.a.units[i].section]
	for k, j := range js[:min(len(js), maxSame)] {
		if m.b.paths[m.b.units[j].section] == path {
			return k
		}
	}
	return 0
}

// movesAlong reports whether the next move f belongs to g: it follows directly
// on both sides, or in the same section with nothing unmoved between. A heading
// of the same or a higher level starts a move of its own.
func (m *matching) movesAlong(g group, f match) bool {
	lastA, lastB := g.a[len(g.a)-1], g.b[len(g.b)-1]
	if f.a <= lastA || f.b <= lastB {
		return false
	}
	first, next := &m.a.units[g.a[0]], &m.a.units[f.a]
	if next.heading && (!first.heading || next.level <= first.level) {
		return false
	}
	if f.a == lastA+1 && f.b == lastB+1 {
		return true
	}
	return m.a.units[lastA].section == next.section &&
		m.b.units[lastB].section == m.b.units[f.b].section &&
		m.gapA[lastA] == m.gapA[f.a] && m.gapB[lastB] == m.gapB[f.b]
}

// findRenames pairs a left-over heading with the left-over heading of the
// section that holds most of the same text: however differently it is worded,
// it is the same section under a new name.
func (m *matching) findRenames() {
	shared := map[match]int{}
	count := func(i, j int) {
		shared[match{m.a.units[i].section, m.b.units[j].section}]++
	}
	for _, e := range m.equals {
		count(e.a, e.b)
	}
	for _, g := range m.moves {
		for k := range g.a {
			count(g.a[k], g.b[k])
		}
	}
	for _, g := range m.pairs {
		if !m.a.units[g.a[0]].heading {
			count(g.a[0], g.b[0])
		}
	}
	headA, sizeA := freeHeadings(m.a, m.stateA)
	headB, sizeB := freeHeadings(m.b, m.stateB)
	var cand []match
	for s, n := range shared {
		_, okA := headA[s.a]
		_, okB := headB[s.b]
		if okA && okB && 2*n >= min(sizeA[s.a], sizeB[s.b]) {
			cand = append(cand, s)
		}
	}
	slices.SortFunc(cand, func(x, y match) int {
		return cmp.Or(shared[y]-shared[x], x.a-y.a, x.b-y.b)
	})
	for _, s := range cand {
		i, j := headA[s.a], headB[s.b]
		if m.stateA[i] == free && m.stateB[j] == free {
			m.stateA[i], m.stateB[j] = paired, paired
			m.pairs = append(m.pairs, group{[]int{i}, []int{j}})
		}
	}
}

// freeHeadings returns by section the unit of its heading, if it is left over,
// and the number of its other units.
func freeHeadings(s *side, states []state) (heads, sizes map[int]int) {
	heads, sizes = map[int]int{}, map[int]int{}
	for i := range s.units {
		u := &s.units[i]
		switch {
		case !u.heading:
			sizes[u.section]++
		case states[i] == free:
			heads[u.section] = i
		}
	}
	return heads, sizes
}
