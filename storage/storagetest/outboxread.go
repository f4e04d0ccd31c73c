package storagetest

import (
	"time"

	"watcher/policy"
	"watcher/storage"
)

func outboxReadCases() []Case {
	return []Case{
		{"alerts are listed by receiver, policy and state", listAlerts},
		{"the outbox is summarised by receiver", summary},
	}
}

func listAlerts(p *probe) {
	p.history()
	list := func(q storage.AlertQuery) []policy.Alert {
		return get[[]policy.Alert](p, "alerts")(p.store.Alerts(p.ctx, q))
	}
	all := list(storage.AlertQuery{})
	p.equal("number of alerts", len(all), 6)
	for i := 1; i < len(all); i++ {
		if all[i].Seq <= all[i-1].Seq {
			p.failf("alerts are not listed oldest first")
		}
	}
	p.equal("first three", list(storage.AlertQuery{Limit: 3}), all[:3])
	for _, q := range []storage.AlertQuery{
		{Receiver: team},
		{Receiver: hook},
		{Policy: alpha},
		{Policy: beta, Receiver: hook},
		{Policy: nowhere},
		{Receiver: "privacy"},
		{States: []policy.AlertState{policy.AlertPending}},
		{States: []policy.AlertState{policy.AlertDead, policy.AlertParked}, Receiver: team},
		{States: []policy.AlertState{policy.AlertDelivered, policy.AlertPending}, Policy: alpha},
		{States: []policy.AlertState{policy.AlertDead}, Policy: gamma},
	} {
		var want []policy.Alert
		for _, a := range all {
			if matches(a, q) {
				want = append(want, a)
			}
		}
		p.equal("alerts", list(q), want)
		if q.Limit = 1; len(want) > 1 {
			p.equal("alerts, limited", list(q), want[:1])
		}
	}
}

// matches says what AlertQuery means, one alert at a time.
func matches(a policy.Alert, q storage.AlertQuery) bool {
	state := len(q.States) == 0
	for _, s := range q.States {
		state = state || s == a.State
	}
	return state && (q.Receiver == "" || q.Receiver == a.Receiver) && (q.Policy == "" || q.Policy == a.Event.Policy.ID)
}

func summary(p *probe) {
	ids := p.alerts(4)
	outbox := func() []storage.OutboxStats {
		return get[storage.Stats](p, "stats")(p.store.Stats(p.ctx)).Outbox
	}
	other := storage.OutboxStats{Receiver: hook, Pending: 4, OldestPending: at(1)}
	p.equal("outbox", outbox(), []storage.OutboxStats{{Receiver: team, Pending: 4, OldestPending: at(1)}, other})
	p.lease(team, at(9), 2)
	p.settle(ids[0], policy.AlertDelivered, at(9), time.Time{})
	p.settle(ids[1], policy.AlertDead, at(9), time.Time{})
	p.settle(ids[2], policy.AlertParked, at(9), time.Time{})
	p.equal("outbox after settling", outbox(), []storage.OutboxStats{{Receiver: team, Pending: 1, Parked: 1, Dead: 1, OldestPending: at(4)}, other})
	p.settle(ids[3], policy.AlertDelivered, at(9), time.Time{})
	p.must("requeue", p.store.RequeueAlert(p.ctx, ids[1], at(10)))
	p.must("requeue", p.store.RequeueAlert(p.ctx, ids[2], at(10)))
	p.settle(ids[1], policy.AlertDelivered, at(10), time.Time{})
	p.settle(ids[2], policy.AlertDelivered, at(10), time.Time{})
	p.equal("outbox after all is delivered", outbox(), []storage.OutboxStats{other})
}
