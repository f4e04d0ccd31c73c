package crawler

import (
	"net/http"
	"strings"
)

const redacted = "<redacted>"

// minSecretLen is the length in bytes from which a configured header value is
// searched for in what a server sends back. Shorter ones ("1", "en") are no
// credentials, and blanking them would damage the evidence.
const minSecretLen = 8

// secretWords mark a header as one that carries a credential or a session.
var secretWords = []string{
	"cookie", "authorization", "authentication-info", "token", "secret", "password", "api-key", "apikey", "session",
}

// redactor blanks secrets in what leaves the crawler: the values of headers
// that carry credentials by their name, and configured header values that a
// server echoes.
type redactor struct{ replacer *strings.Replacer }

func newRedactor(configured map[string]string) *redactor {
	var pairs []string
	for _, v := range configured {
		// "Bearer abc" is a secret as a whole and without its scheme.
		_, credential, _ := strings.Cut(v, " ")
		for _, s := range []string{v, strings.TrimSpace(credential)} {
			if len(s) >= minSecretLen {
				pairs = append(pairs, s, redacted)
			}
		}
	}
	return &redactor{replacer: strings.NewReplacer(pairs...)}
}

// text returns s without configured secrets.
func (r *redactor) text(s string) string { return r.replacer.Replace(s) }

// header returns a copy of h without secrets.
func (r *redactor) header(h http.Header) map[string][]string {
	out := make(map[string][]string, len(h))
	for name, values := range h {
		secret := isSecretHeader(name)
		kept := make([]string, len(values))
		for i, v := range values {
			if secret {
				kept[i] = redacted
			} else {
				kept[i] = r.text(v)
			}
		}
		out[name] = kept
	}
	return out
}

func isSecretHeader(name string) bool {
	name = strings.ToLower(name)
	for _, w := range secretWords {
		if strings.Contains(name, w) {
			return true
		}
	}
	return false
}
