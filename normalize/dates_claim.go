package normalize

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"watcher/policy"
)

var (
	// subject is what a sentence must be about for its date to be the
	// document's own.
	subject = regexp.MustCompile(`(?i)\b(?:this|these|our|the|diese|dieser|unsere|la présente|cette|notre|les présentes|esta|este|la presente|nuestra|questa|la presente|deze|dit|ons|esta|nossa|niniejsza|denne|denna|tyto|toto)\b.{0,60}\b(?:policy|policies|notice|statement|terms|agreement|document|page|version|addendum|declaration|guidelines|erklärung|\w*erklärung|\w*hinweise|\w*bedingungen|politique|charte|notice|conditions|mentions|política|aviso|términos|informativa|condizioni|verklaring|voorwaarden|termos|polityka|regulamin|politik|policyn|zásady)\b|\bwe\b.{0,30}$`)
	// foreign sentences speak of other documents or of the law.
	foreign = regexp.MustCompile(`(?i)\b(?:previous|prior|earlier|former|archived?|old|superseded|act|law|regulation|directive|gesetz|verordnung|loi|règlement|ley|reglamento|legge|regolamento|wet|verordening)\b`)
)

// labelFor completes a date found at text[start:end] with its label. It
// returns false when the document does not claim the date of itself.
func labelFor(d *policy.Date, text string, start, end int) bool {
	sentence := sentenceStart(text, start)
	before := text[max(sentence, runeStart(text, start-labelReach)):start]
	if kind, at, _, ok := matchLabel(labelBefore, before); ok && claims(text[sentence:], start-len(before)+at-sentence, end-sentence) {
		from := start - len(before) + at
		if countWords(text[sentence:from]) <= 6 {
			from = sentence
		}
		d.Kind, d.Raw = kind, strings.Trim(text[from:end], " (*_")
		return true
	}
	if countWords(text) > 14 || utf8.RuneCountInString(text) > 80 {
		return false
	}
	if kind, _, at, ok := matchLabel(labelAfter, text[end:]); ok && countWords(text[sentence:start]) <= 2 {
		d.Kind, d.Raw = kind, strings.TrimSpace(text[start:end+at])
		return true
	}
	return false
}

// strongLabel matches labels that nothing but a document's own date has.
var strongLabel = regexp.MustCompile(`(?i)^(?:date of )?(?:the )?(?:last|latest|most recent|zuletzt|letzte|dernière|derniere|última|ultim|laatst|ostatni|senest|sidst|siste|senast|poslední|naposledy|最|(?:effective|revision|publication|version|issue) date|updated|revised)`)

// maxAfter is how many words may follow a date in its sentence when its label
// is of those that also begin ordinary sentences ("As of 1 July 2020, we ...").
const maxAfter = 5

// claims says whether a sentence speaks of the document itself; its label
// begins at the given place and its date ends at the other.
func claims(sentence string, at, end int) bool {
	lead := strings.Trim(strings.TrimSpace(sentence[:at]), "([*_ -–—|•")
	words := countWords(lead)
	if words == 0 && !strongLabel.MatchString(sentence[at:]) && countWords(firstSentence(sentence[end:])) > maxAfter {
		return false
	}
	switch {
	case foreign.MatchString(lead):
		return false
	case words == 0, words <= 3 && len(sentence) <= 90:
		return countWords(firstSentence(sentence)) <= claimWords
	case words <= 14 && subject.MatchString(sentence[:at]):
		return countWords(firstSentence(sentence)) <= claimWords
	}
	return words <= 8 && countWords(sentence) <= 14
}

func firstSentence(s string) string {
	if i := strings.Index(s, ". "); i >= 0 && i < len(s)-2 {
		return s[:i]
	}
	return s
}

// sentenceStart returns where the sentence around a place begins. A full stop
// after a number or a single letter ends no sentence.
func sentenceStart(text string, at int) int {
	for i := at - 2; i > 0; i-- {
		switch text[i] {
		case '.', '!', '?', ';':
			if text[i+1] == ' ' && i > 1 && text[i-1] > '9' && text[i-2] > ' ' && text[i-2] != '.' {
				return i + 2
			}
		}
	}
	return 0
}

func runeStart(s string, i int) int {
	if i <= 0 {
		return 0
	}
	for i < len(s) && !utf8.RuneStart(s[i]) {
		i++
	}
	return i
}
