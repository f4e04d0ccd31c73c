package history

import (
	"cmp"
	"slices"
)

// Span is a part of a text, in bytes: from the first to the one behind the last.
type Span struct{ From, To int }

// Marks returns where the words and phrases of the query stand in a text, in
// order and apart; nothing for a query that cannot be searched for.
func (q Query) Marks(text string) []Span {
	parsed, err := parseQuery(q.Text)
	if err != nil {
		return nil
	}
	folded, at := foldMapped(text)
	var spans []Span
	for _, t := range parsed.list {
		for i := t.findFrom(folded, 0); i >= 0; i = t.findFrom(folded, i+len(t.text)) {
			spans = append(spans, Span{at[i], at[i+len(t.text)]})
		}
	}
	slices.SortFunc(spans, func(a, b Span) int { return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To)) })
	return joined(spans)
}

// joined makes one of spans that touch.
func joined(spans []Span) []Span {
	var out []Span
	for _, s := range spans {
		if n := len(out); n > 0 && s.From <= out[n-1].To {
			out[n-1].To = max(out[n-1].To, s.To)
			continue
		}
		out = append(out, s)
	}
	return out
}
