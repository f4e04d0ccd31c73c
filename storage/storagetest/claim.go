package storagetest

import (
	"time"

	"watcher/policy"
	"watcher/storage"
)

func claimCases() []Case {
	return []Case{
		{"due policies are claimed, most overdue first", dueOrder},
		{"a claim hides a policy until it expires", claimHides},
		{"policies are claimed by id whether due or not", claimByID},
		{"a released policy is free at once", release},
		{"retired policies are not claimed", retiredNotClaimed},
	}
}

// due claims what is due and returns the ids.
func (p *probe) due(t time.Time, limit int) []policy.ID {
	claims, err := p.store.Claim(p.ctx, storage.ClaimQuery{Owner: "probe", Now: t, For: leaseFor, Limit: limit})
	p.must("claim", err)
	return claimIDs(claims)
}

// schedule sets when a policy is next due.
func (p *probe) schedule(id policy.ID, checked, next time.Time) {
	o := observation(p.claim(id, checked), policy.OutcomeUnchanged, checked)
	o.State.NextCheck = next
	p.commit(o)
}

func dueOrder(p *probe) {
	p.sync(at(0), alpha, beta, gamma)
	p.schedule(alpha, at(1), at(12))
	p.schedule(beta, at(1), at(10))
	p.schedule(gamma, at(1), at(11))
	p.equal("due too early", p.due(at(10).Add(-1), 0), []policy.ID(nil))
	p.equal("due to the nanosecond", p.due(at(10), 0), []policy.ID{beta})
	p.equal("due, limited", p.due(at(20), 1), []policy.ID{beta}) // the lease has expired
	p.equal("due, most overdue first", p.due(at(20), 0), []policy.ID{gamma, alpha})
	p.equal("due, all leased", p.due(at(20), 0), []policy.ID(nil))

	p.schedule(beta, at(30), at(60))
	p.schedule(gamma, at(30), at(40))
	p.equal("due after new schedules", p.due(at(40), 0), []policy.ID{alpha, gamma})
	p.equal("the rest", p.due(at(60), 0), []policy.ID{alpha, gamma, beta})
}

func claimHides(p *probe) {
	p.sync(at(0), alpha)
	query := storage.ClaimQuery{Owner: "worker 7", Now: at(1), For: leaseFor}
	claims := get[[]storage.Claim](p, "claim")(p.store.Claim(p.ctx, query))
	p.equal("claims", claims, []storage.Claim{{
		Policy: alpha, Owner: "worker 7", Fence: claims[0].Fence, Until: at(1).Add(leaseFor), State: p.state(alpha),
	}})
	p.equal("due under a lease", p.due(at(1).Add(leaseFor-1), 0), []policy.ID(nil))
	byID := get[[]storage.Claim](p, "claim")(p.store.Claim(p.ctx, storage.ClaimQuery{Now: at(1), For: leaseFor, IDs: []policy.ID{alpha}}))
	p.equal("claimed by id under a lease", claimIDs(byID), []policy.ID(nil))
	last := claims[0].Fence
	if last == 0 {
		p.failf("the first fence is 0, which no claim may have")
	}
	for i := range 3 {
		c := p.claim(alpha, at(1).Add(time.Duration(i+1)*leaseFor))
		if c.Fence <= last {
			p.failf("fence went from %d to %d", last, c.Fence)
		}
		last = c.Fence
	}
}

func claimByID(p *probe) {
	p.sync(at(0), alpha, beta, gamma)
	for _, id := range []policy.ID{alpha, beta, gamma} {
		p.schedule(id, at(1), at(100))
	}
	claim := func(limit int, ids ...policy.ID) []policy.ID {
		claims, err := p.store.Claim(p.ctx, storage.ClaimQuery{Owner: "probe", Now: at(2), For: leaseFor, Limit: limit, IDs: ids})
		p.must("claim", err)
		return claimIDs(claims)
	}
	p.equal("not due, but named, and named twice", claim(0, beta, beta), []policy.ID{beta})
	p.equal("leased ones are passed over", claim(1, beta, alpha, gamma), []policy.ID{alpha})
	_, err := p.store.Claim(p.ctx, storage.ClaimQuery{Owner: "probe", Now: at(2), For: leaseFor, IDs: []policy.ID{gamma, nowhere}})
	p.refused("claim with an unknown id", err, policy.ErrNotFound)
	p.equal("nothing was claimed with an unknown id", claim(0, gamma), []policy.ID{gamma})
}

func release(p *probe) {
	p.sync(at(0), alpha)
	c := p.claim(alpha, at(1))
	p.must("release", p.store.Release(p.ctx, c))
	p.must("second release", p.store.Release(p.ctx, c))
	next := p.claim(alpha, at(1))
	p.must("release of a lost claim", p.store.Release(p.ctx, c))
	p.equal("due after a lost claim's release", p.due(at(1), 0), []policy.ID(nil))
	p.commit(news(next, "your name", at(1)))
}

func retiredNotClaimed(p *probe) {
	p.sync(at(0), alpha, beta)
	p.sync(at(1), beta)
	p.equal("due", p.due(at(2), 0), []policy.ID{beta})
	claims := get[[]storage.Claim](p, "claim")(p.store.Claim(p.ctx, storage.ClaimQuery{Now: at(2), For: leaseFor, IDs: []policy.ID{alpha}}))
	p.equal("claimed by id", claimIDs(claims), []policy.ID(nil))
	p.sync(at(3), alpha, beta)
	p.equal("due after its return", p.due(at(3), 0), []policy.ID{beta, alpha})
}
