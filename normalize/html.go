package normalize

import (
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"watcher/policy"
)

// html makes a document of an HTML page.
func (n *Normalizer) html(in Input) (policy.Document, error) {
	text, _, err := decode(in.Body, in.ContentType)
	if err != nil {
		return policy.Document{}, err
	}
	p, root, err := parsePage(text, n.readsMarkup())
	if err != nil {
		return n.flat(string(withoutNULs(text)), in, err), nil
	}
	base := baseURL(root, in.URL)
	doc := policy.Document{Title: pageTitle(root), Lang: pageLang(root)}

	drops := p.prune(hiddenRules())
	p.total = p.nodes[0].words
	full := p.units(base)
	doc.Full = fullText(full)

	chosen, matched := p.narrow(n, root)
	drops = append(drops, chosen...)
	if !matched {
		doc.Dropped = append(doc.Dropped, policy.Drop{Rule: ruleUnmatched, Path: "select", Excerpt: excerpt(selectors(n))})
	}
	doc.Dropped = append(doc.Dropped, p.report(drops)...)
	n.finish(&doc, p.units(base), full, in, false)
	return doc, nil
}

// readsMarkup says whether a selector may ask for what lean leaves out: for any
// attribute, or by a pseudo-class for the text of a script.
func (n *Normalizer) readsMarkup() bool {
	asks := func(s selection) bool { return strings.ContainsAny(s.text, "[:") }
	return slices.ContainsFunc(n.choose, asks) || slices.ContainsFunc(n.remove, asks)
}

// flat makes a document of a page that has no tree, and says why it has none.
func (n *Normalizer) flat(text string, in Input, why error) policy.Document {
	base, err := url.Parse(in.URL)
	if err != nil || in.URL == "" {
		base = nil
	}
	page := readFlat(text, base)
	doc := policy.Document{Title: page.title, Lang: page.lang, Full: fullText(page.full)}
	if len(n.choose) > 0 {
		doc.Dropped = append(doc.Dropped, policy.Drop{Rule: ruleUnmatched, Path: "select", Excerpt: excerpt(selectors(n))})
	}
	doc.Dropped = append(doc.Dropped, policy.Drop{Rule: ruleFlat, Path: "page", Excerpt: excerpt(why.Error())})
	n.finish(&doc, page.out, page.full, in, false)
	return doc
}

// ruleUnmatched tells that the configured selectors matched nothing, so that
// the automatic choice was used. Triage reads it.
const ruleUnmatched = "select_unmatched"

// narrow narrows the page to the policy: by the configured selectors, else by
// the pruning rules and the declared main content.
func (p *page) narrow(n *Normalizer, root *html.Node) (drops []dropped, matched bool) {
	matched = true
	if len(n.choose)+len(n.remove) > 0 {
		drops, matched = p.configured(root, n.choose, n.remove)
		if len(n.choose) > 0 && matched {
			return drops, true
		}
	}
	prose := p.nodes[0].prose
	auto := append(p.consentBoxes(), p.chatBoxes()...)
	auto = append(auto, p.prune(boilerplateRules())...)
	auto = append(auto, p.choose()...)
	p.mend(auto, prose)
	return append(drops, auto...), matched
}

func selectors(n *Normalizer) string {
	var s []string
	for _, sel := range n.choose {
		s = append(s, sel.text)
	}
	return strings.Join(s, ", ")
}

func pageTitle(root *html.Node) string {
	head := find(root, atom.Head)
	if head == nil {
		return ""
	}
	if t := find(head, atom.Title); t != nil && t.FirstChild != nil {
		if s := clean(t.FirstChild.Data); s != "" {
			return s
		}
	}
	for h := range head.Descendants() {
		if h.DataAtom == atom.Meta && attr(h, "property") == "og:title" {
			return clean(attr(h, "content"))
		}
	}
	return ""
}

// pageLang returns the primary subtag of the root element's language.
func pageLang(root *html.Node) string {
	h := find(root, atom.Html)
	if h == nil {
		return ""
	}
	lang := attr(h, "lang")
	if lang == "" {
		lang = attr(h, "xml:lang")
	}
	return primaryTag(lang)
}

func baseURL(root *html.Node, page string) *url.URL {
	base, err := url.Parse(page)
	if err != nil || page == "" {
		base = nil
	}
	if head := find(root, atom.Head); head != nil {
		if h := find(head, atom.Base); h != nil {
			if ref, err := url.Parse(strings.TrimSpace(attr(h, "href"))); err == nil {
				if base != nil {
					return base.ResolveReference(ref)
				}
				return ref
			}
		}
	}
	return base
}
