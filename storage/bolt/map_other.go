//go:build !unix

package bolt

import "io"

// mapped has nothing to offer here.
func mapped(io.ReaderAt, int64) (b []byte, unmap func()) { return nil, func() {} }
