package crawler

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"watcher/policy"
)

// drip is a network whose servers answer with head at once, text a byte a second, and
// then nothing.
func drip(head, text string) dialFunc {
	return func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		go func() {
			defer func() { _ = server.Close() }()
			if _, err := http.ReadRequest(bufio.NewReader(server)); err != nil {
				return
			}
			_, _ = io.WriteString(server, head)
			for _, b := range []byte(text) {
				<-time.After(time.Second)
				if _, err := server.Write([]byte{b}); err != nil {
					return
				}
			}
		}()
		return client, nil
	}
}

// TestSlowLoris: bytes that trickle in hold a capture no longer than silence.
func TestSlowLoris(t *testing.T) {
	const head = "HTTP/1.1 200 OK\r\n"
	for name, tc := range map[string]struct {
		head, text string
		want       time.Duration
	}{
		"header": {head, strings.Repeat("X-A: b\r\n", 100), headerTimeout},
		"body":   {head + "\r\n", strings.Repeat("a", 1000), DefaultTimeout},
		"chunks": {head + "Transfer-Encoding: chunked\r\n\r\n", strings.Repeat("1\r\na\r\n", 1000), DefaultTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := testClient(t, func(o *Options) { o.Dial = drip(tc.head, tc.text) })
				began := time.Now()
				wantFailure(t, c, live("http://a.example/"), policy.FetchTimeout)
				if took := time.Since(began); took != tc.want {
					t.Errorf("held for %v, want %v", took, tc.want)
				}
				<-time.After(2 * time.Second) // the server notices at its next byte
			})
		})
	}
}

// A hostile server is one of those that want a crawler's memory or patience.
type hostileServer struct {
	what   string
	reason policy.FetchReason
	serve  http.HandlerFunc
}

// hostileServers returns one of each kind. Those that wait end with their client.
func hostileServers(t *testing.T) []hostileServer {
	bomb, brotliBomb := zeroBomb(t), compress(t, "br", make([]byte, 32<<20))
	junk := noise(1 << 20)
	// A mebibyte at a time with a breath between, so that servers that pour at
	// once fill us together and not one after the other.
	pour := func(w http.ResponseWriter, n int) {
		for range n {
			if _, err := w.Write(junk); err != nil {
				return
			}
			<-time.After(5 * time.Millisecond)
		}
	}
	wait := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	return []hostileServer{
		{"gzip bomb", policy.FetchTooLarge, serve(200, bomb, "Content-Encoding", "gzip")},
		{"brotli bomb", policy.FetchTooLarge, serve(200, brotliBomb, "Content-Encoding", "br")},
		{"endless body", policy.FetchTooLarge, func(w http.ResponseWriter, _ *http.Request) { pour(w, 1<<20) }},
		{"endless gzip", policy.FetchTooLarge, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			member := compress(t, "gzip", junk)
			for range 1 << 20 {
				if _, err := w.Write(member); err != nil {
					return
				}
			}
		}},
		{"50 MB page", policy.FetchTooLarge, func(w http.ResponseWriter, _ *http.Request) { pour(w, 50) }},
		{"50 MB page, declared and never sent", policy.FetchTooLarge, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", strconv.Itoa(50<<20))
			_ = http.NewResponseController(w).Flush()
			wait(w, r)
		}},
		{"header that never comes", policy.FetchCanceled, wait},
		{"body that never ends", policy.FetchCanceled, func(w http.ResponseWriter, r *http.Request) {
			pour(w, 3)
			_ = http.NewResponseController(w).Flush()
			wait(w, r)
		}},
	}
}

// TestHostileServers: each ends in the outcome that is named for it; what waits
// is cancelled here, TestSlowLoris has its deadlines.
func TestHostileServers(t *testing.T) {
	var urls []string
	list := hostileServers(t)
	for _, h := range list {
		urls = append(urls, newServer(t, h.serve).URL)
	}
	for i, got := range assault(t.Context(), testClient(t, nil), urls) {
		if got != string(list[i].reason) {
			t.Errorf("%s: %s, want %s", list[i].what, got, list[i].reason)
		}
	}
}

// waiters is how many of the hostile servers, the last ones, end with us.
const waiters = 2

// assault makes a capture of every URL at once and returns how each ended. The
// waiters are cancelled once the others are over.
func assault(ctx context.Context, c *Client, urls []string) []string {
	ends := make([]string, len(urls))
	waiting, cancel := context.WithCancel(ctx)
	defer cancel()
	var all, finite sync.WaitGroup
	for i, url := range urls {
		mine, group := ctx, &finite
		if i >= len(urls)-waiters {
			mine, group = waiting, &all
		}
		group.Go(func() {
			got, err := c.Capture(mine, live(url))
			ends[i] = strconv.Itoa(got.Status)
			if fe, ok := err.(*policy.FetchError); ok { //nolint:errorlint // Capture promises this type
				ends[i] = string(fe.Reason)
			}
		})
	}
	finite.Wait()
	cancel()
	all.Wait()
	return ends
}

// assaultURLs names the variable that makes this test binary a victim.
const assaultURLs = "WATCHER_TEST_ASSAULT"

// TestMemoryUnderAssault: eight hostile servers at once, of each kind one and
// then of the hungriest kind all, do not make a process hold more than it may.
// The servers are here, the victim is a process of its own.
func TestMemoryUnderAssault(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("needs /proc/self/status")
	}
	var mixed, endless []string
	want := []string{}
	list := hostileServers(t)
	for _, h := range list {
		mixed = append(mixed, newServer(t, h.serve).URL)
		endless = append(endless, newServer(t, list[2].serve).URL) // a host each: one has one turn
		want = append(want, string(h.reason))
	}
	for name, urls := range map[string][]string{"one of each kind": mixed, "eight endless bodies": endless} {
		t.Run(name, func(t *testing.T) {
			resident, ends := sufferInChild(t, urls)
			t.Logf("%d MiB resident at most", resident>>20)
			if resident > maxResident {
				t.Errorf("%d bytes resident, want at most %d", resident, maxResident)
			}
			if name == "one of each kind" && !slices.Equal(ends, want) {
				t.Errorf("outcomes %v, want %v", ends, want)
			}
		})
	}
}

// sufferInChild runs TestVictim in a process of its own.
func sufferInChild(t *testing.T, urls []string) (resident int, ends []string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestVictim$", "-test.v")
	cmd.Env = append(os.Environ(), assaultURLs+"="+strings.Join(urls, " "))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v:\n%s", err, out)
	}
	for line := range bytes.Lines(out) {
		if rest, ok := bytes.CutPrefix(line, []byte("ends ")); ok {
			ends = strings.Fields(string(rest))
		}
		_, _ = fmt.Sscanf(string(line), "VmHWM: %d kB", &resident)
	}
	if resident == 0 {
		t.Fatalf("no figure in:\n%s", out)
	}
	return resident << 10, ends
}

// TestVictim is the child of TestMemoryUnderAssault.
func TestVictim(t *testing.T) {
	urls := strings.Fields(os.Getenv(assaultURLs))
	if len(urls) == 0 {
		t.Skip("runs as the child of TestMemoryUnderAssault")
	}
	fmt.Println("ends", strings.Join(assault(t.Context(), testClient(t, nil), urls), " "))
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if strings.HasPrefix(line, "VmHWM:") {
			fmt.Print(line)
		}
	}
}
