package bolt

import (
	"path/filepath"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"watcher/storage"
	"watcher/storage/storagetest"
)

// restartable is a store that the suite can close and open again.
type restartable struct {
	*DB
	tb testing.TB
}

var _ storagetest.Reopener = restartable{}

func (r restartable) Reopen() (storage.Store, error) {
	if err := r.Close(); err != nil {
		return nil, err
	}
	db, err := Open(r.Path(), Options{})
	if err != nil {
		return nil, err
	}
	r.tb.Cleanup(func() { _ = db.Close() })
	return restartable{db, r.tb}, nil
}

// open returns a fresh store that is closed when the test ends.
func open(tb testing.TB) *DB {
	tb.Helper()
	return openAt(tb, filepath.Join(tb.TempDir(), "watcher.db"), Options{})
}

func openAt(tb testing.TB, path string, o Options) *DB {
	tb.Helper()
	db, err := Open(path, o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := db.Close(); err != nil {
			tb.Error(err)
		}
	})
	return db
}

func TestStore(t *testing.T) {
	storagetest.Run(t, func(t *testing.T) storage.Store { return restartable{open(t), t} })
}

// TestReader runs the suite for readers with the store as its own reader.
func TestReader(t *testing.T) {
	storagetest.Readers(t,
		func(t *testing.T) storage.Store { return open(t) },
		func(_ *testing.T, s storage.Store) storage.Reader { return s })
}

func TestMetrics(t *testing.T) {
	reg := prometheus.NewPedanticRegistry()
	path := filepath.Join(t.TempDir(), "watcher.db")
	for range 2 { // opened again, as after a failed start, it finds its metrics
		db, err := Open(path, Options{Registerer: reg})
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range families {
		names = append(names, f.GetName())
	}
	if len(names) != 2 || names[0] != "watcher_storage_commit_duration_seconds" || names[1] != "watcher_storage_verify_errors_total" {
		t.Errorf("metrics are %v", names)
	}
}

func BenchmarkStore(b *testing.B) {
	storagetest.Bench(b, func(b *testing.B) storage.Store { return open(b) })
}
