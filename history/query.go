package history

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Bounds of a query.
const (
	maxQuery = 400 // bytes
	maxTerms = 16
)

// ErrQuery marks a query that cannot be searched for.
var ErrQuery = errors.New("not a query")

// terms are what a text must contain, all of them.
type terms struct {
	list []term
	// whole is the query as one phrase, "" when it is a single term.
	whole string
}

// term is a word, which may go on in the text, or an exact phrase.
type term struct {
	text  string
	exact bool
}

// parseQuery reads words and "phrases in quotes".
func parseQuery(s string) (terms, error) {
	var q terms
	if len(s) > maxQuery {
		return q, fmt.Errorf("%w: it has %d bytes (at most %d; search for less)", ErrQuery, len(s), maxQuery)
	}
	if !utf8.ValidString(s) {
		return q, fmt.Errorf("%w: it is not UTF-8", ErrQuery)
	}
	s = fold(norm.NFC.String(s))
	var all []string
	for i, part := range strings.Split(s, `"`) {
		words := meaningful(strings.Fields(part))
		all = append(all, words...)
		switch {
		case len(words) == 0:
		case i%2 == 1: // between quotes; one that is not closed goes to the end
			q.list = append(q.list, term{strings.Join(words, " "), true})
		default:
			for _, w := range words {
				q.list = append(q.list, term{w, false})
			}
		}
	}
	if len(q.list) == 0 {
		return q, fmt.Errorf(`%w: there is no word in it (give words, or a "phrase in quotes")`, ErrQuery)
	}
	if len(q.list) > maxTerms {
		return q, fmt.Errorf("%w: it has %d words and phrases (at most %d; search for less)", ErrQuery, len(q.list), maxTerms)
	}
	if len(q.list) > 1 {
		q.whole = strings.Join(all, " ")
	}
	return q, nil
}

// meaningful leaves out words without a letter or digit.
func meaningful(words []string) []string {
	out := words[:0]
	for _, w := range words {
		if strings.ContainsFunc(w, wordRune) {
			out = append(out, w)
		}
	}
	return out
}

// fold makes texts comparable: lower case, one kind of quotes, single blanks.
func fold(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	folding(s, func(r rune, _ int) { b.WriteRune(r) })
	return b.String()
}

// foldMapped is fold with the place in s of each byte of the result, and of its
// end.
func foldMapped(s string) (folded string, at []int) {
	var b strings.Builder
	folding(s, func(r rune, from int) {
		b.WriteRune(r)
		for len(at) < b.Len() {
			at = append(at, from)
		}
	})
	return b.String(), append(at, len(s))
}

func folding(s string, emit func(r rune, from int)) {
	blank := true // none at the beginning
	for i, r := range s {
		if unicode.IsSpace(r) {
			if !blank {
				emit(' ', i)
			}
			blank = true
			continue
		}
		switch r {
		case '\u00ad', '\u200b', '\u200c', '\u200d', '\ufeff', utf8.RuneError:
			continue // not to be seen
		case '\u2018', '\u2019', '\u02bc':
			r = '\''
		case '\u201c', '\u201d', '\u201e', '\u00ab', '\u00bb':
			r = '"'
		case '\u2010', '\u2011':
			r = '-'
		}
		blank = false
		emit(unicode.ToLower(r), i)
	}
}

func wordRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// dense are the scripts that know no blanks between words.
func dense(r rune) bool {
	return r >= 0x0E00 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
}

// edge reports whether a word may end between two runes.
func edge(before, after rune) bool {
	return !wordRune(before) || !wordRune(after) || dense(before) || dense(after)
}

// find returns where the term first stands in a folded text, -1 for nowhere. A
// word must begin at the beginning of one; a phrase must end at an end, too.
func (t term) find(text string) int { return t.findFrom(text, 0) }

// findFrom is find from a byte of the text on.
func (t term) findFrom(text string, from int) int {
	first, _ := utf8.DecodeRuneInString(t.text)
	last, _ := utf8.DecodeLastRuneInString(t.text)
	for {
		i := strings.Index(text[from:], t.text)
		if i < 0 {
			return -1
		}
		i += from
		before, size := utf8.DecodeLastRuneInString(text[:i])
		after, rest := utf8.DecodeRuneInString(text[i+len(t.text):])
		begins := size == 0 || edge(before, first)
		ends := !t.exact || rest == 0 || edge(last, after)
		if begins && ends {
			return i
		}
		from = i + 1
	}
}
