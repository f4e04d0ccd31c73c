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
	// hints are parts, in lower case, of which every match holds one; they
	// spare most lines the regular expression. None: every line is tried.
	hints []string
	re    *regexp.Regexp
}

// edgeLines is how many lines at either end count as the edge of a text.
const edgeLines = 8

// lineRules name what is left out wherever it stands: notices that archives
// put around a page, controls, and lines that change by themselves.
var lineRules = []lineRule{
	{"archive_notice", 80, true, []string{"wayback", "archive"}, regexp.MustCompile(`(?i)\b(?:wayback machine|web\.archive\.org|internet archive)\b`)},
	{"archive_notice", 60, true, []string{"extracted", "captured", "archived"}, regexp.MustCompile(`(?i)\b(?:text|copy|version|page|snapshot|policy)\b.{0,80}\b(?:extracted|captured|archived)\b.{0,40}\b(?:on|from|at)\b.{0,40}\d{4}`)},
	{"feedback", 12, false, []string{"helpful", "useful", "did this answer", "feedback", "need help", "more questions", "hilfreich", "vous a-t-il"}, regexp.MustCompile(`(?i)^(?:was this (?:article|page|information|answer)?\s*(?:helpful|useful).*|did this answer your question.*|give feedback (?:about|on) this (?:article|page)|how helpful was this.*|\d+ out of \d+ found this helpful.*|still need help\b.*|have more questions\b.*submit.*|diese (?:seite|informationen) (?:war|waren) hilfreich.*|cet article vous a-t-il .*|war dieser (?:artikel|beitrag) hilfreich.*)$`)},
	{"relative_time", 12, false, []string{" ago"}, regexp.MustCompile(`(?i)^(?:written by .{1,40} )?(?:(?:last )?(?:updated|modified|edited|published|reviewed)\s*:?\s+)?(?:(?:over|about|almost|more than)\s+)?(?:an?|\d{1,3}|one|two)\s+(?:second|minute|hour|day|week|month|year)s?\s+ago\.?$`)},
	{"relative_time", 8, false, []string{"yesterday", "today", "this week", "last week", "vor ", "il y a", "hace "}, regexp.MustCompile(`(?i)^(?:last |zuletzt |mis à jour )?(?:updated|modified|edited)?\s*:?\s*(?:yesterday|today|this week|last week|vor \d+ \w+|il y a \d+ \w+|hace \d+ \w+)\.?$`)},
	{"reading_time", 8, false, []string{"min"}, regexp.MustCompile(`(?i)^\d{1,3}[ -]?(?:min(?:ute)?s?)(?: read| reading time)?\.?$`)},
	{"trace_id", 14, false, []string{"id"}, regexp.MustCompile(`(?i)\b(?:trace|request|ray|correlation|session|event|error|support|reference)[ _-]?id\b.{0,10}[0-9a-f]{6,}`)},
	{"build_id", 8, false, []string{".", "0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}, regexp.MustCompile(`(?i)^(?:(?:app |site )?(?:version|build|release|rev(?:ision)?|commit)\s*[:#]?\s*)?(?:v?\d+\.\d+\.\d+(?:[-+.][\w.]+)?|[0-9a-f]{8,64}|\d{9,20})$`)},
	{"counter", 3, false, []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}, regexp.MustCompile(`^[\d.,]{1,12}[kKmM]?(?: ?(?:views?|likes?|comments?|shares?))?$`)},
	{"copyright", 30, true, []string{"copyright", "©", "(c)"}, regexp.MustCompile(`(?i)^(?:copyright\b|©|\(c\)\s).{0,160}\d{4}|^.{0,80}(?:©|copyright)\s*(?:\d{4}\s*[-–]\s*)?\d{4}.{0,80}all rights reserved.{0,40}$`)},
}

// controls are lines that name a control of the page rather than say anything.
var controls = controlTable()

func controlTable() map[string]bool {
	table := map[string]bool{}
	for _, s := range []string{
		"back to top", "back to the top", "skip to content", "skip to main content", "print", "print this page", "print page", "share",
		"share this page", "share this article", "copy", "copy link", "copied", "copied!", "download", "download pdf", "download as pdf",
		"loading", "loading...", "loading…", "read more", "show more", "show less", "show all", "expand all", "collapse all", "open all",
		"close all", "close", "menu", "search", "subscribe", "sign in", "log in", "login", "sign up", "accept all", "accept all cookies",
		"reject all", "cookie settings", "manage cookies", "nach oben", "drucken", "retour en haut", "retour en haut de page", "imprimer",
		"volver arriba", "previous version", "on this page", "table of contents", "jump to", "in this article", "opens in a new window",
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
	out := units[:0:0]
	for i, u := range units {
		if name := lineVerdict(u, i < edgeLines || i >= len(units)-edgeLines); name != "" {
			if name != rulePunctuation {
				drops = append(drops, lineDrop(name, i, units[i:i+1]))
			}
			continue
		}
		out = append(out, u)
	}
	return out, drops
}

func lineVerdict(u unit, edge bool) string {
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
	lower := strings.ToLower(u.text)
	if words <= 6 && !u.heading() && controls[lower] {
		return "control"
	}
	for k := range lineRules {
		r := &lineRules[k]
		if (edge || !r.edge) && words <= r.maxWords && hinted(lower, r.hints) && r.re.MatchString(u.text) {
			return r.name
		}
	}
	return ""
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

// withoutNotices returns the units that no archive put there.
func withoutNotices(units []unit) []unit {
	out, _ := dropLines(units)
	return out
}

// The figures that make menu noise certain.
const (
	// minMenu is how many lines a menu at either end has at least.
	minMenu = 8
	// maxTail is the part of the words, in percent, that may stand below the
	// menu at the bottom.
	maxTail = 10
	// density is how near to each other the first two sentences of a policy
	// are, in lines.
	density = 8
)

// trimMenus removes runs of short lines without sentences before the first and
// after the last content of a policy: the menus of a page that was copied as
// text. It acts only on long runs that also hold an echo: a line made of those
// that follow it, as nested menus leave it, or a line seen in the other menu.
func trimMenus(units []unit) ([]unit, []policy.Drop) {
	var drops []policy.Drop
	start := contentStart(units)
	if start >= minMenu && echoes(units[:start]) > 0 {
		drops = append(drops, lineDrop("menu_lines", 0, units[:start]))
	} else {
		start = 0
	}
	top := map[string]bool{}
	for _, u := range units[:start] {
		top[compact(u.text)] = true
	}
	end := contentEnd(units[start:], top) + start
	if end < len(units) {
		drops = append(drops, lineDrop("menu_lines", end, units[end:]))
	}
	return units[start:end], drops
}

// contentStart returns the index of the first line of the policy: the first of
// two neighbouring sentences, with the titles and dates above it.
func contentStart(units []unit) int {
	first := -1
	for i := range units {
		if units[i].fixed {
			return 0 // headings in markup: pruning has seen the structure
		}
		if prose(units[i].text) && !echo(units, i) {
			if first >= 0 && i-first <= density {
				break
			}
			first = i
		}
	}
	if first < 0 {
		return 0
	}
	for first > 0 && leadsIn(units[first-1].text) {
		first--
	}
	return first
}

// leadsIn says whether a line above the first sentence belongs to the policy.
func leadsIn(s string) bool {
	return countWords(s) <= maxTitleWords && !glued(s) &&
		(policyTitle.MatchString(s) || loneNumber.MatchString(s) || labelledDate(s) || dateOnly(s) || upperCase(s) || sectionNumber.MatchString(s))
}

// contentEnd returns the index after the last line of the policy.
func contentEnd(units []unit, top map[string]bool) int {
	words, total := 0, 0
	for i := range units {
		total += countWords(units[i].text)
		if units[i].fixed {
			return len(units)
		}
	}
	end := len(units)
	for i := len(units) - 1; i > 0; {
		if !menuLine(units, i) {
			words += countWords(units[i].text)
			if words*100 > total*maxTail {
				break
			}
			i--
			continue
		}
		from := i
		for from > 0 && menuLine(units, from-1) {
			from--
		}
		if i-from+1 >= minMenu && (known(units[from:i+1], top) >= 3 || echoes(units[from:i+1]) > 0) {
			end = from
		}
		i = from - 1
	}
	return end
}

func known(units []unit, top map[string]bool) int {
	n := 0
	for _, u := range units {
		if top[compact(u.text)] {
			n++
		}
	}
	return n
}

// menuLine says whether a line could be an entry of a menu.
func menuLine(units []unit, i int) bool {
	u := &units[i]
	if u.kind == policy.TableRow || hasContact(u.text) || u.kind == policy.Item {
		return false
	}
	return countWords(u.text) <= 8 && !strings.HasSuffix(u.text, ";") && u.marker == "" || glued(u.text) || echo(units, i)
}

// echoes counts the lines that are made of those that follow them.
func echoes(units []unit) int {
	n := 0
	for i := range units {
		if echo(units, i) {
			n++
		}
	}
	return n
}

// echo says whether a line begins or ends with the lines after it run together,
// as the text of a nested menu does.
func echo(units []unit, i int) bool {
	if i+2 >= len(units) {
		return false
	}
	a, b := units[i+1].text, units[i+2].text
	if len(units[i].text) <= len(a)+len(b)-4 || len(a) < 3 || len(b) < 3 || len(a)+len(b) > 400 {
		return false
	}
	whole, joined := compact(clip(units[i].text, 8000)), compact(a)+compact(b)
	if strings.Contains(whole, joined) && len(joined) >= 8 {
		return true
	}
	return false
}

// minContents is how many entries a table of contents has at least.
const minContents = 4

// dropContents removes tables of contents: runs of short lines most of which
// come again below as lines of their own, namely as headings.
func dropContents(units []unit) ([]unit, []policy.Drop) {
	last := make(map[string]int, len(units))
	for i := range units {
		if len(units[i].text) <= 200 {
			last[key(units[i].text)] = i
		}
	}
	entry := func(i int) bool {
		return !units[i].fixed && units[i].kind != policy.TableRow && len(units[i].text) <= 200 && countWords(units[i].text) <= 16 && !endsSentence(units[i].text)
	}
	for i := 0; i < len(units); i++ {
		if !entry(i) {
			continue
		}
		end := i
		for end < len(units) && (entry(end) || echo(units, end)) {
			end++
		}
		if from, to, ok := contents(units, last, i, end); ok {
			drop := lineDrop("toc", from, units[from:to])
			return append(units[:from:from], units[to:]...), []policy.Drop{drop}
		}
		i = end
	}
	return units, nil
}

// contents finds the entries of a table of contents within a run of short
// lines: from the first to the last that comes again after the run.
func contents(units []unit, last map[string]int, start, end int) (from, to int, ok bool) {
	from, hits := -1, 0
	for i := start; i < end; i++ {
		k := key(units[i].text)
		if len(k) >= 4 && last[k] >= end {
			if from < 0 {
				from = i
			}
			to = i + 1
			hits++
		}
	}
	return from, to, hits >= minContents && hits*10 >= (to-from)*6
}
