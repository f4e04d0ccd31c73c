package storagetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"watcher/policy"
	"watcher/storage"
)

func commitCases() []Case {
	return []Case{
		{"a moved head refuses the commit whole", headConflict},
		{"an older fence refuses the commit whole", fenceConflict},
		{"a lost lease refuses the commit, an expired one does not", expiredLease},
		{"sixteen writers of a version, one wins", racingWriters},
		{"a known alert is left alone", knownAlert},
		{"a commit leaves the configuration's copies alone", configStays},
		{"a cancelled context starts nothing", cancelled},
	}
}

// unwritten runs a commit that must be refused and write nothing.
func (p *probe) unwritten(what string, o storage.Observation) {
	before := p.dump()
	_, err := p.store.Commit(p.ctx, o)
	p.refused(what, err, policy.ErrConflict)
	p.equal("what is stored after a refused commit", p.dump(), before)
}

func headConflict(p *probe) {
	p.sync(at(0), alpha)
	p.tell(alpha, "your name", at(1))
	claim := p.claim(alpha, at(2))
	good := news(claim, "your name and age", at(2))
	for what, expect := range map[string]policy.HeadRef{
		"no head expected":      {},
		"another number":        {Version: 2, SHA256: claim.State.HeadSHA256},
		"another text":          {Version: 1, SHA256: policy.Sum([]byte("other"))},
		"another text, no text": {Version: 1},
	} {
		bad := good
		bad.Expect = expect
		p.unwritten(what, bad)
	}
	p.commit(good) // the refusals have not ended the lease
}

func fenceConflict(p *probe) {
	p.sync(at(0), alpha)
	first := p.claim(alpha, at(1))
	o := news(first, "your name", at(1))
	forged := o
	forged.Claim.Fence += 5
	p.unwritten("a fence nobody was given", forged)
	p.commit(o)
	p.unwritten("a claim that was used", observation(storage.Claim{
		Policy: alpha, Owner: first.Owner, Fence: first.Fence, Until: first.Until, State: p.state(alpha),
	}, policy.OutcomeUnchanged, at(1)))
	second := p.claim(alpha, at(2))
	p.must("release", p.store.Release(p.ctx, second))
	p.unwritten("a claim that was released", observation(second, policy.OutcomeUnchanged, at(2)))
}

func expiredLease(p *probe) {
	p.sync(at(0), alpha)
	slow := p.claim(alpha, at(1))
	other := p.claim(alpha, at(1).Add(leaseFor)) // expired, so another worker takes over
	if other.Fence <= slow.Fence {
		p.failf("fence fell from %d to %d", slow.Fence, other.Fence)
	}
	p.unwritten("the slow worker", news(slow, "what the slow worker saw", at(1)))
	p.must("release of a lost claim", p.store.Release(p.ctx, slow))
	p.commit(news(other, "your name", at(2)))

	late := p.claim(alpha, at(3))
	p.commit(news(late, "late, but nobody took over", at(3).Add(2*leaseFor)))
}

func racingWriters(p *probe) {
	p.sync(at(0), alpha)
	for round := range 3 {
		claim := p.claim(alpha, at(round+1))
		var won, lost int
		for _, err := range race(p.ctx, p.store, claim, at(round+1)) {
			switch {
			case err == nil:
				won++
			case errors.Is(err, policy.ErrConflict):
				lost++
			default:
				p.must("a racing writer", err)
			}
		}
		p.equal("winners and losers", []int{won, lost}, []int{1, racers - 1})
		s := p.state(alpha)
		p.equal("head and versions", []int{s.Head, s.Versions}, []int{round + 1, round + 1})
		versions := get[[]policy.Version](p, "versions")(p.store.Versions(p.ctx, alpha))
		p.equal("number of versions", len(versions), round+1)
	}
}

const racers = 16

// race commits under the same claim from all racers at once.
func race(ctx context.Context, s storage.Store, claim storage.Claim, t time.Time) []error {
	errs := make([]error, racers)
	start := make(chan struct{})
	var all sync.WaitGroup
	for i := range errs {
		all.Go(func() {
			<-start
			_, errs[i] = s.Commit(ctx, news(claim, fmt.Sprintf("what writer %d saw at %v", i, t), t))
		})
	}
	close(start)
	all.Wait()
	return errs
}

func knownAlert(p *probe) {
	p.sync(at(0), alpha)
	p.tell(alpha, "your name", at(1))
	o := news(p.claim(alpha, at(2)), "your name and age", at(2))
	known := o.Alerts[0]
	p.commit(o)
	p.must("settle", p.store.SettleAlert(p.ctx, known.ID, storage.Settlement{State: policy.AlertDelivered, At: at(3)}))
	before := get[policy.Alert](p, "alert")(p.store.Alert(p.ctx, known.ID))

	again := news(p.claim(alpha, at(4)), "your name, age and size", at(4))
	again.Alerts = append(again.Alerts, known)
	receipt := p.commit(again)
	p.equal("new alerts", receipt.Alerts, 2)
	p.equal("the known alert", get[policy.Alert](p, "alert")(p.store.Alert(p.ctx, known.ID)), before)
	p.equal("due alerts", p.lease(team, at(5), 0), []string{again.Alerts[0].ID})
}

func configStays(p *probe) {
	p.sync(at(0), alpha, beta)
	moved := watched(alpha)
	moved.URL, moved.Vendor.Name = "https://acme.example/moved", "Acme Incorporated"
	p.must("sync", p.store.Sync(p.ctx, []policy.Policy{moved}, at(2)))
	stale := p.claim(alpha, at(2))
	stale.State.URL = watched(alpha).URL
	p.sync(at(3), beta) // alpha is retired while its check runs
	p.commit(news(stale, "your name", at(3)))
	s := p.state(alpha)
	p.equal("retired", s.Retired, true)
	p.equal("copies", []string{s.URL, s.Vendor.Name}, []string{moved.URL, moved.Vendor.Name})
	p.equal("added", s.Added, at(0))
	p.equal("head", s.Head, 1)
}

func cancelled(p *probe) {
	p.sync(at(0), alpha)
	o := news(p.claim(alpha, at(1)), "your name", at(1))
	before := p.dump()
	ctx, cancel := context.WithCancel(p.ctx)
	cancel()
	_, err := p.store.Commit(ctx, o)
	p.refused("commit", err, context.Canceled)
	_, err = p.store.States(ctx)
	p.refused("states", err, context.Canceled)
	p.refused("sync", p.store.Sync(ctx, nil, at(2)), context.Canceled)
	p.equal("what is stored", p.dump(), before)
	p.commit(o)
}
