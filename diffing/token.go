package diffing

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// tokenKind is what a token is, as far as redlines and facts need to know.
type tokenKind uint8

const (
	tokWord tokenKind = iota
	tokNumber
	tokDate
	tokEmail
	tokURL
	tokSymbol
	tokPunct
)

// token is a piece of a text that a redline never cuts. White space lies
// between tokens and belongs to none.
type token struct {
	start, end int
	kind       tokenKind
}

// tokenize cuts text into tokens. A date, number, e-mail address or URL is one
// token, as is every word; ideographs are tokens of their own because their
// scripts have no spaces. It runs in linear time.
func tokenize(text string) []token {
	toks := make([]token, 0, len(text)/5+1)
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRuneInString(text[i:])
		if isBlank(r) {
			i += n
			continue
		}
		t := scanToken(text, i, r)
		toks = append(toks, t)
		i = t.end
	}
	return toks
}

// isBlank reports whether r separates tokens: white space and the invisible
// format characters that pages are sprinkled with.
func isBlank(r rune) bool {
	if r < utf8.RuneSelf {
		return r <= ' ' || r == 0x7f
	}
	return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Cc, r)
}

func scanToken(s string, i int, r rune) token {
	fresh := i == 0 || !isNameByte(s[i-1])
	if fresh {
		if end := scanDate(s, i); end > i {
			return token{i, end, tokDate}
		}
		if end, kind := scanAddress(s, i); end > i {
			return token{i, end, kind}
		}
	}
	switch {
	case isDigit(r), isCurrency(r) && startsDigit(s[i+utf8.RuneLen(r):]):
		return scanNumber(s, i)
	case isIdeograph(r):
		return token{i, i + utf8.RuneLen(r), tokWord}
	case isWordRune(r):
		return token{i, scanWord(s, i), tokWord}
	case unicode.IsSymbol(r):
		return token{i, i + utf8.RuneLen(r), tokSymbol}
	}
	_, n := utf8.DecodeRuneInString(s[i:])
	return token{i, i + n, tokPunct}
}

func isDigit(r rune) bool { return r >= '0' && r <= '9' }

func startsDigit(s string) bool { return s != "" && s[0] >= '0' && s[0] <= '9' }

func isCurrency(r rune) bool { return r == '$' || r == '€' || r == '£' || r == '¥' }

func isWordRune(r rune) bool {
	if r < utf8.RuneSelf {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_'
	}
	return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.M, r)
}

func isIdeograph(r rune) bool {
	return r >= 0x0E00 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai)
}

// scanWord returns the end of the word at i. An apostrophe between letters is
// part of the word.
func scanWord(s string, i int) int {
	for i < len(s) {
		if isASCIIAlnum(s[i]) {
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case isWordRune(r) && !isIdeograph(r):
			i += n
		case (r == '\'' || r == '’') && i+n < len(s):
			next, _ := utf8.DecodeRuneInString(s[i+n:])
			if !isWordRune(next) || isIdeograph(next) {
				return i
			}
			i += n
		default:
			return i
		}
	}
	return i
}

// scanNumber returns the number at i with the signs that belong to it: a
// currency before, inner separators ("1,000.50", "24/7", "2016/679"), the
// paragraphs of a legal reference ("6(1)(f)"), and "%", a currency or letters
// directly behind it.
func scanNumber(s string, i int) token {
	start := i
	if r, n := utf8.DecodeRuneInString(s[i:]); isCurrency(r) {
		i += n
	}
	i = scanDigits(s, i)
	for {
		end := scanBracket(s, i)
		if end == i {
			break
		}
		i = end
	}
	letters := i
	if r, n := utf8.DecodeRuneInString(s[i:]); n > 0 && (r == '%' || r == '‰' || isCurrency(r)) {
		return token{start, i + n, tokNumber}
	}
	i = scanWord(s, i)
	if isNumberSuffix(s[letters:i]) {
		return token{start, i, tokNumber}
	}
	return token{start, i, tokWord} // "3Shape", "2FA": a name
}

// scanDigits returns the end of digits and single separators between digits.
func scanDigits(s string, i int) int {
	for i < len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			i++
		case strings.IndexByte(".,'/:", c) >= 0 && startsDigit(s[i+1:]):
			i++
		default:
			return i
		}
	}
	return i
}

// scanBracket returns the end of a "(1)" or "(f)" at i, or i.
func scanBracket(s string, i int) int {
	if i >= len(s) || s[i] != '(' {
		return i
	}
	for j := i + 1; j < len(s) && j <= i+4; j++ {
		c := s[j]
		if c == ')' && j > i+1 {
			return j + 1
		}
		if !isASCIIAlnum(c) {
			return i
		}
	}
	return i
}

// isNumberSuffix reports whether letters directly behind digits leave them a
// number: ordinals and units.
func isNumberSuffix(s string) bool {
	if len(s) <= 1 {
		return true
	}
	switch strings.ToLower(s) {
	case "st", "nd", "rd", "th", "er", "ème", "kb", "mb", "gb", "tb", "ms", "km", "hrs":
		return true
	}
	return false
}

func isASCIIAlnum(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// isNameByte reports whether c may stand inside an e-mail address or host name.
func isNameByte(c byte) bool {
	return isASCIIAlnum(c) || c == '.' || c == '_' || c == '%' || c == '+' || c == '-' || c == '@'
}
