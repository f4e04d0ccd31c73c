package evidence

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"
)

// The bounds of what a WARC file may ask for.
const (
	// maxHeader bounds the header of a record, in bytes.
	maxHeader = 64 << 10
	// maxRecord bounds the block of a record that is read, in bytes; larger
	// ones are passed over unread.
	maxRecord = 64 << 20
	// maxWindow bounds the memory of a zstd member, in bytes (RFC 9659).
	maxWindow = 8 << 20
)

// ErrWARC marks input that is no WARC file, or a damaged one.
var ErrWARC = errors.New("not a readable WARC file")

// Record is one response of a WARC file.
type Record struct {
	// URL is WARC-Target-URI, Date WARC-Date in UTC.
	URL  string
	Date time.Time
	// Status, Header and Body are those of the HTTP response. Transfer coding
	// is undone, content coding is not.
	Status int
	Header http.Header
	Body   []byte
	// Revisit is set for a record that says "the same payload as before"; its
	// Body is empty. PayloadDigest is as the archive wrote it.
	Revisit       bool
	PayloadDigest string
	// Truncated is the reason for which the archive cut the block, "" when it
	// is whole. A cut body must not be taken for the page.
	Truncated string
}

// ReadWARC calls f with every HTTP response, revisit and resource record of a
// WARC file, in the order of the file. It stops at the first error, its own or
// f's.
func ReadWARC(r io.Reader, f func(Record) error) error {
	plain, err := uncompressed(r)
	if err != nil {
		return err
	}
	defer plain.Close()
	w := &warcReader{r: bufio.NewReaderSize(plain, 64<<10)}
	for n := 1; ; n++ {
		rec, ok, err := w.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("record %d: %w", n, err)
		}
		if !ok {
			continue
		}
		if err := f(rec); err != nil {
			return err
		}
	}
}

// uncompressed undoes the compression of a file, recognised by its magic
// bytes. Both formats may be a sequence of members, one per record.
func uncompressed(r io.Reader) (io.ReadCloser, error) {
	br := bufio.NewReader(r)
	magic, err := br.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(br)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrWARC, err)
		}
		return z, nil
	case bytes.Equal(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}), len(magic) == 4 && magic[0]&0xf0 == 0x50 && bytes.Equal(magic[1:], []byte{0x2a, 0x4d, 0x18}):
		z, err := zstd.NewReader(br, zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderConcurrency(1))
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrWARC, err)
		}
		return z.IOReadCloser(), nil
	}
	return io.NopCloser(br), nil
}

type warcReader struct {
	r *bufio.Reader
}

// next reads one record. ok is false for a record that holds no response.
func (w *warcReader) next() (rec Record, ok bool, err error) {
	head, err := w.header()
	if err != nil {
		return rec, false, err
	}
	length, err := strconv.ParseInt(head.Get("Content-Length"), 10, 64)
	if err != nil || length < 0 {
		return rec, false, fmt.Errorf("%w: Content-Length is %q", ErrWARC, head.Get("Content-Length"))
	}
	kind := strings.ToLower(head.Get("Warc-Type"))
	if kind != "response" && kind != "revisit" && kind != "resource" || length > maxRecord {
		return rec, false, w.skip(length)
	}
	block := make([]byte, 0, min(length, 1<<20))
	buf := bytes.NewBuffer(block)
	if _, err := io.CopyN(buf, w.r, length); err != nil {
		return rec, false, fmt.Errorf("%w: the block ends after %d of %d bytes", ErrWARC, buf.Len(), length)
	}
	if err := w.skip(0); err != nil {
		return rec, false, err
	}
	return parseRecord(kind, head, buf.Bytes())
}

// header reads the version line and the header fields.
func (w *warcReader) header() (textproto.MIMEHeader, error) {
	line, err := w.line()
	for err == nil && line == "" { // some writers leave more empty lines than they should
		line, err = w.line()
	}
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(line, "WARC/1.") {
		return nil, fmt.Errorf("%w: a record begins with %.40q", ErrWARC, line)
	}
	head := textproto.MIMEHeader{}
	for size := len(line); ; {
		line, err = w.line()
		if errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("%w: %w in a record's header", ErrWARC, io.ErrUnexpectedEOF)
		}
		if err != nil {
			return nil, err
		}
		if line == "" {
			return head, nil
		}
		if size += len(line); size > maxHeader {
			return nil, fmt.Errorf("%w: a record's header is longer than %d bytes", ErrWARC, maxHeader)
		}
		if key, value, ok := strings.Cut(line, ":"); ok {
			head.Set(key, strings.TrimSpace(value))
		}
	}
}

// line reads a line without its end, of at most maxHeader bytes.
func (w *warcReader) line() (string, error) {
	var b []byte
	for {
		part, err := w.r.ReadSlice('\n')
		b = append(b, part...)
		switch {
		case err == nil:
			return strings.TrimRight(string(b), "\r\n"), nil
		case errors.Is(err, bufio.ErrBufferFull) && len(b) < maxHeader:
		case errors.Is(err, bufio.ErrBufferFull):
			return "", fmt.Errorf("%w: a line is longer than %d bytes", ErrWARC, maxHeader)
		case errors.Is(err, io.EOF) && len(b) == 0:
			return "", io.EOF
		case errors.Is(err, io.EOF):
			return "", fmt.Errorf("%w: %w", ErrWARC, io.ErrUnexpectedEOF)
		default:
			return "", fmt.Errorf("%w: %w", ErrWARC, err)
		}
	}
}

// skip passes over a block and the two line ends behind it.
func (w *warcReader) skip(length int64) error {
	if n, err := io.CopyN(io.Discard, w.r, length); err != nil {
		return fmt.Errorf("%w: the block ends after %d of %d bytes", ErrWARC, n, length)
	}
	return nil // header passes over empty lines
}

// parseRecord makes a Record of a header and a block.
func parseRecord(kind string, head textproto.MIMEHeader, block []byte) (Record, bool, error) {
	rec := Record{
		URL:           strings.Trim(head.Get("Warc-Target-Uri"), "<>"),
		PayloadDigest: head.Get("Warc-Payload-Digest"),
		Truncated:     head.Get("Warc-Truncated"),
		Revisit:       kind == "revisit",
	}
	var err error
	if rec.Date, err = time.Parse(time.RFC3339Nano, head.Get("Warc-Date")); err != nil {
		return rec, false, fmt.Errorf("%w: WARC-Date is %.40q", ErrWARC, head.Get("Warc-Date"))
	}
	rec.Date = rec.Date.UTC()
	if kind == "resource" {
		rec.Status, rec.Body = http.StatusOK, block
		rec.Header = http.Header{"Content-Type": {head.Get("Content-Type")}}
		return rec, true, nil
	}
	if !strings.HasPrefix(strings.ToLower(head.Get("Content-Type")), "application/http") && !rec.Revisit {
		return rec, false, nil // a DNS answer, for instance
	}
	if rec.Revisit && len(block) == 0 {
		return rec, true, nil
	}
	resp, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(block)), nil)
	if err != nil {
		return rec, false, fmt.Errorf("%w: the HTTP response of %.100s: %w", ErrWARC, rec.URL, err)
	}
	defer resp.Body.Close()
	rec.Status, rec.Header = resp.StatusCode, resp.Header
	if rec.Revisit {
		return rec, true, nil
	}
	if rec.Body, err = readPayload(resp, block); err != nil && rec.Truncated == "" {
		rec.Truncated = "length"
	}
	return rec, true, nil
}

// readPayload reads the body of a response. Archives often write the header
// "Transfer-Encoding: chunked" before a body that is not chunked any more;
// what does not read as chunks is then taken as it stands.
func readPayload(resp *http.Response, block []byte) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxRecord))
	if err == nil || len(resp.TransferEncoding) == 0 {
		return body, err
	}
	if _, after, ok := bytes.Cut(block, []byte("\r\n\r\n")); ok {
		return after, nil
	}
	return body, err
}
