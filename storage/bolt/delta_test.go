package bolt

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/klauspost/compress/zstd"
	"go.etcd.io/bbolt"

	"watcher/policy"
	"watcher/storage"
)

// longBody is a page of some 100 kB of which a token changes with n.
func longBody(n int) []byte {
	r := rand.New(rand.NewPCG(7, 7))
	var b bytes.Buffer
	for i := range 3000 {
		fmt.Fprintf(&b, "<p class=%x>We keep item %d for %d days.</p>\n", r.Uint64(), i, i%7)
		if i == 1500 {
			fmt.Fprintf(&b, "<input value=%x>", rand.New(rand.NewPCG(uint64(n), 1)).Uint64())
		}
	}
	return b.Bytes()
}

// see commits a capture that changes nothing else.
func see(t testing.TB, db *DB, n int, body []byte, kind policy.VerdictKind) policy.CaptureID {
	t.Helper()
	return seeAs(t, db, testID, n, body, kind)
}

func seeAs(t testing.TB, db *DB, id policy.ID, n int, body []byte, kind policy.VerdictKind) policy.CaptureID {
	t.Helper()
	claims, err := db.Claim(t.Context(), storage.ClaimQuery{Owner: "test", Now: testTime(n), For: 1 << 30, IDs: []policy.ID{id}})
	if err != nil || len(claims) != 1 {
		t.Fatal(claims, err)
	}
	s := claims[0].State
	s.LastCheck = testTime(n)
	r, err := db.Commit(t.Context(), storage.Observation{
		Claim: claims[0], Expect: s.HeadRef(), State: s,
		Check: policy.Check{Policy: id, Outcome: policy.OutcomeUnchanged, At: testTime(n), CapturedAt: testTime(n)},
		Capture: &policy.Capture{
			Policy: id, Status: 200, CapturedAt: testTime(n), Digest: policy.Sum(body), Body: body, Verdict: policy.Verdict{Kind: kind},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return r.Capture
}

// codecOf returns how a body lies in the file, and how long it is there.
func codecOf(t testing.TB, db *DB, at policy.CaptureID) (codec byte, size int) {
	t.Helper()
	payload, err := query(t.Context(), db, func(tx *tx) ([]byte, error) { return tx.copyOf(bodyBucket, uint64(at)) })
	if err != nil {
		t.Fatal(err)
	}
	return payload[0], len(payload)
}

// TestDeltas: bodies that differ by a token take next to nothing, every so often
// one is stored whole, and each is read back bit for bit, also without the cache.
func TestDeltas(t *testing.T) {
	path := filled(t, 1)
	db := openAt(t, path, Options{})
	n := maxChain + 20
	if underRace {
		n = 60
	}
	ids := make([]policy.CaptureID, n)
	whole, bytesOf := 0, 0
	for i := range n {
		ids[i] = see(t, db, i+10, longBody(i), policy.Accepted)
		codec, size := codecOf(t, db, ids[i])
		if codec == codecZstd {
			whole++
		} else {
			bytesOf = max(bytesOf, size)
		}
	}
	if whole < 2 && !underRace || whole > 3 || bytesOf > 300 {
		t.Errorf("%d bodies are whole, the largest difference has %d bytes", whole, bytesOf)
	}
	check := func(db *DB) {
		t.Helper()
		for i, id := range ids {
			if i%37 != 0 && i != n-1 {
				continue
			}
			db.bodies.drop()
			links, err := query(t.Context(), db, func(tx *tx) ([]link, error) {
				links, _, err := tx.chain(id, db.bodies)
				return links, err
			})
			if cost := int64(len(links)) * linkCost(len(longBody(i))); err != nil || cost > maxCost+linkCost(100<<10) {
				t.Errorf("body %d is put together of %d, which costs %d (%v)", i, len(links), cost, err)
			}
			got, err := db.Body(t.Context(), testID, id)
			if err != nil || !bytes.Equal(got, longBody(i)) {
				t.Fatalf("body %d: %d bytes, %v", i, len(got), err)
			}
			got[0]++ // the caller's own
		}
	}
	check(db)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	check(openAt(t, path, Options{ReadOnly: true}))
}

// TestRefusedBodies: nothing builds on what a refused capture brought, and no
// accepted capture relies on it.
func TestRefusedBodies(t *testing.T) {
	db := openAt(t, filled(t, 1), Options{})
	see(t, db, 10, longBody(1), policy.Accepted)
	junk := see(t, db, 11, longBody(2), policy.Quarantined)
	same := see(t, db, 12, longBody(2), policy.Accepted)
	next := see(t, db, 13, longBody(3), policy.Accepted)
	again := see(t, db, 14, longBody(3), policy.Rejected)
	for id, want := range map[policy.CaptureID]byte{junk: codecDelta, same: codecDelta, next: codecDelta} {
		if codec, _ := codecOf(t, db, id); codec != want {
			t.Errorf("capture %d is stored as %c", id, codec)
		}
	}
	row, err := query(t.Context(), db, func(tx *tx) (captureRow, error) { return tx.capture(testID, again) })
	if err != nil || row.BodyAt != next {
		t.Errorf("a refused capture with the accepted body has its own: %d, %v", row.BodyAt, err)
	}
	edit := func(id policy.CaptureID) {
		if err := db.update(t.Context(), func(tx *tx) error { return tx.put(bodyBucket, number(uint64(id)), []byte{codecGone}) }); err != nil {
			t.Fatal(err)
		}
	}
	edit(junk)
	db.bodies.drop()
	if _, err := db.Body(t.Context(), testID, junk); !errors.Is(err, policy.ErrNotFound) {
		t.Errorf("a body whose time is over: %v", err)
	}
	for id, n := range map[policy.CaptureID]int{same: 2, next: 3, again: 3} {
		if got, err := db.Body(t.Context(), testID, id); err != nil || !bytes.Equal(got, longBody(n)) {
			t.Errorf("capture %d without the refused body: %v", id, err)
		}
	}
}

// TestBrokenChain: a damaged body takes those along that build on it, by name, and
// the next one builds on none of them.
func TestBrokenChain(t *testing.T) {
	path := filled(t, 1)
	db := openAt(t, path, Options{})
	var ids []policy.CaptureID
	for i := range 4 {
		ids = append(ids, see(t, db, i+10, longBody(i), policy.Accepted))
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	edit(t, path, func(tx *bbolt.Tx) error {
		b := tx.Bucket([]byte(bodyBucket))
		v := bytes.Clone(b.Get(number(uint64(ids[1]))))
		v[len(v)-1] ^= 1
		return b.Put(number(uint64(ids[1])), v)
	})
	db = openAt(t, path, Options{})
	for i, id := range ids {
		_, err := db.Body(t.Context(), testID, id)
		if damaged := i >= 1; errors.Is(err, policy.ErrDamaged) != damaged || !damaged && err != nil {
			t.Errorf("body %d: %v", i, err)
		}
	}
	next := see(t, db, 20, longBody(9), policy.Accepted)
	db.bodies.drop()
	if got, err := db.Body(t.Context(), testID, next); err != nil || !bytes.Equal(got, longBody(9)) {
		t.Error(err)
	}
}

// TestFormat1 reads a file that a program of format 1 wrote, and upgrades it.
func TestFormat1(t *testing.T) {
	packed, err := os.ReadFile("testdata/format1.db.zst")
	if err != nil {
		t.Fatal(err)
	}
	dec, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer dec.Close()
	image, err := dec.DecodeAll(packed, nil)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "old.db")
	if err := os.WriteFile(path, image, 0o600); err != nil {
		t.Fatal(err)
	}
	read := func(db *DB) map[string]any {
		t.Helper()
		values, errs := readAll(t.Context(), db, 6)
		if len(errs) > 0 {
			t.Fatal(errs)
		}
		if body := values["body 4"].([]byte); string(body) != "<p>We keep your data for 4 days.</p>" {
			t.Errorf("body 4 is %q", body)
		}
		return values
	}
	old := openAt(t, path, Options{ReadOnly: true})
	before := len(read(old))
	if checks, runs := ledgerOf(t, old, testID); runs == 0 || checks == 0 {
		t.Errorf("a ledger of %d checks in %d runs", checks, runs)
	}
	if err := old.Close(); err != nil {
		t.Fatal(err)
	}
	db := openAt(t, path, Options{})
	if n := len(read(db)); n != before {
		t.Errorf("%d values, %d before the upgrade", n, before)
	}
	if _, err := tell(t.Context(), db, testID, 7); err != nil {
		t.Fatal(err)
	}
	ledgerOf(t, db, testID)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	var format string
	edit(t, path, func(tx *bbolt.Tx) error {
		payload, err := unseal(metaBucket, []byte(metaFormat), tx.Bucket([]byte(metaBucket)).Get([]byte(metaFormat)))
		format = string(payload)
		return err
	})
	if format != "2" {
		t.Errorf("format %s after the upgrade", format)
	}
	read(openAt(t, path, Options{}))
}
