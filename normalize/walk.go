package normalize

import (
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"watcher/policy"
)

// walker reads the visible text of a page into units.
type walker struct {
	p    *page
	base *url.URL
	out  []unit
	// lines are finished by <br>; cur is the line being written.
	lines []span
	cur   span
	text  line
	links []policy.Link
	// item is the list item whose first block is still to come.
	item *listItem
	// reached is the first unit that was looked at again since the block began
	// that is being read.
	reached int
	// cell is set for the text of a table cell, which is no unit of the page.
	cell bool
}

// span is a line within a block.
type span struct {
	text string
	// letters and bold count bytes of text, all and in bold type.
	letters, bold int
	// hard is set when an empty line follows.
	hard bool
	// laid is set for an address or the like that was laid out in lines.
	laid bool
}

type listItem struct {
	marker string
	depth  int
}

// context is what an element inherits from its ancestors.
type context struct {
	heading int
	depth   int
	bold    bool
	toggle  bool
	pre     bool
	// badge is set in links to app stores that hold nothing but pictures.
	badge bool
}

// units returns the page's text without what was dropped. It is called before
// and after pruning: the second time, blocks in which nothing was dropped are
// not read again.
func (p *page) units(base *url.URL) []unit {
	w := walker{p: p, base: base, out: make([]unit, 0, len(p.read))}
	w.element(0, context{})
	w.flush(context{})
	if p.read == nil {
		p.read = w.out
	}
	return w.out
}

// children walks the nodes below i.
func (w *walker) children(i int32, c context) {
	for k := i + 1; k < w.p.nodes[i].end; k = w.p.nodes[k].end {
		n := &w.p.nodes[k]
		switch {
		case n.dropped:
		case n.h.Type == html.TextNode:
			w.write(n.h.Data, c)
		default:
			w.element(k, c)
		}
	}
}

func (w *walker) write(s string, c context) {
	if c.pre && strings.Contains(s, "\n") {
		for i, part := range strings.Split(s, "\n") {
			if i > 0 {
				w.lineBreak()
			}
			w.write(part, c)
		}
		return
	}
	before := len(w.text.buf)
	w.text.write(s)
	added := len(w.text.buf) - before
	w.cur.letters += added
	if c.bold || c.toggle {
		w.cur.bold += added
	}
}

// lineBreak ends a line within the block.
func (w *walker) lineBreak() {
	w.text.pending = false
	w.cur.text = w.text.take()
	if w.cur.text == "" {
		if len(w.lines) > 0 {
			w.lines[len(w.lines)-1].hard = true
		}
	} else {
		w.lines = append(w.lines, w.cur)
	}
	w.cur = span{}
}

func (w *walker) element(i int32, c context) {
	h := w.p.nodes[i].h
	switch h.DataAtom {
	case atom.Br:
		w.lineBreak()
		return
	case atom.Wbr:
		return
	case atom.Img:
		w.image(h, c)
		return
	case atom.Hr:
		w.flush(c)
		return
	case atom.Table:
		if w.p.dataTable(i) {
			w.flush(c)
			w.table(i)
			return
		}
	}
	if mail, ok := hiddenEmail(h); ok {
		w.write(mail, c)
		w.link(h, mail)
		return
	}
	inner := c
	inner.bold = c.bold || w.p.isBold(h)
	if !w.p.isBlock(h) {
		w.inline(i, h, inner)
		return
	}
	w.flush(c)
	if w.reuse(i) {
		return
	}
	from, reached, item := len(w.out), w.reached, w.item
	w.reached = from
	w.block(i, h, inner)
	w.flush(inner)
	if item == nil && w.reached >= from {
		w.remember(i, from)
	}
	w.reached = min(w.reached, reached)
}

// remember notes which units a block was read into.
func (w *walker) remember(i int32, from int) {
	if w.p.read == nil && !w.cell {
		n := &w.p.nodes[i]
		n.from, n.to, n.whole = int32(from), int32(len(w.out)), true //nolint:gosec // maxTags bounds the count
	}
}

// reuse takes the units of a block that was read before. What it was read into
// depends on nothing but the elements around it, unless it is an item's first
// block or a link behind it was added to its last unit.
func (w *walker) reuse(i int32) bool {
	n := &w.p.nodes[i]
	if w.p.read == nil || w.cell || !n.whole || w.item != nil {
		return false
	}
	units := w.p.read[n.from:n.to]
	if len(units) > 0 && units[len(units)-1].late {
		return false
	}
	w.out = append(w.out, units...)
	return true
}

// last returns the unit that was read last, or nil.
func (w *walker) last() *unit {
	k := len(w.out) - 1
	w.reached = min(w.reached, k)
	if k < 0 {
		return nil
	}
	return &w.out[k]
}

func (w *walker) inline(i int32, h *html.Node, c context) {
	if h.DataAtom == atom.Button {
		c.toggle = c.toggle || opens(h)
		w.text.pending = true
	}
	if h.DataAtom == atom.A {
		start := len(w.text.buf)
		c.badge = w.p.nodes[i].words == 0 && appStore(attr(h, "href"))
		w.children(i, c)
		if start <= len(w.text.buf) {
			w.link(h, clean(string(w.text.buf[start:])))
		} else if last := w.last(); last != nil {
			w.link(h, last.text) // the link holds blocks
		}
		return
	}
	w.children(i, c)
	if h.DataAtom == atom.Button || h.DataAtom == atom.Option || h.DataAtom == atom.Label {
		w.text.pending = true
	}
}

// block walks an element that starts a new line.
func (w *walker) block(i int32, h *html.Node, c context) {
	if level := headingLevel(h); level > 0 {
		c.heading, c.bold = level, false
		w.children(i, c)
		w.flush(c)
		return
	}
	switch h.DataAtom {
	case atom.Ul, atom.Ol, atom.Menu, atom.Dir:
		w.list(i, h, c)
		return
	case atom.Li:
		w.item = &listItem{marker: "", depth: max(c.depth-1, 0)}
	case atom.Summary:
		c.toggle = true
	case atom.Pre, atom.Listing, atom.Xmp, atom.Plaintext:
		if w.p.nodes[i].words >= minPreWords {
			w.out = append(w.out, textUnits(w.p.rawText(i), false)...)
			return
		}
		c.pre = true
	}
	w.children(i, c)
	w.flush(c)
	if h.DataAtom == atom.Li {
		w.item = nil
	}
}

// minPreWords is how long preformatted text must be to be read as a plain text
// document instead of as lines.
const minPreWords = 60

// list walks a list and gives its items their numbers.
func (w *walker) list(i int32, h *html.Node, c context) {
	c.depth++
	style, number := "", 1
	if h.DataAtom == atom.Ol {
		if style = attr(h, "type"); style == "" {
			style = "1"
		}
		if n, err := strconv.Atoi(attr(h, "start")); err == nil {
			number = n
		}
	}
	for k := i + 1; k < w.p.nodes[i].end; k = w.p.nodes[k].end {
		n := &w.p.nodes[k]
		if n.dropped {
			continue
		}
		if n.h.Type == html.TextNode {
			w.write(n.h.Data, c)
			continue
		}
		if n.h.DataAtom != atom.Li {
			w.element(k, c)
			continue
		}
		w.flush(c)
		if v, err := strconv.Atoi(attr(n.h, "value")); err == nil {
			number = v
		}
		w.item = &listItem{marker: marker(style, number), depth: c.depth - 1}
		inner := c
		inner.bold = c.bold || w.p.isBold(n.h)
		w.children(k, inner)
		w.flush(inner)
		w.item = nil
		number++
	}
}

// flush ends the block and emits its lines.
func (w *walker) flush(c context) {
	w.lineBreak()
	links := w.links
	w.links = nil
	if len(w.lines) == 0 {
		if len(links) == 0 {
			return
		}
		if last := w.last(); last != nil {
			last.links, last.late = append(last.links, links...), true
		}
		return
	}
	lines := w.lines
	w.lines = w.lines[:0]
	if c.heading > 0 {
		w.emitHeading(lines, c.heading)
		return
	}
	for _, s := range joinLines(lines, c.pre, w.item != nil) {
		u := unit{kind: policy.Paragraph, text: s.text, strong: s.bold > 0 && s.bold+2 >= s.letters, laid: s.laid}
		if w.item != nil {
			u.kind, u.marker, u.depth = policy.Item, w.item.marker, w.item.depth
			w.item = nil
		}
		u.links, links = linksIn(s.text, links)
		w.out = append(w.out, u)
	}
}

// emitHeading joins the lines of a heading element. Long ones are paragraphs
// in heading markup.
func (w *walker) emitHeading(lines []span, level int) {
	var parts []string
	for _, s := range lines {
		parts = append(parts, s.text)
	}
	text := trimPermalink(strings.Join(parts, " "))
	if text == "" {
		return
	}
	u := unit{kind: policy.Paragraph, text: text, level: level, fixed: true}
	if words := countWords(text); words > maxHeadingWords || words > 15 && endsSentence(text) {
		u.level, u.fixed = 0, false
	}
	w.item = nil
	w.out = append(w.out, u)
}

// linksIn splits the links into those whose text is in the line and the rest.
func linksIn(text string, links []policy.Link) (in, rest []policy.Link) {
	for _, l := range links {
		if strings.Contains(text, l.Text) {
			in = append(in, l)
		} else {
			rest = append(rest, l)
		}
	}
	return in, rest
}

// permalink marks end headings in documentation systems.
var permalink = regexp.MustCompile(`(?:\s*(?:[#¶§🔗]|\[link\]|\[edit\]))+$`)

func trimPermalink(s string) string {
	if strings.ContainsRune("#¶§🔗]", lastRune(s)) {
		s = permalink.ReplaceAllString(s, "")
	}
	return strings.TrimSpace(s)
}

// maxLinks bounds the links of a block.
const maxLinks = 200

func (w *walker) link(h *html.Node, text string) {
	if l, ok := linkOf(h, text, w.base); ok && len(w.links) < maxLinks {
		w.links = append(w.links, l)
	}
}

// minAltWords is how many words an alternative text needs to be more than the
// name of a picture.
const minAltWords = 4

// image contributes its alternative text when that is a sentence rather than a
// label or file name.
func (w *walker) image(h *html.Node, c context) {
	alt := clean(attr(h, "alt"))
	if countWords(alt) < minAltWords || len(alt) > 600 || fileName.MatchString(alt) || c.badge {
		return
	}
	w.write(" "+alt+" ", c)
}

var fileName = regexp.MustCompile(`(?i)\.(?:png|jpe?g|gif|svg|webp|avif)\b|\blogo\b|\bicon\b`)
