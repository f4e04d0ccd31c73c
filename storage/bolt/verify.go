package bolt

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"watcher/policy"
	"watcher/storage"
)

// Snapshot names the pages of a store's file that belong together. While a
// transaction holds them no writer reuses them, so another process may read
// them without a lock.
type Snapshot struct {
	PageSize int64  `json:"page_size"`
	Pages    uint64 `json:"pages"`
	Root     uint64 `json:"root"`
	// Freelist is the page with the list of free pages, 0 for none: only a
	// store that was closed has one.
	Freelist uint64 `json:"freelist,omitempty"`
}

// Hold calls f with the newest state of the file, which stays as it is until f
// returns. The file grows meanwhile if there are commits, so f must end.
func (db *DB) Hold(ctx context.Context, f func(Snapshot) error) error {
	return db.view(ctx, func(t *tx) error {
		size := int64(db.bolt.Info().PageSize)
		return f(Snapshot{
			PageSize: size, Pages: uint64(t.bolt.Size() / size), //nolint:gosec // sizes are positive
			Root: uint64(t.bolt.Cursor().Bucket().RootPage()),
		})
	})
}

// ReadSnapshot returns the newest state that a file's meta pages name. Nobody
// may write to the file until it has been read.
func ReadSnapshot(f io.ReaderAt, size int64) (Snapshot, error) {
	best, ok := newestMeta(f)
	switch {
	case !ok:
		return best.Snapshot, fmt.Errorf("%w: neither of the two meta pages is whole: this is not a store, or its beginning is destroyed (restore a backup)", policy.ErrDamaged)
	case int64(best.Pages)*best.PageSize > size: //nolint:gosec // compared with what there is
		return best.Snapshot, fmt.Errorf("%w: the file has %d bytes of at least %d: it was cut short (restore a backup)",
			policy.ErrDamaged, size, int64(best.Pages)*best.PageSize) //nolint:gosec // as above
	}
	return best.Snapshot, nil
}

// newestMeta returns what the newest of the meta pages that are whole says.
func newestMeta(f io.ReaderAt) (best meta, ok bool) {
	for _, pageSize := range []int64{int64(os.Getpagesize()), 4096, 16384, 65536} {
		for page := range int64(2) {
			m, whole := readMeta(f, page*pageSize)
			if whole && m.PageSize == pageSize && (!ok || m.txid > best.txid) {
				best, ok = m, true
			}
		}
	}
	return best, ok
}

// readMeta reads a meta page: after the page's head magic, version, page size and
// flags (4 bytes each), root page and its counter, freelist, number of pages,
// transaction and checksum (8 each).
func readMeta(f io.ReaderAt, at int64) (m meta, ok bool) {
	const magic, length = 0xED0CDAED, 64
	var b [length]byte
	if _, err := f.ReadAt(b[:], at+pageHeadLen); err != nil {
		return m, false
	}
	ne := binary.NativeEndian
	m.Snapshot = Snapshot{PageSize: int64(ne.Uint32(b[8:])), Root: ne.Uint64(b[16:]), Pages: ne.Uint64(b[40:])}
	m.txid, m.at = ne.Uint64(b[48:]), at+pageHeadLen
	if list := ne.Uint64(b[metaFreelist:]); list != noFreelist {
		m.Freelist = list
	}
	const most = 1 << 40 // pages; what is more is no number of pages
	return m, ne.Uint32(b[:]) == magic && metaSum(b[:]) == ne.Uint64(b[56:]) && m.Pages < most
}

// meta is what a meta page says.
type meta struct {
	Snapshot
	txid uint64
	// at is where it says so in the file, in bytes.
	at int64
}

// noFreelist is what a meta page says in place of the page with the freelist
// when there is none.
const noFreelist = 1<<64 - 1

// Verify looks at every value of a store: its digest, what it refers to, and for
// bodies and texts the digest of the whole. What it finds wrong goes to emit; the
// error is that of emit, of ctx or of reading the file. It trusts nothing in
// the file, but may need memory in proportion to the number of captures: run
// it in a process of its own.
func Verify(ctx context.Context, f io.ReaderAt, s Snapshot, emit func(storage.Problem) error) (storage.Report, error) {
	c, err := newCodec()
	if err != nil {
		return storage.Report{}, err
	}
	defer c.close()
	v := &verifier{ctx: ctx, file: f, codec: c, emit: emit, index: newIndex()}
	w := newWalker(f, s)
	w.visit = v.value
	w.tolerate = func(err error) { v.tell(storage.Problem{What: err.Error()}) }
	if err := w.all(s); err != nil {
		return v.report, err
	}
	v.references()
	v.bodies()
	return v.report, v.failed
}

// verifier collects what is known of a store while its values pass by.
type verifier struct {
	ctx    context.Context //nolint:containedctx // lives as long as one call of Verify
	file   io.ReaderAt
	codec  *codec
	emit   func(storage.Problem) error
	report storage.Report
	failed error
	*index
}

func (v *verifier) tell(p storage.Problem) {
	v.report.Problems++
	if err := v.emit(p); v.failed == nil {
		v.failed = err
	}
}

func (v *verifier) wrong(bucket string, key []byte, format string, args ...any) {
	v.tell(storage.Problem{Bucket: bucket, Key: printable(key), What: fmt.Sprintf(format, args...)})
}

// value looks at one value by itself. Its error ends the walk.
func (v *verifier) value(f found) error {
	if err := errors.Join(v.failed, v.ctx.Err()); err != nil {
		return err
	}
	v.report.Values++
	v.report.Bytes += int64(len(f.key) + len(f.value))
	payload, err := unseal(f.bucket, f.key, f.value)
	if err != nil {
		err = errors.New("the value does not match its digest")
		v.spoiled(f)
	} else if payload, err = v.codec.rows.expand(f.bucket, payload); err == nil {
		err = v.note(v.codec, f, payload)
	}
	if err != nil {
		v.wrong(f.bucket, f.key, "%v", err)
	}
	return v.failed
}

// Inspect reads the meta pages and verifies the file at path. Nobody may write
// to it meanwhile: Inspect asks for the lock that readers share.
func Inspect(ctx context.Context, path string, emit func(storage.Problem) error) (r storage.Report, err error) {
	f, err := os.Open(path) //nolint:gosec // the operator names it
	if err != nil {
		return storage.Report{}, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := lockShared(f); err != nil {
		return storage.Report{}, fmt.Errorf("%s: %w", path, err)
	}
	info, err := f.Stat()
	if err != nil {
		return storage.Report{}, err
	}
	s, err := ReadSnapshot(f, info.Size())
	if err != nil {
		return storage.Report{Problems: 1}, emit(storage.Problem{What: err.Error()})
	}
	if !bothMetas(f, s.PageSize) {
		if err := emit(storage.Problem{What: "one of the two meta pages is damaged, the newest commit may be lost"}); err != nil {
			return storage.Report{}, err
		}
		r.Problems++
	}
	got, err := Verify(ctx, f, s, emit)
	got.Problems += r.Problems
	return got, err
}

// InspectHeld verifies the pages of a snapshot that another process holds.
func InspectHeld(ctx context.Context, path string, s Snapshot, emit func(storage.Problem) error) (r storage.Report, err error) {
	f, err := os.Open(path) //nolint:gosec // the operator names it
	if err != nil {
		return storage.Report{}, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if s.PageSize < 512 || s.PageSize > 1<<20 || s.Pages > 1<<40 {
		return storage.Report{}, errors.New("page size " + strconv.FormatInt(s.PageSize, 10) + " is none that a store can have")
	}
	return Verify(ctx, f, s, emit)
}

// VerifiedAt returns when the store was last verified as a whole, the zero time
// when it never was.
func (db *DB) VerifiedAt(ctx context.Context) (time.Time, error) {
	return query(ctx, db, func(t *tx) (time.Time, error) {
		payload, err := t.get(metaBucket, []byte(metaVerified))
		if err != nil || payload == nil {
			return time.Time{}, err
		}
		return parseTime(payload)
	})
}

// MarkVerified records that the store was verified as a whole.
func (db *DB) MarkVerified(ctx context.Context, at time.Time) error {
	return db.update(ctx, func(t *tx) error { return t.put(metaBucket, []byte(metaVerified), appendTime(nil, at)) })
}

// VerifyHere is Verify of an open store in this process.
func (db *DB) VerifyHere(ctx context.Context, emit func(storage.Problem) error) (r storage.Report, err error) {
	err = db.Hold(ctx, func(s Snapshot) error {
		r, err = InspectHeld(ctx, db.path, s, emit)
		return err
	})
	if r.Problems > 0 {
		db.metrics.verify.Add(float64(r.Problems))
	}
	return r, err
}
