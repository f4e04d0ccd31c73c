package alerts

import (
	"context"
	"errors"

	"watcher/policy"
)

// compose makes the message of a unit.
func (d *Dispatcher) compose(ctx context.Context, u unit) (Message, error) {
	members := make([]Message, len(u.alerts))
	for i, a := range u.alerts {
		m, err := d.message(ctx, a)
		if err != nil {
			return Message{}, err
		}
		members[i] = m
	}
	if len(members) > 1 {
		return digest(u.id, d.external, members, d.clock().UTC()), nil
	}
	members[0].AlertID = u.id
	return members[0], nil
}

// message joins an alert with its change.
func (d *Dispatcher) message(ctx context.Context, a policy.Alert) (Message, error) {
	m := Message{
		AlertID: a.ID, Event: a.Event, Links: linksFor(d.external, a.Event),
		SentAt: d.clock().UTC(), Test: a.Event.Type == policy.EventTest,
	}
	if !hasChange(a.Event) {
		return m, nil
	}
	change, err := d.store.Change(context.WithoutCancel(ctx), a.Event.Policy.ID, a.Event.To.Version)
	switch {
	case err == nil:
		m.Change = &change
	case errors.Is(err, policy.ErrNotFound):
	case a.Attempts < unreadableTries:
		return Message{}, err
	default:
		m.Event.Detail = "the stored record of the change is damaged or unreadable: check the store with “watcher db verify”"
		d.logger.Error("alert goes out without its change", "alert", a.ID, "error", err)
	}
	return m, nil
}

// hasChange reports whether e is about a change that the store holds.
func hasChange(e policy.Event) bool {
	return (e.Type == policy.EventPolicyChanged || e.Type == policy.EventPolicyReverted) &&
		e.To != nil && e.To.Version > 0
}
