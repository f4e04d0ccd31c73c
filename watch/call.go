package watch

import (
	"context"
	"errors"

	"watcher/policy"
	"watcher/storage"
)

// call is a check that this process runs, for those who want its result too.
type call struct {
	done chan struct{}
	// What follows is set before done is closed. A ruling is no check: its result
	// tells nothing of the page as it is now.
	checks []policy.Check
	err    error
	ruling bool
}

// claimed is a claim with the call that its holder owes to others.
type claimed struct {
	storage.Claim
	call *call
}

// claim claims policies and begins their calls. Of the policies that q names
// and that are not free it returns the calls, of those that another process
// holds nothing.
func (l *Loop) claim(ctx context.Context, q storage.ClaimQuery) ([]claimed, map[policy.ID]*call, error) {
	l.claiming.Lock()
	defer l.claiming.Unlock()
	claims, err := l.Checker.Store.Claim(ctx, q)
	if err != nil {
		return nil, nil, err
	}
	others := map[policy.ID]*call{}
	for _, id := range q.IDs {
		if c := l.calls[id]; c != nil {
			others[id] = c
		}
	}
	out := make([]claimed, len(claims))
	for i, c := range claims {
		// A call that is still listed here has ended in the store already.
		delete(others, c.Policy)
		out[i] = claimed{c, &call{done: make(chan struct{})}}
		l.calls[c.Policy] = out[i].call
	}
	return out, others, nil
}

// errGivenBack ends the call of a claim that came to nothing.
var errGivenBack = errors.New("the policy was taken out of the configuration")

// end hands a result to all who wait for it. The claim is settled by then.
func (l *Loop) end(c claimed, checks []policy.Check, err error) {
	if c.call == nil { // a dry run owes nobody
		return
	}
	l.claiming.Lock()
	defer l.claiming.Unlock()
	c.call.checks, c.call.err = checks, err
	close(c.call.done)
	if l.calls[c.Policy] == c.call {
		delete(l.calls, c.Policy)
	}
}

// settle ends a claim with what came of it; one that came to an error is free
// again.
func (l *Loop) settle(ctx context.Context, c claimed, checks []policy.Check, err error) {
	if err != nil {
		l.release(ctx, c.Claim)
	}
	l.end(c, checks, err)
}

// wait returns what the call came to.
func (c *call) wait(ctx context.Context) ([]policy.Check, error) {
	select {
	case <-c.done:
		return c.checks, c.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
