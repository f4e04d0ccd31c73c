package bolt

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"watcher/policy"
	"watcher/storage"
)

// group runs requests as one transaction and returns their results.
func group(t *testing.T, db *DB, fns ...func(*tx) error) []error {
	t.Helper()
	reqs := make([]*request, len(fns))
	for i, fn := range fns {
		reqs[i] = &request{ctx: t.Context(), run: fn, done: make(chan error, 1)}
	}
	db.runGroup(reqs)
	out := make([]error, len(reqs))
	for i, r := range reqs {
		out[i] = <-r.done
	}
	return out
}

func putMeta(key string) func(*tx) error {
	return func(t *tx) error { return t.put(metaBucket, []byte(key), []byte("x")) }
}

func hasMeta(t *testing.T, db *DB, key string) bool {
	t.Helper()
	found, err := query(t.Context(), db, func(t *tx) (bool, error) {
		payload, err := t.get(metaBucket, []byte(key))
		return payload != nil, err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestGroupIsolation: one request that fails, in whatever way, takes none of
// the others with it and leaves nothing behind.
func TestGroupIsolation(t *testing.T) {
	errRefused := errors.New("refused")
	for name, bad := range map[string]func(*tx) error{
		"refused before writing": func(*tx) error { return errRefused },
		"failed after writing":   func(t *tx) error { return errors.Join(putMeta("bad")(t), errRefused) },
		"panic before writing":   func(*tx) error { panic("out of the blue") },
		"panic after writing":    func(t *tx) error { panic(putMeta("bad")(t)) },
	} {
		t.Run(name, func(t *testing.T) {
			db := open(t)
			errs := group(t, db, putMeta("one"), bad, putMeta("two"))
			if errs[0] != nil || errs[2] != nil {
				t.Errorf("others failed: %v", errs)
			}
			if want := errRefused; strings.HasPrefix(name, "panic") {
				if !errors.Is(errs[1], policy.ErrDamaged) {
					t.Errorf("error is %v", errs[1])
				}
			} else if !errors.Is(errs[1], want) {
				t.Errorf("error is %v, want %v", errs[1], want)
			}
			if !hasMeta(t, db, "one") || !hasMeta(t, db, "two") || hasMeta(t, db, "bad") {
				t.Errorf("stored: one %v, two %v, bad %v", hasMeta(t, db, "one"), hasMeta(t, db, "two"), hasMeta(t, db, "bad"))
			}
			syncOne(t, db)
		})
	}
}

// TestBrokenCommit: a panic inside a commit stops writing, but neither reading
// nor closing.
func TestBrokenCommit(t *testing.T) {
	db := open(t)
	syncOne(t, db)
	if err := db.end(func() error { panic("half-way through") }); !errors.Is(err, policy.ErrDamaged) {
		t.Errorf("error is %v", err)
	}
	if _, err := tell(t.Context(), db, testID, 1); !errors.Is(err, policy.ErrDamaged) {
		t.Errorf("a commit after the panic: %v", err)
	}
	if _, err := db.State(t.Context(), testID); err != nil {
		t.Errorf("reading after the panic: %v", err)
	}
}

// TestCloseWaits: commits that run while the store is closed either are
// refused or are there when it is opened again.
func TestCloseWaits(t *testing.T) {
	path := t.TempDir() + "/watcher.db"
	db, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	policies := crashPolicies()
	if err := db.Sync(t.Context(), policies, testTime(0)); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	done := make([]int, len(policies))
	started := make(chan struct{}, len(policies))
	for i, p := range policies {
		all.Go(func() {
			for {
				if _, err := tell(context.Background(), db, p.ID, done[i]+1); err != nil {
					if !errors.Is(err, errClosed) {
						t.Errorf("%s: %v", p.ID, err)
					}
					return
				}
				if done[i]++; done[i] == 3 {
					started <- struct{}{}
				}
			}
		})
	}
	for range policies {
		<-started
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	all.Wait()
	db = openAt(t, path, Options{})
	for i, p := range policies {
		s, err := db.State(t.Context(), p.ID)
		if err != nil || s.Head != done[i] {
			t.Errorf("%s: head %d, %d commits were acknowledged (%v)", p.ID, s.Head, done[i], err)
		}
	}
}

// TestDeliveredAlertsCostNothing: the queue holds undelivered alerts only.
func TestDeliveredAlertsCostNothing(t *testing.T) {
	db := open(t)
	syncOne(t, db)
	for n := range 5 {
		if _, err := tell(t.Context(), db, testID, n+1); err != nil {
			t.Fatal(err)
		}
	}
	alerts, err := db.Alerts(t.Context(), storage.AlertQuery{})
	if err != nil || len(alerts) != 5 {
		t.Fatal(alerts, err)
	}
	for _, a := range alerts[1:] {
		if err := db.SettleAlert(t.Context(), a.ID, storage.Settlement{State: policy.AlertDelivered, At: testTime(9)}); err != nil {
			t.Fatal(err)
		}
	}
	rows := 0
	err = db.view(t.Context(), func(t *tx) error {
		return t.scan(queueBucket, nil, func(_, _ []byte) error { rows++; return nil })
	})
	if err != nil || rows != 1 {
		t.Errorf("the queue has %d rows for 1 undelivered alert (%v)", rows, err)
	}
}

// TestEqualBodiesShareSpace: a body that is the one before it is not stored
// again.
func TestEqualBodiesShareSpace(t *testing.T) {
	db := open(t)
	syncOne(t, db)
	for n := range 4 {
		claims, err := db.Claim(t.Context(), storage.ClaimQuery{Now: testTime(n), For: 1, IDs: []policy.ID{testID}})
		if err != nil {
			t.Fatal(err)
		}
		o := testNews(claims[0], n/3) // three equal bodies, then another
		o.Versions, o.Alerts = nil, nil
		if _, err := db.Commit(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	bodies := 0
	err := db.view(t.Context(), func(t *tx) error {
		return t.scan(bodyBucket, nil, func(_, _ []byte) error { bodies++; return nil })
	})
	if err != nil || bodies != 2 {
		t.Errorf("%d bodies are stored for 4 captures with 2 bodies (%v)", bodies, err)
	}
}
