package bolt

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"watcher/policy"
	"watcher/storage"
)

// DB is an open store. It is safe for concurrent use.
type DB struct {
	path     string
	bolt     *bbolt.DB
	file     *os.File // bbolt's own; used only when bbolt cannot be closed
	readOnly bool
	session  uint64
	log      *slog.Logger
	metrics  *metrics
	codec    *codec
	bodies   *bodyCache

	// open is held for reading by every call and for writing by Close, which
	// so waits for them.
	open   sync.RWMutex
	closed bool

	queue   chan *request
	stopped chan struct{}
	// broken is set when bbolt panicked in the middle of a commit: its memory
	// cannot be trusted with another one. Reading goes on.
	broken atomic.Pointer[error]
	// ailing is set once a commit failed or a value was damaged: the file is then
	// written to for nothing but what is asked for.
	ailing atomic.Bool
}

var _ storage.Store = (*DB)(nil)

// Path returns the name of the store's file.
func (db *DB) Path() string { return db.path }

// Close waits for running calls and releases the file. Later calls of other
// methods fail; a second Close does nothing.
func (db *DB) Close() error {
	db.open.Lock()
	defer db.open.Unlock()
	if db.closed {
		return nil
	}
	db.closed = true
	if !db.readOnly {
		close(db.queue)
		<-db.stopped
	}
	defer db.codec.close()
	db.keepFreelist()
	if db.broken.Load() != nil {
		// bbolt may still hold its writer lock, and its Close would wait for it
		// for ever. Closing the file gives up the lock on it.
		return db.file.Close()
	}
	if err := db.bolt.Close(); err != nil {
		return fmt.Errorf("close store %s: %w", db.path, err)
	}
	return nil
}

// keepFreelist writes the list of free pages, which no other commit does, so
// that the next Open need not look at every page for it. Without it the next one
// takes longer, and that is all: an error is none of the caller's.
func (db *DB) keepFreelist() {
	if db.readOnly || db.broken.Load() != nil || db.ailing.Load() {
		return
	}
	db.bolt.NoFreelistSync = false
	b, err := db.bolt.Begin(true)
	if err == nil {
		err = db.commit(b)
	}
	if err != nil {
		db.log.Warn("the list of free pages could not be written, the store will open more slowly", "file", db.path, "err", err)
	}
}

// enter starts a call; leave ends it.
func (db *DB) enter(ctx context.Context) (leave func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	db.open.RLock()
	if db.closed {
		db.open.RUnlock()
		return nil, errClosed
	}
	return db.open.RUnlock, nil
}

func (db *DB) tx(b *bbolt.Tx) *tx {
	return &tx{bolt: b, session: db.session, rows: db.codec.rows, onDamage: db.sawDamage}
}

func (db *DB) sawDamage() {
	db.ailing.Store(true)
	db.metrics.verify.Inc()
}

// view runs fn in a read transaction. An open one keeps the writer from
// reusing pages: fn copies what it needs and does nothing slow.
func (db *DB) view(ctx context.Context, fn func(*tx) error) error {
	leave, err := db.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	return db.guard(func() error {
		return unmapped(db.bolt.View(func(b *bbolt.Tx) error { return fn(db.tx(b)) }))
	})
}

// unmapped says what helps when bbolt lost its map of the file, for want of
// address space or memory: it does not ask for another one.
func unmapped(err error) error {
	if errors.Is(err, berrors.ErrInvalidMapping) {
		return fmt.Errorf("%w (restart the program; is there enough memory?)", err)
	}
	return err
}

// query is view for functions with a result.
func query[T any](ctx context.Context, db *DB, fn func(*tx) (T, error)) (T, error) {
	var out T
	err := db.view(ctx, func(t *tx) (err error) {
		out, err = fn(t)
		return err
	})
	if err != nil {
		var none T
		return none, err
	}
	return out, nil
}

// guard turns a panic of fn into policy.ErrDamaged. bbolt trusts the pages it
// maps: on a page that rotted it fails an assertion, reads out of bounds or
// faults, which without SetPanicOnFault would end the process.
func (db *DB) guard(fn func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if v := recover(); v != nil {
			db.sawDamage()
			db.log.Error("recovered from a panic", "stage", "storage", "file", db.path,
				"panic", fmt.Sprint(v), "stack", string(debug.Stack()))
			err = fmt.Errorf("%w: %s: %v (restore a backup)", policy.ErrDamaged, db.path, v)
		}
	}()
	return fn()
}
