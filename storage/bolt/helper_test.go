package bolt

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"watcher/policy"
	"watcher/storage"
)

const testID policy.ID = "acme/privacy"

func testTime(n int) time.Time {
	return time.Date(2025, 3, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(n) * time.Minute)
}

func testDocument(n int) policy.Document {
	return policy.Document{Normalizer: "n1", Sections: []policy.Section{{Heading: "Retention", Level: 1, Blocks: []policy.Block{
		{Kind: policy.Paragraph, Text: fmt.Sprintf("We keep your data for %d days.", n)},
	}}}}
}

// testNews is the observation that the policy's page shows text n.
func testNews(c storage.Claim, n int) storage.Observation {
	doc, t := testDocument(n), testTime(n)
	body := fmt.Appendf(nil, "<p>We keep your data for %d days.</p>", n)
	v := policy.Version{Kind: policy.VersionChange, CapturedAt: t, FirstSeenAt: t, LastSeenAt: t, SHA256: doc.Digest(), Words: doc.Words()}
	ref := v.Ref()
	e := policy.Event{
		ID: policy.EventID(c.Policy, policy.EventPolicyChanged, c.State.HeadSHA256, v.SHA256, t), Type: policy.EventPolicyChanged,
		Policy: policy.PolicyRef{ID: c.Policy}, At: t, From: &policy.VersionRef{SHA256: c.State.HeadSHA256}, To: &ref, Summary: "changed",
	}
	s := c.State
	s.LastCheck, s.NextCheck = t, t.Add(time.Minute)
	return storage.Observation{
		Claim: c, Expect: c.State.HeadRef(), State: s,
		Check:   policy.Check{Policy: c.Policy, Outcome: policy.OutcomeChanged, At: t, CapturedAt: t},
		Capture: &policy.Capture{Policy: c.Policy, Status: 200, CapturedAt: t, Digest: policy.Sum(body), Body: body},
		Versions: []storage.NewVersion{{
			Version: v, Document: doc, Head: true,
			Change: &policy.Change{Significance: policy.Material, Summary: "changed", Edits: []policy.Edit{{ID: "e", Op: policy.Reworded}}},
		}},
		Alerts: []policy.Alert{policy.NewAlert(e, "team", t)},
	}
}

// tell claims the policy and commits text n.
func tell(ctx context.Context, s storage.Store, id policy.ID, n int) (storage.Receipt, error) {
	claims, err := s.Claim(ctx, storage.ClaimQuery{Owner: "test", Now: testTime(n), For: time.Second, IDs: []policy.ID{id}})
	if err != nil {
		return storage.Receipt{}, err
	}
	if len(claims) != 1 {
		return storage.Receipt{}, fmt.Errorf("policy %q is leased", id)
	}
	return s.Commit(ctx, testNews(claims[0], n))
}

func syncOne(tb testing.TB, s storage.Store) {
	tb.Helper()
	if err := s.Sync(tb.Context(), []policy.Policy{{ID: testID}}, testTime(0)); err != nil {
		tb.Fatal(err)
	}
}

// filled returns a closed store's path with n versions of one policy in it.
func filled(tb testing.TB, n int) string {
	tb.Helper()
	path := tb.TempDir() + "/watcher.db"
	db, err := Open(path, Options{})
	if err != nil {
		tb.Fatal(err)
	}
	syncOne(tb, db)
	for i := range n {
		if _, err := tell(tb.Context(), db, testID, i+1); err != nil {
			tb.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		tb.Fatal(err)
	}
	return path
}

// edit changes a store's file behind the engine's back.
func edit(tb testing.TB, path string, fn func(*bbolt.Tx) error) {
	tb.Helper()
	b, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: time.Second, NoFreelistSync: true})
	if err != nil {
		tb.Fatal(err)
	}
	if err := b.Update(fn); err != nil {
		tb.Fatal(err)
	}
	if err := b.Close(); err != nil {
		tb.Fatal(err)
	}
}

// copyFile returns the path of a copy of which the first n bytes are kept, all
// of them when n is negative.
func copyFile(tb testing.TB, path string, n int64) string {
	tb.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	if n >= 0 {
		data = data[:n]
	}
	out := tb.TempDir() + "/copy.db"
	if err := os.WriteFile(out, data, 0o600); err != nil {
		tb.Fatal(err)
	}
	return out
}

// readAll reads whatever can be reached from the ids that the program knows by
// its configuration, and returns what it read and what went wrong.
func readAll(ctx context.Context, s storage.Reader, versions int) (values map[string]any, errs map[string]error) {
	values, errs = map[string]any{}, map[string]error{}
	note := func(name string, v any, err error) {
		if err != nil {
			errs[name] = err
			return
		}
		values[name] = v
	}
	states, err := s.States(ctx)
	note("states", states, err)
	state, err := s.State(ctx, testID)
	note("state", state, err)
	list, err := s.Versions(ctx, testID)
	note("versions", list, err)
	checks, err := s.Checks(ctx, testID, storage.CheckQuery{})
	note("checks", checks, err)
	recent, err := s.Recent(ctx, storage.RecentQuery{})
	note("recent", recent, err)
	alerts, err := s.Alerts(ctx, storage.AlertQuery{})
	note("alerts", alerts, err)
	for n := 1; n <= versions; n++ {
		v, err := s.Version(ctx, testID, n)
		note(fmt.Sprint("version ", n), v, err)
		d, err := s.Document(ctx, testID, n)
		note(fmt.Sprint("document ", n), d, err)
		c, err := s.Change(ctx, testID, n)
		note(fmt.Sprint("change ", n), c, err)
		capture, err := s.Capture(ctx, testID, policy.CaptureID(n))
		note(fmt.Sprint("capture ", n), capture, err)
		body, err := s.Body(ctx, testID, policy.CaptureID(n))
		note(fmt.Sprint("body ", n), body, err)
	}
	return values, errs
}
