package bolt

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"go.etcd.io/bbolt"

	"watcher/policy"
)

// tx is a transaction that seals what it writes and verifies what it reads.
// Payloads are valid until it ends.
type tx struct {
	bolt    *bbolt.Tx
	session uint64
	rows    rowCodec
	// writes counts what was changed: a request that failed without a write
	// does not spoil the others of its group.
	writes int
	// onDamage is called for every value that does not match its digest.
	onDamage func()
}

func (t *tx) bucket(name string) (*bbolt.Bucket, error) {
	b := t.bolt.Bucket([]byte(name))
	if b == nil {
		return nil, fmt.Errorf("%w: bucket %q is missing", policy.ErrDamaged, name)
	}
	switch {
	case appendOnly(name):
		b.FillPercent = 1
	case name == checkBucket:
		b.FillPercent = checkFill
	}
	return b, nil
}

func (t *tx) open(bucket string, key, value []byte) ([]byte, error) {
	payload, err := unseal(bucket, key, value)
	if err == nil {
		payload, err = t.rows.expand(bucket, payload)
	}
	if err != nil {
		t.onDamage()
	}
	return payload, err
}

// get returns the payload under key, or nil when there is none.
func (t *tx) get(bucket string, key []byte) ([]byte, error) {
	b, err := t.bucket(bucket)
	if err != nil {
		return nil, err
	}
	value := b.Get(key)
	if value == nil {
		return nil, nil
	}
	return t.open(bucket, key, value)
}

func (t *tx) put(bucket string, key, payload []byte) error {
	b, err := t.bucket(bucket)
	if err != nil {
		return err
	}
	t.writes++
	if err := b.Put(key, seal(bucket, key, t.rows.squeeze(bucket, payload))); err != nil {
		return fmt.Errorf("write to bucket %q: %w", bucket, err)
	}
	return nil
}

// insert writes under a key that must be new: numbers come from counters that
// no seal covers, and a damaged one must not overwrite history.
func (t *tx) insert(bucket string, key, payload []byte) error {
	b, err := t.bucket(bucket)
	if err != nil {
		return err
	}
	if b.Get(key) != nil {
		return damaged(bucket, key, "the key is taken, although it is the next free one")
	}
	return t.put(bucket, key, payload)
}

func (t *tx) delete(bucket string, key []byte) error {
	b, err := t.bucket(bucket)
	if err != nil {
		return err
	}
	t.writes++
	if err := b.Delete(key); err != nil {
		return fmt.Errorf("delete from bucket %q: %w", bucket, err)
	}
	return nil
}

// next returns the next number of a bucket, from 1.
func (t *tx) next(bucket string) (uint64, error) {
	b, err := t.bucket(bucket)
	if err != nil {
		return 0, err
	}
	t.writes++
	n, err := b.NextSequence()
	if err != nil {
		return 0, fmt.Errorf("next number of bucket %q: %w", bucket, err)
	}
	return n, nil
}

// count returns how many numbers next has given.
func (t *tx) count(bucket string) (int, error) {
	b, err := t.bucket(bucket)
	if err != nil {
		return 0, err
	}
	return int(b.Sequence()), nil //nolint:gosec // a count of rows
}

func (t *tx) getJSON(bucket string, key []byte, v any) (found bool, err error) {
	payload, err := t.get(bucket, key)
	if err != nil || payload == nil {
		return false, err
	}
	return true, unmarshal(payload, v)
}

func (t *tx) putJSON(bucket string, key []byte, v any) error {
	payload, err := marshal(v)
	if err != nil {
		return err
	}
	return t.put(bucket, key, payload)
}

// errStop ends a scan early.
var errStop = errors.New("stop")

// scan calls fn for every key with the prefix, in order. Key and payload are
// valid until the transaction ends; fn may write to other buckets only.
func (t *tx) scan(bucket string, prefix []byte, fn func(key, payload []byte) error) error {
	b, err := t.bucket(bucket)
	if err != nil {
		return err
	}
	c := b.Cursor()
	for k, v := c.Seek(prefix); k != nil && bytes.HasPrefix(k, prefix); k, v = c.Next() {
		if err := t.visit(bucket, k, v, fn); err != nil {
			return ignoreStop(err)
		}
	}
	return nil
}

// scanBack is scan from the last key to the first.
func (t *tx) scanBack(bucket string, prefix []byte, fn func(key, payload []byte) error) error {
	b, err := t.bucket(bucket)
	if err != nil {
		return err
	}
	c := b.Cursor()
	k, v := seekLast(c, prefix)
	for ; k != nil && bytes.HasPrefix(k, prefix); k, v = c.Prev() {
		if err := t.visit(bucket, k, v, fn); err != nil {
			return ignoreStop(err)
		}
	}
	return nil
}

// scanBackFrom is scanBack over the rows of a policy up to a time, all of them
// when that is zero.
func (t *tx) scanBackFrom(bucket string, k policyKey, until time.Time, fn func(key, payload []byte) error) error {
	if until.IsZero() {
		return t.scanBack(bucket, k.bytes(), fn)
	}
	b, err := t.bucket(bucket)
	if err != nil {
		return err
	}
	c := b.Cursor()
	key, v := seekLast(c, checkPrefix(k, until))
	for ; key != nil && bytes.HasPrefix(key, k.bytes()); key, v = c.Prev() {
		if err := t.visit(bucket, key, v, fn); err != nil {
			return ignoreStop(err)
		}
	}
	return nil
}

func (t *tx) visit(bucket string, key, value []byte, fn func(key, payload []byte) error) error {
	payload, err := t.open(bucket, key, value)
	if err != nil {
		return err
	}
	return fn(key, payload)
}

func ignoreStop(err error) error {
	if errors.Is(err, errStop) {
		return nil
	}
	return err
}

// seekLast moves to the last key with the prefix.
func seekLast(c *bbolt.Cursor, prefix []byte) (key, value []byte) {
	after := successor(prefix)
	if after == nil {
		return c.Last()
	}
	if k, _ := c.Seek(after); k == nil {
		return c.Last()
	}
	return c.Prev()
}

// successor returns the least key above all keys with the prefix, nil when
// there is no such key.
func successor(prefix []byte) []byte {
	next := bytes.Clone(prefix)
	for i := len(next) - 1; i >= 0; i-- {
		if next[i]++; next[i] != 0 {
			return next[:i+1]
		}
	}
	return nil
}
