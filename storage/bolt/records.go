package bolt

import (
	"fmt"
	"slices"
	"time"

	"watcher/policy"
	"watcher/storage"
)

// lease is the row of a policy in the bucket claims. The fence outlives every
// lease: it never falls.
type lease struct {
	Fence   uint64    `json:"fence"`
	Held    bool      `json:"held,omitempty"`
	Owner   string    `json:"owner,omitempty"`
	Until   time.Time `json:"until,omitzero"`
	Session uint64    `json:"session,omitempty"`
}

// live reports whether nobody else may claim the policy. The file lock proves
// that the process of an earlier session is gone, and its leases with it.
func (l lease) live(session uint64, now time.Time) bool {
	return l.Held && l.Session == session && l.Until.After(now)
}

// holds reports whether c is the claim that the lease was given for. Time
// plays no part: a late writer is refused only once somebody else has taken
// over.
func (l lease) holds(c storage.Claim, session uint64) bool {
	return l.Held && l.Session == session && l.Fence == c.Fence
}

// bodyRef says which capture holds the newest body of a policy, and on which one
// the next body is to build.
type bodyRef struct {
	Digest  policy.Digest    `json:"sha256"`
	Capture policy.CaptureID `json:"capture"`
	// Refused is set when the body is one of a refused capture, which may be
	// taken away after its time: an accepted capture must not rely on it.
	Refused bool `json:"refused,omitempty"`
	// Base is the newest body of an accepted capture, Cost what reading it takes,
	// Depth how many came since the last on which none of these builds. Whole is
	// how many bytes the chain's first body takes, or would have taken, when stored
	// whole; Root is that body where it is.
	Base  policy.CaptureID `json:"base,omitempty"`
	Cost  int64            `json:"cost,omitempty"`
	Depth int              `json:"depth,omitempty"`
	Whole int              `json:"whole,omitempty"`
	Root  policy.CaptureID `json:"root,omitempty"`
	// Anchor is a body that costs little to read, of cost AnchorCost.
	Anchor     policy.CaptureID `json:"anchor,omitempty"`
	AnchorCost int64            `json:"anchor_cost,omitempty"`
	// Other is the newest body before the page last became quite another one, of
	// cost OtherCost: pages that are served in two forms come back to it.
	Other     policy.CaptureID `json:"other,omitempty"`
	OtherCost int64            `json:"other_cost,omitempty"`
}

// under returns the bodies on which one of so many bytes may build, the likeliest
// first. That is the newest, until it would cost too much to read what builds on
// it. A refused body, on which nothing will build, takes the newest at any cost.
func (b bodyRef) under(refused bool, size int) (ids []policy.CaptureID) {
	if refused && b.Base != 0 {
		ids = append(ids, b.Base)
	}
	if b.Depth+1 >= maxChain {
		return ids
	}
	for _, c := range []struct {
		id   policy.CaptureID
		cost int64
	}{{b.Base, b.Cost}, {b.Other, b.OtherCost}, {b.Anchor, b.AnchorCost}} {
		if c.id != 0 && c.cost+linkCost(size) <= maxCost && !slices.Contains(ids, c.id) {
			ids = append(ids, c.id)
		}
	}
	return ids
}

// carries reports whether a body that builds on base may come next. Where there
// is none yet base is another policy's, which stays for ever.
func (b bodyRef) carries(base policy.CaptureID, refused bool, size int) bool {
	return base == 0 || b.Base == 0 || slices.Contains(b.under(refused, size), base)
}

// surprising reports whether what differs from the newest body is so much that
// the page has become quite another one.
func (b bodyRef) surprising(packed int) bool { return packed*surprise > b.Whole }

// extend puts an accepted body of so many bytes at the end of the chain, or at
// the beginning of a new one.
func (b *bodyRef) extend(id policy.CaptureID, p packed, size int) {
	cost := linkCost(size)
	before := *b
	b.Depth++
	full := before.Base == 0 || b.Depth >= maxChain
	switch {
	case p.base == 0:
		b.Whole, b.Root, b.Anchor, b.AnchorCost = len(p.data), id, id, cost
		if full {
			b.Depth, b.Other, b.OtherCost = 0, 0, 0
		}
	case before.Base == 0: // it builds on another policy's
		cost += p.below
		b.Depth, b.Whole, b.Anchor, b.AnchorCost = 1, p.whole, id, cost
	case p.base == before.Base:
		cost += before.Cost
	case p.base == before.Other:
		cost += before.OtherCost
	default:
		if cost += before.AnchorCost; cost <= maxCost/2 {
			b.Anchor, b.AnchorCost = id, cost
		}
	}
	if !full && (p.base != before.Base || before.surprising(len(p.data))) {
		b.Other, b.OtherCost = before.Base, before.Cost
	}
	b.Base, b.Cost = id, cost
}

// linkCost is what one body adds to the cost of reading those that build on it.
func linkCost(size int) int64 { return int64(size) + stepCost }

// has says whether the newest body may stand for a capture's.
func (b bodyRef) has(c *policy.Capture) bool {
	return b.Capture != 0 && b.Digest == c.Digest && (!b.Refused || refused(c))
}

func refused(c *policy.Capture) bool {
	return c.Verdict.Kind == policy.Quarantined || c.Verdict.Kind == policy.Rejected
}

// captureRow is a capture as stored. BodyAt is the capture under whose id the
// body lies, 0 when there is none: equal bodies in a row are stored once.
type captureRow struct {
	policy.Capture
	Key    policyKey        `json:"key"`
	BodyAt policy.CaptureID `json:"body_at,omitempty"`
}

// versionRow is a version as stored, with the numbers of its document and
// change.
type versionRow struct {
	policy.Version
	DocumentAt uint64 `json:"document_at"`
	ChangeAt   uint64 `json:"change_at,omitempty"`
}

// alertRow is an alert as stored, with its lease. Key is the policy of its
// event, 0 when that is none of the store's.
type alertRow struct {
	policy.Alert
	Key     policyKey `json:"key,omitempty"`
	Owner   string    `json:"owner,omitempty"`
	Until   time.Time `json:"until,omitzero"`
	Session uint64    `json:"session,omitempty"`
}

func (a alertRow) leased(session uint64, now time.Time) bool {
	return a.Session == session && a.Until.After(now)
}

func (a *alertRow) release() { a.Owner, a.Until, a.Session = "", time.Time{}, 0 }

// lookup returns the key of a policy, or policy.ErrNotFound.
func (t *tx) lookup(id policy.ID) (policyKey, error) {
	payload, err := t.get(idBucket, []byte(id))
	if err != nil {
		return 0, err
	}
	if payload == nil {
		return 0, fmt.Errorf("policy %q: %w", id, policy.ErrNotFound)
	}
	n, err := parseNumber(payload)
	return policyKey(n), err
}

// name returns the present id of a policy.
func (t *tx) name(k policyKey) (policy.ID, error) {
	payload, err := t.get(nameBucket, k.bytes())
	if err != nil {
		return "", err
	}
	if payload == nil {
		return "", damaged(nameBucket, k.bytes(), "the policy has no id")
	}
	return policy.ID(payload), nil
}

func (t *tx) state(k policyKey) (policy.State, error) {
	var s policy.State
	found, err := t.getJSON(stateBucket, k.bytes(), &s)
	if err == nil && !found {
		err = damaged(stateBucket, k.bytes(), "the policy has no state")
	}
	return s, err
}

// lookupState returns a policy's key and state.
func (t *tx) lookupState(id policy.ID) (policyKey, policy.State, error) {
	k, err := t.lookup(id)
	if err != nil {
		return 0, policy.State{}, err
	}
	s, err := t.state(k)
	s.ID = id
	return k, s, err
}

// putState replaces old by s and moves the policy in the schedule.
func (t *tx) putState(k policyKey, old, s policy.State) error {
	if err := t.putJSON(stateBucket, k.bytes(), utcState(s)); err != nil {
		return err
	}
	never := s.Retired || s.Disabled
	before, after := dueKey(old.NextCheck, k), dueKey(s.NextCheck, k)
	if string(before) != string(after) || never {
		if err := t.delete(dueBucket, before); err != nil {
			return err
		}
	}
	if never {
		return nil
	}
	return t.put(dueBucket, after, nil)
}

func (t *tx) lease(k policyKey) (lease, error) {
	var l lease
	_, err := t.getJSON(claimBucket, k.bytes(), &l)
	return l, err
}

func (t *tx) putLease(k policyKey, l lease) error {
	return t.putJSON(claimBucket, k.bytes(), l)
}

// version returns the row of a version, or policy.ErrNotFound. A number that
// was given and has no row is damage, not absence.
func (t *tx) version(k policyKey, s policy.State, n int) (versionRow, error) {
	var row versionRow
	if n < 1 || n > s.Versions {
		return row, fmt.Errorf("policy %q, version %d: %w", s.ID, n, policy.ErrNotFound)
	}
	key := versionKey(k, n)
	found, err := t.getJSON(versionBucket, key, &row)
	if err == nil && !found {
		err = damaged(versionBucket, key, "the version is missing")
	}
	if err != nil {
		return row, fmt.Errorf("policy %q, version %d: %w", s.ID, n, err)
	}
	row.dress(s)
	return row, nil
}

// dress fills in what is not kept in the row: the policy's present id, and
// for the head when its text was last seen.
func (v *versionRow) dress(s policy.State) {
	v.Policy = s.ID
	if v.Number == s.Head && s.HeadSeenAt.After(v.LastSeenAt) {
		v.LastSeenAt = s.HeadSeenAt
	}
}

// capture returns a capture of the policy, or policy.ErrNotFound.
func (t *tx) capture(id policy.ID, n policy.CaptureID) (captureRow, error) {
	var row captureRow
	k, err := t.lookup(id)
	if err != nil {
		return row, err
	}
	given, err := t.count(captureBucket)
	if err != nil {
		return row, err
	}
	key := number(uint64(n))
	found, err := t.getJSON(captureBucket, key, &row)
	if err == nil && !found && n > 0 && n <= policy.CaptureID(given) { //nolint:gosec // a count of rows
		err = damaged(captureBucket, key, "the capture is missing")
	}
	if err != nil {
		return row, fmt.Errorf("policy %q, capture %d: %w", id, n, err)
	}
	if !found || row.Key != k {
		return row, fmt.Errorf("policy %q, capture %d: %w", id, n, policy.ErrNotFound)
	}
	row.Policy = id
	return row, nil
}

// alert returns the row of an alert by its id, or policy.ErrNotFound.
func (t *tx) alert(id string) (alertRow, error) {
	payload, err := t.get(alertBucket, []byte(id))
	if err != nil {
		return alertRow{}, err
	}
	if payload == nil {
		return alertRow{}, fmt.Errorf("alert %q: %w", id, policy.ErrNotFound)
	}
	seq, err := parseNumber(payload)
	if err != nil {
		return alertRow{}, err
	}
	return t.alertAt(seq)
}

func (t *tx) alertAt(seq uint64) (alertRow, error) {
	var row alertRow
	key := number(seq)
	found, err := t.getJSON(outboxBucket, key, &row)
	if err == nil && !found {
		err = damaged(outboxBucket, key, "the alert is missing")
	}
	return row, err
}

// dressAlert gives the event the present id of its policy, so that whoever
// delivers it finds the change after a rename, too.
func (t *tx) dressAlert(row *alertRow) error {
	if row.Key == 0 {
		return nil
	}
	id, err := t.name(row.Key)
	row.Event.Policy.ID = id
	return err
}
