package crawler

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"golang.org/x/net/http/httpguts"
	"golang.org/x/net/idna"
)

// The request header of every capture. The language is fixed, because servers
// that guess it would serve one policy in two languages.
const (
	acceptTypes     = "text/html,application/xhtml+xml,application/pdf;q=0.9,*/*;q=0.5"
	defaultLanguage = "en"
)

// ownHeaders are those that a policy's headers must not set: the crawler's
// promises (whole bodies, an honest name, one answer per request) hang on them.
var ownHeaders = map[string]bool{
	"Accept-Encoding": true, "Connection": true, "Content-Length": true, "Expect": true, "Host": true,
	"If-Match": true, "If-Modified-Since": true, "If-None-Match": true, "If-Range": true, "If-Unmodified-Since": true,
	"Keep-Alive": true, "Proxy-Connection": true, "Range": true, "Te": true, "Trailer": true,
	"Transfer-Encoding": true, "Upgrade": true, "User-Agent": true,
}

// checkHeaders refuses configured headers that are malformed or the crawler's
// own. The error names the header, never its value.
func checkHeaders(headers map[string]string) error {
	for name, value := range headers {
		if ownHeaders[http.CanonicalHeaderKey(name)] {
			return fmt.Errorf("header %q is set by the crawler alone", name)
		}
		if !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(value) {
			return fmt.Errorf("header %q is malformed", name)
		}
	}
	return nil
}

// checkURL refuses what is not a plain web address.
func checkURL(u *url.URL) error {
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return fmt.Errorf("scheme %.20q is neither http nor https", u.Scheme)
	case u.User != nil:
		return errors.New("the url has a user name or password in it")
	case u.Hostname() == "":
		return errors.New("the url has no host")
	case strings.Contains(u.Hostname(), "%"):
		return errors.New("the host has a zone, which means something on one machine only")
	case disguised(u.Hostname()):
		return errors.New("the host is an address in disguise")
	}
	return nil
}

// disguised reports a host that ends in a number but is no address as everybody
// writes them: "2130706433", "0x7f.1", "127.0.0.1.". Resolvers do not agree what
// such a host means, and no name ends so (WHATWG URL, "ends in a number").
func disguised(host string) bool {
	if ascii, err := idna.Lookup.ToASCII(host); err == nil {
		host = ascii
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return false
	}
	labels := strings.Split(strings.TrimSuffix(host, "."), ".")
	last := strings.ToLower(labels[len(labels)-1])
	if digits, ok := strings.CutPrefix(last, "0x"); ok {
		return strings.Trim(digits, "0123456789abcdef") == ""
	}
	return last != "" && strings.Trim(last, "0123456789") == ""
}

// hostKey returns the host and port of u in the one form under which hosts are
// told apart: lower case, punycode, no trailing dot, port always given.
func hostKey(u *url.URL) string {
	host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	if ascii, err := idna.Lookup.ToASCII(host); err == nil {
		host = ascii
	}
	port := u.Port()
	if port == "" {
		port = "80"
		if u.Scheme == "https" {
			port = "443"
		}
	}
	return net.JoinHostPort(host, port)
}

// sameHost reports whether what is meant for a may be sent to b: the same host
// and port, or its https twin on the default ports.
func sameHost(a, b *url.URL) bool {
	ka, kb := hostKey(a), hostKey(b)
	if ka == kb {
		return a.Scheme == b.Scheme || b.Scheme == "https"
	}
	hostA, portA, _ := net.SplitHostPort(ka)
	hostB, portB, _ := net.SplitHostPort(kb)
	return hostA == hostB && a.Scheme == "http" && portA == "80" && b.Scheme == "https" && portB == "443"
}

// newRequest makes the request of the next hop of the chain.
//
// Configured headers are for the original host only, validators for the page that
// gave them: compared with the date of another page, a policy that moved to an
// older file would pass for unchanged.
func (ch *chain) newRequest(ctx context.Context, u *url.URL) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("User-Agent", ch.v.c.opts.UserAgent)
	r.Header.Set("Accept", acceptTypes)
	r.Header.Set("Accept-Language", defaultLanguage)
	if !ch.away {
		for name, value := range ch.v.req.Headers {
			r.Header.Set(name, value)
		}
		ch.setValidators(r)
	}
	if ch.v.req.Lang != "" {
		r.Header.Set("Accept-Language", ch.v.req.Lang)
	}
	r.Header.Set("Accept-Encoding", acceptEncoding)
	for _, cookie := range ch.jar.Cookies(u) {
		r.AddCookie(cookie)
	}
	return r, nil
}

func (ch *chain) setValidators(r *http.Request) {
	req := ch.v.req
	if of := req.ValidatorsURL; of != r.URL.String() && (of != "" || len(ch.hops) > 0) {
		return
	}
	if req.ETag != "" {
		r.Header.Set("If-None-Match", req.ETag)
	}
	if req.LastModified != "" {
		r.Header.Set("If-Modified-Since", req.LastModified)
	}
}

// conditional reports whether r may be answered with 304.
func conditional(r *http.Request) bool {
	return r.Header.Get("If-None-Match") != "" || r.Header.Get("If-Modified-Since") != ""
}
