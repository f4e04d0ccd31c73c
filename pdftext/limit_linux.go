package pdftext

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"syscall"
)

// bound sets hard limits on this process: bytes of data beyond those that it
// has, and seconds of processor time.
func bound(memory, cpu uint64) error {
	has, err := dataSize()
	if err != nil {
		return err
	}
	for what, n := range map[int]uint64{syscall.RLIMIT_DATA: has + memory, syscall.RLIMIT_CPU: cpu} {
		var old syscall.Rlimit
		if err := syscall.Getrlimit(what, &old); err != nil {
			return fmt.Errorf("limits of the PDF reader: %w", err)
		}
		n = min(n, old.Max)
		if err := syscall.Setrlimit(what, &syscall.Rlimit{Cur: n, Max: n}); err != nil {
			return fmt.Errorf("limits of the PDF reader: %w", err)
		}
	}
	return nil
}

// dataSize returns the bytes of private writable memory that this process has
// mapped. The race detector maps a lot.
func dataSize() (uint64, error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, nil // no /proc: the bound is a little tighter
	}
	for l := range bytes.Lines(status) {
		if rest, ok := bytes.CutPrefix(l, []byte("VmData:")); ok {
			kb, err := strconv.ParseUint(string(bytes.Fields(rest)[0]), 10, 64)
			return kb << 10, err
		}
	}
	return 0, nil
}
