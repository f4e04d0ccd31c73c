package alerts

import "time"

// The rhythm of probes while a receiver fails.
//
// Two figures are promised and decide it: delivery resumes at most 15 minutes
// after a receiver is back, and 24 hours of outage cost at most 100 probes. With
// a probe every 15 minutes 96 are spent, so that the way there may take four.
// Doubling all the way from 5 s takes eight. The first three waits double, which
// is what a restart of a receiver needs; what lasts longer is an outage.
const (
	firstInterval  = 5 * time.Second
	doublings      = 3
	middleInterval = 5 * time.Minute
	maxInterval    = 15 * time.Minute
	minWait        = time.Second
	// maxRetryAfter bounds the patience that a receiver may ask for.
	maxRetryAfter = time.Hour
)

// backoff returns the wait after the n-th failure in a row, n from 1: full
// jitter over an interval that grows, and from the longest one on that interval
// itself. By then the jitter of the first waits keeps receivers apart. random
// is in [0, 1).
func backoff(n int, random float64) time.Duration {
	interval := interval(n)
	if interval == maxInterval {
		return maxInterval
	}
	return minWait + time.Duration(random*float64(interval-minWait))
}

func interval(n int) time.Duration {
	switch {
	case n <= doublings:
		return firstInterval << max(n-1, 0)
	case n == doublings+1:
		return middleInterval
	}
	return maxInterval
}
