package storagetest

import (
	"slices"
	"strings"
	"time"

	"watcher/policy"
	"watcher/storage"
)

func readCases() []Case {
	return []Case{
		{"unknown ids are not found", unknownIDs},
		{"empty lists", emptyLists},
		{"what was committed is read back", readBack},
		{"every version keeps its own text and body", ownTexts},
		{"versions are ordered by first sight", versionOrder},
		{"policies whose ids share a prefix stay apart", prefixes},
		{"recent changes, newest first", recent},
		{"checks, newest first", checks},
		{"times are stored in UTC", utc},
		{"stats count rows", countRows},
	}
}

func ownTexts(p *probe) {
	p.sync(at(0), alpha)
	texts := []string{"your name", "your address", "your shoe size"}
	for i, text := range texts {
		p.tell(alpha, text, at(i+1))
	}
	for i, text := range texts {
		v := p.version(alpha, i+1)
		doc := get[policy.Document](p, "document")(p.store.Document(p.ctx, alpha, i+1))
		p.equal("text", strings.Contains(doc.Text(), text), true)
		p.equal("digest of the text", doc.Digest(), v.SHA256)
		c := get[policy.Capture](p, "capture")(p.store.Capture(p.ctx, alpha, v.Capture))
		p.equal("digest of the body", policy.Sum(p.body(v.Capture)), c.Digest)
	}
}

func unknownIDs(p *probe) {
	p.sync(at(0), alpha, beta)
	p.tell(beta, "your address", at(1))
	for _, q := range questionsAbout(nowhere) {
		_, err := q.ask(p.ctx, p.store)
		p.refused(q.name, err, policy.ErrNotFound)
	}
	for _, n := range []int{-1, 0, 1, 2} {
		_, err := p.store.Version(p.ctx, alpha, n)
		p.refused("version of a policy without versions", err, policy.ErrNotFound)
		_, err = p.store.Document(p.ctx, alpha, n)
		p.refused("document of a policy without versions", err, policy.ErrNotFound)
	}
	_, err := p.store.Change(p.ctx, beta, 1)
	p.refused("change of a baseline", err, policy.ErrNotFound)
	_, err = p.store.Capture(p.ctx, alpha, 1)
	p.refused("capture of another policy", err, policy.ErrNotFound)
	_, err = p.store.Body(p.ctx, alpha, 1)
	p.refused("body of another policy", err, policy.ErrNotFound)
	_, err = p.store.Alert(p.ctx, "alt_none")
	p.refused("alert", err, policy.ErrNotFound)
	p.refused("settle", p.store.SettleAlert(p.ctx, "alt_none", storage.Settlement{State: policy.AlertDelivered, At: at(1)}), policy.ErrNotFound)
	p.refused("requeue", p.store.RequeueAlert(p.ctx, "alt_none", at(1)), policy.ErrNotFound)
	_, err = p.store.Claim(p.ctx, storage.ClaimQuery{Owner: "probe", Now: at(1), For: leaseFor, IDs: []policy.ID{nowhere}})
	p.refused("claim", err, policy.ErrNotFound)
}

func emptyLists(p *probe) {
	p.equal("states", len(get[[]policy.State](p, "states")(p.store.States(p.ctx))), 0)
	p.sync(at(0), alpha)
	p.equal("versions", get[[]policy.Version](p, "versions")(p.store.Versions(p.ctx, alpha)), []policy.Version(nil))
	p.equal("checks", get[[]policy.Check](p, "checks")(p.store.Checks(p.ctx, alpha, storage.CheckQuery{})), []policy.Check(nil))
	p.equal("recent", get[[]policy.Version](p, "recent")(p.store.Recent(p.ctx, storage.RecentQuery{})), []policy.Version(nil))
	p.equal("alerts", get[[]policy.Alert](p, "alerts")(p.store.Alerts(p.ctx, storage.AlertQuery{})), []policy.Alert(nil))
	p.equal("due alerts", p.lease(team, at(1), 0), []string(nil))
}

func readBack(p *probe) {
	p.sync(at(0), alpha)
	p.tell(alpha, "your name", at(1))
	o := news(p.claim(alpha, at(2)), "your name and age", at(2))
	o.State.ETag, o.State.ValidatorsURL, o.State.FullFetchAt = `"x"`, "https://www.acme.example/p", at(2)
	receipt := p.commit(o)
	p.equal("receipt", receipt, storage.Receipt{Capture: 2, Versions: []int{2}, Alerts: 2})

	want := o.Versions[0]
	v := want.Version
	v.Policy, v.Number, v.From, v.Capture = alpha, 2, 1, 2
	p.equal("version", p.version(alpha, 2), v)
	p.equal("document", get[policy.Document](p, "document")(p.store.Document(p.ctx, alpha, 2)), want.Document)
	c := *want.Change
	c.Policy, c.From.Version, c.To.Version = alpha, 1, 2
	p.equal("change", get[policy.Change](p, "change")(p.store.Change(p.ctx, alpha, 2)), c)

	capture := *o.Capture
	capture.ID, capture.Body = 2, nil
	p.equal("capture", get[policy.Capture](p, "capture")(p.store.Capture(p.ctx, alpha, 2)), capture)
	p.equal("body", get[[]byte](p, "body")(p.store.Body(p.ctx, alpha, 2)), o.Capture.Body)

	check := o.Check
	check.Capture, check.Version, check.FromVersion = 2, 2, 1
	p.equal("check", get[[]policy.Check](p, "checks")(p.store.Checks(p.ctx, alpha, storage.CheckQuery{Limit: 1})), []policy.Check{check})

	s := o.State
	s.Head, s.Versions, s.HeadSHA256, s.HeadWords = 2, 2, v.SHA256, v.Words
	p.equal("state", p.state(alpha), s)
	p.equal("states", get[[]policy.State](p, "states")(p.store.States(p.ctx)), []policy.State{s})

	for i, a := range o.Alerts {
		to := *a.Event.To
		to.Version = 2
		from := *a.Event.From
		from.Version = 1
		a.Event.From, a.Event.To = &from, &to
		got := get[policy.Alert](p, "alert")(p.store.Alert(p.ctx, a.ID))
		if got.Seq == 0 {
			p.failf("alert %d has no sequence number", i)
		}
		got.Seq = 0
		p.equal("alert", got, a)
	}
}

func versionOrder(p *probe) {
	p.sync(at(0), alpha)
	p.tell(alpha, "your name", at(10))
	p.tell(alpha, "your name and age", at(20))
	for _, h := range []int{15, 5, 15} { // found later in an archive, two of them seen at the same time
		o := observation(p.claim(alpha, at(30)), policy.OutcomeUnchanged, at(30))
		doc := document("an archive's text")
		o.Versions = []storage.NewVersion{{Version: version(policy.VersionBackfill, doc, at(h)), Document: doc}}
		p.commit(o)
	}
	got := get[[]policy.Version](p, "versions")(p.store.Versions(p.ctx, alpha))
	p.equal("order", numbers(got), []int{4, 1, 3, 5, 2})
}

func prefixes(p *probe) {
	ids := []policy.ID{"a/b", "a/b-c", "a/bc", "a/b0", "a-b/b"}
	p.sync(at(0), ids...)
	for i, id := range ids {
		for n := range i + 1 {
			p.tell(id, string(id)+" text "+string(rune('a'+n)), at(n+1))
		}
	}
	for i, id := range ids {
		versions := get[[]policy.Version](p, "versions")(p.store.Versions(p.ctx, id))
		p.equal("number of versions of "+string(id), len(versions), i+1)
		for _, v := range versions {
			p.equal("policy of a version", v.Policy, id)
		}
		checks := get[[]policy.Check](p, "checks")(p.store.Checks(p.ctx, id, storage.CheckQuery{}))
		p.equal("number of checks of "+string(id), len(checks), i+1)
		alerts := get[[]policy.Alert](p, "alerts")(p.store.Alerts(p.ctx, storage.AlertQuery{Policy: id, Receiver: team}))
		p.equal("number of alerts of "+string(id), len(alerts), i)
	}
	states := get[[]policy.State](p, "states")(p.store.States(p.ctx))
	slices.Sort(ids)
	for i, s := range states {
		p.equal("order of states", s.ID, ids[i])
	}
}

func recent(p *probe) {
	p.sync(at(0), alpha, beta)
	p.tell(alpha, "your name", at(1))
	p.tell(beta, "your address", at(2))
	p.tell(beta, "your address and floor", at(3))
	p.tell(alpha, "your name and age", at(4))
	p.tell(beta, "your address, floor and door", at(5))
	ask := func(q storage.RecentQuery) []string {
		var out []string
		for _, v := range get[[]policy.Version](p, "recent")(p.store.Recent(p.ctx, q)) {
			out = append(out, string(v.Policy)+" "+v.Summary)
		}
		return out
	}
	want := []string{
		string(beta) + " keeps your address, floor and door",
		string(alpha) + " keeps your name and age",
		string(beta) + " keeps your address and floor",
	}
	p.equal("recent", ask(storage.RecentQuery{}), want)
	p.equal("recent, limited", ask(storage.RecentQuery{Limit: 2}), want[:2])
	p.equal("recent since the second", ask(storage.RecentQuery{Since: at(4)}), want[:2])
	p.equal("recent since later", ask(storage.RecentQuery{Since: at(4).Add(1)}), want[:1])
	p.equal("recent version", get[[]policy.Version](p, "recent")(p.store.Recent(p.ctx, storage.RecentQuery{Limit: 1}))[0], p.version(beta, 3))
}

func checks(p *probe) {
	p.sync(at(0), alpha, beta)
	for i, h := range []int{1, 2, 2, 3} {
		o := observation(p.claim(alpha, at(h)), policy.OutcomeFailed, at(h))
		o.Check.Detail = string(rune('a' + i))
		p.commit(o)
	}
	p.commit(observation(p.claim(beta, at(9)), policy.OutcomeFailed, at(9)))
	ask := func(q storage.CheckQuery) string {
		out := ""
		var outSb184 strings.Builder
		for _, c := range get[[]policy.Check](p, "checks")(p.store.Checks(p.ctx, alpha, q)) {
			p.equal("policy of a check", c.Policy, alpha)
			outSb184.WriteString(c.Detail)
		}
		out += outSb184.String()
		return out
	}
	p.equal("checks", ask(storage.CheckQuery{}), "dcba")
	p.equal("checks, limited", ask(storage.CheckQuery{Limit: 2}), "dc")
	p.equal("checks since", ask(storage.CheckQuery{Since: at(2)}), "dcb")
	p.equal("checks since, limited", ask(storage.CheckQuery{Since: at(2), Limit: 1}), "d")
	p.equal("checks since later", ask(storage.CheckQuery{Since: at(3).Add(1)}), "")
}

func utc(p *probe) {
	zone := time.FixedZone("somewhere", 5*3600+1800)
	local := func(h int) time.Time { return at(h).In(zone) }
	p.sync(local(0), alpha)
	p.tell(alpha, "your name", local(1))
	p.tell(alpha, "your name and age", local(2))
	check := func(what string, got time.Time, want time.Time) {
		if !got.Equal(want) || got.Location() != time.UTC {
			p.failf("%s is %v, want %v", what, got, want)
		}
	}
	s := p.state(alpha)
	check("added", s.Added, at(0))
	check("last check", s.LastCheck, at(2))
	v := p.version(alpha, 2)
	check("first seen", v.FirstSeenAt, at(2))
	c := get[policy.Change](p, "change")(p.store.Change(p.ctx, alpha, 2))
	check("change's capture time", c.To.CapturedAt, at(2))
	capture := get[policy.Capture](p, "capture")(p.store.Capture(p.ctx, alpha, 2))
	check("capture time", capture.CapturedAt, at(2))
	checks := get[[]policy.Check](p, "checks")(p.store.Checks(p.ctx, alpha, storage.CheckQuery{Limit: 1}))
	check("time of check", checks[0].At, at(2))
	alerts := get[[]policy.Alert](p, "alerts")(p.store.Alerts(p.ctx, storage.AlertQuery{Limit: 1}))
	check("alert's creation", alerts[0].CreatedAt, at(2))
	check("event's time", alerts[0].Event.To.FirstSeenAt, at(2))
}

func countRows(p *probe) {
	p.history()
	s := get[storage.Stats](p, "stats")(p.store.Stats(p.ctx))
	if s.SizeBytes <= 0 || s.FreeBytes < 0 || s.FreeBytes > s.SizeBytes || s.Format < 1 {
		p.failf("stats make no sense: %+v", s)
	}
	p.equal("policies", s.Policies, 3)
	p.equal("versions", s.Versions, 5)
	p.equal("captures", s.Captures, 5)
	p.equal("outbox", s.Outbox, []storage.OutboxStats{
		{Receiver: team, Parked: 1, Dead: 1},
		{Receiver: hook, Pending: 3, OldestPending: at(2)},
	})
}
