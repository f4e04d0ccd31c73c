// Package storage is the promise that every engine keeps: what can be read,
// and the one method, Commit, by which the result of a check is written.
//
// An engine lives in a package below this one and is proved by the conformance
// suite in storage/storagetest. Errors are those of package policy
// (ErrNotFound, ErrConflict, ErrLocked, ErrDamaged, ErrFormat), wrapped.
//
// All times are UTC and are handed in by the caller: an engine has no clock.
package storage

import (
	"context"
	"time"

	"watcher/policy"
)

// Reader is the read side of a store. It is safe for concurrent use. Values
// whose stored digest does not match are never returned: the error is
// policy.ErrDamaged and names the value.
type Reader interface {
	// States returns all policies ever known, ordered by id.
	States(ctx context.Context) ([]policy.State, error)
	// State returns one policy, or policy.ErrNotFound.
	State(ctx context.Context, id policy.ID) (policy.State, error)

	// Versions returns the versions of a policy ordered by FirstSeenAt, then
	// by number. A known policy without versions has none; an unknown one is
	// policy.ErrNotFound.
	Versions(ctx context.Context, id policy.ID) ([]policy.Version, error)
	// Version returns one version by its number.
	Version(ctx context.Context, id policy.ID, number int) (policy.Version, error)
	// Document returns the text of a version.
	Document(ctx context.Context, id policy.ID, number int) (policy.Document, error)
	// Change returns the change that led to version number to. Baselines have
	// none: policy.ErrNotFound.
	Change(ctx context.Context, id policy.ID, to int) (policy.Change, error)
	// Recent returns the newest versions that carry a change, newest first,
	// over all policies.
	Recent(ctx context.Context, q RecentQuery) ([]policy.Version, error)

	// Capture returns a capture without its body.
	Capture(ctx context.Context, id policy.ID, capture policy.CaptureID) (policy.Capture, error)
	// Body returns the body of a capture, proved against its digest.
	Body(ctx context.Context, id policy.ID, capture policy.CaptureID) ([]byte, error)

	// Checks returns the checks of a policy, newest first.
	Checks(ctx context.Context, id policy.ID, q CheckQuery) ([]policy.Check, error)

	// Runs returns the coverage ledger of a policy, newest run first: all its
	// checks, those in a row that ended alike in one run each.
	Runs(ctx context.Context, id policy.ID, q RunQuery) ([]policy.Run, error)
	// Uptime returns when a watcher was at work, newest stretch first. A time
	// before the oldest one is not known.
	Uptime(ctx context.Context, q UptimeQuery) ([]policy.Stretch, error)

	// Alerts returns alerts of the outbox, oldest first.
	Alerts(ctx context.Context, q AlertQuery) ([]policy.Alert, error)
	// Alert returns one alert by its id.
	Alert(ctx context.Context, id string) (policy.Alert, error)

	// Silences returns all silences ever made, oldest first.
	Silences(ctx context.Context) ([]policy.Silence, error)
	// Breaker returns the state of the mass-change breaker, the zero value when
	// it never opened.
	Breaker(ctx context.Context) (policy.Breaker, error)

	// Stats describes the store as a whole.
	Stats(ctx context.Context) (Stats, error)
}

// Store is an engine.
type Store interface {
	Reader
	Outbox
	Delivery

	// Sync makes the store's set of policies that of the configuration: new
	// ones get a state with Added and NextCheck set to now, missing ones are
	// retired, returning ones are taken back, and copies of names and URLs
	// are refreshed. A policy that comes back, is enabled again or has another
	// URL is due at once; none is due later than now, its interval and a
	// quarter of it, so that neither a longer interval of before nor a clock
	// that was wrong keeps it waiting. An unknown policy with a known id in
	// Formerly takes over that history under its new id. Sync never deletes.
	Sync(ctx context.Context, policies []policy.Policy, now time.Time) error
	// Claim leases policies for a check. Leases of a process that is gone are
	// void.
	Claim(ctx context.Context, q ClaimQuery) ([]Claim, error)
	// Release gives a claim back without a check; a lost claim is no error.
	Release(ctx context.Context, c Claim) error
	// Commit writes what a check found in one transaction, or nothing at all.
	Commit(ctx context.Context, o Observation) (Receipt, error)
	// Beat marks that a watcher is at work. The newest stretch goes on when it is
	// this process's and ended no longer than within before now; otherwise
	// another one begins.
	Beat(ctx context.Context, now time.Time, within time.Duration) error
	// Close waits for running transactions and releases the store.
	Close() error
}

// RecentQuery selects changes. The zero value is everything.
type RecentQuery struct {
	// Since bounds CapturedAt from below, inclusive.
	Since time.Time
	// Limit bounds the number of results; 0 means no bound.
	Limit int
}

// CheckQuery selects checks. The zero value is everything.
type CheckQuery struct {
	// Since and Until bound At, both inclusive; a zero time is no bound.
	Since, Until time.Time
	Limit        int
}

// RunQuery selects runs. The zero value is everything.
type RunQuery struct {
	// Since and Until select the runs that reach into the time between them,
	// both inclusive; a zero time is no bound.
	Since, Until time.Time
	Limit        int
}

// UptimeQuery selects stretches. The zero value is everything.
type UptimeQuery struct {
	// Since leaves out stretches that were over before.
	Since time.Time
	Limit int
}

// AlertQuery selects alerts. Empty fields match everything.
type AlertQuery struct {
	Receiver string
	Policy   policy.ID
	States   []policy.AlertState
	Limit    int
}

// Stats describes a store.
type Stats struct {
	SizeBytes int64 `json:"size_bytes"`
	// FreeBytes is the part of SizeBytes that holds nothing and will be reused.
	FreeBytes int64 `json:"free_bytes"`
	Policies  int   `json:"policies"`
	Versions  int   `json:"versions"`
	Captures  int   `json:"captures"`
	Format    int   `json:"format"`
	// Outbox summarises waiting and dead alerts by receiver, ordered by name.
	Outbox []OutboxStats `json:"outbox,omitempty"`
}

// OutboxStats summarises the alerts of one receiver.
type OutboxStats struct {
	Receiver string `json:"receiver"`
	Pending  int    `json:"pending"`
	Parked   int    `json:"parked"`
	Held     int    `json:"held"`
	Dead     int    `json:"dead"`
	// OldestPending is when the pending alert that waits longest was first due:
	// when it was made, or its NotBefore.
	OldestPending time.Time `json:"oldest_pending,omitzero"`
}

// ClaimQuery asks for policies to check.
type ClaimQuery struct {
	// Owner names the claiming worker in logs and errors.
	Owner string
	Now   time.Time
	// For is how long the lease lasts.
	For time.Duration
	// Limit bounds the number of claims; 0 means no bound.
	Limit int
	// IDs, when set, claims these policies whether they are due or not.
	// Otherwise policies whose NextCheck is not after Now are claimed, most
	// overdue first. Retired policies and those under a live lease are passed
	// over in either case; disabled ones are never due, but can be named. An
	// unknown id is policy.ErrNotFound.
	IDs []policy.ID
}

// Claim is a lease on a policy. Fence grows with every claim of a policy; a
// commit under an older fence is refused.
type Claim struct {
	Policy policy.ID
	Owner  string
	Fence  uint64
	Until  time.Time
	// State is the policy's state at the time of the claim.
	State policy.State
}

// Observation is the result of one check.
type Observation struct {
	// Claim is the lease under which the check ran. Commit ends it.
	Claim Claim
	// Expect is the head that the check compared with. Commit writes nothing
	// and returns policy.ErrConflict when the head is another one.
	Expect policy.HeadRef
	// Check is the ledger entry. The store fills in Capture, and Version and
	// FromVersion when they are 0 and a version is added; when none is added a
	// Version of 0 becomes the head. Without an Outcome there was no check, and
	// the ledger gets no entry.
	Check policy.Check
	// Capture, when set, is stored with its body and headers.
	Capture *policy.Capture
	// Versions are new versions in the order in which they follow each other.
	Versions []NewVersion
	// Alerts are the outbox rows. The store fills in Seq and the version
	// numbers of their events. A row whose id is known already is left as it
	// is: repeated detection does not tell twice.
	Alerts []policy.Alert
	// State is the state after the check. The store sets Head, Versions,
	// HeadSHA256 and HeadWords itself, and Pending.Capture when that is 0. What
	// Sync keeps (names, URL, Retired, Disabled, Added) stays as Sync left it.
	State policy.State
}

// NewVersion is a version to be added.
//
// The store gives Version.Number (and Change.To.Version), and fills
// Version.Capture when it is 0 and the observation has a capture. For a
// version with Head set, Version.From and Change.From.Version become the
// number of the head that it replaces, which may be one added just before it
// in the same observation.
type NewVersion struct {
	Version  policy.Version
	Document policy.Document
	Change   *policy.Change
	// Head makes the version the new head. Versions found later but seen
	// earlier (an archive's) leave the head alone.
	Head bool
}

// Receipt tells what a commit wrote.
type Receipt struct {
	Capture policy.CaptureID
	// Versions are the numbers given, in the order of Observation.Versions.
	Versions []int
	// Alerts counts rows that were new.
	Alerts int
}

// Outbox is the delivery side of a store.
type Outbox interface {
	// LeaseAlerts hands out pending alerts of one receiver, oldest first, and
	// hides them until the lease expires. It stops at the first one whose
	// NextAttempt is in the future or that is leased: order is kept.
	LeaseAlerts(ctx context.Context, q LeaseQuery) ([]policy.Alert, error)
	// SettleAlert records the result of an attempt and ends the lease.
	SettleAlert(ctx context.Context, id string, s Settlement) error
	// RequeueAlert makes an alert that is not pending so again, at once, alone
	// and under the same id.
	RequeueAlert(ctx context.Context, id string, now time.Time) error
}

// LeaseQuery asks for alerts to deliver.
type LeaseQuery struct {
	Receiver string
	Owner    string
	Now      time.Time
	For      time.Duration
	Limit    int
	// IDs, when set, leases these alerts whatever their order and time, all of
	// them or none: none when one is not pending or is leased. Batch is put on
	// each of them.
	IDs   []string
	Batch string
}

// Settlement is the result of an attempt to deliver an alert. Without At no
// attempt is counted. Of an alert that is not pending any more only a delivery
// is recorded.
type Settlement struct {
	// State is AlertDelivered, AlertPending (to be tried again at
	// NextAttempt), AlertDead, AlertParked or AlertSilenced.
	State       policy.AlertState
	At          time.Time
	NextAttempt time.Time
	// Error is the reason of a failure, without secrets.
	Error string
	// Receipt is what the receiver gave in return for a delivery.
	Receipt string
	// Silence is the id of the silence of a silenced alert.
	Silence string
}
