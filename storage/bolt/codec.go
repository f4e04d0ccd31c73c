package bolt

import (
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/klauspost/compress/zstd"

	"watcher/policy"
)

// maxPayload bounds what is compressed and what a stored frame may unpack to.
// It lies far above the crawler's own cap; the two ends agree, so that
// nothing is accepted that could not be read again.
const maxPayload = 256 << 20

// codecZstd is the first byte of a body that is stored whole.
const codecZstd = 'z'

// codec turns values into payloads and back. It is safe for concurrent use.
type codec struct {
	enc *zstd.Encoder
	// best is slower; whole bodies are rare, large, and kept for ever.
	best *zstd.Encoder
	dec  *zstd.Decoder
	rows rowCodec

	// inUse is held for reading by those who work outside of a transaction, for
	// whom Close does not wait otherwise.
	inUse  sync.RWMutex
	closed bool
}

func newCodec() (*codec, error) {
	// The frame's own checksum is left out: the seal covers the frame and the
	// capture's digest the body.
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderCRC(false), zstd.WithEncoderConcurrency(2), zstd.WithLowerEncoderMem(true))
	if err != nil {
		return nil, fmt.Errorf("zstd encoder: %w", err)
	}
	best, err := zstd.NewWriter(nil, zstd.WithEncoderCRC(false), zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true),
		zstd.WithEncoderLevel(zstd.SpeedBestCompression))
	if err != nil {
		return nil, fmt.Errorf("zstd encoder: %w", err)
	}
	dec, err := zstd.NewReader(nil, zstd.WithDecoderMaxMemory(maxPayload), zstd.WithDecoderConcurrency(2), zstd.WithDecoderLowmem(true))
	if err != nil {
		return nil, fmt.Errorf("zstd decoder: %w", err)
	}
	rows, err := newRowCodec()
	return &codec{enc: enc, best: best, dec: dec, rows: rows}, err
}

func (c *codec) close() {
	c.inUse.Lock()
	defer c.inUse.Unlock()
	c.closed = true
	c.rows.close()
	c.dec.Close()
	_, _ = c.enc.Close(), c.best.Close() // have no stream to flush
}

// use runs f while the codec is open.
func (c *codec) use(f func() error) error {
	c.inUse.RLock()
	defer c.inUse.RUnlock()
	if c.closed {
		return errClosed
	}
	return f()
}

func (c *codec) compress(plain []byte) ([]byte, error) {
	if err := fits(plain); err != nil {
		return nil, err
	}
	var out []byte
	err := c.use(func() error {
		out = c.enc.EncodeAll(plain, nil)
		return nil
	})
	return out, err
}

func fits(plain []byte) error {
	if len(plain) > maxPayload {
		return fmt.Errorf("a value of %d bytes is too large to store, the limit is %d", len(plain), maxPayload)
	}
	return nil
}

func (c *codec) decompress(frame []byte) ([]byte, error) {
	var plain []byte
	err := c.use(func() (err error) {
		if plain, err = c.dec.DecodeAll(frame, nil); err != nil {
			return fmt.Errorf("%w: zstd: %w", policy.ErrDamaged, err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return plain, nil
}

func (c *codec) packBody(body []byte) ([]byte, error) {
	if err := fits(body); err != nil {
		return nil, err
	}
	out := []byte{codecZstd}
	err := c.use(func() error {
		out = c.best.EncodeAll(body, out)
		return nil
	})
	return out, err
}

func (c *codec) packJSON(v any) ([]byte, error) {
	plain, err := marshal(v)
	if err != nil {
		return nil, err
	}
	return c.compress(plain)
}

func (c *codec) unpackJSON(payload []byte, v any) error {
	plain, err := c.decompress(payload)
	if err != nil {
		return err
	}
	return unmarshal(plain, v)
}

func marshal(v any) ([]byte, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode %T: %w", v, err)
	}
	return b, nil
}

// unmarshal decodes a payload whose seal was right: what does not decode was
// written by another program.
func unmarshal(b []byte, v any) error {
	if err := json.Unmarshal(b, v); err != nil {
		return fmt.Errorf("%w: decode %T: %w", policy.ErrDamaged, v, err)
	}
	return nil
}

var (
	errClosed   = errors.New("store is closed")
	errReadOnly = errors.New("store was opened read-only")
)
