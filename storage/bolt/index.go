package bolt

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"watcher/policy"
)

// index is what Verify remembers of the values that it has seen.
type index struct {
	ids       map[policyKey]policy.ID
	names     map[policyKey]policy.ID
	states    map[policyKey]policy.State
	claims    map[policyKey]bool
	due       map[policyKey]bool
	last      map[policyKey]bodyRef
	captures  map[policy.CaptureID]capturedAt
	stored    map[policy.CaptureID]place
	versions  map[versionAt]versionFacts
	documents map[uint64]policy.Digest
	changes   map[uint64]bool
	timeline  map[versionAt]bool
	outbox    map[uint64]alertFacts
	alerts    map[string]uint64
	queue     map[uint64]byte
	checks    map[policy.CaptureID]bool
	ledgers   map[policyKey]*ledgerFacts
	// lost are values that do not match their digest: they were told of, and
	// those that refer to them are not at fault.
	lost map[string]bool
	// lostIn counts them by bucket.
	lostIn map[string]int
}

type versionAt struct {
	policy policyKey
	number int
}

type versionFacts struct {
	document, change uint64
	capture          policy.CaptureID
	digest           policy.Digest
}

type capturedAt struct {
	policy policyKey
	body   policy.CaptureID
	digest policy.Digest
}

// ledgerFacts are how many checks of a policy there are, the key of the newest,
// and the same by its ledger.
type ledgerFacts struct {
	checks, entered int
	newest, last    []byte
}

type alertFacts struct {
	id    string
	state policy.AlertState
}

// place is where a value stands in the file.
type place struct {
	at   int64
	size int
}

func newIndex() *index {
	return &index{
		ids: map[policyKey]policy.ID{}, names: map[policyKey]policy.ID{}, states: map[policyKey]policy.State{},
		claims: map[policyKey]bool{}, due: map[policyKey]bool{}, last: map[policyKey]bodyRef{},
		captures: map[policy.CaptureID]capturedAt{}, stored: map[policy.CaptureID]place{},
		versions: map[versionAt]versionFacts{}, documents: map[uint64]policy.Digest{}, changes: map[uint64]bool{},
		timeline: map[versionAt]bool{}, outbox: map[uint64]alertFacts{}, alerts: map[string]uint64{}, queue: map[uint64]byte{},
		checks: map[policy.CaptureID]bool{}, ledgers: map[policyKey]*ledgerFacts{}, lost: map[string]bool{}, lostIn: map[string]int{},
	}
}

// spoiled remembers a value that was told of.
func (x *index) spoiled(f found) {
	x.lost[f.bucket+"\x00"+string(f.key)] = true
	x.lostIn[f.bucket]++
}

func (x *index) isLost(bucket string, key []byte) bool { return x.lost[bucket+"\x00"+string(key)] }

// note remembers a value whose seal is right. Its error says that the value is
// none that this program writes there.
func (x *index) note(c *codec, f found, payload []byte) error {
	switch f.bucket {
	case idBucket, nameBucket, stateBucket, claimBucket, dueBucket, lastBodyBucket:
		return x.notePolicy(f, payload)
	case captureBucket, bodyBucket:
		return x.noteCapture(f, payload)
	case checkBucket, runBucket:
		return x.noteCheck(f, payload)
	case versionBucket, documentBucket, changeBucket, timelineBucket:
		return x.noteVersion(c, f, payload)
	case outboxBucket, alertBucket, queueBucket:
		return x.noteAlert(f, payload)
	}
	return nil
}

func (x *index) notePolicy(f found, payload []byte) error {
	if f.bucket == idBucket {
		n, err := parseNumber(payload)
		x.ids[policyKey(n)] = policy.ID(f.key)
		return err
	}
	n, err := parseNumber(f.key)
	if err != nil {
		return err
	}
	k := policyKey(n)
	switch f.bucket {
	case nameBucket:
		x.names[k] = policy.ID(payload)
	case stateBucket:
		var s policy.State
		err = unmarshal(payload, &s)
		x.states[k] = s
	case claimBucket:
		var l lease
		err = unmarshal(payload, &l)
		x.claims[k] = true
	case dueBucket:
		x.due[k] = true
	case lastBodyBucket:
		var b bodyRef
		err = unmarshal(payload, &b)
		x.last[k] = b
	}
	return err
}

func (x *index) noteCapture(f found, payload []byte) error {
	n, err := parseNumber(f.key)
	if err != nil {
		return err
	}
	id := policy.CaptureID(n)
	switch f.bucket {
	case captureBucket:
		var row captureRow
		err = unmarshal(payload, &row)
		x.captures[id] = capturedAt{row.Key, row.BodyAt, row.Digest}
	case bodyBucket:
		x.stored[id] = place{f.at, len(f.value)}
	}
	return err
}

func (x *index) noteCheck(f found, payload []byte) error {
	if len(f.key) < numberLen {
		return fmt.Errorf("%w: a key of %d bytes", policy.ErrDamaged, len(f.key))
	}
	k := policyKey(binary.BigEndian.Uint64(f.key))
	l := x.ledgers[k]
	if l == nil {
		l = &ledgerFacts{}
		x.ledgers[k] = l
	}
	if f.bucket == runBucket {
		r, err := unpackRun(f.key, payload)
		if err != nil {
			return err
		}
		l.entered += r.Count
		l.last = r.LastKey
		return nil
	}
	l.checks++
	l.newest = bytes.Clone(f.key)
	var c policy.Check
	err := unmarshal(payload, &c)
	if c.Capture != 0 {
		x.checks[c.Capture] = true
	}
	return err
}

func (x *index) noteVersion(c *codec, f found, payload []byte) error {
	n, err := parseNumber(f.key)
	if err != nil {
		return err
	}
	switch f.bucket {
	case documentBucket:
		var d policy.Document
		err = c.unpackJSON(payload, &d)
		x.documents[n] = d.Digest()
		return err
	case changeBucket:
		var change policy.Change
		x.changes[n] = true
		return c.unpackJSON(payload, &change)
	case timelineBucket:
		at, err := parseVersionKey(f.key[min(timeLen, len(f.key)):])
		x.timeline[at] = true
		return err
	}
	at, err := parseVersionKey(f.key)
	if err != nil {
		return err
	}
	var row versionRow
	err = unmarshal(payload, &row)
	x.versions[at] = versionFacts{row.DocumentAt, row.ChangeAt, row.Capture, row.SHA256}
	return err
}

func parseVersionKey(key []byte) (versionAt, error) {
	if len(key) != 2*numberLen {
		return versionAt{}, fmt.Errorf("%w: a key of %d bytes", policy.ErrDamaged, len(key))
	}
	return versionAt{policyKey(binary.BigEndian.Uint64(key)), int(binary.BigEndian.Uint64(key[numberLen:]))}, nil //nolint:gosec // was an int
}

func (x *index) noteAlert(f found, payload []byte) error {
	switch f.bucket {
	case outboxBucket:
		n, err := parseNumber(f.key)
		if err != nil {
			return err
		}
		var row alertRow
		err = unmarshal(payload, &row)
		x.outbox[n] = alertFacts{row.ID, row.State}
		return err
	case alertBucket:
		n, err := parseNumber(payload)
		x.alerts[string(f.key)] = n
		return err
	}
	letter, _, seq, err := parseQueueKey(f.key)
	x.queue[seq] = letter
	return err
}
