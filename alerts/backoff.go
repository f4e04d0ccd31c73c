package alerts

import "time"

// The rhythm of probes while a receiver fails.
//
// Two figures are promised and decide the constants: delivery resumes at most
// 15 minutes after a receiver is back, and 24 hours of outage cost about 100
// probes. Full jitter up to the cap would halve the mean wait and double the
// probes, so that it ends where the cap begins: from there on the wait varies
// over the last 30 seconds only, which still keeps receivers apart.
const (
	firstInterval = 5 * time.Second
	maxInterval   = 15 * time.Minute
	capSpread     = 30 * time.Second
	minWait       = time.Second
	// maxRetryAfter bounds the patience that a receiver may ask for.
	maxRetryAfter = time.Hour
)

// backoff returns the wait after the n-th failure in a row, n from 1: full
// jitter over an interval that doubles from 5 s to 15 min. random is in [0, 1).
func backoff(n int, random float64) time.Duration {
	interval := firstInterval
	for i := 1; i < n && interval < maxInterval; i++ {
		interval *= 2
	}
	if interval >= maxInterval {
		return maxInterval - time.Duration(random*float64(capSpread))
	}
	return minWait + time.Duration(random*float64(interval-minWait))
}
