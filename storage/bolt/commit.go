package bolt

import (
	"context"
	"errors"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"

	"watcher/policy"
	"watcher/storage"
)

// Commit implements storage.Store. Name, URL, retirement and time of addition
// are left as Sync set them, whatever o.State says: the configuration may have
// changed while the check ran. A capture that has a body but no digest is
// given one; a body that does not match its digest is an error.
func (db *DB) Commit(ctx context.Context, o storage.Observation) (storage.Receipt, error) {
	defer prometheus.NewTimer(db.metrics.commit).ObserveDuration()
	p, err := db.prepareObservation(ctx, o)
	if err != nil {
		return storage.Receipt{}, err
	}
	var receipt storage.Receipt
	err = db.update(ctx, func(t *tx) error {
		k, s, err := p.check(t)
		if err != nil {
			return err
		}
		w := &committer{tx: t, prepared: p, codec: db.codec, key: k, old: s, state: p.State}
		if err := w.write(); err != nil {
			return fmt.Errorf("commit to policy %q: %w", s.ID, err)
		}
		receipt = w.receipt
		return nil
	})
	if err != nil {
		return storage.Receipt{}, err
	}
	return receipt, nil
}

// committer writes one prepared observation.
type committer struct {
	*tx
	*prepared
	codec *codec
	key   policyKey
	old   policy.State
	// state becomes the new state; its head moves with every head written.
	state   policy.State
	last    *policy.Version
	receipt storage.Receipt
}

func (w *committer) write() error {
	w.state.ID = w.old.ID
	w.state.Vendor, w.state.Kind, w.state.Lang, w.state.URL = w.old.Vendor, w.old.Kind, w.old.Lang, w.old.URL
	w.state.Retired, w.state.Disabled, w.state.Added = w.old.Retired, w.old.Disabled, w.old.Added
	w.state.Head, w.state.Versions = w.old.Head, w.old.Versions
	w.state.HeadSHA256, w.state.HeadWords = w.old.HeadSHA256, w.old.HeadWords

	steps := []func() error{w.writeCapture, w.writeVersions, w.writeCheck, w.writeAlerts, w.writeState}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func (w *committer) writeCapture() error {
	if w.Capture == nil {
		return nil
	}
	n, err := w.next(captureBucket)
	if err != nil {
		return err
	}
	row := captureRow{Capture: *w.Capture, Key: w.key}
	row.ID = policy.CaptureID(n)
	row.Policy = "" // known by its key; ids change
	if row.BodyAt, err = w.writeBody(row.ID); err != nil {
		return err
	}
	w.receipt.Capture = row.ID
	payload, err := marshal(row)
	if err != nil {
		return err
	}
	return w.insert(captureBucket, number(n), payload)
}

// writeBody returns the capture that holds the body, which is an earlier one
// when the policy's newest body is the same.
func (w *committer) writeBody(id policy.CaptureID) (policy.CaptureID, error) {
	c := w.Capture
	if c.Digest.IsZero() {
		return 0, nil
	}
	last, err := w.lastBody(w.key)
	if err != nil {
		return 0, err
	}
	if last.has(c) || c.Body == nil && last.Capture != 0 && last.Digest == c.Digest {
		return last.Capture, nil
	}
	if c.Body == nil {
		return 0, nil
	}
	body := w.body
	if body.data == nil || !last.carries(body.base, refused(c), len(c.Body)) { // another check stored another body in the meantime
		if body.data, err = w.codec.packBody(c.Body); err != nil {
			return 0, err
		}
		body.base = 0
	}
	if err := w.insert(bodyBucket, number(uint64(id)), body.data); err != nil {
		return 0, err
	}
	next := last
	next.Digest, next.Capture, next.Refused = c.Digest, id, refused(c)
	if !next.Refused { // else nothing is to build on it
		next.extend(id, body, len(c.Body))
	}
	return id, w.putJSON(lastBodyBucket, w.key.bytes(), next)
}

func (w *committer) writeVersions() error {
	for i, n := range w.Versions {
		if err := w.writeVersion(n, w.documents[i]); err != nil {
			return err
		}
	}
	return w.settleOldHead()
}

func (w *committer) writeVersion(n storage.NewVersion, document []byte) error {
	row := versionRow{Version: utcVersion(n.Version)}
	w.state.Versions++
	row.Policy, row.Number = "", w.state.Versions
	if row.Capture == 0 {
		row.Capture = w.receipt.Capture
	}
	if n.Head {
		row.From = w.state.Head
		w.state.Head, w.state.HeadSHA256, w.state.HeadWords = row.Number, row.SHA256, row.Words
	}
	var err error
	if row.DocumentAt, err = w.writeBlob(documentBucket, document); err != nil {
		return err
	}
	if n.Change != nil {
		if row.ChangeAt, err = w.writeChange(n, row.Version); err != nil {
			return err
		}
	}
	payload, err := marshal(row)
	if err != nil {
		return err
	}
	w.last = &row.Version
	w.receipt.Versions = append(w.receipt.Versions, row.Number)
	return w.insert(versionBucket, versionKey(w.key, row.Number), payload)
}

func (w *committer) writeChange(n storage.NewVersion, v policy.Version) (uint64, error) {
	c := *n.Change
	c.Policy = ""
	c.From, c.To = utcRef(c.From), utcRef(c.To)
	c.To.Version = v.Number
	if n.Head {
		c.From.Version = v.From
	}
	payload, err := w.codec.packJSON(c)
	if err != nil {
		return 0, err
	}
	at, err := w.writeBlob(changeBucket, payload)
	if err != nil {
		return 0, err
	}
	return at, w.put(timelineBucket, timelineKey(v.CapturedAt, w.key, v.Number), nil)
}

func (w *committer) writeBlob(bucket string, payload []byte) (uint64, error) {
	n, err := w.next(bucket)
	if err != nil {
		return 0, err
	}
	return n, w.insert(bucket, number(n), payload)
}

// settleOldHead keeps in a replaced head when its text was last seen, which
// for a head is only in the state.
func (w *committer) settleOldHead() error {
	if w.old.Head == 0 || w.state.Head == w.old.Head {
		return nil
	}
	row, err := w.version(w.key, w.old, w.old.Head)
	if err != nil {
		return err
	}
	row.Policy = ""
	return w.putJSON(versionBucket, versionKey(w.key, row.Number), row)
}

func (w *committer) writeCheck() error {
	if w.Check.Outcome == "" {
		return nil
	}
	c := utcCheck(w.Check)
	c.Policy = ""
	if w.receipt.Capture != 0 {
		c.Capture = w.receipt.Capture
	}
	switch {
	case w.last == nil && c.Version == 0:
		c.Version = w.state.Head
	case w.last != nil:
		c.Version, c.FromVersion = or(c.Version, w.last.Number), or(c.FromVersion, w.last.From)
	}
	seq, err := w.nextCheck(c)
	if err != nil {
		return err
	}
	payload, err := marshal(c)
	if err != nil {
		return err
	}
	newest, err := w.newestCheck(w.key)
	if err != nil {
		return err
	}
	key := checkKey(w.key, c.At, seq)
	if err := w.insert(checkBucket, key, payload); err != nil {
		return err
	}
	return w.enterRun(w.key, newest, key, c)
}

// or returns n, or instead when n is 0.
func or(n, instead int) int {
	if n == 0 {
		return instead
	}
	return n
}

// nextCheck numbers the checks of a policy that share a time.
func (w *committer) nextCheck(c policy.Check) (seq uint64, err error) {
	err = w.scanBack(checkBucket, checkPrefix(w.key, c.At), func(key, _ []byte) error {
		if seq, err = parseNumber(key); err != nil {
			return err
		}
		seq++
		return errStop
	})
	return seq, err
}

func (w *committer) writeState() error {
	if p := w.state.Pending; p != nil && p.Capture == 0 {
		filled := *p
		filled.Capture = w.receipt.Capture
		w.state.Pending = &filled
	}
	if err := w.putState(w.key, w.old, w.state); err != nil {
		return err
	}
	return w.putLease(w.key, lease{Fence: w.Claim.Fence})
}

func (w *committer) writeAlerts() error {
	for _, a := range w.Alerts {
		_, err := w.alert(a.ID)
		if err == nil {
			continue // known: repeated detection does not tell twice
		}
		if !errors.Is(err, policy.ErrNotFound) {
			return err
		}
		if err := w.writeAlert(utcAlert(a)); err != nil {
			return err
		}
		w.receipt.Alerts++
	}
	return nil
}

func (w *committer) writeAlert(a policy.Alert) error {
	w.fillEvent(&a.Event)
	k, err := w.eventKey(a.Event.Policy.ID)
	if err != nil {
		return err
	}
	return w.addAlert(alertRow{Alert: a, Key: k})
}

// addAlert writes a new row of the outbox under the next number.
func (t *tx) addAlert(row alertRow) (err error) {
	if row.Seq, err = t.next(outboxBucket); err != nil {
		return err
	}
	payload, err := marshal(row)
	if err != nil {
		return err
	}
	if err := t.insert(outboxBucket, number(row.Seq), payload); err != nil {
		return err
	}
	if err := t.enqueue(row.Alert); err != nil {
		return err
	}
	return t.put(alertBucket, []byte(row.ID), number(row.Seq))
}

// fillEvent gives an event the numbers of the last version added. utcAlert has
// copied the references.
func (w *committer) fillEvent(e *policy.Event) {
	if w.last == nil {
		return
	}
	if e.To != nil {
		e.To.Version = or(e.To.Version, w.last.Number)
	}
	if e.From != nil {
		e.From.Version = or(e.From.Version, w.last.From)
	}
}

// eventKey returns the key of the policy that an event is about, 0 when it is
// about none of the store's.
func (w *committer) eventKey(id policy.ID) (policyKey, error) {
	if id == w.Claim.Policy {
		return w.key, nil
	}
	return w.keyOf(id)
}

// keyOf is lookup, but that what is no policy of the store is 0.
func (t *tx) keyOf(id policy.ID) (policyKey, error) {
	if id == "" {
		return 0, nil
	}
	k, err := t.lookup(id)
	if errors.Is(err, policy.ErrNotFound) {
		return 0, nil
	}
	return k, err
}
