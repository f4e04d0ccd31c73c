package bolt

import (
	"context"
	"errors"
	"slices"

	"watcher/policy"
	"watcher/storage"
)

// Claim implements storage.Store. An unknown id in q.IDs is
// policy.ErrNotFound, and nothing is claimed.
func (db *DB) Claim(ctx context.Context, q storage.ClaimQuery) ([]storage.Claim, error) {
	var claims []storage.Claim
	err := db.update(ctx, func(t *tx) error {
		due, err := t.candidates(q)
		if err != nil {
			return err
		}
		claims = nil
		for _, c := range due {
			if err := t.putLease(c.key, c.lease); err != nil {
				return err
			}
			claims = append(claims, storage.Claim{
				Policy: c.state.ID, Owner: q.Owner, Fence: c.lease.Fence, Until: c.lease.Until, State: c.state,
			})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return claims, nil
}

// candidate is a policy that may be claimed, with the lease it will get.
type candidate struct {
	key   policyKey
	state policy.State
	lease lease
}

func (t *tx) candidates(q storage.ClaimQuery) ([]candidate, error) {
	if len(q.IDs) > 0 {
		return t.candidatesByID(q)
	}
	var out []candidate
	last := appendTime(nil, q.Now)
	err := t.scan(dueBucket, nil, func(key, _ []byte) error {
		if string(key[:timeLen]) > string(last) || q.Limit > 0 && len(out) == q.Limit {
			return errStop
		}
		n, err := parseNumber(key)
		if err != nil {
			return err
		}
		c, ok, err := t.candidate(policyKey(n), q)
		if err == nil && ok {
			out = append(out, c)
		}
		return err
	})
	return out, err
}

func (t *tx) candidatesByID(q storage.ClaimQuery) ([]candidate, error) {
	var out []candidate
	for _, id := range q.IDs {
		k, err := t.lookup(id)
		if err != nil {
			return nil, err
		}
		c, ok, err := t.candidate(k, q)
		if err != nil {
			return nil, err
		}
		listed := slices.ContainsFunc(out, func(o candidate) bool { return o.key == k })
		if ok && !listed && (q.Limit <= 0 || len(out) < q.Limit) {
			out = append(out, c)
		}
	}
	return out, nil
}

func (t *tx) candidate(k policyKey, q storage.ClaimQuery) (candidate, bool, error) {
	l, err := t.lease(k)
	if err != nil || l.live(t.session, q.Now) {
		return candidate{}, false, err
	}
	s, err := t.state(k)
	if err != nil || s.Retired {
		return candidate{}, false, err
	}
	if s.ID, err = t.name(k); err != nil {
		return candidate{}, false, err
	}
	l = lease{Fence: l.Fence + 1, Held: true, Owner: q.Owner, Until: q.Now.Add(q.For).UTC(), Session: t.session}
	return candidate{key: k, state: s, lease: l}, true, nil
}

// Release implements storage.Store.
func (db *DB) Release(ctx context.Context, c storage.Claim) error {
	return db.update(ctx, func(t *tx) error {
		k, err := t.lookup(c.Policy)
		if errors.Is(err, policy.ErrNotFound) {
			return nil // renamed since, and the claim lost with it
		}
		if err != nil {
			return err
		}
		l, err := t.lease(k)
		if err != nil || !l.holds(c, t.session) {
			return err
		}
		return t.putLease(k, lease{Fence: l.Fence})
	})
}
