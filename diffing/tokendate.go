package diffing

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// monthNames numbers the month names and abbreviations of the languages that
// policies come in; a date that names its month is one token.
var monthNames = monthTable()

func monthTable() map[string]int {
	table := map[string]int{}
	for i, names := range strings.Split(strings.TrimSpace(`
january jan januar januari jänner janvier enero gennaio janeiro
february feb februar februari février febrero febbraio fevereiro
march mar märz mars marzo maart março marts
april apr avril abril aprile
may mai mayo maggio mei maio maj
june jun juni juin junio giugno junho
july jul juli juillet julio luglio julho
august aug août agosto augustus augusti
september sep sept septembre septiembre setiembre settembre setembro
october oct oktober octobre octubre ottobre outubro
november nov novembre noviembre novembro
december dec dezember décembre diciembre dicembre dezembro`), "\n") {
		for n := range strings.FieldsSeq(names) {
			table[n] = i + 1
		}
	}
	return table
}

// maxMonthName is the length in bytes of the longest of them.
const maxMonthName = 12

func nameSet(names string) map[string]bool {
	set := map[string]bool{}
	for n := range strings.FieldsSeq(names) {
		set[n] = true
	}
	return set
}

// scanDate returns the end of the date at i, or i. It knows "12/05/2025",
// "XX/05/2025", "2025-05-12", "12 May 2025", "12. Mai 2025", "May 12th, 2025",
// "12 de mayo de 2025" and "May 2025"; the year is required, because "under 12
// may" is no date.
func scanDate(s string, i int) int {
	c := s[i]
	digit := c >= '0' && c <= '9'
	if digit || c == '[' || isBlankDigit(c) && i+1 < len(s) && (s[i+1] == c || strings.IndexByte("/.-", s[i+1]) >= 0) {
		if end := scanNumericDate(s, i); end > i {
			return end
		}
		if end := scanDayMonthYear(s, i); end > i {
			return end
		}
	}
	if digit || c < 'A' {
		return i
	}
	return scanMonthYear(s, i)
}

// isBlankDigit reports whether c stands for a digit that somebody still has to
// fill in.
func isBlankDigit(c byte) bool { return strings.IndexByte("XxDdMmYyTtJjAa_?", c) >= 0 }

// scanNumericDate reads three groups with the same separator.
func scanNumericDate(s string, i int) int {
	start := i
	if s[i] == '[' {
		i++
	}
	var lens [3]int
	var sep byte
	digits := 0
	for g := range lens {
		j := i
		for j < len(s) && j-i <= 4 && (s[j] >= '0' && s[j] <= '9' || isBlankDigit(s[j])) {
			if s[j] >= '0' && s[j] <= '9' {
				digits++
			} else if !sameGroup(s[i], s[j]) {
				return start
			}
			j++
		}
		lens[g] = j - i
		if lens[g] == 0 || lens[g] > 4 {
			return start
		}
		i = j
		if g == len(lens)-1 {
			break
		}
		if i >= len(s) || strings.IndexByte("/.-", s[i]) < 0 || g > 0 && s[i] != sep {
			return start
		}
		sep = s[i]
		i++
	}
	if !isDateShape(lens, sep, digits) || i < len(s) && (isASCIIAlnum(s[i]) || s[i] == sep && startsDigit(s[i+1:])) {
		return start
	}
	if s[start] == '[' && i < len(s) && s[i] == ']' {
		i++
	} else if s[start] == '[' {
		return start
	}
	return i
}

// sameGroup reports whether b may follow a in a group of blanks: "XX" and "DD"
// are groups, "may" is not.
func sameGroup(a, b byte) bool { return a == b || a >= '0' && a <= '9' }

func isDateShape(lens [3]int, sep byte, digits int) bool {
	switch {
	case lens[2] == 4:
		return lens[0] <= 2 && lens[1] <= 2
	case lens[0] == 4:
		return lens[1] <= 2 && lens[2] <= 2
	case lens[2] != 2 || lens[0] > 2 || lens[1] > 2 || digits == 0:
		return false
	}
	// A two-digit year: with dots it might as well be the number of a section.
	return sep == '/' || sep == '.' && lens[0] == 2 && lens[1] == 2
}

func scanDayMonthYear(s string, i int) int {
	start := i
	for i < len(s) && i-start < 2 && (s[i] >= '0' && s[i] <= '9' || s[i] == s[start] && isBlankDigit(s[i])) {
		i++
	}
	i = skipAny(s, i, "st", "nd", "rd", "th", "er", ".", "º", "°")
	j := skipSpaces(s, i)
	if j == i {
		return start
	}
	for _, of := range []string{"de ", "of "} {
		j = skipAny(s, j, of)
	}
	end := scanMonthName(s, j)
	if end == j {
		return start
	}
	end = skipAny(s, end, ".", ",")
	j = skipSpaces(s, end)
	for _, of := range []string{"del ", "de ", "of "} {
		j = skipAny(s, j, of)
	}
	if end = scanYear(s, j); end > j && j > i {
		return end
	}
	return start
}

func scanMonthYear(s string, i int) int {
	end := scanLetters(s, i)
	if end == i {
		return i
	}
	j := skipAny(s, end, ".")
	j = skipAny(s, j, ",")
	k := skipSpaces(s, j)
	if k == j || k >= len(s) || (!isDigit(rune(s[k])) && s[k] != 'X' && s[k] != 'x') || !isMonth(s[i:end]) {
		return i
	}
	if y := scanYear(s, k); y > k {
		return y
	}
	d := k
	for d < len(s) && d-k < 2 && (isDigit(rune(s[d])) || s[d] == 'X' || s[d] == 'x') {
		d++
	}
	d = skipAny(s, d, "st", "nd", "rd", "th")
	d = skipAny(s, d, ",")
	sp := skipSpaces(s, d)
	if y := scanYear(s, sp); y > sp && sp > d {
		return y
	}
	return i
}

// scanYear returns the end of a four-digit year (or its blanks) at i, or i.
func scanYear(s string, i int) int {
	// A capital behind the year is the next word, glued to it by the page's
	// markup: "12 January 2026Previous version".
	if i+4 > len(s) || i+4 < len(s) && isASCIIAlnum(s[i+4]) && (s[i+4] < 'A' || s[i+4] > 'Z') {
		return i
	}
	y := s[i : i+4]
	switch {
	case (y[:2] == "19" || y[:2] == "20") && (isDigit(rune(y[2])) && isDigit(rune(y[3])) || strings.EqualFold(y[2:], "xx")):
		return i + 4
	case strings.EqualFold(y, "xxxx"), strings.EqualFold(y, "yyyy"):
		return i + 4
	}
	return i
}

func scanMonthName(s string, i int) int {
	if end := scanLetters(s, i); isMonth(s[i:end]) {
		return end
	}
	return i
}

// scanLetters returns the end of the letters at i; it gives up behind the
// longest month name.
func scanLetters(s string, i int) int {
	start := i
	for i < len(s) && i-start <= maxMonthName {
		if c := s[i] | 0x20; c >= 'a' && c <= 'z' {
			i++
			continue
		} else if s[i] < utf8.RuneSelf {
			return i
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if !unicode.IsLetter(r) {
			return i
		}
		i += n
	}
	return i
}

func isMonth(word string) bool {
	return len(word) >= 3 && len(word) <= maxMonthName && monthNames[strings.ToLower(word)] != 0
}

func skipSpaces(s string, i int) int {
	for i < len(s) {
		r, n := utf8.DecodeRuneInString(s[i:])
		if !unicode.IsSpace(r) {
			return i
		}
		i += n
	}
	return i
}

// skipAny skips the first of the words that stands at i.
func skipAny(s string, i int, words ...string) int {
	for _, w := range words {
		if strings.HasPrefix(s[i:], w) {
			return i + len(w)
		}
	}
	return i
}
