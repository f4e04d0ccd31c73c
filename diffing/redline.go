package diffing

import (
	"strings"

	"watcher/policy"
)

// hunk is a stretch of a redline in tokens: the tokens a0..a1 of the old text
// became b0..b1 of the new one. Equal hunks have the same tokens on both sides.
type hunk struct {
	a0, a1, b0, b1 int
	same           bool
}

// tokenText is a text with its tokens.
type tokenText struct {
	s    string
	toks []token
}

func newTokenText(s string) tokenText { return tokenText{s, tokenize(s)} }

func (t tokenText) tok(i int) string { return t.s[t.toks[i].start:t.toks[i].end] }

// edge is the offset of the white space before token i; behind the last one it
// is the end of the text.
func (t tokenText) edge(i int) int {
	switch {
	case i <= 0:
		return 0
	case i >= len(t.toks) && len(t.toks) == 0:
		return len(t.s)
	case i >= len(t.toks):
		return t.toks[len(t.toks)-1].end
	}
	return t.toks[i-1].end
}

// redline aligns the words of two texts.
type redline struct {
	old, new tokenText
	hunks    []hunk
}

func newRedline(old, new string) redline {
	r := redline{old: newTokenText(old), new: newTokenText(new)}
	ids := map[string]int{}
	r.hunks = r.raw(alignIDs(tokenIDs(ids, r.old), tokenIDs(ids, r.new)))
	r.hunks = r.merge(r.hunks, r.isGlue)
	r.hunks = r.merge(r.hunks, r.isCoincidence)
	return r
}

func tokenIDs(ids map[string]int, t tokenText) []int {
	out := make([]int, len(t.toks))
	for i := range t.toks {
		w := t.tok(i)
		id, ok := ids[w]
		if !ok {
			id = len(ids)
			ids[w] = id
		}
		out[i] = id
	}
	return out
}

// raw turns matches into alternating hunks.
func (r *redline) raw(ms []match) []hunk {
	var out []hunk
	a, b := 0, 0
	for k := 0; k < len(ms); {
		if ms[k].a > a || ms[k].b > b {
			out = append(out, hunk{a, ms[k].a, b, ms[k].b, false})
		}
		a, b = ms[k].a, ms[k].b
		start := hunk{a, a, b, b, true}
		for k < len(ms) && ms[k].a == start.a1 && ms[k].b == start.b1 {
			start.a1++
			start.b1++
			k++
		}
		out = append(out, start)
		a, b = start.a1, start.b1
	}
	if a < len(r.old.toks) || b < len(r.new.toks) {
		out = append(out, hunk{a, len(r.old.toks), b, len(r.new.toks), false})
	}
	return out
}

// merge joins the changes around every equal stretch that join names. A reader
// wants "12 to 24" → "6 to 12", not two edits around a "to".
func (r *redline) merge(hs []hunk, join func(left, mid, right hunk) bool) []hunk {
	var out []hunk
	for k := 0; k < len(hs); k++ {
		h := hs[k]
		if n := len(out); h.same && n > 0 && k+1 < len(hs) && join(out[n-1], h, hs[k+1]) {
			next := hs[k+1]
			out[n-1].a1, out[n-1].b1 = next.a1, next.b1
			k++
			continue
		}
		out = append(out, h)
	}
	return out
}

// maxGlue is how many stop words between two changes are swallowed by them.
const maxGlue = 2

// isGlue reports whether mid is nothing but a stop word or two, or punctuation.
func (r *redline) isGlue(_, mid, _ hunk) bool {
	words := 0
	for i := mid.a0; i < mid.a1; i++ {
		switch r.old.toks[i].kind {
		case tokPunct:
			continue
		case tokWord:
			if words++; words <= maxGlue && stopWords[fold(r.old.tok(i))] {
				continue
			}
			return false
		case tokNumber, tokDate, tokEmail, tokURL, tokSymbol:
			return false
		}
	}
	return mid.a1-mid.a0 <= 2*maxGlue
}

// isCoincidence reports whether mid is a short stretch between two
// replacements that are both longer: that it is equal is an accident of
// rewriting the sentence.
func (r *redline) isCoincidence(left, mid, right hunk) bool {
	n := mid.a1 - mid.a0
	replaces := func(h hunk) bool {
		return h.a1 > h.a0 && h.b1 > h.b0 && n <= max(h.a1-h.a0, h.b1-h.b0)
	}
	return n <= 3 && replaces(left) && replaces(right)
}

// spans returns the redline as it is shown: equal and deleted spans joined are
// the old text, equal and inserted ones the new text.
func (r *redline) spans() []policy.Span {
	var w spanWriter
	for _, h := range r.hunks {
		if !h.same {
			w.add(policy.SpanDelete, r.old.s[r.old.edge(h.a0):r.old.edge(h.a1)])
			w.add(policy.SpanInsert, r.new.s[r.new.edge(h.b0):r.new.edge(h.b1)])
			continue
		}
		for k := 0; h.a0+k < h.a1; k++ {
			r.equalToken(&w, h.a0+k, h.b0+k)
		}
	}
	w.add(policy.SpanDelete, r.old.s[r.old.edge(len(r.old.toks)):])
	w.add(policy.SpanInsert, r.new.s[r.new.edge(len(r.new.toks)):])
	return w.spans()
}

// equalToken writes a token with the white space before it, which may differ.
func (r *redline) equalToken(w *spanWriter, i, j int) {
	old, new := r.old.s[r.old.edge(i):r.old.toks[i].end], r.new.s[r.new.edge(j):r.new.toks[j].end]
	word := r.old.tok(i)
	if old != new {
		w.add(policy.SpanDelete, strings.TrimSuffix(old, word))
		w.add(policy.SpanInsert, strings.TrimSuffix(new, word))
		old = word
	}
	w.add(policy.SpanEqual, old)
}

// spanWriter collects spans; between two equal ones it keeps one deletion and
// one insertion, in this order.
type spanWriter struct {
	out      []policy.Span
	del, ins strings.Builder
	same     strings.Builder
}

func (w *spanWriter) add(op policy.SpanOp, text string) {
	if text == "" {
		return
	}
	switch op {
	case policy.SpanEqual:
		w.flushChange()
		w.same.WriteString(text)
	case policy.SpanDelete:
		w.flushSame()
		w.del.WriteString(text)
	case policy.SpanInsert:
		w.flushSame()
		w.ins.WriteString(text)
	}
}

// flushChange ends a change. White space that both sides of it begin with is
// no part of the change.
func (w *spanWriter) flushChange() {
	del, ins := w.del.String(), w.ins.String()
	if n := commonSpace(del, ins); n > 0 {
		w.same.WriteString(del[:n])
		if k := len(w.out); k > 0 && w.out[k-1].Op == policy.SpanEqual {
			w.out[k-1].Text += del[:n]
			w.same.Reset()
		}
		w.flushSame()
		w.del.Reset()
		w.ins.Reset()
		w.del.WriteString(del[n:])
		w.ins.WriteString(ins[n:])
	}
	w.put(policy.SpanDelete, &w.del)
	w.put(policy.SpanInsert, &w.ins)
}

func commonSpace(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] && (a[n] == ' ' || a[n] == '\n') {
		n++
	}
	return n
}

func (w *spanWriter) flushSame() { w.put(policy.SpanEqual, &w.same) }

func (w *spanWriter) put(op policy.SpanOp, b *strings.Builder) {
	if b.Len() > 0 {
		w.out = append(w.out, policy.Span{Op: op, Text: b.String()})
		b.Reset()
	}
}

func (w *spanWriter) spans() []policy.Span {
	w.flushSame()
	w.flushChange()
	return w.out
}

// changes returns the hunks that differ, for the rules that look at changed
// words only.
func (r *redline) changes() []hunk {
	var out []hunk
	for _, h := range r.hunks {
		if !h.same {
			out = append(out, h)
		}
	}
	return out
}

// stopWords join or fill; they carry no meaning that a redline must show apart.
var stopWords = nameSet(`
	a an the and or of to in on at by for with from as is are be our your their its this that
	der die das den dem des und oder von zu im in an auf mit für als ist sind ein eine einer
	le la les l' d' un une des du de et ou à au aux en par pour avec est sont
	el los las un una y o del al en por para con es son
	il lo gli i un uno una e di da in con su per è sono
	het een van en of te op bij voor met als zijn
`)
