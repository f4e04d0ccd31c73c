package policy

import "time"

// AlertState is where an alert stands in the outbox.
type AlertState string

// The alert states. Pending alerts are tried again until they are delivered or
// dead; parked ones wait because their receiver is broken or gone, held ones
// because the mass-change breaker is open. Silenced ones matched a silence and
// are kept without being told.
const (
	AlertPending   AlertState = "pending"
	AlertDelivered AlertState = "delivered"
	AlertDead      AlertState = "dead"
	AlertParked    AlertState = "parked"
	AlertHeld      AlertState = "held"
	AlertSilenced  AlertState = "silenced"
)

// AlertStates returns all states, those that wait first.
func AlertStates() []AlertState {
	return []AlertState{AlertPending, AlertHeld, AlertParked, AlertDead, AlertSilenced, AlertDelivered}
}

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
	// Group names the alerts of a receiver that go out together as one message;
	// one without goes out alone.
	Group string `json:"group,omitempty"`
	// NotBefore is when its message is due: the end of a group's wait or the
	// hour of a digest. Zero is at once.
	NotBefore time.Time `json:"not_before,omitzero"`
	// Batch is the id of the message that it was last sent in with others.
	Batch string `json:"batch,omitempty"`
	// SilencedBy is the silence that it matched. It stays when the alert is
	// redelivered by hand, which that silence does not stop.
	SilencedBy string `json:"silenced_by,omitempty"`
}

// GroupAlone is the group of an alert that goes out by itself, whatever else
// waits: a person asked for it.
const GroupAlone = "alone"

// NewAlert returns the pending alert that carries e to receiver.
func NewAlert(e Event, receiver string, now time.Time) Alert {
	return Alert{
		ID: AlertID(e.ID, receiver), Receiver: receiver, Event: e,
		State: AlertPending, CreatedAt: now, NextAttempt: now,
	}
}
