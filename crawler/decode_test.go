package crawler

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"watcher/policy"
)

// wireName is the Content-Encoding under which a test's coding travels.
func wireName(coding string) string {
	if coding == "raw-deflate" {
		return "deflate"
	}
	return coding
}

func TestContentCodings(t *testing.T) {
	c := testClient(t, nil)
	text := []byte(strings.Repeat(page, 100))
	for _, codings := range [][]string{
		{"gzip"},
		{"deflate"},
		{"raw-deflate"},
		{"br"},
		{"zstd"},
		{"gzip", "br"},
		{"deflate", "gzip"},
		{"zstd", "gzip", "br"},
		{"gzip", "gzip"},
	} {
		data, names := text, []string{}
		for _, coding := range codings {
			data = compress(t, coding, data)
			names = append(names, wireName(coding))
		}
		header := strings.Join(names, ", ")
		t.Run(strings.Join(codings, "+"), func(t *testing.T) {
			s := newServer(t, serve(200, data, "Content-Encoding", header, "Content-Type", "text/html"))
			got := mustCapture(t, c, live(s.URL))
			if !bytes.Equal(got.Body, text) || got.Digest != policy.Sum(text) {
				t.Fatalf("%d bytes, want %d", len(got.Body), len(text))
			}
			if got.WireBytes != int64(len(data)) || got.Size != int64(len(text)) {
				t.Errorf("wire %d size %d, want %d and %d", got.WireBytes, got.Size, len(data), len(text))
			}
			if http.Header(got.Header).Get("Content-Encoding") != header || got.ContentEncoding != strings.ReplaceAll(header, ", ", ",") && got.ContentEncoding != header {
				t.Errorf("encoding %q, header %v", got.ContentEncoding, got.Header)
			}
		})
	}
}

// TestOddEncodings: what servers do beside the book.
func TestOddEncodings(t *testing.T) {
	zipped := compress(t, "gzip", []byte(page))
	for _, tc := range []struct {
		name   string
		path   string
		body   []byte
		header []string
		want   string
		coding string
	}{
		{"identity", "/", []byte(page), []string{"Content-Encoding", "identity"}, page, "identity"},
		{"two header lines", "/", compress(t, "br", zipped), []string{"Content-Encoding", "gzip", "Content-Encoding", "br"}, page, "gzip,br"},
		{"upper case", "/", zipped, []string{"Content-Encoding", "X-GZIP"}, page, "X-GZIP"},
		{"gzip unlabelled", "/", zipped, []string{"Content-Type", "text/html"}, page, "gzip"},
		{"gzip unlabelled and untyped", "/", zipped, []string{"Content-Type", "application/octet-stream"}, page, "gzip"},
		{"an archive stays one", "/", zipped, []string{"Content-Type", "application/gzip"}, string(zipped), ""},
		{"an archive by its other name", "/", zipped, []string{"Content-Type", "application/x-gzip"}, string(zipped), ""},
		{"gzip of gzip keeps the inner", "/", compress(t, "gzip", zipped), []string{"Content-Encoding", "gzip", "Content-Type", "application/gzip"}, string(zipped), "gzip"},
		{"xml.gz in the path", "/map.xml.gz", []byte(page), []string{"Content-Type", "text/html"}, page, ""},
		{"many members", "/", append(compress(t, "gzip", []byte("one ")), compress(t, "gzip", []byte("two"))...), []string{"Content-Encoding", "gzip"}, "one two", "gzip"},
		{"padding after gzip", "/", append(bytes.Clone(zipped), 0, 0, 0, 0), []string{"Content-Encoding", "gzip"}, page, "gzip"},
		{"empty but labelled", "/", nil, []string{"Content-Encoding", "br"}, "", "br"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newServer(t, serve(200, tc.body, tc.header...))
			got := mustCapture(t, testClient(t, nil), live(s.URL+tc.path))
			if string(got.Body) != tc.want || got.ContentEncoding != tc.coding {
				t.Errorf("body %q coding %q, want %q and %q", got.Body, got.ContentEncoding, tc.want, tc.coding)
			}
		})
	}
}

func TestBadEncodings(t *testing.T) {
	for _, tc := range []struct {
		name, header string
		body         []byte
		reason       policy.FetchReason
	}{
		{"unknown", "snappy", []byte(page), policy.FetchEncoding},
		{"unknown under known", "compress, gzip", compress(t, "gzip", []byte(page)), policy.FetchEncoding},
		{"too deep", "gzip, gzip, gzip, gzip", []byte(page), policy.FetchEncoding},
		{"plain as gzip", "gzip", []byte(page), policy.FetchEncoding},
		{"plain as br", "br", []byte(page), policy.FetchEncoding},
		{"plain as zstd", "zstd", []byte(page), policy.FetchEncoding},
		{"plain as deflate", "deflate", []byte(page), policy.FetchEncoding},
		{"gzip as zlib", "deflate", compress(t, "gzip", []byte(page)), policy.FetchEncoding},
		{"wrong checksum", "gzip", flipByte(compress(t, "gzip", []byte(page)), -8), policy.FetchEncoding},
		{"wrong length", "gzip", flipByte(compress(t, "gzip", []byte(page)), -1), policy.FetchEncoding},
		{"wrong zlib checksum", "deflate", flipByte(compress(t, "deflate", []byte(page)), -1), policy.FetchEncoding},
		{"wrong zstd checksum", "zstd", flipByte(compress(t, "zstd", []byte(page)), -1), policy.FetchEncoding},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newServer(t, serve(200, tc.body, "Content-Encoding", tc.header))
			if fe := wantFailure(t, testClient(t, nil), live(s.URL), tc.reason); fe.Hint == "" {
				t.Error("no hint")
			}
		})
	}
}

// flipByte returns b with the byte at i (from the end when negative) changed.
func flipByte(b []byte, i int) []byte {
	b = bytes.Clone(b)
	if i < 0 {
		i += len(b)
	}
	b[i] ^= 0xff
	return b
}

// TestCutStreams cuts every coding at every length: there is an error, or (at
// nothing at all) an empty body, but never a shorter page.
func TestCutStreams(t *testing.T) {
	text := []byte(strings.Repeat(page, 3))
	for _, coding := range []string{"gzip", "deflate", "raw-deflate", "br", "zstd"} {
		whole := compress(t, coding, text)
		for n := 1; n < len(whole); n++ {
			got, err := decodeBytes(whole[:n], wireName(coding), 1<<20)
			var fe *policy.FetchError
			if !errors.As(err, &fe) || (fe.Reason != policy.FetchTruncated && fe.Reason != policy.FetchEncoding) {
				t.Fatalf("%s cut at %d of %d: %d bytes, error %v", coding, n, len(whole), len(got.data), err)
			}
		}
		if _, err := decodeBytes(whole[:len(whole)-1], wireName(coding), 1<<20); !strings.Contains(err.Error(), string(policy.FetchTruncated)) {
			t.Errorf("%s without its last byte: %v", coding, err)
		}
	}
}

// decodeBytes reads data as a body of unknown length.
func decodeBytes(data []byte, encoding string, limit int64) (body, error) {
	return readBody(context.Background(), bytes.NewReader(data), bodySpec{
		length: -1, encoding: encoding, maxWire: limit, maxDecoded: limit,
	})
}

// TestRatio: what unpacks 200 fold is refused above 1 MiB and only there.
func TestRatio(t *testing.T) {
	small := compress(t, "gzip", make([]byte, 1<<20))
	if got, err := decodeBytes(small, "gzip", 8<<20); err != nil || len(got.data) != 1<<20 {
		t.Errorf("1 MiB of zeros: %d bytes, %v", len(got.data), err)
	}
	var fe *policy.FetchError
	if _, err := decodeBytes(compress(t, "gzip", make([]byte, 4<<20)), "gzip", 8<<20); !errors.As(err, &fe) || fe.Reason != policy.FetchTooLarge {
		t.Errorf("4 MiB of zeros: %v, want too_large", err)
	}
	text := noise(2 << 20)
	if got, err := decodeBytes(compress(t, "gzip", text), "gzip", 8<<20); err != nil || !bytes.Equal(got.data, text) {
		t.Errorf("2 MiB of text: %d bytes, %v", len(got.data), err)
	}
}

// noise returns n bytes that compress a little, the same at every call.
func noise(n int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	out := make([]byte, n)
	for i := range out {
		out[i] = "abcdefgh ijklmno"[r.IntN(16)]
	}
	return out
}

// zeroBomb is 300 MiB of zeros as a gzip stream of 75 members.
func zeroBomb(t *testing.T) []byte {
	return bytes.Repeat(compress(t, "gzip", make([]byte, 4<<20)), 75)
}

// TestBombs serves 300 MiB of zeros in a few hundred kilobytes, also packed
// twice and behind a small inner page. The memory that is allocated is bound
// by the caps and not by the bomb.
func TestBombs(t *testing.T) {
	bomb := zeroBomb(t)
	hidden := append(compress(t, "gzip", compress(t, "gzip", []byte(page))), bomb...)
	for _, tc := range []struct {
		name, coding string
		data         []byte
	}{
		{"gzip", "gzip", bomb},
		{"gzip unlabelled", "", bomb},
		{"packed twice", "gzip, gzip", compress(t, "gzip", bomb)},
		{"zeros behind the inner page", "gzip, gzip", hidden},
		{"br", "br", compress(t, "br", make([]byte, 8<<20))},
		{"zstd", "zstd", compress(t, "zstd", make([]byte, 8<<20))},
	} {
		t.Run(tc.name, func(t *testing.T) {
			header := []string{"Content-Type", "text/html"}
			if tc.coding != "" {
				header = append(header, "Content-Encoding", tc.coding)
			}
			s := newServer(t, serve(200, tc.data, header...))
			c := testClient(t, nil)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			got, err := c.Capture(t.Context(), live(s.URL))
			runtime.ReadMemStats(&after)
			if tc.name == "zeros behind the inner page" {
				// The page is whole and the rest mere padding, which is skipped packed.
				if err != nil || string(got.Body) != page {
					t.Errorf("body %q, error %v", got.Body, err)
				}
			} else {
				checkFailure(t, got, err, policy.FetchTooLarge)
			}
			if spent := after.TotalAlloc - before.TotalAlloc; spent > 64<<20 {
				t.Errorf("%d MiB allocated", spent>>20)
			}
		})
	}
}

// TestArchiveBomb is the case that colly unpacks without bound on its own.
func TestArchiveBomb(t *testing.T) {
	bomb := zeroBomb(t)
	s := newServer(t, serve(200, bomb, "Content-Type", "application/gzip"))
	got := mustCapture(t, testClient(t, nil), live(s.URL))
	if !bytes.Equal(got.Body, bomb) {
		t.Errorf("%d bytes, want the %d of the archive", len(got.Body), len(bomb))
	}
}

func TestCaps(t *testing.T) {
	text := noise(64 << 10)
	c := testClient(t, func(o *Options) { o.MaxBody, o.MaxDecoded = 40<<10, 64<<10 })
	for _, tc := range []struct {
		name, coding string
		size         int
		ok           bool
	}{
		{"plain at the cap", "", 40 << 10, true},
		{"plain above", "", 40<<10 + 1, false},
		{"gzip at the decoded cap", "gzip", 64 << 10, true},
		{"br below", "br", 50 << 10, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			data, header := text[:tc.size], []string{"Content-Type", "text/plain"}
			if tc.coding != "" {
				data, header = compress(t, tc.coding, data), append(header, "Content-Encoding", tc.coding)
			}
			s := newServer(t, serve(200, data, header...))
			if !tc.ok {
				wantFailure(t, c, live(s.URL), policy.FetchTooLarge)
			} else if got := mustCapture(t, c, live(s.URL)); !bytes.Equal(got.Body, text[:tc.size]) {
				t.Errorf("%d bytes, want %d", len(got.Body), tc.size)
			}
		})
	}
	over := compress(t, "gzip", noise(64<<10+1))
	s := newServer(t, serve(200, over, "Content-Encoding", "gzip"))
	fe := wantFailure(t, c, live(s.URL), policy.FetchTooLarge)
	if !strings.Contains(fe.Hint, "max_decoded") {
		t.Errorf("hint %q", fe.Hint)
	}
}

// FuzzDecode: no input panics, is unpacked beyond the caps, or comes back
// different from what was packed.
func FuzzDecode(f *testing.F) {
	for _, coding := range []string{"gzip", "deflate", "br", "zstd"} {
		f.Add(coding, compress(f, coding, []byte(page)))
		f.Add(coding+", gzip", compress(f, "gzip", compress(f, coding, []byte(page))))
	}
	f.Add("deflate", compress(f, "raw-deflate", []byte(page)))
	f.Add("", []byte(page))
	f.Add("gzip,gzip,gzip", []byte{0x1f, 0x8b, 8})
	const limit = 1 << 16
	f.Fuzz(func(t *testing.T, encoding string, data []byte) {
		got, err := decodeBytes(data, encoding, limit)
		if err != nil {
			if _, ok := errors.AsType[*policy.FetchError](err); !ok {
				t.Fatalf("untyped error %v", err)
			}
			if got.data != nil {
				t.Fatal("a body beside an error")
			}
			return
		}
		if len(got.data) > limit || got.wire != int64(len(data)) {
			t.Fatalf("%d bytes from %d of %d", len(got.data), got.wire, len(data))
		}
		for _, coding := range []string{"gzip", "deflate", "raw-deflate", "br", "zstd"} {
			if len(data) == 0 || len(data) > limit/2 {
				break
			}
			back, err := decodeBytes(compress(t, coding, data), wireName(coding), limit)
			if err != nil || !bytes.Equal(back.data, data) {
				t.Fatalf("%s does not come back: %v", coding, err)
			}
		}
	})
}

// TestDecodeObeysContext: decoding stops when the capture's time is over, even
// if the wire still delivers.
func TestDecodeObeysContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := readBody(ctx, bytes.NewReader(compress(t, "gzip", []byte(page))), bodySpec{
		length: -1, encoding: "gzip", maxWire: 1 << 20, maxDecoded: 1 << 20,
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// TestNetworkErrorWins: when the connection breaks inside a compressed body,
// the connection's error is reported and not the decoder's.
func TestNetworkErrorWins(t *testing.T) {
	broken := errors.New("wire broke")
	data := compress(t, "zstd", noise(64<<10))
	src := io.MultiReader(bytes.NewReader(data[:len(data)/2]), failingReader{broken})
	_, err := readBody(t.Context(), src, bodySpec{length: -1, encoding: "zstd", maxWire: 1 << 20, maxDecoded: 1 << 20})
	if !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
}

type failingReader struct{ err error }

func (r failingReader) Read([]byte) (int, error) { return 0, r.err }
