package bolt

import (
	"context"
	"errors"
	"fmt"
	"time"

	"watcher/policy"
)

// Sync implements storage.Store. A former id is taken over only when it is not
// among policies itself; the claim of a check that runs under the old id is
// void from then on.
func (db *DB) Sync(ctx context.Context, policies []policy.Policy, now time.Time) error {
	wanted := make(map[policy.ID]bool, len(policies))
	for _, p := range policies {
		if _, err := policy.ParseID(string(p.ID)); err != nil {
			return fmt.Errorf("sync: %w", err)
		}
		if wanted[p.ID] {
			return fmt.Errorf("sync: policy %q is listed twice", p.ID)
		}
		wanted[p.ID] = true
	}
	return db.update(ctx, func(t *tx) error {
		for _, p := range policies {
			if err := t.syncPolicy(p, wanted, now); err != nil {
				return fmt.Errorf("sync policy %q: %w", p.ID, err)
			}
		}
		if err := t.retireOthers(wanted); err != nil {
			return err
		}
		return t.markCreated(now)
	})
}

func (t *tx) syncPolicy(p policy.Policy, wanted map[policy.ID]bool, now time.Time) error {
	k, err := t.lookup(p.ID)
	if errors.Is(err, policy.ErrNotFound) {
		if k, err = t.takeOver(p, wanted); err == nil && k == 0 {
			return t.addPolicy(p, now)
		}
	}
	if err != nil {
		return err
	}
	old, err := t.state(k)
	if err != nil {
		return err
	}
	s := copyConfig(old, p)
	s.ID, s.Retired = p.ID, false
	if latest := now.Add(p.Interval + p.Interval/4); old.Retired || old.Disabled || old.URL != p.URL {
		s.NextCheck = now
	} else if p.Interval > 0 && s.NextCheck.After(latest) {
		s.NextCheck = latest
	}
	if same, err := equalJSON(old, s); same || err != nil {
		return err
	}
	return t.putState(k, old, s)
}

// copyConfig returns s with the copies that a state keeps of p.
func copyConfig(s policy.State, p policy.Policy) policy.State {
	s.Vendor, s.Kind, s.Lang, s.URL, s.Disabled = p.Vendor, p.Kind, p.Lang, p.URL, p.Disabled
	return s
}

// equalJSON reports whether two states would be stored alike.
func equalJSON(a, b policy.State) (bool, error) {
	x, err := marshal(a)
	if err != nil {
		return false, err
	}
	y, err := marshal(b)
	return string(x) == string(y), err
}

// takeOver moves the history of the first known former id to p.ID and returns
// its key, 0 when there is none.
func (t *tx) takeOver(p policy.Policy, wanted map[policy.ID]bool) (policyKey, error) {
	for _, former := range p.Formerly {
		if wanted[former] {
			continue
		}
		k, err := t.lookup(former)
		if errors.Is(err, policy.ErrNotFound) {
			continue
		}
		if err != nil {
			return 0, err
		}
		return k, t.rename(k, former, p.ID)
	}
	return 0, nil
}

func (t *tx) rename(k policyKey, from, to policy.ID) error {
	if err := t.delete(idBucket, []byte(from)); err != nil {
		return err
	}
	if err := t.putName(k, to); err != nil {
		return err
	}
	l, err := t.lease(k)
	if err != nil || !l.Held {
		return err
	}
	return t.putLease(k, lease{Fence: l.Fence})
}

func (t *tx) putName(k policyKey, id policy.ID) error {
	if err := t.put(idBucket, []byte(id), k.bytes()); err != nil {
		return err
	}
	return t.put(nameBucket, k.bytes(), []byte(id))
}

func (t *tx) addPolicy(p policy.Policy, now time.Time) error {
	n, err := t.next(nameBucket)
	if err != nil {
		return err
	}
	k := policyKey(n)
	if taken, err := t.get(nameBucket, k.bytes()); err != nil || taken != nil {
		return errors.Join(err, damaged(nameBucket, k.bytes(), "the key is taken, although it is the next free one"))
	}
	if err := t.putName(k, p.ID); err != nil {
		return err
	}
	s := copyConfig(policy.State{ID: p.ID, Added: now, NextCheck: now}, p)
	return t.putState(k, s, s)
}

func (t *tx) retireOthers(wanted map[policy.ID]bool) error {
	var gone []policy.ID
	err := t.scan(idBucket, nil, func(key, _ []byte) error {
		if !wanted[policy.ID(key)] {
			gone = append(gone, policy.ID(key))
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, id := range gone {
		k, old, err := t.lookupState(id)
		if err != nil {
			return err
		}
		if old.Retired {
			continue
		}
		s := old
		s.Retired = true
		if err := t.putState(k, old, s); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) markCreated(now time.Time) error {
	payload, err := t.get(metaBucket, []byte(metaCreated))
	if err != nil || payload != nil {
		return err
	}
	return t.put(metaBucket, []byte(metaCreated), appendTime(nil, now))
}
