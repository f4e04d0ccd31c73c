package diffing

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// splitKey returns the key of a unit and the numbering it starts with, both
// lower-case. Two units with the same key say the same: only numbering, case,
// punctuation and white space can differ. cells keeps the separators of table
// cells in the key, because a tick means something else one column further.
func splitKey(text string, heading, cells bool) (key, number string) {
	toks := tokenize(text)
	skip := numberingEnd(text, toks, heading)
	var b strings.Builder
	b.Grow(len(text))
	for _, t := range toks {
		if t.start < skip {
			continue
		}
		appendKey(&b, text[t.start:t.end], t.kind, cells)
	}
	if b.Len() == 0 && skip > 0 { // nothing but numbering: then that is the text
		return splitKeyPlain(text, toks), ""
	}
	return b.String(), strings.ToLower(strings.TrimFunc(text[:skip], isBlank))
}

func splitKeyPlain(text string, toks []token) string {
	var b strings.Builder
	for _, t := range toks {
		appendKey(&b, text[t.start:t.end], t.kind, false)
	}
	return b.String()
}

func appendKey(b *strings.Builder, tok string, kind tokenKind, cells bool) {
	switch {
	case kind == tokPunct:
		return
	case kind == tokSymbol && !isMeaningful(tok, cells):
		return
	}
	if b.Len() > 0 {
		b.WriteByte(' ')
	}
	foldInto(b, tok)
}

// isMeaningful reports whether a symbol says something ("+", "✓", "€") rather
// than decorate (bullets, arrows, marks of trade).
func isMeaningful(tok string, cells bool) bool {
	r, _ := utf8.DecodeRuneInString(tok)
	switch {
	case r == '|':
		return cells
	case r == '™' || r == '®' || r == '©' || r == '`' || r == '´' || r == '^' || r == '~':
		return false
	case r >= 0x2190 && r <= 0x21FF || r >= 0x25A0 && r <= 0x25FF: // arrows, geometric shapes
		return false
	}
	return true
}

// foldInto appends tok in lower case, quotes straightened, invisible runes
// dropped and inner white space (of dates) collapsed.
func foldInto(b *strings.Builder, tok string) {
	if isFolded(tok) {
		b.WriteString(tok)
		return
	}
	space := false
	for _, r := range tok {
		switch {
		case r < utf8.RuneSelf && r > ' ':
			if r >= 'A' && r <= 'Z' {
				r += 'a' - 'A'
			}
		case r == '’' || r == '‘' || r == 'ʼ':
			r = '\''
		case isBlank(r):
			space = true
			continue
		default:
			r = unicode.ToLower(r)
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		b.WriteRune(r)
	}
}

// isFolded reports whether tok is plain lower-case ASCII, as most words are.
func isFolded(tok string) bool {
	for i := range len(tok) {
		if c := tok[i]; c <= ' ' || c >= utf8.RuneSelf || c >= 'A' && c <= 'Z' {
			return false
		}
	}
	return true
}

// fold returns tok as it stands in keys.
func fold(tok string) string {
	if isFolded(tok) {
		return tok
	}
	var b strings.Builder
	b.Grow(len(tok))
	foldInto(&b, tok)
	return b.String()
}

// numberedWords come before a number in the numbering of a clause.
var numberedWords = nameSet(`
	article section part chapter clause annex appendix schedule exhibit
	artikel abschnitt kapitel teil anhang ziffer
	chapitre partie annexe artículo sección capítulo anexo articolo sezione capitolo allegato
	hoofdstuk bijlage paragraaf
`)

// numberingEnd returns the offset behind the leading numbering of a unit, 0 if
// there is none: "4.2", "(a)", "IV.", "Article 3 –", "§ 5". Where a number might
// be part of the sentence ("7 days", "Article 6 GDPR") it is taken for
// numbering only in a heading or with a stop behind it.
func numberingEnd(text string, toks []token, heading bool) int {
	if len(toks) < 2 || toks[0].kind == tokDate {
		return 0
	}
	i, named := 0, false
	word := text[toks[0].start:toks[0].end]
	switch {
	case toks[0].kind == tokWord && numberedWords[strings.ToLower(word)], word == "§":
		i, named = 1, true
	case word == "(" || word == "[":
		return bracketedEnd(text, toks)
	}
	end, label := labelEnd(text, toks, i)
	if end == 0 || end >= len(toks) {
		return 0
	}
	body := text[toks[end].start:]
	stopped := isStop(text[toks[end-1].start:toks[end-1].end])
	switch {
	case stopped || heading && named:
		return toks[end].start
	case named || toks[end-1].end == toks[end].start: // "3rd", "24/7 support"
		return 0
	case heading && label == labelDigits:
		return toks[end].start
	case label == labelDigits && strings.Contains(text[:toks[end-1].end], "."):
		if r, _ := utf8.DecodeRuneInString(body); unicode.IsUpper(r) { // "4.2 We", but not "1.5 million"
			return toks[end].start
		}
	}
	return 0
}

type labelKind uint8

const (
	labelNone labelKind = iota
	labelDigits
	labelLetters
)

// labelEnd returns the index of the token behind the label at token i and its
// stop, or 0.
func labelEnd(text string, toks []token, i int) (int, labelKind) {
	if i >= len(toks) {
		return 0, labelNone
	}
	t := toks[i]
	s := text[t.start:t.end]
	var kind labelKind
	switch {
	case t.kind == tokNumber && isLabelNumber(s):
		kind = labelDigits
	case t.kind == tokWord && (len(s) == 1 && isASCIIAlnum(s[0]) || isRoman(s)):
		kind = labelLetters
	default:
		return 0, labelNone
	}
	end := i + 1
	for end < len(toks) && end < i+3 && isStop(text[toks[end].start:toks[end].end]) {
		if end+1 < len(toks) && toks[end+1].kind == tokNumber && text[toks[end].start] != '.' {
			return 0, labelNone // a range: "30 – 60 days"
		}
		if kind == labelLetters && text[toks[end].start] == '.' && !isLetterLabel(s) {
			return 0, labelNone // the initial of a name
		}
		end++
	}
	if kind == labelLetters && end == i+1 && i == 0 {
		return 0, labelNone
	}
	return end, kind
}

// isLetterLabel reports whether letters before a dot number a clause: "a." and
// "IV." do, the initial in "A. Smith" does not.
func isLetterLabel(s string) bool { return len(s) > 1 || s[0] >= 'a' && s[0] <= 'z' || isRoman(s) }

// isLabelNumber reports whether s is a clause number: short groups of digits
// separated by dots. Years and amounts are none.
func isLabelNumber(s string) bool {
	for g := range strings.SplitSeq(s, ".") {
		if g == "" || len(g) > 3 || strings.Trim(g, "0123456789") != "" {
			return false
		}
	}
	return true
}

func isStop(s string) bool {
	switch s {
	case ".", ")", ":", "-", "–", "—", "]":
		return true
	}
	return false
}

// bracketedEnd handles "(a)", "(iv)", "[3]".
func bracketedEnd(text string, toks []token) int {
	if len(toks) < 4 {
		return 0
	}
	label := text[toks[1].start:toks[1].end]
	shut := text[toks[2].start:toks[2].end]
	if shut != ")" && shut != "]" {
		return 0
	}
	if len(label) == 1 && isASCIIAlnum(label[0]) || isRoman(label) || isLabelNumber(label) {
		return toks[3].start
	}
	return 0
}
