package evidence

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
)

// record writes one WARC record.
func record(version, kind, extra, block string) string {
	return fmt.Sprintf("WARC/%s\r\nWARC-Type: %s\r\nWARC-Date: 2024-05-06T07:08:09Z\r\nWARC-Target-URI: https://a.example/privacy\r\n%sContent-Length: %d\r\n\r\n%s\r\n\r\n",
		version, kind, extra, len(block), block)
}

const httpType = "Content-Type: application/http;msgtype=response\r\n"

func response(status, header, body string) string {
	return "HTTP/1.1 " + status + "\r\n" + header + "\r\n" + body
}

func sample() []string {
	return []string{
		record("1.1", "warcinfo", "Content-Type: application/warc-fields\r\n", "software: test\r\n"),
		record("1.1", "request", "Content-Type: application/http;msgtype=request\r\n", "GET / HTTP/1.1\r\n\r\n"),
		record("1.1", "response", httpType, response("200 OK", "Content-Type: text/html\r\nContent-Length: 5\r\n", "hello")),
		record("1.0", "response", httpType, response("200 OK", "Transfer-Encoding: chunked\r\n", "5\r\nworld\r\n0\r\n\r\n")),
		record("1.0", "response", httpType, response("404 Not Found", "Transfer-Encoding: chunked\r\n", "not chunked at all")),
		record("1.1", "response", "Content-Type: text/dns\r\n", "a.example. 1 IN A 127.0.0.1"),
		record("1.1", "resource", "Content-Type: text/plain\r\n", "a resource"),
		record("1.1", "revisit", httpType+"WARC-Payload-Digest: sha1:X\r\n", response("304 Not Modified", "", "")),
		record("1.1", "response", httpType, response("200 OK", "Content-Length: 50\r\n", "cut off")),
		record("1.1", "response", httpType+"WARC-Truncated: time\r\n", response("200 OK", "", "also cut")),
	}
}

func read(t *testing.T, data []byte) []Record {
	t.Helper()
	var got []Record
	if err := ReadWARC(bytes.NewReader(data), func(r Record) error { got = append(got, r); return nil }); err != nil {
		t.Fatal(err)
	}
	return got
}

func TestReadWARC(t *testing.T) {
	plain := strings.Join(sample(), "")
	var gz, zs bytes.Buffer
	for _, r := range sample() {
		w := gzip.NewWriter(&gz)
		_, _ = w.Write([]byte(r))
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		z, err := zstd.NewWriter(&zs)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = z.Write([]byte(r))
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for name, data := range map[string][]byte{"plain": []byte(plain), "gzip": gz.Bytes(), "zstd": zs.Bytes()} {
		t.Run(name, func(t *testing.T) {
			got := read(t, data)
			want := []struct {
				status    int
				body      string
				revisit   bool
				truncated string
			}{
				{200, "hello", false, ""},
				{200, "world", false, ""},
				{404, "not chunked at all", false, ""},
				{200, "a resource", false, ""},
				{304, "", true, ""},
				{200, "cut off", false, "length"},
				{200, "also cut", false, "time"},
			}
			if len(got) != len(want) {
				t.Fatalf("%d records, want %d: %+v", len(got), len(want), got)
			}
			for i, w := range want {
				r := got[i]
				if r.Status != w.status || string(r.Body) != w.body || r.Revisit != w.revisit || r.Truncated != w.truncated {
					t.Errorf("record %d = %+v, want %+v", i, r, w)
				}
				if r.URL != "https://a.example/privacy" || !r.Date.Equal(time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC)) {
					t.Errorf("record %d: %s at %v", i, r.URL, r.Date)
				}
			}
		})
	}
}

func TestReadWARCDamage(t *testing.T) {
	good := record("1.1", "response", httpType, response("200 OK", "", "hello"))
	for name, data := range map[string]string{
		"html":            "<!doctype html><p>not an archive",
		"cut in block":    good[:len(good)-20],
		"cut in header":   good[:40],
		"no length":       "WARC/1.1\r\nWARC-Type: response\r\n\r\n",
		"negative length": "WARC/1.1\r\nWARC-Type: response\r\nContent-Length: -1\r\n\r\n",
		"huge length":     "WARC/1.1\r\nWARC-Type: response\r\nContent-Length: 99999999999\r\n\r\nx",
		"no date":         strings.Replace(good, "WARC-Date", "X-Date", 1),
		"no http":         record("1.1", "response", httpType, "gibberish"),
		"long line":       "WARC/1.1\r\n" + strings.Repeat("x", 1<<20),
		"long header":     "WARC/1.1\r\n" + strings.Repeat("X-A: b\r\n", 1<<15),
		"cut gzip":        "\x1f\x8b\x08\x00\x00",
	} {
		t.Run(name, func(t *testing.T) {
			err := ReadWARC(strings.NewReader(data), func(Record) error { return nil })
			if !errors.Is(err, ErrWARC) {
				t.Errorf("error = %v, want ErrWARC", err)
			}
		})
	}
	if got := read(t, nil); len(got) != 0 {
		t.Errorf("an empty file has %d records", len(got))
	}
	stop := errors.New("enough")
	if err := ReadWARC(strings.NewReader(good+good), func(Record) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("error = %v, want the caller's", err)
	}
}

func FuzzReadWARC(f *testing.F) {
	f.Add([]byte(strings.Join(sample(), "")))
	f.Add([]byte("WARC/1.0\r\nWARC-Type: response\r\nContent-Length: 10\r\n\r\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		_ = ReadWARC(bytes.NewReader(data), func(r Record) error {
			if len(r.Body) > len(data) && !bytes.HasPrefix(data, []byte{0x1f, 0x8b}) && !bytes.HasPrefix(data, []byte{0x28, 0xb5}) {
				t.Errorf("a body of %d bytes out of %d", len(r.Body), len(data))
			}
			return nil
		})
	})
}
