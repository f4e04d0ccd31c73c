package crawler

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"
	"time"

	"watcher/policy"
)

// Deadlines of the phases of one request. The whole is bounded by
// Options.Timeout.
const (
	connectTimeout   = 10 * time.Second
	handshakeTimeout = 10 * time.Second
	headerTimeout    = 20 * time.Second
	idleTimeout      = 5 * time.Second
)

const (
	// maxHeader caps a response header in bytes.
	maxHeader = 256 << 10
	// maxDrain is how many bytes of a redirect's body are read to keep its
	// connection for the next hop.
	maxDrain = 64 << 10
)

// newTransport returns the transport of one try. Nothing but the chain of a
// single try shares its connections, so that a second look at a page is
// independent of the first.
func (v *visit) newTransport() *http.Transport {
	c, dial := v.c, v.c.dial
	if v.proxy != nil {
		dial = c.throughProxy(v.proxy)
	}
	return &http.Transport{
		Proxy:                  nil, // it would dial for us, past the guard
		DialContext:            dial,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: c.roots},
		ForceAttemptHTTP2:      true,
		DisableCompression:     true,
		TLSHandshakeTimeout:    handshakeTimeout,
		ResponseHeaderTimeout:  headerTimeout,
		IdleConnTimeout:        idleTimeout,
		MaxResponseHeaderBytes: maxHeader,
	}
}

// answer is what one request brought.
type answer struct {
	status   int
	header   http.Header
	location string
	cookies  []*http.Cookie
	body     body
	tls      *tls.ConnectionState
	remote   string
}

// redirects reports whether the answer sends the client elsewhere.
func (a answer) redirects() bool {
	switch a.status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return a.location != ""
	}
	return false
}

// exchange sends r and reads the whole answer within what is left of the
// capture's time.
func (v *visit) exchange(ctx context.Context, rt http.RoundTripper, r *http.Request) (answer, error) {
	left := v.c.opts.Timeout - v.spent
	if left <= 0 {
		return answer{}, newFailure(policy.FetchTimeout, hintTimeout, context.DeadlineExceeded)
	}
	began := v.c.opts.Clock()
	defer func() { v.spent += max(0, v.c.opts.Clock().Sub(began)) }()
	v.c.metrics.inFlight.Inc()
	defer v.c.metrics.inFlight.Dec()

	watch := &connWatch{}
	limited, cancel := context.WithTimeout(httptrace.WithClientTrace(ctx, watch.hooks()), left)
	defer cancel()
	resp, err := rt.RoundTrip(r.WithContext(limited))
	if err != nil {
		return answer{}, classify(ctx, err, watch.phase())
	}
	defer func() { _ = resp.Body.Close() }() // everything of it has been read, or does not matter
	a := answer{
		status: resp.StatusCode, header: resp.Header, location: resp.Header.Get("Location"),
		cookies: resp.Cookies(), tls: resp.TLS, remote: watch.addr(),
	}
	a.body, err = v.readAnswer(limited, resp, a)
	if err != nil {
		fe := classify(ctx, err, phaseBody)
		fe.RetryAfter, _ = retryAfter(resp.Header, v.c.opts.Clock())
		return answer{}, fe
	}
	return a, nil
}

// readAnswer reads the body if the answer is one that has a body of interest.
func (v *visit) readAnswer(ctx context.Context, resp *http.Response, a answer) (body, error) {
	if a.redirects() {
		// Only the connection matters here; what goes wrong with it will
		// show at the next hop.
		_, _ = io.CopyN(io.Discard, resp.Body, maxDrain)
		return body{}, nil
	}
	if a.status == http.StatusNotModified || a.status == http.StatusNoContent {
		return body{}, nil
	}
	return readBody(ctx, resp.Body, bodySpec{
		length:      resp.ContentLength,
		encoding:    strings.Join(resp.Header.Values("Content-Encoding"), ","),
		contentType: resp.Header.Get("Content-Type"),
		maxWire:     v.c.opts.MaxBody,
		maxDecoded:  v.c.opts.MaxDecoded,
		memory:      v.c.memory,
	})
}

// connWatch notes what the answer does not tell: whom we are connected to, and
// whether a failure is one of the TLS handshake. Hooks run in goroutines of
// the transport.
type connWatch struct {
	mu     sync.Mutex
	remote string
	tlsErr error
}

func (w *connWatch) hooks() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GotConn: func(info httptrace.GotConnInfo) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.remote = info.Conn.RemoteAddr().String()
		},
		TLSHandshakeDone: func(_ tls.ConnectionState, err error) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.tlsErr = err
		},
	}
}

func (w *connWatch) addr() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.remote
}

func (w *connWatch) phase() phase {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.tlsErr != nil && !errors.Is(w.tlsErr, context.Canceled) {
		return phaseTLS
	}
	return phaseHeader
}

// tlsFacts records how an answer was secured, nil for plain http.
func tlsFacts(s *tls.ConnectionState) *policy.TLS {
	if s == nil {
		return nil
	}
	facts := &policy.TLS{Version: tls.VersionName(s.Version), Cipher: tls.CipherSuiteName(s.CipherSuite)}
	if len(s.PeerCertificates) > 0 {
		leaf := s.PeerCertificates[0]
		facts.LeafSHA256 = policy.Sum(leaf.Raw)
		facts.Issuer = leaf.Issuer.String()
		facts.NotAfter = leaf.NotAfter.UTC()
	}
	return facts
}
