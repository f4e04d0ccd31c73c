package normalize

import (
	"fmt"

	"github.com/andybalholm/cascadia"
	"golang.org/x/net/html"

	"watcher/policy"
)

// selection is a compiled selector: the elements of a group, or a range.
type selection struct {
	text    string
	group   cascadia.SelectorGroup
	stretch *stretch
}

// stretch is a range of the page between two boundaries.
type stretch struct{ start, end boundary }

// boundary lies before or after the first element that a selector matches.
type boundary struct {
	group cascadia.SelectorGroup
	after bool
}

func compile(field string, selectors []policy.Selector) ([]selection, error) {
	var out []selection
	for _, s := range selectors {
		one, err := compileOne(s)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", field, err)
		}
		out = append(out, one)
	}
	return out, nil
}

func compileOne(s policy.Selector) (out selection, err error) {
	out.text = s.String()
	switch {
	case !s.IsRange():
		out.group, err = compileCSS(s.CSS)
		return out, err
	case s.CSS != "" || (s.StartBefore == "") == (s.StartAfter == "") || (s.EndBefore == "") == (s.EndAfter == ""):
		return out, fmt.Errorf("%s is no range (want start_before or start_after, and end_before or end_after)", out.text)
	}
	r := stretch{start: boundary{after: s.StartAfter != ""}, end: boundary{after: s.EndAfter != ""}}
	if r.start.group, err = compileCSS(s.StartBefore + s.StartAfter); err != nil {
		return out, err
	}
	if r.end.group, err = compileCSS(s.EndBefore + s.EndAfter); err != nil {
		return out, err
	}
	out.stretch = &r
	return out, nil
}

func compileCSS(s string) (cascadia.SelectorGroup, error) {
	group, err := cascadia.ParseGroup(s)
	if err != nil {
		return nil, fmt.Errorf("%q is not a CSS selector: %w (use forms such as \"main\", \"#policy\" or \"div.legal > section\")", s, err)
	}
	for _, sel := range group {
		if sel.PseudoElement() != "" {
			return nil, fmt.Errorf("%q selects a pseudo-element, which holds no text (leave out \"::%s\")", s, sel.PseudoElement())
		}
	}
	return group, nil
}

// index finds what selections mean on a page.
type index struct {
	page *page
	doc  *html.Node
	// byNode holds the indices of the page's nodes.
	byNode map[*html.Node]int32
	// order holds where each node of the document begins and ends, counted in
	// nodes; nil unless there is a range. The page's own nodes do not suffice:
	// a range may end at something that shows no text.
	order map[*html.Node][2]int
}

func (p *page) index(doc *html.Node, lists ...[]selection) *index {
	x := &index{page: p, doc: doc, byNode: make(map[*html.Node]int32, len(p.nodes))}
	for i := range p.nodes {
		x.byNode[p.nodes[i].h] = int32(i)
	}
	for _, list := range lists {
		for _, sel := range list {
			if sel.stretch != nil && x.order == nil {
				x.order = map[*html.Node][2]int{}
				x.number(doc, 0)
			}
		}
	}
	return x
}

// number numbers a subtree from at on and returns the number that follows. The
// parser bounds the depth, and with it the recursion.
func (x *index) number(h *html.Node, at int) int {
	next := at + 1
	for c := h.FirstChild; c != nil; c = c.NextSibling {
		next = x.number(c, next)
	}
	x.order[h] = [2]int{at, next}
	return next
}

// find returns the nodes that a selection selects, those of each of its
// selectors in document order.
func (x *index) find(sel selection) []int32 {
	if sel.stretch != nil {
		return x.within(*sel.stretch)
	}
	var out []int32
	for _, s := range sel.group {
		for _, h := range cascadia.QueryAll(x.doc, s) {
			if i, ok := x.byNode[h]; ok {
				out = append(out, i)
			}
		}
	}
	return out
}

// within returns the outermost nodes that lie in a range as a whole, as the
// DOM's ranges have it: an element that only reaches into the range is not part
// of it, what it has inside is.
func (x *index) within(s stretch) []int32 {
	start, ok := x.position(s.start)
	if !ok {
		return nil
	}
	end, ok := x.position(s.end)
	if !ok {
		return nil
	}
	var out []int32
	for i := int32(0); i < int32(len(x.page.nodes)); { //nolint:gosec // maxTags bounds the count
		if at := x.order[x.page.nodes[i].h]; at[0] >= start && at[1] <= end {
			out = append(out, i)
			i = x.page.nodes[i].end
			continue
		}
		i++
	}
	return out
}

func (x *index) position(b boundary) (int, bool) {
	h := cascadia.Query(x.doc, b.group)
	if h == nil {
		return 0, false
	}
	if b.after {
		return x.order[h][1], true
	}
	return x.order[h][0], true
}

// Unmatched returns those of the rules that select nothing on a page: Select
// ones that select no words, Remove ones that match no element. Where selectors mean nothing (PDF, plain text) it returns none.
// Its error is that of New.
func Unmatched(rules Rules, in Input) ([]policy.Selector, error) {
	n, err := New(rules)
	if err != nil {
		return nil, err
	}
	if media := Sniff(in.Body, in.ContentType, in.URL); media != mediaHTML {
		return nil, nil
	}
	text, _, err := decode(in.Body, in.ContentType)
	if err != nil {
		return nil, nil //nolint:nilerr // a body of no known encoding has no elements
	}
	p, doc, err := parsePage(text, true)
	if err != nil {
		return append(append([]policy.Selector(nil), rules.Select...), rules.Remove...), nil //nolint:nilerr // such a page is read without selectors
	}
	x := p.index(doc, n.choose, n.remove)
	var out []policy.Selector
	for i, sel := range n.choose {
		if !x.words(x.find(sel)) {
			out = append(out, rules.Select[i])
		}
	}
	for i, sel := range n.remove {
		if len(x.find(sel)) == 0 && (sel.stretch != nil || cascadia.Query(doc, sel.group) == nil) {
			out = append(out, rules.Remove[i])
		}
	}
	return out, nil
}

func (x *index) words(found []int32) bool {
	for _, i := range found {
		if x.page.nodes[i].words > 0 {
			return true
		}
	}
	return false
}
