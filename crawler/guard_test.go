package crawler

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"watcher/policy"
)

// noDial is a dialler that must not be asked.
func noDial(t *testing.T) func(context.Context, string, string) (net.Conn, error) {
	return func(_ context.Context, network, addr string) (net.Conn, error) {
		t.Errorf("dialled %s %s", network, addr)
		return nil, errors.New("must not dial")
	}
}

// hostile are addresses a vendor's page must not make us connect to.
var hostile = []string{
	"0.0.0.0:80", "0.1.2.3:80", "10.0.0.1:80", "10.255.255.255:443", "100.64.0.1:80", "100.100.100.200:80",
	"127.0.0.1:80", "127.1.2.3:443", "169.254.0.1:80", "169.254.169.254:80", "169.254.170.2:80", "172.16.0.1:80",
	"172.31.255.254:80", "192.0.0.1:80", "192.0.0.192:80", "192.0.2.1:80", "192.88.99.1:80", "192.168.0.1:80",
	"192.168.255.255:443", "198.18.0.1:80", "198.51.100.7:80", "203.0.113.9:80", "224.0.0.1:80", "239.255.255.250:80",
	"240.0.0.1:80", "255.255.255.255:80", "168.63.129.16:80", "168.63.129.16:443",
	"[::]:80", "[::1]:80", "[::ffff:127.0.0.1]:80", "[::ffff:10.0.0.1]:80", "[::ffff:168.63.129.16]:80",
	"[::ffff:169.254.169.254]:80", "[::127.0.0.1]:80", "[64:ff9b::7f00:1]:80", "[64:ff9b:1::7f00:1]:80",
	"[100::1]:80", "[2001::1]:80", "[2001:db8::1]:80", "[2002:7f00:1::]:80", "[3fff::1]:80", "[fc00::1]:80",
	"[fd00:ec2::254]:80", "[fe80::1]:80", "[fe80::1%lo]:80", "[fec0::1]:80", "[ff02::1]:80", "[2606:4700::1111%eth0]:80",
	"8.8.8.8:22", "8.8.8.8:8080", "[2606:4700::1111]:6379", "8.8.8.8:0", "localhost:80",
}

func TestGuard(t *testing.T) {
	g := newGuardian(nil)
	// What is no address is denied as well, and so is the mapped form of a
	// public one, which a dialler never asks about.
	for _, addr := range append([]string{"8.8.8.8", "", ":80", "[::ffff:93.184.215.14]:80"}, hostile...) {
		network := "tcp4"
		if strings.HasPrefix(addr, "[") {
			network = "tcp6"
		}
		var denied *deniedError
		if err := g.guard(network, addr); !errors.As(err, &denied) {
			t.Errorf("%s: %v, want a denial", addr, err)
		}
	}
	for _, addr := range []string{"8.8.8.8:80", "93.184.215.14:443", "[2606:4700::1111]:443"} {
		network := "tcp4"
		if strings.HasPrefix(addr, "[") {
			network = "tcp6"
		}
		if err := g.guard(network, addr); err != nil {
			t.Errorf("%s: %v, want it let through", addr, err)
		}
	}
	if err := g.guard("udp4", "8.8.8.8:80"); err == nil {
		t.Error("udp is let through")
	}
}

func TestGuardAllows(t *testing.T) {
	g := newGuardian(append(loopback(), netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("fe80::/10")))
	for addr, ok := range map[string]bool{
		"127.0.0.1:8080": true, "[::1]:9999": true, "10.1.2.3:22": true, "[::ffff:127.0.0.1]:80": true, "[fe80::1%lo]:80": true,
		"10.2.0.1:80": false, "192.168.0.1:80": false, "[::ffff:10.2.0.1]:80": false, "8.8.8.8:22": false,
	} {
		if err := g.guard("tcp4", addr); (err == nil) != ok {
			t.Errorf("%s: %v, want allowed %v", addr, err, ok)
		}
	}
}

// TestGuardRebinding: a public name that resolves to loopback is denied, and
// the server there sees no connection.
func TestGuardRebinding(t *testing.T) {
	var hits atomic.Int32
	s := newServer(t, func(http.ResponseWriter, *http.Request) { hits.Add(1) })
	port := s.URL[strings.LastIndexByte(s.URL, ':'):]
	c := testClient(t, func(o *Options) { o.AllowPrivate = nil })
	for _, url := range []string{"http://policy.example.com" + port, "http://policy.example.com/"} {
		wantFailure(t, c, live(url), policy.FetchSSRF)
	}
	if n := hits.Load(); n != 0 {
		t.Errorf("%d requests reached the server", n)
	}
	fe := wantFailure(t, c, live("http://gone.example.com/"), policy.FetchDNS)
	if fe.Hint == "" {
		t.Error("a dns failure without a hint")
	}
}

// fakeDNS answers for any name but gone.example.com with 127.0.0.1, over a pipe.
func fakeDNS(context.Context, string, string) (net.Conn, error) {
	return pipeDNS(func(kind dnsmessage.Type) (netip.Addr, bool) {
		return netip.AddrFrom4([4]byte{127, 0, 0, 1}), kind == dnsmessage.TypeA
	}), nil
}

// pipeDNS is a connection to a resolver that has answer's address for every
// name but gone.example.com.
func pipeDNS(answer func(kind dnsmessage.Type) (netip.Addr, bool)) net.Conn {
	client, server := net.Pipe()
	go func() {
		defer func() { _ = server.Close() }()
		for answerDNS(server, answer) == nil {
		}
	}()
	return client
}

// answerDNS reads one query in stream framing (RFC 7766) and answers it.
func answerDNS(conn io.ReadWriter, answer func(kind dnsmessage.Type) (netip.Addr, bool)) error {
	var size uint16
	if err := binary.Read(conn, binary.BigEndian, &size); err != nil {
		return err
	}
	raw := make([]byte, size)
	if _, err := io.ReadFull(conn, raw); err != nil {
		return err
	}
	var msg dnsmessage.Message
	if err := msg.Unpack(raw); err != nil {
		return err
	}
	msg.Response, msg.RecursionAvailable, msg.Additionals = true, true, nil
	q := msg.Questions[0]
	if addr, ok := answer(q.Type); strings.HasPrefix(q.Name.String(), "gone.") {
		msg.RCode = dnsmessage.RCodeNameError
	} else if ok {
		msg.Answers = []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 1},
			Body:   addressRecord(addr),
		}}
	}
	packed, err := msg.Pack()
	if err != nil {
		return err
	}
	_, err = conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(packed))), packed...))
	return err
}

func addressRecord(addr netip.Addr) dnsmessage.ResourceBody {
	if addr.Is4() {
		return &dnsmessage.AResource{A: addr.As4()}
	}
	return &dnsmessage.AAAAResource{AAAA: addr.As16()}
}
