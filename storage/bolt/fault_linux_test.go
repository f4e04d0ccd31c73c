package bolt

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"watcher/policy"
	"watcher/storage"
)

// TestFullDisk stands in for a full disk with the limit on the size of files:
// growing the file then fails just as it does on a full disk. Commits are
// refused, reading goes on, and writing does too once there is room again.
func TestFullDisk(t *testing.T) {
	db := open(t)
	syncOne(t, db)
	n := 1
	if _, err := tell(t.Context(), db, testID, n); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(db.Path())
	if err != nil {
		t.Fatal(err)
	}
	signal.Ignore(syscall.SIGXFSZ)
	defer signal.Reset(syscall.SIGXFSZ)
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	// What the test program writes beside, such as its log of opened files, must
	// stay below the limit.
	const beside = 16 << 20
	full := syscall.Rlimit{Cur: uint64(info.Size()) + beside, Max: limit.Max}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &full); err != nil {
		t.Fatal(err)
	}
	for err == nil && n < 1000 {
		if err = tellNoise(t.Context(), db, n+1); err == nil {
			n++
		}
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	if err == nil || errors.Is(err, policy.ErrDamaged) {
		t.Fatalf("after %d versions: %v", n, err)
	}
	t.Logf("%d versions, then: %v", n, err)
	s, err := db.State(t.Context(), testID)
	if err != nil || s.Head != n {
		t.Errorf("head %d, %d commits were acknowledged (%v)", s.Head, n, err)
	}
	if _, errs := readAll(t.Context(), db, n); len(errs) > 0 {
		t.Errorf("reading from a full disk: %v", errs)
	}
	if _, err := tell(t.Context(), db, testID, n+2); err != nil {
		t.Errorf("writing after room was made: %v", err)
	}
}

// tellNoise is tell with half a megabyte that does not compress.
func tellNoise(ctx context.Context, db *DB, n int) error {
	claims, err := db.Claim(ctx, storage.ClaimQuery{Now: testTime(n), For: time.Second, IDs: []policy.ID{testID}})
	if err != nil {
		return err
	}
	o := testNews(claims[0], n)
	body := make([]byte, 1<<19)
	_, _ = rand.NewChaCha8([32]byte{byte(n)}).Read(body)
	o.Capture.Body, o.Capture.Digest = body, policy.Sum(body)
	_, err = db.Commit(ctx, o)
	return err
}

// TestCutWhileOpen cuts the file under an open store: reading its map faults,
// which must cost neither the process nor the ability to close.
func TestCutWhileOpen(t *testing.T) {
	path := filled(t, 30)
	db := openAt(t, path, Options{})
	if err := os.Truncate(path, int64(2*os.Getpagesize())); err != nil {
		t.Fatal(err)
	}
	_, errs := readAll(t.Context(), db, 30)
	if len(errs) == 0 {
		t.Error("everything was read from a file that is gone")
	}
	for what, err := range errs {
		if !errors.Is(err, policy.ErrDamaged) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := tell(t.Context(), db, testID, 31); !errors.Is(err, policy.ErrDamaged) {
		t.Errorf("writing: %v", err)
	}
}
