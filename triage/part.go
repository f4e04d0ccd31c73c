package triage

import "watcher/policy"

// RuleFollow marks a page without the link that leads to its policy.
const RuleFollow = "follow_unmatched"

// The rules of a person: a held capture is the policy, or is not.
const (
	RuleOperatorAccept  = "operator_accept"
	RuleOperatorDismiss = "operator_dismiss"
)

// GatePart judges one page of a document that is made of several. What only the
// whole can have, such as the vocabulary of a policy, is not asked of it.
func GatePart(p Page) policy.Verdict {
	return firstRule(p, []rule{
		{RuleChallenge, challenge},
		{RuleEmptyBody, emptyPart},
		{RuleConsentWall, consentWall},
		{RuleHostChanged, hostChanged},
		{RuleErrorPage, errorPage},
	})
}

func emptyPart(p Page, _ int) string {
	if p.Document.Words() == 0 {
		return "no text on a page of the document"
	}
	return ""
}
