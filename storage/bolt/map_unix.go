//go:build unix

package bolt

import (
	"io"
	"os"
	"syscall"
)

// mapped returns the first bytes of a file in memory, and how to let go of them;
// nil where that cannot be had. What can no longer be read faults: see guard.
func mapped(f io.ReaderAt, size int64) (b []byte, unmap func()) {
	file, ok := f.(*os.File)
	if !ok || size <= 0 || int64(int(size)) != size {
		return nil, func() {}
	}
	b, err := syscall.Mmap(int(file.Fd()), 0, int(size), syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		return nil, func() {}
	}
	return b, func() { _ = syscall.Munmap(b) } // cannot fail: it is a map
}
