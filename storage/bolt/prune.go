package bolt

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"watcher/policy"
)

// pruneGroup is how many rows one transaction of Prune reads or writes.
const pruneGroup = 500

// Prune takes away the bodies of refused captures that were made before a time,
// and returns how many. What is known of the captures stays, their digests
// included. A body stays as long as a younger capture, a version, or a text
// that waits to be believed relies on it.
func (db *DB) Prune(ctx context.Context, before time.Time) (pruned int, err error) {
	old, err := db.refusedBefore(ctx, before)
	if err != nil || len(old) == 0 {
		return 0, err
	}
	if err := db.keepReferred(ctx, old); err != nil {
		return 0, err
	}
	ids := slices.Sorted(maps.Keys(old))
	for group := range slices.Chunk(ids, pruneGroup) {
		n := 0
		err := db.update(ctx, func(t *tx) (err error) {
			n = 0
			for _, id := range group {
				gone, err := t.takeBody(id, old[id])
				if err != nil {
					return err
				}
				if gone {
					n++
				}
			}
			return nil
		})
		if err != nil {
			return pruned, fmt.Errorf("take away bodies of refused captures: %w", err)
		}
		pruned += n
	}
	db.bodies.drop()
	return pruned, nil
}

// refusedBefore returns the captures whose own body nobody but old refused
// captures has, with their policies.
func (db *DB) refusedBefore(ctx context.Context, before time.Time) (map[policy.CaptureID]policyKey, error) {
	old := map[policy.CaptureID]policyKey{}
	err := db.pages(ctx, captureBucket, func(_, payload []byte) error {
		var row captureRow
		if err := unmarshal(payload, &row); err != nil {
			return err
		}
		may := refused(&row.Capture) && row.CapturedAt.Before(before)
		switch {
		case row.BodyAt == row.ID && may:
			old[row.ID] = row.Key
		case !may:
			delete(old, row.BodyAt) // references only ever point back
		}
		return nil
	})
	return old, err
}

// keepReferred takes out the captures that versions and states name.
func (db *DB) keepReferred(ctx context.Context, old map[policy.CaptureID]policyKey) error {
	err := db.pages(ctx, versionBucket, func(_, payload []byte) error {
		var row versionRow
		err := unmarshal(payload, &row)
		delete(old, row.Capture)
		return err
	})
	if err != nil {
		return err
	}
	return db.pages(ctx, stateBucket, func(_, payload []byte) error {
		var s policy.State
		err := unmarshal(payload, &s)
		for _, p := range []*policy.Pending{s.Pending, s.Shrunk} {
			if p != nil {
				delete(old, p.Capture)
			}
		}
		return err
	})
}

// takeBody replaces a body by the mark that it is gone. A later capture with the
// same body is then stored with it again.
func (t *tx) takeBody(id policy.CaptureID, k policyKey) (gone bool, err error) {
	key := number(uint64(id))
	payload, err := t.get(bodyBucket, key)
	if err != nil || len(payload) == 0 || payload[0] == codecGone {
		return false, ignoreDamaged(err) // what is damaged is left for those who look for damage
	}
	last, err := t.lastBody(k)
	if err != nil {
		return false, err
	}
	if last.Base == id || last.Other == id || last.Anchor == id {
		return false, nil
	}
	if last.Capture == id {
		last.Capture, last.Digest, last.Refused = 0, policy.Digest{}, false
		if err := t.putJSON(lastBodyBucket, k.bytes(), last); err != nil {
			return false, err
		}
	}
	return true, t.put(bodyBucket, key, []byte{codecGone})
}

func ignoreDamaged(err error) error {
	if errors.Is(err, policy.ErrDamaged) {
		return nil
	}
	return err
}

// pages calls fn for every value of a bucket, in transactions of pruneGroup
// values each. Damaged values are passed over. Rows that are added meanwhile may
// be seen or not.
func (db *DB) pages(ctx context.Context, bucket string, fn func(key, payload []byte) error) error {
	from := []byte{}
	for from != nil {
		err := db.view(ctx, func(t *tx) error {
			b, err := t.bucket(bucket)
			if err != nil {
				return err
			}
			next, err := t.page(b, bucket, from, fn)
			from = next
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// page visits the values from a key on, and returns where the next page begins.
func (t *tx) page(b *bbolt.Bucket, bucket string, from []byte, fn func(key, payload []byte) error) ([]byte, error) {
	c := b.Cursor()
	k, v := c.Seek(from)
	for n := 0; k != nil; k, v = c.Next() {
		if n++; n > pruneGroup {
			return slices.Clone(k), nil
		}
		if err := ignoreDamaged(t.visit(bucket, k, v, fn)); err != nil {
			return nil, err
		}
	}
	return nil, nil
}
