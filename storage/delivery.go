package storage

import (
	"context"
	"time"

	"watcher/policy"
)

// Delivery is what telling people needs beyond single alerts. Every method is
// one transaction.
type Delivery interface {
	// SettleAlerts is SettleAlert for the alerts of one message: all or none.
	SettleAlerts(ctx context.Context, ids []string, s Settlement) error
	// ShiftAlerts moves waiting alerts from one state to another without an
	// attempt and returns how many. Leased ones stay.
	ShiftAlerts(ctx context.Context, q ShiftQuery) (int, error)
	// AddAlerts adds alerts that no check brought about, and returns how many
	// were new; one whose id is known stays as it is.
	AddAlerts(ctx context.Context, alerts []policy.Alert) (int, error)

	// PutSilence stores a silence in place of the one with the same id.
	PutSilence(ctx context.Context, s policy.Silence) error
	// SetBreaker replaces the state of the mass-change breaker.
	SetBreaker(ctx context.Context, b policy.Breaker) error
}

// ShiftQuery says which alerts are to move where.
type ShiftQuery struct {
	// From and To are AlertPending, AlertParked or AlertHeld.
	From, To policy.AlertState
	// Receiver and Events select alerts; empty means all.
	Receiver string
	Events   []policy.EventType
	// Now is the time of the next attempt of alerts that become pending.
	Now time.Time
	// Error is why they do not go out; empty leaves what is on record.
	Error string
	// Group, when set, becomes the group of the alerts, which is due at once.
	Group string
}
