package storagetest

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"watcher/policy"
	"watcher/storage"
)

func ledgerCases() []Case {
	return []Case{
		{"checks that end alike are one run", runsMerge},
		{"a check of the past finds its place in the ledger", runsOfThePast},
		{"the ledger says what the checks say", runsMatchChecks},
		{"an observation without a check adds none", noCheck},
		{"stretches of watching", stretches},
		{"another process begins a stretch", stretchPerSession},
	}
}

// look commits a check that adds no version.
func (p *probe) look(id policy.ID, outcome policy.Outcome, t time.Time) {
	p.commit(observation(p.claim(id, at(100)), outcome, t))
}

// runs returns the ledger of alpha.
func (p *probe) runs(q storage.RunQuery) []policy.Run {
	return get[[]policy.Run](p, "runs")(p.store.Runs(p.ctx, alpha, q))
}

// told is a short form of runs, newest first.
func told(runs []policy.Run) []string {
	var out []string
	for _, r := range runs {
		out = append(out, fmt.Sprintf("%s v%d %d-%d n=%d gap=%d", r.Outcome, r.Version, hours(r.First), hours(r.Last), r.Count, r.LongestGap/time.Hour))
	}
	return out
}

func hours(t time.Time) int { return int(t.Sub(epoch()) / time.Hour) }

func runsMerge(p *probe) {
	p.sync(at(0), alpha, beta)
	p.equal("runs of a new policy", p.runs(storage.RunQuery{}), []policy.Run(nil))
	p.tell(alpha, "your name", at(1))
	for _, h := range []int{2, 3, 7, 8} {
		p.look(alpha, policy.OutcomeUnchanged, at(h))
	}
	p.look(beta, policy.OutcomeFailed, at(8))
	p.look(alpha, policy.OutcomeFailed, at(9))
	p.tell(alpha, "your name and age", at(10))
	p.look(alpha, policy.OutcomeUnchanged, at(11))
	want := []string{
		"unchanged v2 11-11 n=1 gap=0", "changed v2 10-10 n=1 gap=0", "failed v1 9-9 n=1 gap=0",
		"unchanged v1 2-8 n=4 gap=4", "baseline v1 1-1 n=1 gap=0",
	}
	all := p.runs(storage.RunQuery{})
	p.equal("runs", told(all), want)
	p.equal("a run", all[3], policy.Run{
		Policy: alpha, Outcome: policy.OutcomeUnchanged, Version: 1, Confirms: true, First: at(2), Last: at(8), Count: 4,
		LongestGap: 4 * time.Hour, SeenFirst: at(2), SeenLast: at(8), Source: policy.SourceLive,
	})
	p.equal("runs, limited", told(p.runs(storage.RunQuery{Limit: 2})), want[:2])
	p.equal("runs since", told(p.runs(storage.RunQuery{Since: at(8)})), want[:4])
	p.equal("runs since later", told(p.runs(storage.RunQuery{Since: at(8).Add(1)})), want[:3])
	p.equal("runs until", told(p.runs(storage.RunQuery{Until: at(9)})), want[2:])
	p.equal("runs at a time", told(p.runs(storage.RunQuery{Since: at(5), Until: at(5)})), want[3:4])
	p.equal("checks until", len(get[[]policy.Check](p, "checks")(p.store.Checks(p.ctx, alpha, storage.CheckQuery{Until: at(3)}))), 3)
	p.equal("checks between", len(get[[]policy.Check](p, "checks")(p.store.Checks(p.ctx, alpha, storage.CheckQuery{Since: at(3), Until: at(9)}))), 4)
}

func runsOfThePast(p *probe) {
	p.sync(at(0), alpha)
	for _, h := range []int{10, 20, 30} {
		p.look(alpha, policy.OutcomeFailed, at(h))
	}
	p.look(alpha, policy.OutcomeRejected, at(15)) // parts the run
	p.equal("parted", told(p.runs(storage.RunQuery{})), []string{"failed v0 20-30 n=2 gap=10", "rejected v0 15-15 n=1 gap=0", "failed v0 10-10 n=1 gap=0"})
	p.look(alpha, policy.OutcomeFailed, at(5))   // before the first
	p.look(alpha, policy.OutcomeFailed, at(18))  // the new beginning of a run
	p.look(alpha, policy.OutcomeFailed, at(12))  // the new end of one
	p.look(alpha, policy.OutcomeFailed, at(25))  // in the midst of one
	p.look(alpha, policy.OutcomeSkipped, at(13)) // between two
	p.equal("filled", told(p.runs(storage.RunQuery{})), []string{
		"failed v0 18-30 n=4 gap=5", "rejected v0 15-15 n=1 gap=0", "skipped v0 13-13 n=1 gap=0", "failed v0 5-12 n=3 gap=5",
	})
}

// runsMatchChecks commits checks in any order and compares the ledger with one
// that is made from the list of checks.
func runsMatchChecks(p *probe) {
	p.sync(at(0), alpha)
	r := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a reproducible story
	outcomes := []policy.Outcome{policy.OutcomeFailed, policy.OutcomeUnchanged, policy.OutcomeUnchanged, policy.OutcomeQuarantined}
	for i := range 60 {
		h := i
		if r.IntN(3) > 0 {
			h = r.IntN(40)
		}
		o := observation(p.claim(alpha, at(100)), outcomes[r.IntN(len(outcomes))], at(h))
		o.Check.Version = 1 + r.IntN(2)
		o.Check.CapturedAt = at(h - r.IntN(3))
		if r.IntN(6) == 0 {
			o.Check.Rule = policy.RuleVariant
		}
		p.commit(o)
		list := get[[]policy.Check](p, "checks")(p.store.Checks(p.ctx, alpha, storage.CheckQuery{}))
		p.equal(fmt.Sprintf("ledger after check %d", i), p.runs(storage.RunQuery{}), encode(list))
	}
}

// encode makes runs of checks; both newest first.
func encode(checks []policy.Check) []policy.Run {
	var out []policy.Run
	for _, c := range slices.Backward(checks) {
		if len(out) == 0 || !out[len(out)-1].Takes(c) {
			out = append(out, policy.NewRun(c))
			continue
		}
		last := &out[len(out)-1]
		*last = last.With(c)
	}
	slices.Reverse(out)
	return out
}

func noCheck(p *probe) {
	p.sync(at(0), alpha)
	p.tell(alpha, "your name", at(1))
	before := get[[]policy.Check](p, "checks")(p.store.Checks(p.ctx, alpha, storage.CheckQuery{}))
	o := news(p.claim(alpha, at(2)), "your name, read by other rules", at(1))
	o.Check, o.Capture, o.Alerts = policy.Check{}, nil, nil
	o.Versions[0].Version.Kind = policy.VersionTechnical
	p.equal("receipt", p.commit(o), storage.Receipt{Versions: []int{2}})
	p.equal("checks", get[[]policy.Check](p, "checks")(p.store.Checks(p.ctx, alpha, storage.CheckQuery{})), before)
	p.equal("runs", told(p.runs(storage.RunQuery{})), []string{"baseline v1 1-1 n=1 gap=0"})
	p.equal("head", p.state(alpha).Head, 2)
}

// beats marks times and returns the stretches, oldest first.
func (p *probe) beats(times ...time.Time) {
	for _, t := range times {
		p.must("beat", p.store.Beat(p.ctx, t, 2*time.Hour))
	}
}

func (p *probe) stretches(q storage.UptimeQuery) []string {
	list := get[[]policy.Stretch](p, "uptime")(p.store.Uptime(p.ctx, q))
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = fmt.Sprintf("%d-%d", hours(s.Began), hours(s.Alive))
	}
	return out
}

func stretches(p *probe) {
	p.equal("before the first mark", p.stretches(storage.UptimeQuery{}), []string(nil))
	p.beats(at(1), at(2), at(4), at(4), at(3)) // the clock may step back a little
	p.equal("one stretch", p.stretches(storage.UptimeQuery{}), []string{"1-4"})
	p.beats(at(7), at(8)) // asleep for too long
	p.beats(at(5))        // a clock that goes back
	p.equal("three stretches", p.stretches(storage.UptimeQuery{}), []string{"5-5", "7-8", "1-4"})
	p.equal("limited", p.stretches(storage.UptimeQuery{Limit: 1}), []string{"5-5"})
	p.equal("since", p.stretches(storage.UptimeQuery{Since: at(5)}), []string{"5-5", "7-8"})
	local := at(9).In(time.FixedZone("somewhere", 3600))
	p.beats(local)
	zone := get[[]policy.Stretch](p, "uptime")(p.store.Uptime(p.ctx, storage.UptimeQuery{Limit: 1}))[0].Began.Location()
	p.equal("zone", zone.String(), time.UTC.String())
}

func stretchPerSession(p *probe) {
	p.beats(at(1), at(2))
	p.reopen()
	p.equal("kept", p.stretches(storage.UptimeQuery{}), []string{"1-2"})
	p.beats(at(3))
	list := get[[]policy.Stretch](p, "uptime")(p.store.Uptime(p.ctx, storage.UptimeQuery{}))
	p.equal("after a restart", p.stretches(storage.UptimeQuery{}), []string{"3-3", "1-2"})
	if cmp.Compare(list[0].Session, list[1].Session) <= 0 {
		p.failf("sessions are %d and %d, want them to grow", list[1].Session, list[0].Session)
	}
}
