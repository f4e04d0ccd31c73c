package normalize

import (
	"strings"
	"unicode"
)

// profile lists frequent short words of a language that its neighbours do not
// share.
type profile struct {
	lang  string
	words []string
}

// profiles covers the languages whose dates we read. Japanese and Chinese are
// told by their scripts.
func profiles() []profile {
	return []profile{
		{"en", []string{"the", "and", "of", "to", "your", "you", "we", "our", "with", "that", "this", "are", "be", "by", "from", "will"}},
		{"de", []string{"der", "die", "und", "das", "ist", "nicht", "wir", "sie", "ihre", "mit", "von", "für", "werden", "zur", "auf", "einer"}},
		{"fr", []string{"les", "des", "et", "nous", "vous", "vos", "votre", "dans", "pour", "est", "sont", "une", "du", "aux", "cette", "sur"}},
		{"es", []string{"los", "las", "el", "y", "del", "sus", "usted", "una", "para", "por", "con", "nuestros", "este", "como", "su", "datos"}},
		{"it", []string{"il", "di", "della", "dei", "gli", "e", "che", "sono", "nostro", "dati", "per", "con", "delle", "nel", "alla", "è"}},
		{"nl", []string{"de", "het", "een", "en", "van", "wij", "uw", "zijn", "voor", "worden", "onze", "met", "niet", "ook", "deze", "naar"}},
		{"pt", []string{"os", "das", "dos", "e", "não", "você", "seus", "uma", "para", "com", "nossos", "são", "pela", "ou", "dados", "ao"}},
		{"pl", []string{"i", "w", "na", "oraz", "jest", "się", "przez", "danych", "nie", "do", "lub", "które", "dla", "użytkownika", "z", "są"}},
		{"da", []string{"og", "vi", "du", "dine", "er", "til", "af", "ikke", "som", "vores", "kan", "når", "det", "hvis", "eller", "personoplysninger"}},
		{"sv", []string{"och", "vi", "du", "dina", "är", "till", "av", "inte", "som", "våra", "kan", "när", "det", "om", "eller", "personuppgifter"}},
		{"cs", []string{"a", "na", "je", "osobních", "údajů", "které", "jsou", "pro", "nebo", "vaše", "jsme", "při", "že", "vás", "podle", "s"}},
		{"fi", []string{"ja", "on", "että", "tai", "voi", "ovat", "sekä", "käyttää", "tietoja", "jos", "myös", "kun", "me", "ei", "sinun", "mukaan"}},
		{"nb", []string{"og", "vi", "deg", "dine", "er", "til", "av", "ikke", "som", "våre", "hvordan", "når", "det", "hvis", "eller", "personopplysninger"}},
	}
}

const (
	// langSample bounds the words that are looked at.
	langSample = 2000
	// minLangHits is how many words of a profile must be seen, and of how many
	// words in a hundred, for a language to be named.
	minLangHits = 8
	minLangRate = 8
)

// detectLang returns the language of a text by its most frequent short words,
// or "" when none is clear.
func detectLang(units []unit) string {
	count := map[string]int{}
	n, kana, han, letters := 0, 0, 0, 0
	for _, u := range units {
		for _, r := range clip(u.text, 4000) {
			switch {
			case unicode.In(r, unicode.Hiragana, unicode.Katakana):
				kana++
			case unicode.Is(unicode.Han, r):
				han++
			case unicode.IsLetter(r):
				letters++
			}
		}
		for w := range strings.FieldsSeq(clip(u.text, 4000)) {
			count[strings.ToLower(strings.Trim(w, `.,;:!?()"'`))]++
			n++
		}
		if n > langSample {
			break
		}
	}
	if kana+han > 2*letters && kana+han >= 20 {
		if kana*10 > han {
			return "ja"
		}
		return "zh"
	}
	return bestProfile(count, n)
}

func bestProfile(count map[string]int, n int) string {
	best, bestHits, second := "", 0, 0
	for _, p := range profiles() {
		hits := 0
		for _, w := range p.words {
			hits += count[w]
		}
		if hits > bestHits {
			best, bestHits, second = p.lang, hits, bestHits
		} else if hits > second {
			second = hits
		}
	}
	if bestHits < minLangHits || bestHits*100 < n*minLangRate || bestHits == second {
		return ""
	}
	return best
}

// primaryTag returns the primary subtag of a BCP 47 tag in lower case, or ""
// when the text is none.
func primaryTag(tag string) string {
	s := strings.ToLower(strings.TrimSpace(tag))
	if i := strings.IndexAny(s, "-_"); i >= 0 {
		s = s[:i]
	}
	if len(s) < 2 || len(s) > 3 {
		return ""
	}
	for _, c := range s {
		if c < 'a' || c > 'z' {
			return ""
		}
	}
	return s
}
