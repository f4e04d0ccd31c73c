package normalize

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"golang.org/x/net/html"

	"watcher/policy"
)

// The names under which sites link their documents, by kind, in the texts and in
// the addresses of links.
var (
	privacyLink = regexp.MustCompile(`(?i)privacy|datenschutz|confidentialit|vie[ -]privee|vie privée|privacidad|riservatezza|informativa|persondata|integritet|soukrom|prywatno|プライバシー|隐私|隱私`)
	cookieLink  = regexp.MustCompile(`(?i)cookie`)
	termsLink   = regexp.MustCompile(`(?i)terms|conditions|nutzungsbedingungen|agb|cgu|termini|términos|voorwaarden|tos\b`)
	otherLink   = regexp.MustCompile(`(?i)legal|policies|imprint|impressum`)
	movedText   = regexp.MustCompile(`(?i)\b(?:has|have|was|were) (?:been )?(?:moved|relocated|transferred)\b|\b(?:moved|relocated) (?:to|here)\b|\bnew (?:location|address|home)\b|\bnow (?:be )?(?:found|located|available) (?:at|on|here)\b|\bist umgezogen\b|\ba été déplacée?\b|\bse ha (?:movido|trasladado)\b`)
)

// linkNames returns what a link to a document of a kind says.
func linkNames(k policy.Kind) *regexp.Regexp {
	switch k {
	case policy.KindPrivacy, policy.KindDPA, policy.KindSubprocessors, policy.KindSecurity:
		return privacyLink
	case policy.KindCookies:
		return cookieLink
	case policy.KindTerms:
		return termsLink
	}
	return otherLink
}

// maxFound bounds the links of a page that are looked at.
const maxFound = 5000

// PolicyLink looks through a page that is not the policy for the link that most
// likely leads to it, and says whether the page tells of a move. It returns ""
// where there is none; the page's own address is none.
func PolicyLink(in Input, kind policy.Kind) (address string, moved bool) {
	text, _, err := Decode(in.Body, in.ContentType)
	if err != nil {
		return "", false
	}
	root, err := html.Parse(strings.NewReader(text))
	if err != nil {
		return "", false
	}
	base := baseURL(root, in.URL)
	best, names, seen := 0, linkNames(kind), 0
	var words strings.Builder
	for h := range root.Descendants() {
		if h.Type == html.TextNode && words.Len() < 20_000 {
			words.WriteString(h.Data + " ")
		}
		if h.Type != html.ElementNode || h.Data != "a" || seen == maxFound {
			continue
		}
		seen++
		target := resolve(base, attr(h, "href"))
		if !strings.HasPrefix(target, "http") || SameAddress(target, in.URL) {
			continue
		}
		if score := linkScore(names, nodeText(h), target, in.URL); score > best {
			best, address = score, target
		}
	}
	return address, movedText.MatchString(clean(words.String()))
}

// Link returns where the first link that a selector matches leads to, "" where
// there is none. The error names a bad selector.
func Link(in Input, selector string) (string, error) {
	group, err := compileCSS(selector)
	if err != nil {
		return "", fmt.Errorf("follow: %w", err)
	}
	text, _, err := Decode(in.Body, in.ContentType)
	if err != nil {
		return "", err
	}
	root, err := html.Parse(strings.NewReader(text))
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrUnsupported, err)
	}
	base := baseURL(root, in.URL)
	for h := range root.Descendants() {
		if h.Type != html.ElementNode || !group.Match(h) {
			continue
		}
		for _, name := range []string{"href", "src", "data"} { // a link, a frame, an object
			if target := resolve(base, attr(h, name)); strings.HasPrefix(target, "http") {
				return target, nil
			}
		}
	}
	return "", nil
}

// linkScore says how much a link looks like one to the document.
func linkScore(names *regexp.Regexp, text, target, page string) int {
	score := 0
	if names.MatchString(text) && countWords(text) <= 12 {
		score += 4
	}
	u, err := url.Parse(target)
	if err != nil || score == 0 && !names.MatchString(u.Path) {
		return 0
	}
	if names.MatchString(u.Path) {
		score += 2
	}
	if p, err := url.Parse(page); err == nil && p.Hostname() == u.Hostname() {
		score++
	}
	return score
}

// nodeText returns the text below a node, up to a bound.
func nodeText(h *html.Node) string {
	var b strings.Builder
	for c := range h.Descendants() {
		if c.Type == html.TextNode && b.Len() < 400 {
			b.WriteString(c.Data)
		}
	}
	return clean(b.String())
}

// SameAddress reports whether two addresses are of one page: http and https,
// "www.", a last slash, fragments and tracking parameters make no difference.
func SameAddress(a, b string) bool {
	x, y := addressKey(a), addressKey(b)
	return x != "" && x == y
}

func addressKey(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" {
		return ""
	}
	key := strings.TrimPrefix(strings.ToLower(u.Hostname()), "www.") + strings.TrimRight(u.EscapedPath(), "/")
	if q := dropTracking(u.RawQuery); q != "" {
		key += "?" + q
	}
	return key
}
