package web

import (
	"context"
	"fmt"
	"sync"
	"time"

	"watcher/policy"
)

// statesFor bounds how long states are kept although nothing was announced: for
// a writer that announces nothing.
const statesFor = 10 * time.Second

// statesCache keeps the states of all policies between checks: with a thousand of
// them, reading them is most of the work of the front page, and between two
// checks they are the same.
type statesCache struct {
	mu     sync.Mutex
	states []policy.State
	turn   uint64
	until  time.Time
}

// states returns the states of all policies. The list is shared: nobody may
// change it.
func (s *server) states(ctx context.Context) ([]policy.State, error) {
	if s.opt.Events == nil {
		return s.readStates(ctx)
	}
	c, now := &s.kept, s.opt.Clock()
	c.mu.Lock()
	defer c.mu.Unlock()
	// The turn is read before the store: a check that ends in between makes the
	// list old at once, never new for too long.
	turn := s.opt.Events.turn()
	if c.states != nil && c.turn == turn && now.Before(c.until) {
		return c.states, nil
	}
	states, err := s.readStates(ctx)
	if err != nil {
		return nil, err
	}
	c.states, c.turn, c.until = states, turn, now.Add(statesFor)
	return states, nil
}

func (s *server) readStates(ctx context.Context) ([]policy.State, error) {
	states, err := s.opt.Store.States(ctx)
	if err != nil {
		return nil, fmt.Errorf("read policies: %w", err)
	}
	return states, nil
}
