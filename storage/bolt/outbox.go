package bolt

import (
	"context"
	"fmt"
	"time"

	"watcher/policy"
	"watcher/storage"
)

// LeaseAlerts implements storage.Store. Delivered alerts cost it nothing: it
// walks the queue, in which only the undelivered ones are.
func (db *DB) LeaseAlerts(ctx context.Context, q storage.LeaseQuery) ([]policy.Alert, error) {
	var out []policy.Alert
	err := db.update(ctx, func(t *tx) error {
		pick := t.deliverable
		if len(q.IDs) > 0 {
			pick = t.named
		}
		rows, err := pick(q)
		if err != nil {
			return err
		}
		out = nil
		for _, row := range rows {
			row.Owner, row.Until, row.Session = q.Owner, q.Now.Add(q.For).UTC(), t.session
			if err := t.putAlert(row); err != nil {
				return err
			}
			if err := t.dressAlert(&row); err != nil {
				return err
			}
			out = append(out, row.Alert)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (t *tx) deliverable(q storage.LeaseQuery) ([]alertRow, error) {
	var rows []alertRow
	err := t.scan(queueBucket, queuePrefix(policy.AlertPending, q.Receiver), func(key, _ []byte) error {
		_, receiver, seq, err := parseQueueKey(key)
		if err != nil || receiver != q.Receiver {
			return err
		}
		row, err := t.alertAt(seq)
		if err != nil {
			return err
		}
		if row.NextAttempt.After(q.Now) || row.leased(t.session, q.Now) || q.Limit > 0 && len(rows) == q.Limit {
			return errStop
		}
		rows = append(rows, row)
		return nil
	})
	return rows, err
}

// SettleAlert implements storage.Store. What comes late does not undo what is
// settled: of an alert that waits no more only its delivery is recorded. A
// settlement without At moves the alert without counting an attempt.
func (db *DB) SettleAlert(ctx context.Context, id string, s storage.Settlement) error {
	switch s.State {
	case policy.AlertPending, policy.AlertDelivered, policy.AlertDead, policy.AlertParked, policy.AlertSilenced:
	default:
		return fmt.Errorf("settle alert %q: unknown state %q", id, s.State)
	}
	return db.update(ctx, func(t *tx) error { return t.settleAlert(id, s) })
}

func (t *tx) settleAlert(id string, s storage.Settlement) error {
	row, err := t.alert(id)
	if err != nil {
		return err
	}
	if row.State != policy.AlertPending && s.State != policy.AlertDelivered {
		return nil
	}
	before := row.Alert
	row.settle(s)
	return t.moveAlert(before, row)
}

func (a *alertRow) settle(s storage.Settlement) {
	a.release()
	a.State, a.LastError, a.NextAttempt = s.State, s.Error, time.Time{}
	if s.State == policy.AlertPending {
		a.NextAttempt = s.NextAttempt.UTC()
	}
	if !s.At.IsZero() {
		a.Attempts++
		a.LastAttempt = s.At.UTC()
	}
	if s.State == policy.AlertSilenced {
		a.SilencedBy = s.Silence
	}
	if s.State == policy.AlertDelivered {
		a.DeliveredAt, a.Receipt = s.At.UTC(), s.Receipt
	}
}

// RequeueAlert implements storage.Store. The attempts made so far stay on
// record. An alert that is pending already is only made due.
func (db *DB) RequeueAlert(ctx context.Context, id string, now time.Time) error {
	return db.update(ctx, func(t *tx) error {
		row, err := t.alert(id)
		if err != nil {
			return err
		}
		before := row.Alert
		if before.State != policy.AlertPending {
			row.release()
		}
		row.State, row.NextAttempt, row.DeliveredAt = policy.AlertPending, now.UTC(), time.Time{}
		row.Group, row.NotBefore, row.Batch = policy.GroupAlone, time.Time{}, ""
		return t.moveAlert(before, row)
	})
}

func (t *tx) putAlert(row alertRow) error {
	return t.putJSON(outboxBucket, number(row.Seq), row)
}

// moveAlert writes the row and, when its state changed, its place in the queue.
func (t *tx) moveAlert(before policy.Alert, row alertRow) error {
	if before.State != row.State {
		if queueLetter(before.State) != 0 {
			if err := t.delete(queueBucket, queueKey(before)); err != nil {
				return err
			}
		}
		if err := t.enqueue(row.Alert); err != nil {
			return err
		}
	}
	return t.putAlert(row)
}

// enqueue adds an undelivered alert to the queue.
func (t *tx) enqueue(a policy.Alert) error {
	if queueLetter(a.State) == 0 {
		return nil
	}
	due := a.CreatedAt
	if a.NotBefore.After(due) {
		due = a.NotBefore
	}
	return t.put(queueBucket, queueKey(a), appendTime(nil, due))
}
