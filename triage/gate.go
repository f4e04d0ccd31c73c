package triage

import (
	"fmt"
	"net/url"
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
		{RuleAnchorMissing, anchorMissing},
		{RuleNoVocabulary, noVocabulary},
		{RuleShrunk, shrunk},
	})
}

// rule is one test of the gate: it returns the evidence against a page with so
// many visible words, "" for none.
type rule struct {
	name string
	hit  func(p Page, visible int) string
}

func firstRule(p Page, rules []rule) policy.Verdict {
	visible := len(strings.Fields(p.Document.Full))
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
	text := strings.ToLower(p.Document.Full)
	if phrase := firstIn(text, challengePhrases()); phrase != "" {
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
func consentWall(p Page, _ int) string {
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
	if phrase := firstIn(strings.ToLower(p.Document.Full), errorPhrases()); phrase != "" {
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
func noVocabulary(p Page, _ int) string {
	if len(p.Policy.Anchors) > 0 {
		return ""
	}
	text := strings.ToLower(p.Document.Text())
	hits := 0
	for _, w := range vocabulary() {
		if strings.Contains(text, w) {
			hits++
		}
	}
	if hits < minVocabulary {
		return fmt.Sprintf("%d words of a policy's vocabulary on the page, want %d", hits, minVocabulary)
	}
	return ""
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
