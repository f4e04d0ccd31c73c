package diffing

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// fact is something countable that a text states: a period, an age, a number.
// Equal values are the same fact, however they are written.
type fact struct {
	value string // canonical
	shown string // as written
}

// factDiff returns the facts that only one of two texts states. Each counts as
// often as it occurs.
func factDiff(old, new []fact) (gone, come []fact) {
	left := map[string]int{}
	for _, f := range new {
		left[f.value]++
	}
	for _, f := range old {
		if left[f.value] > 0 {
			left[f.value]--
			continue
		}
		gone = append(gone, f)
	}
	left = map[string]int{}
	for _, f := range old {
		left[f.value]++
	}
	for _, f := range new {
		if left[f.value] > 0 {
			left[f.value]--
			continue
		}
		come = append(come, f)
	}
	return gone, come
}

// showFacts says what became of facts, as in `"12 months" → "24 months"`.
func showFacts(gone, come []fact) string {
	switch {
	case len(gone) == 0:
		return quoteFacts(come) + " added"
	case len(come) == 0:
		return quoteFacts(gone) + " removed"
	}
	return quoteFacts(gone) + " → " + quoteFacts(come)
}

func quoteFacts(fs []fact) string {
	const most = 4
	var names []string
	for _, f := range fs {
		if q := quote(f.shown); !slices.Contains(names, q) {
			names = append(names, q)
		}
	}
	if len(names) > most {
		names = append(names[:most], "…")
	}
	return strings.Join(names, ", ")
}

// periodUnits maps the names of units of time to a canonical unit and how many
// of it one is. Years are months and weeks are days, because "one year" and "12
// months" promise the same; months are never days.
var periodUnits = periodTable()

type periodUnit struct {
	unit  string
	count int
}

func periodTable() map[string]periodUnit {
	table := map[string]periodUnit{}
	add := func(unit string, count int, names string) {
		for n := range nameSet(names) {
			table[n] = periodUnit{unit, count}
		}
	}
	add("minute", 1, "minute minutes minuten minutos minuti")
	add("hour", 1, "hour hours stunde stunden heure heures hora horas ora ore uur uren h")
	add("day", 1, "day days tag tage tagen jour jours día días giorno giorni dag dagen")
	add("day", 7, "week weeks woche wochen semaine semaines semana semanas settimana settimane weken")
	add("month", 1, "month months monat monate monaten monats mois mes meses mese mesi maand maanden")
	add("month", 12, "year years jahr jahre jahren jahres an ans année années año años anno anni jaar jaren")
	return table
}

// periodAdjectives may stand between the number and the unit; those with a
// value make another unit.
var periodAdjectives = map[string]string{
	"business": "working ", "working": "working ", "calendar": "", "full": "", "consecutive": "",
	"werktage": "working ", "ouvrables": "working ", "hábiles": "working ", "more": "", "additional": "",
}

// numberWords are the numbers that policies write out, in the languages of the
// rule files.
var numberWords = numberTable()

func numberTable() map[string]int {
	table := map[string]int{}
	for i, names := range strings.Split(strings.TrimSpace(`
one ein eine einem einer eines une uno een één
two zwei deux dos due twee
three drei trois tres tre drie
four vier quatre cuatro quattro
five fünf cinq cinco cinque vijf
six sechs seis sei zes
seven sieben sept siete sette zeven
eight acht huit ocho otto
nine neun neuf nueve nove negen
ten zehn dix diez dieci tien
eleven elf onze once undici
twelve zwölf douze doce dodici twaalf
thirteen dreizehn treize trece tredici dertien
fourteen vierzehn quatorze catorce quattordici veertien
fifteen fünfzehn quinze quince quindici vijftien
sixteen sechzehn seize dieciséis sedici zestien
seventeen siebzehn diecisiete diciassette zeventien
eighteen achtzehn dieciocho diciotto achttien`), "\n") {
		for n := range strings.FieldsSeq(names) {
			table[n] = i + 1
		}
	}
	maps.Copy(table, map[string]int{
		"twenty": 20, "zwanzig": 20, "vingt": 20, "veinte": 20, "venti": 20, "twintig": 20,
		"twentyfour": 24, "vierundzwanzig": 24, "thirty": 30, "dreißig": 30, "trente": 30, "treinta": 30, "trenta": 30, "dertig": 30,
		"forty": 40, "fifty": 50, "sixty": 60, "sechzig": 60, "soixante": 60, "sesenta": 60, "sessanta": 60, "zestig": 60,
		"seventy": 70, "eighty": 80, "ninety": 90, "neunzig": 90, "noventa": 90, "novanta": 90, "negentig": 90,
	})
	return table
}

// numberAt reads the number at words[i], written in digits or in words
// ("twenty four"), and returns how many words it takes.
func numberAt(words []string, i int) (value string, n int) {
	w := words[i]
	if v, ok := numberWords[w]; ok {
		if v >= 20 && v%10 == 0 && i+1 < len(words) {
			if u, ok := numberWords[words[i+1]]; ok && u < 10 {
				return strconv.Itoa(v + u), 2
			}
		}
		return strconv.Itoa(v), 1
	}
	if w == "" || w[0] < '0' || w[0] > '9' || strings.Trim(w, "0123456789.,") != "" {
		return "", 0
	}
	return strings.ReplaceAll(w, ",", ""), 1
}

// periods returns the lengths of time that a text names, "12 months" as well
// as "twelve (12) months".
func periods(words []string) []fact {
	var out []fact
	for i := 0; i < len(words); i++ {
		v, n := numberAt(words, i)
		if n == 0 {
			continue
		}
		end := i + n
		if end < len(words) { // "twelve (12) months"
			if again, k := numberAt(words, end); k > 0 && again == v {
				end += k
			}
		}
		adjective := ""
		if end < len(words) {
			if a, ok := periodAdjectives[words[end]]; ok {
				adjective = a
				end++
			}
		}
		if end >= len(words) {
			continue
		}
		u, ok := periodUnits[words[end]]
		if !ok {
			continue
		}
		out = append(out, fact{adjective + scale(v, u), strings.Join(words[i:end+1], " ")})
		i = end
	}
	return out
}

func scale(value string, u periodUnit) string {
	if n, err := strconv.Atoi(value); err == nil && n < 1e6 {
		return strconv.Itoa(n*u.count) + " " + u.unit
	}
	return value + " × " + strconv.Itoa(u.count) + " " + u.unit
}

// ageWords tell that a number of years is an age.
var ageWords = nameSet(`
	age aged ages old older younger under minor minors child children kid kids teen teens adult adults
	alter alt jünger älter kinder kindern minderjährige jährige
	âge âgé âgés enfant enfants mineur mineurs
	edad menores menor niños
	età minori bambini
	leeftijd kinderen minderjarigen
`)

// The ages that policies draw a line at.
const (
	minAge = 10
	maxAge = 21
)

// ages returns the ages that a text names; the periods among them are none.
func ages(words []string) []fact {
	if !slices.ContainsFunc(words, func(w string) bool { return ageWords[w] }) {
		return nil
	}
	var out []fact
	for i := 0; i < len(words); i++ {
		v, n := numberAt(words, i)
		if n == 0 {
			continue
		}
		age, err := strconv.Atoi(v)
		unit, isUnit := periodUnit{}, false
		if i+n < len(words) {
			unit, isUnit = periodUnits[words[i+n]]
		}
		if err == nil && age >= minAge && age <= maxAge && !isReference(words, i) && (!isUnit || unit.count == 12) {
			out = append(out, fact{v, v})
		}
		i += n - 1
	}
	return out
}

// referenceWords come before a number that points elsewhere in the text.
var referenceWords = nameSet(`
	section sections article articles art clause clauses chapter annex appendix schedule exhibit part paragraph
	version v step page regulation directive § abschnitt artikel ziffer kapitel anhang absatz abs nr no
	partie chapitre annexe artículo sección articolo sezione allegato hoofdstuk bijlage
`)

// isReference reports whether the number at words[i] points to a clause:
// "section 5", "sections D.4 and D.7".
func isReference(words []string, i int) bool {
	const far = 5
	for k := i - 1; k >= max(0, i-far); k-- {
		w := words[k]
		if referenceWords[w] {
			return true
		}
		if _, n := numberAt(words, k); n == 0 && len(w) > 1 && w != "and" && w != "or" && w != "to" {
			return false
		}
	}
	return false
}

// notAges returns the facts of ps that are no ages.
func notAges(ps, ages []fact) []fact {
	return slices.DeleteFunc(slices.Clone(ps), func(p fact) bool {
		return slices.ContainsFunc(ages, func(a fact) bool { return strings.HasPrefix(p.shown, a.shown+" ") })
	})
}

// modality is what a text permits or denies.
type modality struct{ negations, may int }

var negationWords = nameSet(`
	not never no without neither nor cannot nicht kein keine keinen keiner keinem nie niemals ohne
	pas jamais sans aucun aucune nunca sin non senza niet geen nooit zonder
`)

var mayWords = nameSet(`
	may might can could kann können darf dürfen könnten peut peuvent pouvons pourrons pourrait
	puede pueden podemos podrá può possono possiamo kan kunnen mogen
`)

func modalityOf(words []string) modality {
	var m modality
	for _, w := range words {
		if negationWords[w] || strings.HasSuffix(w, "n't") {
			m.negations++
		}
		if mayWords[w] {
			m.may++
		}
	}
	return m
}

// isTypo reports whether two words are likely the same with a slip of the pen:
// long enough, the same first letter, and at most one letter in five apart.
func isTypo(a, b string) bool {
	ra, rb := []rune(a), []rune(b)
	longest := max(len(ra), len(rb))
	if min(len(ra), len(rb)) < 5 || longest > 30 || ra[0] != rb[0] || strings.ContainsAny(a+b, "0123456789@/") {
		return false
	}
	return editDistance(ra, rb) <= max(1, longest/5)
}

// editDistance counts insertions, deletions, replacements and swaps of
// neighbours (optimal string alignment).
func editDistance(a, b []rune) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			d := min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d = min(d, rows[i-2][j-2]+1)
			}
			rows[i][j] = d
		}
	}
	return rows[len(a)][len(b)]
}
