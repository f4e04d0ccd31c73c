package crawler

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"watcher/policy"
)

// attack is one way to name a place that a vendor must not make us reach.
type attack struct {
	what string
	// url is how a page would write it.
	url string
	// addr is the address in it, for a resolver to answer with; "" where the
	// spelling is the attack.
	addr string
	// refused marks what is no web address, or one that machines read in more
	// ways than one: nothing is even resolved.
	refused bool
}

// attacks returns all of them.
func attacks() []attack {
	list := []attack{
		{what: "a decimal number", url: "http://2130706433/", refused: true},
		{what: "a hexadecimal number", url: "http://0x7f000001/", refused: true},
		{what: "octal parts", url: "http://0177.0.0.1/", refused: true},
		{what: "hexadecimal parts", url: "http://0x7f.0x0.0x0.0x1/", refused: true},
		{what: "an octal number", url: "http://017700000001/", refused: true},
		{what: "two parts", url: "http://127.1/", refused: true},
		{what: "three parts", url: "http://127.0.1/", refused: true},
		{what: "metadata as a number", url: "http://2852039166/", refused: true},
		{what: "metadata in hex", url: "http://0xa9fea9fe/", refused: true},
		{what: "metadata in octal parts", url: "http://0251.0376.0251.0376/", refused: true},
		{what: "localhost", url: "http://localhost/"},
		{what: "localhost, absolute", url: "http://localhost./"},
		{what: "LOCALHOST", url: "http://LOCALHOST/"},
		{what: "below localhost", url: "http://policy.localhost/"},
		{what: "an address with a dot", url: "http://127.0.0.1./", refused: true},
		{what: "a name of loopback with a dot", url: "http://policy.example.com./"},
		{what: "circled digits", url: "http://①②⑦.⓪.⓪.①/"},
		{what: "fullwidth digits", url: "http://１２７.０.０.１/"},
		{what: "ideographic dots", url: "http://127。0。0。1/"},
		{what: "metadata in circled digits", url: "http://①⑥⑨.②⑤④.①⑥⑨.②⑤④/"},
		{what: "fullwidth letters", url: "http://ｌｏｃａｌｈｏｓｔ/"},
		{what: "escaped digits", url: "http://%31%32%37.0.0.1/", refused: true},
		{what: "https", url: "https://127.0.0.1/"},
		{what: "userinfo that looks like the host", url: "http://www.example.com@127.0.0.1/", refused: true},
		{what: "userinfo with a password", url: "http://www.example.com:80@169.254.169.254/", refused: true},
		{what: "two userinfos", url: "http://a@127.0.0.1:80@www.example.com/", refused: true},
		{what: "a backslash", url: `http://www.example.com\@127.0.0.1/`, refused: true},
		{what: "a zone", url: "http://[fe80::1%25lo]/", refused: true},
		{what: "a zone on a public address", url: "http://[2606:4700::1111%25eth0]/", refused: true},
		{what: "a zone that is not escaped", url: "http://[fe80::1%lo]/", refused: true},
		{what: "file", url: "file:///etc/passwd", refused: true},
		{what: "gopher", url: "gopher://127.0.0.1:6379/_FLUSHALL", refused: true},
		{what: "ftp", url: "ftp://127.0.0.1/", refused: true},
		{what: "data", url: "data:text/html,policy", refused: true},
		{what: "javascript", url: "javascript:alert(1)", refused: true},
		{what: "unix", url: "unix:///run/docker.sock", refused: true},
		{what: "no host", url: "http:///privacy", refused: true},
		{what: "a line break", url: "http://127.0.0.1\r\n/", refused: true},
	}
	for what, addr := range hostileAddresses() {
		host := addr
		if strings.Contains(addr, ":") {
			host = "[" + addr + "]"
		}
		list = append(list, attack{what: what, url: "http://" + host + "/", addr: addr})
	}
	for what, host := range map[string]string{
		"ssh": "93.184.215.14:22", "an admin port": "93.184.215.14:8080", "redis": "[2606:4700::1111]:6379", "mail": "93.184.215.14:25",
	} {
		list = append(list, attack{what: what + " on a public address", url: "http://" + host + "/"})
	}
	return list
}

// hostileAddresses has one of each kind that the registries of IANA and the
// clouds have, at both ends where a network is no whole octet.
func hostileAddresses() map[string]string {
	return map[string]string{
		"this network": "0.0.0.0", "this network, host": "0.1.2.3", "loopback": "127.0.0.1", "loopback, other": "127.8.8.8",
		"private 10": "10.0.0.1", "private 10, end": "10.255.255.255", "private 172": "172.16.0.1", "private 172, end": "172.31.255.255",
		"private 192": "192.168.0.1", "private 192, end": "192.168.255.255", "carrier NAT": "100.64.0.1", "carrier NAT, end": "100.127.255.255",
		"link-local": "169.254.0.1", "metadata": "169.254.169.254", "metadata of ECS": "169.254.170.2", "metadata of Azure": "168.63.129.16",
		"metadata of Alibaba": "100.100.100.200", "metadata of Oracle": "192.0.0.192", "protocol assignments": "192.0.0.1",
		"documentation 1": "192.0.2.1", "documentation 2": "198.51.100.1", "documentation 3": "203.0.113.1", "6to4 relay": "192.88.99.1",
		"benchmark": "198.18.0.1", "benchmark, end": "198.19.255.255", "multicast": "224.0.0.1", "multicast, end": "239.255.255.250",
		"reserved": "240.0.0.1", "reserved, end": "255.255.255.254", "broadcast": "255.255.255.255",
		"unspecified, v6": "::", "loopback, v6": "::1", "mapped loopback": "::ffff:7f00:1", "mapped loopback, dotted": "::ffff:127.0.0.1",
		"mapped private": "::ffff:10.0.0.1", "mapped metadata": "::ffff:169.254.169.254", "mapped Azure": "::ffff:168.63.129.16",
		"compatible loopback": "::7f00:1", "NAT64 of loopback": "64:ff9b::7f00:1", "NAT64 of metadata": "64:ff9b::a9fe:a9fe",
		"local NAT64": "64:ff9b:1::7f00:1", "6to4 of loopback": "2002:7f00:1::", "6to4 of private": "2002:a00:1::1", "Teredo": "2001::1",
		"benchmark, v6": "2001:2::1", "documentation, v6": "2001:db8::1", "documentation, new": "3fff::1", "discard": "100::1",
		"unique local": "fc00::1", "unique local, fd": "fd12:3456::1", "metadata of AWS, v6": "fd00:ec2::254", "link-local, v6": "fe80::1",
		"link-local, end": "febf::1", "site-local": "fec0::1", "multicast, v6": "ff02::1", "SRv6": "5f00::1",
	}
}

// door is a server on a loopback address that nobody else in the tests uses: the
// only place that the clients of this file may reach.
func door(t *testing.T, h http.HandlerFunc) (addr netip.AddrPort) {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.77:0")
	if err != nil {
		t.Skipf("no second loopback address here: %v", err)
	}
	s := httptest.NewUnstartedServer(h)
	_ = s.Listener.Close()
	s.Listener = l
	s.Start()
	t.Cleanup(s.Close)
	return netip.MustParseAddrPort(l.Addr().String())
}

func onlyDoor(o *Options, addr netip.AddrPort) {
	o.AllowPrivate = []netip.Prefix{netip.PrefixFrom(addr.Addr(), 32)}
}

// wantDenied holds that an attack ended at the guard, or before.
func wantDenied(t *testing.T, how string, a attack, err error, early policy.FetchReason) {
	t.Helper()
	fe, ok := errors.AsType[*policy.FetchError](err)
	switch {
	case !ok:
		t.Errorf("%s %s (%s): %v, want it refused", how, a.what, a.url, err)
	case a.refused && fe.Reason != early:
		t.Errorf("%s %s (%s): %v, want %s", how, a.what, a.url, fe, early)
	case !a.refused && fe.Reason != policy.FetchSSRF:
		t.Errorf("%s %s (%s): %v, want ssrf_denied", how, a.what, a.url, fe)
	case fe.Hint == "":
		t.Errorf("%s %s: no hint in %v", how, a.what, fe)
	case errors.Is(err, errFence):
		t.Errorf("%s %s: the guard let it through", how, a.what)
	}
}

// TestHostileAddresses: each attack fails when a policy names it, when a
// redirect leads to it, and when a name turns into it after the first look, and
// in all three ways through a proxy, which hears of none of them.
func TestHostileAddresses(t *testing.T) {
	list := attacks()
	if len(list) < 90 {
		t.Fatalf("only %d attacks", len(list))
	}
	proxy := newDenyingProxy(t)
	for _, via := range []string{"", proxy.url} {
		name := "no proxy"
		if via != "" {
			name = "proxy"
		}
		t.Run(name+"/direct", func(t *testing.T) { attackDirectly(t, list, via) })
		t.Run(name+"/redirect", func(t *testing.T) { attackByRedirect(t, list, proxy, via) })
		t.Run(name+"/rebinding", func(t *testing.T) { attackByRebinding(t, list, proxy, via) })
	}
	if asked := proxy.tunnels(); len(asked) != 0 {
		t.Errorf("the proxy was asked for %v", asked)
	}
}

func attackDirectly(t *testing.T, list []attack, via string) {
	c := testClient(t, func(o *Options) { o.AllowPrivate = nil })
	for _, a := range list {
		req := live(a.url)
		req.Proxy = via
		_, err := c.Capture(t.Context(), req)
		wantDenied(t, "direct", a, err, policy.FetchOther)
	}
}

func attackByRedirect(t *testing.T, list []attack, proxy *denyingProxy, via string) {
	var target atomic.Value
	addr := door(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Location"] = []string{target.Load().(string)}
		w.WriteHeader(http.StatusFound)
	})
	proxy.open(addr)
	c := testClient(t, func(o *Options) { onlyDoor(o, addr) })
	for _, a := range list {
		if strings.Contains(a.url, "\n") {
			continue // cannot stand in a header
		}
		target.Store(a.url)
		req := live("http://" + addr.String())
		req.Proxy = via
		_, err := c.Capture(t.Context(), req)
		wantDenied(t, "redirect to", a, err, policy.FetchRedirect)
	}
}

// attackByRebinding gives a name that is harmless for the first connection and
// hostile for the second, which a redirect to the same name asks for.
func attackByRebinding(t *testing.T, list []attack, proxy *denyingProxy, via string) {
	dns := &turncoat{}
	addr := door(t, func(w http.ResponseWriter, _ *http.Request) {
		dns.turned.Store(true)
		w.Header().Set("Location", "http://policy.example.com/")
		w.WriteHeader(http.StatusFound)
	})
	proxy.open(addr)
	dns.first = addr.Addr()
	c := testClient(t, func(o *Options) {
		onlyDoor(o, addr)
		o.Resolver = &net.Resolver{PreferGo: true, Dial: dns.dial}
	})
	start := "http://policy.example.com:" + addr.String()[strings.LastIndexByte(addr.String(), ':')+1:]
	for _, a := range list {
		if a.addr == "" {
			continue
		}
		dns.become(netip.MustParseAddr(a.addr))
		req := live(start)
		req.Proxy = via
		_, err := c.Capture(t.Context(), req)
		wantDenied(t, "rebinding to", a, err, policy.FetchOther)
		if !dns.turned.Load() || dns.told.Load() == 0 {
			t.Errorf("rebinding to %s: the name was not resolved anew", a.what)
		}
	}
}

// turncoat is a resolver that answers with one address until it turns.
type turncoat struct {
	first  netip.Addr
	then   atomic.Pointer[netip.Addr]
	turned atomic.Bool
	// told counts how often the other address was given.
	told atomic.Int32
}

func (d *turncoat) become(addr netip.Addr) {
	d.then.Store(&addr)
	d.turned.Store(false)
	d.told.Store(0)
}

func (d *turncoat) dial(context.Context, string, string) (net.Conn, error) {
	return pipeDNS(d.answer), nil
}

func (d *turncoat) answer(kind dnsmessage.Type) (netip.Addr, bool) {
	addr := d.first
	if d.turned.Load() {
		addr = *d.then.Load()
	}
	fits := kind == dnsmessage.TypeA && addr.Is4() || kind == dnsmessage.TypeAAAA && addr.Is6()
	if fits && d.turned.Load() {
		d.told.Add(1)
	}
	return addr, fits
}

// denyingProxy is an HTTP proxy that makes tunnels to doors alone, and
// remembers what else it was asked for.
type denyingProxy struct {
	url   string
	mu    sync.Mutex
	doors []string
	asked []string
}

func newDenyingProxy(t *testing.T) *denyingProxy {
	t.Helper()
	p := &denyingProxy{}
	p.url = newServer(t, p.serve).URL
	return p
}

func (p *denyingProxy) open(addr netip.AddrPort) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.doors = append(p.doors, addr.String())
}

func (p *denyingProxy) tunnels() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.asked)
}

func (p *denyingProxy) serve(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	known := r.Method == http.MethodConnect && slices.Contains(p.doors, r.Host)
	if !known {
		p.asked = append(p.asked, r.Method+" "+r.Host)
	}
	p.mu.Unlock()
	if !known {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	splice(w, r.Host)
}
