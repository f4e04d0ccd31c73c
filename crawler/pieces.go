package crawler

import (
	"bytes"
	"io"
	"sync"
)

// The pieces in which a body is held while it grows, in bytes. A buffer that
// doubles would hold three times as much as has arrived at the moment it does.
const (
	minPiece = 16 << 10
	maxPiece = 1 << 20
)

// largeBody is the size in bytes from which a body counts as large, and
// maxLarge how many such bodies are read at a time: real policies stay below
// it, and eight hostile servers cannot make us hold eight full caps.
const (
	largeBody = 3 << 20
	maxLarge  = 2
)

// memory is what the bodies of a client share. The zero value bounds nothing.
type memory struct {
	// large has a place for every large body that may be read at a time.
	large chan struct{}
	// spare keeps full pieces of bodies that are done with, as *[]byte: what a
	// hostile server made us hold serves the next one, too.
	spare sync.Pool
}

func newMemory() *memory { return &memory{large: make(chan struct{}, maxLarge)} }

// piece returns an empty piece for at least size bytes, or a full one.
func (m *memory) piece(size int64) []byte {
	if size < maxPiece {
		return make([]byte, 0, size)
	}
	if p, ok := m.spare.Get().(*[]byte); ok {
		return (*p)[:0]
	}
	return make([]byte, 0, maxPiece)
}

// pieces collects a body of unknown length.
type pieces struct {
	memory *memory
	done   [][]byte
	last   []byte
	size   int64
}

// newPieces makes room for length bytes, as far as a mere promise is trusted.
func newPieces(m *memory, length int64) *pieces {
	// One more, so that the end of a body that keeps the promise is seen
	// without another piece.
	return &pieces{memory: m, last: m.piece(max(length+1, minPiece))}
}

// fill reads from src until a piece is full. It returns io.EOF at the end.
func (p *pieces) fill(src io.Reader) error {
	if len(p.last) == cap(p.last) {
		p.done = append(p.done, p.last)
		p.last = p.memory.piece(2 * int64(cap(p.last)))
	}
	for len(p.last) < cap(p.last) {
		n, err := src.Read(p.last[len(p.last):cap(p.last)])
		p.last = p.last[:len(p.last)+n]
		p.size += int64(n)
		if err != nil {
			return err
		}
	}
	return nil
}

// bytes returns what was collected, in one piece.
func (p *pieces) bytes() []byte {
	if len(p.done) == 0 {
		out := p.last
		p.last = nil
		return out
	}
	return bytes.Join(append(p.done, p.last), nil)
}

// free gives the full pieces back.
func (p *pieces) free() {
	for _, piece := range append(p.done, p.last) {
		if cap(piece) == maxPiece {
			p.memory.spare.Put(&piece)
		}
	}
	p.done, p.last = nil, nil
}
