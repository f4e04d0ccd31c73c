package normalize

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// invisible says whether a rune has no shape of its own: soft hyphen,
// zero-width characters, byte order mark, bidirectional controls, control
// characters. Zero-width joiner and non-joiner go too: they shape letters, but
// editors add and lose them without anybody seeing it.
func invisible(r rune) bool {
	switch {
	case r < 0x20, r == 0x7f, r >= 0x80 && r < 0xa0, r == 0xad, r == 0x34f, r == 0x61c, r == 0x180e, r == 0xfeff:
		return true
	case r >= 0x200b && r <= 0x200f, r >= 0x202a && r <= 0x202e, r >= 0x2060 && r <= 0x206f:
		return true
	case r >= 0xfff9 && r <= 0xfffb, r >= 0xe0000 && r <= 0xe007f:
		return true
	}
	return false
}

// space says whether a rune separates words.
func space(r rune) bool {
	switch r {
	case ' ', '\t', '\n', '\r', '\f', '\v', 0x85, 0xa0, 0x2028, 0x2029:
		return true
	}
	return r > 0xff && unicode.IsSpace(r)
}

// clean returns s in NFC with runs of Unicode spaces collapsed to one blank,
// invisible characters removed and no blanks at its ends.
func clean(s string) string {
	var b line
	b.write(s)
	return b.take()
}

// line collects the text of one line, cleaning it on the way. The zero value
// is ready for use.
type line struct {
	buf     []byte
	pending bool
	dirty   bool
}

// write appends text; white space at its ends joins with what is there.
func (l *line) write(s string) {
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			i++
			switch {
			case c == ' ' || c >= '\t' && c <= '\r':
				l.pending = true
			case c >= 0x20 && c != 0x7f:
				l.gap()
				l.buf = append(l.buf, c)
			}
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case space(r):
			l.pending = true
		case invisible(r):
		default:
			l.gap()
			l.dirty = true
			l.buf = utf8.AppendRune(l.buf, r)
		}
		i += size
	}
}

func (l *line) gap() {
	if l.pending && len(l.buf) > 0 {
		l.buf = append(l.buf, ' ')
	}
	l.pending = false
}

// take returns the text and resets the line.
func (l *line) take() string {
	s := string(l.buf)
	if l.dirty && !norm.NFC.IsNormalString(s) {
		s = norm.NFC.String(s)
	}
	l.buf, l.pending, l.dirty = l.buf[:0], false, false
	return s
}

// countWords counts words separated by white space; in scripts without spaces
// two characters count as a word, so that shares of a page stay meaningful.
func countWords(s string) int {
	n, in := 0, false
	for i := range len(s) {
		c := s[i]
		if c >= utf8.RuneSelf {
			return n + countWide(s[i:], in)
		}
		if c > ' ' && !in {
			n++
		}
		in = c > ' '
	}
	return n
}

// countWide counts the words of a text that is not ASCII throughout; in says
// whether it begins within a word that is counted already.
func countWide(s string, in bool) int {
	n, wide := 0, 0
	for _, r := range s {
		switch {
		case r <= ' ' || r > 0x7f && space(r):
			in = false
		case r >= 0x2e80 && r < 0xd7a4:
			wide++
			in = false
		case !in:
			in = true
			n++
		}
	}
	return n + (wide+1)/2
}

// excerptLen bounds the excerpt of a Drop in runes.
const excerptLen = 80

// excerpt returns the first runes of a text, cut at a rune.
func excerpt(s string) string {
	s = clean(s)
	if utf8.RuneCountInString(s) <= excerptLen {
		return s
	}
	n := 0
	for i := range s {
		if n == excerptLen-1 {
			return strings.TrimRight(s[:i], " ") + "…"
		}
		n++
	}
	return s
}
