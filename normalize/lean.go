package normalize

import (
	"bytes"
	"io"
)

// lean reads a page without what nobody reads of it: what scripts and style
// sheets hold, which is half of many pages, and attributes that say nothing of
// the text. They would cost the parser half of its time only to be thrown away.
// The tree is that of the whole page but for them.
//
// It knows of the syntax what the tokenizer of x/net/html knows, no more than
// the order of tags asks for. Where a page is so odd that only the parser can
// tell whether a script is one, the rest of it stays as it is.
func lean(page []byte) io.Reader {
	c := cutter{s: page}
	for c.next() {
	}
	return &gapped{s: page, gaps: c.gaps}
}

// gap is a part of a page that is left out.
type gap struct{ from, to int }

// gapped reads a page without its gaps.
type gapped struct {
	s    []byte
	gaps []gap
	at   int
}

func (g *gapped) Read(b []byte) (n int, err error) {
	for n < len(b) && g.at < len(g.s) {
		end := len(g.s)
		if len(g.gaps) > 0 {
			end = g.gaps[0].from
		}
		k := copy(b[n:], g.s[g.at:end])
		n, g.at = n+k, g.at+k
		if g.at == end && len(g.gaps) > 0 {
			g.at, g.gaps = g.gaps[0].to, g.gaps[1:]
		}
	}
	if n == 0 && g.at == len(g.s) {
		return 0, io.EOF
	}
	return n, nil
}

// cutter goes through a page tag by tag.
type cutter struct {
	s    []byte
	at   int
	gaps []gap
	// drawings is how many <svg> are open: within them, tags mean other things.
	drawings int
}

// next takes what begins at the next "<". It returns false at the end of what it
// understands.
func (c *cutter) next() bool {
	k := bytes.IndexByte(c.s[c.at:], '<')
	if k < 0 || c.at+k+2 >= len(c.s) {
		return false
	}
	c.at += k + 1
	switch b := c.s[c.at]; {
	case letter(b):
		return c.startTag()
	case b == '/':
		return c.endTag()
	case b == '!':
		return c.declaration()
	case b == '?':
		return c.skipTo(">")
	}
	return true
}

// skipTo goes behind the next occurrence of the mark.
func (c *cutter) skipTo(mark string) bool {
	k := bytes.Index(c.s[c.at:], []byte(mark))
	c.at += k + len(mark)
	return k >= 0
}

func (c *cutter) declaration() bool {
	c.at++
	rest := c.s[c.at:]
	if !bytes.HasPrefix(rest, []byte("--")) {
		return (c.drawings == 0 || !bytes.HasPrefix(rest, []byte("[CDATA["))) && c.skipTo(">")
	}
	return c.skipTo("-->") && !bytes.Contains(rest[:len(rest)-len(c.s)+c.at], []byte("--!>"))
}

func (c *cutter) endTag() bool {
	c.at++
	if !letter(c.s[c.at]) {
		return c.skipTo(">")
	}
	gaps := len(c.gaps)
	if name := c.tag(); c.drawings > 0 && isTag(name, "svg") {
		c.drawings--
	}
	c.gaps = c.gaps[:gaps]
	return c.at > 0
}

func (c *cutter) startTag() bool {
	name := c.tag()
	if c.at < 0 {
		return false
	}
	switch name[0] | 0x20 {
	case 'm':
		return !isTag(name, "math")
	case 'p':
		return !isTag(name, "plaintext")
	case 'd':
		return c.drawings == 0 || !isTag(name, "desc")
	case 'f':
		return c.drawings == 0 || !isTag(name, "foreignobject")
	case 's':
		if isTag(name, "svg") {
			c.drawings++
			return true
		}
	}
	if raw := rawElement(name); raw != "" {
		return c.raw(raw)
	}
	return true
}

// rawElement returns the name of an element whose content is text up to its end
// tag, in lower case; "" for others.
func rawElement(name []byte) string {
	if len(name) < len("xmp") || len(name) > len("noscript") {
		return ""
	}
	for _, raw := range [...]string{"script", "style", "title", "iframe", "noscript", "textarea", "noembed", "noframes", "xmp"} {
		if isTag(name, raw) {
			return raw
		}
	}
	return ""
}

// raw goes to the end tag of a raw element, and leaves out what a script or
// style sheet holds. Within a drawing such elements may hold tags.
func (c *cutter) raw(name string) bool {
	n := c.content(name)
	if n < 0 {
		return false
	}
	content := c.s[c.at : c.at+n]
	switch {
	case c.drawings > 0 && bytes.IndexByte(content, '<') >= 0:
		return false
	case bytes.Contains(content, []byte("<!--")) && bytes.Contains(bytes.ToLower(content), []byte("<script")):
		return false // a script within a comment within a script: its end tag does not count
	case c.drawings == 0 && n > 0 && (name == "script" || name == "style"):
		c.gaps = append(c.gaps, gap{c.at, c.at + n})
	}
	c.at += n
	return true
}

// content returns how far away the end tag is, or -1.
func (c *cutter) content(name string) int {
	for i := c.at; ; {
		k := bytes.Index(c.s[i:], []byte("</"))
		if k < 0 {
			return -1
		}
		i += k + len("</")
		end := i + len(name)
		if end < len(c.s) && isTag(c.s[i:end], name) && (tagSpace(c.s[end]) || c.s[end] == '/' || c.s[end] == '>') {
			return i - len("</") - c.at
		}
	}
}

// isTag says whether a tag has a name, which is given in lower case. Only ASCII
// letters have another case in the names of tags.
func isTag(name []byte, lower string) bool {
	if len(name) != len(lower) {
		return false
	}
	for i, b := range name {
		if b != lower[i] && (!letter(b) || b|0x20 != lower[i]) {
			return false
		}
	}
	return true
}

// tag reads a tag from its name on and returns the name. It goes behind the
// tag's end, or to -1 where there is none. Attributes that nobody reads become
// gaps, one for those that follow each other.
func (c *cutter) tag() (name []byte) {
	s, i, gaps, end := c.s, c.at, len(c.gaps), 0
	for i < len(s) && !tagSpace(s[i]) && s[i] != '/' && s[i] != '>' {
		i++
	}
	name = s[c.at:i]
	cut, slashed := false, false // slashed by what does not close the tag
	for i = skipTagSpace(s, i); i < len(s) && s[i] != '>'; i = skipTagSpace(s, end) {
		var key []byte
		key, end = attribute(s, i)
		before := cut
		cut = len(key) > 0 && !readAttribute(key)
		switch {
		case len(key) == 0:
			slashed = slashed || end < len(s) && s[end] != '>'
		case cut && before:
			c.gaps[len(c.gaps)-1].to = end
		case cut:
			c.gaps = append(c.gaps, gap{i, end})
		}
	}
	slashed = slashed || s[i-1] == '/' && end == i
	if c.at = i + 1; i >= len(s) {
		c.at = -1
	}
	if c.at < 0 || slashed || formats(name) {
		// The parser compares elements that format text by all their attributes.
		c.gaps = c.gaps[:gaps]
	}
	return name
}

// attribute returns the name of an attribute that begins at i, and where it
// ends: beyond the text where it has no end.
func attribute(s []byte, i int) (key []byte, end int) {
	start := i
	for i < len(s) && !tagSpace(s[i]) && s[i] != '/' && s[i] != '>' && (s[i] != '=' || i == start) {
		i++
	}
	if i == start {
		return nil, i + 1 // a slash
	}
	key, end = s[start:i], i
	if i = skipTagSpace(s, i); i >= len(s) || s[i] != '=' {
		return key, end
	}
	i = skipTagSpace(s, i+1)
	switch {
	case i >= len(s) || s[i] == '>':
		return key, i
	case s[i] == '"' || s[i] == '\'':
		k := bytes.IndexByte(s[i+1:], s[i])
		if k < 0 {
			return key, len(s)
		}
		return key, i + 1 + k + 1
	}
	for i < len(s) && !tagSpace(s[i]) && s[i] != '>' {
		i++
	}
	return key, i
}

// readAttribute says whether the package, or the parser, reads an attribute.
func readAttribute(key []byte) bool {
	for _, b := range key {
		if b >= 'A' && b <= 'Z' {
			key = bytes.ToLower(key)
			break
		}
	}
	switch string(key) {
	case "class", "id", "href", "style", "role", "type", "alt", "lang", "xml:lang", "hidden", "start", "value", "property", "content",
		"aria-current", "aria-haspopup", "aria-hidden", "aria-label", "aria-modal", "aria-level", "aria-expanded", "aria-controls", "data-toggle", "data-bs-toggle", "data-cfemail":
		return true
	}
	return false
}

// formats says whether a tag is of those that the parser opens again where
// others closed them.
func formats(name []byte) bool {
	switch name[0] | 0x20 {
	case 'b', 'c', 'e', 'f', 'i', 'n', 's', 't', 'u':
		for _, tag := range [...]string{"b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"} {
			if isTag(name, tag) {
				return true
			}
		}
	}
	return false
}

func tagSpace(b byte) bool { return b == ' ' || b == '\n' || b == '\r' || b == '\t' || b == '\f' }

func skipTagSpace(s []byte, i int) int {
	for i < len(s) && tagSpace(s[i]) {
		i++
	}
	return i
}

func letter(b byte) bool { return b|0x20 >= 'a' && b|0x20 <= 'z' }
