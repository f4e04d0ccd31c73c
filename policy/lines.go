package policy

import "time"

// The schema names of the JSON lines that commands print.
const (
	CheckSchema   = "watcher.check/1"
	VersionSchema = "watcher.version/1"
	PolicySchema  = "watcher.policy/1"
	DiffSchema    = "watcher.diff/1"
	ExtractSchema = "watcher.extract/1"
	AlertSchema   = "watcher.alert/1"
)

// CheckLine is one line of "watcher check --json".
type CheckLine struct {
	Schema       string       `json:"schema"`
	Policy       ID           `json:"policy"`
	Outcome      Outcome      `json:"outcome"`
	CapturedAt   time.Time    `json:"captured_at,omitzero"`
	FirstSeenAt  time.Time    `json:"first_seen_at,omitzero"`
	Version      int          `json:"version"`
	FromVersion  int          `json:"from_version"`
	Kind         VersionKind  `json:"kind"`
	Significance Significance `json:"significance"`
	Event        EventType    `json:"event"`
	Rule         string       `json:"rule"`
	Detail       string       `json:"detail,omitempty"`
	Error        string       `json:"error"`
	DecidedLate  bool         `json:"decided_late,omitempty"`
}

// Line returns the check as a line of output.
func (c Check) Line() CheckLine {
	return CheckLine{
		Schema: CheckSchema, Policy: c.Policy, Outcome: c.Outcome,
		CapturedAt: c.CapturedAt.UTC(), FirstSeenAt: c.FirstSeenAt.UTC(),
		Version: c.Version, FromVersion: c.FromVersion, Kind: c.Kind, Significance: c.Significance,
		Event: c.Event, Rule: c.Rule, Detail: c.Detail, Error: c.Error, DecidedLate: c.DecidedLate,
	}
}

// VersionLine is one line of "watcher history --json".
type VersionLine struct {
	Schema       string       `json:"schema"`
	Policy       ID           `json:"policy"`
	Version      int          `json:"version"`
	Kind         VersionKind  `json:"kind"`
	CapturedAt   time.Time    `json:"captured_at"`
	FirstSeenAt  time.Time    `json:"first_seen_at"`
	LastSeenAt   time.Time    `json:"last_seen_at"`
	SHA256       Digest       `json:"sha256"`
	Significance Significance `json:"significance"`
	Summary      string       `json:"summary"`
	Words        int          `json:"words"`
}

// Line returns the version as a line of output.
func (v Version) Line() VersionLine {
	return VersionLine{
		Schema: VersionSchema, Policy: v.Policy, Version: v.Number, Kind: v.Kind,
		CapturedAt: v.CapturedAt.UTC(), FirstSeenAt: v.FirstSeenAt.UTC(), LastSeenAt: v.LastSeenAt.UTC(),
		SHA256: v.SHA256, Significance: v.Significance, Summary: v.Summary, Words: v.Words,
	}
}
