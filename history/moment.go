package history

import (
	"context"
	"slices"
	"time"

	"watcher/policy"
	"watcher/storage"
)

// How sure it is that a text was in force at a time.
const (
	// Proved: the same text was seen before and after, and no other in between.
	Proved = "proved"
	// LastKnown: it was seen before, and nothing has been seen since.
	LastKnown = "last_known"
	// ChangedBetween: it was seen before and another one after; the change may
	// have come before or after the time.
	ChangedBetween = "changed_between"
	// Unknown: no text was known yet.
	Unknown = "unknown"
)

// Moment says which text was in force at a time, and how that is known.
type Moment struct {
	Schema string    `json:"schema"`
	Policy policy.ID `json:"policy"`
	At     time.Time `json:"at"`
	// Certainty is one of Proved, LastKnown, ChangedBetween and Unknown.
	Certainty string `json:"certainty"`
	// Version and what follows describe the text, when one is known.
	Version     int                `json:"version,omitempty"`
	Kind        policy.VersionKind `json:"kind,omitempty"`
	SHA256      policy.Digest      `json:"sha256,omitzero"`
	FirstSeenAt time.Time          `json:"first_seen_at,omitzero"`
	// ConfirmedBefore is when the text was last seen by the time, ConfirmedAfter
	// when it was first seen again.
	ConfirmedBefore time.Time `json:"confirmed_before,omitzero"`
	ConfirmedAfter  time.Time `json:"confirmed_after,omitzero"`
	// Next is the version with the text that was seen next, since NextSeenAt.
	Next       int       `json:"next_version,omitempty"`
	NextSeenAt time.Time `json:"next_first_seen_at,omitzero"`
	// Between is what happened between the two sightings around the time.
	Between []Interval `json:"between"`
}

// At says which text of a policy was in force at a time.
func At(ctx context.Context, r storage.Reader, id policy.ID, at time.Time, o CoverageOptions) (Moment, error) {
	m := Moment{Schema: CoverageSchema, Policy: id, At: at.UTC(), Certainty: Unknown, Between: []Interval{}}
	if at.After(o.Now) {
		return m, errFuture(at, o.Now)
	}
	l, err := openLedger(ctx, r, id, o)
	if err != nil {
		return m, err
	}
	i := l.inForce(at)
	if i < 0 {
		l.next(&m, nil)
		return m, l.between(ctx, &m)
	}
	v := l.versions[i]
	m.Version, m.Kind, m.SHA256, m.FirstSeenAt, m.ConfirmedBefore = v.Number, v.Kind, v.SHA256, v.FirstSeenAt, v.FirstSeenAt
	same := l.sameText(v)
	l.next(&m, same)
	if err := l.confirm(ctx, &m, same); err != nil {
		return m, err
	}
	switch {
	case !m.ConfirmedAfter.IsZero(), m.ConfirmedBefore.Equal(m.At):
		m.Certainty = Proved
	case m.Next > 0:
		m.Certainty = ChangedBetween
	default:
		m.Certainty = LastKnown
	}
	return m, l.between(ctx, &m)
}

// sameText returns the versions that are readings of the vendor's same text: v
// and what technical versions link with it.
func (l *ledger) sameText(v policy.Version) map[int]bool {
	same := map[int]bool{v.Number: true}
	for grown := true; grown; {
		grown = false
		for _, w := range l.versions {
			if w.Kind == policy.VersionTechnical && same[w.Number] != same[w.From] && w.From > 0 {
				same[w.Number], same[w.From], grown = true, true, true
			}
		}
	}
	return same
}

// next notes the text that was first seen after the time.
func (l *ledger) next(m *Moment, same map[int]bool) {
	for _, v := range l.versions {
		if v.FirstSeenAt.After(m.At) && !same[v.Number] {
			m.Next, m.NextSeenAt = v.Number, v.FirstSeenAt
			return
		}
	}
}

// confirm finds the sightings around the time. The ledger says in which runs they
// are; only those are read check by check.
func (l *ledger) confirm(ctx context.Context, m *Moment, same map[int]bool) error {
	runs, err := l.reader.Runs(ctx, m.Policy, storage.RunQuery{})
	if err != nil {
		return err
	}
	before, after := -1, -1 // newest first
	for i, run := range runs {
		if !run.Confirms || !same[l.versionOf(run.Version, run.SeenLast)] {
			continue
		}
		if before < 0 && !run.SeenFirst.After(m.At) {
			before = i
		}
		if !run.SeenLast.Before(m.At) {
			after = i
		}
	}
	if after == before {
		after = -1 // both are in one run
	}
	for _, i := range []int{before, after} {
		if i < 0 {
			continue
		}
		if err := l.sightings(ctx, m, runs[i], same); err != nil {
			return err
		}
	}
	return nil
}

// sightings looks through the checks of a run for those next to the time.
func (l *ledger) sightings(ctx context.Context, m *Moment, run policy.Run, same map[int]bool) error {
	checks, err := l.reader.Checks(ctx, m.Policy, storage.CheckQuery{Since: run.First, Until: run.Last})
	if err != nil {
		return err
	}
	for _, c := range checks {
		seen := c.Seen()
		if !c.Confirms() || !same[l.versionOf(c.Version, seen)] {
			continue
		}
		if !seen.After(m.At) {
			m.ConfirmedBefore = later(m.ConfirmedBefore, seen)
		}
		if !seen.Before(m.At) && (m.Next == 0 || seen.Before(m.NextSeenAt)) && (m.ConfirmedAfter.IsZero() || seen.Before(m.ConfirmedAfter)) {
			m.ConfirmedAfter = seen
		}
	}
	return nil
}

// between tells what stood between the sightings around the time.
func (l *ledger) between(ctx context.Context, m *Moment) error {
	from, to := m.ConfirmedBefore, m.ConfirmedAfter
	if from.IsZero() {
		from = l.state.Added
	}
	if to.IsZero() {
		to = m.NextSeenAt
	}
	if to.IsZero() {
		to = l.opt.Now
	}
	if from.IsZero() || !to.After(from) {
		return nil
	}
	runs, err := l.reader.Runs(ctx, m.Policy, storage.RunQuery{Since: from, Until: to})
	if err != nil {
		return err
	}
	last := from
	for _, run := range slices.Backward(runs) {
		if run.Confirms || run.Last.Before(from) {
			continue
		}
		parts, err := l.split(ctx, run)
		if err != nil {
			return err
		}
		for _, part := range parts {
			m.Between = append(m.Between, l.idle(last, part.First, part.First.Sub(last) > l.opt.limit())...)
			m.Between = append(m.Between, l.interval(part))
			last = later(last, part.Last)
		}
	}
	m.Between = append(m.Between, l.idle(last, to, to.Sub(last) > l.opt.limit())...)
	return nil
}
