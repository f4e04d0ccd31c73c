package diffing

import (
	"regexp"
	"strings"
	"unicode"

	"watcher/policy"
)

// headingNumber is the number before a heading: "5.1 Right to use". A number
// before a unit of time counts something.
var headingNumber = regexp.MustCompile(`^\d{1,2}(?:\.\d{1,2}){0,3}[.)]?\s+(\p{Lu}.*)$`)

var counted = regexp.MustCompile(`(?i)^(?:seconds?|minutes?|hours?|days?|weeks?|months?|years?|business|working|calendar|tage?|wochen?|monate?|jahre?|jours?|mois|ans|días|mes|años)\b`)

// maxHeadingWords is how long a line may be to have a heading's number.
const maxHeadingWords = 12

// sameLetters says whether a reworded unit has the same letters and digits on
// both sides, apart from a heading's number: words that markup had joined were
// divided, or the other way round.
func sameLetters(e *policy.Edit) bool {
	if e.Op != policy.Reworded {
		return false
	}
	was, is := lettersOf(e.Old), lettersOf(e.New)
	if was == "" || is == "" {
		return false
	}
	return was == is || lettersOf(withoutNumber(e.Old)) == lettersOf(withoutNumber(e.New))
}

func withoutNumber(s string) string {
	if len(strings.Fields(s)) > maxHeadingWords {
		return s
	}
	if m := headingNumber.FindStringSubmatch(s); m != nil && !counted.MatchString(m[1]) {
		return m[1]
	}
	return s
}

// lettersOf returns the letters and digits of a text in lower case. Signs that
// carry a meaning of their own, and what divides digits, stay.
func lettersOf(s string) string {
	runes := []rune(s)
	var b strings.Builder
	for i, r := range runes {
		inNumber := i > 0 && i+1 < len(runes) && unicode.IsDigit(runes[i-1]) && unicode.IsDigit(runes[i+1])
		switch {
		case unicode.IsLetter(r):
			b.WriteRune(unicode.ToLower(r))
		case inNumber, unicode.IsDigit(r), unicode.IsMark(r), unicode.IsSymbol(r), strings.ContainsRune("%@&#/", r):
			b.WriteRune(r)
		}
	}
	return b.String()
}
