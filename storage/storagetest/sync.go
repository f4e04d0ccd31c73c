package storagetest

import (
	"time"

	"watcher/policy"
	"watcher/storage"
)

func syncCases() []Case {
	return []Case{
		{"new policies are due at once", syncAdds},
		{"policies leave and return with their history", syncRetires},
		{"copies of names and URLs are refreshed", syncRefreshes},
		{"the schedule follows the configuration", syncSchedules},
		{"a renamed policy takes its history along", syncRenames},
		{"a rename takes nothing from a policy that is still watched", syncTakesNothing},
	}
}

func syncAdds(p *probe) {
	p.sync(at(0), alpha)
	w := watched(alpha)
	p.equal("state", p.state(alpha), policy.State{
		ID: alpha, Vendor: w.Vendor, Kind: w.Kind, Lang: w.Lang, URL: w.URL, Added: at(0), NextCheck: at(0),
	})
	p.tell(alpha, "your name", at(1))
	before := p.state(alpha)
	p.sync(at(2), alpha)
	p.equal("state after the same sync", p.state(alpha), before)
}

func syncRetires(p *probe) {
	p.sync(at(0), alpha, beta)
	p.tell(alpha, "your name", at(1))
	before := p.state(alpha)
	p.sync(at(2), beta)
	retired := before
	retired.Retired = true
	p.equal("retired state", p.state(alpha), retired)
	p.equal("states", len(get[[]policy.State](p, "states")(p.store.States(p.ctx))), 2)
	p.equal("version of a retired policy", p.version(alpha, 1).Policy, alpha)
	p.sync(at(3), alpha, beta)
	before.NextCheck = at(3)
	p.equal("state after its return", p.state(alpha), before)
	p.sync(at(4))
	p.equal("beta retired by an empty configuration", p.state(beta).Retired, true)
}

func syncRefreshes(p *probe) {
	p.sync(at(0), alpha)
	w := watched(alpha)
	w.Vendor = policy.Vendor{Name: "Acme Incorporated", Slug: "acme"}
	w.Kind, w.Lang, w.URL = policy.KindTerms, "de", "https://acme.example/new"
	p.must("sync", p.store.Sync(p.ctx, []policy.Policy{w}, at(1)))
	p.equal("state", p.state(alpha), policy.State{
		ID: alpha, Vendor: w.Vendor, Kind: w.Kind, Lang: w.Lang, URL: w.URL, Added: at(0), NextCheck: at(1),
	})
}

// syncSchedules: what the configuration says of a policy's pace holds from the
// sync on, whatever was planned before.
func syncSchedules(p *probe) {
	p.sync(at(0), alpha)
	o := observation(p.claim(alpha, at(1)), policy.OutcomeUnchanged, at(1))
	o.State.NextCheck = at(24 * 365 * 10) // a clock that was wrong
	p.commit(o)
	p.equal("due", p.due(at(100), 0), []policy.ID(nil))
	p.sync(at(2), alpha)
	p.equal("next check", p.state(alpha).NextCheck, at(2).Add(15*time.Hour))

	w := watched(alpha)
	w.Disabled = true
	p.must("sync", p.store.Sync(p.ctx, []policy.Policy{w}, at(3)))
	p.equal("disabled", p.state(alpha).Disabled, true)
	p.equal("due while disabled", p.due(at(1000), 0), []policy.ID(nil))
	o = observation(p.claim(alpha, at(4)), policy.OutcomeUnchanged, at(4))
	p.commit(o)
	p.equal("disabled after a check by name", p.state(alpha).Disabled, true)
	p.equal("due after a check by name", p.due(at(1000), 0), []policy.ID(nil))
	p.sync(at(5), alpha)
	p.equal("due once enabled", p.due(at(5), 0), []policy.ID{alpha})
}

func syncRenames(p *probe) {
	p.history()
	_, err := p.store.State(p.ctx, "acme/new")
	p.refused("state before the rename", err, policy.ErrNotFound)
	before := p.state(alpha)
	alerts := get[[]policy.Alert](p, "alerts")(p.store.Alerts(p.ctx, storage.AlertQuery{Policy: alpha}))
	inFlight := p.claim(alpha, at(20))

	w := watched("acme/new")
	w.Formerly = []policy.ID{nowhere, alpha}
	p.must("sync", p.store.Sync(p.ctx, append(watchedAll(beta, gamma), w), at(20)))

	want := before
	want.ID, want.Vendor, want.URL, want.NextCheck = w.ID, w.Vendor, w.URL, at(20)
	p.equal("state", p.state(w.ID), want)
	_, err = p.store.State(p.ctx, alpha)
	p.refused("state under the old id", err, policy.ErrNotFound)
	p.equal("states", len(get[[]policy.State](p, "states")(p.store.States(p.ctx))), 3)
	p.renamedHistory(w.ID, before)
	renamed := get[[]policy.Alert](p, "alerts")(p.store.Alerts(p.ctx, storage.AlertQuery{Policy: w.ID}))
	p.equal("alerts", alertIDs(renamed), alertIDs(alerts))
	for _, a := range renamed {
		p.equal("policy of the event", a.Event.Policy.ID, w.ID)
	}
	if _, err := p.store.Commit(p.ctx, observation(inFlight, policy.OutcomeUnchanged, at(20))); err == nil {
		p.failf("a check under the old id was committed after the rename")
	}
	p.must("release under the old id", p.store.Release(p.ctx, inFlight))
	p.tell(w.ID, "the first text under the new id", at(21))
	p.equal("number", p.state(w.ID).Head, before.Head+1)
}

// renamedHistory checks that everything of alpha is found under its new id.
func (p *probe) renamedHistory(id policy.ID, before policy.State) {
	versions := get[[]policy.Version](p, "versions")(p.store.Versions(p.ctx, id))
	p.equal("versions", len(versions), before.Versions)
	for _, v := range versions {
		p.equal("policy of a version", v.Policy, id)
		c := get[policy.Capture](p, "capture")(p.store.Capture(p.ctx, id, v.Capture))
		p.equal("policy of a capture", c.Policy, id)
		if v.Kind != policy.VersionBaseline {
			change := get[policy.Change](p, "change")(p.store.Change(p.ctx, id, v.Number))
			p.equal("policy of a change", change.Policy, id)
		}
	}
	for _, c := range get[[]policy.Check](p, "checks")(p.store.Checks(p.ctx, id, storage.CheckQuery{})) {
		p.equal("policy of a check", c.Policy, id)
	}
	for _, v := range get[[]policy.Version](p, "recent")(p.store.Recent(p.ctx, storage.RecentQuery{})) {
		if v.Policy == alpha {
			p.failf("recent changes still name %s", alpha)
		}
	}
}

func syncTakesNothing(p *probe) {
	p.sync(at(0), alpha, beta)
	p.tell(alpha, "your name", at(1))
	p.tell(beta, "your address", at(1))
	w := watched("acme/new")
	w.Formerly = []policy.ID{alpha}
	p.must("sync", p.store.Sync(p.ctx, append(watchedAll(alpha, beta), w), at(2)))
	p.equal("head of the policy that stays", p.state(alpha).Head, 1)
	p.equal("head of the new policy", p.state(w.ID).Head, 0)

	known := watched(beta)
	known.Formerly = []policy.ID{alpha}
	p.must("sync", p.store.Sync(p.ctx, []policy.Policy{known}, at(3)))
	p.equal("text of a policy that was known already", p.state(beta).HeadSHA256, document("your address").Digest())
	p.equal("retired, not taken over", p.state(alpha).Retired, true)
}
