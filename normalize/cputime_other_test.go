//go:build !linux

package normalize

import "time"

var start = time.Now()

// cpuTime falls back to the clock.
func cpuTime() time.Duration { return time.Since(start) }
