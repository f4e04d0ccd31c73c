package evidence

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"
)

// WARCWriter writes records of WARC 1.1, each a gzip member of its own, as tools
// expect them. The same records give the same bytes.
type WARCWriter struct{ w io.Writer }

// NewWARCWriter returns a writer to w.
func NewWARCWriter(w io.Writer) *WARCWriter { return &WARCWriter{w: w} }

// revisitProfile says that the payload is the one of another record.
const revisitProfile = "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"

// Info writes a warcinfo record, which says what the file is.
func (w *WARCWriter) Info(fields map[string]string, at time.Time) error {
	names := make([]string, 0, len(fields))
	for name := range fields {
		names = append(names, name)
	}
	slices.Sort(names)
	var block bytes.Buffer
	for _, name := range names {
		fmt.Fprintf(&block, "%s: %s\r\n", name, headerText(fields[name]))
	}
	if at.IsZero() {
		at = time.Unix(0, 0)
	}
	return w.record("warcinfo", "info", at, [][2]string{{"Content-Type", "application/warc-fields"}}, block.Bytes())
}

// Response writes a record with the response and its body. origin tells records
// apart: it becomes the record's id.
func (w *WARCWriter) Response(r Record, origin string) error {
	return w.record("response", origin, r.Date, [][2]string{
		{"WARC-Target-URI", r.URL}, {"WARC-Payload-Digest", r.PayloadDigest}, {"Content-Type", "application/http;msgtype=response"},
	}, httpBlock(r, r.Body))
}

// Revisit writes a record that says that the body was that of an earlier one,
// captured from url at a time.
func (w *WARCWriter) Revisit(r Record, origin, url string, at time.Time) error {
	return w.record("revisit", origin, r.Date, [][2]string{
		{"WARC-Target-URI", r.URL},
		{"WARC-Payload-Digest", r.PayloadDigest},
		{"WARC-Profile", revisitProfile},
		{"WARC-Refers-To-Target-URI", url},
		{"WARC-Refers-To-Date", warcDate(at)},
		{"Content-Type", "application/http;msgtype=response"},
	}, httpBlock(r, nil))
}

func warcDate(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.999999999Z") }

// httpBlock writes a response as it would have been sent without any coding.
func httpBlock(r Record, body []byte) []byte {
	var b bytes.Buffer
	status := r.Status
	if status < 100 || status > 999 {
		status = http.StatusOK // a file, or a form of capture without a status
	}
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\n", status, http.StatusText(status))
	header := http.Header{}
	maps.Copy(header, r.Header)
	for _, name := range []string{"Content-Encoding", "Transfer-Encoding", "Content-Length"} {
		header.Del(name)
	}
	if !r.Revisit {
		header.Set("Content-Length", strconv.Itoa(len(body)))
	}
	_ = header.Write(&b) // a buffer takes everything; bad names and line ends are dropped
	b.WriteString("\r\n")
	b.Write(body)
	return b.Bytes()
}

func (w *WARCWriter) record(kind, origin string, at time.Time, fields [][2]string, block []byte) error {
	z := gzip.NewWriter(w.w)
	fmt.Fprintf(z, "WARC/1.1\r\nWARC-Type: %s\r\nWARC-Record-ID: <urn:uuid:%s>\r\nWARC-Date: %s\r\n", kind, recordID(kind, origin), warcDate(at))
	for _, f := range fields {
		if f[1] != "" {
			fmt.Fprintf(z, "%s: %s\r\n", f[0], headerText(f[1]))
		}
	}
	fmt.Fprintf(z, "WARC-Block-Digest: sha256:%x\r\nContent-Length: %d\r\n\r\n", sha256.Sum256(block), len(block))
	if _, err := z.Write(append(block, "\r\n\r\n"...)); err != nil {
		return err
	}
	return z.Close()
}

// headerText takes out of a value what would end its line.
func headerText(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, s)
}

// recordID is a UUID (version 8, RFC 9562) that is made from what the record is of.
func recordID(kind, origin string) string {
	sum := sha256.Sum256([]byte("watcher warc\x00" + kind + "\x00" + origin))
	sum[6], sum[8] = sum[6]&0x0f|0x80, sum[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}
