package evidence

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
)

func hostile() Record {
	return Record{
		URL: "https://a.example/\r\nWARC-Type: metadata\r\n\r\nx", Date: time.Date(2026, 5, 1, 2, 3, 4, 5, time.UTC), Status: -7,
		Header: http.Header{
			"Content-Length": {"1"}, "Transfer-Encoding": {"chunked"}, "Content-Encoding": {"gzip"},
			"X-Long": {"a\r\nWARC/1.1\r\n"}, "Bad Name": {"x"}, "Content-Type": {"text/html"},
		},
		Body: []byte("WARC/1.1\r\nWARC-Type: response\r\n\r\n"), PayloadDigest: "sha256:x\r\n",
	}
}

// TestWriteWARC: whatever a page said, its record is one record and reads back.
func TestWriteWARC(t *testing.T) {
	var out bytes.Buffer
	w := NewWARCWriter(&out)
	if err := w.Info(map[string]string{"software": "test\r\nx: y"}, time.Time{}); err != nil {
		t.Fatal(err)
	}
	if err := w.Response(hostile(), "a"); err != nil {
		t.Fatal(err)
	}
	again := hostile()
	again.Revisit = true
	if err := w.Revisit(again, "b", again.URL, again.Date); err != nil {
		t.Fatal(err)
	}
	got := read(t, out.Bytes())
	if len(got) != 2 {
		t.Fatalf("%d records: %+v", len(got), got)
	}
	r := got[0]
	if r.Status != 200 || !bytes.Equal(r.Body, hostile().Body) || !r.Date.Equal(hostile().Date) || r.URL != "https://a.example/WARC-Type: metadatax" || r.Truncated != "" {
		t.Errorf("%+v", r)
	}
	if r.Header.Get("Content-Encoding") != "" || r.Header.Get("Content-Type") != "text/html" || r.Header.Get("Bad Name") != "" {
		t.Errorf("header: %v", r.Header)
	}
	if !got[1].Revisit || len(got[1].Body) != 0 || got[1].PayloadDigest != "sha256:x" {
		t.Errorf("revisit: %+v", got[1])
	}
}

// Each record is a gzip member of its own, and no two have the same id.
func TestWARCMembers(t *testing.T) {
	var out bytes.Buffer
	w := NewWARCWriter(&out)
	var ends []int
	for _, origin := range []string{"a 1", "a 2", "b 1"} {
		if err := w.Response(hostile(), origin); err != nil {
			t.Fatal(err)
		}
		ends = append(ends, out.Len())
	}
	ids, from := map[string]bool{}, 0
	for _, end := range ends {
		z, err := gzip.NewReader(bytes.NewReader(out.Bytes()[from:end]))
		if err != nil {
			t.Fatal(err)
		}
		var plain bytes.Buffer
		if _, err := plain.ReadFrom(z); err != nil {
			t.Fatal(err)
		}
		_, rest, _ := strings.Cut(plain.String(), "WARC-Record-ID: ")
		id, _, _ := strings.Cut(rest, "\r\n")
		if len(id) != len("<urn:uuid:01234567-89ab-cdef-0123-456789abcdef>") || id[len("<urn:uuid:01234567-89ab-")] != '8' || ids[id] {
			t.Errorf("id %q of %v", id, ids)
		}
		ids[id], from = true, end
	}
}
