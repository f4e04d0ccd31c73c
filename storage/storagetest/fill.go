package storagetest

import (
	"watcher/policy"
	"watcher/storage"
)

func fillCases() []Case {
	return []Case{
		{"technical version and change in one commit", technicalAndChange},
		{"a version found later leaves the head alone", backfill},
		{"a pending text points at its capture", pendingCapture},
		{"checks carry version numbers", checkNumbers},
		{"given numbers are kept", givenNumbers},
		{"a head is last seen when the state says", headSeen},
		{"the caller's values are not changed", callerUntouched},
	}
}

func technicalAndChange(p *probe) {
	p.sync(at(0), alpha)
	p.tell(alpha, "your name", at(1))
	claim := p.claim(alpha, at(2))
	o := news(claim, "your name and age", at(2))
	renewed := document("your name, as a new normaliser reads it")
	technical := version(policy.VersionTechnical, renewed, at(1))
	technical.Capture = 1
	o.Versions = []storage.NewVersion{
		{Version: technical, Document: renewed, Change: change(policy.VersionRef{SHA256: claim.State.HeadSHA256}, technical, "technical"), Head: true},
		o.Versions[0],
	}
	receipt := p.commit(o)
	p.equal("numbers", receipt.Versions, []int{2, 3})

	second, third := p.version(alpha, 2), p.version(alpha, 3)
	p.equal("from", []int{second.From, third.From}, []int{1, 2})
	p.equal("captures", []policy.CaptureID{second.Capture, third.Capture}, []policy.CaptureID{1, 2})
	for to, from := range map[int]int{2: 1, 3: 2} {
		c := get[policy.Change](p, "change")(p.store.Change(p.ctx, alpha, to))
		p.equal("change", []int{c.From.Version, c.To.Version}, []int{from, to})
	}
	alerts := get[[]policy.Alert](p, "alerts")(p.store.Alerts(p.ctx, storage.AlertQuery{}))
	for _, a := range alerts {
		p.equal("event", []int{a.Event.From.Version, a.Event.To.Version}, []int{2, 3})
	}
	s := p.state(alpha)
	p.equal("head", []int{s.Head, s.Versions}, []int{3, 3})
	p.equal("head's text", s.HeadSHA256, third.SHA256)
	p.equal("head's words", s.HeadWords, third.Words)
	checks := get[[]policy.Check](p, "checks")(p.store.Checks(p.ctx, alpha, storage.CheckQuery{Limit: 1}))
	p.equal("check", []int{checks[0].Version, checks[0].FromVersion}, []int{3, 2})
}

func backfill(p *probe) {
	p.sync(at(0), alpha)
	p.tell(alpha, "your name", at(10))
	before := p.state(alpha)
	o := observation(p.claim(alpha, at(11)), policy.OutcomeChanged, at(5))
	doc := document("an archive's text")
	v := version(policy.VersionBackfill, doc, at(5))
	v.From = 1
	o.Capture = page(alpha, "an archive's text", at(5))
	o.Versions = []storage.NewVersion{{Version: v, Document: doc, Change: change(policy.VersionRef{Version: 1}, v, "an archive's text")}}
	p.commit(o)
	s := p.state(alpha)
	p.equal("head", []any{s.Head, s.HeadSHA256, s.HeadWords}, []any{1, before.HeadSHA256, before.HeadWords})
	p.equal("versions", s.Versions, 2)
	c := get[policy.Change](p, "change")(p.store.Change(p.ctx, alpha, 2))
	p.equal("change", []int{c.From.Version, c.To.Version}, []int{1, 2})
	p.tell(alpha, "your name and age", at(12))
	p.equal("number and from of the next change", []int{p.state(alpha).Head, p.version(alpha, 3).From}, []int{3, 1})
}

func pendingCapture(p *probe) {
	p.sync(at(0), alpha)
	p.tell(alpha, "your name", at(1))
	o := observation(p.claim(alpha, at(2)), policy.OutcomeUnconfirmed, at(2))
	o.Capture = page(alpha, "not sure", at(2))
	o.State.Pending = &policy.Pending{SHA256: policy.Sum([]byte("not sure")), FirstSeenAt: at(2), Since: at(2), Sightings: 1}
	p.commit(o)
	p.equal("pending capture", p.state(alpha).Pending.Capture, policy.CaptureID(2))

	again := observation(p.claim(alpha, at(3)), policy.OutcomeUnconfirmed, at(3))
	again.Capture = page(alpha, "not sure yet", at(3))
	p.commit(again)
	p.equal("pending capture after another", p.state(alpha).Pending.Capture, policy.CaptureID(2))

	sure := news(p.claim(alpha, at(4)), "not sure", at(4))
	sure.Versions[0].Version.Capture = 2
	sure.State.Pending = nil
	p.commit(sure)
	p.equal("capture of the version", p.version(alpha, 2).Capture, policy.CaptureID(2))
	if got := p.state(alpha).Pending; got != nil {
		p.failf("the pending text is still there: %+v", got)
	}
}

func checkNumbers(p *probe) {
	p.sync(at(0), alpha)
	p.commit(observation(p.claim(alpha, at(1)), policy.OutcomeFailed, at(1)))
	p.tell(alpha, "your name", at(2))
	p.commit(observation(p.claim(alpha, at(3)), policy.OutcomeUnchanged, at(3)))
	p.tell(alpha, "your name and age", at(4))
	p.commit(observation(p.claim(alpha, at(5)), policy.OutcomeFailed, at(5)))
	var got [][3]int
	for _, c := range reversed(get[[]policy.Check](p, "checks")(p.store.Checks(p.ctx, alpha, storage.CheckQuery{}))) {
		got = append(got, [3]int{c.Version, c.FromVersion, int(c.Capture)}) //nolint:gosec // small numbers of a test
	}
	p.equal("version, from and capture of the checks", got, [][3]int{{0, 0, 0}, {1, 0, 1}, {1, 0, 0}, {2, 1, 2}, {2, 0, 0}})
}

func givenNumbers(p *probe) {
	p.sync(at(0), alpha)
	p.tell(alpha, "your name", at(1))
	p.tell(alpha, "your name and age", at(2))
	o := news(p.claim(alpha, at(3)), "your name", at(3))
	o.Check.Version, o.Check.FromVersion = 1, 2
	o.Alerts[0].Event.To.Version, o.Alerts[0].Event.From.Version = 1, 1
	id := o.Alerts[0].ID
	p.commit(o)
	checks := get[[]policy.Check](p, "checks")(p.store.Checks(p.ctx, alpha, storage.CheckQuery{Limit: 1}))
	p.equal("check", []int{checks[0].Version, checks[0].FromVersion}, []int{1, 2})
	a := get[policy.Alert](p, "alert")(p.store.Alert(p.ctx, id))
	p.equal("event", []int{a.Event.From.Version, a.Event.To.Version}, []int{1, 1})
}

func headSeen(p *probe) {
	p.sync(at(0), alpha)
	p.tell(alpha, "your name", at(1))
	o := observation(p.claim(alpha, at(2)), policy.OutcomeUnchanged, at(2))
	o.State.HeadSeenAt = at(2)
	p.commit(o)
	p.equal("last sight of the head", p.version(alpha, 1).LastSeenAt, at(2))
	p.tell(alpha, "your name and age", at(3))
	p.equal("last sight of the replaced head", p.version(alpha, 1).LastSeenAt, at(2))
	p.equal("last sight of the new head", p.version(alpha, 2).LastSeenAt, at(3))
	o = observation(p.claim(alpha, at(4)), policy.OutcomeUnchanged, at(4))
	o.State.HeadSeenAt = at(4)
	p.commit(o)
	versions := get[[]policy.Version](p, "versions")(p.store.Versions(p.ctx, alpha))
	p.equal("last sight in the list", versions[0].LastSeenAt, at(2))
	p.equal("last sight of the head in the list", versions[1].LastSeenAt, at(4))
	recent := get[[]policy.Version](p, "recent")(p.store.Recent(p.ctx, storage.RecentQuery{}))
	p.equal("last sight of the head in recent changes", recent[0].LastSeenAt, at(4))
}

func callerUntouched(p *probe) {
	p.sync(at(0), alpha)
	p.tell(alpha, "your name", at(1))
	claim := p.claim(alpha, at(2))
	make1 := func() storage.Observation {
		o := news(claim, "your name and age", at(2))
		o.State.Pending = &policy.Pending{SHA256: policy.Sum([]byte("x")), FirstSeenAt: at(2), Since: at(2)}
		return o
	}
	o := make1()
	p.commit(o)
	p.equal("the observation after its commit", o, make1())
}
