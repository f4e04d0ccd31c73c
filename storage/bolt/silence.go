package bolt

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"watcher/policy"
)

// breakerKey is the only key of its bucket.
const breakerKey = "breaker"

// extend gives a store that an earlier version of the program made the buckets
// that came since. Their absence is no damage, and the format stays: that
// version does not look at them.
func (t *tx) extend() error {
	for _, name := range []string{silenceBucket, breakerBucket, runBucket, uptimeBucket} {
		if t.bolt.Bucket([]byte(name)) != nil {
			continue
		}
		if _, err := t.bolt.CreateBucket([]byte(name)); err != nil {
			return fmt.Errorf("create bucket %q: %w", name, err)
		}
	}
	return nil
}

// lacks reports whether a bucket is absent, as in a store that was made before
// there was such a bucket and is open for reading only.
func (t *tx) lacks(bucket string) bool { return t.bolt.Bucket([]byte(bucket)) == nil }

// Silences implements storage.Reader.
func (db *DB) Silences(ctx context.Context) ([]policy.Silence, error) {
	return query(ctx, db, func(t *tx) ([]policy.Silence, error) {
		if t.lacks(silenceBucket) {
			return nil, nil
		}
		var out []policy.Silence
		err := t.scan(silenceBucket, nil, func(_, payload []byte) error {
			var s policy.Silence
			if err := unmarshal(payload, &s); err != nil {
				return err
			}
			out = append(out, s)
			return nil
		})
		slices.SortFunc(out, func(a, b policy.Silence) int {
			return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
		})
		return out, err
	})
}

// PutSilence implements storage.Delivery.
func (db *DB) PutSilence(ctx context.Context, s policy.Silence) error {
	if s.ID == "" {
		return errors.New("a silence needs an id")
	}
	s.StartsAt, s.EndsAt, s.CreatedAt = s.StartsAt.UTC(), s.EndsAt.UTC(), s.CreatedAt.UTC()
	return db.update(ctx, func(t *tx) error { return t.putJSON(silenceBucket, []byte(s.ID), s) })
}

// Breaker implements storage.Reader.
func (db *DB) Breaker(ctx context.Context) (policy.Breaker, error) {
	return query(ctx, db, func(t *tx) (policy.Breaker, error) {
		var b policy.Breaker
		if t.lacks(breakerBucket) {
			return b, nil
		}
		_, err := t.getJSON(breakerBucket, []byte(breakerKey), &b)
		return b, err
	})
}

// SetBreaker implements storage.Delivery.
func (db *DB) SetBreaker(ctx context.Context, b policy.Breaker) error {
	b.OpenedAt, b.ClosedAt = b.OpenedAt.UTC(), b.ClosedAt.UTC()
	return db.update(ctx, func(t *tx) error { return t.putJSON(breakerBucket, []byte(breakerKey), b) })
}
