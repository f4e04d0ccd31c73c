//go:build linux || darwin || freebsd

package upkeep

import "syscall"

// Free returns the room in bytes that an ordinary user has on the disk of a
// directory; ok is false where that cannot be told.
func Free(dir string) (n int64, ok bool) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return 0, false
	}
	return int64(s.Bavail) * int64(s.Bsize), true //nolint:gosec,unconvert // the types differ between systems
}
