package diffing

import (
	"slices"
	"sort"
	"unicode/utf8"

	"github.com/sergi/go-diff/diffmatchpatch"
)

// maxMyers bounds the two sequences handed to sergi/go-diff together: its time
// grows with the product of length and difference, 3000 near-disjoint runes
// take some 20 ms.
const maxMyers = 3000

// maxAnchorDepth bounds how often the gaps between anchors are cut again.
const maxAnchorDepth = 8

// match is a pair of positions with equal ids.
type match struct{ a, b int }

// alignIDs returns matches of equal ids, growing on both sides. Short inputs
// are aligned by the Myers algorithm; long ones are first cut at ids that occur
// once on each side (patience diff), so that the work stays near linear.
func alignIDs(a, b []int) []match {
	var out []match
	alignInto(&out, a, b, 0, 0, 0)
	return out
}

func alignInto(out *[]match, a, b []int, offA, offB, depth int) {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		*out = append(*out, match{offA + n, offB + n})
		n++
	}
	a, b, offA, offB = a[n:], b[n:], offA+n, offB+n
	tail := 0
	for tail < len(a) && tail < len(b) && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	endA, endB := offA+len(a)-tail, offB+len(b)-tail
	alignMiddle(out, a[:len(a)-tail], b[:len(b)-tail], offA, offB, depth)
	for k := range tail {
		*out = append(*out, match{endA + k, endB + k})
	}
}

func alignMiddle(out *[]match, a, b []int, offA, offB, depth int) {
	// Ids of one side only cannot match: without them the rest is short and
	// Myers fast (GNU diff calls them confusing lines).
	posA, posB := common(a, b)
	if len(posA) == 0 {
		return
	}
	if len(posA)+len(posB) <= maxMyers {
		for _, m := range myers(pick(a, posA), pick(b, posB)) {
			*out = append(*out, match{offA + posA[m.a], offB + posB[m.b]})
		}
		return
	}
	if depth == maxAnchorDepth {
		return
	}
	prevA, prevB := 0, 0
	anchors := uniqueAnchors(a, b)
	for _, m := range anchors {
		alignInto(out, a[prevA:m.a], b[prevB:m.b], offA+prevA, offB+prevB, depth+1)
		*out = append(*out, match{offA + m.a, offB + m.b})
		prevA, prevB = m.a+1, m.b+1
	}
	if len(anchors) > 0 { // else too long and nothing to hold on to: left to the search for moves
		alignInto(out, a[prevA:], b[prevB:], offA+prevA, offB+prevB, depth+1)
	}
}

func pick(ids, pos []int) []int {
	out := make([]int, len(pos))
	for i, p := range pos {
		out[i] = ids[p]
	}
	return out
}

// common returns the positions of the ids that occur on both sides.
func common(a, b []int) (posA, posB []int) {
	inA, inB := make(map[int]bool, len(a)), make(map[int]bool, len(b))
	for _, id := range a {
		inA[id] = true
	}
	for i, id := range b {
		inB[id] = true
		if inA[id] {
			posB = append(posB, i)
		}
	}
	for i, id := range a {
		if inB[id] {
			posA = append(posA, i)
		}
	}
	return posA, posB
}

// myers aligns two sequences with sergi/go-diff, one rune per id. The timeout
// is off because it is wall clock: the result would depend on the machine's
// load.
func myers(a, b []int) []match {
	runes := map[int]rune{}
	ra, rb := toRunes(runes, a), toRunes(runes, b)
	dmp := diffmatchpatch.New()
	dmp.DiffTimeout = 0
	var out []match
	i, j := 0, 0
	for _, d := range dmp.DiffMainRunes(ra, rb, false) {
		n := utf8.RuneCountInString(d.Text)
		switch d.Type {
		case diffmatchpatch.DiffEqual:
			for k := range n {
				out = append(out, match{i + k, j + k})
			}
			i, j = i+n, j+n
		case diffmatchpatch.DiffDelete:
			i += n
		case diffmatchpatch.DiffInsert:
			j += n
		}
	}
	return out
}

// toRunes gives every id a rune of its own. Surrogates are skipped: go-diff
// passes runes through strings, which cannot hold them.
func toRunes(runes map[int]rune, ids []int) []rune {
	out := make([]rune, len(ids))
	for i, id := range ids {
		r, ok := runes[id]
		if !ok {
			if r = rune(len(runes) + 1); r >= 0xD800 { //nolint:gosec // far fewer units than runes
				r += 0x0800
			}
			runes[id] = r
		}
		out[i] = r
	}
	return out
}

// uniqueAnchors returns the longest growing run of ids that occur exactly once
// on each side.
func uniqueAnchors(a, b []int) []match {
	countA, countB, whereB := map[int]int{}, map[int]int{}, map[int]int{}
	for _, id := range a {
		countA[id]++
	}
	for j, id := range b {
		countB[id]++
		whereB[id] = j
	}
	var cand []match
	for i, id := range a {
		if countA[id] == 1 && countB[id] == 1 {
			cand = append(cand, match{i, whereB[id]})
		}
	}
	return longestGrowing(cand)
}

// longestGrowing returns the longest subsequence of ms, which grow in a, that
// grows in b too (patience sorting).
func longestGrowing(ms []match) []match {
	var tops []int // index into ms of the smallest last b of each length
	prev := make([]int, len(ms))
	for i, m := range ms {
		k := sort.Search(len(tops), func(k int) bool { return ms[tops[k]].b >= m.b })
		prev[i] = -1
		if k > 0 {
			prev[i] = tops[k-1]
		}
		if k == len(tops) {
			tops = append(tops, i)
		} else {
			tops[k] = i
		}
	}
	var out []match
	if len(tops) > 0 {
		for i := tops[len(tops)-1]; i >= 0; i = prev[i] {
			out = append(out, ms[i])
		}
	}
	slices.Reverse(out)
	return out
}
