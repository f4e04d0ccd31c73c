package bolt

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"watcher/policy"
	"watcher/storage"
)

// TestBackup: a copy made while there are commits is whole, and holds everything
// that was acknowledged before it began.
func TestBackup(t *testing.T) {
	db := openAt(t, rich(t), Options{})
	stop, done := make(chan struct{}), make(chan error, 1)
	acked := make(chan int, 1000)
	go func() {
		for n := 100; ; n++ {
			if _, err := tell(t.Context(), db, testID, n); err != nil {
				done <- err
				return
			}
			select {
			case <-stop:
				done <- nil
				return
			case acked <- n:
			}
		}
	}()
	dir := t.TempDir()
	var paths []string
	for range 4 {
		<-acked
		before, err := db.State(t.Context(), testID)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, "backup-"+string(rune('a'+len(paths)))+".db")
		if err := db.Backup(t.Context(), path); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
		if _, problems := inspect(t, path); len(problems) > 0 {
			t.Error(problems)
		}
		copied := openAt(t, path, Options{ReadOnly: true})
		s, err := copied.State(t.Context(), testID)
		if err != nil || s.Head < before.Head {
			t.Errorf("the copy has head %d, the store had %d (%v)", s.Head, before.Head, err)
		}
	}
	close(stop)
	if err := <-done; err != nil {
		t.Error(err)
	}
	if err := db.Backup(t.Context(), paths[0]); !errors.Is(err, fs.ErrExist) {
		t.Errorf("over a file: %v", err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if err := db.Backup(cancelled, filepath.Join(dir, "never.db")); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != len(paths) {
		t.Errorf("%d files for %d backups (%v)", len(left), len(paths), err)
	}
}

// TestRestore rehearses what to do after a loss: a store is damaged, a backup
// takes its place, and checks go on where the backup was made.
func TestRestore(t *testing.T) {
	path := filled(t, 4)
	db := openAt(t, path, Options{})
	saved := filepath.Join(t.TempDir(), "saved.db")
	if err := db.Backup(t.Context(), saved); err != nil {
		t.Fatal(err)
	}
	if _, err := Restore(t.Context(), saved, path, "now"); !errors.Is(err, policy.ErrLocked) {
		t.Errorf("under a running daemon: %v", err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 9000); err != nil {
		t.Fatal(err)
	}
	aside, err := Restore(t.Context(), saved, path, "20250301T000000Z")
	if err != nil || aside != path+".before-20250301T000000Z" {
		t.Fatal(aside, err)
	}
	if size, err := sizeOf(aside); err != nil || size != 9000 {
		t.Errorf("the damaged store has %d bytes (%v)", size, err)
	}
	db = openAt(t, path, Options{})
	if _, err := tell(t.Context(), db, testID, 5); err != nil {
		t.Error(err)
	}
	if _, errs := readAll(t.Context(), db, 5); len(errs) > 0 {
		t.Error(errs)
	}
	// Where there is no store yet.
	fresh := filepath.Join(t.TempDir(), "data", "watcher.db")
	if aside, err := Restore(t.Context(), saved, fresh, "now"); err != nil || aside != "" {
		t.Error(aside, err)
	}
	if _, err := Open(fresh, Options{ReadOnly: true}); err != nil {
		t.Error(err)
	}
}

func TestCompact(t *testing.T) {
	path := rich(t)
	edit(t, path, func(tx *bbolt.Tx) error { // what a long reader, or a deleted body, leaves behind
		b, err := tx.CreateBucket([]byte("ballast"))
		return errors.Join(err, b.Put([]byte("x"), make([]byte, 4<<20)))
	})
	edit(t, path, func(tx *bbolt.Tx) error { return tx.DeleteBucket([]byte("ballast")) })
	want, errs := readAll(t.Context(), openAt(t, copyFile(t, path, -1), Options{}), 6)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	refuse := errors.New("not whole")
	if _, _, err := Compact(t.Context(), path, Options{}, func(string) error { return refuse }); !errors.Is(err, refuse) {
		t.Errorf("refused by its check: %v", err)
	}
	before, after, err := Compact(t.Context(), path, Options{}, func(p string) error {
		_, problems := inspect(t, p)
		if len(problems) > 0 {
			t.Error(problems)
		}
		return nil
	})
	if err != nil || after > before/2 {
		t.Fatalf("%d to %d bytes, %v", before, after, err)
	}
	db := openAt(t, path, Options{})
	got, errs := readAll(t.Context(), db, 6)
	if len(errs) > 0 || len(got) != len(want) {
		t.Errorf("%d of %d values, %v", len(got), len(want), errs)
	}
	if r, err := tell(t.Context(), db, testID, 50); err != nil || r.Capture != 16 {
		t.Errorf("numbers begin anew: %+v, %v", r, err)
	}
	if _, _, err := Compact(t.Context(), path, Options{LockTimeout: time.Millisecond}, nil); !errors.Is(err, policy.ErrLocked) {
		t.Errorf("under a running daemon: %v", err)
	}
	if left, err := filepath.Glob(path + ".*"); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v (%v)", left, err)
	}
}

// TestPrune: bodies of refused captures go when their time is over, everything
// that relies on one keeps it, and what comes later is stored as before.
func TestPrune(t *testing.T) {
	db := openAt(t, filled(t, 1), Options{})
	see(t, db, 10, longBody(1), policy.Accepted)
	old := see(t, db, 11, longBody(2), policy.Quarantined)
	shared := see(t, db, 12, longBody(3), policy.Rejected)
	young := see(t, db, 30, longBody(3), policy.Rejected) // the same body, not old enough
	last := see(t, db, 13, longBody(4), policy.Quarantined)
	if n, err := db.Prune(t.Context(), testTime(5)); n != 0 || err != nil {
		t.Errorf("before any of them: %d, %v", n, err)
	}
	if n, err := db.Prune(t.Context(), testTime(20)); n != 2 || err != nil {
		t.Errorf("%d pruned, %v", n, err)
	}
	for id, gone := range map[policy.CaptureID]bool{1: false, 2: false, old: true, last: true, shared: false, young: false} {
		_, err := db.Body(t.Context(), testID, id)
		if gone != errors.Is(err, policy.ErrNotFound) || !gone && err != nil {
			t.Errorf("capture %d: %v", id, err)
		}
		if _, err := db.Capture(t.Context(), testID, id); err != nil {
			t.Errorf("capture %d: what is known of it: %v", id, err)
		}
	}
	again := see(t, db, 31, longBody(4), policy.Quarantined)
	if _, err := db.Body(t.Context(), testID, again); err != nil {
		t.Errorf("the same body, seen again: %v", err)
	}
	next := see(t, db, 32, longBody(5), policy.Accepted)
	if codec, _ := codecOf(t, db, next); codec != codecDelta {
		t.Errorf("the next body is stored as %c", codec)
	}
	if n, err := db.Prune(t.Context(), testTime(20)); n != 0 || err != nil {
		t.Errorf("a second time: %d, %v", n, err)
	}
	if r := verifyOpen(t, db); r.Problems > 0 {
		t.Errorf("%+v", r)
	}
}

// verifyOpen verifies an open store in this process.
func verifyOpen(t testing.TB, db *DB) (r storage.Report) {
	t.Helper()
	err := db.Hold(t.Context(), func(s Snapshot) (err error) {
		r, err = InspectHeld(t.Context(), db.path, s, func(p storage.Problem) error { t.Error(p); return nil })
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestReplaced: whoever opens a store while another is put in its place must not
// go on with the old file.
func TestReplaced(t *testing.T) {
	path := filled(t, 2)
	db := openAt(t, path, Options{})
	if err := os.Rename(copyFile(t, path, -1), path); err != nil {
		t.Fatal(err)
	}
	if other, err := db.replaced(); !other || err != nil {
		t.Error("not noticed", err)
	}
	if other, err := openAt(t, path, Options{}).replaced(); other || err != nil {
		t.Error("noticed without reason", err)
	}
}
