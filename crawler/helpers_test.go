package crawler

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/zstd"
	"go.uber.org/goleak"

	"watcher/policy"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const page = "<!doctype html><title>Notice</title><p>We keep account data for thirty days.</p>"

// loopback is what tests must allow to reach their own servers.
func loopback() []netip.Prefix {
	return []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
}

// errFence is what a test meets when it is about to leave this machine.
var errFence = errors.New("test fence: the guard let an address through that is not loopback")

// fenced asks the guard first and then refuses whatever is not loopback, so
// that a hole in the guard, or a slip in a table, fails a test and reaches nobody.
func fenced(g *guardian) func(string, string, syscall.RawConn) error {
	return func(network, address string, raw syscall.RawConn) error {
		if err := g.control(network, address, raw); err != nil {
			return err
		}
		if ap, err := netip.ParseAddrPort(address); err != nil || !ap.Addr().Unmap().IsLoopback() {
			return errFence
		}
		return nil
	}
}

// testClient returns a client without pace that may reach loopback and nothing
// else, and that asks no resolver but fakeDNS; edit changes its options.
func testClient(t testing.TB, edit func(*Options)) *Client {
	t.Helper()
	opts := Options{
		Version: "test", Contact: "ops@example.org", Clock: time.Now, AllowPrivate: loopback(), IgnoreRobots: true,
		Resolver: &net.Resolver{PreferGo: true, Dial: fakeDNS},
	}
	if edit != nil {
		edit(&opts)
	}
	c, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	if opts.Dial == nil {
		c.dial = newDialer(opts.Resolver, fenced(newGuardian(opts.AllowPrivate))).DialContext
	}
	t.Cleanup(c.Close)
	return c
}

func newServer(t testing.TB, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

// live is a plain request for url.
func live(url string) policy.Request {
	return policy.Request{Policy: "acme/privacy", URL: url, Source: policy.SourceLive}
}

func mustCapture(t *testing.T, c *Client, req policy.Request) policy.Capture {
	t.Helper()
	got, err := c.Capture(t.Context(), req)
	if err != nil {
		t.Fatalf("capture %s: %v", req.URL, err)
	}
	return got
}

// wantFailure checks that the capture fails for the reason. What it returns is
// a value and no error: a test may look at it or not.
func wantFailure(t *testing.T, c *Client, req policy.Request, reason policy.FetchReason) policy.FetchError {
	t.Helper()
	got, err := c.Capture(t.Context(), req)
	return checkFailure(t, got, err, reason)
}

func checkFailure(t *testing.T, got policy.Capture, err error, reason policy.FetchReason) policy.FetchError {
	t.Helper()
	var fe *policy.FetchError
	if !errors.As(err, &fe) {
		t.Fatalf("got capture of status %d and error %v, want a fetch error %s", got.Status, err, reason)
	}
	if fe.Reason != reason {
		t.Fatalf("reason %s (%v), want %s", fe.Reason, fe, reason)
	}
	if len(got.Body) != 0 {
		t.Errorf("a failed capture came with %d bytes of body", len(got.Body))
	}
	return *fe
}

// compress applies one content coding; "raw-deflate" is deflate without zlib.
func compress(t testing.TB, coding string, data []byte) []byte {
	t.Helper()
	var buf bytes.Buffer
	var w io.WriteCloser
	var err error
	switch coding {
	case "gzip":
		w = gzip.NewWriter(&buf)
	case "deflate":
		w = zlib.NewWriter(&buf)
	case "raw-deflate":
		w, err = flate.NewWriter(&buf, flate.DefaultCompression)
	case "br":
		w = brotli.NewWriter(&buf)
	case "zstd":
		w, err = zstd.NewWriter(&buf)
	default:
		t.Fatalf("unknown coding %s", coding)
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// serve answers with the given header lines ("Name: value" pairs) and body.
func serve(status int, body []byte, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Add(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = w.Write(body)
	}
}
