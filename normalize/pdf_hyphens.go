package normalize

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// hyphens decides what becomes of a hyphen at the end of a line.
type hyphens struct {
	// words are the words of the document, in lower case.
	words map[string]bool
}

// newHyphens learns the words of all lines. The last word of a line that ends
// in a hyphen is half a word, and so is the first of the next.
func newHyphens(pages []PDFPage) hyphens {
	h := hyphens{words: map[string]bool{}}
	half := false
	for _, p := range pages {
		for _, l := range p.Lines {
			fields := strings.Fields(strings.ToLower(l.Text))
			if half && len(fields) > 0 {
				fields = fields[1:]
			}
			if half = lineEndsParted(l.Text); half && len(fields) > 0 {
				fields = fields[:len(fields)-1]
			}
			for _, w := range fields {
				h.words[bareWord(w)] = true
			}
		}
	}
	return h
}

// bareWord cuts the punctuation off both ends of a word.
func bareWord(w string) string {
	return strings.TrimFunc(w, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// lineEndsParted says whether a line ends in a hyphen that follows a letter.
func lineEndsParted(s string) bool {
	if !strings.HasSuffix(s, "-") && !strings.HasSuffix(s, "‐") {
		return false
	}
	_, size := utf8.DecodeLastRuneInString(s)
	r, _ := utf8.DecodeLastRuneInString(s[:len(s)-size])
	return unicode.IsLetter(r)
}

// join puts two lines of a paragraph together.
func (h hyphens) join(a, b string) string {
	switch {
	case a == "" || b == "":
		return a + b
	case !lineEndsParted(a):
		if strings.HasSuffix(a, "/") && !strings.HasSuffix(a, " /") && strings.Contains(lastField(a), "://") {
			return a + b // an address that was broken at a slash
		}
		return a + " " + b
	case h.keeps(a, b):
		return a + b
	}
	_, size := utf8.DecodeLastRuneInString(a)
	return a[:len(a)-size] + b
}

// keeps says whether a hyphen at the end of a line is part of a word: "third-"
// and "party" when the document writes third-party elsewhere, or has both as
// words of their own and never thirdparty.
func (h hyphens) keeps(a, b string) bool {
	first, _ := utf8.DecodeRuneInString(b)
	if !unicode.IsLower(first) {
		return true
	}
	left := strings.ToLower(lastField(a))
	_, size := utf8.DecodeLastRuneInString(left)
	left = left[:len(left)-size]
	right, _, _ := strings.Cut(strings.ToLower(b), " ")
	left, right = bareWord(left), bareWord(right)
	switch {
	case h.words[left+right]:
		return false
	case h.words[left+"-"+right], strings.Contains(left, "-"):
		return true
	case standsAlone(left):
		return true
	}
	return utf8.RuneCountInString(left) > 2 && utf8.RuneCountInString(right) > 2 && h.words[left] && h.words[right]
}

// standsAlone says whether the first half of a word is one that policies join
// to others by a hyphen.
func standsAlone(s string) bool {
	switch s {
	case "third", "first", "non", "self", "opt", "cross", "long", "short", "end", "well", "real", "one", "two", "high", "e":
		return true
	}
	return false
}

func lastField(s string) string { return s[strings.LastIndexByte(s, ' ')+1:] }
