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
	if cleanASCII(s) {
		return s
	}
	var b line
	b.write(s)
	return b.take()
}

// cleanASCII says whether a text is ASCII and as clean returns it.
func cleanASCII(s string) bool {
	blank := true
	for i := range len(s) {
		if c := s[i]; c == ' ' && blank || c < ' ' || c >= 0x7f {
			return false
		}
		blank = s[i] == ' '
	}
	return !blank || s == ""
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
		if c := s[i]; c < utf8.RuneSelf {
			if c > ' ' && c != 0x7f {
				i += l.word(s[i:])
				continue
			}
			if c == ' ' || c >= '\t' && c <= '\r' {
				l.pending = true
			}
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case space(r):
			l.pending = true
		case invisible(r):
		default:
			l.gap()
			l.dirty = l.dirty || !composed(r)
			l.buf = utf8.AppendRune(l.buf, r)
		}
		i += size
	}
}

// word appends the ASCII letters, digits and signs that a text begins with and
// returns how many they are.
func (l *line) word(s string) int {
	n := 1
	for n < len(s) && s[n] > ' ' && s[n] < 0x7f {
		n++
	}
	l.gap()
	l.buf = append(l.buf, s[:n]...)
	return n
}

// composed says of the most frequent characters that they are in NFC wherever
// they stand: Latin letters with their accents, and dashes and quotation marks.
func composed(r rune) bool { return r < 0x300 || r >= 0x2010 && r <= 0x2027 }

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
	n, wide, in := 0, 0, 0 // in is 1 within a word that is counted already
	for i := 0; i < len(s); {
		if c := s[i]; c < utf8.RuneSelf {
			word := 0
			if c > ' ' {
				word = 1
			}
			n += word &^ in
			in = word
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		i += size
		switch {
		case space(r):
			in = 0
		case r >= 0x2e80 && r < 0xd7a4:
			wide++
			in = 0
		case in == 0:
			in = 1
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
