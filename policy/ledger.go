package policy

import "time"

// RuleVariant is the rule of a check that saw a text beside the head, which some
// visitors are served: the head itself was not on the page that was read.
const RuleVariant = "variant"

// Confirms reports whether the check saw the text of its Version on the page.
// One that saw a text that waits, or a variant, did not.
func (c Check) Confirms() bool {
	return c.Outcome.Good() && c.Outcome != OutcomeUnconfirmed && c.Rule != RuleVariant && c.Version > 0
}

// Seen is the time that the check speaks of: when its capture was made, which an
// archive may have done long before the check; At when there was none.
func (c Check) Seen() time.Time {
	if c.CapturedAt.IsZero() {
		return c.At
	}
	return c.CapturedAt
}

// Run is a row of the coverage ledger: checks of a policy that followed each
// other, ended alike and found the same version.
type Run struct {
	Policy  ID      `json:"policy"`
	Outcome Outcome `json:"outcome"`
	Version int     `json:"version,omitempty"`
	// Confirms is set when every check of the run saw the version's text.
	Confirms bool `json:"confirms,omitempty"`
	// First and Last are when the first and the last check ended, Count is how
	// many there were, and LongestGap the longest time between two of them.
	First      time.Time     `json:"first"`
	Last       time.Time     `json:"last"`
	Count      int           `json:"count"`
	LongestGap time.Duration `json:"longest_gap_ns,omitempty"`
	// SeenFirst and SeenLast bound the times that the checks speak of.
	SeenFirst time.Time `json:"seen_first"`
	SeenLast  time.Time `json:"seen_last"`
	// Rule and Source are those of the last check.
	Rule   string `json:"rule,omitempty"`
	Source Source `json:"source,omitempty"`
}

// NewRun returns the run of a single check.
func NewRun(c Check) Run {
	return Run{
		Policy: c.Policy, Outcome: c.Outcome, Version: c.Version, Confirms: c.Confirms(), First: c.At, Last: c.At, Count: 1,
		SeenFirst: c.Seen(), SeenLast: c.Seen(), Rule: c.Rule, Source: c.Source,
	}
}

// Takes reports whether c ended like the checks of the run.
func (r Run) Takes(c Check) bool {
	return r.Outcome == c.Outcome && r.Version == c.Version && r.Confirms == c.Confirms()
}

// With returns the run with another check that it takes, after its last or before
// its first.
func (r Run) With(c Check) Run {
	r.Count++
	if c.At.Before(r.First) {
		r.LongestGap = max(r.LongestGap, r.First.Sub(c.At))
		r.First = c.At
	} else {
		r.LongestGap = max(r.LongestGap, c.At.Sub(r.Last))
		r.Last, r.Rule, r.Source = c.At, c.Rule, c.Source
	}
	if seen := c.Seen(); seen.Before(r.SeenFirst) {
		r.SeenFirst = seen
	} else if seen.After(r.SeenLast) {
		r.SeenLast = seen
	}
	return r
}

// Stretch is a time during which one process watched without a break, as far as
// the marks that it left in the store prove it.
type Stretch struct {
	// Session is the number of the opening of the store under which it ran.
	Session uint64 `json:"session"`
	// Began and Alive are its first and its last mark.
	Began time.Time `json:"began"`
	Alive time.Time `json:"alive"`
}
