package policy

import "time"

// VersionKind says how a version came to be.
type VersionKind string

// The version kinds.
const (
	VersionBaseline  VersionKind = "baseline"
	VersionChange    VersionKind = "change"
	VersionRevert    VersionKind = "revert"
	VersionTechnical VersionKind = "technical"
	VersionBackfill  VersionKind = "backfill"
)

// Version is a distinct text of a policy. Numbers are given at commit, from 1,
// and never changed or reused; order in time is by FirstSeenAt.
type Version struct {
	Policy ID          `json:"policy"`
	Number int         `json:"version"`
	Kind   VersionKind `json:"kind"`
	// CapturedAt is the time of the capture that decided the version,
	// FirstSeenAt and LastSeenAt when its text was first and last on the page.
	CapturedAt  time.Time `json:"captured_at"`
	FirstSeenAt time.Time `json:"first_seen_at"`
	LastSeenAt  time.Time `json:"last_seen_at"`
	// SHA256 is the digest of the text, RawSHA256 that of the capture's body.
	SHA256    Digest    `json:"sha256"`
	RawSHA256 Digest    `json:"raw_sha256"`
	Capture   CaptureID `json:"capture,omitempty"`
	// Normalizer made the text.
	Normalizer string `json:"normalizer"`
	Words      int    `json:"words"`
	Lang       string `json:"lang,omitempty"`
	Title      string `json:"title,omitempty"`
	// From is the version it was compared with (0 for a baseline); EqualTo is
	// set for a revert: the earlier version whose text returned.
	From         int          `json:"from_version,omitempty"`
	EqualTo      int          `json:"equal_to,omitempty"`
	Significance Significance `json:"significance,omitempty"`
	Summary      string       `json:"summary,omitempty"`
	Event        string       `json:"event,omitempty"`
}

// Ref returns the reference that changes and events carry.
func (v Version) Ref() VersionRef {
	return VersionRef{Version: v.Number, CapturedAt: v.CapturedAt, FirstSeenAt: v.FirstSeenAt, SHA256: v.SHA256}
}

// VersionRef points at one side of a change: a stored version, or a file when
// Name is set.
type VersionRef struct {
	Version     int       `json:"version,omitempty"`
	CapturedAt  time.Time `json:"captured_at,omitzero"`
	FirstSeenAt time.Time `json:"first_seen_at,omitzero"`
	SHA256      Digest    `json:"sha256"`
	Name        string    `json:"name,omitempty"`
}
