package crawler

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"watcher/policy"
)

// rawServer answers every connection with the bytes of reply and hangs up.
func rawServer(t *testing.T, reply string) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = http.ReadRequest(bufio.NewReader(conn))
			_, _ = io.WriteString(conn, reply)
			_ = conn.Close()
		}
	}()
	return "http://" + l.Addr().String() + "/"
}

// TestShortBodies: a page that stops in the middle is never a capture.
func TestShortBodies(t *testing.T) {
	zipped := string(compress(t, "gzip", []byte(page)))
	half := zipped[:len(zipped)/2]
	for name, reply := range map[string]string{
		"content-length too long": "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + page,
		"chunk cut":               "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n" + page,
		"last chunk missing":      fmt.Sprintf("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n", len(page), page),
		"gzip cut":                fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s", len(half), half),
		"gzip cut, no length":     "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + half,
		"gzip whole, length not":  fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s", len(zipped)+5, zipped),
		"error page cut":          "HTTP/1.1 503 Busy\r\nContent-Length: 1000\r\n\r\nbusy",
	} {
		t.Run(name, func(t *testing.T) {
			wantFailure(t, testClient(t, nil), live(rawServer(t, reply)), policy.FetchTruncated)
		})
	}
}

func TestBrokenServers(t *testing.T) {
	for name, tc := range map[string]struct {
		reply  string
		reason policy.FetchReason
	}{
		"silence":     {"", policy.FetchConnect},
		"not http":    {"220 ftp ready\r\n", policy.FetchOther},
		"half header": {"HTTP/1.1 200 OK\r\nContent-Ty", policy.FetchOther},
		"huge header": {"HTTP/1.1 200 OK\r\nX-A: " + strings.Repeat("a", maxHeader+1<<10) + "\r\n\r\n", policy.FetchOther},
	} {
		t.Run(name, func(t *testing.T) {
			wantFailure(t, testClient(t, nil), live(rawServer(t, tc.reply)), tc.reason)
		})
	}
	t.Run("nobody listens", func(t *testing.T) {
		l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		url := "http://" + l.Addr().String()
		_ = l.Close()
		wantFailure(t, testClient(t, nil), live(url), policy.FetchConnect)
	})
	t.Run("unreachable", func(t *testing.T) {
		c := testClient(t, func(o *Options) {
			o.Dial = func(context.Context, string, string) (net.Conn, error) {
				return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("no route to host")}
			}
		})
		wantFailure(t, c, live("http://dead.example.org"), policy.FetchConnect)
	})
}

// TestSlowServers: whatever a server waits with, the capture ends in time.
func TestSlowServers(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"header": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"body": func(w http.ResponseWriter, r *http.Request) {
			_, _ = w.Write([]byte(page))
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		},
		"second hop": func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/next" {
				http.Redirect(w, r, "/next", http.StatusFound)
				return
			}
			<-r.Context().Done()
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := testClient(t, func(o *Options) { o.Timeout = 50 * time.Millisecond })
			req := live(newServer(t, h).URL)
			req.MaxRetries = 3 // no time is left for any
			wantFailure(t, c, req, policy.FetchTimeout)
		})
	}
	t.Run("caller's deadline", func(t *testing.T) {
		s := newServer(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		got, err := testClient(t, nil).Capture(ctx, live(s.URL))
		checkFailure(t, got, err, policy.FetchTimeout)
	})
	t.Run("caller cancels", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		s := newServer(t, func(_ http.ResponseWriter, r *http.Request) {
			cancel()
			<-r.Context().Done()
		})
		got, err := testClient(t, nil).Capture(ctx, live(s.URL))
		checkFailure(t, got, err, policy.FetchCanceled)
	})
}

// TestFreshConnections: two captures never share a connection, the hops of one
// chain on one host do.
func TestFreshConnections(t *testing.T) {
	remotes := make(chan string, 8)
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		remotes <- r.RemoteAddr
		if r.URL.Path == "/" {
			http.Redirect(w, r, "/next", http.StatusFound)
		}
	})
	c := testClient(t, nil)
	mustCapture(t, c, live(s.URL))
	mustCapture(t, c, live(s.URL))
	a, b, d := <-remotes, <-remotes, <-remotes
	if a != b {
		t.Errorf("the hops of one chain came from %s and %s", a, b)
	}
	if b == d {
		t.Errorf("two captures came from %s", b)
	}
}
