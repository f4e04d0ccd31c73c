package bolt

import (
	"runtime"
	"sync"
)

// team walks parts of a file at once. A nil team is one pair of hands.
type team struct {
	hands chan struct{} // one for each helper that is at work
	guard func(func() error) error
}

// newTeam returns a team of as many hands as there are processors. A page that
// faults does so in a helper's goroutine, so each runs under the guard.
func newTeam(guard func(func() error) error) *team {
	return &team{hands: make(chan struct{}, max(runtime.GOMAXPROCS(0)-1, 0)), guard: guard}
}

// errand is work that was given to helpers.
type errand struct {
	running sync.WaitGroup
	mu      sync.Mutex
	err     error
}

// do runs f: in a helper if one is free, whose error wait returns, and else here.
func (t *team) do(e *errand, f func() error) error {
	if t == nil {
		return f()
	}
	select {
	case t.hands <- struct{}{}:
	default:
		return f()
	}
	e.running.Go(func() {
		defer func() { <-t.hands }()
		if err := t.guard(f); err != nil {
			e.mu.Lock()
			defer e.mu.Unlock()
			e.err = err
		}
	})
	return nil
}

// wait returns once all helpers are done, with one of their errors.
func (e *errand) wait() error {
	e.running.Wait()
	return e.err
}
