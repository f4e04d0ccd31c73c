package diffing

import (
	"regexp"
	"strings"
	"unicode"

	"watcher/policy"
)

// headingNumber is the number before a heading, "5.1 Right to use"; the first
// group is set when it is divided or followed by a sign. A bare number may count
// something: "12 Months".
var headingNumber = regexp.MustCompile(`^\d{1,2}(?:((?:\.\d{1,2}){1,3}[.)]?|[.)])|)\s*(\p{Lu}.*)$`)

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
	return was == is || e.Heading && sameBesideNumber(e.Old, e.New)
}

// sameBesideNumber says whether two headings differ in their numbers only, and
// these are certainly the numbers of headings.
func sameBesideNumber(a, b string) bool {
	restA, certainA := withoutNumber(a)
	restB, certainB := withoutNumber(b)
	return (certainA || certainB) && lettersOf(restA) == lettersOf(restB)
}

func withoutNumber(s string) (rest string, certain bool) {
	if m := headingNumber.FindStringSubmatch(s); m != nil {
		return m[2], m[1] != ""
	}
	return s, false
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
