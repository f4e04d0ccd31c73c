package crawler

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"

	"watcher/policy"
)

// minSecretLen is the length in bytes from which a configured header value is
// searched for in what a server sends back. Shorter ones ("1", "en") are no
// credentials, and blanking them would damage the evidence.
const minSecretLen = 8

// redactor blanks secrets in what leaves the crawler: the values of headers
// that carry credentials by their name, and configured header values that a
// server echoes.
type redactor struct {
	pairs    []string
	replacer *strings.Replacer
}

func newRedactor(configured map[string]string) *redactor {
	var pairs []string
	for _, v := range configured {
		// "Bearer abc" is a secret as a whole and without its scheme.
		_, credential, _ := strings.Cut(v, " ")
		for _, s := range []string{v, strings.TrimSpace(credential)} {
			if len(s) >= minSecretLen {
				pairs = append(pairs, s, policy.Redacted)
			}
		}
	}
	return &redactor{pairs: pairs, replacer: strings.NewReplacer(pairs...)}
}

// Redact returns a copy of a header without the values that carry credentials or
// sessions by their name, for captures that others made.
func Redact(h http.Header) map[string][]string { return newRedactor(nil).header(h) }

// hide adds the credentials of a proxy, in the forms in which they travel.
func (r *redactor) hide(proxy *url.URL) {
	password, _ := proxy.User.Password()
	basic := base64.StdEncoding.EncodeToString([]byte(proxy.User.Username() + ":" + password))
	for _, s := range []string{proxy.User.String(), basic, password} {
		if len(s) >= minSecretLen && proxy.User != nil {
			r.pairs = append(r.pairs, s, policy.Redacted)
		}
	}
	r.replacer = strings.NewReplacer(r.pairs...)
}

// text returns s without configured secrets.
func (r *redactor) text(s string) string { return r.replacer.Replace(s) }

// header returns a copy of h without secrets.
func (r *redactor) header(h http.Header) map[string][]string {
	out := make(map[string][]string, len(h))
	for name, values := range h {
		secret := policy.IsSecretHeader(name)
		kept := make([]string, len(values))
		for i, v := range values {
			if secret {
				kept[i] = policy.Redacted
			} else {
				kept[i] = r.text(v)
			}
		}
		out[name] = kept
	}
	return out
}
