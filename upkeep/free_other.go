//go:build !linux && !darwin && !freebsd

package upkeep

// Free cannot tell the room on a disk here.
func Free(string) (n int64, ok bool) { return 0, false }
