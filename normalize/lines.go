package normalize

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"watcher/policy"
)

// lineRule leaves out single lines by their wording.
type lineRule struct {
	name string
	// maxWords bounds the lines that the rule looks at.
	maxWords int
	// edge restricts the rule to the first and last lines of the text.
	edge bool
	// digits asks for a digit in the line, hints for one of these parts in lower
	// case, where there are any. They spare most lines the regular expression.
	digits bool
	hints  []string
	re     *regexp.Regexp
}

// edgeLines is how many lines at either end count as the edge of a text.
const edgeLines = 8

// lineRules name what is left out wherever it stands: notices that archives
// put around a page, controls, and lines that change by themselves.
var lineRules = []lineRule{
	{"archive_notice", 80, true, false, []string{"wayback", "archive"}, regexp.MustCompile(`(?i)\b(?:wayback machine|web\.archive\.org|internet archive)\b`)},
	{"archive_notice", 60, true, true, []string{"extracted", "captured", "archived"}, regexp.MustCompile(`(?i)\b(?:text|copy|version|page|snapshot|policy)\b.{0,80}\b(?:extracted|captured|archived)\b.{0,40}\b(?:on|from|at)\b.{0,40}\d{4}`)},
	{"feedback", 12, false, false, []string{"helpful", "useful", "did this answer", "feedback", "need help", "more questions", "hilfreich", "vous a-t-il"}, regexp.MustCompile(`(?i)^(?:was this (?:article|page|information|answer)?\s*(?:helpful|useful).*|did this answer your question.*|give feedback (?:about|on) this (?:article|page)|how helpful was this.*|\d+ out of \d+ found this helpful.*|still need help\b.*|have more questions\b.*submit.*|diese (?:seite|informationen) (?:war|waren) hilfreich.*|cet article vous a-t-il .*|war dieser (?:artikel|beitrag) hilfreich.*)$`)},
	{"relative_time", 12, false, false, []string{" ago"}, regexp.MustCompile(`(?i)^(?:written by .{1,40} )?(?:(?:last )?(?:updated|modified|edited|published|reviewed)\s*:?\s+)?(?:(?:over|about|almost|more than)\s+)?(?:an?|\d{1,3}|one|two)\s+(?:second|minute|hour|day|week|month|year)s?\s+ago\.?$`)},
	{"relative_time", 8, false, false, []string{"yesterday", "today", "this week", "last week", "vor ", "il y a", "hace "}, regexp.MustCompile(`(?i)^(?:last |zuletzt |mis à jour )?(?:updated|modified|edited)?\s*:?\s*(?:yesterday|today|this week|last week|vor \d+ \w+|il y a \d+ \w+|hace \d+ \w+)\.?$`)},
	{"reading_time", 8, false, true, []string{"min"}, regexp.MustCompile(`(?i)^\d{1,3}[ -]?(?:min(?:ute)?s?)(?: read| reading time)?\.?$`)},
	{"trace_id", 14, false, false, []string{"id"}, regexp.MustCompile(`(?i)\b(?:trace|request|ray|correlation|session|event|error|support|reference)[ _-]?id\b.{0,10}[0-9a-f]{6,}`)},
	{"build_id", 8, false, true, nil, regexp.MustCompile(`(?i)^(?:(?:app |site )?(?:version|build|release|rev(?:ision)?|commit)\s*[:#]?\s*)?(?:v?\d+\.\d+\.\d+(?:[-+.][\w.]+)?|[0-9a-f]{8,64}|\d{9,20})$`)},
	{"counter", 3, false, true, nil, regexp.MustCompile(`^[\d.,]{1,12}[kKmM]?(?: ?(?:views?|likes?|comments?|shares?))?$`)},
	{"copyright", 8, false, true, []string{"copyright", "©", "(c)"}, regexp.MustCompile(`(?i)^(?:\S.{0,40}\s)?(?:©|\(c\)|copyright)\s*(?:©\s*)?(?:\d{4}\s*[-–]\s*)?(?:19|20)\d{2}(?:[\s,.].{0,40})?$`)},
	{"pager", 10, false, true, []string{"of", "/"}, regexp.MustCompile(`(?i)^(?:(?:showing|page|results?|entries|items)\s+)?\d{1,5}(?:\s*(?:-|–|to)\s*\d{1,5})?\s*(?:of|/)\s*\d{1,6}(?:\s+(?:results?|entries|items|rows|pages?|records))?$`)},
	{"pager", 10, false, false, []string{"per page"}, regexp.MustCompile(`(?i)^(?:results|rows|items|entries|records) per page:?(?:\s*\d{1,4})?$`)},
	{"app_badge", 8, false, false, []string{"google play", "app store"}, regexp.MustCompile(`(?i)^(?:(?:get it on|download on the|available on)\s+)?(?:\S+\s+){0,3}(?:google play|app store)(?:\s+\S+){0,6}$`)},
	{"icon", 4, false, false, []string{"fa-", "icon-", "glyphicon"}, regexp.MustCompile(`(?i)^(?:[\w-]*\b(?:fa|icon|glyphicon|mdi|bi)-[a-z0-9-]+\s*(?:[a-z]+-fa-[a-z0-9-]+|fa[srlbd]?)?\s*)+$`)},
	{"assistant", 12, false, false, []string{"ask ", "answers", "ai can", "chatbot"}, regexp.MustCompile(`(?i)^(?:ask (?:ai|us|our (?:ai|assistant|chatbot)|.{1,40}) (?:a|your) questions?|please verify (?:the )?answers\b.*|(?:ai|chatbots?|.{1,20}) can make mistakes\b.*|(?:answers|responses) (?:are|may be) (?:ai|generated)\b.*)\.?$`)},
	{"copyright", 30, true, true, []string{"copyright", "©", "(c)"}, regexp.MustCompile(`(?i)^(?:copyright\b|©|\(c\)\s).{0,160}\d{4}|^.{0,80}(?:©|copyright)\s*(?:\d{4}\s*[-–]\s*)?\d{4}.{0,80}all rights reserved.{0,40}$`)},
}

// maxInnerWords is the longest line that a rule looks at away from the edges.
var maxInnerWords = innerWords()

func innerWords() int {
	longest := 0
	for _, r := range lineRules {
		if !r.edge {
			longest = max(longest, r.maxWords)
		}
	}
	return longest
}

// controls are lines that name a control of the page rather than say anything.
var controls = controlTable()

func controlTable() map[string]bool {
	table := map[string]bool{}
	for _, s := range []string{
		"back to top", "back to the top", "skip to content", "skip to main content", "print", "print this page", "print page", "share",
		"share this page", "share this article", "copy", "copy link", "copied", "copied!", "download", "download pdf", "download as pdf",
		"loading", "loading...", "loading…", "read more", "show more", "show less", "show all", "expand all", "collapse all", "expand all collapse all", "expand all | collapse all", "open all",
		"close all", "close", "menu", "search", "subscribe", "sign in", "log in", "login", "sign up", "accept all", "accept all cookies",
		"reject all", "cookie settings", "manage cookies", "nach oben", "drucken", "retour en haut", "retour en haut de page", "imprimer",
		"volver arriba", "previous page", "next page", "per page", "clear all", "clear filters", "filter by", "sort by",
		"previous version", "on this page", "table of contents", "jump to", "in this article", "opens in a new window",
	} {
		table[s] = true
	}
	return table
}

// rulePunctuation is for lines without a letter or digit: ornaments and the
// remains of removed markup. They are not reported.
const rulePunctuation = "punctuation"

// dropLines removes the lines that lineRules name.
func dropLines(units []unit) ([]unit, []policy.Drop) {
	var drops []policy.Drop
	out := keptLines(units, func(i int, rule string) {
		if rule != rulePunctuation {
			drops = append(drops, lineDrop(rule, i, units[i:i+1]))
		}
	})
	return out, drops
}

// keptLines returns the lines that no rule names and tells of the others.
func keptLines(units []unit, dropped func(i int, rule string)) []unit {
	out := make([]unit, 0, len(units))
	for i, u := range units {
		u.text = withoutNewTab(u.text)
		if rule := lineVerdict(&u, i < edgeLines || i >= len(units)-edgeLines); rule != "" {
			dropped(i, rule)
			continue
		}
		out = append(out, u)
	}
	return out
}

// newTab is what pages tell screen readers at the end of a link.
var newTab = regexp.MustCompile(`(?i)\s*\(?opens (?:in|external link in) (?:a )?new (?:tab|window)\)?\.?$`)

// withoutNewTab cuts it off where text comes before it.
func withoutNewTab(s string) string {
	end := strings.TrimRight(s, ").")
	if !endsFold(end, "new tab") && !endsFold(end, "new window") {
		return s
	}
	if cut := newTab.ReplaceAllString(s, ""); cut != "" {
		return cut
	}
	return s
}

// endsFold says whether s ends in an ASCII suffix in upper or lower case.
func endsFold(s, suffix string) bool {
	return len(s) >= len(suffix) && strings.EqualFold(s[len(s)-len(suffix):], suffix)
}

func lineVerdict(u *unit, edge bool) string {
	if len(u.text) > 600 || u.kind == policy.TableRow {
		return ""
	}
	words := countWords(u.text)
	if words > 80 {
		return ""
	}
	if strings.IndexFunc(u.text, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }) < 0 {
		return rulePunctuation
	}
	if !edge && words > maxInnerWords {
		return ""
	}
	lower, digits := strings.ToLower(u.text), strings.ContainsAny(u.text, "0123456789")
	if words <= 6 && !u.heading() && controls[lower] {
		return "control"
	}
	for k := range lineRules {
		r := &lineRules[k]
		if (edge || !r.edge) && words <= r.maxWords && (digits || !r.digits) && hinted(lower, r.hints) && r.re.MatchString(u.text) {
			return r.name
		}
	}
	return ""
}

// foldCase returns a text in lower case, as regular expressions see it that
// ignore case: they take the long s for an s.
func foldCase(s string) string {
	return strings.ReplaceAll(strings.ToLower(s), "ſ", "s")
}

func hinted(lower string, hints []string) bool {
	for _, h := range hints {
		if strings.Contains(lower, h) {
			return true
		}
	}
	return len(hints) == 0
}

// lineDrop reports lines that were left out; i is the place of the first.
func lineDrop(name string, i int, lines []unit) policy.Drop {
	d := policy.Drop{Rule: name, Path: fmt.Sprintf("line %d", i+1), Excerpt: excerpt(lines[0].text)}
	if len(lines) > 1 {
		d.Path = fmt.Sprintf("lines %d-%d", i+1, i+len(lines))
	}
	for _, u := range lines {
		d.Words += countWords(u.text)
	}
	return d
}
