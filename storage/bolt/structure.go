package bolt

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"sync/atomic"

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
// values are not looked at. A list of free pages that a clean end left behind
// is held against the pages that are in use: bbolt would write over those.

// The on-disk form of a page, in native byte order as bbolt has it: id (8
// bytes), flags (2), count (2), overflow (4), then count elements of 16 bytes.
const (
	pageHeadLen = 16
	elementLen  = 16
	branchFlag  = 0x01
	leafFlag    = 0x02
	freeFlag    = 0x10
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

// metaSummed is how much of a meta page its checksum covers, metaFreelist where
// the page of the freelist is named, both in bytes after the page's head.
const (
	metaSummed   = 56
	metaFreelist = 32
)

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
	// team, when set, helps to walk; visit and tolerate are not called then.
	team *team

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

func newWalker(f io.ReaderAt, s Snapshot) *walker {
	return &walker{file: f, pageSize: s.PageSize, pages: s.Pages, seen: make([]uint64, s.Pages/64+1)}
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
func (db *DB) checkStructure(t *bbolt.Tx) error {
	pageSize := int64(t.DB().Info().PageSize)
	info, err := db.file.Stat()
	if err != nil {
		return fmt.Errorf("size of the file: %w", err)
	}
	if size := t.Size(); pageSize < pageHeadLen || size < 0 || info.Size() < size {
		return fmt.Errorf("%w: the file has %d bytes of at least %d: it was cut short (restore a backup)",
			policy.ErrDamaged, info.Size(), size)
	}
	s := Snapshot{PageSize: pageSize, Pages: uint64(t.Size() / pageSize), Root: uint64(t.Cursor().Bucket().RootPage())} //nolint:gosec // sizes are positive here
	for page := range int64(2) {
		if m, ok := readMeta(db.file, page*pageSize); ok && m.txid == uint64(t.ID()) { //nolint:gosec // numbers of transactions are positive
			s.Freelist = m.Freelist
		}
	}
	w := newWalker(db.file, s)
	defer w.hurry()()
	w.team = newTeam(db.guard)
	if err := w.walk(s.Root, bounds{}, 0); err != nil {
		return err
	}
	if err := w.freelist(s.Freelist); err != nil {
		return fmt.Errorf("%w: %w", errFreelist, err)
	}
	return nil
}

// errFreelist means that all is well but the list of free pages.
var errFreelist = errors.New("the list of free pages")

// all checks every page of the snapshot.
func (w *walker) all(s Snapshot) error {
	if err := w.spare(w.walk(s.Root, bounds{}, 0)); err != nil {
		return err
	}
	return w.spare(w.freelist(s.Freelist))
}

// freelist checks the list of free pages: page numbers of 8 bytes that grow, and
// their count in front where the page's head has no room for it.
func (w *walker) freelist(id uint64) error {
	if id == 0 {
		return nil
	}
	n, err := w.node(id, 0, freeFlag)
	if err != nil {
		return err
	}
	count, at := int64(n.count()), int64(pageHeadLen)
	if count == 0xffff {
		b, err := w.part(id, at, 8)
		if err != nil {
			return err
		}
		count, at = int64(min(binary.NativeEndian.Uint64(b), w.pages)), at+8 //nolint:gosec // a number of pages
	}
	if at+count*8 > n.size {
		return w.bad(id, "has a list of free pages beyond its end")
	}
	list, err := w.part(id, at, count*8)
	if err != nil {
		return err
	}
	last := uint64(1)
	for ; len(list) > 0; list = list[8:] {
		free := binary.NativeEndian.Uint64(list)
		if free <= last || free >= w.pages || w.seen[free/64]&(1<<(free%64)) != 0 {
			return w.bad(id, "calls a page free that is not")
		}
		last = free
	}
	return nil
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

// walk checks the page and all below it.
func (w *walker) walk(id uint64, b bounds, depth int) error {
	n, err := w.node(id, depth, branchFlag|leafFlag)
	if err != nil {
		return err
	}
	if n.branch() {
		return w.branch(n, b)
	}
	return w.leaf(n, b)
}

// node reads a page that is used for the first time, of one of the kinds.
func (w *walker) node(id uint64, depth int, kinds uint16) (node, error) {
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
	if flags&kinds == 0 || flags&(flags-1) != 0 || flags == branchFlag && n.count() == 0 {
		return n, w.bad(id, "is of another kind than it should be")
	}
	overflow := uint64(binary.NativeEndian.Uint32(n.head[12:]))
	for i := id; i <= id+overflow; i++ {
		if i >= w.pages || atomic.OrUint64(&w.seen[i/64], 1<<(i%64))&(1<<(i%64)) != 0 {
			return n, w.bad(id, "overlaps another page")
		}
	}
	n.size = int64(overflow+1) * w.pageSize //nolint:gosec // below the file's size
	if flags == freeFlag {
		return n, nil
	}
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
func (w *walker) branch(n node, b bounds) (err error) {
	var shared errand
	defer func() { err = errors.Join(err, shared.wait()) }()

	keys := make([][]byte, n.count())
	for i := range keys {
		e, at := n.header(i)
		if keys[i], err = w.key(n, at+int64(binary.NativeEndian.Uint32(e)), binary.NativeEndian.Uint32(e[4:])); err != nil {
			return err
		}
	}
	for i, key := range keys {
		if !b.admit(i, key) {
			return w.bad(n.id, "has keys out of order")
		}
		below := bounds{min: key, limit: b.limit}
		if i+1 < len(keys) {
			below.limit = keys[i+1]
		}
		e, _ := n.header(i)
		id := binary.NativeEndian.Uint64(e[8:])
		err := w.team.do(&shared, func() error { return w.walk(id, below, n.depth+1) })
		if err := w.spare(err); err != nil {
			return err
		}
	}
	return nil
}

// leaf checks elements of flags, key position, key size and value size (4
// bytes each), and the buckets that they may hold.
func (w *walker) leaf(n node, b bounds) error {
	for i := range n.count() {
		e, at := n.header(i)
		ksize, vsize := binary.NativeEndian.Uint32(e[8:]), binary.NativeEndian.Uint32(e[12:])
		at += int64(binary.NativeEndian.Uint32(e[4:]))
		key, err := w.key(n, at, ksize)
		if err != nil {
			return err
		}
		if !b.admit(i, key) {
			return w.bad(n.id, "has keys out of order")
		}
		value := at + int64(ksize)
		if value+int64(vsize) > n.size {
			return w.bad(n.id, "has a value beyond its end")
		}
		if err := w.element(n, key, value, vsize, binary.NativeEndian.Uint32(e)&bucketFlag != 0); err != nil {
			return err
		}
	}
	return nil
}

// element goes into a bucket, and shows a value to whom it may concern.
func (w *walker) element(n node, key []byte, at int64, size uint32, bucket bool) error {
	switch {
	case bucket && n.inline:
		return w.bad(n.id, "has a bucket where none can be")
	case bucket && w.visit == nil:
		return w.spare(w.bucket(n, at, size))
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
		return w.walk(root, bounds{}, n.depth+1)
	}
	inline := node{id: n.id, head: b[bucketLen:], size: int64(size) - bucketLen, inline: true, offset: n.offset + at + bucketLen}
	if inline.size < pageHeadLen || elementsLen(inline.head) > inline.size || inline.branch() {
		return w.bad(n.id, "has a bucket of a wrong size")
	}
	return w.leaf(inline, bounds{})
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
