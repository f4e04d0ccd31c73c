package bolt

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"io"
	"os"

	"go.etcd.io/bbolt"

	"watcher/policy"
)

// bbolt rebuilds its list of free pages when it opens a file for writing, in
// a goroutine of its own that follows every page number it finds. On a
// damaged file that goroutine fails an assertion or faults, and no recover
// reaches it: the process dies. So the pages are walked here first, by reads
// with bounds instead of the map. The digests of values are not looked at.

// The on-disk form of a page, in native byte order as bbolt has it: id (8
// bytes), flags (2), count (2), overflow (4), then count elements of 16 bytes.
const (
	pageHeadLen = 16
	elementLen  = 16
	branchFlag  = 0x01
	leafFlag    = 0x02
	bucketFlag  = 0x01
	bucketLen   = 16
	// maxDepth bounds the recursion; a tree of that height would hold more
	// pages than there are atoms to store them in.
	maxDepth = 64
)

// bothMetas reports whether both meta pages match their checksums: after the
// page head 56 bytes, then their FNV-1a hash.
func bothMetas(f io.ReaderAt, pageSize int64) bool {
	const summed = 56
	var meta [summed + 8]byte
	for page := range int64(2) {
		if _, err := f.ReadAt(meta[:], page*pageSize+pageHeadLen); err != nil {
			return false
		}
		h := fnv.New64a()
		h.Write(meta[:summed])
		if h.Sum64() != binary.NativeEndian.Uint64(meta[summed:]) {
			return false
		}
	}
	return true
}

// walker reads the pages below a bucket's root.
type walker struct {
	file     io.ReaderAt
	pageSize int64
	pages    uint64 // page numbers below this one exist
	seen     []uint64
}

// checkStructure walks all pages that the transaction can reach.
func checkStructure(f *os.File, t *bbolt.Tx) error {
	pageSize := int64(t.DB().Info().PageSize)
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("size of the file: %w", err)
	}
	if size := t.Size(); pageSize < pageHeadLen || size < 0 || info.Size() < size {
		return fmt.Errorf("%w: the file has %d bytes of at least %d: it was cut short (restore a backup)",
			policy.ErrDamaged, info.Size(), size)
	}
	n := uint64(t.Size() / pageSize) //nolint:gosec // sizes are positive here
	w := &walker{file: f, pageSize: pageSize, pages: n, seen: make([]uint64, n/64+1)}
	return w.page(uint64(t.Cursor().Bucket().RootPage()), 0)
}

// page checks the page and all below it.
func (w *walker) page(id uint64, depth int) error {
	if id < 2 || id >= w.pages || depth > maxDepth {
		return w.bad(id, "points out of the file")
	}
	head := make([]byte, w.pageSize)
	if err := w.read(head, id, 0); err != nil {
		return err
	}
	if binary.NativeEndian.Uint64(head) != id {
		return w.bad(id, "has another page's number")
	}
	overflow := uint64(binary.NativeEndian.Uint32(head[12:]))
	for i := id; i <= id+overflow; i++ {
		if i >= w.pages || w.seen[i/64]&(1<<(i%64)) != 0 {
			return w.bad(id, "overlaps another page")
		}
		w.seen[i/64] |= 1 << (i % 64)
	}
	size := int64(overflow+1) * w.pageSize //nolint:gosec // below the file's size
	elements := elementsLen(head)
	if elements > size {
		return w.bad(id, "has too many elements")
	}
	if elements > w.pageSize {
		head = make([]byte, elements)
		if err := w.read(head, id, 0); err != nil {
			return err
		}
	}
	return w.elements(id, head, size, depth)
}

// elements checks the elements of a page of the given size in bytes, of which
// head holds at least all element headers.
func (w *walker) elements(id uint64, head []byte, size int64, depth int) error {
	flags := binary.NativeEndian.Uint16(head[8:])
	count := int(binary.NativeEndian.Uint16(head[10:]))
	if flags != branchFlag && flags != leafFlag || flags == branchFlag && count == 0 {
		return w.bad(id, "is neither branch nor leaf")
	}
	for i := range count {
		at := pageHeadLen + i*elementLen
		e := head[at : at+elementLen]
		var err error
		if flags == branchFlag {
			err = w.branch(id, e, int64(at), size, depth)
		} else {
			err = w.leaf(id, e, int64(at), size, depth)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// branch checks an element with position (4 bytes), key size (4) and page (8).
func (w *walker) branch(id uint64, e []byte, at, size int64, depth int) error {
	pos, ksize := int64(binary.NativeEndian.Uint32(e)), int64(binary.NativeEndian.Uint32(e[4:]))
	if at+pos+ksize > size {
		return w.bad(id, "has a key beyond its end")
	}
	return w.page(binary.NativeEndian.Uint64(e[8:]), depth+1)
}

// leaf checks an element with flags, position, key size and value size (4
// bytes each), and the bucket that it may hold.
func (w *walker) leaf(id uint64, e []byte, at, size int64, depth int) error {
	flags := binary.NativeEndian.Uint32(e)
	pos, ksize := int64(binary.NativeEndian.Uint32(e[4:])), int64(binary.NativeEndian.Uint32(e[8:]))
	vsize := int64(binary.NativeEndian.Uint32(e[12:]))
	value := at + pos + ksize
	if value+vsize > size {
		return w.bad(id, "has a value beyond its end")
	}
	if flags&bucketFlag == 0 {
		return nil
	}
	if vsize < bucketLen || vsize > size {
		return w.bad(id, "has a bucket of a wrong size")
	}
	b := make([]byte, vsize)
	if err := w.read(b, id, value); err != nil {
		return err
	}
	if root := binary.NativeEndian.Uint64(b); root != 0 {
		return w.page(root, depth+1)
	}
	return w.inline(id, b[bucketLen:])
}

// inline checks a small bucket that is kept in its parent's leaf.
func (w *walker) inline(id uint64, page []byte) error {
	if len(page) < pageHeadLen || elementsLen(page) > int64(len(page)) {
		return w.bad(id, "has a bucket of a wrong size")
	}
	if binary.NativeEndian.Uint16(page[8:]) != leafFlag {
		return w.bad(id, "has a bucket that is no leaf")
	}
	for i := range int(binary.NativeEndian.Uint16(page[10:])) {
		at := pageHeadLen + i*elementLen
		e := page[at : at+elementLen]
		end := int64(at)
		for _, off := range []int{4, 8, 12} {
			end += int64(binary.NativeEndian.Uint32(e[off:]))
		}
		if binary.NativeEndian.Uint32(e)&bucketFlag != 0 || end > int64(len(page)) {
			return w.bad(id, "has a value beyond its bucket's end")
		}
	}
	return nil
}

// elementsLen is where the element headers of a page end.
func elementsLen(head []byte) int64 {
	return pageHeadLen + elementLen*int64(binary.NativeEndian.Uint16(head[10:]))
}

func (w *walker) read(b []byte, id uint64, off int64) error {
	if _, err := w.file.ReadAt(b, int64(id)*w.pageSize+off); err != nil { //nolint:gosec // id is below pages
		return fmt.Errorf("%w: read page %d: %w", policy.ErrDamaged, id, err)
	}
	return nil
}

func (w *walker) bad(id uint64, what string) error {
	return fmt.Errorf("%w: page %d %s (move the file away and restore a backup)", policy.ErrDamaged, id, what)
}
