package normalize

import (
	"slices"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// mainShare is the part of the words left after pruning, in percent, that the
// declared main content must hold to be chosen.
const mainShare = 60

// narrowShare is the part of the main content's words, in percent, that the
// articles in it must hold for the rest of it to be left out.
const narrowShare = 92

// choose narrows the page to its declared main content. It returns what it
// left out: everything else, by the rule "outside_main".
func (p *page) choose() []dropped {
	all := p.nodes[0].words
	mains := p.outermost(0, func(h *html.Node) bool { return h.DataAtom == atom.Main || attr(h, "role") == "main" })
	if p.sum(mains)*100 < all*mainShare || len(mains) == 0 {
		mains = p.outermost(0, func(h *html.Node) bool { return h.DataAtom == atom.Article || attr(h, "role") == "article" })
		if p.sum(mains)*100 < all*mainShare || len(mains) == 0 {
			return nil
		}
	} else if articles := p.outermost(mains[0], isArticle); len(mains) == 1 && len(articles) > 0 &&
		p.sum(articles)*100 >= p.sum(mains)*narrowShare {
		mains = articles
	}
	if title := p.title(mains); title >= 0 {
		mains = append(mains, title)
	}
	return p.keepOnly(mains, "outside_main")
}

func isArticle(h *html.Node) bool { return h.DataAtom == atom.Article || attr(h, "role") == "article" }

func (p *page) sum(roots []int32) int32 {
	var n int32
	for _, i := range roots {
		n += p.nodes[i].words
	}
	return n
}

// outermost returns the elements below root that fulfil the condition and do
// not lie in one another, in document order.
func (p *page) outermost(root int32, cond func(*html.Node) bool) []int32 {
	var out []int32
	for i := root + 1; i < p.nodes[root].end; {
		n := &p.nodes[i]
		switch {
		case n.dropped:
			i = n.end
		case n.h.Type == html.ElementNode && cond(n.h):
			out = append(out, i)
			i = n.end
		default:
			i++
		}
	}
	return out
}

// maxHero is how many words the container of a title outside the main content
// may have for all of it to be taken along.
const maxHero = 40

// title returns the container of the page's h1 when the h1 stands before the
// chosen content instead of in it, or -1.
func (p *page) title(mains []int32) int32 {
	isH1 := func(h *html.Node) bool { return h.DataAtom == atom.H1 }
	for _, m := range mains {
		if isH1(p.nodes[m].h) || len(p.outermost(m, isH1)) > 0 {
			return -1
		}
	}
	found := p.outermost(0, isH1)
	if len(found) == 0 || found[0] > mains[0] || p.nodes[found[0]].words > maxHero {
		return -1
	}
	i := found[0]
	for up := p.nodes[i].parent; up > 0 && p.nodes[up].end <= mains[0] && p.nodes[up].words <= maxHero; up = p.nodes[up].parent {
		i = up
	}
	return i
}

// keepOnly drops everything that neither lies in one of the roots nor above
// one.
func (p *page) keepOnly(roots []int32, name string) []dropped {
	keep := make(map[int32]bool, len(roots))
	above := map[int32]bool{}
	for _, r := range roots {
		keep[r] = true
		for a := p.nodes[r].parent; a >= 0 && !above[a]; a = p.nodes[a].parent {
			above[a] = true
		}
	}
	var out []dropped
	for i := int32(0); i < int32(len(p.nodes)); { //nolint:gosec // maxTags bounds the count
		n := &p.nodes[i]
		switch {
		case n.dropped, keep[i]:
			i = n.end
		case above[i]:
			i++
		default:
			out = append(out, dropped{name, i})
			p.drop(i)
			i = n.end
		}
	}
	return out
}

// configured applies the selectors of the policy. matched is false when Select
// is set and selects nothing.
func (p *page) configured(doc *html.Node, choose, remove []selection) (drops []dropped, matched bool) {
	x := p.index(doc, choose, remove)
	for _, sel := range remove {
		for _, i := range x.find(sel) {
			if !p.lies(i) {
				p.drop(i)
				drops = append(drops, dropped{"removed_by_selector", i})
			}
		}
	}
	var roots []int32
	for _, sel := range choose {
		for _, i := range x.find(sel) {
			if p.nodes[i].words > 0 && !p.lies(i) {
				roots = append(roots, i)
			}
		}
	}
	if len(roots) == 0 {
		return drops, len(choose) == 0
	}
	return append(drops, p.keepOnly(roots, "not_selected")...), true
}

// lies says whether a node lies in something that was dropped.
func (p *page) lies(i int32) bool {
	for ; i >= 0; i = p.nodes[i].parent {
		if p.nodes[i].dropped {
			return true
		}
	}
	return false
}

// keptShare is the part of the page's prose, in percent, below which pruning
// is distrusted.
const keptShare = 50

// mend takes back what pruning left out, last rule first, until the page has
// at least half of its prose again: an extraction must never lose most of a
// policy. Cookie banners and dialogs stay out.
func (p *page) mend(drops []dropped, prose int32) {
	for _, drop := range slices.Backward(drops) {
		if p.nodes[0].prose*100 >= prose*keptShare {
			return
		}
		d := drop
		if d.rule == "cookie_banner" || d.rule == "dialog" || p.nodes[d.i].prose == 0 {
			continue
		}
		p.restore(d.i)
	}
}
