package bolt

import (
	"container/list"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"sync"

	"github.com/klauspost/compress/zstd"

	"watcher/policy"
)

// Raw bodies change far more often than texts: tokens and build ids make the
// median page of 193 new at every second visit. So a body is stored as what
// differs from an earlier one, a zstd frame with that body as its dictionary. On
// 3,126 real bodies of 394 kB each that took 2.7 kB a body, where zstd alone took
// 94 kB and a git pack 4.3 kB (docs/adr/0003-storage-format.md has the figures of
// a whole store).
const (
	// maxChain is how many bodies hang on one that is stored whole: what one
	// damaged value can take along.
	maxChain = 500
	// maxCost bounds what has to be read and undone for one body, in bytes; each
	// step counts stepCost on top. That is some 15 ms.
	maxCost  = 16 << 20
	stepCost = 100 << 10
	// maxDelta bounds the bodies that are stored as differences, in bytes.
	maxDelta = 8 << 20
	// worthwhile is which part of a whole body a difference may take, in percent.
	worthwhile = 80
	// surprise is which part of a whole body, one in so many, a difference has to
	// take for other bodies to be tried.
	surprise = 20
	// deltaDict is the number by which frames name their dictionary.
	deltaDict = 1
)

// codecDelta marks a body that is a difference: the number of the capture with
// the body before, as a uvarint, then the frame. codecGone marks one that was
// taken away when its time was over.
const (
	codecDelta = 'd'
	codecGone  = 'x'
)

// packDelta returns a body as what differs from a base.
func (c *codec) packDelta(body, base []byte, at policy.CaptureID) ([]byte, error) {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderCRC(false), zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedBetterCompression),
		zstd.WithWindowSize(window(len(body)+len(base))), zstd.WithEncoderDictRaw(deltaDict, base))
	if err != nil {
		return nil, fmt.Errorf("zstd encoder: %w", err)
	}
	defer func() { _ = enc.Close() }() // has no stream to flush
	head := binary.AppendUvarint([]byte{codecDelta}, uint64(at))
	return enc.EncodeAll(body, head), nil
}

// window returns the power of two that covers n bytes.
func window(n int) int {
	return min(max(1<<bits.Len(uint(max(n-1, 1))), zstd.MinWindowSize), zstd.MaxWindowSize)
}

// unpackDelta undoes packDelta.
func (c *codec) unpackDelta(frame, base []byte) ([]byte, error) {
	dec, err := zstd.NewReader(nil, zstd.WithDecoderMaxMemory(maxPayload), zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxWindow(zstd.MaxWindowSize), zstd.WithDecoderDictRaw(deltaDict, base))
	if err != nil {
		return nil, fmt.Errorf("zstd decoder: %w", err)
	}
	defer dec.Close()
	body, err := dec.DecodeAll(frame, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: zstd: %w", policy.ErrDamaged, err)
	}
	return body, nil
}

// errGone means that a body was kept for its time and no longer.
var errGone = fmt.Errorf("the body was of a refused capture, and its time is over: %w", policy.ErrNotFound)

// parseBody tells a body's codec, the capture that it builds on, and its frame.
func parseBody(payload []byte) (base policy.CaptureID, frame []byte, err error) {
	if len(payload) == 0 {
		return 0, nil, fmt.Errorf("%w: a body of no bytes", policy.ErrDamaged)
	}
	switch payload[0] {
	case codecZstd:
		return 0, payload[1:], nil
	case codecGone:
		return 0, nil, errGone
	case codecDelta:
		n, size := binary.Uvarint(payload[1:])
		if size <= 0 || n == 0 {
			return 0, nil, fmt.Errorf("%w: a body that builds on none", policy.ErrDamaged)
		}
		return policy.CaptureID(n), payload[1+size:], nil
	}
	return 0, nil, fmt.Errorf("%w: the body is in a form this program does not know; use a newer one", policy.ErrFormat)
}

// link is one body of a chain, as stored.
type link struct {
	at    policy.CaptureID
	frame []byte
}

// chain returns the stored forms of a body and of those that it builds on, the
// whole one last, or known when the body below the last is in the cache. The first
// is read from the file in any case: what has rotten there is to be named.
func (t *tx) chain(at policy.CaptureID, cache *bodyCache) (links []link, known []byte, err error) {
	for {
		if body := cache.get(at); body != nil && len(links) > 0 {
			return links, body, nil
		}
		payload, err := t.copyOf(bodyBucket, uint64(at))
		if err != nil {
			return nil, nil, err
		}
		base, frame, err := parseBody(payload)
		if err != nil {
			return nil, nil, err
		}
		links = append(links, link{at, frame})
		if base == 0 {
			return links, nil, nil
		}
		if base >= at || len(links) > 2*maxChain {
			return nil, nil, damaged(bodyBucket, number(uint64(at)), "the body builds on a later one")
		}
		at = base
	}
}

// plain returns the body that lies under a capture's number. What it returns is
// shared and must not be changed.
func (db *DB) plain(ctx context.Context, at policy.CaptureID) ([]byte, error) {
	type found struct {
		links []link
		body  []byte
	}
	f, err := query(ctx, db, func(t *tx) (f found, err error) {
		f.links, f.body, err = t.chain(at, db.bodies)
		return f, err
	})
	if err != nil {
		return nil, err
	}
	body := f.body
	for _, l := range slices.Backward(f.links) {
		if body == nil {
			body, err = db.codec.decompress(l.frame)
		} else {
			body, err = db.codec.unpackDelta(l.frame, body)
		}
		if err != nil {
			return nil, fmt.Errorf("body of capture %d: %w", l.at, err)
		}
		if body == nil {
			body = []byte{}
		}
	}
	db.bodies.put(at, body)
	return body, nil
}

// packed is a body in its stored form.
type packed struct {
	data []byte
	// base is the body that data builds on, 0 for none. That of another policy
	// costs below to read, and without it data would have whole bytes.
	base  policy.CaptureID
	below int64
	whole int
}

// pack returns a body in its stored form: as a difference to one of the bases
// where that is worthwhile.
func (db *DB) pack(ctx context.Context, body []byte, last bodyRef, bases []policy.CaptureID) (packed, error) {
	p, err := db.smallest(ctx, body, bases, last.Whole/surprise)
	if err != nil || p.data != nil && isWorthwhile(len(p.data), last.Whole) {
		return p, err
	}
	data, err := db.codec.packBody(body)
	return packed{data: data}, err
}

// smallest returns the smallest difference to one of the bases, without data when
// there is none. One of at most enough bytes ends the search.
func (db *DB) smallest(ctx context.Context, body []byte, bases []policy.CaptureID, enough int) (p packed, err error) {
	for _, base := range bases {
		delta, size, err := db.against(ctx, body, base)
		if err != nil {
			return p, err
		}
		if delta != nil && (p.data == nil || len(delta) < len(p.data)) {
			p = packed{data: delta, base: base, below: linkCost(size)}
		}
		if p.data != nil && len(p.data) <= enough {
			break
		}
	}
	return p, nil
}

func isWorthwhile(delta, whole int) bool { return delta*100 <= whole*worthwhile }

// against returns what a body differs by from another one, and that one's length;
// nil when it cannot be had.
func (db *DB) against(ctx context.Context, body []byte, base policy.CaptureID) (delta []byte, size int, err error) {
	if len(body) == 0 || len(body) > maxDelta {
		return nil, 0, nil
	}
	before, err := db.plain(ctx, base)
	if errors.Is(err, policy.ErrDamaged) || errors.Is(err, policy.ErrNotFound) {
		// What is lost must not take the future along.
		db.log.Warn("the body to build on cannot be read", "capture", base, "err", err)
		return nil, 0, nil
	}
	if err != nil || len(before) == 0 || len(before) > maxDelta {
		return nil, 0, err
	}
	delta, err = db.codec.packDelta(body, before, base)
	return delta, len(before), err
}

// The bounds of the bodies that are kept in memory.
const (
	cacheBytes = 32 << 20
	cacheBody  = 4 << 20
)

// bodyCache keeps bodies that were read or written lately, so that the next
// difference needs no chain undone. It is safe for concurrent use.
type bodyCache struct {
	mu    sync.Mutex
	size  int
	order *list.List // of cached, the newest first
	at    map[policy.CaptureID]*list.Element
}

type cached struct {
	id   policy.CaptureID
	body []byte
}

func newBodyCache() *bodyCache {
	return &bodyCache{order: list.New(), at: map[policy.CaptureID]*list.Element{}}
}

func (c *bodyCache) get(id policy.CaptureID) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.at[id]
	if e == nil {
		return nil
	}
	c.order.MoveToFront(e)
	return e.Value.(cached).body //nolint:forcetypeassert // nothing else is in the list
}

func (c *bodyCache) put(id policy.CaptureID, body []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(body) > cacheBody || len(body) == 0 || c.at[id] != nil {
		return
	}
	c.at[id] = c.order.PushFront(cached{id, body})
	for c.size += len(body); c.size > cacheBytes; {
		last := c.order.Back()
		old := c.order.Remove(last).(cached) //nolint:forcetypeassert // as above
		c.size -= len(old.body)
		delete(c.at, old.id)
	}
}

// drop forgets everything: what is on disk is to be read.
func (c *bodyCache) drop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.size = 0
	c.order.Init()
	clear(c.at)
}
