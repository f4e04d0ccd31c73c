package web

import (
	"fmt"
	"maps"
	"net/url"

	"watcher/policy"
)

// reading is how the edits of a change are laid out; it lives in the URL.
type reading struct{ side, text bool }

func parseReading(q url.Values) reading {
	return reading{side: q.Get("view") == "side", text: q.Get("order") == "text"}
}

// query returns the query of a layout, after what the page's address has already.
func (l reading) query(base url.Values) string {
	q := url.Values{}
	maps.Copy(q, base)
	if l.side {
		q.Set("view", "side")
	}
	if l.text {
		q.Set("order", "text")
	}
	if len(q) == 0 {
		return ""
	}
	return "?" + q.Encode()
}

// layouts are the links between the layouts of one change at path.
func (l reading) layouts(path string, base url.Values) (order, view []filter) {
	link := func(word string, to reading) filter {
		return filter{Word: word, URL: path + to.query(base), Chosen: to == l}
	}
	order = []filter{link("What matters most first", reading{side: l.side}), link("In the order of the text", reading{side: l.side, text: true})}
	view = []filter{link("One text", reading{text: l.text}), link("Side by side", reading{side: true, text: l.text})}
	return order, view
}

// arrange groups edits as the layout wants. fromText is the address of the page
// in the order of the text, where the place that a moved text left has a mark.
func (l reading) arrange(edits []policy.Edit, fromText string) []editGroup {
	groups := groupEdits(edits)
	if l.text {
		groups, fromText = groupBySection(edits), ""
	}
	for i := range groups {
		for j := range groups[i].Edits {
			e := &groups[i].Edits[j]
			e.Side = l.side && !e.Stub
			if e.FromSection != "" && e.moved {
				e.FromURL = fromText + "#from-" + e.Anchor
			}
		}
	}
	return groups
}

// groupBySection keeps the order of the edits and starts a group with every new
// section. A moved text leaves a mark in the section that it left.
func groupBySection(edits []policy.Edit) []editGroup {
	var groups []editGroup
	index := map[string]int{}
	group := func(section string) *editGroup {
		if i, ok := index[section]; ok {
			return &groups[i]
		}
		index[section] = len(groups)
		groups = append(groups, editGroup{ID: fmt.Sprintf("section-%d", len(groups)+1), Heading: headingOf(section)})
		return &groups[len(groups)-1]
	}
	for n, e := range edits {
		view := viewEdit(e, n)
		g := group(e.Section)
		g.Edits = append(g.Edits, view)
		if view.moved && view.FromSection != "" {
			g = group(e.FromSection)
			g.Edits = append(g.Edits, editView{
				Anchor: "from-" + view.Anchor, Op: "Moved away", OpClass: "moved", Section: view.FromSection, Stub: true,
				GoesTo: "#" + view.Anchor, GoesToSection: headingOf(e.Section), Spans: []spanView{{Text: e.Old, Del: true}},
			})
		}
	}
	for i := range groups {
		groups[i].Count = count(len(groups[i].Edits), "edit")
	}
	return groups
}

func headingOf(section string) string {
	if section == "" {
		return "Before the first heading"
	}
	return section
}

// Old and New are the two sides of an edit: what stood there, with what is gone
// marked, and what stands there now.
func (e editView) Old() []spanView { return without(e.Spans, func(s spanView) bool { return s.Ins }) }

// New is the other side of Old.
func (e editView) New() []spanView { return without(e.Spans, func(s spanView) bool { return s.Del }) }

func without(spans []spanView, drop func(spanView) bool) []spanView {
	var kept []spanView
	for _, s := range spans {
		if s.Gap = false; !drop(s) {
			kept = append(kept, s)
		}
	}
	return kept
}
