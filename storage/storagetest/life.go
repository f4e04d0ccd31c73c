package storagetest

import (
	"fmt"
	"sync"

	"watcher/policy"
	"watcher/storage"
)

func lifeCases() []Case {
	return []Case{
		{"everything survives a restart", reopenKeeps},
		{"a restart voids leases", reopenVoids},
		{"reading goes on while others write", readersAndWriters},
		{"a closed store answers with errors", closed},
	}
}

// reopen restarts the store, or ends the case when it cannot be.
func (p *probe) reopen() {
	r, ok := p.store.(Reopener)
	if !ok {
		p.failf("%w: the store cannot be reopened", ErrSkipped)
	}
	s, err := r.Reopen()
	p.must("reopen", err)
	p.store = s
}

func reopenKeeps(p *probe) {
	p.history()
	before := p.dump()
	p.reopen()
	p.equal("what is stored after a restart", p.dump(), before)
	r := p.tell(gamma, "the first text after a restart", at(9))
	p.equal("numbers go on", []any{r.Capture, r.Versions}, []any{policy.CaptureID(6), []int{1}})
}

func reopenVoids(p *probe) {
	ids := p.alerts(2)
	old := p.claim(alpha, at(9))
	p.equal("leased alerts", p.lease(team, at(9), 0), ids)
	p.reopen()
	next := p.claim(alpha, at(9))
	if next.Fence <= old.Fence {
		p.failf("fence went from %d to %d over a restart", old.Fence, next.Fence)
	}
	_, err := p.store.Commit(p.ctx, observation(old, policy.OutcomeUnchanged, at(9)))
	p.refused("commit under a claim from before the restart", err, policy.ErrConflict)
	p.commit(observation(next, policy.OutcomeUnchanged, at(9)))
	p.equal("alerts after a restart", p.lease(team, at(9), 0), ids)
}

// readersAndWriters lets every reader check that what it sees is whole: a head
// has its version, a version its document, a change its alerts.
func readersAndWriters(p *probe) {
	ids := []policy.ID{alpha, beta, gamma}
	p.sync(at(0), ids...)
	const rounds = 12
	errs := make(chan error, 2*len(ids))
	var all sync.WaitGroup
	for _, id := range ids {
		written := make(chan struct{})
		all.Go(func() {
			defer close(written)
			errs <- safely(func() {
				for i := range rounds {
					p.tell(id, fmt.Sprintf("text %d of %s", i, id), at(i+1))
				}
			})
		})
		all.Go(func() {
			errs <- safely(func() {
				for {
					select {
					case <-written:
						return
					default:
						p.whole(id)
					}
				}
			})
		})
	}
	all.Wait()
	close(errs)
	for err := range errs {
		p.must("reader or writer", err)
	}
	for _, id := range ids {
		p.whole(id)
		p.equal("head", p.state(id).Head, rounds)
	}
}

// safely turns the end of a case into an error, for goroutines.
func safely(fn func()) (err error) {
	defer func() {
		switch v := recover().(type) {
		case nil:
		case failure:
			err = v.err
		default:
			err = fmt.Errorf("panic: %v", v)
		}
	}()
	fn()
	return nil
}

func (p *probe) whole(id policy.ID) {
	s := p.state(id)
	if s.Head == 0 {
		return
	}
	v := p.version(id, s.Head)
	p.equal("head's digest", v.SHA256, s.HeadSHA256)
	doc := get[policy.Document](p, "document")(p.store.Document(p.ctx, id, s.Head))
	p.equal("document's digest", doc.Digest(), v.SHA256)
	get[[]byte](p, "body")(p.store.Body(p.ctx, id, v.Capture))
	alerts := get[[]policy.Alert](p, "alerts")(p.store.Alerts(p.ctx, storage.AlertQuery{Policy: id, Receiver: team}))
	if len(alerts) < s.Head-1 {
		p.failf("%d alerts for %d changes", len(alerts), s.Head-1)
	}
}

func closed(p *probe) {
	p.history()
	o := news(p.claim(alpha, at(20)), "too late", at(20))
	p.must("close", p.store.Close())
	for _, q := range questions() {
		if _, err := q.ask(p.ctx, p.store); err == nil {
			p.failf("%s was answered by a closed store", q.name)
		}
	}
	_, err := p.store.Commit(p.ctx, o)
	_, claimErr := p.store.Claim(p.ctx, storage.ClaimQuery{Now: at(20), For: leaseFor})
	_, leaseErr := p.store.LeaseAlerts(p.ctx, storage.LeaseQuery{Receiver: team, Now: at(20), For: leaseFor})
	for what, err := range map[string]error{
		"commit": err, "claim": claimErr, "lease": leaseErr,
		"sync":    p.store.Sync(p.ctx, nil, at(20)),
		"release": p.store.Release(p.ctx, o.Claim),
		"settle":  p.store.SettleAlert(p.ctx, "alt_none", storage.Settlement{State: policy.AlertDead, At: at(20)}),
		"requeue": p.store.RequeueAlert(p.ctx, "alt_none", at(20)),
	} {
		if err == nil {
			p.failf("%s was done by a closed store", what)
		}
	}
}
