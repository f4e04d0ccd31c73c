package policy

import (
	"strings"
	"unicode"
)

// runesPerWord is how many characters of a script without blanks count as a word:
// a Japanese or Chinese policy has about twice as many characters as its English
// edition has words.
const runesPerWord = 2

// CountWords counts the words of a text: what blanks divide, and in scripts that
// know no blanks between words one for every two characters.
func CountWords(s string) int {
	n := 0
	for field := range strings.FieldsSeq(s) {
		n += countField(field)
	}
	return n
}

func countField(s string) int {
	dense, other := 0, false
	for _, r := range s {
		switch {
		case r < 0x0E00: // below Thai: nearly every text ends here
			other = true
		case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar):
			dense++
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			other = true
		}
	}
	words := (dense + runesPerWord - 1) / runesPerWord
	if other || words == 0 {
		words++
	}
	return words
}
