package crawler

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"syscall"

	"code.dny.dev/ssrf"
)

// dialFunc is the form of net.Dialer.DialContext.
type dialFunc func(ctx context.Context, network, addr string) (net.Conn, error)

// guardian decides which addresses the crawler may connect to. It is asked by
// the dialler about the resolved address of every connection, so redirects and
// names that change their address between look-ups are covered.
type guardian struct {
	allow  []netip.Prefix
	public *ssrf.Guardian
}

// newGuardian lets public addresses through on ports 80 and 443 and the given
// networks on any port.
func newGuardian(allow []netip.Prefix) *guardian {
	// 168.63.129.16 is the host agent of Azure's virtual machines: a metadata
	// service on an address that looks public and is in no registry.
	azure := netip.MustParsePrefix("168.63.129.16/32")
	return &guardian{allow: allow, public: ssrf.New(ssrf.WithDeniedV4Prefixes(azure))}
}

// deniedError is the answer of the guard. It is a type of its own so that it
// is still recognised after net and net/http have wrapped it.
type deniedError struct{ err error }

func (e *deniedError) Error() string { return fmt.Sprintf("address denied: %v", e.err) }
func (e *deniedError) Unwrap() error { return e.err }

// guard returns a *deniedError unless address, an "ip:port" as the dialler has
// it after resolution, may be connected to.
func (g *guardian) guard(network, address string) error {
	if ap, err := netip.ParseAddrPort(address); err == nil {
		addr := ap.Addr().WithZone("").Unmap()
		for _, p := range g.allow {
			if p.Contains(addr) {
				return nil
			}
		}
	}
	if err := g.public.Safe(network, address, nil); err != nil {
		return &deniedError{err: err}
	}
	return nil
}

// control is guard in the form in which a dialler asks.
func (g *guardian) control(network, address string, _ syscall.RawConn) error {
	return g.guard(network, address)
}

// newDialer returns a dialler that asks control about every resolved address
// before it connects to it.
func newDialer(resolver *net.Resolver, control func(network, address string, _ syscall.RawConn) error) *net.Dialer {
	return &net.Dialer{Timeout: connectTimeout, Resolver: resolver, Control: control}
}

// bounded gives a dial function the deadline that newDialer has built in.
func bounded(dial dialFunc) dialFunc {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		ctx, cancel := context.WithTimeout(ctx, connectTimeout)
		defer cancel()
		return dial(ctx, network, addr)
	}
}
