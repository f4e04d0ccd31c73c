package history

import (
	"context"
	"fmt"
	"slices"
	"time"

	"watcher/policy"
	"watcher/storage"
)

// CoverageSchema is the schema of what "watcher coverage --json" prints.
const CoverageSchema = "watcher.coverage/1"

// The kinds of an interval.
const (
	// Checked is a run of checks that ended alike.
	Checked = "checked"
	// NotRunning is a time in which, as the marks in the store prove, no watcher
	// was at work.
	NotRunning = "not_running"
	// NobodyLooked is a time without a check although one was due, of which the
	// store does not know more.
	NobodyLooked = "nobody_looked"
)

// Interval is a part of a policy's past.
type Interval struct {
	Kind string    `json:"kind"`
	From time.Time `json:"from"`
	To   time.Time `json:"to"`

	// Outcome, Version, Checks and what follows are those of a run of checks.
	Outcome  policy.Outcome `json:"outcome,omitempty"`
	Version  int            `json:"version,omitempty"`
	Confirms bool           `json:"confirms,omitempty"`
	Checks   int            `json:"checks,omitempty"`
	// LongestGap is in seconds.
	LongestGap float64       `json:"longest_gap_seconds,omitempty"`
	Rule       string        `json:"rule,omitempty"`
	Source     policy.Source `json:"source,omitempty"`
}

// CoverageOptions say how the past is read.
type CoverageOptions struct {
	// Since and Until bound what is told; zero times are no bounds.
	Since, Until time.Time
	// Now is where the past ends.
	Now time.Time
	// Every is the interval at which the policy is checked. A time without checks
	// that is longer by half counts as a gap.
	Every time.Duration
}

// DefaultEvery is the interval of a policy of which no configuration is at hand.
const DefaultEvery = 12 * time.Hour

func (o CoverageOptions) limit() time.Duration {
	if o.Every <= 0 {
		o.Every = DefaultEvery
	}
	return o.Every + o.Every/2
}

// beatTolerance is how much later than the last mark a watcher may still have
// been at work.
const beatTolerance = 15 * time.Minute

// ledger is what the store knows of a policy's coverage.
type ledger struct {
	reader   storage.Reader
	state    policy.State
	versions []policy.Version
	downs    []span
	opt      CoverageOptions
}

type span struct{ from, to time.Time }

func openLedger(ctx context.Context, r storage.Reader, id policy.ID, o CoverageOptions) (*ledger, error) {
	l := &ledger{reader: r, opt: o}
	var err error
	if l.state, err = r.State(ctx, id); err != nil {
		return nil, err
	}
	if l.versions, err = r.Versions(ctx, id); err != nil {
		return nil, err
	}
	up, err := r.Uptime(ctx, storage.UptimeQuery{})
	l.downs = downs(up, o.Now)
	return l, err
}

// downs returns the times between stretches, and the one since the last.
func downs(up []policy.Stretch, now time.Time) []span {
	slices.SortFunc(up, func(a, b policy.Stretch) int { return a.Began.Compare(b.Began) })
	var out []span
	var end time.Time
	for i, s := range up {
		if i > 0 && s.Began.After(end) {
			out = append(out, span{end, s.Began})
		}
		if s.Alive.After(end) {
			end = s.Alive
		}
	}
	if len(up) > 0 && now.Sub(end) > beatTolerance {
		out = append(out, span{end, now})
	}
	return out
}

// Coverage returns a policy's past as intervals, oldest first: checks that ended
// alike, and times without any that were longer than they should have been.
// Before the policy was watched only checks (of archives) are told.
func Coverage(ctx context.Context, r storage.Reader, id policy.ID, o CoverageOptions) ([]Interval, error) {
	l, err := openLedger(ctx, r, id, o)
	if err != nil {
		return nil, err
	}
	runs, err := r.Runs(ctx, id, storage.RunQuery{Since: o.Since, Until: o.Until})
	if err != nil {
		return nil, err
	}
	var out []Interval
	last := l.state.Added
	for _, run := range slices.Backward(runs) {
		parts, err := l.split(ctx, run)
		if err != nil {
			return nil, err
		}
		for _, part := range parts {
			if len(out) > 0 || o.Since.IsZero() {
				out = append(out, l.gap(last, part.First)...)
			}
			out = append(out, l.interval(part))
			last = later(last, part.Last)
		}
	}
	if o.Until.IsZero() && !l.state.Retired {
		out = append(out, l.gap(last, o.Now)...)
	}
	return out, nil
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// split parts a run at the times in which nobody looked.
func (l *ledger) split(ctx context.Context, run policy.Run) ([]policy.Run, error) {
	if run.LongestGap <= l.opt.limit() || !run.Last.After(l.state.Added) {
		return []policy.Run{run}, nil
	}
	checks, err := l.reader.Checks(ctx, run.Policy, storage.CheckQuery{Since: run.First, Until: run.Last})
	if err != nil {
		return nil, err
	}
	var out []policy.Run
	for _, c := range slices.Backward(checks) {
		if !run.Takes(c) {
			continue // of the same moment, but of the run beside it
		}
		if n := len(out) - 1; n >= 0 && (c.At.Sub(out[n].Last) <= l.opt.limit() || !c.At.After(l.state.Added)) {
			out[n] = out[n].With(c)
			continue
		}
		out = append(out, policy.NewRun(c))
	}
	return out, nil
}

func (l *ledger) interval(r policy.Run) Interval {
	return Interval{
		Kind: Checked, From: r.First, To: r.Last, Outcome: r.Outcome, Version: l.versionOf(r.Version, r.SeenLast), Confirms: r.Confirms,
		Checks: r.Count, LongestGap: r.LongestGap.Seconds(), Rule: r.Rule, Source: r.Source,
	}
}

// gap tells of a time without checks, if it was longer than it should have been.
func (l *ledger) gap(from, to time.Time) []Interval {
	if from.IsZero() || to.Sub(from) <= l.opt.limit() {
		return nil
	}
	return l.idle(from, to, true)
}

// idle parts a time without checks into what is known of it. Without all only the
// times are told in which no watcher was at work.
func (l *ledger) idle(from, to time.Time, all bool) []Interval {
	var out []Interval
	add := func(kind string, from, to time.Time) {
		if to.After(from) && (all || kind == NotRunning) {
			out = append(out, Interval{Kind: kind, From: from, To: to})
		}
	}
	for _, down := range l.downs {
		if !down.to.After(from) || !down.from.Before(to) {
			continue
		}
		begin, end := later(from, down.from), down.to
		if end.After(to) {
			end = to
		}
		add(NobodyLooked, from, begin)
		add(NotRunning, begin, end)
		from = end
	}
	add(NobodyLooked, from, to)
	return out
}

// versionOf is the version that a check of a time saw. Backfills by early
// programs noted the newest version with checks of a time before its text was
// first seen: then the one in force at that time is meant.
func (l *ledger) versionOf(number int, seen time.Time) int {
	for _, v := range l.versions {
		if v.Number == number && !v.FirstSeenAt.After(seen) {
			return number
		}
	}
	if i := l.inForce(seen); i >= 0 {
		return l.versions[i].Number
	}
	return 0
}

// inForce returns the place of the version whose text was the last to appear by a
// time, -1 when there was none.
func (l *ledger) inForce(at time.Time) int {
	for i, v := range slices.Backward(l.versions) {
		if !v.FirstSeenAt.After(at) {
			return i
		}
	}
	return -1
}

func errFuture(at, now time.Time) error {
	return fmt.Errorf("%s has not come yet, it is %s (ask for a time that has passed)", at.UTC().Format(time.RFC3339), now.UTC().Format(time.RFC3339))
}
