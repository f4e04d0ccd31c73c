package storagetest

import (
	"fmt"
	"time"

	"watcher/policy"
	"watcher/storage"
)

func outboxCases() []Case {
	return []Case{
		{"leased alerts are hidden until the lease expires", leaseHides},
		{"alerts are handed out in order", leaseOrder},
		{"a failed attempt waits for its time", retryTime},
		{"delivered, dead and parked alerts are not handed out", settled},
		{"a late settlement undoes nothing", lateSettlement},
		{"a requeued alert is due at once", requeue},
		{"receivers do not see each other's alerts", receivers},
	}
}

// alerts commits n changes of alpha and returns the ids of the alerts for
// team, oldest first.
func (p *probe) alerts(n int) []string {
	p.sync(at(0), alpha)
	p.tell(alpha, "your name", at(0))
	for i := range n {
		p.tell(alpha, fmt.Sprintf("your name and %d more", i), at(i+1))
	}
	all := get[[]policy.Alert](p, "alerts")(p.store.Alerts(p.ctx, storage.AlertQuery{Receiver: team}))
	p.equal("number of alerts", len(all), n)
	return alertIDs(all)
}

func (p *probe) settle(id string, s policy.AlertState, t, next time.Time) {
	p.must("settle", p.store.SettleAlert(p.ctx, id, storage.Settlement{State: s, At: t, NextAttempt: next, Error: "reason"}))
}

func (p *probe) alert(id string) policy.Alert {
	return get[policy.Alert](p, "alert")(p.store.Alert(p.ctx, id))
}

func leaseHides(p *probe) {
	ids := p.alerts(2)
	p.equal("first lease", p.lease(team, at(9), 0), ids)
	p.equal("while leased", p.lease(team, at(9).Add(leaseFor-1), 0), []string(nil))
	p.equal("expired", p.lease(team, at(9).Add(leaseFor), 1), ids[:1])
	p.equal("the second waits for the first", p.lease(team, at(9).Add(leaseFor), 0), []string(nil))
}

func leaseOrder(p *probe) {
	ids := p.alerts(4)
	got, err := p.store.LeaseAlerts(p.ctx, storage.LeaseQuery{Receiver: team, Owner: "probe", Now: at(9), For: leaseFor, Limit: 2})
	p.must("lease", err)
	p.equal("first two", alertIDs(got), ids[:2])
	p.equal("alert as handed out", got[0], p.alert(ids[0]))
	for i := 1; i < len(got); i++ {
		if got[i].Seq <= got[i-1].Seq {
			p.failf("sequence went from %d to %d", got[i-1].Seq, got[i].Seq)
		}
	}
	p.settle(ids[0], policy.AlertDelivered, at(9), time.Time{})
	p.equal("stopped by the second", p.lease(team, at(9), 0), []string(nil))
	p.settle(ids[1], policy.AlertDelivered, at(9), time.Time{})
	p.equal("the rest", p.lease(team, at(9), 0), ids[2:])
}

func retryTime(p *probe) {
	ids := p.alerts(2)
	p.lease(team, at(9), 1)
	p.settle(ids[0], policy.AlertPending, at(9), at(10))
	a := p.alert(ids[0])
	p.equal("after an attempt", []any{a.State, a.Attempts, a.LastAttempt, a.NextAttempt, a.LastError},
		[]any{policy.AlertPending, 1, at(9), at(10), "reason"})
	p.equal("before its time", p.lease(team, at(10).Add(-1), 0), []string(nil))
	p.equal("at its time", p.lease(team, at(10), 0), ids)
	p.settle(ids[0], policy.AlertPending, at(11), at(11))
	p.equal("attempts", p.alert(ids[0]).Attempts, 2)
}

func settled(p *probe) {
	ids := p.alerts(4)
	p.lease(team, at(9), 0)
	p.settle(ids[0], policy.AlertDelivered, at(9), time.Time{})
	p.settle(ids[1], policy.AlertDead, at(9), time.Time{})
	p.settle(ids[2], policy.AlertParked, at(9), time.Time{})
	delivered := p.alert(ids[0])
	p.equal("delivered", []any{delivered.State, delivered.DeliveredAt, delivered.Attempts}, []any{policy.AlertDelivered, at(9), 1})
	p.equal("what is left", p.lease(team, at(20), 0), ids[3:])
	if err := p.store.SettleAlert(p.ctx, ids[3], storage.Settlement{State: "lost", At: at(20)}); err == nil {
		p.failf("an alert was given a state that does not exist")
	}
}

func lateSettlement(p *probe) {
	ids := p.alerts(2)
	p.lease(team, at(9), 0)
	p.settle(ids[0], policy.AlertDelivered, at(9), time.Time{})
	before := p.alert(ids[0])
	p.settle(ids[0], policy.AlertPending, at(10), at(10))
	p.equal("a delivered alert after a late failure", p.alert(ids[0]), before)
	p.settle(ids[1], policy.AlertDead, at(9), time.Time{})
	p.settle(ids[1], policy.AlertDelivered, at(10), time.Time{})
	p.equal("a dead alert that was delivered after all", p.alert(ids[1]).State, policy.AlertDelivered)
	p.equal("due", p.lease(team, at(30), 0), []string(nil))
}

func requeue(p *probe) {
	ids := p.alerts(3)
	p.lease(team, at(9), 0)
	for i, s := range []policy.AlertState{policy.AlertDelivered, policy.AlertDead, policy.AlertParked} {
		p.settle(ids[i], s, at(9), time.Time{})
	}
	p.equal("due", p.lease(team, at(10), 0), []string(nil))
	for _, id := range reversed(ids) {
		p.must("requeue", p.store.RequeueAlert(p.ctx, id, at(10)))
	}
	a := p.alert(ids[0])
	p.equal("requeued", []any{a.ID, a.State, a.NextAttempt, a.DeliveredAt}, []any{ids[0], policy.AlertPending, at(10), time.Time{}})
	p.equal("due after requeueing, in the old order", p.lease(team, at(10), 0), ids)
}

func receivers(p *probe) {
	ids := p.alerts(2)
	hooked := p.lease(hook, at(9), 0)
	p.equal("alerts of the other receiver", len(hooked), 2)
	p.equal("unknown receiver", p.lease("privacy", at(9), 0), []string(nil))
	p.equal("no receiver", p.lease("", at(9), 0), []string(nil))
	p.equal("own alerts", p.lease(team, at(9), 0), ids)
	for _, id := range hooked {
		p.equal("receiver", p.alert(id).Receiver, hook)
	}
}
