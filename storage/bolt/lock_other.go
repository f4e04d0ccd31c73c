//go:build !unix || solaris || aix

package bolt

import "os"

// lockShared has no lock that bbolt would respect here: whoever verifies a file
// must see to it that nobody writes to it.
func lockShared(*os.File) error { return nil }

// lockAlone has none either.
func lockAlone(*os.File) error { return nil }
