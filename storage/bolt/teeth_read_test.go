package bolt

import (
	"context"
	"slices"
	"time"

	"watcher/policy"
	"watcher/storage"
)

// More stores that are broken on purpose, most of them in what they say.

type headTextOnly struct{ storage.Store }

func (s headTextOnly) Document(ctx context.Context, id policy.ID, n int) (policy.Document, error) {
	state, err := s.State(ctx, id)
	if err == nil && n <= state.Head {
		n = state.Head
	}
	return s.Store.Document(ctx, id, n)
}

type anybodysCapture struct{ storage.Store }

func (s anybodysCapture) Capture(ctx context.Context, id policy.ID, n policy.CaptureID) (policy.Capture, error) {
	states, err := s.States(ctx)
	if err != nil {
		return policy.Capture{}, err
	}
	for _, st := range states {
		if c, err := s.Store.Capture(ctx, st.ID, n); err == nil {
			return c, nil
		}
	}
	return s.Store.Capture(ctx, id, n)
}

type bodyCutShort struct{ storage.Store }

func (s bodyCutShort) Body(ctx context.Context, id policy.ID, n policy.CaptureID) ([]byte, error) {
	b, err := s.Store.Body(ctx, id, n)
	return b[:len(b)/2], err
}

type oldestChecks struct{ storage.Store }

func (s oldestChecks) Checks(ctx context.Context, id policy.ID, q storage.CheckQuery) ([]policy.Check, error) {
	out, err := s.Store.Checks(ctx, id, storage.CheckQuery{Since: q.Since})
	slices.Reverse(out)
	if q.Limit > 0 && len(out) > q.Limit {
		out = out[:q.Limit]
	}
	return out, err
}

type allChanges struct{ storage.Store }

func (s allChanges) Recent(ctx context.Context, q storage.RecentQuery) ([]policy.Version, error) {
	return s.Store.Recent(ctx, storage.RecentQuery{Limit: q.Limit})
}

type forgetsDelivery struct{ storage.Store }

func (s forgetsDelivery) SettleAlert(ctx context.Context, id string, o storage.Settlement) error {
	if o.State == policy.AlertDelivered {
		o.State = policy.AlertPending
	}
	return s.Store.SettleAlert(ctx, id, o)
}

type keepsClaims struct{ storage.Store }

func (keepsClaims) Release(context.Context, storage.Claim) error { return nil }

type deletesRetired struct{ storage.Store }

func (s deletesRetired) States(ctx context.Context) ([]policy.State, error) {
	out, err := s.Store.States(ctx)
	return slices.DeleteFunc(out, func(st policy.State) bool { return st.Retired }), err
}

type localTimes struct{ storage.Store }

func (s localTimes) Version(ctx context.Context, id policy.ID, n int) (policy.Version, error) {
	v, err := s.Store.Version(ctx, id, n)
	v.FirstSeenAt = v.FirstSeenAt.In(time.FixedZone("local", 3600))
	return v, err
}

type silentlyEmpty struct{ storage.Store }

func (s silentlyEmpty) Versions(ctx context.Context, id policy.ID) ([]policy.Version, error) {
	out, _ := s.Store.Versions(ctx, id)
	return out, nil
}
