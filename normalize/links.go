package normalize

import (
	"encoding/hex"
	"net/url"
	"strings"

	"golang.org/x/net/html"

	"watcher/policy"
)

// tracking parameters say where a reader came from, not where a link leads.
func tracking(key string) bool {
	key = strings.ToLower(key)
	if strings.HasPrefix(key, "utm_") || strings.HasPrefix(key, "hsa_") || strings.HasPrefix(key, "mtm_") || strings.HasPrefix(key, "pk_") {
		return true
	}
	switch key {
	case "gclid", "gclsrc", "dclid", "gbraid", "wbraid", "fbclid", "msclkid", "yclid", "twclid", "ttclid", "igshid", "igsh",
		"mc_cid", "mc_eid", "_ga", "_gl", "_hsenc", "_hsmi", "__hstc", "__hssc", "__hsfp", "hsctatracking", "mkt_tok",
		"vero_id", "oly_anon_id", "oly_enc_id", "_openstat", "wickedid", "ref_src", "srsltid", "phpsessid", "jsessionid":
		return true
	}
	return false
}

// TrackingParameter reports whether links are read without a query parameter.
func TrackingParameter(key string) bool { return tracking(key) }

// maxURL bounds link targets; longer ones carry state, not an address.
const maxURL = 2048

// resolve returns the absolute form of a link target without tracking
// parameters, or "" for targets that lead nowhere (scripts, the page itself).
func resolve(base *url.URL, href string) string {
	href = strings.TrimSpace(href)
	if href == "" || strings.HasPrefix(href, "#") || len(href) > maxURL {
		return ""
	}
	if plainURL(href) {
		return href
	}
	ref, err := url.Parse(href)
	if err != nil {
		return ""
	}
	if base != nil {
		ref = base.ResolveReference(ref)
	}
	switch ref.Scheme {
	case "http", "https", "mailto", "tel", "":
	default:
		return ""
	}
	if ref.RawQuery != "" {
		ref.RawQuery = dropTracking(ref.RawQuery)
	}
	return clean(ref.String())
}

// plainURL says of most absolute targets that they are as resolve returns them:
// a host without a port, and a path without dots to resolve, escapes or a query.
func plainURL(href string) bool {
	rest, ok := strings.CutPrefix(href, "https://")
	if !ok {
		return false
	}
	host, path, _ := strings.Cut(rest, "/")
	for i := range len(host) {
		if c := host[i]; (c < 'a' || c > 'z') && !digit(c) && c != '-' && c != '.' {
			return false
		}
	}
	for i := range len(path) {
		if c := path[i]; !letter(c) && !digit(c) && c != '-' && c != '_' && c != '/' && (c != '.' || i == 0 || path[i-1] == '/') {
			return false
		}
	}
	return host != "" && !strings.HasPrefix(path, "/") && !strings.Contains(path, "//")
}

// dropTracking keeps the other parameters as they are, in their order.
func dropTracking(query string) string {
	var kept []string
	for part := range strings.SplitSeq(query, "&") {
		key, _, _ := strings.Cut(part, "=")
		if !tracking(key) {
			kept = append(kept, part)
		}
	}
	return strings.Join(kept, "&")
}

// cfEmail decodes an address that Cloudflare's "Email Address Obfuscation"
// hides: the first byte is the key that all others are XORed with.
func cfEmail(encoded string) (string, bool) {
	b, err := hex.DecodeString(encoded)
	if err != nil || len(b) < 4 || len(b) > 320 {
		return "", false
	}
	out := make([]byte, len(b)-1)
	for i, c := range b[1:] {
		out[i] = c ^ b[0]
	}
	s := clean(string(out))
	return s, strings.Contains(s, "@")
}

// cfPath is where Cloudflare sends readers without JavaScript; the fragment is
// the encoded address.
const cfPath = "/cdn-cgi/l/email-protection#"

// hiddenEmail returns the address that an element hides.
func hiddenEmail(h *html.Node) (string, bool) {
	if enc := attr(h, "data-cfemail"); enc != "" {
		return cfEmail(enc)
	}
	return "", false
}

// linkOf returns the link of an anchor with the given text.
func linkOf(h *html.Node, text string, base *url.URL) (policy.Link, bool) {
	href := attr(h, "href")
	if _, enc, ok := strings.Cut(href, cfPath); ok {
		if mail, ok := cfEmail(enc); ok {
			return policy.Link{Text: text, URL: "mailto:" + mail}, true
		}
	}
	if attr(h, "data-cfemail") != "" {
		return policy.Link{Text: text, URL: "mailto:" + text}, text != ""
	}
	target := resolve(base, href)
	return policy.Link{Text: text, URL: target}, target != "" && text != ""
}
