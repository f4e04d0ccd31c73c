package alerts

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"watcher/policy"
	"watcher/storage"
	"watcher/storage/bolt"
)

// commitAlerts puts n alerts into a real store, as a check does.
func commitAlerts(t *testing.T, db *bolt.DB, receiver string, n int, now time.Time) []string {
	t.Helper()
	ctx := t.Context()
	p := policy.Policy{
		ID: "acme/privacy", Vendor: policy.Vendor{Name: "Acme", Slug: "acme"}, Kind: policy.KindPrivacy,
		URL: "https://acme.example/privacy", Source: policy.SourceLive,
	}
	if err := db.Sync(ctx, []policy.Policy{p}, now); err != nil {
		t.Fatal(err)
	}
	var ids []string
	for i := range n {
		at := now.Add(time.Duration(i) * time.Second)
		claims, err := db.Claim(ctx, storage.ClaimQuery{Owner: "test", Now: at, For: time.Minute, IDs: []policy.ID{p.ID}})
		if err != nil || len(claims) != 1 {
			t.Fatalf("claim: %v, %v", claims, err)
		}
		e := policy.Event{
			ID:   policy.EventID(p.ID, policy.EventPolicyUnreachable, policy.Digest{}, policy.Digest{}, at),
			Type: policy.EventPolicyUnreachable, Policy: p.Ref(), At: at, FirstSeenAt: at, Summary: "down",
		}
		a := policy.NewAlert(e, receiver, at)
		_, err = db.Commit(ctx, storage.Observation{
			Claim: claims[0], Expect: claims[0].State.HeadRef(), State: claims[0].State,
			Check:  policy.Check{Policy: p.ID, Outcome: policy.OutcomeFailed, At: at, Error: "down"},
			Alerts: []policy.Alert{a},
		})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, a.ID)
	}
	return ids
}

func openStore(t *testing.T, path string) *bolt.DB {
	t.Helper()
	db, err := bolt.Open(path, bolt.Options{Logger: silent()})
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// TestRestartKeepsIDs: what one process could not deliver the next one delivers
// under the same ids and in the same order, from the embedded engine.
func TestRestartKeepsIDs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "watcher.db")
	now := time.Now().UTC()
	db := openStore(t, path)
	ids := commitAlerts(t, db, "team", 3, now)
	drain := func(sender Sender, at time.Time) DrainResult {
		t.Helper()
		d := newTestDispatcher(db, map[string]Sender{"team": sender})
		d.clock = func() time.Time { return at }
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		result, err := d.Drain(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return result
	}
	down := &fakeSender{answer: func(int, attempt) error { // more patience than a one-shot run has
		return &SendError{Kind: Retry, Reason: reasonServer, Status: 503, RetryAfter: time.Hour}
	}}
	if got := drain(down, now.Add(time.Minute)); got != (DrainResult{Failed: 3}) {
		t.Errorf("receiver down: %+v", got)
	}
	gone := &fakeSender{answer: func(int, attempt) error { return deadError() }}
	if got := drain(gone, now.Add(2*time.Minute)); got != (DrainResult{Failed: 3}) {
		t.Errorf("receiver gone: %+v", got)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}

	db = openStore(t, path)
	defer func() { _ = db.Close() }()
	d := newTestDispatcher(db, map[string]Sender{"team": &fakeSender{}})
	sender := &fakeSender{}
	d.SetSenders(map[string]Sender{"team": sender})
	d.clock = func() time.Time { return now.Add(3 * time.Minute) }
	got, err := d.Drain(t.Context())
	if err != nil || got != (DrainResult{Delivered: 3}) {
		t.Errorf("after the restart: %+v, %v", got, err)
	}
	for _, s := range []*fakeSender{down, gone} {
		if seen := s.ids(); len(seen) == 0 || seen[0] != ids[0] {
			t.Errorf("the oldest alert is not tried first: %v", seen)
		}
	}
	if diff := cmp.Diff(ids, sender.ids()); diff != "" {
		t.Errorf("ids after the restart (-want +got):\n%s", diff)
	}
	left, err := db.Alerts(t.Context(), storage.AlertQuery{States: []policy.AlertState{policy.AlertPending, policy.AlertParked, policy.AlertDead}})
	if err != nil || len(left) != 0 {
		t.Errorf("%d alerts left, %v", len(left), err)
	}
}
