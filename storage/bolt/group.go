package bolt

import (
	"context"
	"errors"
	"fmt"

	"go.etcd.io/bbolt"

	"watcher/policy"
)

// maxGroup bounds how many requests share one transaction.
const maxGroup = 256

// request is one caller's part of a transaction. run may be called more than
// once; only its last result counts.
type request struct {
	ctx  context.Context //nolint:containedctx // a request waits in a queue on behalf of its caller
	run  func(*tx) error
	done chan error
}

// update runs fn in a write transaction and returns once it is durable. fn
// should find everything it could refuse before its first write: then its
// refusal costs the other requests of its group nothing.
func (db *DB) update(ctx context.Context, fn func(*tx) error) error {
	leave, err := db.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	if db.readOnly {
		return errReadOnly
	}
	r := &request{ctx: ctx, run: fn, done: make(chan error, 1)}
	select {
	case db.queue <- r:
		return <-r.done
	case <-ctx.Done():
		return ctx.Err()
	}
}

// write is the goroutine behind update. While one transaction waits for the
// disk the next requests queue up, and share the one after it: no timer, and
// a single caller never waits for company.
func (db *DB) write() {
	defer close(db.stopped)
	group := make([]*request, 0, maxGroup)
	for r := range db.queue {
		group = append(group[:0], r)
		for more := true; more && len(group) < maxGroup; {
			select {
			case r, ok := <-db.queue:
				if more = ok; ok {
					group = append(group, r)
				}
			default:
				more = false
			}
		}
		db.runGroup(group)
	}
}

// errSpoiled marks a group of which one request failed after it had written.
var errSpoiled = errors.New("transaction rolled back")

func (db *DB) runGroup(group []*request) {
	results, err := db.try(group)
	if errors.Is(err, errSpoiled) && len(group) > 1 {
		for _, r := range group {
			db.runGroup([]*request{r})
		}
		return
	}
	for i, r := range group {
		if err != nil {
			r.done <- err
			continue
		}
		r.done <- results[i]
	}
}

// try runs the group as one transaction. An error means that nothing was
// written; otherwise there is a result for each request.
func (db *DB) try(group []*request) ([]error, error) {
	if broken := db.broken.Load(); broken != nil {
		return nil, *broken
	}
	b, err := db.bolt.Begin(true)
	if err != nil {
		return nil, fmt.Errorf("begin transaction: %w", unmapped(err))
	}
	t := db.tx(b)
	results := make([]error, len(group))
	for i, r := range group {
		if results[i] = r.ctx.Err(); results[i] != nil {
			continue
		}
		before := t.writes
		results[i] = db.guard(func() error { return r.run(t) })
		if results[i] != nil && t.writes != before {
			_ = db.end(b.Rollback) // a failure is remembered in db.broken
			return nil, fmt.Errorf("%w: %w", errSpoiled, results[i])
		}
	}
	if t.writes == 0 {
		_ = db.end(b.Rollback)
		return results, nil
	}
	return results, db.commit(b)
}

func (db *DB) commit(b *bbolt.Tx) error {
	if err := db.end(b.Commit); err != nil {
		db.ailing.Store(true)
		if errors.Is(err, policy.ErrDamaged) {
			_ = db.end(b.Rollback) // a failure is remembered in db.broken
			return err
		}
		return fmt.Errorf("commit to %s: %w (is the disk full or read-only?)", db.path, err)
	}
	return nil
}

// end runs the last step of a transaction. A panic there leaves bbolt's memory
// in doubt, so that nothing is written any more.
func (db *DB) end(step func() error) error {
	panicked := true
	err := db.guard(func() error {
		err := step()
		panicked = false
		return err
	})
	if panicked {
		err = fmt.Errorf("writing has stopped, restart the program: %w", err)
		db.broken.CompareAndSwap(nil, &err)
	}
	return err
}
