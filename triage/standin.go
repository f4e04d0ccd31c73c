package triage

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"watcher/policy"
)

// The rules for pages of another kind that stand in a policy's place.
const (
	RuleStandIn  = "stand_in"
	RuleTemplate = "empty_template"
)

const (
	// leadLine is how long a line that says what a page is may be, in words.
	leadLine = 14
	// standIn bounds the policy text of pages that stand in a policy's place
	// and are known by their make, not by their title.
	standIn = 200
	// articlePage bounds the articles: long ones that are as fluent as a policy
	// cannot be told from one.
	articlePage = 1000
	// articleMarks is how many marks of an article a page must have.
	articleMarks = 3
	// templateHeadings is from how many headings on a page without text below
	// them is an empty template.
	templateHeadings = 5
)

// lead returns what a page says that it is, in lower case: its title, its first
// heading and its first line.
func lead(d policy.Document) []string {
	var out []string
	add := func(s string) {
		if s = strings.ToLower(strings.TrimSpace(s)); s != "" && policy.CountWords(s) <= leadLine {
			out = append(out, s)
		}
	}
	add(d.Title)
	add(firstHeading(d))
	add(firstLine(d))
	return out
}

// firstHeading returns the first heading in lower case, "" for none.
func firstHeading(d policy.Document) string {
	for _, s := range d.Sections {
		if s.Heading != "" {
			return strings.ToLower(s.Heading)
		}
	}
	return ""
}

// announced returns the line of the lead that has one of the phrases.
func announced(d policy.Document, phrases []string) string {
	for _, line := range lead(d) {
		if firstIn(line, phrases) != "" {
			return line
		}
	}
	return ""
}

// standsIn recognises other kinds of pages. A page that is named as a policy is
// none, whatever else is on it: policies speak of ages, regions and domains.
func standsIn(p Page, visible int) string {
	d := p.Document
	if line := listing(d); line != "" {
		return fmt.Sprintf("a list of files or results: %q", line)
	}
	if visible >= shortPage {
		return article(d, visible)
	}
	if line := announced(d, ageQuestions()); line != "" && !presented(d) {
		return fmt.Sprintf("a question for the visitor's age: %q", line)
	}
	if line := forSale(d); line != "" && !presented(d) {
		return fmt.Sprintf("the domain is for sale: %q", line)
	}
	if presented(d) || d.Words() >= standIn {
		return article(d, visible)
	}
	text := strings.ToLower(d.Full)
	if phrase := firstIn(text, regionPhrases()); phrase != "" {
		return fmt.Sprintf("%q on a page of %d words", phrase, visible)
	}
	if trace := stackTrace.FindString(d.Full); trace != "" {
		return fmt.Sprintf("a program's error: %q", trace)
	}
	if phrase := firstIn(text, forwardPhrases()); phrase != "" && forwards.Match(p.Capture.Body) {
		return fmt.Sprintf("%q on a page that leads elsewhere", phrase)
	}
	return article(d, visible)
}

// listing returns the line by which a page says that it lists files of a folder
// or what a search found.
func listing(d policy.Document) string {
	for _, line := range lead(d) {
		for _, p := range listTitles() {
			if strings.HasPrefix(line, p) {
				return line
			}
		}
	}
	return ""
}

// forSale returns the line by which a parked domain offers itself. Shops sell
// things too: the line must speak of a domain or name one.
func forSale(d policy.Document) string {
	for _, line := range lead(d) {
		if firstIn(line, salePhrases()) != "" && (firstIn(line, domainWords()) != "" || hostName.MatchString(line)) {
			return line
		}
	}
	return ""
}

var hostName = regexp.MustCompile(`(?:^|\s)[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}(?:\s|$)`)

// article recognises a post that speaks of policies: the furniture of a blog is
// around it, and neither its title nor a heading names a document.
func article(d policy.Document, visible int) string {
	if visible >= articlePage || presented(d) || firstIn(strings.ToLower(d.Title), documentNames()) != "" {
		return ""
	}
	text, hits := strings.ToLower(d.Full), 0
	for _, group := range articleFurniture() {
		if firstIn(text, group) != "" {
			hits++
		}
	}
	if hits < articleMarks {
		return ""
	}
	return fmt.Sprintf("%d marks of an article on a page that names no document", hits)
}

// stackTrace matches what programs print when they fail.
var stackTrace = regexp.MustCompile(`(?i)(?:fatal|parse|uncaught|unhandled) (?:error|exception)\b.{0,120}|stack trace:|traceback \(most recent call last\)|` +
	`exception in thread|\bat (?:java|org|com|system)\.[a-z.$]+\(|sqlstate\[|\bora-\d{5}|whitelabel error page|server error in '|` +
	`(?:warning|notice|deprecated): .{0,200} on line \d+`)

// forwards matches what sends a browser elsewhere without being asked.
var forwards = regexp.MustCompile(`(?i)http-equiv=["']?refresh["']?[^>]*url=|location\.(?:replace|assign)\(|location(?:\.href)?\s*=\s*["']`)

// emptyTemplate recognises the headings of a policy whose text did not come: a
// page that its server filled half.
func emptyTemplate(p Page, _ int) string {
	headings, below := 0, 0
	for _, s := range p.Document.Sections {
		if s.Heading != "" {
			headings++
		}
		for _, b := range s.Blocks {
			below += policy.CountWords(b.Text)
		}
	}
	if headings < templateHeadings || below >= MinWords/2 {
		return ""
	}
	return fmt.Sprintf("%d headings with %d words below them", headings, below)
}

// loginLead returns the line by which a page says that it is a log-in.
func loginLead(d policy.Document) string {
	if presented(d) {
		return ""
	}
	for _, line := range lead(d) {
		for _, p := range loginTitles() {
			if line == p || strings.HasPrefix(line, p+" |") || strings.HasPrefix(line, p+" –") || strings.HasPrefix(line, p+" -") {
				return line
			}
		}
		if firstIn(line, loginPhrases()) != "" {
			return line
		}
	}
	return ""
}

// button matches what can be clicked, with its label.
var button = regexp.MustCompile(`(?is)<(?:button|a)\b[^>]*>(.{1,120}?)</(?:button|a)>|<input[^>]+value=["']([^"']{1,60})`)

var tag = regexp.MustCompile(`<[^>]*>`)

// asksConsent returns the button by which a short page without a policy's name
// asks for cookies: agreeing is on it, and it speaks of cookies or advertising.
func asksConsent(p Page, visible int) string {
	d := p.Document
	courteous := d.Words() < standIn/2 && firstIn(firstHeading(d), courtesies()) != "" && !titled(d)
	if visible >= shortPage || d.Words() >= standIn || presented(d) && !courteous || firstIn(strings.ToLower(d.Full), consentTopics()) == "" {
		return ""
	}
	const most = 100
	for _, m := range button.FindAllSubmatch(p.Capture.Body, most) {
		label := strings.ToLower(strings.TrimSpace(tag.ReplaceAllString(string(m[1])+string(m[2]), "")))
		for _, word := range agreeButtons() {
			if strings.HasPrefix(label, word) {
				return label
			}
		}
	}
	return ""
}

// presented says whether a page names itself as a document in its first headings,
// or in its title where it has no headings.
func presented(d policy.Document) bool {
	if named(d) {
		return true
	}
	seen := 0
	for _, s := range d.Sections {
		if s.Heading == "" {
			continue
		}
		if firstIn(strings.ToLower(s.Heading), moreNames()) != "" {
			return true
		}
		if seen++; seen == firstHeadings {
			return false
		}
	}
	title := strings.ToLower(d.Title)
	return seen == 0 && firstIn(title, documentNames())+firstIn(title, moreNames()) != "" && speaks(d) >= fluent
}

// titled says whether a page presents itself as a document: its title or one of
// its first headings names one, and not only what one is about.
func titled(d policy.Document) bool {
	lines := lead(d)
	for _, s := range d.Sections {
		if s.Heading != "" && len(lines) < firstHeadings*2 {
			lines = append(lines, strings.ToLower(s.Heading))
		}
	}
	for _, line := range lines {
		if firstIn(line, documentKinds()) != "" || line == "privacy" || line == "cookies" {
			return true
		}
	}
	return false
}

// documentKinds are the documentNames without those that are topics as well.
func documentKinds() []string {
	var out []string
	for _, name := range documentNames() {
		switch name {
		case "privacy", "cookie", "copyright", "accessibility", "privacidad", "privacidade":
		default:
			out = append(out, name)
		}
	}
	return out
}

// Language returns the language of a document: that of its script where this is
// beyond doubt, else the one that its page names. Pages translated in place often
// keep the attribute of the original.
func Language(d policy.Document) string {
	const sample, most = 4000, 60 // most: of 100 letters
	counts, letters := map[string]int{}, 0
	for _, r := range d.Text() {
		if !unicode.IsLetter(r) {
			continue
		}
		if letters++; letters == sample {
			break
		}
		for _, s := range scripts() {
			if unicode.In(r, s.tables...) {
				counts[s.lang]++
				break
			}
		}
	}
	if dense := counts["ja"] + counts["zh"]; dense*100 > letters*most {
		if counts["ja"]*10 > counts["zh"] {
			return "ja"
		}
		return "zh"
	}
	for _, lang := range []string{"ko", "el", "he", "th"} {
		if counts[lang]*100 > letters*most {
			return lang
		}
	}
	return d.Lang
}

// script is a script that names its language, as far as policies go.
type script struct {
	lang   string
	tables []*unicode.RangeTable
}

func scripts() []script {
	return []script{
		{"ja", []*unicode.RangeTable{unicode.Hiragana, unicode.Katakana}},
		{"zh", []*unicode.RangeTable{unicode.Han}},
		{"ko", []*unicode.RangeTable{unicode.Hangul}},
		{"el", []*unicode.RangeTable{unicode.Greek}},
		{"he", []*unicode.RangeTable{unicode.Hebrew}},
		{"th", []*unicode.RangeTable{unicode.Thai}},
	}
}
