package normalize

import (
	"bytes"
	"io"
)

// withoutScripts reads a page without what its scripts and style sheets hold,
// which is half of many pages and would cost the parser a third of its time
// only to be thrown away. The tree is that of the whole page but for the texts
// of these elements.
//
// It knows of the syntax what the tokenizer of x/net/html knows, no more than
// the order of tags asks for. Where a page is so odd that only the parser can
// tell whether a script is one, the rest of it stays as it is.
func withoutScripts(page []byte) io.Reader {
	c := cutter{s: page}
	for c.next() {
	}
	return io.MultiReader(append(c.kept, bytes.NewReader(page[c.from:]))...)
}

// cutter goes through a page tag by tag.
type cutter struct {
	s []byte
	// at is where it is; what stands before from is in kept or left out.
	at, from int
	kept     []io.Reader
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
	if name := c.tag(); c.drawings > 0 && isTag(name, "svg") {
		c.drawings--
	}
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
		c.kept = append(c.kept, bytes.NewReader(c.s[c.from:c.at]))
		c.from = c.at + n
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
// tag's end, or to -1 where there is none.
func (c *cutter) tag() (name []byte) {
	s, i := c.s, c.at
	for i < len(s) && !tagSpace(s[i]) && s[i] != '/' && s[i] != '>' {
		i++
	}
	name = s[c.at:i]
	for i = skipTagSpace(s, i); i < len(s) && s[i] != '>'; i = skipTagSpace(s, i) {
		i = attribute(s, i)
	}
	if c.at = i + 1; i >= len(s) {
		c.at = -1
	}
	return name
}

// attribute returns where an attribute ends that begins at i; beyond the text
// where it has no end.
func attribute(s []byte, i int) int {
	for start := i; i < len(s) && !tagSpace(s[i]) && s[i] != '/' && s[i] != '>' && (s[i] != '=' || i == start); {
		i++
	}
	i = skipTagSpace(s, i)
	switch {
	case i < len(s) && s[i] == '/':
		return i + 1
	case i >= len(s) || s[i] != '=':
		return i
	}
	i = skipTagSpace(s, i+1)
	switch {
	case i >= len(s) || s[i] == '>':
		return i
	case s[i] == '"' || s[i] == '\'':
		k := bytes.IndexByte(s[i+1:], s[i])
		if k < 0 {
			return len(s)
		}
		return i + 1 + k + 1
	}
	for i < len(s) && !tagSpace(s[i]) && s[i] != '>' {
		i++
	}
	return i
}

func tagSpace(b byte) bool { return b == ' ' || b == '\n' || b == '\r' || b == '\t' || b == '\f' }

func skipTagSpace(s []byte, i int) int {
	for i < len(s) && tagSpace(s[i]) {
		i++
	}
	return i
}

func letter(b byte) bool { return b|0x20 >= 'a' && b|0x20 <= 'z' }
