package policy

import (
	"strings"
	"time"
)

// State is what the store remembers of a policy between checks: its head, its
// schedule and what is pending. It is rewritten by every commit.
type State struct {
	ID ID `json:"id"`
	// Vendor, Kind and URL are copies from the configuration, so that a
	// retired policy can still be shown.
	Vendor Vendor `json:"vendor"`
	Kind   Kind   `json:"kind"`
	Lang   string `json:"lang,omitempty"`
	URL    string `json:"url"`
	// Retired is set when the policy left the configuration.
	Retired bool `json:"retired,omitempty"`
	// Disabled is set while the configuration says so: the policy is shown,
	// but never due.
	Disabled bool `json:"disabled,omitempty"`

	// Head is the number of the version in force (0: none yet); Versions is
	// the highest number ever given.
	Head     int `json:"head"`
	Versions int `json:"versions"`
	// HeadSHA256 and HeadWords describe the head's text.
	HeadSHA256 Digest `json:"head_sha256"`
	HeadWords  int    `json:"head_words,omitempty"`
	// HeadSeenAt is when the head's text was last on the page. A store serves
	// it as the head's LastSeenAt and keeps it there once the head is replaced.
	HeadSeenAt time.Time `json:"head_seen_at,omitzero"`
	// HeadFirstSeenAt is when the head's text was first on the page.
	HeadFirstSeenAt time.Time `json:"head_first_seen_at,omitzero"`
	// Normalizer is the last normaliser that is known to make the head's text
	// out of the head's capture.
	Normalizer string `json:"normalizer,omitempty"`
	// HeadOrigin says from where the head's text was last read: what the
	// configuration said of URL, source and language then.
	HeadOrigin Origin `json:"head_origin,omitzero"`

	Added       time.Time `json:"added,omitzero"`
	LastCheck   time.Time `json:"last_check,omitzero"`
	LastSuccess time.Time `json:"last_success,omitzero"`
	LastChange  time.Time `json:"last_change,omitzero"`
	NextCheck   time.Time `json:"next_check,omitzero"`
	LastOutcome Outcome   `json:"last_outcome,omitempty"`
	LastRule    string    `json:"last_rule,omitempty"`
	LastError   string    `json:"last_error,omitempty"`

	// Failures and Quarantines count outcomes in a row, with when the run
	// began; the Told flags keep one run from being told twice.
	Failures         int       `json:"failures,omitempty"`
	FailingSince     time.Time `json:"failing_since,omitzero"`
	UnreachableTold  bool      `json:"unreachable_told,omitempty"`
	Quarantines      int       `json:"quarantines,omitempty"`
	QuarantinedSince time.Time `json:"quarantined_since,omitzero"`
	QuarantinedTold  bool      `json:"quarantined_told,omitempty"`

	// Pending is a text that differs from the head and waits for a second
	// sighting; nil when there is none.
	Pending *Pending `json:"pending,omitempty"`

	// Shrunk is a text that is less than half of the head and waits to be
	// believed; nil when there is none.
	Shrunk *Pending `json:"shrunk,omitempty"`

	// Dismissed are texts that a person found not to be the policy.
	Dismissed []Dismissal `json:"dismissed,omitempty"`

	// Texts are texts other than the head that the page showed lately: ones
	// that came and went, and variants.
	Texts []Text `json:"texts,omitempty"`
	// Slots are lines whose numbers change by themselves.
	Slots []Slot `json:"slots,omitempty"`
	// Noise counts small changes that were told of.
	Noise Noise `json:"noise,omitzero"`
	// Degraded counts checks in a row in which the configured selectors matched
	// nothing, since DegradedSince; DegradedTold keeps it from being told twice.
	Degraded int `json:"degraded,omitempty"`
	// DegradedScore rises with such checks and falls with others, so that
	// selectors that fail now and then are told of as well.
	DegradedScore int       `json:"degraded_score,omitempty"`
	DegradedSince time.Time `json:"degraded_since,omitzero"`
	DegradedTold  bool      `json:"degraded_told,omitempty"`

	// FoundAt is where redirects led when the policy was last read in its place;
	// Moved is where it seems to have gone since, nil for nowhere.
	FoundAt string `json:"found_at,omitempty"`
	Moved   *Move  `json:"moved,omitempty"`

	// ETag and LastModified are the validators of ValidatorsURL, the final
	// URL of the capture that gave them.
	ETag          string    `json:"etag,omitempty"`
	LastModified  string    `json:"last_modified,omitempty"`
	ValidatorsURL string    `json:"validators_url,omitempty"`
	FullFetchAt   time.Time `json:"full_fetch_at,omitzero"`
}

// Origin is where a text is read from. Texts of different origins may differ
// without the vendor having changed anything.
type Origin struct {
	URL    string `json:"url,omitempty"`
	Source Source `json:"source,omitempty"`
	Lang   string `json:"lang,omitempty"`
	// Follow selects the link to the policy on the page. Also are the further
	// pages of the document, blanks between.
	Follow string `json:"follow,omitempty"`
	Also   string `json:"also,omitempty"`
}

// Origin returns where the policy is read from.
func (p Policy) Origin() Origin {
	return Origin{URL: p.URL, Source: p.Source, Lang: p.Lang, Follow: p.Follow, Also: strings.Join(p.Combine, " ")}
}

// Pending is a candidate text that triage has not believed yet.
type Pending struct {
	SHA256 Digest `json:"sha256"`
	// FirstSeenAt is when this text was first seen, Since when the page first
	// stopped showing a known text: the hold runs from there, so that a page
	// that never shows the same text twice is told of in the end.
	FirstSeenAt time.Time `json:"first_seen_at"`
	Since       time.Time `json:"since"`
	// Capture holds the body in which the text was first seen. A writer leaves
	// it 0 to mean "the capture of this observation"; the store fills it in.
	Capture   CaptureID `json:"capture"`
	Sightings int       `json:"sightings"`
	// Base is the text that it was compared with; zero means the head.
	Base Digest `json:"base,omitzero"`
}

// Move is where a policy seems to have gone, in how many checks in a row, since
// when; Told keeps it from being told twice.
type Move struct {
	To     string    `json:"to"`
	Checks int       `json:"checks"`
	Since  time.Time `json:"since"`
	Told   bool      `json:"told,omitempty"`
}

// Text is a text that a page showed beside its head.
type Text struct {
	SHA256      Digest    `json:"sha256"`
	FirstSeenAt time.Time `json:"first_seen_at"`
	LastSeenAt  time.Time `json:"last_seen_at"`
	// Gone counts how often the page went back to its head after showing the
	// text, until it is known as a variant.
	Gone int `json:"gone,omitempty"`
	// Variant is set once the page is known to serve the text to some visitors
	// while others get the head. Until then it is a text that was seen once and
	// was gone again.
	Variant bool `json:"variant,omitempty"`
	// Run counts the sightings in a row up to the last one, since RunSince; 0
	// when the page has shown another text since.
	Run      int       `json:"run,omitempty"`
	RunSince time.Time `json:"run_since,omitzero"`
}

// Slot is a line that was seen with different numbers.
type Slot struct {
	// Line is the digest of its section and its text without the numbers,
	// Values are the newest distinct ones of its numbers, at most SlotValues.
	Line   Digest      `json:"line"`
	Values []SlotValue `json:"values"`
}

// SlotValue is the digest of a line's numbers, and when they were last seen.
type SlotValue struct {
	SHA256 Digest    `json:"sha256"`
	SeenAt time.Time `json:"seen_at"`
}

// SlotValues is how many different values make a slot volatile.
const SlotValues = 3

// Volatile reports whether the numbers of the line change by themselves.
func (s Slot) Volatile() bool { return len(s.Values) >= SlotValues }

// Noise is the recent history of small changes of a policy.
type Noise struct {
	// Told are the times of small changes that were told of lately.
	Told []time.Time `json:"told,omitempty"`
	// Noisy is set while further ones are recorded only.
	Noisy bool `json:"noisy,omitempty"`
}

// HeadRef is the head that a writer expects to find: the compare half of the
// store's compare-and-set. The zero value expects no version at all.
type HeadRef struct {
	Version int    `json:"version"`
	SHA256  Digest `json:"sha256"`
}

// HeadRef returns the reference to the state's head.
func (s State) HeadRef() HeadRef { return HeadRef{Version: s.Head, SHA256: s.HeadSHA256} }

// Waits reports whether a capture of the policy may wait for a person: a dismissal
// and a good check end the count of those that were held in a row.
func (s State) Waits() bool { return !s.Retired && s.Quarantines > 0 }
