package normalize

import (
	"syscall"
	"time"
)

// cpuTime returns the time that the calling thread has spent on a processor:
// unlike the clock it is not misled by other work on the machine. The kernel
// keeps that figure by the tick, of which a page takes one or two; asking for
// the whole process brings the calling thread's up to date.
func cpuTime() time.Duration {
	const thread = 1 // RUSAGE_THREAD
	var u syscall.Rusage
	for _, who := range []int{syscall.RUSAGE_SELF, thread} {
		if err := syscall.Getrusage(who, &u); err != nil {
			return 0
		}
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
