package triage

import (
	"fmt"

	"watcher/policy"
)

// Explain says in a sentence what a rule of this package means and what would
// have to differ for another decision; "" for a rule that is not of this
// package.
func Explain(rule string) (why, instead string) {
	s := sentences()[rule]
	return s[0], s[1]
}

// ExplainCheck says why a check ended as it did, and what an alert would have
// taken.
func ExplainCheck(c policy.Check) (why, forAlert string) {
	why, forAlert = Explain(c.Rule)
	switch {
	case c.Event != "":
		forAlert = fmt.Sprintf("it was told as %s, as far as a route matches", c.Event)
	case c.Outcome == policy.OutcomeBaseline:
		why, forAlert = "it is the first text of the policy", "a baseline is never told; the next change is"
	case c.Outcome == policy.OutcomeTechnical:
		why, forAlert = "the same page gives another text by new rules, selectors or another address", "a change of the page itself would be told"
	case c.Outcome == policy.OutcomeChanged && c.Significance.Rank() <= policy.Cosmetic.Rank():
		why, forAlert = "only typography, layout or the form of a date changed", "a changed word would be told"
	case c.Outcome == policy.OutcomeFailed && why == "":
		why, forAlert = "the page could not be had", "the policy must be reached; failures in a row are told as policy_unreachable"
	case why == "" && c.Outcome.Good():
		why, forAlert = "the text is that of the head", "a changed word, seen twice, would be told"
	}
	return why, forAlert
}

// sentences has, for each rule, what it means and what would change it.
func sentences() map[string][2]string {
	const page = "the capture never becomes a version; the head stands"
	return map[string][2]string{
		RuleStatus:          {"the server did not answer with a page", page + "; an answer with status 200 is judged on"},
		RuleChallengeHeader: {"the answer's headers name a bot wall", page + "; an answer without them is judged on"},
		RuleEmptyBody:       {"the answer has no body", page + "; a page with text is judged on"},
		RuleContentType:     {"the answer is no document that can be read", page + "; HTML, PDF, Word, plain text or Markdown is judged on"},
		RuleChallenge:       {"the page is a bot wall's", page + "; the page behind it is judged on"},
		RuleNeedsOCR:        {"the PDF holds images of pages and no text", page + "; an edition with text is judged on (watch an HTML page, or ask the vendor for one)"},
		RuleTooShort:        {"the text is shorter than any policy", page + "; min_words in the policy's configuration lowers the floor"},
		RuleConsentWall:     {"a dialog about cookies stands in the policy's place", page + "; a page that begins with the policy is judged on"},
		RuleHostChanged:     {"the address leads to a site that nobody named", page + "; 'hosts' in the policy's configuration allows it"},
		RuleAnchorMissing:   {"none of the configured anchors is on the page", page + "; a page with one of them is judged on"},
		RuleErrorPage:       {"the page speaks of an error, a log-in or maintenance", page + "; the policy itself is judged on"},
		RuleLoginForm:       {"the page is a form to log in", page + "; the policy itself is judged on"},
		RuleStandIn:         {"a page of another kind stands in the policy's place: an age gate, a domain for sale, a list of results, an article, a forwarding", page + "; the policy itself is judged on"},
		RuleTemplate:        {"the page has the headings of a document and no text below them", page + "; the page with its text is judged on"},
		RuleSentHome:        {"the address leads to the site's start page", page + "; the policy's new address in the configuration is judged on"},
		RuleLanguage:        {"the text is in another language than the last one", "it is believed when it stays for as long as a hold, at least 6 hours; 'lang' asks for one language"},
		RuleShared:          {"several vendors show this very page", page + "; an operator may accept it"},
		RuleNoVocabulary:    {"the page does not speak like a policy", page + "; 'anchors' in the policy's configuration vouches for it"},
		RuleShrunk:          {"the text is less than half of the last one", "it is believed when it stays for as long as a hold, at least 6 hours"},
		RuleShrunkConfirmed: {"a much shorter text has stayed", "it was believed"},
		RuleSelect:          {"the configured selectors match nothing, the automatic text is watched", "selectors that match bring the selected text back; a change of either text is told"},
		RuleOperatorAccept:  {"a person accepted a capture that was held", "it was believed"},
		RuleOperatorDismiss: {"a person found that a held capture is not the policy", "the policy itself is judged on"},
		RuleFollow:          {"the page has no link that `follow:` selects", "a selector that matches a link to the policy"},
		RuleFirstSighting:   {"the text is new and was seen once", "an alert needs a second sighting after confirm_after, or the end of the hold"},
		RuleWaiting:         {"the text is new and confirm_after has not passed", "an alert needs a sighting after confirm_after, or the end of the hold"},
		RuleUnstable:        {"the page shows yet another new text", "an alert needs one text twice, or the end of the hold"},
		RuleConfirmed:       {"the new text was seen again after confirm_after", "it was believed"},
		RuleHoldExpired:     {"the new text waited for the whole hold and nothing spoke against it", "it was believed"},
		RuleSeenBefore:      {"the text came and went lately and is there again", "it is believed when it stands for as long as a hold, and taken for a variant when it goes again and returns"},
		RuleReturned:        {"a new text came and went", "were it to stay, it would be believed"},
		RuleVariant:         {"the page serves this text to some visitors beside the head's", "a variant is told once; a change of it is told, and so is its taking the head's place for three holds"},
		RuleDisplaced:       {"a variant has taken the head's place", "it was believed"},
		RuleVolatile:        {"nothing differs but numbers that change by themselves", "any other word, or a number in a date, a period or an amount, would be told"},
		RuleNoisy:           {"the page had too many small changes within a week", "a material change is told at once, and small ones when the page was quiet for a week"},
	}
}
