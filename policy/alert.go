package policy

import "time"

// AlertState is where an alert stands in the outbox.
type AlertState string

// The alert states. Pending alerts are tried again until they are delivered or
// dead; parked ones wait because their receiver is broken or gone.
const (
	AlertPending   AlertState = "pending"
	AlertDelivered AlertState = "delivered"
	AlertDead      AlertState = "dead"
	AlertParked    AlertState = "parked"
)

// Alert is one event for one receiver: a row of the outbox. It carries no
// rendered text, so that a better template also serves waiting alerts.
type Alert struct {
	ID       string     `json:"id"`
	Receiver string     `json:"receiver"`
	Event    Event      `json:"event"`
	State    AlertState `json:"state"`
	// Seq orders the alerts of a store; given at commit.
	Seq       uint64    `json:"seq"`
	CreatedAt time.Time `json:"created_at"`
	// NextAttempt is the earliest time of the next try.
	NextAttempt time.Time `json:"next_attempt,omitzero"`
	Attempts    int       `json:"attempts"`
	LastAttempt time.Time `json:"last_attempt,omitzero"`
	DeliveredAt time.Time `json:"delivered_at,omitzero"`
	LastError   string    `json:"last_error,omitempty"`
	// Receipt is what the receiver gave in return for a delivery, such as the
	// address of an archive's capture; empty for most.
	Receipt string `json:"receipt,omitempty"`
}

// NewAlert returns the pending alert that carries e to receiver.
func NewAlert(e Event, receiver string, now time.Time) Alert {
	return Alert{
		ID: AlertID(e.ID, receiver), Receiver: receiver, Event: e,
		State: AlertPending, CreatedAt: now, NextAttempt: now,
	}
}
