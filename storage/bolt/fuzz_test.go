package bolt

import (
	"errors"
	"os"
	"testing"

	"watcher/policy"
)

// FuzzOpen opens whatever bytes: the answer is a store or an error, and what
// such a store answers is a value or an error.
func FuzzOpen(f *testing.F) {
	path := filled(f, 1)
	db, err := Open(path, Options{})
	if err != nil {
		f.Fatal(err)
	}
	var used int64
	err = db.view(f.Context(), func(t *tx) error {
		used = t.bolt.Size()
		return nil
	})
	if err := errors.Join(err, db.Close()); err != nil {
		f.Fatal(err)
	}
	image, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte{}, uint32(0), byte(0))
	f.Add([]byte("hello"), uint32(0), byte(0))
	for _, at := range []uint32{8192, 8200, 8202, 8204, 8208, 12288, 12304, 16384} {
		f.Add([]byte(nil), at, byte(0x41))
	}
	// A change of the good image goes deeper than bytes that were made up.
	f.Fuzz(func(t *testing.T, patch []byte, at uint32, flip byte) {
		data := make([]byte, used)
		copy(data, image)
		at %= uint32(used)
		data[at] ^= flip
		copy(data[at:], patch)
		path := t.TempDir() + "/watcher.db"
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		db, err := Open(path, Options{InitialMmapSize: 1 << 20})
		if err != nil {
			return
		}
		_, errs := readAll(t.Context(), db, 1)
		for what, err := range errs {
			if !errors.Is(err, policy.ErrDamaged) && !errors.Is(err, policy.ErrNotFound) {
				t.Errorf("%s: %v", what, err)
			}
		}
		_, _ = tell(t.Context(), db, testID, 2) // may be refused
		_ = db.Close()
	})
}
