package bolt

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"watcher/policy"
	"watcher/storage"
)

// maxNameLen bounds ids and receiver names in bytes: they are parts of keys,
// which bbolt limits to 32 KiB.
const maxNameLen = 1024

// prepared is an observation whose costly parts are done: everything large is
// compressed before the one writer is asked for its time.
type prepared struct {
	storage.Observation
	documents [][]byte
	// body has no data when it is expected to be the one that is stored already.
	body packed
}

func (db *DB) prepareObservation(ctx context.Context, o storage.Observation) (*prepared, error) {
	p := &prepared{Observation: o}
	for i, v := range o.Versions {
		doc, err := db.codec.packJSON(v.Document)
		if err != nil {
			return nil, fmt.Errorf("document of new version %d: %w", i, err)
		}
		p.documents = append(p.documents, doc)
	}
	seen := make(map[string]bool, len(o.Alerts))
	for _, a := range o.Alerts {
		if err := checkAlert(a); err != nil {
			return nil, err
		}
		if seen[a.ID] {
			return nil, fmt.Errorf("alert %q is listed twice", a.ID)
		}
		seen[a.ID] = true
	}
	if o.Capture == nil {
		return p, nil
	}
	return p, db.prepareCapture(ctx, p)
}

func checkAlert(a policy.Alert) error {
	for what, name := range map[string]string{"id": a.ID, "receiver": a.Receiver} {
		if name == "" || len(name) > maxNameLen {
			return fmt.Errorf("alert %q: %s of %s bytes, want 1 to %d", a.ID, what, strconv.Itoa(len(name)), maxNameLen)
		}
	}
	switch a.State {
	case policy.AlertPending, policy.AlertDelivered, policy.AlertDead, policy.AlertParked:
		return nil
	case policy.AlertHeld, policy.AlertSilenced: // are made of what is in the outbox
		return fmt.Errorf("alert %q: cannot begin as %s", a.ID, a.State)
	}
	return fmt.Errorf("alert %q: unknown state %q", a.ID, a.State)
}

// prepareCapture proves the body's digest, or gives the capture one when it
// came without, and compresses the body unless the store seems to have it.
func (db *DB) prepareCapture(ctx context.Context, p *prepared) error {
	c := utcCapture(*p.Capture)
	p.Capture = &c
	if c.Body == nil {
		return nil
	}
	sum := policy.Sum(c.Body)
	if c.Digest.IsZero() {
		c.Digest = sum
	}
	if c.Digest != sum {
		return fmt.Errorf("capture of %q: the body has digest %s, the capture says %s", p.Claim.Policy, sum, c.Digest)
	}
	last, err := query(ctx, db, func(t *tx) (bodyRef, error) {
		k, err := t.lookup(p.Claim.Policy)
		if err != nil {
			return bodyRef{}, err
		}
		return t.lastBody(k)
	})
	if err != nil || last.has(&c) {
		return err
	}
	if last.Base == 0 {
		p.body, err = db.packFirst(ctx, c.Body, p.Claim.Policy)
	} else {
		p.body, err = db.pack(ctx, c.Body, last, last.under(refused(&c), len(c.Body)))
	}
	return err
}

func (t *tx) lastBody(k policyKey) (bodyRef, error) {
	var b bodyRef
	_, err := t.getJSON(lastBodyBucket, k.bytes(), &b)
	return b, err
}

// check finds every reason to refuse the observation, before anything is
// written.
func (p *prepared) check(t *tx) (policyKey, policy.State, error) {
	k, s, err := t.lookupState(p.Claim.Policy)
	if err != nil {
		return 0, s, err
	}
	l, err := t.lease(k)
	if err != nil {
		return 0, s, err
	}
	if !l.holds(p.Claim, t.session) {
		return 0, s, fmt.Errorf("policy %q: %w: the lease with fence %d is lost, the newest fence is %d",
			p.Claim.Policy, policy.ErrConflict, p.Claim.Fence, l.Fence)
	}
	if s.HeadRef() != p.Expect {
		return 0, s, fmt.Errorf("policy %q: %w: the head is version %d, not version %d as expected",
			p.Claim.Policy, policy.ErrConflict, s.Head, p.Expect.Version)
	}
	for _, a := range p.Alerts {
		if _, err := t.alert(a.ID); err != nil && !errors.Is(err, policy.ErrNotFound) {
			return 0, s, err
		}
	}
	return k, s, nil
}
