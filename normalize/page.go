package normalize

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// maxTags bounds the tags of a page that is parsed into a tree: pages with more
// are read flat. Real policies stay below 50,000; a tree of 200,000 paragraphs
// takes about half a second.
const maxTags = 250_000

// node is an element or text of the page with what pruning wants to know of
// its subtree. Nodes lie in document order in one slice: the subtree of node i
// is the range from i to its end.
type node struct {
	h           *html.Node
	parent, end int32
	// words counts all words below, linkWords those in links, prose those in
	// runs of text that are long enough to be sentences.
	words, linkWords, prose int32
	// links counts links below, anchors those that lead into the page itself.
	links, anchors int32
	traits         trait
	// from and to are the page's units that a block was read into; whole is set
	// as long as that is so.
	from, to int32
	whole    bool
	inMain   bool
	inLink   bool
	dropped  bool
}

// page is a parsed page.
type page struct {
	nodes []node
	// total is the number of words on the page when pruning begins; the shares
	// of the safety valves refer to it.
	total   int32
	lexicon *lexicon
	// styles remembers the inline styles of its elements.
	styles map[string]inlineStyle
	// read are the units of the page before pruning.
	read []unit
}

// unrendered elements never show text of their own.
func unrendered(a atom.Atom) bool {
	switch a {
	case atom.Script, atom.Style, atom.Noscript, atom.Template, atom.Head, atom.Iframe, atom.Object, atom.Embed,
		atom.Svg, atom.Math, atom.Canvas, atom.Audio, atom.Video, atom.Textarea, atom.Select, atom.Datalist,
		atom.Noframes, atom.Noembed, atom.Progress, atom.Meter, atom.Input, atom.Map, atom.Area:
		return true
	}
	return false
}

// errTree is why a page has no tree.
var errTree = errors.New("too much markup for a tree")

// parsePage parses HTML and measures its body; the tree is lean unless the whole
// is wanted. The error wraps errTree when the page has too many tags
// or is nested too deeply for the parser.
func parsePage(text []byte, whole bool) (*page, *html.Node, error) {
	text = withoutNULs(text)
	tags := bytes.Count(text, []byte("<"))
	if tags > maxTags {
		return nil, nil, fmt.Errorf("%w: %d tags, at most %d", errTree, tags, maxTags)
	}
	var r io.Reader = bytes.NewReader(text)
	if !whole {
		r = lean(text)
	}
	doc, err := html.Parse(r)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", errTree, err)
	}
	p := &page{nodes: make([]node, 0, tags+16), lexicon: newLexicon(), styles: map[string]inlineStyle{}}
	body := find(doc, atom.Body)
	if body == nil {
		body = find(doc, atom.Frameset)
	}
	if body == nil {
		body = doc
	}
	p.add(body, -1)
	p.total = p.nodes[0].words
	return p, doc, nil
}

func withoutNULs(text []byte) []byte {
	if bytes.IndexByte(text, 0) < 0 {
		return text
	}
	return bytes.ReplaceAll(text, []byte{0}, nil)
}

// add appends a subtree and returns its index. The parser bounds the depth to
// 512 open elements, and with it the recursion.
func (p *page) add(h *html.Node, parent int32) int32 {
	i := int32(len(p.nodes)) //nolint:gosec // maxTags bounds the count
	p.nodes = append(p.nodes, node{h: h, parent: parent})
	if parent >= 0 {
		p.nodes[i].inMain = p.nodes[parent].inMain
		p.nodes[i].inLink = p.nodes[parent].inLink
	}
	n := &p.nodes[i]
	switch h.Type {
	case html.TextNode:
		p.measure(n)
	case html.ElementNode:
		n.traits = p.lexicon.of(h)
		if isMain(h) {
			n.inMain = true
		}
		if h.DataAtom == atom.A {
			n.inLink = true
			n.links = 1
			if href := attr(h, "href"); strings.HasPrefix(href, "#") && len(href) > 1 {
				n.anchors = 1
			}
		}
	}
	for c := h.FirstChild; c != nil; c = c.NextSibling {
		if c.Type == html.ElementNode && !unrendered(c.DataAtom) || c.Type == html.TextNode {
			k := p.add(c, i)
			p.nodes[i].absorb(&p.nodes[k], 1)
		}
	}
	p.nodes[i].end = int32(len(p.nodes)) //nolint:gosec // as above
	return i
}

// proseWords is how long a run of text without markup must be to count as
// prose: labels, menu entries and teasers are shorter.
const proseWords = 8

func (p *page) measure(n *node) {
	n.words = int32(min(countWords(n.h.Data), 1<<28)) //nolint:gosec // bounded
	if n.inLink {
		n.linkWords = n.words
	} else if n.words >= proseWords {
		n.prose = n.words
	}
}

// absorb adds (sign 1) or takes away (sign -1) the counts of a subtree.
func (n *node) absorb(c *node, sign int32) {
	n.words += sign * c.words
	n.linkWords += sign * c.linkWords
	n.prose += sign * c.prose
	n.links += sign * c.links
	n.anchors += sign * c.anchors
}

// drop takes a subtree out of the page and its counts out of its ancestors'.
func (p *page) drop(i int32) {
	n := &p.nodes[i]
	n.dropped = true
	for a := n.parent; a >= 0; a = p.nodes[a].parent {
		p.nodes[a].absorb(n, -1)
		p.nodes[a].whole = false
	}
}

// restore undoes drop.
func (p *page) restore(i int32) {
	n := &p.nodes[i]
	n.dropped = false
	for a := n.parent; a >= 0; a = p.nodes[a].parent {
		p.nodes[a].absorb(n, 1)
	}
}

// isMain says whether an element declares itself the main content.
func isMain(h *html.Node) bool {
	if h.DataAtom == atom.Main || h.DataAtom == atom.Article {
		return true
	}
	role := attr(h, "role")
	return role == "main" || role == "article"
}

func find(h *html.Node, a atom.Atom) *html.Node {
	for c := range h.Descendants() {
		if c.DataAtom == a && c.Type == html.ElementNode {
			return c
		}
	}
	return nil
}

// attr returns the value of an attribute, "" when it is absent.
func attr(h *html.Node, key string) string {
	for i := range h.Attr {
		if h.Attr[i].Key == key && h.Attr[i].Namespace == "" {
			return h.Attr[i].Val
		}
	}
	return ""
}

func hasAttr(h *html.Node, key string) bool {
	for i := range h.Attr {
		if h.Attr[i].Key == key {
			return true
		}
	}
	return false
}

// visibleText returns the text of a subtree up to about limit bytes; for
// excerpts and for rules that look at wording.
func (p *page) visibleText(i int32, limit int) string {
	var b strings.Builder
	for k := i; k < p.nodes[i].end && b.Len() < limit; k++ {
		if h := p.nodes[k].h; h.Type == html.TextNode {
			b.WriteString(h.Data)
			b.WriteByte(' ')
		}
	}
	return clean(b.String())
}

// rawText returns the text of a subtree as written, line breaks included.
func (p *page) rawText(i int32) string {
	var b strings.Builder
	for k := i; k < p.nodes[i].end; k++ {
		switch n := &p.nodes[k]; {
		case n.dropped:
			k = n.end - 1
		case n.h.Type == html.TextNode:
			b.WriteString(n.h.Data)
		case n.h.DataAtom == atom.Br:
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// maxPath bounds the steps of a Drop's path.
const maxPath = 4

// path returns a short CSS-like path of an element: its last few steps, each
// with the id or the first class.
func (p *page) path(i int32) string {
	var steps []string
	for ; i >= 0 && len(steps) < maxPath; i = p.nodes[i].parent {
		h := p.nodes[i].h
		if h.Type != html.ElementNode {
			continue
		}
		step := h.Data
		if id := attr(h, "id"); id != "" && len(id) <= 40 && !strings.ContainsAny(id, " \t\n") {
			step += "#" + id
		} else if class := strings.Fields(attr(h, "class")); len(class) > 0 && len(class[0]) <= 40 {
			step += "." + class[0]
		}
		steps = append(steps, clean(step))
	}
	for a, b := 0, len(steps)-1; a < b; a, b = a+1, b-1 {
		steps[a], steps[b] = steps[b], steps[a]
	}
	return strings.Join(steps, " > ")
}
