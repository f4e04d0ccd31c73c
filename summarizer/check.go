package summarizer

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxSummary is how long an answer may be, in runes.
const maxSummary = 700

// The things that an answer may only repeat, never bring: numbers (dates,
// periods, amounts), links and addresses.
var (
	number = regexp.MustCompile(`\d+(?:[.,]\d+)*`)
	link   = regexp.MustCompile(`(?i)\b(?:[a-z][a-z0-9+.-]*://|www\.)\S+|\b[\w.+-]+@[\w.-]+|\b(?:[a-z0-9-]+\.)+(?:com|org|net|io|ai|eu|de|fr|uk|dev|app|info|biz|co)\b`)
	// thinking is what some models write before they answer.
	thinking = regexp.MustCompile(`(?s)<think>.*?</think>`)
)

// check cleans an answer and refuses what the edits do not bear out.
func check(text, data string) (string, error) {
	text = clean(thinking.ReplaceAllString(text, " "))
	switch {
	case text == "":
		return "", fmt.Errorf("%w: it is empty", ErrRefused)
	case utf8.RuneCountInString(text) > maxSummary:
		return "", fmt.Errorf("%w: it has more than %d characters", ErrRefused, maxSummary)
	case strings.ContainsAny(text, "<>{}|`"):
		return "", fmt.Errorf("%w: it holds markup", ErrRefused)
	}
	known := strings.ToLower(data)
	for _, l := range link.FindAllString(text, -1) {
		if !strings.Contains(known, strings.ToLower(strings.TrimRight(l, ".,;:)"))) {
			return "", fmt.Errorf("%w: it names %q, which no edit holds", ErrRefused, l)
		}
	}
	have := map[string]bool{}
	for _, n := range number.FindAllString(data, -1) {
		have[n] = true
	}
	for _, n := range number.FindAllString(text, -1) {
		if !have[n] {
			return "", fmt.Errorf("%w: it names the number %s, which no edit holds", ErrRefused, n)
		}
	}
	return text, nil
}

// clean makes one line of plain text: no control or direction characters, no
// marks of Markdown, no mentions that chat programs act on.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.Is(unicode.Cc, r), unicode.Is(unicode.Cf, r), r == utf8.RuneError, r == '*', r == '#':
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	for _, mention := range []string{"@channel", "@here", "@everyone"} {
		s = strings.ReplaceAll(s, mention, strings.TrimPrefix(mention, "@"))
	}
	return strings.Join(strings.Fields(s), " ")
}
