package alerts

import (
	"strings"
	"unicode/utf8"
)

// ellipsis marks text that was left out.
const ellipsis = "…"

// clean makes text from outside safe to show: valid UTF-8 without control
// characters (C0 and C1, line feed and tab excepted), without the invisible
// characters that reorder text (bidi embeddings, overrides, isolates and
// marks), and without tag characters, which hide text altogether.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r == '\r' || r == '\u2028' || r == '\u2029' || r == '\u0085':
			return '\n'
		case hidden(r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, string(utf8.RuneError)))
}

func hidden(r rune) bool {
	switch {
	case r < 0x20, r >= 0x7f && r <= 0x9f: // C0, DEL, C1
		return true
	case r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069: // bidi embeddings, overrides, isolates
		return true
	case r == 0x200e, r == 0x200f, r == 0x061c, r == 0xfeff: // bidi marks, byte order mark
		return true
	case r >= 0xe0000 && r <= 0xe007f: // tags
		return true
	}
	return false
}

// cleanLine is clean on one line: every run of white space is one space. The
// middle of a very long text is left out first, because no line shows as much.
func cleanLine(s string) string { return strings.Join(strings.Fields(clean(squeeze(s))), " ") }

// squeezeBytes is how much of either end of a very long text is looked at: far
// more than any line shows, and little enough to be quick.
const squeezeBytes = 16 << 10

func squeeze(s string) string {
	if len(s) <= 2*squeezeBytes {
		return s
	}
	return s[:squeezeBytes] + " " + ellipsis + " " + s[len(s)-squeezeBytes:]
}

// textLen counts s as Slack does, in UTF-16 code units: never fewer than runes.
func textLen(s string) int {
	n := 0
	for _, r := range s {
		n += runeLen(r)
	}
	return n
}

func runeLen(r rune) int {
	if r > 0xffff {
		return 2
	}
	return 1
}

// cutHead keeps at most limit UTF-16 units from the start of s and says by a
// closing "…" that something is missing. It prefers to cut between words.
func cutHead(s string, limit int) string {
	if limit < 1 {
		return ""
	}
	if _, fits := prefix(s, limit); fits {
		return s
	}
	end, _ := prefix(s, limit-1)
	if at := strings.LastIndexAny(s[:end], " \n\t"); at > end*3/4 {
		end = at
	}
	return strings.TrimRight(s[:end], " \n\t") + ellipsis
}

// cutTail keeps at most limit UTF-16 units from the end of s, with a leading
// "…" when something is missing.
func cutTail(s string, limit int) string {
	if limit < 1 {
		return ""
	}
	start, n := len(s), 0
	for start > 0 {
		r, size := utf8.DecodeLastRuneInString(s[:start])
		if n+runeLen(r) > limit-1 {
			break
		}
		n += runeLen(r)
		start -= size
	}
	if start == 0 || textLen(s[:start]) <= limit-n {
		return s
	}
	tail := s[start:]
	if at := strings.IndexAny(tail, " \n\t"); at >= 0 && at < len(tail)/4 {
		tail = tail[at:]
	}
	return ellipsis + strings.TrimLeft(tail, " \n\t")
}

// prefix returns how many bytes of s are within limit UTF-16 units, and whether
// that is all of s. It reads no more of s than it keeps.
func prefix(s string, limit int) (end int, all bool) {
	n := 0
	for i, r := range s {
		if n += runeLen(r); n > limit {
			return i, false
		}
	}
	return len(s), true
}

// joinWords joins a list the way a sentence does: "a, b and c".
func joinWords(words []string) string {
	switch len(words) {
	case 0:
		return ""
	case 1:
		return words[0]
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}
