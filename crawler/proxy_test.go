package crawler

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"watcher/policy"
)

// splice turns a request for a tunnel into one.
func splice(w http.ResponseWriter, to string) {
	out, err := (&net.Dialer{}).Dial("tcp", to)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	in, rest, err := http.NewResponseController(w).Hijack()
	if err != nil {
		_ = out.Close()
		return
	}
	_, _ = io.WriteString(in, "HTTP/1.1 200 Connection established\r\nX-Proxy: yes\r\n\r\n")
	pump(in, rest, out)
}

// pump copies both ways until both are over.
func pump(in net.Conn, fromIn io.Reader, out net.Conn) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.Copy(out, fromIn)
		_ = out.Close()
	}()
	_, _ = io.Copy(in, out)
	_ = in.Close()
	<-done
}

// exit is a proxy that sends every tunnel to one server, whatever address it
// was asked for, and tells the addresses.
func exit(server, credentials string, asked chan<- string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		want := "Basic " + base64.StdEncoding.EncodeToString([]byte(credentials))
		switch {
		case r.Method != http.MethodConnect:
			w.WriteHeader(http.StatusMethodNotAllowed)
		case credentials != "" && r.Header.Get("Proxy-Authorization") != want:
			w.WriteHeader(http.StatusProxyAuthRequired)
		default:
			asked <- r.Host
			splice(w, server)
		}
	}
}

// socksExit is exit for SOCKS5 (RFC 1928, RFC 1929).
func socksExit(t *testing.T, server, user, password string, asked chan<- string) string {
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
			go func() {
				defer func() { _ = conn.Close() }()
				if to, err := answerSOCKS(conn, user, password); err == nil {
					asked <- to
					if out, err := (&net.Dialer{}).Dial("tcp", server); err == nil {
						pump(conn, conn, out)
					}
				}
			}()
		}
	}()
	return l.Addr().String()
}

// answerSOCKS does the server's part of a handshake and returns the address
// that is asked for.
func answerSOCKS(conn net.Conn, user, password string) (string, error) {
	buf := make([]byte, 512)
	if _, err := io.ReadFull(conn, buf[:2]); err != nil {
		return "", err
	}
	if _, err := io.ReadFull(conn, buf[:buf[1]]); err != nil {
		return "", err
	}
	_, _ = conn.Write([]byte{5, 2})
	want := fmt.Sprintf("\x01%c%s%c%s", len(user), user, len(password), password)
	if _, err := io.ReadFull(conn, buf[:len(want)]); err != nil {
		return "", err
	}
	if string(buf[:len(want)]) != want {
		_, _ = conn.Write([]byte{1, 1})
		return "", errors.New("refused")
	}
	_, _ = conn.Write([]byte{1, 0})
	if _, err := io.ReadFull(conn, buf[:10]); err != nil {
		return "", err
	}
	if buf[3] != 1 {
		return "", fmt.Errorf("address type %d, want an IPv4 address and no name", buf[3])
	}
	_, _ = conn.Write([]byte{5, 0, 0, 1, 0, 0, 0, 0, 0, 0})
	addr := netip.AddrFrom4([4]byte(buf[4:8]))
	return netip.AddrPortFrom(addr, uint16(buf[8])<<8|uint16(buf[9])).String(), nil
}

const proxyUser, proxyPassword = "operator", "pr0xy-canary"

// TestProxy: a page is read through each kind of proxy, which is given the
// address that the guard judged, and its credentials are in nothing that leaves
// the crawler.
func TestProxy(t *testing.T) {
	page := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Host", r.Host)
		w.Header().Set("X-Leak", r.Header.Get("Proxy-Authorization")+proxyUser+":"+proxyPassword)
		_, _ = w.Write([]byte(page))
	})
	server := strings.TrimPrefix(page.URL, "http://")
	asked := make(chan string, 8)
	secure := httptest.NewTLSServer(exit(server, proxyUser+":"+proxyPassword, asked))
	t.Cleanup(secure.Close)
	for scheme, addr := range map[string]string{
		"http":   strings.TrimPrefix(newServer(t, exit(server, proxyUser+":"+proxyPassword, asked)).URL, "http://"),
		"https":  strings.TrimPrefix(secure.URL, "https://"),
		"socks5": socksExit(t, server, proxyUser, proxyPassword, asked),
	} {
		t.Run(scheme, func(t *testing.T) {
			var log bytes.Buffer
			c := testClient(t, func(o *Options) {
				o.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
			})
			c.roots = secure.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
			req := live("http://policy.example.com/privacy")
			req.Proxy = scheme + "://" + proxyUser + ":" + proxyPassword + "@" + addr
			got := mustCapture(t, c, req)
			if to := <-asked; to != "127.0.0.1:80" || got.RemoteAddr != to || got.Hops[0].RemoteAddr != to {
				t.Errorf("the proxy was asked for %s, recorded are %s and %s", to, got.RemoteAddr, got.Hops[0].RemoteAddr)
			}
			if http.Header(got.Header).Get("X-Host") != "policy.example.com" || got.Proxy != scheme+"://"+addr {
				t.Errorf("host %v, proxy %q", got.Header, got.Proxy)
			}
			wantNoCanary(t, got, nil, log.String())

			req.Proxy = scheme + "://" + proxyUser + ":wrong-canary@" + addr
			if scheme == "socks5" { // the fake reads as many bytes as it wants
				req.Proxy = scheme + "://" + proxyUser + ":pr0xy-c4n4ry@" + addr
			}
			fe := wantFailure(t, c, req, policy.FetchConnect)
			if !strings.Contains(fe.Error(), addr) || fe.Hint != hintProxyDown {
				t.Errorf("refused: %v", &fe)
			}
			wantNoCanary(t, policy.Capture{}, &fe, log.String())
		})
	}
}

func wantNoCanary(t *testing.T, got policy.Capture, err error, log string) {
	t.Helper()
	record, e := json.Marshal(got)
	if e != nil {
		t.Fatal(e)
	}
	for _, text := range []string{string(record), fmt.Sprint(err), log} {
		for _, secret := range []string{"canary", "c4n4ry", base64.StdEncoding.EncodeToString([]byte(proxyUser + ":" + proxyPassword))} {
			if strings.Contains(text, secret) {
				t.Errorf("credentials in %s", text)
			}
		}
	}
}

// TestProxyCertificates: the tunnel carries TLS with the vendor, whose
// certificate is judged as without a proxy.
func TestProxyCertificates(t *testing.T) {
	secure := httptest.NewTLSServer(serve(200, []byte(page)))
	t.Cleanup(secure.Close)
	asked := make(chan string, 8)
	proxy := newServer(t, exit(strings.TrimPrefix(secure.URL, "https://"), "", asked))
	c := testClient(t, nil)
	req := live("https://example.com/") // a name of the test's certificate
	req.Proxy = proxy.URL
	wantFailure(t, c, req, policy.FetchTLS)
	c.roots = secure.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	got := mustCapture(t, c, req)
	if got.TLS == nil || got.TLS.LeafSHA256 != policy.Sum(secure.Certificate().Raw) || got.RemoteAddr != "127.0.0.1:443" {
		t.Errorf("tls %+v with %s", got.TLS, got.RemoteAddr)
	}
	req.URL = "https://other.example.org/"
	wantFailure(t, c, req, policy.FetchTLS)
}

// TestBrokenProxies: what a proxy does wrong is told of as its fault, in time.
func TestBrokenProxies(t *testing.T) {
	endless := strings.Repeat("X-A: b\r\n", maxProxyAnswer/8+1)
	for name, reply := range map[string]string{
		"silence": "", "no http": "220 ready\r\n\r\n", "refusal": "HTTP/1.1 403 Forbidden\r\n\r\n", "endless header": "HTTP/1.1 200 OK\r\n" + endless,
		"half an answer": "HTTP/1.1 200 O",
	} {
		t.Run(name, func(t *testing.T) {
			req := live("http://policy.example.com/")
			req.Proxy = strings.TrimSuffix(rawServer(t, reply), "/")
			if fe := wantFailure(t, testClient(t, nil), req, policy.FetchConnect); !strings.Contains(fe.Error(), "proxy 127.0.0.1:") {
				t.Errorf("error %v", &fe)
			}
		})
	}
	for _, bad := range []string{"proxy.example.org:3128", "ftp://proxy.example.org", "http://", "http://u:canary^%zz@h"} {
		req := live("http://policy.example.com/")
		req.Proxy = bad
		fe := wantFailure(t, testClient(t, func(o *Options) { o.Dial = noDial(t) }), req, policy.FetchOther)
		if strings.Contains(fe.Error(), "canary") || fe.Hint != hintProxy {
			t.Errorf("%v", &fe)
		}
	}
	for raw, want := range map[string]string{
		"http://u:p@h": "http://h:80", "https://h": "https://h:443", "socks5://[::1]": "socks5://[::1]:1080", "socks5://h:9": "socks5://h:9",
	} {
		u, err := url.Parse(raw)
		if err != nil || proxyName(u) != want {
			t.Errorf("%s is shown as %q (%v), want %q", raw, proxyName(u), err, want)
		}
	}
}

// FuzzTunnelAnswer: a tunnel is there when a whole header says 2xx, and what
// follows the header is left for the tunnel.
func FuzzTunnelAnswer(f *testing.F) {
	f.Add("HTTP/1.1 200 OK\r\n\r\nrest")
	f.Add("HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n")
	f.Add("HTTP/1.0 299 \r\nTransfer-Encoding: chunked\r\n\r\n")
	f.Fuzz(func(t *testing.T, answer string) {
		r := strings.NewReader(answer)
		if err := readTunnelAnswer(r); err != nil {
			return
		}
		head, rest, whole := strings.Cut(answer, "\r\n\r\n")
		if left, err := io.ReadAll(r); err != nil || !whole || string(left) != rest || !strings.Contains(head, " 2") {
			t.Errorf("a tunnel with %q left, after %q", left, head)
		}
	})
}
