package watch

import (
	"time"

	"watcher/policy"
	"watcher/storage"
	"watcher/triage"
)

// The pace of checks around the policy's interval.
const (
	// jitter spreads checks over ± this part of a delay, so that policies
	// added together do not stay together.
	jitter = 0.1
	// minRetry is the shortest delay after a bad check.
	minRetry = time.Minute
	// retryDivisor makes the first retry after a bad check come after this
	// part of the interval; it doubles up to the interval itself.
	retryDivisor = 8
	// maxRetryAfter is the longest Retry-After that is honoured.
	maxRetryAfter = 24 * time.Hour
)

// schedule sets when the policy is next due.
func (r *run) schedule(o *storage.Observation) {
	delay := r.delay(o)
	delay += time.Duration(float64(delay) * jitter * (2*r.Random() - 1))
	if delay < r.retryAfter {
		delay = r.retryAfter
	}
	o.State.NextCheck = o.Check.At.Add(delay)
}

func (r *run) delay(o *storage.Observation) time.Duration {
	interval := r.policy.Interval
	switch {
	case o.Check.Rule == triage.RuleSeenBefore:
		// Only a hold decides about it: a few looks on the way will do.
		return min(interval, max(r.settings.Triage.Hold/4, r.settings.Triage.ConfirmAfter))
	case o.Check.Outcome == policy.OutcomeUnconfirmed && o.State.Pending != nil:
		// Look again as soon as a second sighting counts: people wait for it.
		// The margin keeps jitter from coming too early.
		wait := o.State.Pending.FirstSeenAt.Add(r.settings.Triage.ConfirmAfter).Sub(o.Check.At)
		wait = max(wait, r.settings.Triage.ConfirmAfter/4)
		return min(interval, wait+wait/4)
	case !o.Check.Outcome.Good():
		return backoff(interval, o.State.Failures+o.State.Quarantines)
	}
	return interval
}

// backoff returns the delay after the n-th bad check in a row, n ≥ 1.
func backoff(interval time.Duration, n int) time.Duration {
	d := max(interval/retryDivisor, minRetry)
	for ; n > 1 && d < interval; n-- {
		d *= 2
	}
	return min(d, interval)
}
