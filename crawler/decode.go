package crawler

import (
	"bufio"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"

	"watcher/policy"
)

// acceptEncoding lists the codings that newDecoder undoes.
const acceptEncoding = "gzip, br, zstd, deflate"

// maxCodings bounds the stack of content codings. Two are seen in the wild
// (a proxy that compresses what is compressed).
const maxCodings = 3

// maxZstdWindow is the window in bytes that RFC 9659 lets a zstd content
// coding have.
const maxZstdWindow = 8 << 20

// parseCodings splits a Content-Encoding header into the codings to undo.
func parseCodings(header string) ([]string, error) {
	var out []string
	for c := range strings.SplitSeq(header, ",") {
		switch c = strings.ToLower(strings.TrimSpace(c)); c {
		case "", "identity":
		case "gzip", "x-gzip":
			out = append(out, "gzip")
		case "br", "zstd", "deflate":
			out = append(out, c)
		default:
			return nil, newFailure(policy.FetchEncoding, hintEncoding, fmt.Errorf("unknown content coding %.40q", c))
		}
	}
	if len(out) > maxCodings {
		return nil, newFailure(policy.FetchEncoding, hintEncoding, fmt.Errorf("%d content codings, at most %d are undone", len(out), maxCodings))
	}
	return out, nil
}

// newDecoder undoes one coding. The closer, when not nil, frees the decoder.
func newDecoder(coding string, src io.Reader) (dec io.Reader, closer func(), err error) {
	switch coding {
	case "gzip":
		dec, err = newGzipReader(src)
		return dec, nil, err
	case "deflate":
		dec, err = newDeflateReader(src)
		return dec, nil, err
	case "br":
		return brotli.NewReader(src), nil, nil
	case "zstd":
		z, err := zstd.NewReader(src, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxWindow(maxZstdWindow))
		if err != nil {
			return nil, nil, err
		}
		return z, z.Close, nil
	}
	return nil, nil, fmt.Errorf("no decoder for %q", coding)
}

// gzipReader reads all members of a gzip stream and ignores what follows the
// last, as browsers do. By then the checksum and the length of every member
// have been verified, so nothing of the page can be missing.
type gzipReader struct {
	src *bufio.Reader
	zr  *gzip.Reader
}

func newGzipReader(src io.Reader) (*gzipReader, error) {
	br := bufio.NewReader(src)
	zr, err := gzip.NewReader(br)
	if err != nil {
		return nil, err
	}
	zr.Multistream(false)
	return &gzipReader{src: br, zr: zr}, nil
}

func (g *gzipReader) Read(p []byte) (int, error) {
	for {
		n, err := g.zr.Read(p)
		if !errors.Is(err, io.EOF) {
			return n, err
		}
		if magic, err := g.src.Peek(2); err != nil || magic[0] != 0x1f || magic[1] != 0x8b {
			return n, io.EOF
		}
		if err := g.zr.Reset(g.src); err != nil {
			return n, err
		}
		g.zr.Multistream(false)
		if n > 0 {
			return n, nil
		}
	}
}

// newDeflateReader reads "deflate", which the RFC defines as a zlib stream and
// some servers send as bare DEFLATE. Two bytes tell which (RFC 1950, 2.2).
func newDeflateReader(src io.Reader) (io.Reader, error) {
	br := bufio.NewReader(src)
	head, err := br.Peek(2)
	if err == nil && head[0]&0x0f == 8 && head[0]>>4 <= 7 && (uint16(head[0])<<8|uint16(head[1]))%31 == 0 {
		return zlib.NewReader(br)
	}
	return flate.NewReader(br), nil
}
