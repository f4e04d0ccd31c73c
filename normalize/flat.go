package normalize

import (
	"net/url"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"watcher/policy"
)

// ruleFlat tells that a page was too much for a tree and was read tag by tag.
const ruleFlat = "flat_reading"

// flatReader reads the text of a page from its tags as they come, in time and
// memory that grow with the text alone. It knows blocks, headings, list items
// and rows, and nothing of what encloses what: it serves pages that are nested
// or marked up beyond what the parser takes, which would else be lost.
type flatReader struct {
	base *url.URL
	// skip is the element whose content is not shown, landmark the one around
	// the content (menu, header, footer) that is being read.
	skip, landmark extent

	title, lang string
	inTitle     bool
	// full are all units, out those outside of landmarks; outer counts the
	// former that are not among the latter.
	full, out []unit
	outer     []int
	text      line
	level     int
	item      bool
	cells     int
	href      string
	linkFrom  int
	links     []policy.Link
}

// extent is how often an element was opened and not closed. The zero value is
// outside of any.
type extent struct {
	of   atom.Atom
	deep int
}

func (e *extent) open(a atom.Atom) {
	if e.deep == 0 {
		e.of = a
	}
	if a == e.of {
		e.deep++
	}
}

func (e *extent) end(a atom.Atom) {
	if e.deep > 0 && a == e.of {
		e.deep--
	}
}

func unitWords(units []unit) int {
	n := 0
	for _, u := range units {
		n += countWords(u.text)
	}
	return n
}

// choose leaves out what landmarks hold, when that leaves most of the words.
func (f *flatReader) choose() {
	f.out = f.full
	if len(f.outer) == 0 {
		return
	}
	var inner []unit
	next := f.outer
	for i, u := range f.full {
		if len(next) > 0 && next[0] == i {
			next = next[1:]
			continue
		}
		inner = append(inner, u)
	}
	if unitWords(inner)*100 >= unitWords(f.full)*keptShare {
		f.out = inner
	}
}

// readFlat reads a page without building its tree.
func readFlat(text string, base *url.URL) *flatReader {
	f := &flatReader{base: base, full: make([]unit, 0, strings.Count(text, "<")/4)}
	z := html.NewTokenizer(strings.NewReader(text))
	for {
		switch z.Next() {
		case html.ErrorToken: // the end: a tokenizer over a string knows no other
			f.flush()
			f.choose()
			return f
		case html.TextToken:
			f.words(z.Text())
		case html.StartTagToken, html.SelfClosingTagToken:
			f.open(z)
		case html.EndTagToken:
			name, _ := z.TagName()
			f.end(atom.Lookup(name))
		case html.CommentToken, html.DoctypeToken:
		}
	}
}

func (f *flatReader) words(s []byte) {
	switch {
	case f.inTitle:
		f.title = clean(string(s))
	case f.skip.deep == 0:
		f.text.write(string(s))
	}
}

// unshown says whether an element's content is never shown. Those without an
// end tag have none, and the head holds the title.
func unshown(a atom.Atom) bool {
	switch a {
	case atom.Head, atom.Input, atom.Embed, atom.Area:
		return false
	}
	return unrendered(a)
}

func isLandmark(a atom.Atom) bool {
	switch a {
	case atom.Nav, atom.Header, atom.Footer, atom.Aside, atom.Dialog:
		return true
	}
	return false
}

func (f *flatReader) open(z *html.Tokenizer) {
	name, more := z.TagName()
	a := atom.Lookup(name)
	switch {
	case f.skip.deep > 0 || unshown(a):
		f.skip.open(a)
		return
	case a == atom.Title:
		f.inTitle = true
	case a == atom.Html && more:
		f.lang = primaryTag(tagAttr(z, "lang"))
	case a == atom.A && more:
		f.href, f.linkFrom = tagAttr(z, "href"), len(f.text.buf)
	case a == atom.Br:
		f.flush()
	case a == atom.Td || a == atom.Th:
		f.cell()
	case blockElement(a):
		f.flush()
		f.level, f.item = headingLevel(&html.Node{DataAtom: a}), a == atom.Li
	}
	if isLandmark(a) {
		f.landmark.open(a)
	}
}

func (f *flatReader) end(a atom.Atom) {
	switch {
	case f.skip.deep > 0:
		f.skip.end(a)
		return
	case a == atom.Title:
		f.inTitle = false
	case a == atom.A:
		f.closeLink()
	case a == atom.Td || a == atom.Th:
		f.text.pending = true
	case blockElement(a):
		f.flush()
		f.level, f.item = 0, false
	}
	f.landmark.end(a)
}

// cell begins a cell of a row.
func (f *flatReader) cell() {
	if len(f.text.buf) > 0 {
		f.text.pending = false
		f.text.buf = append(f.text.buf, policy.CellSeparator...)
	}
	f.cells++
}

func (f *flatReader) closeLink() {
	if f.href == "" || f.linkFrom > len(f.text.buf) || len(f.links) >= maxLinks {
		f.href = ""
		return
	}
	h := &html.Node{Type: html.ElementNode, DataAtom: atom.A, Data: "a", Attr: []html.Attribute{{Key: "href", Val: f.href}}}
	if l, ok := linkOf(h, clean(string(f.text.buf[f.linkFrom:])), f.base); ok {
		f.links = append(f.links, l)
	}
	f.href = ""
}

// flush ends the block.
func (f *flatReader) flush() {
	f.text.pending = false
	text := f.text.take()
	u := unit{kind: policy.Paragraph, text: text, links: f.links}
	switch {
	case f.level > 0 && countWords(text) <= maxHeadingWords:
		u.level, u.fixed = f.level, true
	case f.cells > 1:
		u.kind = policy.TableRow
	case f.item:
		u.kind = policy.Item
	}
	f.links, f.cells, f.item, f.linkFrom = nil, 0, false, 0
	if text == "" {
		return
	}
	if f.landmark.deep > 0 {
		f.outer = append(f.outer, len(f.full))
	}
	f.full = append(f.full, u)
}

// tagAttr returns the value of an attribute of the tag that was just read.
func tagAttr(z *html.Tokenizer, key string) string {
	for {
		k, v, more := z.TagAttr()
		if string(k) == key {
			return string(v)
		}
		if !more {
			return ""
		}
	}
}
