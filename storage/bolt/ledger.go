package bolt

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"time"

	"watcher/policy"
	"watcher/storage"
)

// runRow is a run as stored, under the key of its first check. LastKey is the
// key of its last one.
type runRow struct {
	policy.Run
	LastKey []byte
}

// takes reports whether the check may be added at an end of the run.
func (r *runRow) takes(c policy.Check) bool { return r != nil && r.Takes(c) }

func (r *runRow) add(key []byte, c policy.Check) {
	if bytes.Compare(key, r.LastKey) > 0 {
		r.LastKey = bytes.Clone(key)
	}
	r.Run = r.With(c)
}

func newRun(key []byte, c policy.Check) *runRow {
	return &runRow{Run: policy.NewRun(c), LastKey: bytes.Clone(key)}
}

// behindChecks is a key behind all checks of a policy.
func behindChecks(k policyKey) []byte { return checkKey(k, time.Unix(1<<60, 0), maxSeq) }

// newestCheck returns the key of the newest check of a policy, nil for none.
func (t *tx) newestCheck(k policyKey) ([]byte, error) {
	b, err := t.bucket(checkBucket)
	if err != nil {
		return nil, err
	}
	key, _ := seekLast(b.Cursor(), k.bytes())
	if !bytes.HasPrefix(key, k.bytes()) {
		return nil, nil
	}
	return bytes.Clone(key), nil
}

// runBefore returns the last run of a policy that begins at or before a key of a
// check, nil when there is none.
func (t *tx) runBefore(k policyKey, key []byte) (at []byte, row *runRow, err error) {
	b, err := t.bucket(runBucket)
	if err != nil {
		return nil, nil, err
	}
	found, value := seekLast(b.Cursor(), key)
	if !bytes.HasPrefix(found, k.bytes()) {
		return nil, nil, nil
	}
	return t.runAt(found, value)
}

// runAfter returns the first run of a policy that begins after a key of a check.
func (t *tx) runAfter(k policyKey, key []byte) (at []byte, row *runRow, err error) {
	b, err := t.bucket(runBucket)
	if err != nil {
		return nil, nil, err
	}
	found, value := b.Cursor().Seek(key)
	if !bytes.HasPrefix(found, k.bytes()) {
		return nil, nil, nil
	}
	return t.runAt(found, value)
}

func (t *tx) runAt(key, value []byte) ([]byte, *runRow, error) {
	payload, err := t.open(runBucket, key, value)
	if err != nil {
		return nil, nil, err
	}
	row, err := unpackRun(key, payload)
	return bytes.Clone(key), row, err
}

// enterRun adds a check, which is stored under key already, to the ledger.
// newest is the newest check of before. A ledger that cannot be read is made anew:
// it must not keep a policy from being checked.
func (t *tx) enterRun(k policyKey, newest, key []byte, c policy.Check) error {
	err := t.addToRuns(k, newest, key, c)
	if errors.Is(err, policy.ErrDamaged) {
		return t.rebuildRuns(k)
	}
	return err
}

func (t *tx) addToRuns(k policyKey, newest, key []byte, c policy.Check) error {
	at, last, err := t.runBefore(k, behindChecks(k))
	switch {
	case err != nil:
		return err
	case last.behind(newest):
		return t.rebuildRuns(k)
	case last == nil || bytes.Compare(key, last.LastKey) > 0:
		return t.appendRun(at, last, key, c)
	}
	return t.insertRun(k, key, c)
}

// behind reports whether there are checks that the ledger, which ends with the
// run, knows nothing of. One that knows more than there is stays: that is how a
// lost check is found.
func (r *runRow) behind(newest []byte) bool {
	return newest != nil && (r == nil || bytes.Compare(newest, r.LastKey) > 0)
}

// appendRun adds a check behind a run, which is nil when there is none.
func (t *tx) appendRun(at []byte, before *runRow, key []byte, c policy.Check) error {
	if before.takes(c) {
		before.add(key, c)
		return t.putRun(at, before)
	}
	return t.putRun(key, newRun(key, c))
}

// insertRun adds a check of the past: to one of the runs around it, between
// them, or by parting the run in whose time it falls.
func (t *tx) insertRun(k policyKey, key []byte, c policy.Check) error {
	at, before, err := t.runBefore(k, key)
	if err != nil {
		return err
	}
	if before != nil && bytes.Compare(key, before.LastKey) < 0 {
		if err := t.delete(runBucket, at); err != nil {
			return err
		}
		return t.deriveRuns(at, before.LastKey, false, t.putRun)
	}
	next, after, err := t.runAfter(k, key)
	if err != nil {
		return err
	}
	if !before.takes(c) && after.takes(c) {
		if err := t.delete(runBucket, next); err != nil {
			return err
		}
		after.add(key, c)
		return t.putRun(key, after)
	}
	return t.appendRun(at, before, key, c)
}

// rebuildRuns makes the ledger of a policy anew, out of the checks that can be
// read.
func (t *tx) rebuildRuns(k policyKey) error {
	var stale [][]byte
	err := t.scanKeys(runBucket, k.bytes(), func(key []byte) { stale = append(stale, bytes.Clone(key)) })
	if err != nil {
		return err
	}
	for _, key := range stale {
		if err := t.delete(runBucket, key); err != nil {
			return err
		}
	}
	return t.deriveRuns(k.bytes(), behindChecks(k), true, t.putRun)
}

// scanKeys hands over the keys with a prefix, their values unread.
func (t *tx) scanKeys(bucket string, prefix []byte, fn func(key []byte)) error {
	b, err := t.bucket(bucket)
	if err != nil {
		return err
	}
	c := b.Cursor()
	for key, _ := c.Seek(prefix); bytes.HasPrefix(key, prefix) && key != nil; key, _ = c.Next() {
		fn(key)
	}
	return nil
}

func (t *tx) putRun(key []byte, row *runRow) error { return t.put(runBucket, key, row.pack()) }

// deriveRuns makes runs of the checks from one key to another, both included.
// Damaged checks are an error, or passed over.
func (t *tx) deriveRuns(from, to []byte, pass bool, emit func(key []byte, row *runRow) error) error {
	b, err := t.bucket(checkBucket)
	if err != nil {
		return err
	}
	var at []byte
	var row *runRow
	c := b.Cursor()
	for key, value := c.Seek(from); key != nil && bytes.Compare(key, to) <= 0; key, value = c.Next() {
		check, err := t.checkAt(key, value)
		if pass && errors.Is(err, policy.ErrDamaged) {
			continue
		}
		if err != nil {
			return err
		}
		if row.takes(check) {
			row.add(key, check)
			continue
		}
		if row != nil {
			if err := emit(at, row); err != nil {
				return err
			}
		}
		at, row = bytes.Clone(key), newRun(key, check)
	}
	if row == nil {
		return nil
	}
	return emit(at, row)
}

func (t *tx) checkAt(key, value []byte) (c policy.Check, err error) {
	payload, err := t.open(checkBucket, key, value)
	if err != nil {
		return c, err
	}
	return c, unmarshal(payload, &c)
}

// Runs implements storage.Reader. Where the ledger is damaged it is derived from
// the checks.
func (db *DB) Runs(ctx context.Context, id policy.ID, q storage.RunQuery) ([]policy.Run, error) {
	return query(ctx, db, func(t *tx) ([]policy.Run, error) {
		k, err := t.lookup(id)
		if err != nil {
			return nil, err
		}
		if whole, err := t.ledgerWhole(k); err != nil {
			return nil, err
		} else if !whole {
			return t.derivedRuns(k, id, q)
		}
		out, err := t.storedRuns(k, id, q)
		if errors.Is(err, policy.ErrDamaged) {
			return t.derivedRuns(k, id, q)
		}
		return out, err
	})
}

func (t *tx) storedRuns(k policyKey, id policy.ID, q storage.RunQuery) ([]policy.Run, error) {
	var out []policy.Run
	err := t.scanBackFrom(runBucket, k, q.Until, func(key, payload []byte) error {
		row, err := unpackRun(key, payload)
		if err != nil {
			return err
		}
		if row.Last.Before(q.Since) || q.Limit > 0 && len(out) == q.Limit {
			return errStop
		}
		row.Policy = id
		out = append(out, row.Run)
		return nil
	})
	return out, err
}

// ledgerWhole reports whether the ledger of a policy is there, and goes up to its
// newest check.
func (t *tx) ledgerWhole(k policyKey) (bool, error) {
	newest, err := t.newestCheck(k)
	if err != nil || t.bolt.Bucket([]byte(runBucket)) == nil {
		return false, err
	}
	_, last, err := t.runBefore(k, behindChecks(k))
	if errors.Is(err, policy.ErrDamaged) {
		return false, nil
	}
	return !last.behind(newest), err
}

// derivedRuns is Runs for a policy whose ledger is not there or behind.
func (t *tx) derivedRuns(k policyKey, id policy.ID, q storage.RunQuery) ([]policy.Run, error) {
	var out []policy.Run
	err := t.deriveRuns(k.bytes(), behindChecks(k), false, func(_ []byte, row *runRow) error {
		if !row.Last.Before(q.Since) && (q.Until.IsZero() || !row.First.After(q.Until)) {
			row.Policy = id
			out = append(out, row.Run)
		}
		return nil
	})
	slices.Reverse(out)
	if q.Limit > 0 && len(out) > q.Limit {
		out = out[:q.Limit]
	}
	return out, err
}

// Beat implements storage.Store.
func (db *DB) Beat(ctx context.Context, now time.Time, within time.Duration) error {
	now = now.UTC()
	return db.update(ctx, func(t *tx) error {
		key, last, err := t.newestStretch()
		if err != nil {
			return err
		}
		goesOn := key != nil && last.Session == t.session && !now.Before(last.Began) && !now.After(last.Alive.Add(within))
		if goesOn {
			if !now.After(last.Alive) {
				return nil
			}
			last.Alive = now
			return t.putJSON(uptimeBucket, key, last)
		}
		n := uint64(1)
		if key != nil {
			if n, err = parseNumber(key); err != nil {
				return err
			}
			n++
		}
		return t.putJSON(uptimeBucket, number(n), policy.Stretch{Session: t.session, Began: now, Alive: now})
	})
}

func (t *tx) newestStretch() (at []byte, s policy.Stretch, err error) {
	err = t.scanBack(uptimeBucket, nil, func(key, payload []byte) error {
		at = bytes.Clone(key)
		if err := unmarshal(payload, &s); err != nil {
			return err
		}
		return errStop
	})
	return at, s, err
}

// Uptime implements storage.Reader. A file of before has none.
func (db *DB) Uptime(ctx context.Context, q storage.UptimeQuery) ([]policy.Stretch, error) {
	return query(ctx, db, func(t *tx) ([]policy.Stretch, error) {
		if t.bolt.Bucket([]byte(uptimeBucket)) == nil {
			return nil, nil
		}
		var out []policy.Stretch
		err := t.scanBack(uptimeBucket, nil, func(_, payload []byte) error {
			if q.Limit > 0 && len(out) == q.Limit {
				return errStop
			}
			var s policy.Stretch
			if err := unmarshal(payload, &s); err != nil {
				return err
			}
			if !s.Alive.Before(q.Since) { // clocks jump: a later stretch may lie earlier
				out = append(out, s)
			}
			return nil
		})
		return out, err
	})
}
