package policy

import "time"

// Outcome is how a check ended.
type Outcome string

// The outcomes.
const (
	OutcomeBaseline    Outcome = "baseline"
	OutcomeUnchanged   Outcome = "unchanged"
	OutcomeNotModified Outcome = "not_modified"
	OutcomeUnconfirmed Outcome = "unconfirmed"
	OutcomeChanged     Outcome = "changed"
	OutcomeReverted    Outcome = "reverted"
	OutcomeTechnical   Outcome = "technical"
	OutcomeQuarantined Outcome = "quarantined"
	OutcomeRejected    Outcome = "rejected"
	OutcomeSkipped     Outcome = "skipped"
	OutcomeFailed      Outcome = "failed"
)

// Outcomes returns all outcomes, for enumerated labels.
func Outcomes() []Outcome {
	return []Outcome{
		OutcomeBaseline, OutcomeUnchanged, OutcomeNotModified, OutcomeUnconfirmed, OutcomeChanged,
		OutcomeReverted, OutcomeTechnical, OutcomeQuarantined, OutcomeRejected, OutcomeSkipped, OutcomeFailed,
	}
}

// Good reports whether the policy was really seen: its page was reached and
// accepted by the gate.
func (o Outcome) Good() bool {
	switch o {
	case OutcomeBaseline, OutcomeUnchanged, OutcomeNotModified, OutcomeUnconfirmed, OutcomeChanged,
		OutcomeReverted, OutcomeTechnical:
		return true
	case OutcomeQuarantined, OutcomeRejected, OutcomeSkipped, OutcomeFailed:
	}
	return false
}

// Bad reports whether the check counts as a failure: no usable answer came.
// A quarantined capture is neither good nor bad: it waits for a person.
func (o Outcome) Bad() bool { return o == OutcomeFailed || o == OutcomeRejected }

// Check is one attempt on a policy, with its outcome. All checks together are
// the coverage ledger: "checked at 04:12, unchanged" is evidence too.
type Check struct {
	Policy  ID      `json:"policy"`
	Outcome Outcome `json:"outcome"`
	// At is when the check ended, or for an archive the capture's own time.
	At       time.Time     `json:"at"`
	Duration time.Duration `json:"duration_ns,omitempty"`
	// CapturedAt is the time of the capture, zero when none was had.
	CapturedAt   time.Time    `json:"captured_at,omitzero"`
	FirstSeenAt  time.Time    `json:"first_seen_at,omitzero"`
	Capture      CaptureID    `json:"capture,omitempty"`
	Source       Source       `json:"source,omitempty"`
	Status       int          `json:"status,omitempty"`
	Version      int          `json:"version,omitempty"`
	FromVersion  int          `json:"from_version,omitempty"`
	Kind         VersionKind  `json:"kind,omitempty"`
	Significance Significance `json:"significance,omitempty"`
	// Event is the type of the event that was (or would have been) told.
	Event EventType `json:"event,omitempty"`
	// Rule names the rule of gate or triage that decided; Detail is its
	// evidence, Error the reason of a failure with its hint.
	Rule   string `json:"rule,omitempty"`
	Detail string `json:"detail,omitempty"`
	Error  string `json:"error,omitempty"`
	// DecidedLate marks a line of output about a version that a later capture
	// decided. It is never stored: the ledger has one entry per capture.
	DecidedLate bool `json:"decided_late,omitempty"`
}
