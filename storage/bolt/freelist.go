package bolt

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"watcher/policy"
)

// forgetFreelist takes the list of free pages, which is wrong, out of the meta
// page that names it: bbolt then looks at the pages for what is free, and nothing
// is lost. Readers need no list.
func (db *DB) forgetFreelist(cause error) error {
	db.metrics.verify.Inc()
	db.log.Warn("the list of free pages is damaged; it holds no data and is made again", "file", db.path, "err", cause)
	if db.readOnly {
		return nil
	}
	f, err := os.OpenFile(filepath.Clean(db.path), os.O_RDWR, 0)
	if err != nil {
		return err
	}
	err = lockAlone(f)
	if err == nil {
		err = dropFreelist(f)
	}
	return errors.Join(err, f.Close())
}

// dropFreelist rewrites the fields of the newest meta page that name the list and
// sum it all up; they lie in one sector.
func dropFreelist(f *os.File) error {
	m, ok := newestMeta(f)
	if !ok {
		return fmt.Errorf("%w: neither of the two meta pages is whole", policy.ErrDamaged)
	}
	var b [metaSummed + 8]byte
	if _, err := f.ReadAt(b[:], m.at); err != nil {
		return fmt.Errorf("%w: read meta page: %w", policy.ErrDamaged, err)
	}
	binary.NativeEndian.PutUint64(b[metaFreelist:], noFreelist)
	binary.NativeEndian.PutUint64(b[metaSummed:], metaSum(b[:]))
	if _, err := f.WriteAt(b[:], m.at); err != nil {
		return fmt.Errorf("write meta page: %w", err)
	}
	return f.Sync()
}
