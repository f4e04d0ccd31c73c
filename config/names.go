package config

import (
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"github.com/andybalholm/cascadia"

	"watcher/policy"
)

// slugPattern is one half of a policy id.
var slugPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9-]*$`)

const maxSlug = 100

// slugLike is a word that may stand in a policy id.
func slugLike[V ~string](placeholder, what string) scalar[V] {
	return stringOf[V](placeholder, schema{"pattern": slugPattern.String(), "maxLength": maxSlug}, func(text string) *fault {
		if slugPattern.MatchString(text) && len(text) <= maxSlug {
			return nil
		}
		near := policy.Slug(text)
		if len(near) > maxSlug {
			near = ""
		}
		return faultf(didYouMean(near, "for example `"+what+"`"), "%s: want at most %d lower-case letters, digits and \"-\"", shown(text), maxSlug)
	})
}

// policyID is a whole policy id, for example "3shape/privacy".
func policyID() scalar[policy.ID] {
	return stringOf[policy.ID]("<policy_id>", schema{"pattern": `^[a-z0-9][a-z0-9-]*/[a-z0-9][a-z0-9-]*$`}, func(text string) *fault {
		if _, err := policy.ParseID(text); err == nil {
			return nil
		}
		vendor, kind, _ := strings.Cut(text, "/")
		near := ""
		if id, err := policy.ParseID(policy.Slug(vendor) + "/" + policy.Slug(kind)); err == nil {
			near = string(id)
		}
		return faultf(didYouMean(near, "for example `3shape/privacy`"), "%s is not a policy id: want vendor/kind in lower-case letters, digits and \"-\"", shown(text))
	})
}

var langPattern = regexp.MustCompile(`^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$`)

// language is a BCP 47 tag.
func language() scalar[string] {
	return stringOf[string]("<lang>", schema{"pattern": langPattern.String()}, func(text string) *fault {
		if langPattern.MatchString(text) && len(text) <= 35 { // RFC 5646 section 4.4.1
			return nil
		}
		near := strings.ReplaceAll(text, "_", "-")
		if !langPattern.MatchString(near) {
			near = ""
		}
		return faultf(didYouMean(near, "for example `en` or `pt-BR`"), "%s is not a language tag", shown(text))
	})
}

// source is where captures come from. Words that name other origins of captures get an answer of their own.
func source() scalar[policy.Source] {
	names := []string{string(policy.SourceLive), string(policy.SourceBrowser), string(policy.SourceWayback)}
	return stringOf[policy.Source]("<source>", schema{"enum": names}, func(text string) *fault {
		switch policy.Source(text) {
		case policy.SourceLive, policy.SourceBrowser, policy.SourceWayback:
			return nil
		case policy.SourceWARC, policy.SourceOTA, policy.SourceFile:
			return faultf("use `live`", "source `%s` cannot be watched", text)
		}
		return faultf(didYouMean(nearest(text, names), "want live, browser or wayback"), "unknown source %s", shown(text))
	})
}

// tag is a label of a vendor. A comma is most likely a list without brackets.
func tag() scalar[string] {
	return stringOf[string]("<string>", schema{"minLength": 1}, func(text string) *fault {
		if strings.Contains(text, ",") {
			return faultf("write a list: ["+text+"]", "%s contains a comma", shown(text))
		}
		return nil
	})
}

// webURL is an absolute http or https URL.
func webURL[V ~string]() scalar[V] {
	t := stringOf[V]("<url>", schema{"pattern": "^https?://"}, func(text string) *fault {
		if withCredentials(text) {
			return checkURL(text, theValue)
		}
		return checkURL(text, shown(text))
	})
	t.suspect = withCredentials
	return t
}

// theValue stands for a value that a message must not quote.
const theValue = "the value"

// withCredentials reports whether text may be a URL with a password in it. An
// "@" in the path is fine.
func withCredentials(text string) bool {
	_, rest, found := strings.Cut(text, "//")
	if !found {
		rest = text
	}
	authority, _, _ := strings.Cut(rest, "/")
	return strings.Contains(authority, "@")
}

// secretURL is a URL that is itself a secret: no message quotes it.
func secretURL() scalar[Secret] {
	return secretText("<secret_url>", func(text string) *fault { return checkURL(text, theValue) })
}

// secretText is a string that must not be displayed.
func secretText(placeholder string, check func(string) *fault) scalar[Secret] {
	t := stringOf[Secret](placeholder, schema{}, func(text string) *fault {
		if text == Redacted { // see Parse
			return nil
		}
		return check(text)
	})
	t.secret = true
	t.format = Secret.String
	return t
}

// checkURL judges a URL; name stands for it in messages.
func checkURL(text, name string) *fault {
	u, err := url.Parse(text)
	if err != nil {
		return faultf(schemeHint(text, name), "%s is not a URL", name)
	}
	switch scheme := strings.ToLower(u.Scheme); {
	case scheme != "http" && scheme != "https":
		return faultf(schemeHint(text, name), "%s is not an absolute http or https URL", name)
	case u.Hostname() == "":
		return faultf("for example `https://example.org/privacy`", "%s has no host", name)
	case u.User != nil:
		return faultf("remove what stands before the @; a policy can send credentials by `headers:`", "a URL must not hold a user name or password")
	case !validPort(u.Port()) || strings.HasSuffix(u.Host, ":"):
		return faultf("want 1 to 65535, or no port at all", "%s has an impossible port", name)
	case !validHost(u.Hostname()):
		return faultf("look for typing errors in the host", "%s has an impossible host", name)
	}
	return nil
}

var hostWithPath = regexp.MustCompile(`^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+(:\d+)?([/?#].*)?$`)

// schemeHint proposes https:// where that is what is missing.
func schemeHint(text, name string) string {
	quoted := name != theValue
	switch {
	case hostWithPath.MatchString(text) && quoted:
		return didYouMean("https://"+text, "")
	case hostWithPath.MatchString(text):
		return "it must begin with https://"
	case strings.HasPrefix(text, "//") && quoted:
		return didYouMean("https:"+text, "")
	}
	return "for example `https://example.org/privacy`"
}

func validPort(port string) bool {
	if port == "" {
		return true
	}
	n, err := strconv.Atoi(port)
	return err == nil && n >= 1 && n <= 65535
}

// validHost accepts addresses and names, also international ones.
func validHost(host string) bool {
	if a, err := netip.ParseAddr(host); err == nil {
		return a.Zone() == "" // a zone means something on one machine only
	}
	if len(host) > 253 || strings.Contains(host, ":") {
		return false
	}
	for label := range strings.SplitSeq(strings.TrimSuffix(host, "."), ".") {
		if label == "" || len(label) > 63 || strings.HasPrefix(label, "-") || strings.HasSuffix(label, "-") {
			return false
		}
		for _, r := range label {
			if r != '-' && r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) {
				return false
			}
		}
	}
	return true
}

// hostName is the name of a host, without scheme, port and path.
func hostName() scalar[string] {
	t := stringOf[string]("<host>", schema{"pattern": `^[^/:*]+$|^[0-9A-Fa-f:.]+$`}, func(text string) *fault {
		if strings.Contains(text, "*") {
			return faultf("list every host", "%s: wildcards are not supported", shown(text))
		}
		if validHost(text) {
			return nil
		}
		near := ""
		if u, err := url.Parse(text); err == nil && u.Hostname() != "" {
			near = u.Hostname()
		} else if h, _, err := net.SplitHostPort(text); err == nil {
			near = h
		} else if h, _, ok := strings.Cut(text, "/"); ok {
			near = h
		}
		if !validHost(near) {
			near = ""
		}
		return faultf(didYouMean(near, "for example `www.example.org`"), "%s is not a host name", shown(text))
	})
	parse := t.parse
	t.parse = func(text string) (string, *fault) {
		host, bad := parse(text)
		return strings.ToLower(host), bad
	}
	return t
}

// cssSelector is a CSS selector that the normaliser can use.
func cssSelector() scalar[string] {
	return stringOf[string]("<css_selector>", schema{"minLength": 1}, func(text string) *fault {
		if _, err := cascadia.ParseGroup(text); err != nil {
			return faultf("try it with `watcher extract URL`; only standard CSS selectors work here", "%s is not a CSS selector: %v", shown(text), err)
		}
		return nil
	})
}

// contact is where site owners reach the operator: a mail address or a URL.
func contact() scalar[string] {
	return stringOf[string]("<string>", schema{"minLength": 1}, func(text string) *fault {
		if a, err := mail.ParseAddress(text); err == nil && a.Address == text {
			return nil
		}
		if strings.Contains(text, "://") {
			return checkURL(text, shown(text))
		}
		return faultf("for example `privacy-watch@example.org`", "%s is neither a mail address nor a URL", shown(text))
	})
}

// userAgent is a header value that every server can read.
func userAgent() scalar[string] {
	const longest = 256
	return stringOf[string]("<string>", schema{"minLength": 1, "maxLength": longest}, func(text string) *fault {
		for _, r := range text {
			if r < ' ' || r > '~' {
				return faultf("use ASCII only", "contains %q, which a header may not hold", r)
			}
		}
		if len(text) > longest {
			return faultf("shorten it", "is longer than %d characters", longest)
		}
		return nil
	})
}

// receiverName names a receiver in routes, metrics and the outbox. A slash is
// refused because it separates the name from the integration there.
func receiverName() scalar[string] {
	const longest = 100
	return stringOf[string]("<string>", schema{"pattern": "^[^/]+$", "maxLength": longest}, func(text string) *fault {
		switch {
		case len(text) > longest:
			return faultf("shorten it", "is longer than %d bytes", longest)
		case strings.Contains(text, "/"):
			return faultf(didYouMean(strings.ReplaceAll(text, "/", "-"), ""), "%s: a receiver's name must not contain a slash", shown(text))
		}
		return nil
	})
}
