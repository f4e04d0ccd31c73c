package bolt

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"

	"go.etcd.io/bbolt"

	"watcher/policy"
)

// bbolt rebuilds its list of free pages when it opens a file for writing, in
// a goroutine of its own that follows every page number it finds. On a
// damaged file that goroutine faults, or goes on after the transaction was
// taken away from under it, and no recover reaches it: the process dies. So
// the pages are walked here first, by reads with bounds instead of the map,
// and everything is checked that bbolt would stumble over: page numbers and
// kinds, bounds, pages used twice, and the order of keys. The digests of
// values are not looked at.

// The on-disk form of a page, in native byte order as bbolt has it: id (8
// bytes), flags (2), count (2), overflow (4), then count elements of 16 bytes.
const (
	pageHeadLen = 16
	elementLen  = 16
	branchFlag  = 0x01
	leafFlag    = 0x02
	bucketFlag  = 0x01
	bucketLen   = 16
	maxKeyLen   = 32768 // bbolt's own limit
	// maxDepth bounds the recursion; a tree of that height would hold more
	// pages than there are atoms to store them in.
	maxDepth = 64
)

// bothMetas reports whether both meta pages match their checksums: after the
// page head 56 bytes, then their FNV-1a hash.
func bothMetas(f io.ReaderAt, pageSize int64) bool {
	var meta [metaSummed + 8]byte
	for page := range int64(2) {
		if _, err := f.ReadAt(meta[:], page*pageSize+pageHeadLen); err != nil {
			return false
		}
		if metaSum(meta[:]) != binary.NativeEndian.Uint64(meta[metaSummed:]) {
			return false
		}
	}
	return true
}

// metaSummed is how much of a meta page its checksum covers, in bytes.
const metaSummed = 56

func metaSum(meta []byte) uint64 {
	h := fnv.New64a()
	h.Write(meta[:metaSummed])
	return h.Sum64()
}

// walker reads the pages below a bucket's root.
type walker struct {
	file     io.ReaderAt
	memory   []byte // the file, where it could be mapped
	pageSize int64
	pages    uint64 // page numbers below this one exist
	seen     []uint64

	// visit, when set, is handed every value that is no bucket.
	visit func(found) error
	// tolerate, when set, is told what is wrong with a page; the walk then goes
	// on without the pages below it.
	tolerate func(error)
	inside   string // the bucket that the walk is in
}

// found is a value and where it stands.
type found struct {
	bucket     string
	key, value []byte
	// at is the value's place in the file, in bytes.
	at int64
}

func newWalker(f io.ReaderAt, pageSize int64, pages uint64) *walker {
	return &walker{file: f, pageSize: pageSize, pages: pages, seen: make([]uint64, pages/64+1)}
}

// hurry maps the file, so that a page costs no system call: a million versions
// are some half a million pages. The caller guards against faults.
func (w *walker) hurry() (done func()) {
	w.memory, done = mapped(w.file, int64(w.pages)*w.pageSize) //nolint:gosec // a size of a file
	return done
}

// spare passes an error on, or tells of it and forgets it.
func (w *walker) spare(err error) error {
	if err == nil || w.tolerate == nil || !errors.Is(err, policy.ErrDamaged) {
		return err
	}
	w.tolerate(err)
	return nil
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
	w := newWalker(f, pageSize, n)
	defer w.hurry()()
	_, err = w.walk(uint64(t.Cursor().Bucket().RootPage()), bounds{}, 0)
	return err
}

// bounds are what the pages above say of the keys of a page: none below min,
// all below limit. nil is no bound.
type bounds struct{ min, limit []byte }

// admit checks the key at place i of a page, whose keys grow, and moves min.
func (b *bounds) admit(i int, key []byte) bool {
	if b.min != nil {
		if c := bytes.Compare(b.min, key); c > 0 || c == 0 && i > 0 {
			return false
		}
	}
	b.min = key
	return b.limit == nil || bytes.Compare(key, b.limit) < 0
}

// node is a page with its first bytes, all element headers among them.
type node struct {
	id    uint64
	head  []byte
	size  int64 // in bytes, overflow pages included
	depth int
	// inline is set for the page of a small bucket, which has no buckets in it.
	inline bool
	// offset is where the page stands in the file, in bytes.
	offset int64
}

func (n node) branch() bool { return binary.NativeEndian.Uint16(n.head[8:]) == branchFlag }
func (n node) count() int   { return int(binary.NativeEndian.Uint16(n.head[10:])) }

// header returns that of element i and where in the page it stands.
func (n node) header(i int) (e []byte, at int64) {
	at = int64(pageHeadLen + i*elementLen)
	return n.head[at : at+elementLen], at
}

// walk checks the page and all below it, and returns the greatest key.
func (w *walker) walk(id uint64, b bounds, depth int) ([]byte, error) {
	n, err := w.node(id, depth)
	if err != nil {
		return nil, err
	}
	if n.branch() {
		return w.branch(n, b)
	}
	return w.leaf(n, b)
}

// node reads a page that is used for the first time.
func (w *walker) node(id uint64, depth int) (node, error) {
	n := node{id: id, depth: depth, offset: int64(id) * w.pageSize} //nolint:gosec // checked below
	if id < 2 || id >= w.pages || depth > maxDepth {
		return n, w.bad(id, "points out of the file")
	}
	var err error
	if n.head, err = w.part(id, 0, w.pageSize); err != nil {
		return n, err
	}
	if binary.NativeEndian.Uint64(n.head) != id {
		return n, w.bad(id, "has another page's number")
	}
	flags := binary.NativeEndian.Uint16(n.head[8:])
	if flags != branchFlag && flags != leafFlag || flags == branchFlag && n.count() == 0 {
		return n, w.bad(id, "is neither branch nor leaf")
	}
	overflow := uint64(binary.NativeEndian.Uint32(n.head[12:]))
	for i := id; i <= id+overflow; i++ {
		if i >= w.pages || w.seen[i/64]&(1<<(i%64)) != 0 {
			return n, w.bad(id, "overlaps another page")
		}
		w.seen[i/64] |= 1 << (i % 64)
	}
	n.size = int64(overflow+1) * w.pageSize //nolint:gosec // below the file's size
	elements := elementsLen(n.head)
	if elements > n.size {
		return n, w.bad(id, "has too many elements")
	}
	if elements > w.pageSize {
		n.head, err = w.part(id, 0, elements)
	}
	return n, err
}

// branch checks elements of key position (4 bytes), key size (4) and page (8),
// and the pages they name.
func (w *walker) branch(n node, b bounds) (last []byte, err error) {
	keys := make([][]byte, n.count())
	for i := range keys {
		e, at := n.header(i)
		if keys[i], err = w.key(n, at+int64(binary.NativeEndian.Uint32(e)), binary.NativeEndian.Uint32(e[4:])); err != nil {
			return nil, err
		}
	}
	for i, key := range keys {
		if !b.admit(i, key) {
			return nil, w.bad(n.id, "has keys out of order")
		}
		below := bounds{min: key, limit: b.limit}
		if i+1 < len(keys) {
			below.limit = keys[i+1]
		}
		e, _ := n.header(i)
		last, err = w.walk(binary.NativeEndian.Uint64(e[8:]), below, n.depth+1)
		if err := w.spare(err); err != nil {
			return nil, err
		}
		if last == nil { // the page below was given up
			last = key
		}
		b.min = last
	}
	return last, nil
}

// leaf checks elements of flags, key position, key size and value size (4
// bytes each), and the buckets that they may hold.
func (w *walker) leaf(n node, b bounds) (last []byte, err error) {
	for i := range n.count() {
		e, at := n.header(i)
		ksize, vsize := binary.NativeEndian.Uint32(e[8:]), binary.NativeEndian.Uint32(e[12:])
		at += int64(binary.NativeEndian.Uint32(e[4:]))
		if last, err = w.key(n, at, ksize); err != nil {
			return nil, err
		}
		if !b.admit(i, last) {
			return nil, w.bad(n.id, "has keys out of order")
		}
		value := at + int64(ksize)
		if value+int64(vsize) > n.size {
			return nil, w.bad(n.id, "has a value beyond its end")
		}
		if err := w.element(n, last, value, vsize, binary.NativeEndian.Uint32(e)&bucketFlag != 0); err != nil {
			return nil, err
		}
	}
	return last, nil
}

// element goes into a bucket, and shows a value to whom it may concern.
func (w *walker) element(n node, key []byte, at int64, size uint32, bucket bool) error {
	switch {
	case bucket && n.inline:
		return w.bad(n.id, "has a bucket where none can be")
	case bucket:
		outer := w.inside
		w.inside = string(key)
		err := w.spare(w.bucket(n, at, size))
		w.inside = outer
		return err
	case w.visit == nil:
		return nil
	}
	value, err := w.bytes(n, at, size)
	if err != nil {
		return err
	}
	return w.visit(found{w.inside, key, value, n.offset + at})
}

// key returns the key of an element.
func (w *walker) key(n node, at int64, size uint32) ([]byte, error) {
	end := at + int64(size)
	if size > maxKeyLen || end > n.size {
		return nil, w.bad(n.id, "has a key beyond its end")
	}
	return w.bytes(n, at, size)
}

// bytes returns a part of a page, which the caller knows to lie inside it.
func (w *walker) bytes(n node, at int64, size uint32) ([]byte, error) {
	if end := at + int64(size); end <= int64(len(n.head)) {
		return n.head[at:end], nil
	}
	return w.part(n.id, at, int64(size))
}

// bucket checks a value that is a bucket: its root page and counter, or the
// one page of a small bucket right behind them.
func (w *walker) bucket(n node, at int64, size uint32) error {
	if size < bucketLen {
		return w.bad(n.id, "has a bucket of a wrong size")
	}
	b, err := w.part(n.id, at, int64(size))
	if err != nil {
		return err
	}
	if root := binary.NativeEndian.Uint64(b); root != 0 {
		_, err := w.walk(root, bounds{}, n.depth+1)
		return err
	}
	inline := node{id: n.id, head: b[bucketLen:], size: int64(size) - bucketLen, inline: true, offset: n.offset + at + bucketLen}
	if inline.size < pageHeadLen || elementsLen(inline.head) > inline.size || inline.branch() {
		return w.bad(n.id, "has a bucket of a wrong size")
	}
	_, err = w.leaf(inline, bounds{})
	return err
}

// elementsLen is where the element headers of a page end.
func elementsLen(head []byte) int64 {
	return pageHeadLen + elementLen*int64(binary.NativeEndian.Uint16(head[10:]))
}

// part returns bytes of a page, or of those behind it that belong to it.
func (w *walker) part(id uint64, off, size int64) ([]byte, error) {
	at := int64(id)*w.pageSize + off //nolint:gosec // id is below pages
	if end := at + size; end <= int64(len(w.memory)) {
		return w.memory[at:end:end], nil
	}
	b := make([]byte, size)
	if _, err := w.file.ReadAt(b, at); err != nil {
		return nil, fmt.Errorf("%w: read page %d: %w", policy.ErrDamaged, id, err)
	}
	return b, nil
}

func (w *walker) bad(id uint64, what string) error {
	return fmt.Errorf("%w: page %d %s (move the file away and restore a backup)", policy.ErrDamaged, id, what)
}
