package normalize

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// joinLines turns the lines of a block, as <br> divides them, into paragraphs.
// Preformatted lines stay as they are. In a block that holds a text of several
// paragraphs, every break divides but those that only lay out an address or
// that fall into a sentence; elsewhere see divides.
func joinLines(lines []span, pre, item bool) []span {
	if pre || len(lines) == 1 {
		return lines
	}
	apart := func(i int) bool { return divides(&lines[i-1], &lines[i]) }
	if !item && brokenText(lines) {
		apart = paragraphBreaks(lines)
	}
	var out []span
	for from := 0; from < len(lines); {
		to := from + 1
		for to < len(lines) && !apart(to) {
			to++
		}
		out = append(out, joinSpans(lines[from:to]))
		from = to
	}
	return out
}

func joinSpans(lines []span) span {
	if len(lines) == 1 {
		return lines[0]
	}
	s := span{laid: len(lines) > 2}
	parts := make([]string, len(lines))
	for i, l := range lines {
		parts[i] = l.text
		s.letters += l.letters
		s.bold += l.bold
		s.laid = s.laid || located(l.text)
	}
	s.text = strings.Join(parts, " ")
	return s
}

// divides says whether the break between two lines divides paragraphs wherever
// it stands: an empty line always does; a single break does so when one side is
// a bold title, when the line ends a sentence or when the next one begins with
// a list marker. Other breaks only lay out the text.
func divides(a, b *span) bool {
	if a.hard || strings.HasSuffix(a.text, ":") || strings.HasSuffix(a.text, ";") || endsSentence(a.text) {
		return true
	}
	if (a.bold+2 >= a.letters) != (b.bold+2 >= b.letters) && (a.bold+2 >= a.letters || b.bold+2 >= b.letters) {
		return true
	}
	_, _, listed := splitMarker(b.text)
	return listed
}

// The size from which a block is a text of its own, if it also holds sentences.
// Of 66 blocks of public policies in which single breaks lay out the text, the
// largest address had 7 lines or 45 words and not one sentence.
const (
	minTextLines = 6
	minTextWords = 120
	// fewestLines is how many lines a block with minTextWords has at least.
	fewestLines = 3
	// minTextProse is how many of the lines must be sentences.
	minTextProse = 2
)

// brokenText says whether a block holds a text whose paragraphs, titles and
// items are lines that breaks divide, as editors leave it when they know no
// paragraphs. Text that was wrapped at one width is none: its lines are no
// paragraphs.
func brokenText(lines []span) bool {
	if len(lines) < fewestLines {
		return false
	}
	words, sentences, ends := 0, 0, 0
	for i := range lines {
		words += countWords(lines[i].text)
		if prose(lines[i].text) {
			sentences++
		}
		if endsSentence(lines[i].text) {
			ends++
		}
	}
	if sentences < minTextProse || len(lines) < minTextLines && words <= minTextWords {
		return false
	}
	// Most lines of wrapped text end within a sentence.
	return ends*2 >= len(lines) || !hardWrapped(textLines(lines))
}

// textLines returns lines as plain text would have them.
func textLines(lines []span) []textLine {
	out := make([]textLine, 0, len(lines))
	for i := range lines {
		out = append(out, textLine{text: lines[i].text, width: utf8.RuneCountInString(lines[i].text)})
		if lines[i].hard {
			out = append(out, textLine{})
		}
	}
	return out
}

// paragraphBreaks returns which breaks of a text divide paragraphs: apart(i)
// speaks of the break before line i.
func paragraphBreaks(lines []span) (apart func(i int) bool) {
	lower := 0
	for i := range lines {
		if startsLower(lines[i].text) {
			lower++
		}
	}
	lowerCase := lower*10 > len(lines)*8
	within := addresses(lines)
	return func(i int) bool {
		a, b := &lines[i-1], &lines[i]
		if divides(a, b) {
			return true
		}
		return !within[i] && (lowerCase || !continues(a.text, b.text))
	}
}

// continues says whether the break between two lines falls into a sentence. An
// item in lower case is followed by the next item rather.
func continues(a, b string) bool {
	return startsLower(b) && !startsLower(a) && countWords(a) >= minProseWords
}

// The form of an address that breaks lay out.
const (
	maxAddressLines = 8
	maxAddressWords = 12
)

// postcode matches the codes of addresses that contactLike does not know: of
// the United States, the United Kingdom, Canada, Poland and Portugal.
var postcode = regexp.MustCompile(`\b(?:[A-Z]{2}\.?,? \d{5}\b|[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}\b|[A-Z]\d[A-Z] \d[A-Z]\d\b|\d{2}-\d{3} \p{Lu}|\d{4}-\d{3}\b)`)

// located says whether a line holds a postcode, a telephone number or the like.
func located(s string) bool { return hasContact(s) || postcode.MatchString(s) }

// addresses says of each line whether it goes on with the address that the line
// before it belongs to: a run of short lines, one of which holds a postcode, a
// telephone number or the like. Torn apart, "12 Quay Street" reads as a title.
func addresses(lines []span) []bool {
	within := make([]bool, len(lines))
	for from := 0; from < len(lines); {
		to, found := from, false
		for to < len(lines) && addressLine(lines[to].text) && (to == from || !divides(&lines[to-1], &lines[to])) {
			found = found || located(lines[to].text)
			to++
		}
		if to == from {
			from++
			continue
		}
		if numberedTitle(lines[from].text) {
			from++
		}
		if found && to-from <= maxAddressLines {
			for i := from + 1; i < to; i++ {
				within[i] = true
			}
		}
		from = to
	}
	return within
}

// addressLine says whether a line could be part of an address: it is short and
// does not begin with a pictogram, which marks an item of its own.
func addressLine(s string) bool {
	first, _ := utf8.DecodeRuneInString(s)
	return len(s) <= 200 && countWords(s) <= maxAddressWords && !unicode.IsSymbol(first)
}

// numberedTitle says whether a line begins with a section number that cannot be
// the number of a house.
func numberedTitle(s string) bool {
	m := sectionNumber.FindStringSubmatch(s)
	return m != nil && strings.ContainsAny(m[1], ".)")
}
