package app

import (
	"context"
	"fmt"
	"time"

	"watcher/policy"
	"watcher/watch"
)

// routeNow makes the alerts of an event by the configuration in force.
func (a *App) routeNow(e policy.Event, now time.Time) []policy.Alert {
	return a.live.Load().receivers.Route(e, now)
}

// active counts the policies that are checked.
func (a *App) active() int {
	n := 0
	for _, p := range a.Policies() {
		if !p.Disabled {
			n++
		}
	}
	return n
}

// resample checks the sample of a mass change again.
func (a *App) resample(ctx context.Context, ids []policy.ID) error {
	var known []policy.ID
	for _, p := range a.Policies() {
		for _, id := range ids {
			if p.ID == id && !p.Disabled {
				known = append(known, id)
			}
		}
	}
	if len(known) == 0 {
		return nil
	}
	return a.Pass(ctx, watch.PassOptions{IDs: known}, func(policy.Check) error { return nil })
}

// AddSilence implements web.Delivery.
func (a *App) AddSilence(ctx context.Context, s policy.Silence) (policy.Silence, error) {
	if err := s.Validate(); err != nil {
		return s, err
	}
	s.ID = policy.SilenceID(s)
	if err := a.store.PutSilence(ctx, s); err != nil {
		return s, err
	}
	a.opts.Logger.Info("silence added", "silence", s.ID, "author", s.Author, "ends_at", s.EndsAt, "comment", s.Comment)
	a.dispatcher.Wake()
	return s, nil
}

// ExpireSilence implements web.Delivery. One that has ended stays as it is.
func (a *App) ExpireSilence(ctx context.Context, id string) error {
	all, err := a.store.Silences(ctx)
	if err != nil {
		return err
	}
	now := a.opts.Clock().UTC()
	for _, s := range all {
		if s.ID != id {
			continue
		}
		if !s.EndsAt.After(now) {
			return nil
		}
		s.EndsAt = now
		return a.store.PutSilence(ctx, s)
	}
	return fmt.Errorf("silence %q: %w", id, policy.ErrNotFound)
}

// CloseBreaker implements web.Delivery.
func (a *App) CloseBreaker(ctx context.Context, by string) error {
	return a.dispatcher.CloseBreaker(ctx, by)
}

// ResumeReceiver implements web.Delivery: it tries what is parked for every
// integration of a receiver again.
func (a *App) ResumeReceiver(ctx context.Context, name string) (int, error) {
	r := a.live.Load().receivers
	outlets := r.outlets[name]
	if r.senders[name] != nil {
		outlets = []string{name}
	}
	if len(outlets) == 0 {
		return 0, fmt.Errorf("receiver %q is not in the configuration: %w", name, policy.ErrNotFound)
	}
	total := 0
	for _, outlet := range outlets {
		n, err := a.dispatcher.Resume(ctx, outlet)
		if err != nil {
			return total, err
		}
		total += n
	}
	return total, nil
}
