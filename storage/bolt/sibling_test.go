package bolt

import (
	"bytes"
	"errors"
	"testing"

	"go.etcd.io/bbolt"

	"watcher/policy"
	"watcher/storage"
)

// TestSiblings: the first page of a policy builds on one of the same vendor, and
// on no other's; what builds on a damaged one is lost by name, and what comes later is not.
func TestSiblings(t *testing.T) {
	path := filled(t, 0)
	const terms, cookies, other = "acme/terms", "acme/cookies", "acmes/privacy"
	sync := func(db *DB) {
		t.Helper()
		policies := []policy.Policy{{ID: testID}, {ID: terms}, {ID: cookies}, {ID: other}}
		if err := db.Sync(t.Context(), policies, testTime(0)); err != nil {
			t.Fatal(err)
		}
	}
	db := openAt(t, path, Options{})
	sync(db)
	page := func(what string, n int) []byte { return append([]byte("<h1>"+what+"</h1>"), longBody(n)...) }
	type stored struct {
		policy policy.ID
		id     policy.CaptureID
		body   []byte
		codec  byte
	}
	all := []stored{
		{policy: testID, body: page("Privacy", 1), codec: codecZstd},
		{policy: terms, body: page("Terms", 2), codec: codecDelta},
		{policy: other, body: page("Privacy of another", 3), codec: codecZstd},
		{policy: terms, body: page("Terms", 4), codec: codecDelta},
		{policy: cookies, body: page("Cookies", 5), codec: codecDelta},
	}
	for i := range all {
		s := &all[i]
		s.id = seeAs(t, db, s.policy, 10+i, s.body, policy.Accepted)
		if codec, size := codecOf(t, db, s.id); codec != s.codec || codec == codecDelta && size > 500 {
			t.Errorf("%s %d is stored as %c in %d bytes, want %c", s.policy, i, codec, size, s.codec)
		}
	}
	read := func(damaged ...policy.ID) {
		t.Helper()
		for _, s := range all {
			db.bodies.drop()
			got, err := db.Body(t.Context(), s.policy, s.id)
			lost := len(damaged) > 0 && s.policy != damaged[0]
			if lost && !errors.Is(err, policy.ErrDamaged) || !lost && (err != nil || !bytes.Equal(got, s.body)) {
				t.Errorf("%s: %d bytes, %v", s.policy, len(got), err)
			}
		}
	}
	read()
	if r, err := db.VerifyHere(t.Context(), func(storage.Problem) error { return nil }); err != nil || r.Problems != 0 {
		t.Errorf("verify: %+v, %v", r, err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	edit(t, path, func(tx *bbolt.Tx) error {
		b := tx.Bucket([]byte(bodyBucket))
		v := bytes.Clone(b.Get(number(uint64(all[0].id))))
		v[len(v)-1] ^= 1
		return b.Put(number(uint64(all[0].id)), v)
	})
	db = openAt(t, path, Options{})
	sync(db)
	read(other)
	next := seeAs(t, db, cookies, 30, page("Cookies", 6), policy.Accepted)
	db.bodies.drop()
	if got, err := db.Body(t.Context(), cookies, next); err != nil || !bytes.Equal(got, page("Cookies", 6)) {
		t.Errorf("after damage: %d bytes, %v", len(got), err)
	}
}

// TestTwoForms: a page that is served in two forms is stored whole twice, however
// often and for however long it is either.
func TestTwoForms(t *testing.T) {
	db := openAt(t, filled(t, 1), Options{})
	form := func(second bool, n int) []byte {
		if second {
			return bytes.ReplaceAll(bytes.ToUpper(longBody(n)), []byte("KEEP"), []byte("store"))
		}
		return longBody(n)
	}
	whole := 0
	for i, second := range []bool{false, true, false, true, true, true, false, false, false, true, false} {
		id := see(t, db, 10+i, form(second, i), policy.Accepted)
		codec, _ := codecOf(t, db, id)
		if codec == codecZstd {
			whole++
		}
		db.bodies.drop()
		if got, err := db.Body(t.Context(), testID, id); err != nil || !bytes.Equal(got, form(second, i)) {
			t.Errorf("body %d: %d bytes, %v", i, len(got), err)
		}
	}
	if whole != 2 {
		t.Errorf("%d bodies are stored whole, want 2", whole)
	}
}
