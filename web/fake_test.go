package web

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"watcher/policy"
	"watcher/storage"
)

// fakeStore is a storage.Reader over plain values. Setting err makes every
// method fail with it; panics makes States panic.
type fakeStore struct {
	states    []policy.State
	versions  map[policy.ID][]policy.Version
	documents map[string]policy.Document
	changes   map[string]policy.Change
	captures  map[string]policy.Capture
	checks    map[policy.ID][]policy.Check
	uptime    []policy.Stretch
	alerts    []policy.Alert
	stats     storage.Stats
	silences  []policy.Silence
	breaker   policy.Breaker
	err       error
	panics    bool
}

var _ storage.Reader = (*fakeStore)(nil)

func key[N int | policy.CaptureID](id policy.ID, n N) string { return fmt.Sprintf("%s@%d", id, n) }

func find[T any](m map[string]T, k string, err error) (T, error) {
	v, ok := m[k]
	if err == nil && !ok {
		err = fmt.Errorf("%s: %w", k, policy.ErrNotFound)
	}
	return v, err
}

func head[T any](list []T, limit int) []T {
	if limit > 0 && limit < len(list) {
		return list[:limit]
	}
	return list
}

func (f *fakeStore) States(context.Context) ([]policy.State, error) {
	if f.panics {
		panic("the fake was told to")
	}
	return f.states, f.err
}

func (f *fakeStore) State(_ context.Context, id policy.ID) (policy.State, error) {
	if f.err != nil {
		return policy.State{}, f.err
	}
	for _, st := range f.states {
		if st.ID == id {
			return st, nil
		}
	}
	return policy.State{}, fmt.Errorf("policy %s: %w", id, policy.ErrNotFound)
}

func (f *fakeStore) Versions(ctx context.Context, id policy.ID) ([]policy.Version, error) {
	if _, err := f.State(ctx, id); err != nil {
		return nil, err
	}
	return f.versions[id], nil
}

func (f *fakeStore) Version(_ context.Context, id policy.ID, n int) (policy.Version, error) {
	for _, v := range f.versions[id] {
		if v.Number == n {
			return v, f.err
		}
	}
	return policy.Version{}, cmp.Or(f.err, fmt.Errorf("version %d: %w", n, policy.ErrNotFound))
}

func (f *fakeStore) Document(_ context.Context, id policy.ID, n int) (policy.Document, error) {
	return find(f.documents, key(id, n), f.err)
}

func (f *fakeStore) Change(_ context.Context, id policy.ID, to int) (policy.Change, error) {
	return find(f.changes, key(id, to), f.err)
}

func (f *fakeStore) Recent(_ context.Context, q storage.RecentQuery) ([]policy.Version, error) {
	var list []policy.Version
	for _, versions := range f.versions {
		for _, v := range versions {
			if v.From > 0 && !v.CapturedAt.Before(q.Since) {
				list = append(list, v)
			}
		}
	}
	slices.SortFunc(list, func(a, b policy.Version) int {
		return cmp.Or(b.CapturedAt.Compare(a.CapturedAt), cmp.Compare(a.Policy, b.Policy))
	})
	return head(list, q.Limit), f.err
}

func (f *fakeStore) Capture(_ context.Context, id policy.ID, capture policy.CaptureID) (policy.Capture, error) {
	c, err := find(f.captures, key(id, capture), f.err)
	c.Body = nil
	return c, err
}

func (f *fakeStore) Body(_ context.Context, id policy.ID, capture policy.CaptureID) ([]byte, error) {
	c, err := find(f.captures, key(id, capture), f.err)
	return c.Body, err
}

func (f *fakeStore) Checks(ctx context.Context, id policy.ID, q storage.CheckQuery) ([]policy.Check, error) {
	if _, err := f.State(ctx, id); err != nil {
		return nil, err
	}
	var list []policy.Check
	for _, c := range f.checks[id] {
		if !c.At.Before(q.Since) && (q.Until.IsZero() || !c.At.After(q.Until)) {
			list = append(list, c)
		}
	}
	return head(list, q.Limit), nil
}

func (f *fakeStore) Runs(ctx context.Context, id policy.ID, q storage.RunQuery) ([]policy.Run, error) {
	checks, err := f.Checks(ctx, id, storage.CheckQuery{})
	if err != nil {
		return nil, err
	}
	var list []policy.Run
	for _, c := range checks {
		if r := policy.NewRun(c); !r.Last.Before(q.Since) && (q.Until.IsZero() || !r.First.After(q.Until)) {
			list = append(list, r)
		}
	}
	return head(list, q.Limit), nil
}

func (f *fakeStore) Uptime(_ context.Context, q storage.UptimeQuery) ([]policy.Stretch, error) {
	return head(f.uptime, q.Limit), f.err
}

func (f *fakeStore) Alerts(_ context.Context, q storage.AlertQuery) ([]policy.Alert, error) {
	var list []policy.Alert
	for _, a := range f.alerts {
		if (q.Receiver == "" || q.Receiver == a.Receiver) && (q.Policy == "" || q.Policy == a.Event.Policy.ID) &&
			(len(q.States) == 0 || slices.Contains(q.States, a.State)) {
			list = append(list, a)
		}
	}
	return head(list, q.Limit), f.err
}

func (f *fakeStore) Alert(_ context.Context, id string) (policy.Alert, error) {
	for _, a := range f.alerts {
		if a.ID == id {
			return a, f.err
		}
	}
	return policy.Alert{}, cmp.Or(f.err, fmt.Errorf("alert %s: %w", id, policy.ErrNotFound))
}

func (f *fakeStore) Silences(context.Context) ([]policy.Silence, error) { return f.silences, f.err }
func (f *fakeStore) Breaker(context.Context) (policy.Breaker, error)    { return f.breaker, f.err }

func (f *fakeStore) Stats(context.Context) (storage.Stats, error) { return f.stats, f.err }

// now is the instant of every page in these tests.
func now() time.Time { return time.Date(2026, 3, 14, 9, 26, 53, 0, time.UTC) }

func ago(d time.Duration) time.Time { return now().Add(-d) }

const (
	hour = time.Hour
	day  = 24 * time.Hour
)
