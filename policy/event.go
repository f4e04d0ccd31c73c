package policy

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"
)

// EventType is something worth telling.
type EventType string

// The event types.
const (
	EventPolicyChanged      EventType = "policy_changed"
	EventPolicyReverted     EventType = "policy_reverted"
	EventPolicyMoved        EventType = "policy_moved"
	EventPolicyUnreachable  EventType = "policy_unreachable"
	EventPolicyRecovered    EventType = "policy_recovered"
	EventPolicyQuarantined  EventType = "policy_quarantined"
	EventPolicyVariant      EventType = "policy_variant"
	EventExtractionDegraded EventType = "extraction_degraded"
	EventPageNoisy          EventType = "page_noisy"
	EventMassChange         EventType = "mass_change"
	// EventReceiverBroken is told through the other receivers.
	EventReceiverBroken EventType = "receiver_broken"
	// EventDigest is a message that carries several alerts; no route matches it.
	EventDigest EventType = "digest"
	// EventTest is sent by "watcher alerts test" and by nothing else.
	EventTest EventType = "test"
)

// EventTypes returns the types that a route may match.
func EventTypes() []EventType {
	return []EventType{
		EventPolicyChanged, EventPolicyReverted, EventPolicyMoved, EventPolicyUnreachable,
		EventPolicyRecovered, EventPolicyQuarantined, EventPolicyVariant, EventExtractionDegraded,
		EventPageNoisy, EventMassChange, EventReceiverBroken,
	}
}

// PolicyRef is the policy as an event carries it.
type PolicyRef struct {
	ID     ID       `json:"id"`
	Vendor string   `json:"vendor"`
	Kind   Kind     `json:"kind"`
	URL    string   `json:"url"`
	Tags   []string `json:"tags,omitempty"`
}

// Ref returns the reference that events carry.
func (p Policy) Ref() PolicyRef {
	return PolicyRef{ID: p.ID, Vendor: p.Vendor.Name, Kind: p.Kind, URL: p.URL, Tags: p.Vendor.Tags}
}

// Event is something worth telling about a policy. A policy_changed event
// points at its change by To.Version; its text is not copied.
type Event struct {
	ID     string    `json:"id"`
	Type   EventType `json:"type"`
	Policy PolicyRef `json:"policy"`
	// At is when the event was decided, FirstSeenAt when its cause was first
	// seen.
	At           time.Time    `json:"at"`
	FirstSeenAt  time.Time    `json:"first_seen_at"`
	From         *VersionRef  `json:"from,omitempty"`
	To           *VersionRef  `json:"to,omitempty"`
	Significance Significance `json:"significance,omitempty"`
	Summary      string       `json:"summary"`
	Categories   []Category   `json:"categories,omitempty"`
	DateFacts    []DateFact   `json:"date_facts,omitempty"`
	Rule         string       `json:"rule,omitempty"`
	Detail       string       `json:"detail,omitempty"`
	// NewURL is where the policy seems to be, for policy_moved.
	NewURL string `json:"new_url,omitempty"`
	// Policies are those of a mass_change, of which it has no single one.
	Policies []ID `json:"policies,omitempty"`
}

// IsChange reports whether a type tells of a policy's text, as opposed to the
// health of what watches it.
func (t EventType) IsChange() bool {
	return t == EventPolicyChanged || t == EventPolicyReverted
}

// EventID derives the id of an event from what it is about, so that it
// survives restarts, restores and repeated detection.
func EventID(id ID, t EventType, from, to Digest, firstSeenAt time.Time) string {
	return "evt_" + shortHash(string(id), string(t), from.String(), to.String(), firstSeenAt.UTC().Format(time.RFC3339Nano))
}

// AlertID derives the id of the alert that carries an event to a receiver. It
// is constant over retries and restarts, so that the receiver can drop repeats.
func AlertID(eventID, receiver string) string { return "alt_" + shortHash(eventID, receiver) }

// BatchID derives the id of a message that carries several alerts to a receiver
// from their ids. It is as constant as they are.
func BatchID(alerts []string) string { return "msg_" + shortHash(alerts...) }

// shortHash returns 128 bits of SHA-256 over the parts in hex. The parts are
// separated by NUL, which none of them holds.
func shortHash(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:16])
}
