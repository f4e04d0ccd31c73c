package bolt

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"watcher/policy"
	"watcher/storage"
)

// named returns the alerts that a query names, none of them when one of them
// cannot be had.
func (t *tx) named(q storage.LeaseQuery) ([]alertRow, error) {
	var rows []alertRow
	for _, id := range q.IDs {
		row, err := t.alert(id)
		if err != nil {
			return nil, err
		}
		if row.State != policy.AlertPending || row.Receiver != q.Receiver || row.leased(t.session, q.Now) {
			return nil, nil
		}
		row.Batch = q.Batch
		rows = append(rows, row)
	}
	return rows, nil
}

// SettleAlerts implements storage.Delivery.
func (db *DB) SettleAlerts(ctx context.Context, ids []string, s storage.Settlement) error {
	switch s.State {
	case policy.AlertPending, policy.AlertDelivered, policy.AlertDead, policy.AlertParked, policy.AlertSilenced:
	default:
		return fmt.Errorf("settle alerts: unknown state %q", s.State)
	}
	return db.update(ctx, func(t *tx) error {
		// Looked up before anything is written: a request that fails must not
		// have written.
		for _, id := range ids {
			if _, err := t.alert(id); err != nil {
				return err
			}
		}
		for _, id := range ids {
			if err := t.settleAlert(id, s); err != nil {
				return err
			}
		}
		return nil
	})
}

// ShiftAlerts implements storage.Delivery.
func (db *DB) ShiftAlerts(ctx context.Context, q storage.ShiftQuery) (n int, err error) {
	for _, s := range []policy.AlertState{q.From, q.To} {
		if s != policy.AlertPending && s != policy.AlertParked && s != policy.AlertHeld {
			return 0, fmt.Errorf("shift alerts: not a state to wait in: %q", s)
		}
	}
	if any, err := db.waiting(ctx, q); err != nil || !any {
		return 0, err // most calls find nothing, and need no write
	}
	err = db.update(ctx, func(t *tx) error {
		rows, err := t.shifting(q)
		if err != nil {
			return err
		}
		n = len(rows)
		for _, row := range rows {
			before := row.Alert
			row.shift(q)
			if err := t.moveAlert(before, row); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

// waiting reports whether anything is to be shifted.
func (db *DB) waiting(ctx context.Context, q storage.ShiftQuery) (bool, error) {
	return query(ctx, db, func(t *tx) (bool, error) {
		rows, err := t.shifting(q)
		return len(rows) > 0, err
	})
}

func (t *tx) shifting(q storage.ShiftQuery) ([]alertRow, error) {
	var seqs []uint64
	err := t.scan(queueBucket, []byte{queueLetter(q.From)}, func(key, _ []byte) error {
		_, receiver, seq, err := parseQueueKey(key)
		if err == nil && (q.Receiver == "" || q.Receiver == receiver) {
			seqs = append(seqs, seq)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	var rows []alertRow
	for _, seq := range seqs {
		row, err := t.alertAt(seq)
		if err != nil {
			return nil, err
		}
		if row.leased(t.session, q.Now) || len(q.Events) > 0 && !slices.Contains(q.Events, row.Event.Type) {
			continue
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func (a *alertRow) shift(q storage.ShiftQuery) {
	a.release()
	a.State, a.NextAttempt = q.To, time.Time{}
	if q.To == policy.AlertPending {
		a.NextAttempt = q.Now.UTC()
	}
	if q.Error != "" {
		a.LastError = q.Error
	}
	if q.Group != "" {
		a.Group, a.NotBefore, a.Batch = q.Group, time.Time{}, ""
	}
}

// AddAlerts implements storage.Delivery.
func (db *DB) AddAlerts(ctx context.Context, alerts []policy.Alert) (n int, err error) {
	err = db.update(ctx, func(t *tx) error {
		n = 0
		for _, a := range alerts {
			_, err := t.alert(a.ID)
			if err == nil {
				continue
			}
			if !errors.Is(err, policy.ErrNotFound) {
				return err
			}
			k, err := t.keyOf(a.Event.Policy.ID)
			if err != nil {
				return err
			}
			if err := t.addAlert(alertRow{Alert: utcAlert(a), Key: k}); err != nil {
				return err
			}
			n++
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}
