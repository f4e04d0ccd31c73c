package metrics

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"watcher/policy"
	"watcher/storage"
)

const (
	// freshFor is how long a snapshot serves scrapes. It is shorter than any
	// usual scrape interval, so that one Prometheus always sees news, and long
	// enough that a pair of them reads the store once.
	freshFor = 5 * time.Second
	// changesFor bounds how long change times are kept without a new version.
	changesFor = time.Hour
	// readFor bounds all reads of one scrape; Prometheus gives up after 10 s.
	readFor = 5 * time.Second
)

// What is read for a scrape: the values of the label read.
const (
	readStates  = "states"
	readChanges = "changes"
	readStats   = "stats"
)

// snapshot is what one reading of the store brought. A nil part could not be
// read.
type snapshot struct {
	policies []policy.Policy
	states   map[policy.ID]policy.State
	changes  map[policy.ID][]time.Time
	stats    *storage.Stats
}

// reader reads the store for scrapes and keeps what it read for a while.
type reader struct {
	store  storage.Reader
	logger *slog.Logger
	errors *prometheus.CounterVec

	mu     sync.Mutex
	readAt time.Time
	last   snapshot

	// Change times are kept until a policy has a new version: versions is the
	// count of versions by policy at the time of reading.
	changesAt time.Time
	changes   map[policy.ID][]time.Time
	versions  map[policy.ID]int

	failing map[string]bool
}

func newReader(store storage.Reader, logger *slog.Logger) *reader {
	r := &reader{
		store:   store,
		logger:  logger,
		failing: map[string]bool{},
		errors: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: nameReadErrors, Help: "Reads for a scrape that failed, by what was read.",
		}, []string{"read"}),
	}
	for _, what := range []string{readStates, readChanges, readStats} {
		r.errors.WithLabelValues(what)
	}
	return r
}

// snapshot returns what the store holds, read within the last freshFor. The
// policies are always those given.
func (r *reader) snapshot(now time.Time, policies []policy.Policy) snapshot {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !within(now, r.readAt, freshFor) {
		r.refresh(now, policies)
	}
	snap := r.last
	snap.policies = policies
	return snap
}

// within reports whether at lies at most d before now. A clock that was set
// back makes everything read later stale.
func within(now, at time.Time, d time.Duration) bool {
	age := now.Sub(at)
	return !at.IsZero() && age >= 0 && age < d
}

func (r *reader) refresh(now time.Time, policies []policy.Policy) {
	ctx, cancel := context.WithTimeout(context.Background(), readFor)
	defer cancel()
	var snap snapshot
	r.try(readStates, func() (err error) {
		snap.states, err = r.readStates(ctx, policies)
		return err
	})
	r.try(readChanges, func() (err error) {
		snap.changes, err = r.readChanges(ctx, now, snap.states)
		return err
	})
	r.try(readStats, func() error {
		stats, err := r.store.Stats(ctx)
		if err == nil {
			snap.stats = &stats
		}
		return err
	})
	r.readAt, r.last = now, snap
}

// try runs one read, counts its failure and logs when failures begin and end.
// A panic of the engine (a page that cannot be mapped) is a failure like any
// other: the scrape must go on.
func (r *reader) try(what string, read func() error) {
	err := recovered(read)
	if err != nil {
		r.errors.WithLabelValues(what).Inc()
	}
	if (err != nil) == r.failing[what] {
		return
	}
	r.failing[what] = err != nil
	if err != nil {
		r.logger.Error("reading the store for metrics failed", "read", what, "error", err)
		return
	}
	r.logger.Info("reading the store for metrics works again", "read", what)
}

func recovered(read func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return read()
}

// readStates returns the states of all policies. When a single value is
// damaged it returns those of the configured policies that can still be read,
// together with the error.
func (r *reader) readStates(ctx context.Context, policies []policy.Policy) (map[policy.ID]policy.State, error) {
	all, err := r.store.States(ctx)
	states := make(map[policy.ID]policy.State, len(all))
	if err == nil {
		for _, s := range all {
			states[s.ID] = s
		}
		return states, nil
	}
	if !errors.Is(err, policy.ErrDamaged) {
		return nil, fmt.Errorf("read states: %w", err)
	}
	for _, p := range policies {
		if s, one := r.store.State(ctx, p.ID); one == nil {
			states[s.ID] = s
		}
	}
	return states, fmt.Errorf("read states: %w", err)
}

// readChanges returns when the changes of the last year were first seen, by
// policy. It reads only when a version was added since the last time.
func (r *reader) readChanges(ctx context.Context, now time.Time, states map[policy.ID]policy.State) (map[policy.ID][]time.Time, error) {
	versions := make(map[policy.ID]int, len(states))
	for id, s := range states {
		versions[id] = s.Versions
	}
	if r.changes != nil && states != nil && within(now, r.changesAt, changesFor) && maps.Equal(versions, r.versions) {
		return r.changes, nil
	}
	// Since bounds the time of the capture, which is never before the time at
	// which its text was first seen: nothing within the window is missed.
	recent, err := r.store.Recent(ctx, storage.RecentQuery{Since: now.Add(-longestWindow)})
	if err != nil {
		return nil, fmt.Errorf("read changes: %w", err)
	}
	changes := make(map[policy.ID][]time.Time)
	for _, v := range recent {
		if v.Kind == policy.VersionChange {
			changes[v.Policy] = append(changes[v.Policy], v.FirstSeenAt)
		}
	}
	r.changesAt, r.changes, r.versions = now, changes, versions
	return changes, nil
}
