package web

import (
	"net"
	"net/netip"
	"strings"
)

// hostGuard knows the Host headers that are served. A page of a stranger whose
// name was made to resolve to this machine (DNS rebinding) sends its own name
// and is refused; without this, any web site could read the API of a daemon
// that listens on a loopback address.
type hostGuard struct {
	names map[string]bool
	// anyIP is set when the server listens on all addresses. An address
	// literal cannot be rebound, so all of them are let through then.
	anyIP bool
}

// newHostGuard returns the guard for the given listen hosts and the host of
// the external URL ("" for none). Ports play no part.
func newHostGuard(listen []string, external string) hostGuard {
	g := hostGuard{names: map[string]bool{"localhost": true, "127.0.0.1": true, "::1": true}}
	for _, h := range listen {
		host := hostOnly(h)
		if ip, err := netip.ParseAddr(host); host == "" || (err == nil && ip.IsUnspecified()) {
			g.anyIP = true
			continue
		}
		g.names[host] = true
	}
	if external != "" {
		g.names[hostOnly(external)] = true
	}
	return g
}

// allows reports whether a request with this Host header is served.
func (g hostGuard) allows(hostport string) bool {
	host := hostOnly(hostport)
	if host == "" {
		return false
	}
	if g.names[host] {
		return true
	}
	_, err := netip.ParseAddr(host)
	return err == nil && g.anyIP
}

// hostOnly returns the host of "host", "host:port", "[v6]" or "[v6]:port" in
// lower case, without the root dot.
func hostOnly(s string) string {
	if host, _, err := net.SplitHostPort(s); err == nil {
		s = host
	}
	s = strings.TrimSuffix(strings.TrimPrefix(s, "["), "]")
	return strings.TrimSuffix(strings.ToLower(s), ".")
}
