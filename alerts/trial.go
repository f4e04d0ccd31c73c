package alerts

import (
	"time"

	"watcher/policy"
)

// TrialMessage returns a message about a change of the past, marked as a test:
// it shows how a receiver tells of real text. Its id is not that of the alert
// that told of the change, so that no receiver drops it as a repeat.
func TrialMessage(ref policy.PolicyRef, change policy.Change, external string, now time.Time) Message {
	from, to := change.From, change.To
	event := policy.Event{
		ID:   policy.EventID(ref.ID, policy.EventTest, from.SHA256, to.SHA256, now.UTC()),
		Type: policy.EventPolicyChanged, Policy: ref, At: now.UTC(), FirstSeenAt: to.FirstSeenAt, From: &from, To: &to,
		Significance: change.Significance, Summary: change.Summary, Categories: change.Categories, DateFacts: change.Dates.Facts,
	}
	return Message{
		AlertID: policy.AlertID(event.ID, "test"), Event: event, Change: &change,
		Links: linksFor(external, event), SentAt: now.UTC(), Test: true,
	}
}
