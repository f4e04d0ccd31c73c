package bolt

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"watcher/policy"
)

// refusedOpen opens what must not open, and checks error and message.
func refusedOpen(t *testing.T, path string, o Options, want error, parts ...string) {
	t.Helper()
	db, err := Open(path, o)
	if err == nil {
		_ = db.Close()
		t.Fatal("it was opened")
	}
	if want != nil && !errors.Is(err, want) {
		t.Errorf("error is %v, want %v", err, want)
	}
	for _, part := range append(parts, path) {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q is not in the error: %v", part, err)
		}
	}
}

func TestOpenCreates(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	db := openAt(t, filepath.Join(dir, "watcher.db"), Options{})
	for path, want := range map[string]fs.FileMode{dir: 0o700, db.Path(): 0o600} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != want {
			t.Errorf("%s has mode %v, want %v", path, info.Mode().Perm(), want)
		}
	}
}

func TestOpenEmptyFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "watcher.db")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	refusedOpen(t, path, Options{ReadOnly: true}, fs.ErrNotExist)
	syncOne(t, openAt(t, path, Options{}))
}

func TestOpenLocked(t *testing.T) {
	path := filepath.Join(t.TempDir(), "watcher.db")
	openAt(t, path, Options{})
	o := Options{LockTimeout: 60 * time.Millisecond}
	refusedOpen(t, path, o, policy.ErrLocked, "watcher run", "--url")
	o.ReadOnly = true
	refusedOpen(t, path, o, policy.ErrLocked, "watcher run", "--url")
}

func TestOpenFormat(t *testing.T) {
	path := filled(t, 1)
	edit(t, path, func(tx *bbolt.Tx) error {
		key := []byte(metaFormat)
		return tx.Bucket([]byte(metaBucket)).Put(key, seal(metaBucket, key, []byte("7")))
	})
	refusedOpen(t, path, Options{}, policy.ErrFormat, `"7"`, "formats 1 to 2")
	refusedOpen(t, path, Options{ReadOnly: true}, policy.ErrFormat, `"7"`, "formats 1 to 2")
}

func TestOpenForeign(t *testing.T) {
	path := filepath.Join(t.TempDir(), "other.db")
	edit(t, path, func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucket([]byte("widgets"))
		return err
	})
	refusedOpen(t, path, Options{}, policy.ErrFormat, "not a store")
}

func TestOpenGarbage(t *testing.T) {
	good, err := os.ReadFile(filled(t, 1))
	if err != nil {
		t.Fatal(err)
	}
	headless := append(make([]byte, 2*os.Getpagesize()), good[2*os.Getpagesize():]...)
	for name, data := range map[string]string{
		"a word":           "hello",
		"a page of text":   strings.Repeat("hello ", 1000),
		"a megabyte of it": strings.Repeat("hello ", 200_000),
		"zeros":            string(make([]byte, 1<<20)),
		"no beginning":     string(headless),
		"one page":         string(good[:os.Getpagesize()]),
		"two pages":        string(good[:2*os.Getpagesize()]),
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "watcher.db")
			if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
				t.Fatal(err)
			}
			refusedOpen(t, path, Options{}, policy.ErrDamaged, "restore a backup")
			refusedOpen(t, path, Options{ReadOnly: true}, policy.ErrDamaged, "restore a backup")
			after, err := os.ReadFile(path)
			if err != nil || string(after) != data {
				t.Errorf("the file was changed (%v)", err)
			}
		})
	}
}

// TestOpenTruncated cuts a store short at every page.
func TestOpenTruncated(t *testing.T) {
	path := filled(t, 20)
	db := openAt(t, path, Options{})
	used, page := usedBytes(t, db), int64(os.Getpagesize())
	if used < 16*page {
		t.Fatalf("the store has only %d bytes", used)
	}
	for n := page; n < used; n += page {
		refusedOpen(t, copyFile(t, path, n), Options{InitialMmapSize: 1 << 20}, policy.ErrDamaged, "restore a backup")
		refusedOpen(t, copyFile(t, path, n-1), Options{InitialMmapSize: 1 << 20}, policy.ErrDamaged, "restore a backup")
	}
}

func TestOpenPlaces(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	refusedOpen(t, filepath.Join(file, "watcher.db"), Options{}, nil, "--storage.path")
	refusedOpen(t, dir, Options{}, fs.ErrInvalid, "regular file")
	refusedOpen(t, filepath.Join(dir, "none.db"), Options{ReadOnly: true}, fs.ErrNotExist, "nothing in it yet")
}

func TestOpenReadOnlyDirectory(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(dir, 0o700) })
	if f, err := os.Create(filepath.Join(dir, "probe")); err == nil {
		_ = f.Close()
		t.Skip("this user may write to read-only directories")
	}
	refusedOpen(t, filepath.Join(dir, "watcher.db"), Options{}, fs.ErrPermission, "must be writable")
	refusedOpen(t, filepath.Join(dir, "sub", "watcher.db"), Options{}, fs.ErrPermission, "must be writable")
}

func TestReadOnly(t *testing.T) {
	path := filled(t, 3)
	one, two := openAt(t, path, Options{ReadOnly: true}), openAt(t, path, Options{ReadOnly: true})
	for _, db := range []*DB{one, two} {
		values, errs := readAll(t.Context(), db, 3)
		if len(errs) > 0 || len(values["versions"].([]policy.Version)) != 3 {
			t.Errorf("reading failed: %v", errs)
		}
		if _, err := tell(t.Context(), db, testID, 9); !errors.Is(err, errReadOnly) {
			t.Errorf("a write to a read-only store: %v", err)
		}
	}
}

func TestSessionsGrow(t *testing.T) {
	path := filled(t, 1)
	var last uint64
	for range 3 {
		db, err := Open(path, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if db.session <= last {
			t.Errorf("session went from %d to %d", last, db.session)
		}
		last = db.session
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
