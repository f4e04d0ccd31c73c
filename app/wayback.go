package app

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"watcher/policy"
	"watcher/storage"
	"watcher/watch"
	"watcher/wayback"
)

// archiveError says of a failure of the archive what it means.
func archiveError(address string, err error) error {
	if _, ok := errors.AsType[*policy.FetchError](err); ok {
		return err
	}
	hint := "see what the archive has at web.archive.org/web/*/" + address
	if errors.Is(err, wayback.ErrExcluded) {
		hint = "the archive may not show this site: use `source: live`"
	}
	return &policy.FetchError{Reason: policy.FetchOther, URL: address, Hint: hint, Err: err}
}

// backfillWayback gives a policy its past out of the web archive.
func (a *App) backfillWayback(ctx context.Context, l *live, p policy.Policy, o BackfillOptions, emit func(policy.Check) error) error {
	plan, err := mementos(ctx, l.archive, p, wayback.Range{From: o.Since, To: o.Until})
	if err != nil {
		return err
	}
	known, err := a.capturedAt(ctx, p.ID)
	if err != nil {
		return err
	}
	past := watch.Past{Checker: a.checker, Settings: l.plan.Settings, Owner: owner()}
	src := &playback{client: l.archive, policy: p, plan: plan, known: known, progress: o.Progress}
	if err := past.Run(ctx, p, src.captures(ctx), emit); err != nil {
		return err
	}
	return src.failed
}

// mementos lists the captures of all addresses that a policy had, in the order
// of time. Of a run of captures with one payload the first and the last are
// taken: that nothing changed between them is what the archive's digests say.
func mementos(ctx context.Context, c *wayback.Client, p policy.Policy, r wayback.Range) ([]wayback.Memento, error) {
	var all []wayback.Memento
	for _, address := range append([]string{p.URL}, p.ArchiveURLs...) {
		got, err := c.List(ctx, address, r)
		if err != nil {
			return nil, archiveError(address, err)
		}
		all = append(all, got...)
	}
	slices.SortStableFunc(all, func(x, y wayback.Memento) int { return x.Time.Compare(y.Time) })
	all = slices.CompactFunc(all, func(x, y wayback.Memento) bool { return x.Time.Equal(y.Time) })
	var out []wayback.Memento
	for i, m := range all {
		inside := i > 0 && i+1 < len(all) && m.Digest != "" && all[i-1].Digest == m.Digest && all[i+1].Digest == m.Digest
		if !inside {
			out = append(out, m)
		}
	}
	return out, nil
}

// capturedAt returns the times of the captures that the ledger has.
func (a *App) capturedAt(ctx context.Context, id policy.ID) (map[int64]bool, error) {
	checks, err := a.store.Checks(ctx, id, storage.CheckQuery{})
	if err != nil {
		return nil, fmt.Errorf("read the ledger: %w", err)
	}
	out := make(map[int64]bool, len(checks))
	for _, c := range checks {
		out[c.CapturedAt.UnixNano()] = true
	}
	return out, nil
}

// playback turns a plan into captures, one when it is asked for.
type playback struct {
	client   *wayback.Client
	policy   policy.Policy
	plan     []wayback.Memento
	known    map[int64]bool
	progress func(id policy.ID, done, total int)
	// failed is why the captures ended before the plan did.
	failed error
	last   policy.Capture
	digest string
}

func (s *playback) captures(ctx context.Context) iter.Seq2[policy.Capture, error] {
	return func(yield func(policy.Capture, error) bool) {
		for i, m := range s.plan {
			c, err := s.one(ctx, m)
			if errors.Is(err, wayback.ErrResting) || ctx.Err() != nil {
				s.failed = errors.Join(err, ctx.Err())
				return
			}
			if !yield(c, err) {
				return
			}
			if s.progress != nil {
				s.progress(s.policy.ID, i+1, len(s.plan))
			}
		}
	}
}

// one returns the capture of a memento. What the store has is not fetched again,
// nor what has the payload of the capture before.
func (s *playback) one(ctx context.Context, m wayback.Memento) (policy.Capture, error) {
	if s.known[m.Time.UnixNano()] {
		s.digest = ""
		return policy.Capture{Source: policy.SourceWayback, CapturedAt: m.Time}, nil
	}
	if m.Digest != "" && m.Digest == s.digest {
		c := s.last
		c.CapturedAt, c.StartedAt, c.FinalURL, c.Attempts = m.Time, m.Time, m.Original, 0
		return c, nil
	}
	c, err := s.patiently(ctx, m)
	if err != nil {
		s.digest = ""
		return policy.Capture{Source: policy.SourceWayback, URL: s.policy.URL, CapturedAt: m.Time}, archiveError(m.Original, err)
	}
	c.Policy, c.URL = s.policy.ID, s.policy.URL
	// The list's time is the capture's name; the header's may differ by seconds.
	c.CapturedAt = m.Time
	s.last, s.digest = c, m.Digest
	return c, nil
}

// shortRest is how long a backfill waits for the archive by itself.
const shortRest = 2 * time.Minute

// patiently plays a memento, and waits once when the archive wants a short rest.
func (s *playback) patiently(ctx context.Context, m wayback.Memento) (policy.Capture, error) {
	c, err := s.client.Play(ctx, m)
	var fe *policy.FetchError
	if !errors.Is(err, wayback.ErrResting) || !errors.As(err, &fe) || fe.RetryAfter > shortRest {
		return c, err
	}
	rest := time.NewTimer(fe.RetryAfter)
	defer rest.Stop()
	select {
	case <-rest.C:
		return s.client.Play(ctx, m)
	case <-ctx.Done():
		return c, err
	}
}
