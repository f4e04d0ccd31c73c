package storagetest

import (
	"context"
	"errors"
	"fmt"

	"watcher/policy"
	"watcher/storage"
)

// question is one call of a storage.Reader.
type question struct {
	name string
	ask  func(context.Context, storage.Reader) (any, error)
}

// boxed makes a question of a typed call.
func boxed[T any](name string, ask func(context.Context, storage.Reader) (T, error)) question {
	return question{name: name, ask: func(ctx context.Context, r storage.Reader) (any, error) { return ask(ctx, r) }}
}

// asked bounds the versions and captures that are asked for: more than any
// case makes, so that there are always some that do not exist.
const asked = 9

// questions returns calls of every method for every policy of the cases.
func questions() []question {
	qs := []question{
		boxed("states", func(ctx context.Context, r storage.Reader) ([]policy.State, error) { return r.States(ctx) }),
		boxed("recent", func(ctx context.Context, r storage.Reader) ([]policy.Version, error) {
			return r.Recent(ctx, storage.RecentQuery{})
		}),
		boxed("recent, bounded", func(ctx context.Context, r storage.Reader) ([]policy.Version, error) {
			return r.Recent(ctx, storage.RecentQuery{Since: at(1), Limit: 2})
		}),
		boxed("stats", stats),
		boxed("uptime", func(ctx context.Context, r storage.Reader) ([]policy.Stretch, error) {
			return r.Uptime(ctx, storage.UptimeQuery{})
		}),
		boxed("uptime, bounded", func(ctx context.Context, r storage.Reader) ([]policy.Stretch, error) {
			return r.Uptime(ctx, storage.UptimeQuery{Since: at(1), Limit: 1})
		}),
		boxed("silences", func(ctx context.Context, r storage.Reader) ([]policy.Silence, error) { return r.Silences(ctx) }),
		boxed("breaker", func(ctx context.Context, r storage.Reader) (policy.Breaker, error) { return r.Breaker(ctx) }),
		boxed("unknown alert", func(ctx context.Context, r storage.Reader) (policy.Alert, error) { return r.Alert(ctx, "alt_none") }),
	}
	for i, q := range alertQueries() {
		qs = append(qs, boxed(fmt.Sprintf("alerts, query %d", i), func(ctx context.Context, r storage.Reader) ([]policy.Alert, error) { return r.Alerts(ctx, q) }))
	}
	for _, id := range []policy.ID{alpha, beta, gamma, nowhere} {
		qs = append(qs, questionsAbout(id)...)
	}
	return qs
}

func alertQueries() []storage.AlertQuery {
	return []storage.AlertQuery{
		{},
		{Receiver: team},
		{Policy: alpha},
		{Limit: 1},
		{States: []policy.AlertState{policy.AlertPending}},
		{States: []policy.AlertState{policy.AlertDelivered, policy.AlertDead}},
	}
}

// stats returns what two stores with the same contents agree on.
func stats(ctx context.Context, r storage.Reader) (storage.Stats, error) {
	s, err := r.Stats(ctx)
	s.SizeBytes, s.FreeBytes = 0, 0
	return s, err
}

func questionsAbout(id policy.ID) []question {
	qs := []question{
		boxed(fmt.Sprintf("%s state", id), func(ctx context.Context, r storage.Reader) (policy.State, error) { return r.State(ctx, id) }),
		boxed(fmt.Sprintf("%s versions", id), func(ctx context.Context, r storage.Reader) ([]policy.Version, error) { return r.Versions(ctx, id) }),
		boxed(fmt.Sprintf("%s checks", id), func(ctx context.Context, r storage.Reader) ([]policy.Check, error) {
			return r.Checks(ctx, id, storage.CheckQuery{})
		}),
		boxed(fmt.Sprintf("%s checks, bounded", id), func(ctx context.Context, r storage.Reader) ([]policy.Check, error) {
			return r.Checks(ctx, id, storage.CheckQuery{Since: at(1), Until: at(4), Limit: 1})
		}),
		boxed(fmt.Sprintf("%s runs", id), func(ctx context.Context, r storage.Reader) ([]policy.Run, error) {
			return r.Runs(ctx, id, storage.RunQuery{})
		}),
		boxed(fmt.Sprintf("%s runs, bounded", id), func(ctx context.Context, r storage.Reader) ([]policy.Run, error) {
			return r.Runs(ctx, id, storage.RunQuery{Since: at(1), Until: at(4), Limit: 2})
		}),
	}
	for n := range asked {
		qs = append(qs,
			boxed(fmt.Sprintf("%s version %d", id, n), func(ctx context.Context, r storage.Reader) (policy.Version, error) { return r.Version(ctx, id, n) }),
			boxed(fmt.Sprintf("%s document %d", id, n), func(ctx context.Context, r storage.Reader) (policy.Document, error) { return r.Document(ctx, id, n) }),
			boxed(fmt.Sprintf("%s change %d", id, n), func(ctx context.Context, r storage.Reader) (policy.Change, error) { return r.Change(ctx, id, n) }))
	}
	for n := range policy.CaptureID(asked) {
		qs = append(qs,
			boxed(fmt.Sprintf("%s capture %d", id, n), func(ctx context.Context, r storage.Reader) (policy.Capture, error) { return r.Capture(ctx, id, n) }),
			boxed(fmt.Sprintf("%s body %d", id, n), func(ctx context.Context, r storage.Reader) ([]byte, error) { return r.Body(ctx, id, n) }))
	}
	return qs
}

// dump asks everything. Two dumps are equal when nobody could tell the stores
// apart by reading.
func (p *probe) dump() map[string]any {
	out := map[string]any{}
	for _, q := range questions() {
		answer, err := q.ask(p.ctx, p.store)
		if err != nil {
			answer = class(err)
			if !errors.Is(err, policy.ErrNotFound) {
				p.failf("%s: %w", q.name, err)
			}
		}
		out[q.name] = answer
	}
	return out
}

// class reduces an error to what callers tell apart.
func class(err error) string {
	for name, target := range map[string]error{
		"not found": policy.ErrNotFound, "conflict": policy.ErrConflict, "locked": policy.ErrLocked,
		"damaged": policy.ErrDamaged, "format": policy.ErrFormat,
	} {
		if errors.Is(err, target) {
			return name
		}
	}
	if err != nil {
		return "error"
	}
	return ""
}

// history fills the store with every kind of row: two policies with a
// baseline, changes, a failed check, and alerts in every state; a third policy
// without any version.
func (p *probe) history() {
	p.sync(at(0), alpha, beta, gamma)
	p.beats(at(0), at(1), at(5))
	p.tell(alpha, "your name", at(1))
	p.tell(beta, "your address", at(1))
	p.tell(alpha, "your name and age", at(2))
	p.tell(beta, "your address and floor", at(3))
	failed := observation(p.claim(alpha, at(4)), policy.OutcomeFailed, at(4))
	failed.Check.Error, failed.Check.Status = "connection refused", 0
	failed.State.Failures, failed.State.Pending = 1, &policy.Pending{SHA256: policy.Sum([]byte("p")), FirstSeenAt: at(4), Since: at(4), Capture: 3, Sightings: 1}
	p.commit(failed)
	p.tell(alpha, "your name, age and shoe size", at(5))
	all := get[[]policy.Alert](p, "alerts")(p.store.Alerts(p.ctx, storage.AlertQuery{Receiver: team}))
	for i, s := range []policy.AlertState{policy.AlertDelivered, policy.AlertDead, policy.AlertParked} {
		p.must("settle", p.store.SettleAlert(p.ctx, all[i].ID, storage.Settlement{State: s, At: at(6), Error: "as told"}))
	}
	p.must("silence", p.store.PutSilence(p.ctx, policy.Silence{
		ID: "sil_1", Matchers: []policy.Matcher{{Name: "vendor", Values: []string{"acme"}}},
		StartsAt: at(1), EndsAt: at(9), Author: "probe", Comment: "a move", CreatedAt: at(1),
	}))
	p.must("breaker", p.store.SetBreaker(p.ctx, policy.Breaker{Open: true, OpenedAt: at(2), Reason: "many", Policies: []policy.ID{alpha}}))
}
