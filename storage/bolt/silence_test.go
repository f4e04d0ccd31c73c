package bolt

import (
	"path/filepath"
	"testing"

	"go.etcd.io/bbolt"

	"watcher/policy"
)

// TestBucketsThatCameLater: a store from before there were silences is no
// damaged one. It reads as one without any, and gets the buckets when it is
// opened for writing.
func TestBucketsThatCameLater(t *testing.T) {
	path := filepath.Join(t.TempDir(), "old.db")
	if err := openAt(t, path, Options{}).Close(); err != nil {
		t.Fatal(err)
	}
	edit(t, path, func(tx *bbolt.Tx) error {
		if err := tx.DeleteBucket([]byte(silenceBucket)); err != nil {
			return err
		}
		return tx.DeleteBucket([]byte(breakerBucket))
	})
	old := openAt(t, path, Options{ReadOnly: true})
	if list, err := old.Silences(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("silences of an old store: %v, %v", list, err)
	}
	if b, err := old.Breaker(t.Context()); err != nil || b.Open {
		t.Errorf("breaker of an old store: %v, %v", b, err)
	}
	if err := old.Close(); err != nil {
		t.Fatal(err)
	}
	db := openAt(t, path, Options{})
	if err := db.PutSilence(t.Context(), policy.Silence{ID: "sil_1"}); err != nil {
		t.Error(err)
	}
	if err := db.SetBreaker(t.Context(), policy.Breaker{Open: true}); err != nil {
		t.Error(err)
	}
	if list, err := db.Silences(t.Context()); err != nil || len(list) != 1 {
		t.Errorf("silences after the upgrade: %v, %v", list, err)
	}
}
