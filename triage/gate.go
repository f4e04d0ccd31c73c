package triage

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"golang.org/x/net/publicsuffix"

	"watcher/policy"
)

// The rules of Gate, in the order in which they are asked.
const (
	RuleChallenge     = "challenge"
	RuleTooShort      = "too_short"
	RuleConsentWall   = "consent_wall"
	RuleHostChanged   = "host_changed"
	RuleAnchorMissing = "anchor_missing"
	RuleErrorPage     = "error_page"
	RuleNoVocabulary  = "no_vocabulary"
	RuleShrunk        = "shrunk"
	RuleLoginForm     = "login_form"
	RuleSentHome      = "redirected_home"
	RuleLanguage      = "language_changed"
	// RuleShared: several vendors show one and the same short page.
	RuleShared = "shared_page"
)

// RuleSelect marks a page on which the configured selectors match nothing. It
// is read without them.
const RuleSelect = "select_unmatched"

// RuleShrunkConfirmed accepts a text that stayed less than half of the last one.
const RuleShrunkConfirmed = "confirmed_shrink"

// The gate's floors, in visible words. Measured on 25,745 published versions
// of Open Terms Archive: below 50 words and below half of the last accepted
// text 10.6 of 1000 versions are held, 42 % of which proved transient.
const (
	// MinWords is the floor below which no page is a policy.
	MinWords = 50
	// shortPage bounds the pages on which phrases of block pages count:
	// genuine policies name captchas and log-ins too, but are longer.
	shortPage = 400
	// markerPage bounds the pages on which scripts of bot walls count.
	markerPage = 200
	// minVocabulary is how many different words of a policy's vocabulary a
	// page must have.
	minVocabulary = 3
)

// Page is what the gate looks at.
type Page struct {
	Policy   policy.Policy
	Capture  policy.Capture
	Document policy.Document
	// HeadLang is the Language of the last accepted text, "" when unknown.
	HeadLang string
	// HeadWords counts the words of the last accepted text, 0 for a first
	// capture.
	HeadWords int
}

// Gate decides whether a screened page really is the policy. The first rule
// that hits wins; a page that passes all is accepted.
func Gate(p Page) policy.Verdict {
	return firstRule(p, []rule{
		{RuleChallenge, challenge},
		{RuleNeedsOCR, needsOCR},
		{RuleTooShort, tooShort},
		{RuleConsentWall, consentWall},
		{RuleHostChanged, hostChanged},
		{RuleErrorPage, errorPage},
		{RuleLoginForm, loginForm},
		{RuleStandIn, standsIn},
		{RuleTemplate, emptyTemplate},
		{RuleSentHome, sentHome},
		{RuleAnchorMissing, anchorMissing},
		{RuleNoVocabulary, noVocabulary},
		{RuleShrunk, shrunk},
		{RuleLanguage, languageChanged},
	})
}

// rule is one test of the gate: it returns the evidence against a page with so
// many visible words, "" for none.
type rule struct {
	name string
	hit  func(p Page, visible int) string
}

func firstRule(p Page, rules []rule) policy.Verdict {
	visible := policy.CountWords(p.Document.Full)
	for _, rule := range rules {
		if evidence := rule.hit(p, visible); evidence != "" {
			return policy.Verdict{Kind: policy.Quarantined, Rule: rule.name, Evidence: evidence}
		}
	}
	return policy.Verdict{Kind: policy.Accepted}
}

// challenge recognises the pages that bot walls serve with status 200: by
// their title, by a phrase on a short page, or by a script on a very short one.
func challenge(p Page, visible int) string {
	if visible >= shortPage {
		return ""
	}
	title := strings.ToLower(strings.TrimSpace(p.Document.Title))
	for _, t := range challengeTitles() {
		if title == t || strings.HasPrefix(title, t+" ") {
			return fmt.Sprintf("title %q on a page of %d words", p.Document.Title, visible)
		}
	}
	if phrase := spoken(p, challengePhrases()); phrase != "" {
		return fmt.Sprintf("%q on a page of %d words", phrase, visible)
	}
	if visible < markerPage {
		if marker := firstIn(string(p.Capture.Body), challengeMarkers()); marker != "" {
			return fmt.Sprintf("script marker %q on a page of %d words", marker, visible)
		}
	}
	return ""
}

func tooShort(p Page, visible int) string {
	floor := MinWords
	if p.Policy.MinWords > 0 {
		floor = p.Policy.MinWords
	}
	if words := p.Document.Words(); words < floor {
		return fmt.Sprintf("%d words of policy text, %d visible, want at least %d (min_words)", words, visible, floor)
	}
	return ""
}

// wallHeadings is how many headings at the top a consent dialog is looked for in.
const wallHeadings = 3

// consentWall recognises a dialog about cookies that stands in the policy's
// place: its question is at the top of what is left of the page.
func consentWall(p Page, visible int) string {
	seen := 0
	for _, s := range p.Document.Sections {
		if s.Heading == "" {
			continue
		}
		if phrase := firstIn(strings.ToLower(s.Heading), consentQuestions()); phrase != "" {
			return fmt.Sprintf("the page begins with a dialog: %q", s.Heading)
		}
		if seen++; seen == wallHeadings {
			break
		}
	}
	if label := asksConsent(p, visible); label != "" {
		return fmt.Sprintf("a button %q on a page of %d words that names no document", label, visible)
	}
	return ""
}

// hostChanged holds a page that redirects to a site nobody named: a sold
// domain and a new owner's policy look just like that.
func hostChanged(p Page, _ int) string {
	from, to := siteOf(p.Policy.URL), siteOf(p.Capture.FinalURL)
	if from == "" || to == "" || from == to {
		return ""
	}
	for _, h := range p.Policy.Hosts {
		if siteOf("https://"+h) == to {
			return ""
		}
	}
	return fmt.Sprintf("redirected from %s to %s, which is not among the policy's hosts", from, to)
}

// siteOf returns the registrable domain of a URL's host, or the host itself
// where there is none (an address, localhost).
func siteOf(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	host := strings.ToLower(u.Hostname())
	if site, err := publicsuffix.EffectiveTLDPlusOne(host); err == nil {
		return site
	}
	return host
}

// errorPage recognises error, log-in and maintenance pages served as 200.
// A longer page is one when the first line of its text says so.
func errorPage(p Page, visible int) string {
	if visible >= shortPage {
		first := firstLine(p.Document)
		if phrase := firstIn(strings.ToLower(first), errorPhrases()); phrase != "" && len(strings.Fields(first)) <= maxErrorTitle {
			return fmt.Sprintf("the text begins with %q", first)
		}
		return ""
	}
	if phrase := spoken(p, errorPhrases()); phrase != "" {
		return fmt.Sprintf("%q on a page of %d words", phrase, visible)
	}
	return ""
}

// Unmatched reports whether the selectors that a document was made with
// matched nothing on its page.
func Unmatched(d policy.Document) bool {
	for _, drop := range d.Dropped {
		if drop.Rule == RuleSelect {
			return true
		}
	}
	return false
}

// maxErrorTitle is how long the title of an error page is at most, in words.
const maxErrorTitle = 10

func firstLine(d policy.Document) string {
	for _, s := range d.Sections {
		if s.Heading != "" {
			return s.Heading
		}
		if len(s.Blocks) > 0 {
			return s.Blocks[0].Text
		}
	}
	return ""
}

func anchorMissing(p Page, _ int) string {
	if len(p.Policy.Anchors) == 0 {
		return ""
	}
	text := strings.ToLower(p.Document.Full)
	for _, a := range p.Policy.Anchors {
		if strings.Contains(text, strings.ToLower(a)) {
			return ""
		}
	}
	return "none of the configured anchors is on the page"
}

// noVocabulary holds a page that does not speak like a policy: a home page that
// a vanished policy redirects to, for instance.
//
// A page that calls itself a policy in one of its first headings needs to speak
// like one in one word only: guidelines and statements use few of the words.
func noVocabulary(p Page, _ int) string {
	if len(p.Policy.Anchors) > 0 {
		return ""
	}
	want := minVocabulary
	if named(p.Document) {
		want = 1
	}
	if hits := speaks(p.Document); hits < want {
		return fmt.Sprintf("%d words of a policy's vocabulary on the page, want %d", hits, want)
	}
	return ""
}

// speaks counts the different words of a policy's vocabulary in a text.
func speaks(d policy.Document) int {
	text, hits := strings.ToLower(d.Text()), 0
	for _, w := range vocabulary() {
		if strings.Contains(text, w) {
			hits++
		}
	}
	return hits
}

// firstHeadings is how many headings may name the document.
const firstHeadings = 3

func named(d policy.Document) bool {
	seen := 0
	for _, s := range d.Sections {
		if s.Heading == "" {
			continue
		}
		if firstIn(strings.ToLower(s.Heading), documentNames()) != "" {
			return true
		}
		if seen++; seen == firstHeadings {
			break
		}
	}
	return false
}

// fluent is from how many words of the vocabulary on a page speaks like a policy
// beyond doubt: then it may also speak of captchas, errors and log-ins.
const fluent = 3

// spoken returns the phrase by which a short page gives itself away, "" for none.
// One that speaks like a policy does so in its title or first line.
func spoken(p Page, phrases []string) string {
	text := strings.ToLower(p.Document.Full)
	phrase := firstIn(text, phrases)
	if phrase == "" || speaks(p.Document) < fluent {
		return phrase
	}
	return firstIn(strings.ToLower(p.Document.Title+"\n"+firstLine(p.Document)), phrases)
}

// loginPage bounds the pages on which a field for a password counts: a genuine
// policy has one in its page's head now and then.
const loginPage = 300

func loginForm(p Page, visible int) string {
	if visible >= loginPage {
		return ""
	}
	if line := loginLead(p.Document); line != "" {
		return fmt.Sprintf("a page of %d words begins with %q", visible, line)
	}
	if presented(p.Document) && speaks(p.Document) >= fluent || !passwordField.Match(p.Capture.Body) {
		return ""
	}
	return fmt.Sprintf("a field for a password on a page of %d words", visible)
}

var passwordField = regexp.MustCompile(`(?i)<input[^>]+type=["']?password`)

// homePath is the path of a site's start page, in any language.
var homePath = regexp.MustCompile(`^/?(?:[a-z]{2}(?:[-_][a-zA-Z]{2})?/?)?(?:(?:index|home|default)\.[a-z]+)?$`)

// sentHome holds a page that was reached through a redirect to a site's start
// page, unless it is called a policy and speaks like one all the same.
func sentHome(p Page, _ int) string {
	from, err := url.Parse(p.Policy.URL)
	if err != nil || homePath.MatchString(from.Path) || from.RawQuery != "" || from.Fragment != "" {
		return ""
	}
	to, err := url.Parse(p.Capture.FinalURL)
	if err != nil || to.RawQuery != "" || !homePath.MatchString(to.Path) || titled(p.Document) && speaks(p.Document) >= fluent {
		return ""
	}
	return "redirected to the start page " + p.Capture.FinalURL
}

// settledLang is from how many words on the language of a text is certain. Short
// policies are a hundred words.
const settledLang = 80

// languageChanged holds an edition in another language: a server that guesses the
// visitor's would turn the whole text into a change.
func languageChanged(p Page, _ int) string {
	lang := Language(p.Document)
	if p.HeadLang == "" || lang == "" || p.HeadWords < settledLang || p.Document.Words() < settledLang || base(p.HeadLang) == base(lang) {
		return ""
	}
	return fmt.Sprintf("the text is in %q, the last accepted one in %q", lang, p.HeadLang)
}

func base(lang string) string {
	b, _, _ := strings.Cut(strings.ToLower(lang), "-")
	return b
}

func shrunk(p Page, _ int) string {
	if words := p.Document.Words(); p.HeadWords > 0 && words*2 < p.HeadWords {
		return fmt.Sprintf("%d words, less than half of the last accepted %d", words, p.HeadWords)
	}
	return ""
}

func firstIn(text string, phrases []string) string {
	for _, p := range phrases {
		if strings.Contains(text, p) {
			return p
		}
	}
	return ""
}
