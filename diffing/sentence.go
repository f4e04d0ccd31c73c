package diffing

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// abbreviations end in a dot that ends no sentence, whatever follows.
var abbreviations = nameSet(`
	e.g i.e eg ie cf vs viz approx incl excl resp dept est tel ext fig vol pp mr mrs ms dr prof st jr sr hon rev
	art arts sec para paras ch cl reg p.o attn c.f
	z.b d.h u.a bzw ggf inkl abs nr str gem bspw ca sog vgl ziff evtl lit tel.nr i.s.v i.s.d i.v.m
	p.ex c.-à-d env al mme mlle
	p.ej ud uds sra núm pág dña
	es sig dott cfr lett d.lgs
	bijv o.a d.w.z t.a.v m.b.t i.v.m d.m.v
`)

// halfAbbreviations may end a sentence too: they do if a common opener follows.
var halfAbbreviations = nameSet(`
	inc ltd llc corp co plc gmbh s.a s.r.l b.v n.v u.s u.k e.u u.s.a a.m p.m etc ecc enz usw
`)

// openers are words that start sentences in policies far more often than they
// follow a company's name.
var openers = nameSet(`
	we our you your the this these those that if when where in for to it they their by as please all any however
	such no with under some personal information data
	wir ihre sie die der das wenn diese
	nous vous votre nos notre le la les si ce cette
	nosotros usted su sus el los las si
	noi tu lei il lo gli se
	wij uw u de het als dit deze
`)

// splitSentences cuts a block into sentences. Joined by the white space
// between them they are the block again; none is blank. The rules look only at
// the neighbourhood of a stop, so that an edit elsewhere in the block never
// moves a boundary.
func splitSentences(text string) []string {
	var out []string
	start := 0
	lower := !hasUpper(text)
	emit := func(end int) {
		if s := strings.TrimFunc(text[start:end], isBlank); s != "" {
			out = append(out, s)
		}
		start = end
	}
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRuneInString(text[i:])
		next := i + n
		switch r {
		case '\n':
			emit(i)
		case '。', '！', '？':
			next = skipClosers(text, next)
			emit(next)
		case '.', '!', '?', '…':
			next = skipClosers(text, next)
			if endsSentence(text, start, i, next, lower) {
				emit(next)
			}
		}
		i = next
	}
	emit(len(text))
	return out
}

func hasUpper(s string) bool { return strings.IndexFunc(s, unicode.IsUpper) >= 0 }

// skipClosers skips further stops, quotes and brackets behind a stop.
func skipClosers(s string, i int) int {
	for i < len(s) {
		r, n := utf8.DecodeRuneInString(s[i:])
		if !strings.ContainsRune(`.!?…"'”’»)]`, r) {
			return i
		}
		i += n
	}
	return i
}

// endsSentence reports whether the stop at dot, with its closers up to end,
// ends the sentence that began at start. lower says that the block has no
// upper-case letter to go by.
func endsSentence(text string, start, dot, end int, lower bool) bool {
	next := skipSpaces(text, end)
	if next == end || next == len(text) {
		return false
	}
	opener := firstWord(text[next:])
	if !lower && !opensSentence(text[next:]) {
		return false
	}
	if text[dot] != '.' {
		return true
	}
	before := lastWord(text[start:dot])
	folded := strings.ToLower(strings.Trim(before, `("'“‘[`))
	switch {
	case folded == "":
		return end > dot+1 // "...". or a stop of its own
	case strings.TrimSpace(text[start:dot]) == before && isOrdinal(folded):
		return false // "1. Introduction" numbers what follows
	case isOrdinal(folded) && len(folded) <= 2:
		return !isMonth(opener)
	case abbreviations[folded]:
		return false
	case folded == "no" || folded == "nos":
		return !startsDigit(text[next:])
	case halfAbbreviations[folded], isInitial(folded):
		return openers[strings.ToLower(opener)]
	case isMonth(folded) && len(folded) <= 4:
		return !startsDigit(text[next:])
	}
	return !lower || utf8.RuneCountInString(folded) > 2
}

// opensSentence reports whether s can be the start of a sentence: anything but
// a lower-case letter or punctuation that continues one.
func opensSentence(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return !unicode.IsLower(r) && !strings.ContainsRune(",;:-–—)/&|", r)
}

// isInitial reports whether s is a single letter, as in "J. Smith".
func isInitial(s string) bool {
	r, n := utf8.DecodeRuneInString(s)
	return n == len(s) && unicode.IsLetter(r)
}

// isOrdinal reports whether s is made of digits and dots, or a Roman numeral
// or letter as they number clauses.
func isOrdinal(s string) bool {
	return s != "" && strings.Trim(s, "0123456789.") == "" || len(s) > 1 && isRoman(s)
}

func isRoman(s string) bool { return s != "" && len(s) <= 6 && strings.Trim(s, "ivxlIVXL") == "" }

func lastWord(s string) string {
	const far = 40 // no abbreviation is longer
	if len(s) > far {
		s = s[len(s)-far:]
	}
	i := strings.LastIndexFunc(s, isBlank)
	return s[i+1:]
}

func firstWord(s string) string {
	s = strings.TrimLeft(s, `"'“‘(«[`)
	end := scanLetters(s, 0)
	return s[:end]
}
