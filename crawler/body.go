package crawler

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"watcher/policy"
)

// The ratio cap: above ratioFloor decoded bytes, a body may not be more than
// maxRatio times as large as what came over the wire. Real pages stay below
// 30:1; a deflate bomb has 1000:1.
const (
	maxRatio   = 200
	ratioFloor = 1 << 20
)

// bodySpec says what the header tells of a body and what is allowed.
type bodySpec struct {
	// length is the declared length in bytes, -1 when unknown.
	length      int64
	encoding    string // Content-Encoding, all lines joined by ","
	contentType string
	maxWire     int64 // bytes
	maxDecoded  int64 // bytes
	// memory is what the body shares with others; nil means nothing.
	memory *memory
}

// body is a whole body after content decoding.
type body struct {
	data []byte
	// coding is what was undone: the header's value, or "gzip" when the
	// header was silent and the bytes were not.
	coding string
	wire   int64
}

// bodyReader reads one body through its content codings. err keeps the first
// failure of any layer: decoders replace the errors of what they read from by
// their own, and only the first one names the cause.
type bodyReader struct {
	ctx  context.Context //nolint:containedctx // of the exchange; io.Reader has no way to hand it in
	spec bodySpec
	wire int64
	err  error
	// large is set once the body has its place among the large ones.
	large   bool
	closers []func()
}

// readBody reads src to its end and decodes it. The body is whole, or the
// error is a *policy.FetchError (too large, truncated, bad encoding) or what
// src returned.
func readBody(ctx context.Context, src io.Reader, spec bodySpec) (body, error) {
	if spec.length > spec.maxWire {
		return body{}, tooLarge("body", spec.maxWire, hintMaxBody)
	}
	if spec.memory == nil {
		spec.memory = &memory{}
	}
	r := &bodyReader{ctx: ctx, spec: spec}
	defer r.close()
	wire := bufio.NewReader(&wireLayer{r: r, src: src})
	coding := spec.encoding
	codings, err := parseCodings(spec.encoding)
	if err != nil {
		return body{}, err
	}
	if len(codings) == 0 && looksGzipped(wire, spec.contentType) {
		codings, coding = []string{"gzip"}, "gzip"
	}
	decoded, err := r.stack(wire, codings)
	if err != nil {
		return body{}, err
	}
	data, err := r.collect(decoded)
	if err != nil {
		return body{}, err
	}
	if err := r.finish(wire); err != nil {
		return body{}, err
	}
	return body{data: data, coding: coding, wire: r.wire}, nil
}

// stack puts one decoder per coding over wire, in the order in which the
// server applied them, so the last is undone first. An empty body stays one:
// servers label those, too.
func (r *bodyReader) stack(wire *bufio.Reader, codings []string) (io.Reader, error) {
	if _, err := wire.Peek(1); err != nil {
		return bytes.NewReader(nil), r.err
	}
	var src io.Reader = wire
	for _, coding := range slices.Backward(codings) {
		dec, closer, err := newDecoder(coding, src)
		if err != nil {
			return nil, r.fail(decodeFailure(coding, err))
		}
		if closer != nil {
			r.closers = append(r.closers, closer)
		}
		src = &codingLayer{r: r, src: dec, coding: coding}
	}
	return src, nil
}

// collect reads src to its end, watching size and ratio.
func (r *bodyReader) collect(src io.Reader) ([]byte, error) {
	buf := newPieces(r.spec.memory, r.spec.length)
	defer buf.free()
	for {
		err := buf.fill(src)
		if buf.size > r.spec.maxDecoded {
			return nil, r.fail(tooLarge("decoded body", r.spec.maxDecoded, hintMaxDecoded))
		} else if buf.size > ratioFloor && buf.size > maxRatio*r.wire {
			return nil, r.fail(newFailure(policy.FetchTooLarge, hintBomb,
				fmt.Errorf("body unpacks to more than %d times its size", maxRatio)))
		}
		if errors.Is(err, io.EOF) && r.err == nil {
			return buf.bytes(), nil
		}
		if err == nil && buf.size > largeBody {
			err = r.enlarge()
		}
		if err != nil {
			return nil, r.fail(err)
		}
	}
}

// enlarge waits for a place among the large bodies, once. The time counts as
// that of the request: a server that takes long to send so much may lose it.
func (r *bodyReader) enlarge() error {
	if r.large || r.spec.memory.large == nil {
		return nil
	}
	select {
	case r.spec.memory.large <- struct{}{}:
		r.large = true
		r.closers = append(r.closers, func() { <-r.spec.memory.large })
		return nil
	case <-r.ctx.Done():
		return r.ctx.Err()
	}
}

// finish reads what the decoders left and compares the length with the
// declared one. net/http does that for most answers; this holds for all.
func (r *bodyReader) finish(wire io.Reader) error {
	if _, err := io.Copy(io.Discard, wire); err != nil {
		return r.fail(err)
	}
	if r.spec.length >= 0 && r.wire != r.spec.length {
		return r.fail(newFailure(policy.FetchTruncated, "",
			fmt.Errorf("body has %d bytes, declared were %d", r.wire, r.spec.length)))
	}
	return nil
}

// fail records err unless a layer below has failed before, and returns the
// recorded error.
func (r *bodyReader) fail(err error) error {
	if r.err == nil {
		r.err = err
	}
	return r.err
}

func (r *bodyReader) close() {
	for _, f := range r.closers {
		f()
	}
}

// wireLayer counts and caps what comes over the wire.
type wireLayer struct {
	r   *bodyReader
	src io.Reader
}

func (l *wireLayer) Read(p []byte) (int, error) {
	if l.r.err != nil {
		return 0, l.r.err
	}
	n, err := l.src.Read(p)
	l.r.wire += int64(n)
	if l.r.wire > l.r.spec.maxWire {
		return 0, l.r.fail(tooLarge("body", l.r.spec.maxWire, hintMaxBody))
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return n, l.r.fail(err)
	}
	return n, err
}

// codingLayer caps what one decoder produces. Every layer of a stack has the
// cap, because a small result can hide a huge layer below.
type codingLayer struct {
	r      *bodyReader
	src    io.Reader
	coding string
	n      int64
}

func (l *codingLayer) Read(p []byte) (int, error) {
	if err := l.r.ctx.Err(); err != nil {
		return 0, l.r.fail(err)
	}
	n, err := l.src.Read(p)
	l.n += int64(n)
	if l.n > l.r.spec.maxDecoded {
		return 0, l.r.fail(tooLarge("decoded body", l.r.spec.maxDecoded, hintMaxDecoded))
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return n, l.r.fail(decodeFailure(l.coding, err))
	}
	return n, err
}

func tooLarge(what string, limit int64, hint string) error {
	return newFailure(policy.FetchTooLarge, hint, fmt.Errorf("%s is larger than %d bytes", what, limit))
}

// decodeFailure tells a stream that ends early from one that is wrong.
func decodeFailure(coding string, err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return newFailure(policy.FetchTruncated, "", fmt.Errorf("%s stream ends early: %w", coding, io.ErrUnexpectedEOF))
	}
	return newFailure(policy.FetchEncoding, hintEncoding, fmt.Errorf("undo content coding %s: %w", coding, err))
}

// looksGzipped reports whether the body is gzip although no header says so. A
// body whose type is gzip is left alone: there the archive is the document.
func looksGzipped(r *bufio.Reader, contentType string) bool {
	ct := strings.ToLower(contentType)
	if strings.Contains(ct, "gzip") || strings.Contains(ct, "tgz") || strings.Contains(ct, "gtar") {
		return false
	}
	magic, err := r.Peek(3)
	return err == nil && magic[0] == 0x1f && magic[1] == 0x8b && magic[2] == 8
}
