package storagetest

import (
	"time"

	"watcher/policy"
	"watcher/storage"
)

func deliveryCases() []Case {
	return []Case{
		{"alerts are leased by name, all or none", leaseNamed},
		{"the alerts of a message are settled together", settleTogether},
		{"waiting alerts are shifted without an attempt", shift},
		{"shifted alerts can be put into a group", shiftGroup},
		{"a requeued alert leaves its group", requeueAlone},
		{"alerts are added without a check, once", addAlerts},
		{"silenced alerts are kept and wait for nothing", silenced},
		{"silences are kept, oldest first, and replaced by id", silences},
		{"the breaker is as it was left", breaker},
	}
}

func (p *probe) leaseNamed(ids []string, batch string, now time.Time) []string {
	got, err := p.store.LeaseAlerts(p.ctx, storage.LeaseQuery{Receiver: team, Owner: "probe", Now: now, For: leaseFor, IDs: ids, Batch: batch})
	p.must("lease by name", err)
	return alertIDs(got)
}

func leaseNamed(p *probe) {
	ids := p.alerts(4)
	p.equal("the last two", p.leaseNamed(ids[2:], "msg_1", at(9)), ids[2:])
	p.equal("batch", p.alert(ids[3]).Batch, "msg_1")
	p.equal("one is leased", p.leaseNamed(ids[1:3], "msg_2", at(9)), []string(nil))
	p.equal("batch of what was not leased", p.alert(ids[1]).Batch, "")
	p.settle(ids[0], policy.AlertDelivered, at(9), time.Time{})
	p.equal("one is delivered", p.leaseNamed(ids[:2], "msg_3", at(9)), []string(nil))
	p.equal("again after the lease", p.leaseNamed(ids[2:], "msg_1", at(9).Add(leaseFor)), ids[2:])
	got, err := p.store.LeaseAlerts(p.ctx, storage.LeaseQuery{Receiver: hook, Owner: "probe", Now: at(9), For: leaseFor, IDs: ids[1:2]})
	p.must("lease of another's alert", err)
	p.equal("another's alert", alertIDs(got), []string(nil))
	_, err = p.store.LeaseAlerts(p.ctx, storage.LeaseQuery{Receiver: team, Owner: "probe", Now: at(9), For: leaseFor, IDs: []string{"alt_none"}})
	p.refused("lease of no alert", err, policy.ErrNotFound)
}

func settleTogether(p *probe) {
	ids := p.alerts(3)
	p.leaseNamed(ids[:2], "msg_1", at(9))
	done := storage.Settlement{State: policy.AlertDelivered, At: at(9)}
	p.refused("with an unknown one", p.store.SettleAlerts(p.ctx, []string{ids[0], "alt_none"}, done), policy.ErrNotFound)
	p.equal("after a refusal", p.alert(ids[0]).State, policy.AlertPending)
	p.must("settle", p.store.SettleAlerts(p.ctx, ids[:2], done))
	for i, want := range []policy.AlertState{policy.AlertDelivered, policy.AlertDelivered, policy.AlertPending} {
		p.equal("state", p.alert(ids[i]).State, want)
	}
	p.equal("attempts", []int{p.alert(ids[0]).Attempts, p.alert(ids[2]).Attempts}, []int{1, 0})
	if err := p.store.SettleAlerts(p.ctx, ids, storage.Settlement{State: policy.AlertHeld, At: at(9)}); err == nil {
		p.failf("alerts were settled as held, which is no result of an attempt")
	}
}

func (p *probe) shift(q storage.ShiftQuery) int {
	return get[int](p, "shift")(p.store.ShiftAlerts(p.ctx, q))
}

func shift(p *probe) {
	ids := p.alerts(3)
	p.lease(team, at(9), 1)
	held := storage.ShiftQuery{From: policy.AlertPending, To: policy.AlertHeld, Receiver: team, Now: at(9), Error: "breaker"}
	p.equal("events of another type", p.shift(storage.ShiftQuery{
		From: policy.AlertPending, To: policy.AlertHeld, Now: at(9), Events: []policy.EventType{policy.EventPageNoisy},
	}), 0)
	p.equal("all but the leased one", p.shift(held), 2)
	a := p.alert(ids[1])
	p.equal("held", []any{a.State, a.Attempts, a.LastError, a.NextAttempt}, []any{policy.AlertHeld, 0, "breaker", time.Time{}})
	p.equal("alerts of the other receiver", len(p.lease(hook, at(9), 0)), 3)
	p.equal("due", p.lease(team, at(9), 0), []string(nil))
	outbox := get[storage.Stats](p, "stats")(p.store.Stats(p.ctx)).Outbox
	p.equal("summary", []int{outbox[0].Pending, outbox[0].Held}, []int{1, 2})
	p.settle(ids[0], policy.AlertDelivered, at(9), time.Time{})
	p.equal("released", p.shift(storage.ShiftQuery{From: policy.AlertHeld, To: policy.AlertPending, Now: at(11)}), 2)
	p.equal("next attempt", p.alert(ids[1]).NextAttempt, at(11))
	p.equal("due after the release", p.lease(team, at(11), 0), ids[1:])
	p.equal("nothing left", p.shift(storage.ShiftQuery{From: policy.AlertHeld, To: policy.AlertPending, Now: at(12)}), 0)
	for _, q := range []storage.ShiftQuery{
		{From: policy.AlertDelivered, To: policy.AlertPending},
		{From: policy.AlertPending, To: policy.AlertDead},
		{From: policy.AlertSilenced, To: policy.AlertHeld},
	} {
		if _, err := p.store.ShiftAlerts(p.ctx, q); err == nil {
			p.failf("alerts were shifted from %q to %q", q.From, q.To)
		}
	}
}

func shiftGroup(p *probe) {
	ids := p.alerts(1)
	p.leaseNamed(ids, "msg_1", at(9))
	p.settle(ids[0], policy.AlertPending, at(9), at(10))
	p.equal("held", p.shift(storage.ShiftQuery{From: policy.AlertPending, To: policy.AlertHeld, Receiver: team, Now: at(9)}), 1)
	p.equal("batch while held", p.alert(ids[0]).Batch, "msg_1")
	p.equal("released", p.shift(storage.ShiftQuery{From: policy.AlertHeld, To: policy.AlertPending, Receiver: team, Now: at(11), Group: "mass"}), 1)
	a := p.alert(ids[0])
	p.equal("group", []any{a.Group, a.Batch, a.NotBefore, a.Attempts}, []any{"mass", "", time.Time{}, 1})
}

func requeueAlone(p *probe) {
	ids := p.alerts(1)
	p.equal("held", p.shift(storage.ShiftQuery{From: policy.AlertPending, To: policy.AlertHeld, Receiver: team, Now: at(9)}), 1)
	p.equal("released", p.shift(storage.ShiftQuery{From: policy.AlertHeld, To: policy.AlertPending, Receiver: team, Now: at(9), Group: "mass"}), 1)
	p.leaseNamed(ids, "msg_1", at(9))
	p.must("settle", p.store.SettleAlerts(p.ctx, ids, storage.Settlement{State: policy.AlertDelivered, At: at(9)}))
	p.must("requeue", p.store.RequeueAlert(p.ctx, ids[0], at(10)))
	a := p.alert(ids[0])
	p.equal("after redelivery", []any{a.ID, a.Group, a.Batch, a.State}, []any{ids[0], policy.GroupAlone, "", policy.AlertPending})
}

func addAlerts(p *probe) {
	ids := p.alerts(1)
	before := p.alert(ids[0])
	a := policy.NewAlert(policy.Event{ID: "evt_mass", Type: policy.EventMassChange, At: at(5), Policies: []policy.ID{alpha}}, team, at(5))
	a.Group, a.NotBefore = "vendor:acme", at(6)
	p.equal("new", get[int](p, "add")(p.store.AddAlerts(p.ctx, []policy.Alert{a, before})), 1)
	p.equal("known one", p.alert(ids[0]), before)
	got := p.alert(a.ID)
	a.Seq = got.Seq
	p.equal("as added", got, a)
	if got.Seq <= before.Seq {
		p.failf("sequence %d after %d", got.Seq, before.Seq)
	}
	outbox := get[storage.Stats](p, "stats")(p.store.Stats(p.ctx)).Outbox
	p.equal("due of the oldest", outbox[0].OldestPending, at(1))
	p.settle(ids[0], policy.AlertDelivered, at(5), time.Time{})
	outbox = get[storage.Stats](p, "stats")(p.store.Stats(p.ctx)).Outbox
	p.equal("due of one with a group", outbox[0].OldestPending, at(6))
	p.must("requeue", p.store.RequeueAlert(p.ctx, ids[0], at(6)))
	p.equal("again", get[int](p, "add")(p.store.AddAlerts(p.ctx, []policy.Alert{a})), 0)
	p.equal("due", p.lease(team, at(9), 0), []string{ids[0], a.ID})
}

func silenced(p *probe) {
	ids := p.alerts(2)
	p.must("settle", p.store.SettleAlerts(p.ctx, ids[:1], storage.Settlement{State: policy.AlertSilenced, Silence: "sil_1"}))
	a := p.alert(ids[0])
	p.equal("silenced", []any{a.State, a.SilencedBy, a.Attempts}, []any{policy.AlertSilenced, "sil_1", 0})
	p.equal("due", p.lease(team, at(9), 0), ids[1:])
	list := get[[]policy.Alert](p, "alerts")(p.store.Alerts(p.ctx, storage.AlertQuery{States: []policy.AlertState{policy.AlertSilenced}}))
	p.equal("listed", alertIDs(list), ids[:1])
	p.must("requeue", p.store.RequeueAlert(p.ctx, ids[0], at(10)))
	p.equal("the mark stays", p.alert(ids[0]).SilencedBy, "sil_1")
	p.equal("due after requeueing", p.leaseNamed(ids[:1], "", at(10)), ids[:1])
}

func silences(p *probe) {
	list := func() []policy.Silence { return get[[]policy.Silence](p, "silences")(p.store.Silences(p.ctx)) }
	p.equal("none", list(), []policy.Silence(nil))
	one := policy.Silence{
		ID: "sil_b", Matchers: []policy.Matcher{{Name: "vendor", Values: []string{"Acme", "Zeta"}}},
		StartsAt: at(1), EndsAt: at(9), Author: "probe", Comment: "a move", CreatedAt: at(1),
	}
	two := one
	two.ID, two.CreatedAt = "sil_a", at(2)
	p.must("put", p.store.PutSilence(p.ctx, two))
	p.must("put", p.store.PutSilence(p.ctx, one))
	p.equal("silences", list(), []policy.Silence{one, two})
	one.EndsAt = at(3)
	p.must("expire", p.store.PutSilence(p.ctx, one))
	p.equal("after the end of one", list(), []policy.Silence{one, two})
	if err := p.store.PutSilence(p.ctx, policy.Silence{}); err == nil {
		p.failf("a silence without an id was stored")
	}
}

func breaker(p *probe) {
	state := func() policy.Breaker { return get[policy.Breaker](p, "breaker")(p.store.Breaker(p.ctx)) }
	p.equal("at first", state(), policy.Breaker{})
	b := policy.Breaker{
		Open: true, OpenedAt: at(1), Reason: "many", Policies: []policy.ID{alpha, beta},
		Sample: []policy.BreakerSample{{Policy: alpha, SHA256: policy.Sum([]byte("x"))}}, Told: true,
	}
	p.must("set", p.store.SetBreaker(p.ctx, b))
	p.equal("open", state(), b)
	b = policy.Breaker{ClosedAt: at(2), ClosedBy: "probe"}
	p.must("set", p.store.SetBreaker(p.ctx, b))
	p.equal("closed", state(), b)
}
