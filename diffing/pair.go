package diffing

import (
	"cmp"
	"slices"
)

// The thresholds and bonuses of pairing, measured on synthetic edits of 205
// real policies: lower ones call replacements rewordings, higher ones tear
// rewordings apart.
const (
	localThreshold  = 0.35 // within the same gap between equal units
	globalThreshold = 0.60 // across the document
	gapBonus        = 0.15
	sectionBonus    = 0.05
)

// The bounds that keep pairing near linear. They count work, not time.
const (
	maxPostings   = 64      // a gram with more units tells nothing
	maxCandidates = 24      // units scored exactly for one unit
	maxGapPairs   = 256     // pairs scored exactly within one gap
	maxIndexWork  = 8 << 20 // postings read in all
)

// grams is the sorted set of the words and word pairs of a unit. Dates,
// numbers, addresses are in it twice, as themselves and by kind, so that a line
// whose only content changed is still the same line.
type grams []uint64

// gramTable numbers the words of both sides.
type gramTable map[string]uint64

func (t gramTable) id(word string) uint64 {
	id, ok := t[word]
	if !ok {
		id = uint64(len(t)) + 1
		t[word] = id
	}
	return id
}

func (t gramTable) of(text string) grams {
	toks := tokenize(text)
	out := make(grams, 0, 2*len(toks))
	var last uint64
	for _, tok := range toks {
		if tok.kind == tokPunct || tok.kind == tokSymbol {
			continue
		}
		id := t.id(fold(text[tok.start:tok.end]))
		out = append(out, id)
		if class := gramClass(tok.kind); class != "" {
			id = t.id(class)
			out = append(out, id)
		}
		if last != 0 {
			out = append(out, last<<32|id)
		}
		last = id
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// gramClass stands for all tokens of a kind; the spaces keep it apart from
// words.
func gramClass(k tokenKind) string {
	switch k {
	case tokDate:
		return " date "
	case tokEmail:
		return " e-mail "
	case tokURL:
		return " url "
	case tokWord, tokNumber, tokSymbol, tokPunct:
	}
	return ""
}

// dice is twice the share of common grams: 1 for equal sets, 0 for disjoint.
func dice(a, b grams) float64 {
	if len(a)+len(b) == 0 {
		return 0
	}
	n, i, j := 0, 0, 0
	for i < len(a) && j < len(b) {
		switch {
		case a[i] < b[j]:
			i++
		case a[i] > b[j]:
			j++
		default:
			n, i, j = n+1, i+1, j+1
		}
	}
	return 2 * float64(n) / float64(len(a)+len(b))
}

type candidate struct {
	a, b  int
	score float64 // similarity with bonuses
}

// pairer finds for left-over units of one side similar ones of the other.
type pairer struct {
	m            *matching
	table        gramTable
	freeA, freeB []int
	gramsA       map[int]grams
	gramsB       map[int]grams
	out          []candidate
}

// pairSimilar pairs left-over units, the most similar first.
func (m *matching) pairSimilar() {
	p := newPairer(m)
	p.scoreGaps()
	p.scoreIndex()
	slices.SortFunc(p.out, func(x, y candidate) int {
		return cmp.Or(cmp.Compare(y.score, x.score), x.a-y.a, x.b-y.b)
	})
	for _, c := range p.out {
		if m.stateA[c.a] == free && m.stateB[c.b] == free {
			m.stateA[c.a], m.stateB[c.b] = paired, paired
			m.pairs = append(m.pairs, group{[]int{c.a}, []int{c.b}})
		}
	}
}

func newPairer(m *matching) *pairer {
	p := &pairer{m: m, table: gramTable{}, gramsA: map[int]grams{}, gramsB: map[int]grams{}}
	p.freeA, p.freeB = freeUnits(m.stateA), freeUnits(m.stateB)
	if len(p.freeA) == 0 || len(p.freeB) == 0 {
		return p
	}
	for _, i := range p.freeA {
		p.gramsA[i] = p.table.of(m.a.units[i].text)
	}
	for _, j := range p.freeB {
		p.gramsB[j] = p.table.of(m.b.units[j].text)
	}
	return p
}

func freeUnits(states []state) []int {
	var out []int
	for i, s := range states {
		if s == free {
			out = append(out, i)
		}
	}
	return out
}

// scoreGaps scores all pairs inside small gaps: there even units that share
// nothing but common words are likely the same.
func (p *pairer) scoreGaps() {
	j := 0
	for i := 0; i < len(p.freeA); {
		gap := p.m.gapA[p.freeA[i]]
		endA := i
		for endA < len(p.freeA) && p.m.gapA[p.freeA[endA]] == gap {
			endA++
		}
		for j < len(p.freeB) && p.m.gapB[p.freeB[j]] < gap {
			j++
		}
		endB := j
		for endB < len(p.freeB) && p.m.gapB[p.freeB[endB]] == gap {
			endB++
		}
		if (endA-i)*(endB-j) <= maxGapPairs {
			for _, x := range p.freeA[i:endA] {
				for _, y := range p.freeB[j:endB] {
					p.score(x, y)
				}
			}
		}
		i, j = endA, endB
	}
}

// scoreIndex scores the units that share rare grams, wherever they stand.
func (p *pairer) scoreIndex() {
	postings := map[uint64][]int32{}
	for k, j := range p.freeB {
		for _, g := range p.gramsB[j] {
			if l := postings[g]; len(l) <= maxPostings {
				postings[g] = append(l, int32(k))
			}
		}
	}
	shared := make([]int, len(p.freeB))
	work := 0
	for _, i := range p.freeA {
		var touched []int
		for _, g := range p.gramsA[i] {
			l := postings[g]
			if len(l) > maxPostings {
				continue
			}
			work += len(l)
			for _, k := range l {
				if shared[k] == 0 {
					touched = append(touched, int(k))
				}
				shared[k]++
			}
		}
		p.scoreBest(i, touched, shared)
		for _, k := range touched {
			shared[k] = 0
		}
		if work > maxIndexWork {
			return
		}
	}
}

func (p *pairer) scoreBest(i int, touched, shared []int) {
	if len(touched) > maxCandidates {
		slices.SortFunc(touched, func(x, y int) int { return cmp.Or(shared[y]-shared[x], x-y) })
		touched = touched[:maxCandidates]
	}
	for _, k := range touched {
		p.score(i, p.freeB[k])
	}
}

// score adds the pair to the candidates if it is similar enough.
func (p *pairer) score(i, j int) {
	u, v := &p.m.a.units[i], &p.m.b.units[j]
	if u.heading != v.heading {
		return
	}
	similarity := dice(p.gramsA[i], p.gramsB[j])
	c := candidate{a: i, b: j, score: similarity}
	threshold := globalThreshold
	if p.m.gapA[i] == p.m.gapB[j] {
		threshold = localThreshold
		c.score += gapBonus
	}
	if similarity < threshold {
		return
	}
	if p.m.a.paths[u.section] == p.m.b.paths[v.section] {
		c.score += sectionBonus
	}
	p.out = append(p.out, c)
}
