package bolt

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"watcher/policy"
	"watcher/storage"
)

// Alerts implements storage.Reader.
func (db *DB) Alerts(ctx context.Context, q storage.AlertQuery) ([]policy.Alert, error) {
	return query(ctx, db, func(t *tx) ([]policy.Alert, error) {
		f := alertFilter{AlertQuery: q}
		if q.Policy != "" {
			k, err := t.lookup(q.Policy)
			if err != nil && !errors.Is(err, policy.ErrNotFound) {
				return nil, err
			}
			f.key = k
		}
		queued := func(s policy.AlertState) bool { return queueLetter(s) != 0 }
		if len(q.States) > 0 && !slices.ContainsFunc(q.States, func(s policy.AlertState) bool { return !queued(s) }) {
			return f.fromQueue(t)
		}
		return f.fromOutbox(t)
	})
}

// alertFilter gathers the alerts that match a query. A policy is compared by
// its key, so that it finds alerts from before a rename, too.
type alertFilter struct {
	storage.AlertQuery
	key policyKey
	out []policy.Alert
}

// add takes the row when it matches, and stops the scan at the limit.
func (f *alertFilter) add(t *tx, row alertRow) error {
	switch {
	case f.Limit > 0 && len(f.out) == f.Limit:
		return errStop
	case f.Receiver != "" && row.Receiver != f.Receiver,
		f.Policy != "" && !f.about(row),
		len(f.States) > 0 && !slices.Contains(f.States, row.State):
		return nil
	}
	err := t.dressAlert(&row)
	f.out = append(f.out, row.Alert)
	return err
}

func (f *alertFilter) about(row alertRow) bool {
	if row.Key == 0 {
		return row.Event.Policy.ID == f.Policy
	}
	return row.Key == f.key
}

func (f *alertFilter) fromOutbox(t *tx) ([]policy.Alert, error) {
	err := t.scan(outboxBucket, nil, func(_, payload []byte) error {
		var row alertRow
		if err := unmarshal(payload, &row); err != nil {
			return err
		}
		return f.add(t, row)
	})
	return f.out, err
}

// fromQueue serves queries for undelivered alerts without a look at the
// delivered ones, which are kept for ever.
func (f *alertFilter) fromQueue(t *tx) ([]policy.Alert, error) {
	var seqs []uint64
	err := t.scan(queueBucket, nil, func(key, _ []byte) error {
		letter, receiver, seq, err := parseQueueKey(key)
		if err != nil {
			return err
		}
		wanted := slices.ContainsFunc(f.States, func(s policy.AlertState) bool { return queueLetter(s) == letter })
		if wanted && (f.Receiver == "" || f.Receiver == receiver) {
			seqs = append(seqs, seq)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.Sort(seqs)
	for _, seq := range seqs {
		row, err := t.alertAt(seq)
		if err == nil {
			err = f.add(t, row)
		}
		if err != nil {
			return f.out, ignoreStop(err)
		}
	}
	return f.out, nil
}

// Alert implements storage.Reader.
func (db *DB) Alert(ctx context.Context, id string) (policy.Alert, error) {
	row, err := query(ctx, db, func(t *tx) (alertRow, error) {
		row, err := t.alert(id)
		if err != nil {
			return row, err
		}
		return row, t.dressAlert(&row)
	})
	return row.Alert, err
}

// outboxStats summarises the queue by receiver.
func (t *tx) outboxStats() ([]storage.OutboxStats, error) {
	by := map[string]*storage.OutboxStats{}
	err := t.scan(queueBucket, nil, func(key, payload []byte) error {
		letter, receiver, _, err := parseQueueKey(key)
		if err != nil {
			return err
		}
		created, err := parseTime(payload)
		if err != nil {
			return err
		}
		s := by[receiver]
		if s == nil {
			s = &storage.OutboxStats{Receiver: receiver}
			by[receiver] = s
		}
		count(s, letter, created)
		return nil
	})
	if err != nil {
		return nil, err
	}
	var out []storage.OutboxStats
	for s := range maps.Values(by) {
		out = append(out, *s)
	}
	slices.SortFunc(out, func(a, b storage.OutboxStats) int { return cmp.Compare(a.Receiver, b.Receiver) })
	return out, nil
}

func count(s *storage.OutboxStats, letter byte, created time.Time) {
	switch letter {
	case queueLetter(policy.AlertPending):
		s.Pending++
		if s.OldestPending.IsZero() || created.Before(s.OldestPending) {
			s.OldestPending = created
		}
	case queueLetter(policy.AlertParked):
		s.Parked++
	case queueLetter(policy.AlertHeld):
		s.Held++
	case queueLetter(policy.AlertDead):
		s.Dead++
	}
}
