package bolt

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"watcher/policy"
)

// Format is the number of the file format that this package reads and writes.
//
// Format 2 stores bodies as differences, which a program of format 1 cannot read;
// it reads files of format 1, and raises their number when it opens them for
// writing.
const Format = 2

// oldestFormat is the oldest format that is read.
const oldestFormat = 1

// The keys of the bucket meta.
const (
	metaFormat   = "format"
	metaCreated  = "created"
	metaSession  = "session"
	metaVerified = "verified"
)

const defaultLockTimeout = time.Second

// defaultMmapSize is 64 GiB where an int has 64 bits, and 0 where it has not:
// the map then grows with the file.
const defaultMmapSize = (1 << 36) & math.MaxInt

// allocSize is the step in bytes by which the file grows. bbolt's own 16 MiB
// is a lot for a store that watches twenty policies.
const allocSize = 256 << 10

// Options says how a store is opened. The zero value is fine.
type Options struct {
	// LockTimeout is how long to wait for another process to let go of the
	// file; 0 means one second.
	LockTimeout time.Duration
	// ReadOnly opens an existing store for reading. Several processes may do
	// so at once, but none while another one writes.
	ReadOnly bool
	// Logger gets what nobody is there to return an error to; nil discards it.
	Logger *slog.Logger
	// InitialMmapSize is the address space reserved for the file, in bytes: a
	// file that outgrows it stops writers until all readers are done. 0 means
	// 64 GiB on 64-bit systems; no memory is used up by it. Not on Windows.
	InitialMmapSize int
	// Registerer gets the engine's metrics; nil keeps them unregistered.
	Registerer prometheus.Registerer
}

func (o Options) withDefaults() Options {
	if o.LockTimeout <= 0 {
		o.LockTimeout = defaultLockTimeout
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.InitialMmapSize == 0 && runtime.GOOS != "windows" { // where the file itself grows to the size of the map
		o.InitialMmapSize = defaultMmapSize
	}
	return o
}

// Open opens the store at path. Directory and file are created when they are
// missing, for their owner alone.
//
// The error is policy.ErrLocked when another process holds the file,
// policy.ErrFormat when it was written by a program of another format or is
// no store of this program, and policy.ErrDamaged when it cannot be read as a
// store at all.
func Open(path string, opt Options) (*DB, error) {
	opt = opt.withDefaults()
	path = filepath.Clean(path)
	m, err := newMetrics(opt.Registerer)
	if err != nil {
		return nil, err
	}
	c, err := newCodec()
	if err != nil {
		return nil, err
	}
	db := &DB{
		path: path, readOnly: opt.ReadOnly, log: opt.Logger, metrics: m, codec: c, bodies: newBodyCache(),
		queue: make(chan *request, maxGroup), stopped: make(chan struct{}),
	}
	if err := db.openFile(opt); err != nil {
		c.close()
		return nil, err
	}
	return db, nil
}

func (db *DB) openFile(opt Options) error {
	fresh, err := db.prepare()
	if err != nil {
		return err
	}
	if !fresh {
		if err := db.inspect(opt); err != nil {
			return err
		}
	}
	if db.bolt, err = db.openBolt(opt, opt.ReadOnly); err != nil {
		return err
	}
	other, err := db.replaced()
	if other && err == nil {
		err = errReplaced
	}
	if err == nil {
		err = db.start(fresh)
	}
	if err != nil {
		_ = db.bolt.Close()
		return err
	}
	if !db.readOnly {
		go db.write()
	}
	return nil
}

// prepare looks at what is there and makes the directory. A file of no bytes
// is as good as none.
func (db *DB) prepare() (fresh bool, err error) {
	info, err := os.Stat(db.path)
	switch {
	case err == nil && !info.Mode().IsRegular():
		return false, fmt.Errorf("open store %s: %w (it is not a regular file)", db.path, fs.ErrInvalid)
	case err == nil && info.Size() > 0:
		return false, nil
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return false, db.explain(err)
	case db.readOnly:
		return false, fmt.Errorf("open store %s: %w (there is nothing in it yet; the first `watcher run` or `watcher check` creates it)", db.path, fs.ErrNotExist)
	}
	if err := os.MkdirAll(filepath.Dir(db.path), 0o700); err != nil {
		return false, db.explain(err)
	}
	return true, nil
}

// inspect checks the structure of an existing file before bbolt is let loose
// on it, under the lock that readers share.
func (db *DB) inspect(opt Options) error {
	opt.InitialMmapSize = 0
	b, err := db.openBolt(opt, true)
	if err != nil {
		return err
	}
	err = db.guard(func() error {
		if !bothMetas(db.file, int64(b.Info().PageSize)) {
			// bbolt goes back to the other one without a word. A commit that was
			// cut off leaves this behind, but so does damage to the newest one.
			db.metrics.verify.Inc()
			db.log.Warn("one of the two meta pages is damaged, the newest commit may be lost", "file", db.path)
		}
		return b.View(db.checkStructure)
	})
	if cerr := b.Close(); err == nil && cerr != nil {
		err = cerr
	}
	if errors.Is(err, errFreelist) {
		err = db.forgetFreelist(err)
	}
	if err != nil {
		return fmt.Errorf("open store %s: %w", db.path, err)
	}
	return nil
}

// openBolt opens the file with bbolt. The freelist is kept in a map and not
// written at every commit: with 600,000 free pages that is the difference
// between 13 and 321 commits a second.
func (db *DB) openBolt(opt Options, readOnly bool) (b *bbolt.DB, err error) {
	o := &bbolt.Options{
		Timeout: opt.LockTimeout, ReadOnly: readOnly, InitialMmapSize: opt.InitialMmapSize,
		NoFreelistSync: true, FreelistType: bbolt.FreelistMapType,
		OpenFile: func(name string, flag int, mode os.FileMode) (*os.File, error) {
			f, err := os.OpenFile(filepath.Clean(name), flag, mode)
			db.file = f
			return f, err
		},
	}
	open := func() error {
		b, err = bbolt.Open(db.path, 0o600, o)
		return err
	}
	err = db.guard(open)
	if errors.Is(err, syscall.ENOMEM) {
		// The platform limits address space; the map then grows with the file.
		o.InitialMmapSize = 0
		err = db.guard(open)
	}
	if err != nil {
		if db.file != nil {
			_ = db.file.Close() // gives up the lock if bbolt panicked
		}
		return nil, db.explain(err)
	}
	b.AllocSize = allocSize
	return b, nil
}

// explain turns an error of bbolt or the file system into one that a person
// can act on.
func (db *DB) explain(err error) error {
	kind, hint := err, "check the path given by --storage.path"
	switch {
	case errors.Is(err, berrors.ErrTimeout):
		kind, hint = policy.ErrLocked, "is another `watcher run` using it? use its API or --url"
	case errors.Is(err, policy.ErrDamaged):
		hint = "move the file away and restore a backup"
	case errors.Is(err, berrors.ErrInvalid), errors.Is(err, berrors.ErrChecksum), errors.Is(err, berrors.ErrVersionMismatch):
		kind = fmt.Errorf("%w: %w", policy.ErrDamaged, err)
		hint = "it is not a store or its beginning is destroyed; move the file away and restore a backup"
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		hint = "the file and its directory must be writable by the user that runs watcher"
	case isTooSmall(db.path):
		kind = fmt.Errorf("%w: %w", policy.ErrDamaged, err)
		hint = "it is cut short or not a store; move the file away and restore a backup"
	}
	return fmt.Errorf("open store %s: %w (%s)", db.path, kind, hint)
}

// isTooSmall reports whether the file has some bytes, but fewer than the four
// pages that every store has; bbolt has no error value for that.
func isTooSmall(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Size() > 0 && info.Size() < int64(4*os.Getpagesize())
}

// start checks the format and begins a session; a fresh file gets its buckets.
func (db *DB) start(fresh bool) error {
	err := db.guard(func() error {
		if db.readOnly {
			return db.bolt.View(func(b *bbolt.Tx) error { return checkFormat(db.tx(b)) })
		}
		return db.bolt.Update(db.begin)
	})
	if err != nil {
		return fmt.Errorf("open store %s: %w", db.path, err)
	}
	if fresh {
		return syncDir(filepath.Dir(db.path))
	}
	return nil
}

func (db *DB) begin(b *bbolt.Tx) error {
	t := db.tx(b)
	if first, _ := b.Cursor().First(); first == nil {
		if err := create(t); err != nil {
			return err
		}
	}
	if err := checkFormat(t); err != nil {
		return err
	}
	if err := db.migrate(t); err != nil {
		return err
	}
	if err := t.extend(); err != nil {
		return err
	}
	var session uint64
	payload, err := t.get(metaBucket, []byte(metaSession))
	if err != nil {
		return err
	}
	if payload != nil {
		if session, err = parseNumber(payload); err != nil {
			return err
		}
	}
	db.session = session + 1
	return t.put(metaBucket, []byte(metaSession), number(db.session))
}

// migrate brings a store of an older format to the present one, in the transaction
// in which it is opened.
func (db *DB) migrate(t *tx) error {
	payload, err := t.get(metaBucket, []byte(metaFormat))
	if err != nil || string(payload) == formatText() {
		return err
	}
	// Formats differ in how bodies may be stored. Those that are there stay as
	// they are; only the number changes, for the sake of older programs.
	db.log.Info("store upgraded", "file", db.path, "from", string(payload), "to", Format)
	return t.put(metaBucket, []byte(metaFormat), []byte(formatText()))
}

func formatText() string { return strconv.Itoa(Format) }

func create(t *tx) error {
	for _, name := range buckets() {
		if _, err := t.bolt.CreateBucket([]byte(name)); err != nil {
			return fmt.Errorf("create bucket %q: %w", name, err)
		}
	}
	return t.put(metaBucket, []byte(metaFormat), []byte(formatText()))
}

// checkFormat refuses stores of other formats, and verifies the small buckets
// through which everything else is found: a rotten key there would make a
// policy look as if it had never been known.
func checkFormat(t *tx) error {
	if first, _ := t.bolt.Cursor().First(); first == nil {
		return fmt.Errorf("%w: the file holds no store yet, its first run did not end well (`watcher check` or `watcher run` begins it anew)", policy.ErrFormat)
	}
	if t.bolt.Bucket([]byte(metaBucket)) == nil {
		return fmt.Errorf("%w: the file is a bbolt database, but not a store of this program", policy.ErrFormat)
	}
	payload, err := t.get(metaBucket, []byte(metaFormat))
	if err != nil {
		return err
	}
	if got, err := strconv.Atoi(string(payload)); err != nil || got < oldestFormat || got > Format {
		return fmt.Errorf("%w: the store has format %q, this program reads formats %d to %d (use the version of watcher that wrote it, or a newer one)",
			policy.ErrFormat, payload, oldestFormat, Format)
	}
	for _, name := range []string{metaBucket, idBucket, nameBucket} {
		if err := t.scan(name, nil, func(_, _ []byte) error { return nil }); err != nil {
			return err
		}
	}
	return nil
}

// syncDir makes the directory entry of a new file durable: bbolt syncs the
// file alone, and a power cut could take the entry with all that was
// acknowledged.
func syncDir(dir string) error {
	d, err := os.Open(filepath.Clean(dir))
	if err != nil {
		return fmt.Errorf("sync directory: %w", err)
	}
	err = d.Sync()
	if cerr := d.Close(); err == nil {
		err = cerr
	}
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, fs.ErrPermission) {
		return nil // the file system has no such thing
	}
	return err
}
