package browser

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"slices"
	"sync"
	"time"
)

// Dial connects to an address, if that is allowed.
type Dial func(ctx context.Context, network, addr string) (net.Conn, error)

// proxy carries the browser's connections, as far as dial lets them. It serves
// the browser alone: those who connect from other addresses are turned away.
type proxy struct {
	dial    Dial
	server  *http.Server
	advert  string
	clients []netip.Addr
	plain   *httputil.ReverseProxy
	done    sync.WaitGroup

	mu sync.Mutex
	// failures are the last reasons for which hosts could not be reached.
	failures map[string]error

	life context.Context //nolint:containedctx // the life of the proxy, not of a call
	end  context.CancelFunc
}

// proxyOptions say where a proxy listens, under which address the browser knows
// it, and from where the browser connects.
type proxyOptions struct {
	listen, advertise string
	clients           []netip.Addr
}

func startProxy(ctx context.Context, dial Dial, o proxyOptions) (*proxy, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", o.listen)
	if err != nil {
		return nil, err
	}
	p := &proxy{advert: o.advertise, clients: o.clients, failures: map[string]error{}}
	p.dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := dial(ctx, network, addr)
		p.note(addr, err)
		return conn, err
	}
	if p.advert == "" {
		p.advert = l.Addr().String()
	}
	p.life, p.end = context.WithCancel(context.WithoutCancel(ctx))
	p.plain = &httputil.ReverseProxy{
		Rewrite:      func(r *httputil.ProxyRequest) { r.Out.URL = r.In.URL },
		Transport:    &http.Transport{DialContext: p.dial, DisableCompression: true, MaxIdleConns: 32, IdleConnTimeout: 30 * time.Second},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
	p.server = &http.Server{Handler: p, ReadHeaderTimeout: 20 * time.Second}
	p.done.Go(func() { _ = p.server.Serve(l) })
	return p, nil
}

// address is where the browser finds the proxy.
func (p *proxy) address() string { return p.advert }

// stop ends the proxy and all that it carries, and waits for that.
func (p *proxy) stop() {
	p.end()
	_ = p.server.Close()
	p.done.Wait()
}

// maxFailures bounds the failures that are remembered.
const maxFailures = 256

func (p *proxy) note(addr string, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.failures) >= maxFailures {
		clear(p.failures)
	}
	if delete(p.failures, addr); err != nil {
		p.failures[addr] = err
	}
}

// failure returns why the host of a URL could not be reached, nil if it could.
func (p *proxy) failure(raw string) error {
	u, err := url.Parse(raw)
	if err != nil {
		return nil
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.failures[net.JoinHostPort(u.Hostname(), port)]
}

// known reports whether a connection comes from the browser.
func (p *proxy) known(remote string) bool {
	ap, err := netip.ParseAddrPort(remote)
	return err == nil && slices.Contains(p.clients, ap.Addr().WithZone("").Unmap())
}

// ServeHTTP implements http.Handler.
func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case !p.known(r.RemoteAddr):
		http.Error(w, "not for you", http.StatusForbidden)
	case r.Method == http.MethodConnect:
		p.tunnel(w, r)
	case r.URL.Scheme != "http" || r.URL.Host == "":
		http.Error(w, "not a proxy request", http.StatusBadRequest)
	default:
		p.plain.ServeHTTP(w, r)
	}
}

// tunnel carries an encrypted connection.
func (p *proxy) tunnel(w http.ResponseWriter, r *http.Request) {
	out, err := p.dial(r.Context(), "tcp", r.Host)
	if err != nil {
		http.Error(w, "refused", http.StatusBadGateway)
		return
	}
	defer out.Close()
	in, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer in.Close()
	if _, err := io.WriteString(in, "HTTP/1.1 200 Connection Established\r\n\r\n"); err != nil {
		return
	}
	p.done.Add(1)
	defer p.done.Done()
	defer context.AfterFunc(p.life, func() { _, _ = in.Close(), out.Close() })() //nolint:contextcheck // the end of the proxy ends it
	pipe(in, out)
}

// pipe copies both ways until one side ends.
func pipe(a, b net.Conn) {
	done := make(chan struct{}, 2)
	for _, pair := range [][2]net.Conn{{a, b}, {b, a}} {
		go func() {
			_, _ = io.Copy(pair[0], pair[1])
			done <- struct{}{}
		}()
	}
	<-done
	_, _ = a.Close(), b.Close()
	<-done
}

// loopback are the addresses of a browser on this machine.
func loopback() []netip.Addr {
	return []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.IPv6Loopback()}
}

// clientsOf are the addresses from which a browser beside us connects: those of
// its host.
func clientsOf(ctx context.Context, host string) ([]netip.Addr, error) {
	found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, errors.New("the browser's host has no address")
	}
	out := loopback()
	for _, a := range found {
		out = append(out, a.WithZone("").Unmap())
	}
	return out, nil
}
