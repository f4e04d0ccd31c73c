package config

import (
	"net/url"
	"strings"
)

// proxyURL is the address of a proxy. One with credentials is shown as
// Redacted, any other as it is.
func proxyURL() scalar[string] {
	t := stringOf[string]("<proxy_url>", schema{"pattern": "^(https?|socks5)://|^" + Redacted + "$"}, func(text string) *fault {
		if text == Redacted { // see Parse
			return nil
		}
		name := shown(text)
		if withCredentials(text) {
			name = theValue
		}
		return checkProxy(text, name)
	})
	t.suspect = withCredentials
	t.format = func(text string) string {
		if withCredentials(text) {
			return Redacted
		}
		return text
	}
	return t
}

// checkProxy judges a proxy's address; name stands for it in messages.
func checkProxy(text, name string) *fault {
	const example = "for example `socks5://proxy.example.org:1080`"
	u, err := url.Parse(text)
	if err != nil {
		return faultf(example+"; escape what is special in a password", "%s is not a URL", name)
	}
	switch {
	case u.Scheme == "socks5h":
		return faultf("write socks5: names are resolved here in any case, to keep private addresses out", "%s has the unknown scheme socks5h", name)
	case u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "socks5":
		return faultf(example, "%s is not an http, https or socks5 URL", name)
	case u.Hostname() == "":
		return faultf(example, "%s has no host", name)
	case !validPort(u.Port()) || strings.HasSuffix(u.Host, ":"):
		return faultf("want 1 to 65535", "%s has no valid port", name)
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "":
		return faultf("end it after the port", "%s has more than a host and a port", name)
	}
	return nil
}

// proxy resolves which proxy a policy is read through: its own, or else its
// vendor's.
func (r *resolver) proxy(v *vendorEntry, e *policyEntry) string {
	text, at := e.Proxy, e.where
	if text == "" {
		text, at = v.Proxy, v.where
	}
	if r.d.refuseRedacted && text == Redacted {
		r.d.report(at.at("proxy"), "put the value back in", "%s stands for a secret, it is none", Redacted)
	}
	return text
}
