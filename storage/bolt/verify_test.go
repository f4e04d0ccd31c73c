package bolt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"watcher/policy"
	"watcher/storage"
)

const verifyChildEnv = "WATCHER_VERIFY_CHILD"

// TestMain lets the test binary be the process that verifies.
func TestMain(m *testing.M) {
	if os.Getenv(verifyChildEnv) != "" {
		if err := VerifyChild(context.Background(), os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// testVerifier verifies in a process of this test binary.
func testVerifier(t testing.TB) Verifier {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return Verifier{Command: []string{"/usr/bin/env", verifyChildEnv + "=1", exe}}
}

// rich returns the path of a closed store that has some of everything: versions,
// bodies as differences, refused ones, alerts in all states, two policies.
func rich(t testing.TB) string {
	t.Helper()
	path := filled(t, 6)
	db := openAt(t, path, Options{})
	if err := db.Sync(t.Context(), []policy.Policy{{ID: testID}, {ID: "acme/cookies"}, {ID: "acme/gone"}}, testTime(7)); err != nil {
		t.Fatal(err)
	}
	if err := db.Sync(t.Context(), []policy.Policy{{ID: testID}, {ID: "acme/cookies"}}, testTime(7)); err != nil {
		t.Fatal(err)
	}
	for i := range 8 {
		kind := policy.Accepted
		if i%3 == 2 {
			kind = policy.Quarantined
		}
		see(t, db, 10+i, longBody(i), kind)
	}
	if _, err := tell(t.Context(), db, "acme/cookies", 30); err != nil {
		t.Fatal(err)
	}
	leased, err := db.LeaseAlerts(t.Context(), storage.LeaseQuery{Receiver: "team", Owner: "test", Now: testTime(40), For: time.Minute, Limit: 3})
	if err != nil || len(leased) != 3 {
		t.Fatal(leased, err)
	}
	for i, s := range []policy.AlertState{policy.AlertDelivered, policy.AlertDead, policy.AlertParked} {
		if err := db.SettleAlert(t.Context(), leased[i].ID, storage.Settlement{State: s, At: testTime(40)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// inspect verifies in this process.
func inspect(t testing.TB, path string) (storage.Report, []storage.Problem) {
	t.Helper()
	var problems []storage.Problem
	r, err := Inspect(t.Context(), path, func(p storage.Problem) error { problems = append(problems, p); return nil })
	if err != nil {
		t.Fatal(err)
	}
	if r.Problems != len(problems) {
		t.Errorf("%d problems reported, %d told", r.Problems, len(problems))
	}
	return r, problems
}

func TestVerifyWhole(t *testing.T) {
	path := rich(t)
	r, problems := inspect(t, path)
	if len(problems) > 0 || r.Values < 60 || r.Bodies != 15 || r.BodyBytes < 8*100_000 || r.Bytes > r.BodyBytes {
		t.Errorf("%+v, %v", r, problems)
	}
	t.Logf("%+v", r)
}

// TestVerifyFindsEveryFlip flips a bit in every byte of every value in turn. Pages
// hold copies of values that are not in use any more; Verify walks those in use,
// and so does this test.
func TestVerifyFindsEveryFlip(t *testing.T) {
	path := rich(t)
	image, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	places := valuesOf(t, image)
	step := 17 // of the bytes of a value; all of them would take minutes
	flips, missed := 0, 0
	rng := rand.New(rand.NewPCG(3, 4))
	for _, p := range places {
		for i := p.at + int64(rng.IntN(step)); i < p.at+int64(p.size); i += int64(step) + int64(p.size/200) {
			bad := bytes.Clone(image)
			bad[i] ^= 1 << rng.IntN(8)
			flips++
			if r := verifyImage(t, bad); r.Problems == 0 {
				missed++
				t.Errorf("a flip of byte %d, in the value at %d, was not found", i, p.at)
			}
		}
	}
	t.Logf("%d flips in %d values, %d missed", flips, len(places), missed)
	if flips < 500 {
		t.Error("too few flips to mean anything")
	}
}

func valuesOf(t *testing.T, image []byte) (places []place) {
	t.Helper()
	f := bytes.NewReader(image)
	s, err := ReadSnapshot(f, f.Size())
	if err != nil {
		t.Fatal(err)
	}
	w := newWalker(f, s)
	w.visit = func(v found) error {
		places = append(places, place{v.at, len(v.value)})
		if got := image[v.at : v.at+int64(len(v.value))]; !bytes.Equal(got, v.value) {
			t.Fatalf("the value of %s %x is not at %d", v.bucket, v.key, v.at)
		}
		return nil
	}
	if err := w.all(s); err != nil {
		t.Fatal(err)
	}
	return places
}

func verifyImage(t *testing.T, image []byte) storage.Report {
	t.Helper()
	f := bytes.NewReader(image)
	s, err := ReadSnapshot(f, f.Size())
	if err != nil {
		return storage.Report{Problems: 1}
	}
	r, err := Verify(t.Context(), f, s, func(storage.Problem) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestVerifyFindsWhatIsMissing takes every row away in turn, but for those that
// nothing else knows of.
func TestVerifyFindsWhatIsMissing(t *testing.T) {
	path := rich(t)
	// Nobody knows which leases there were, or what was last seen, and the store's
	// age and sessions are in no other row. The ledger can be made again.
	free := []string{claimBucket, lastBodyBucket, metaBucket, runBucket, uptimeBucket}
	type row struct {
		bucket string
		key    []byte
	}
	var rows []row
	edit(t, path, func(tx *bbolt.Tx) error {
		return tx.ForEach(func(name []byte, b *bbolt.Bucket) error {
			return b.ForEach(func(k, _ []byte) error {
				rows = append(rows, row{string(name), bytes.Clone(k)})
				return nil
			})
		})
	})
	n := 0
	for _, r := range rows {
		if slices.Contains(free, r.bucket) {
			continue
		}
		bad := copyFile(t, path, -1)
		edit(t, bad, func(tx *bbolt.Tx) error { return tx.Bucket([]byte(r.bucket)).Delete(r.key) })
		n++
		if _, problems := inspect(t, bad); len(problems) == 0 {
			t.Errorf("nobody missed %s of bucket %q", printable(r.key), r.bucket)
		}
	}
	t.Logf("%d rows of %d taken away in turn", n, len(rows))
}

// TestVerifySurvives verifies files that are cut, overwritten and scrambled, in
// this very process.
func TestVerifySurvives(t *testing.T) {
	image, err := os.ReadFile(rich(t))
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(5, 6))
	for trial := range 300 {
		bad := bytes.Clone(image)
		switch at := rng.IntN(len(bad)); trial % 4 {
		case 0:
			bad = bad[:at]
		case 1: // a torn sector
			clear(bad[at&^511 : min(at&^511+512, len(bad))])
		case 2: // a page from elsewhere
			from := rng.IntN(len(bad)) &^ 4095
			copy(bad[at&^4095:], bad[from:min(from+4096, len(bad))])
		case 3: // noise behind the meta pages
			for range 1 + rng.IntN(40) {
				bad[2*4096+rng.IntN(len(bad)-2*4096)] = byte(rng.Uint32())
			}
		}
		path := filepath.Join(t.TempDir(), "bad.db")
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		_, _ = inspectQuietly(t, path)
	}
}

func inspectQuietly(t *testing.T, path string) (storage.Report, error) {
	t.Helper()
	return Inspect(t.Context(), path, func(storage.Problem) error { return nil })
}

// TestVerifyOpenStore: in another process, of an open store, while it is written to.
func TestVerifyOpenStore(t *testing.T) {
	path := rich(t)
	db := openAt(t, path, Options{})
	stop := make(chan struct{})
	done := make(chan error, 1)
	go func() {
		for n := 100; ; n++ {
			select {
			case <-stop:
				done <- nil
				return
			default:
			}
			if _, err := tell(t.Context(), db, testID, n); err != nil {
				done <- err
				return
			}
		}
	}()
	v := testVerifier(t)
	for range 5 {
		var problems []storage.Problem
		r, err := v.Open(t.Context(), db, func(p storage.Problem) error { problems = append(problems, p); return nil })
		if err != nil || len(problems) > 0 || r.Bodies < 15 {
			t.Errorf("%+v %v %v", r, problems, err)
		}
	}
	close(stop)
	if err := <-done; err != nil {
		t.Error(err)
	}
	if _, err := v.File(t.Context(), path, func(storage.Problem) error { return nil }); !errors.Is(err, policy.ErrLocked) {
		t.Errorf("a file in use: %v", err)
	}
}

// TestVerifyInAChild: what is wrong is told, whatever becomes of the child.
func TestVerifyInAChild(t *testing.T) {
	v := testVerifier(t)
	path := rich(t)
	if r, err := v.File(t.Context(), path, func(p storage.Problem) error { return errors.New(p.String()) }); err != nil || r.Values < 60 {
		t.Errorf("%+v, %v", r, err)
	}
	places := []place{}
	image, err := os.ReadFile(path)
	if err == nil {
		places = valuesOf(t, image)
	}
	flipByte(t, path, places[len(places)/2].at+3)
	var told []storage.Problem
	if r, err := v.File(t.Context(), path, func(p storage.Problem) error { told = append(told, p); return nil }); err != nil || r.Problems == 0 || len(told) != r.Problems {
		t.Errorf("%+v, %v, %v", r, told, err)
	}
	if _, err := v.File(t.Context(), filepath.Join(t.TempDir(), "none"), func(storage.Problem) error { return nil }); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("no file: %v", err)
	}
	if _, err := (Verifier{Command: []string{"/bin/false"}}).File(t.Context(), path, nil); !errors.Is(err, policy.ErrDamaged) {
		t.Errorf("a child that dies: %v", err)
	}
	if _, err := (Verifier{}).File(t.Context(), path, nil); err == nil {
		t.Error("no program was no error")
	}
}

func TestSalvage(t *testing.T) {
	path := rich(t)
	edit(t, path, func(tx *bbolt.Tx) error {
		return errors.Join(
			tx.Bucket([]byte(stateBucket)).Put(policyKey(1).bytes(), []byte("rotten")),
			tx.Bucket([]byte(idBucket)).Delete([]byte("acme/cookies")),
			tx.Bucket([]byte(versionBucket)).Put(versionKey(1, 3), bytes.Repeat([]byte{7}, 80)),
			tx.Bucket([]byte(bodyBucket)).Put(number(2), bytes.Repeat([]byte{7}, 80)))
	})
	to := filepath.Join(t.TempDir(), "saved.db")
	var lost []storage.Problem
	got, err := Salvage(t.Context(), path, to, func(p storage.Problem) error { lost = append(lost, p); return nil })
	if err != nil || got.Policies != 3 || got.Rebuilt != 1 || len(lost) != 3 {
		t.Fatalf("%+v, %v, %v", got, lost, err)
	}
	if _, err := Salvage(t.Context(), path, to, nil); !errors.Is(err, fs.ErrExist) {
		t.Errorf("over a file: %v", err)
	}
	db := openAt(t, to, Options{})
	s, err := db.State(t.Context(), testID)
	if err != nil || s.Head != 6 || s.HeadSHA256 != testDocument(6).Digest() {
		t.Errorf("%+v, %v", s, err)
	}
	if _, err := db.Version(t.Context(), testID, 3); !errors.Is(err, policy.ErrDamaged) {
		t.Errorf("what was lost: %v", err)
	}
	for n := 1; n <= 6; n++ {
		if _, err := db.Document(t.Context(), testID, n); err != nil && n != 3 {
			t.Errorf("text %d: %v", n, err)
		}
	}
	if _, err := db.State(t.Context(), "acme/cookies"); err != nil {
		t.Error(err)
	}
	for _, id := range []policy.ID{testID, "acme/cookies"} { // life goes on
		if _, err := tell(t.Context(), db, id, 200); err != nil {
			t.Errorf("%s: %v", id, err)
		}
	}
	// A whole store stays whole.
	again := filepath.Join(t.TempDir(), "again.db")
	if _, err := Salvage(t.Context(), rich(t), again, func(p storage.Problem) error { return errors.New(p.String()) }); err != nil {
		t.Fatal(err)
	}
	if _, problems := inspect(t, again); len(problems) > 0 {
		t.Error(problems)
	}
}
