package crawler

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"golang.org/x/net/proxy"
)

const (
	hintProxy     = "write proxy: as http://, https:// or socks5://, with host and port"
	hintProxyDown = "see whether the proxy of the policy is up, takes these credentials and allows tunnels to ports 80 and 443"
)

// maxProxyAnswer bounds a proxy's answer to CONNECT in bytes.
const maxProxyAnswer = 64 << 10

// proxyError is a failure of the proxy or of the way through it. It names the
// proxy without credentials.
type proxyError struct {
	host string
	err  error
}

func (e *proxyError) Error() string { return fmt.Sprintf("proxy %s: %v", e.host, e.err) }
func (e *proxyError) Unwrap() error { return e.err }

// parseProxy reads the address of a proxy; the error does not quote it.
func parseProxy(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return nil, errors.New("the proxy is malformed") // the cause would quote the credentials
	case u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "socks5":
		return nil, fmt.Errorf("the scheme %.20q of the proxy is not http, https or socks5", u.Scheme)
	case u.Hostname() == "":
		return nil, errors.New("the proxy has no host")
	}
	return u, nil
}

// proxyName is a proxy as evidence may name it: without credentials.
func proxyName(u *url.URL) string {
	if u == nil {
		return ""
	}
	return u.Scheme + "://" + proxyAddr(u)
}

// proxyAddr is where the proxy listens.
func proxyAddr(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443", "socks5": "1080"}[u.Scheme]
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// tunnel reaches hosts through a proxy. A name is resolved here, the guard
// judges the address, and the proxy is given that address and never the name:
// it would resolve it for itself, perhaps to another one. That takes a tunnel
// for plain http as well.
type tunnel struct {
	proxy    *url.URL
	resolver *net.Resolver
	guard    func(network, address string) error
	// roots are the authorities that a proxy's certificate may come from.
	roots *x509.CertPool
	// base dials the proxy. It is the operator's choice and may be private.
	base dialFunc
}

// throughProxy returns a dialler that goes through the proxy at u.
func (c *Client) throughProxy(u *url.URL) dialFunc {
	base := c.opts.Dial
	if base == nil {
		base = (&net.Dialer{Resolver: c.opts.Resolver}).DialContext
	}
	resolver := c.opts.Resolver
	if resolver == nil {
		resolver = net.DefaultResolver
	}
	t := &tunnel{proxy: u, resolver: resolver, guard: newGuardian(c.opts.AllowPrivate).guard, roots: c.roots, base: base}
	return bounded(t.dial)
}

// dial implements dialFunc.
func (t *tunnel) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	to, err := t.resolve(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	var conn net.Conn
	if t.proxy.Scheme == "socks5" {
		conn, err = t.socks(ctx, network, to)
	} else {
		conn, err = t.connect(ctx, to)
	}
	if err != nil {
		return nil, &proxyError{host: proxyAddr(t.proxy), err: t.redacted(err)}
	}
	return &tunnelConn{Conn: conn, to: net.TCPAddrFromAddrPort(to)}, nil
}

// resolve returns the first address of addr that the guard lets through.
func (t *tunnel) resolve(ctx context.Context, network, addr string) (netip.AddrPort, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return netip.AddrPort{}, err
	}
	ips, err := t.resolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return netip.AddrPort{}, err
	}
	denied := error(&deniedError{err: errors.New("no address")})
	for _, ip := range ips {
		family := network + "6"
		if ip = ip.Unmap(); ip.Is4() {
			family = network + "4"
		}
		to := net.JoinHostPort(ip.String(), port)
		if denied = t.guard(family, to); denied == nil {
			return netip.ParseAddrPort(to)
		}
	}
	return netip.AddrPort{}, denied
}

// redacted keeps what a library says of a failure, without credentials.
func (t *tunnel) redacted(err error) error {
	password, _ := t.proxy.User.Password()
	for _, secret := range []string{password, t.proxy.User.Username()} {
		if secret != "" && strings.Contains(err.Error(), secret) {
			return errors.New("refused") // the cause quotes the credentials
		}
	}
	return err
}

func (t *tunnel) socks(ctx context.Context, network string, to netip.AddrPort) (net.Conn, error) {
	var auth *proxy.Auth
	if t.proxy.User != nil {
		password, _ := t.proxy.User.Password()
		auth = &proxy.Auth{User: t.proxy.User.Username(), Password: password}
	}
	d, err := proxy.SOCKS5(network, proxyAddr(t.proxy), auth, baseDialer(t.base))
	if err != nil {
		return nil, err
	}
	through, ok := d.(proxy.ContextDialer)
	if !ok {
		return nil, errors.New("the SOCKS dialler knows no context")
	}
	return through.DialContext(ctx, network, to.String())
}

// baseDialer is a dialFunc as package proxy wants one.
type baseDialer dialFunc

// Dial implements proxy.Dialer; it is not called where there is a context.
func (d baseDialer) Dial(network, addr string) (net.Conn, error) {
	return d(context.Background(), network, addr)
}

// DialContext implements proxy.ContextDialer.
func (d baseDialer) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	return d(ctx, network, addr)
}

// connect opens a tunnel through an HTTP proxy (RFC 9110, 9.3.6).
func (t *tunnel) connect(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
	conn, err := t.base(ctx, "tcp", proxyAddr(t.proxy))
	if err != nil {
		return nil, err
	}
	// Closing is what ends a read or write that waits.
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	tunnelled, err := t.handshake(ctx, conn, to)
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		_ = conn.Close()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, err
	}
	return tunnelled, nil
}

func (t *tunnel) handshake(ctx context.Context, conn net.Conn, to netip.AddrPort) (net.Conn, error) {
	if t.proxy.Scheme == "https" {
		secure := tls.Client(conn, &tls.Config{MinVersion: tls.VersionTLS12, ServerName: t.proxy.Hostname(), RootCAs: t.roots})
		if err := secure.HandshakeContext(ctx); err != nil {
			return nil, err
		}
		conn = secure
	}
	head := "CONNECT " + to.String() + " HTTP/1.1\r\nHost: " + to.String() + "\r\n"
	if t.proxy.User != nil {
		password, _ := t.proxy.User.Password()
		head += "Proxy-Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(t.proxy.User.Username()+":"+password)) + "\r\n"
	}
	if _, err := conn.Write([]byte(head + "\r\n")); err != nil {
		return nil, err
	}
	return conn, readTunnelAnswer(conn)
}

// readTunnelAnswer reads the header of the proxy's answer byte by byte: what
// follows it belongs to the tunnel.
func readTunnelAnswer(conn io.Reader) error {
	var head strings.Builder
	one := make([]byte, 1)
	for !strings.HasSuffix(head.String(), "\r\n\r\n") {
		if head.Len() >= maxProxyAnswer {
			return errors.New("the answer to CONNECT does not end")
		}
		if _, err := conn.Read(one); err != nil {
			return err
		}
		head.Write(one)
	}
	resp, err := http.ReadResponse(bufio.NewReader(strings.NewReader(head.String())), &http.Request{Method: http.MethodConnect})
	if err != nil {
		return errors.New("the answer to CONNECT is no HTTP")
	}
	_ = resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("CONNECT was answered with status %d", resp.StatusCode)
	}
	return nil
}

// tunnelConn tells whom the tunnel leads to, not where it begins.
type tunnelConn struct {
	net.Conn
	to net.Addr
}

// RemoteAddr implements net.Conn.
func (c *tunnelConn) RemoteAddr() net.Addr { return c.to }
