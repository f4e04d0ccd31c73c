package bolt

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"go.etcd.io/bbolt"

	"watcher/policy"
)

// syncEvery is after how many bytes of a copy the disk is waited for. Without
// it the pages of a large copy would reach the disk all at once, and a commit
// that comes then waits for all of them.
const syncEvery = 8 << 20

// Backup copies the store as it is now to a new file, while checks go on. The
// file appears under its name only once it is whole and on the disk. Nothing
// is overwritten: a file of that name is fs.ErrExist. What was copied is not
// looked at; Inspect does that.
func (db *DB) Backup(ctx context.Context, path string) error {
	return WriteNew(path, func(w io.Writer) error {
		return db.view(ctx, func(t *tx) error {
			_, err := t.bolt.WriteTo(&stoppable{ctx, w})
			return err
		})
	})
}

// WriteNew has a file written that is there as a whole or not at all, for its
// owner alone. A file of that name is fs.ErrExist.
func WriteNew(path string, write func(io.Writer) error) error {
	path = filepath.Clean(path)
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("write %s: %w (choose another name)", path, fs.ErrExist)
	}
	return inPlace(path, func(f *os.File) error { return write(&steady{f: f}) })
}

// stoppable ends a copy when nobody wants it any more.
type stoppable struct {
	ctx context.Context //nolint:containedctx // lives as long as one copy
	w   io.Writer
}

func (s *stoppable) Write(p []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	return s.w.Write(p)
}

// inPlace has a file written beside its place and puts it there in one step.
func inPlace(path string, write func(*os.File) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".tmp*")
	if err != nil {
		return fmt.Errorf("write %s: %w (its directory must exist and be writable)", path, err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	if err := errors.Join(write(f), f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// steady writes to a file and has the disk keep up.
type steady struct {
	f     *os.File
	since int
}

func (s *steady) Write(p []byte) (int, error) {
	n, err := s.f.Write(p)
	if s.since += n; err == nil && s.since >= syncEvery {
		s.since, err = 0, s.f.Sync()
	}
	return n, err
}

// Restore puts a copy of a backup in a store's place and returns where the
// store that was there stands now, "" when there was none. The backup is to be
// verified before. policy.ErrLocked means that a process uses the store.
func Restore(ctx context.Context, backup, path string, stamp string) (aside string, err error) {
	path = filepath.Clean(path)
	unlock, err := lockStore(path)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	from, err := os.Open(backup) //nolint:gosec // the operator names it
	if err != nil {
		return "", err
	}
	defer func() { _ = from.Close() }() // only read
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", err
	}
	staged := path + ".restored"
	if err := os.Remove(staged); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	if err := inPlace(staged, func(f *os.File) error {
		_, err := io.Copy(&stoppable{ctx, &steady{f: f}}, from)
		return err
	}); err != nil {
		return "", err
	}
	if _, err := os.Lstat(path); err == nil {
		aside = path + ".before-" + stamp
		if err := os.Rename(path, aside); err != nil {
			return "", err
		}
	}
	return aside, errors.Join(os.Rename(staged, path), syncDir(filepath.Dir(path)))
}

// lockStore holds the lock of a store that nobody may have open.
func lockStore(path string) (unlock func() error, err error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0) //nolint:gosec // the operator names it
	if errors.Is(err, fs.ErrNotExist) {
		return func() error { return nil }, nil
	}
	if err != nil {
		return nil, err
	}
	if err := lockAlone(f); err != nil {
		return nil, errors.Join(fmt.Errorf("open store %s: %w (stop the daemon first)", path, err), f.Close())
	}
	return f.Close, nil
}

// compactTx bounds the transactions of a compaction, in bytes.
const compactTx = 16 << 20

// Compact rewrites a store without its free pages, and returns its size before
// and after. check is asked whether the new file is whole before it takes the
// place of the old one. policy.ErrLocked means that a process uses the store.
func Compact(ctx context.Context, path string, opt Options, check func(path string) error) (before, after int64, err error) {
	db, err := Open(path, opt)
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if before, err = sizeOf(db.path); err != nil {
		return 0, 0, err
	}
	smaller := db.path + ".compacted"
	if err := os.Remove(smaller); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, 0, err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(smaller)
		}
	}()
	if err := db.compactTo(smaller); err != nil {
		return 0, 0, fmt.Errorf("compact to %s: %w", smaller, err)
	}
	if err := errors.Join(check(smaller), ctx.Err()); err != nil {
		return 0, 0, err
	}
	if after, err = sizeOf(smaller); err != nil {
		return 0, 0, err
	}
	return before, after, errors.Join(os.Rename(smaller, db.path), syncDir(filepath.Dir(db.path)))
}

func (db *DB) compactTo(path string) error {
	to, err := bbolt.Open(path, 0o600, &bbolt.Options{NoFreelistSync: true, FreelistType: bbolt.FreelistMapType, NoSync: true, NoGrowSync: true})
	if err != nil {
		return err
	}
	to.AllocSize = allocSize
	err = db.guard(func() error { return bbolt.Compact(to, db.bolt, compactTx) })
	return errors.Join(err, to.Sync(), to.Close())
}

func sizeOf(path string) (int64, error) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// replaced reports whether the file that was opened is not the one at the path
// any more: a compaction or a restore that held the lock put another in its place.
func (db *DB) replaced() (bool, error) {
	at, err := os.Stat(db.path)
	if err != nil {
		return false, err
	}
	opened, err := db.file.Stat()
	if err != nil {
		return false, err
	}
	return !os.SameFile(at, opened), nil
}

var errReplaced = fmt.Errorf("%w: the file was replaced while it was being opened (try again)", policy.ErrLocked)
