package bolt

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"watcher/policy"
	"watcher/storage"
)

// States implements storage.Reader.
func (db *DB) States(ctx context.Context) ([]policy.State, error) {
	return query(ctx, db, func(t *tx) ([]policy.State, error) {
		var out []policy.State
		err := t.scan(idBucket, nil, func(key, payload []byte) error {
			n, err := parseNumber(payload)
			if err != nil {
				return err
			}
			s, err := t.state(policyKey(n))
			s.ID = policy.ID(key)
			out = append(out, s)
			return err
		})
		return out, err
	})
}

// State implements storage.Reader.
func (db *DB) State(ctx context.Context, id policy.ID) (policy.State, error) {
	return query(ctx, db, func(t *tx) (policy.State, error) {
		_, s, err := t.lookupState(id)
		return s, err
	})
}

// Versions implements storage.Reader.
func (db *DB) Versions(ctx context.Context, id policy.ID) ([]policy.Version, error) {
	out, err := query(ctx, db, func(t *tx) ([]policy.Version, error) {
		k, s, err := t.lookupState(id)
		if err != nil {
			return nil, err
		}
		var out []policy.Version
		err = t.scan(versionBucket, k.bytes(), func(_, payload []byte) error {
			var row versionRow
			if err := unmarshal(payload, &row); err != nil {
				return err
			}
			row.dress(s)
			out = append(out, row.Version)
			return nil
		})
		if err == nil && len(out) != s.Versions {
			err = damaged(versionBucket, k.bytes(), fmt.Sprintf("%d of %d versions are missing", s.Versions-len(out), s.Versions))
		}
		return out, err
	})
	slices.SortStableFunc(out, func(a, b policy.Version) int { return a.FirstSeenAt.Compare(b.FirstSeenAt) })
	return out, err
}

// Version implements storage.Reader.
func (db *DB) Version(ctx context.Context, id policy.ID, n int) (policy.Version, error) {
	row, err := query(ctx, db, func(t *tx) (versionRow, error) {
		k, s, err := t.lookupState(id)
		if err != nil {
			return versionRow{}, err
		}
		return t.version(k, s, n)
	})
	return row.Version, err
}

// Document implements storage.Reader.
func (db *DB) Document(ctx context.Context, id policy.ID, n int) (policy.Document, error) {
	var d policy.Document
	payload, err := db.blob(ctx, id, n, documentBucket, func(row versionRow) uint64 { return row.DocumentAt })
	if err != nil {
		return d, err
	}
	err = db.codec.unpackJSON(payload, &d)
	return d, err
}

// Change implements storage.Reader.
func (db *DB) Change(ctx context.Context, id policy.ID, to int) (policy.Change, error) {
	var c policy.Change
	payload, err := db.blob(ctx, id, to, changeBucket, func(row versionRow) uint64 { return row.ChangeAt })
	if err != nil {
		return c, err
	}
	err = db.codec.unpackJSON(payload, &c)
	c.Policy = id
	return c, err
}

// blob returns a copy of the payload that at finds in a version's row, so that
// it can be unpacked outside of the transaction.
func (db *DB) blob(ctx context.Context, id policy.ID, n int, bucket string, at func(versionRow) uint64) ([]byte, error) {
	return query(ctx, db, func(t *tx) ([]byte, error) {
		k, s, err := t.lookupState(id)
		if err != nil {
			return nil, err
		}
		row, err := t.version(k, s, n)
		if err != nil {
			return nil, err
		}
		if at(row) == 0 {
			return nil, fmt.Errorf("policy %q, version %d has no change: %w", id, n, policy.ErrNotFound)
		}
		return t.copyOf(bucket, at(row))
	})
}

// copyOf returns a copy of the payload under a number that another row names.
func (t *tx) copyOf(bucket string, n uint64) ([]byte, error) {
	payload, err := t.get(bucket, number(n))
	if err == nil && payload == nil {
		err = damaged(bucket, number(n), "the value is missing")
	}
	return bytes.Clone(payload), err
}

// Recent implements storage.Reader.
func (db *DB) Recent(ctx context.Context, q storage.RecentQuery) ([]policy.Version, error) {
	first := appendTime(nil, q.Since)
	return query(ctx, db, func(t *tx) ([]policy.Version, error) {
		var out []policy.Version
		err := t.scanBack(timelineBucket, nil, func(key, _ []byte) error {
			if bytes.Compare(key, first) < 0 || q.Limit > 0 && len(out) == q.Limit {
				return errStop
			}
			v, err := t.versionAt(key[timeLen:])
			out = append(out, v)
			return err
		})
		return out, err
	})
}

// versionAt returns the version under a key of the bucket versions.
func (t *tx) versionAt(key []byte) (policy.Version, error) {
	k, err := parseNumber(key[:len(key)-numberLen])
	if err != nil {
		return policy.Version{}, err
	}
	n, err := parseNumber(key)
	if err != nil {
		return policy.Version{}, err
	}
	s, err := t.state(policyKey(k))
	if err != nil {
		return policy.Version{}, err
	}
	if s.ID, err = t.name(policyKey(k)); err != nil {
		return policy.Version{}, err
	}
	row, err := t.version(policyKey(k), s, int(n)) //nolint:gosec // was an int when it was written
	return row.Version, err
}

// Capture implements storage.Reader.
func (db *DB) Capture(ctx context.Context, id policy.ID, n policy.CaptureID) (policy.Capture, error) {
	row, err := query(ctx, db, func(t *tx) (captureRow, error) { return t.capture(id, n) })
	return row.Capture, err
}

// Body implements storage.Reader. A capture that came without a body, and
// whose digest is not that of the body before it, has none: policy.ErrNotFound.
func (db *DB) Body(ctx context.Context, id policy.ID, n policy.CaptureID) ([]byte, error) {
	row, err := query(ctx, db, func(t *tx) (captureRow, error) { return t.capture(id, n) })
	if err != nil {
		return nil, err
	}
	if row.BodyAt == 0 {
		return nil, fmt.Errorf("policy %q, capture %d has no body: %w", id, n, policy.ErrNotFound)
	}
	body, err := db.plain(ctx, row.BodyAt)
	if err != nil {
		return nil, fmt.Errorf("policy %q, capture %d: %w", id, n, err)
	}
	body = bytes.Clone(body) // the caller's own
	if policy.Sum(body) != row.Digest {
		db.metrics.verify.Inc()
		return nil, fmt.Errorf("policy %q, capture %d: %w: the body does not match the capture's digest", id, n, policy.ErrDamaged)
	}
	return body, nil
}

// Checks implements storage.Reader.
func (db *DB) Checks(ctx context.Context, id policy.ID, q storage.CheckQuery) ([]policy.Check, error) {
	return query(ctx, db, func(t *tx) ([]policy.Check, error) {
		k, err := t.lookup(id)
		if err != nil {
			return nil, err
		}
		first := checkPrefix(k, q.Since)
		var out []policy.Check
		err = t.scanBackFrom(checkBucket, k, q.Until, func(key, payload []byte) error {
			if bytes.Compare(key, first) < 0 || q.Limit > 0 && len(out) == q.Limit {
				return errStop
			}
			var c policy.Check
			err := unmarshal(payload, &c)
			c.Policy = id
			out = append(out, c)
			return err
		})
		return out, err
	})
}

// Stats implements storage.Reader. FreeBytes counts the unused end of the file
// and the pages that a writer knows to be free; a store that was opened
// read-only knows of none.
func (db *DB) Stats(ctx context.Context) (storage.Stats, error) {
	return query(ctx, db, func(t *tx) (storage.Stats, error) {
		s := storage.Stats{Format: Format}
		for bucket, n := range map[string]*int{nameBucket: &s.Policies, documentBucket: &s.Versions, captureBucket: &s.Captures} {
			given, err := t.count(bucket)
			if err != nil {
				return s, err
			}
			*n = given
		}
		info, err := db.file.Stat()
		if err != nil {
			return s, fmt.Errorf("size of store: %w", err)
		}
		free := db.bolt.Stats()
		s.SizeBytes = info.Size()
		s.FreeBytes = max(0, info.Size()-t.bolt.Size()) + int64(free.FreePageN+free.PendingPageN)*int64(db.bolt.Info().PageSize)
		s.Outbox, err = t.outboxStats()
		return s, err
	})
}
