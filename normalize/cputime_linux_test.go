package normalize

import (
	"syscall"
	"time"
)

// cpuTime returns the time that the calling thread has spent on a processor:
// unlike the clock it is not misled by other work on the machine.
func cpuTime() time.Duration {
	const thread = 1 // RUSAGE_THREAD
	var u syscall.Rusage
	if err := syscall.Getrusage(thread, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
