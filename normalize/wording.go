package normalize

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The lengths, in words, that tell titles from sentences.
const (
	// maxHeadingWords is how long text in heading markup may be.
	maxHeadingWords = 40
	// maxTitleWords is how long a title without markup may be.
	maxTitleWords = 14
	// minProseWords is how long a line must be to count as a sentence of a
	// policy rather than as an entry of a menu.
	minProseWords = 12
)

var (
	// sectionNumber matches the number of a section at the start of a line:
	// "3.", "3.1", "3.1.", "3)", "IV.", "A." and the rest of the line.
	sectionNumber = regexp.MustCompile(`^(\d{1,2}(?:\.\d{1,2}){0,4}[.)]?|[IVX]{1,5}[.)]|[A-Z][.)])\s*[-–—:]?\s+(\S.*)$`)
	// namedNumber matches "Article 4 – ...", "Section 2", "§ 3", "Annex A".
	namedNumber = regexp.MustCompile(`(?i)^(?:` + strings.Join(sectionNames, "|") + `|§)\s*(?:\d{1,3}(?:\.\d{1,2})*|[ivx]{1,5}|[a-z])(?:[.:)]|\s|$)`)
	contactLike = regexp.MustCompile(`(?i)[\w.+-]+@[\w-]+\.|\[email.protected\]|https?://|www\.|\+\d[\d ()-]{6,}|\b\d{4,5} [\p{Lu}]`)
	// policyTitle matches the words of a policy's own title.
	policyTitle = regexp.MustCompile(`(?i)(?:^|[^\p{L}])(?:privacy|policy|notice|statement|terms|conditions|cookies?|data protection|datenschutz\w*|nutzungsbedingungen|agb|impressum|confidentialité|vie privée|mentions légales|conditions|privacidad|aviso|términos|informativa|riservatezza|privacyverklaring|voorwaarden|privacidade|termos|prywatności|regulamin|privatliv\w*|integritet\w*|soukromí|osobních údajů)(?:$|[^\p{L}])|プライバシー|利用規約|隐私|隱私|条款`)
)

// sectionNames are the words for a section, in lower case, that a number follows.
var sectionNames = []string{
	"article", "section", "clause", "chapter", "part", "annex", "appendix", "schedule", "exhibit", "artikel", "abschnitt",
	"kapitel", "anhang", "teil", "chapitre", "partie", "annexe", "artículo", "sección", "capítulo", "anexo", "articolo",
	"sezione", "capitolo", "allegato", "hoofdstuk", "bijlage", "artigo", "secção", "rozdział", "artykuł", "część", "afsnit",
	"avsnitt", "článek", "kapitola",
}

func beginsAny(s string, prefixes []string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(s, p) {
			return true
		}
	}
	return false
}

// hasContact says whether a line holds an address, number or link.
func hasContact(s string) bool {
	if !strings.ContainsAny(s, "@0123456789") && !strings.Contains(s, "://") && !strings.Contains(s, "www.") && !strings.Contains(s, "protected]") {
		return false
	}
	return contactLike.MatchString(s)
}

// endsSentence says whether a line ends as sentences do.
func endsSentence(s string) bool {
	if s == "" {
		return false
	}
	switch c := s[len(s)-1]; {
	case c == '.' || c == '!' || c == '?':
		return true
	case c < utf8.RuneSelf && strings.IndexByte(`"')]`, c) < 0:
		return false
	}
	s = strings.TrimRight(s, `"'”’»)]`)
	r, _ := utf8.DecodeLastRuneInString(s)
	switch r {
	case '.', '!', '?', '。', '！', '？', '…':
		return true
	}
	return false
}

// lastRune returns the last rune of a line.
func lastRune(s string) rune {
	r, _ := utf8.DecodeLastRuneInString(s)
	return r
}

// upperCase says whether a line is set in capitals: at least four letters, all
// of them upper-case.
func upperCase(s string) bool {
	n := 0
	for _, r := range s {
		if unicode.IsLower(r) {
			return false
		}
		if unicode.IsUpper(r) {
			n++
		}
	}
	return n >= 4
}

// numbering splits a section number from a line and returns its depth, 0 when
// there is none.
func numbering(s string) (depth int, rest string) {
	if s == "" {
		return 0, s
	}
	if c := s[0]; !digit(c) && (len(s) < 2 || s[1] != '.' && s[1] != ')') && !romanNumber(s) {
		if mayNameNumber(s) && namedNumber.MatchString(s) {
			return 1, s
		}
		return 0, s
	}
	m := sectionNumber.FindStringSubmatch(s)
	if m == nil {
		return 0, s
	}
	number := strings.TrimRight(m[1], ".)")
	return strings.Count(number, ".") + 1, m[2]
}

// romanNumber says whether a line begins with a Roman number and a full stop or
// bracket.
func romanNumber(s string) bool {
	i := 0
	for i < len(s) && (s[i] == 'I' || s[i] == 'V' || s[i] == 'X') {
		i++
	}
	return i > 0 && i <= 5 && i < len(s) && (s[i] == '.' || s[i] == ')')
}

// mayNameNumber rules out lines whose first letter begins no name of a section
// and those whose second word is too long to be a number.
func mayNameNumber(s string) bool {
	if s[0] < utf8.RuneSelf && strings.IndexByte("acehkprstb", s[0]|0x20) < 0 {
		return false
	}
	if strings.HasPrefix(s, "§") {
		return true
	}
	i := strings.IndexByte(s, ' ')
	if i < 3 || i > 12 || !beginsAny(foldCase(s[:i]), sectionNames) {
		return false
	}
	k := strings.IndexAny(s[i+1:], " .:)")
	return k >= 0 && k <= 8 || k < 0 && len(s)-i <= 8
}

// titleLike says whether a line could be the title of a section: short, begins
// like a title, ends without the punctuation of a sentence or list.
func titleLike(s string) bool {
	if s == "" || len(s) > 120 || countWords(s) > maxTitleWords {
		return false
	}
	switch lastRune(s) {
	case '.', ',', ';', ':', '!', '。', '、', '；', '：', '，', '…', '-', '|', '&':
		return false
	}
	first, _ := utf8.DecodeRuneInString(s)
	if !unicode.IsLetter(first) && !unicode.IsDigit(first) && !strings.ContainsRune(`"“„«¿('‘`, first) {
		return false
	}
	return !hasContact(s) && !strings.Contains(s, " | ") && !dateOnly(s) && letters(s)*2 > utf8.RuneCountInString(s)
}

// letters counts the letters of a line.
func letters(s string) int {
	n := 0
	for _, r := range s {
		if unicode.IsLetter(r) {
			n++
		}
	}
	return n
}

// prose says whether a line is a sentence of a document: long enough, with an
// end, and not a menu whose entries lost their separators.
func prose(s string) bool {
	if countWords(s) < minProseWords || glued(s) {
		return false
	}
	return endsSentence(s) || strings.ContainsRune(":;：；", lastRune(s)) || strings.Contains(s, ". ") || strings.ContainsRune(s, '。')
}

// glued says whether words of a line were run together, as happens when a menu
// is copied as text: three or more lower-case letters followed by a capital.
func glued(s string) bool {
	n, lower := 0, false
	for _, r := range s {
		if unicode.IsUpper(r) && lower {
			n++
		}
		lower = unicode.IsLower(r)
	}
	return n >= 3 && n*12 >= countWords(s)
}

// key reduces a line to its letters and digits in lower case, without a
// section number: two lines with one key read alike.
func key(s string) string {
	_, rest := numbering(s)
	return compact(rest)
}

func compact(s string) string {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); {
		if c := s[i]; c < utf8.RuneSelf {
			if letter(c) {
				out = append(out, c|0x20)
			} else if digit(c) {
				out = append(out, c)
			}
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			out = utf8.AppendRune(out, unicode.ToLower(r))
		}
		i += size
	}
	return string(out)
}

// startsLower says whether the first letter of a line is lower-case.
func startsLower(s string) bool {
	for _, r := range s {
		if unicode.IsLetter(r) {
			return unicode.IsLower(r)
		}
	}
	return false
}
