package alerts

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"watcher/policy"
)

// tellBroken tells through the other receivers that one is broken, at most
// once a day: a receiver that is broken stays so over restarts.
func (d *Dispatcher) tellBroken(ctx context.Context, receiver string, failure *SendError) {
	now := d.clock().UTC()
	day := now.Truncate(24 * time.Hour)
	e := policy.Event{
		ID:   policy.EventID(policy.ID(receiver), policy.EventReceiverBroken, policy.Digest{}, policy.Digest{}, day),
		Type: policy.EventReceiverBroken, At: now, FirstSeenAt: now,
		Summary: fmt.Sprintf("Alerts for the receiver “%s” cannot be delivered and are parked.", receiver),
		Rule:    failure.Reason, Detail: failure.Error(),
	}
	// The same integration of the same receiver is not to tell of itself.
	others := slices.DeleteFunc(d.alertsFor(e, now), func(a policy.Alert) bool { return a.Receiver == receiver })
	if len(others) == 0 {
		others = slices.DeleteFunc(d.everybody(e, now), func(a policy.Alert) bool { return a.Receiver == receiver })
	}
	if len(others) == 0 {
		return // nobody is left to tell: the log and the metrics have it
	}
	if _, err := d.store.AddAlerts(context.WithoutCancel(ctx), others); err != nil {
		d.logger.Error("the other receivers cannot be told of a broken one", "receiver", receiver, "error", err)
		return
	}
	d.Wake()
}

// alertsFor routes an event of the dispatcher's own, to everybody when there is
// no route for it.
func (d *Dispatcher) alertsFor(e policy.Event, now time.Time) []policy.Alert {
	var out []policy.Alert
	if d.route != nil {
		out = d.route(e, now)
	}
	if len(out) == 0 {
		out = d.everybody(e, now)
	}
	return out
}

// everybody makes an alert for each receiver that people or programs read.
func (d *Dispatcher) everybody(e policy.Event, now time.Time) []policy.Alert {
	var out []policy.Alert
	senders := d.snapshot()
	for _, name := range slices.Sorted(maps.Keys(senders)) {
		if _, archives := senders[name].(*SavePage); !archives {
			out = append(out, policy.NewAlert(e, name, now))
		}
	}
	return out
}

// receiverName returns the receiver of an outlet: "team" of "team/slack".
func receiverName(outlet string) string {
	name, _, _ := strings.Cut(outlet, "/")
	return name
}
