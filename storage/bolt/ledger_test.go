package bolt

import (
	"bytes"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.etcd.io/bbolt"

	"watcher/policy"
	"watcher/storage"
)

func hour(h int) time.Time {
	return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(h) * time.Hour)
}

// watchFor makes a policy and commits a check per hour with the given outcomes.
func watchFor(t *testing.T, db *DB, id policy.ID, from int, outcomes ...policy.Outcome) {
	t.Helper()
	if err := db.Sync(t.Context(), []policy.Policy{{ID: id}}, hour(0)); err != nil {
		t.Fatal(err)
	}
	for i, outcome := range outcomes {
		claims, err := db.Claim(t.Context(), storage.ClaimQuery{Now: hour(1000), For: time.Minute, IDs: []policy.ID{id}})
		if err != nil || len(claims) != 1 {
			t.Fatalf("%d claims, %v", len(claims), err)
		}
		o := storage.Observation{Claim: claims[0], State: claims[0].State, Check: policy.Check{Outcome: outcome, At: hour(from + i)}}
		if _, err := db.Commit(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
}

func runsOf(t *testing.T, db *DB, id policy.ID) []policy.Run {
	t.Helper()
	runs, err := db.Runs(t.Context(), id, storage.RunQuery{})
	if err != nil {
		t.Fatal(err)
	}
	return runs
}

// A file that an earlier program wrote has checks and no ledger: it is derived,
// also by a reader that may not write, and written with the next check.
func TestLedgerOfAnEarlierFile(t *testing.T) {
	const id policy.ID = "acme/privacy"
	db := open(t)
	path := db.Path()
	watchFor(t, db, id, 1, "failed", "failed", "rejected", "failed")
	want := runsOf(t, db, id)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	raw, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := raw.Update(func(b *bbolt.Tx) error {
		if err := b.DeleteBucket([]byte(uptimeBucket)); err != nil {
			return err
		}
		return b.DeleteBucket([]byte(runBucket))
	}); err != nil {
		t.Fatal(err)
	}
	if err := raw.Close(); err != nil {
		t.Fatal(err)
	}

	reader, err := Open(path, Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, runsOf(t, reader, id)); diff != "" || len(want) != 3 {
		t.Errorf("read-only (-want +got):\n%s", diff)
	}
	if up, err := reader.Uptime(t.Context(), storage.UptimeQuery{}); err != nil || len(up) != 0 {
		t.Errorf("uptime %v, %v", up, err)
	}
	if err := reader.Close(); err != nil {
		t.Fatal(err)
	}

	again := openAt(t, path, Options{})
	if diff := cmp.Diff(want, runsOf(t, again, id)); diff != "" {
		t.Errorf("derived (-want +got):\n%s", diff)
	}
	if n := rows(t, again, runBucket); n != 0 {
		t.Fatalf("%d runs were written by reading", n)
	}
	watchFor(t, again, id, 5, "failed")
	got := runsOf(t, again, id)
	if len(got) != 3 || got[0].Count != 2 || rows(t, again, runBucket) != 3 {
		t.Errorf("after the next check: %+v", got)
	}
}

// A ledger that lost its newest row to an older program's check is made anew.
func TestLedgerBehindIsMadeAnew(t *testing.T) {
	const id policy.ID = "acme/privacy"
	db := open(t)
	watchFor(t, db, id, 1, "failed", "rejected", "rejected")
	if err := db.update(t.Context(), func(tx *tx) error {
		key := checkKey(1, hour(9), 0)
		return tx.putJSON(checkBucket, key, policy.Check{Outcome: "failed", At: hour(9)})
	}); err != nil {
		t.Fatal(err)
	}
	if got := runsOf(t, db, id); len(got) != 3 || got[0].Last != hour(9) {
		t.Errorf("derived: %+v", got)
	}
	watchFor(t, db, id, 10, "failed")
	got := runsOf(t, db, id)
	if len(got) != 3 || got[0].Count != 2 || got[0].First != hour(9) || rows(t, db, runBucket) != 3 {
		t.Errorf("made anew: %+v", got)
	}
}

// ledgerOf counts the checks and runs of a policy; the runs must hold the checks.
func ledgerOf(t *testing.T, db *DB, id policy.ID) (checks, runs int) {
	t.Helper()
	list, err := db.Checks(t.Context(), id, storage.CheckQuery{})
	if err != nil {
		t.Fatal(err)
	}
	ledger, counted := runsOf(t, db, id), 0
	for _, r := range ledger {
		counted += r.Count
	}
	if counted != len(list) || len(list) > 0 && (!ledger[0].Last.Equal(list[0].At) || !ledger[len(ledger)-1].First.Equal(list[len(list)-1].At)) {
		t.Errorf("the ledger has %d of %d checks: %+v", counted, len(list), ledger)
	}
	return len(list), len(ledger)
}

// A ledger that rotted is derived when it is read, and does not keep a policy from
// being checked; nor does a check that rotted.
func TestLedgerDamaged(t *testing.T) {
	const id policy.ID = "acme/privacy"
	rot := func(t *testing.T, path, bucket string, which int) {
		edit(t, path, func(b *bbolt.Tx) error {
			c := b.Bucket([]byte(bucket)).Cursor()
			k, v := c.First()
			for range which {
				k, v = c.Next()
			}
			spoilt := bytes.Clone(v)
			spoilt[len(spoilt)-1] ^= 1
			return b.Bucket([]byte(bucket)).Put(bytes.Clone(k), spoilt)
		})
	}
	for _, tc := range []struct {
		name    string
		rot     func(t *testing.T, path string)
		reads   bool // the ledger without another check
		entered int  // checks in it after another one
	}{
		{"the newest run", func(t *testing.T, path string) { rot(t, path, runBucket, 2) }, true, 5},
		{"an older run", func(t *testing.T, path string) { rot(t, path, runBucket, 0) }, true, 5},
		{"a check", func(t *testing.T, path string) { rot(t, path, checkBucket, 1) }, true, 5},
		{"a check and the newest run", func(t *testing.T, path string) { rot(t, path, checkBucket, 1); rot(t, path, runBucket, 2) }, false, 4},
	} {
		t.Run(tc.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "w.db")
			db, err := Open(path, Options{})
			if err != nil {
				t.Fatal(err)
			}
			watchFor(t, db, id, 1, "failed", "rejected", "rejected", "failed")
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			tc.rot(t, path)
			db = openAt(t, path, Options{})
			runs, err := db.Runs(t.Context(), id, storage.RunQuery{})
			if tc.reads != (err == nil && len(runs) == 3) || err != nil && !errors.Is(err, policy.ErrDamaged) {
				t.Errorf("%+v, %v", runs, err)
			}
			watchFor(t, db, id, 5, "failed")
			entered := 0
			runs, err = db.Runs(t.Context(), id, storage.RunQuery{})
			for _, r := range runs {
				entered += r.Count
			}
			if err != nil || entered != tc.entered || runs[0].Last != hour(5) {
				t.Errorf("after another check: %+v, %v", runs, err)
			}
		})
	}
}

// A check that vanished is still in the ledger: that is how it is missed.
func TestLedgerKnowsMore(t *testing.T) {
	const id policy.ID = "acme/privacy"
	path := filepath.Join(t.TempDir(), "w.db")
	db, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	watchFor(t, db, id, 1, "failed", "failed", "rejected")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	edit(t, path, func(b *bbolt.Tx) error {
		k, _ := b.Bucket([]byte(checkBucket)).Cursor().Last()
		return b.Bucket([]byte(checkBucket)).Delete(bytes.Clone(k))
	})
	db = openAt(t, path, Options{})
	if runs := runsOf(t, db, id); len(runs) != 2 || runs[0].Outcome != policy.OutcomeRejected {
		t.Errorf("%+v", runs)
	}
	watchFor(t, db, id, 9, "failed")
	if runs := runsOf(t, db, id); len(runs) != 3 || runs[1].Outcome != policy.OutcomeRejected {
		t.Errorf("after another check: %+v", runs)
	}
}

func TestRunRow(t *testing.T) {
	far := time.Date(9999, 12, 31, 23, 59, 59, 999999999, time.UTC)
	for _, c := range []policy.Check{
		{Outcome: policy.OutcomeUnchanged, At: hour(1), CapturedAt: hour(-9), Version: 3, Rule: "x", Source: policy.SourceLive},
		{Outcome: "", At: time.Time{}, Version: -1},
		{Outcome: policy.OutcomeFailed, At: far, CapturedAt: time.Unix(-1<<40, 7).UTC()},
	} {
		key := checkKey(7, c.At, 5)
		want := newRun(key, c)
		got, err := unpackRun(key, want.pack())
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
		for n := range want.pack() {
			if _, err := unpackRun(key, want.pack()[:n]); !errors.Is(err, policy.ErrDamaged) {
				t.Errorf("the first %d bytes: %v", n, err)
			}
		}
		if _, err := unpackRun(key, append(want.pack(), 0)); !errors.Is(err, policy.ErrDamaged) {
			t.Errorf("a byte more: %v", err)
		}
	}
}

func FuzzRunRow(f *testing.F) {
	f.Add(newRun(checkKey(1, hour(1), 0), policy.Check{Outcome: policy.OutcomeFailed, At: hour(1)}).pack())
	f.Fuzz(func(t *testing.T, payload []byte) {
		key := checkKey(1, hour(1), 0)
		row, err := unpackRun(key, payload)
		if err != nil {
			if !errors.Is(err, policy.ErrDamaged) {
				t.Error(err)
			}
			return
		}
		if again, err := unpackRun(key, row.pack()); err != nil || again.Outcome != row.Outcome || again.Last != row.Last {
			t.Errorf("%+v becomes %+v, %v", row, again, err)
		}
	})
}

func rows(t *testing.T, db *DB, bucket string) int {
	t.Helper()
	n := 0
	if err := db.view(t.Context(), func(tx *tx) error {
		return tx.scan(bucket, nil, func(_, _ []byte) error { n++; return nil })
	}); err != nil {
		t.Fatal(err)
	}
	return n
}

// BenchmarkLedger measures what a check costs in bytes: its own row, and its part
// of the ledger when one check in a hundred fails.
func BenchmarkLedger(b *testing.B) {
	db := open(b)
	if err := db.Sync(b.Context(), []policy.Policy{{ID: "acme/privacy"}}, hour(0)); err != nil {
		b.Fatal(err)
	}
	for i := range b.N {
		claims, err := db.Claim(b.Context(), storage.ClaimQuery{Now: hour(1 << 20), For: time.Minute, IDs: []policy.ID{"acme/privacy"}})
		if err != nil {
			b.Fatal(err)
		}
		c := policy.Check{
			Outcome: policy.OutcomeUnchanged, At: hour(i), CapturedAt: hour(i), FirstSeenAt: hour(0), Duration: 1234567890, Source: policy.SourceLive,
			Status: 200, Version: 1,
		}
		if i%100 == 99 {
			c.Outcome, c.Error, c.Rule = policy.OutcomeFailed, "https://acme.example/privacy: connection refused", "fetch:connect"
		}
		if _, err := db.Commit(b.Context(), storage.Observation{Claim: claims[0], State: claims[0].State, Check: c}); err != nil {
			b.Fatal(err)
		}
	}
	for _, bucket := range []string{checkBucket, runBucket} {
		size := 0
		if err := db.bolt.View(func(t *bbolt.Tx) error {
			return t.Bucket([]byte(bucket)).ForEach(func(k, v []byte) error { size += len(k) + len(v); return nil })
		}); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(size)/float64(b.N), bucket+"-B/op")
	}
}
