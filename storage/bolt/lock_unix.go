//go:build unix && !solaris && !aix

package bolt

import (
	"errors"
	"os"
	"syscall"

	"watcher/policy"
)

// lockShared takes the lock that readers of a store share, as bbolt does. It
// goes with the file's closing.
func lockShared(f *os.File) error { return lock(f, syscall.LOCK_SH) }

// lockAlone takes the lock that a writer has for itself.
func lockAlone(f *os.File) error { return lock(f, syscall.LOCK_EX) }

func lock(f *os.File, how int) error {
	err := syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return policy.ErrLocked
	}
	return err
}
