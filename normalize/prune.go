package normalize

import (
	"regexp"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"watcher/policy"
)

// rule leaves one kind of element out of the policy text.
type rule struct {
	// name is what Document.Dropped says.
	name string
	// share is the safety valve: the element is kept when it holds this share
	// of the page's words, in percent, or more.
	share int32
	// prose keeps an element that holds at least this many words in runs of
	// sentences; 0 means no such valve.
	prose int32
	match func(e elem) bool
}

// elem is an element as rules see it.
type elem struct {
	*node
	h    *html.Node
	t    trait
	role string
	p    *page
	i    int32
}

// The shares of the valves, in percent of the page's words. They were measured
// on 92 policies with hand-written selectors: recall 0.972, none below 0.5.
const (
	shareLandmark = 30
	shareWidget   = 15
	shareCookie   = 50
	shareLinks    = 10
	shareRelated  = 40
)

// hiddenRules leave out what no reader sees. They come before Full is made.
// Accordions and tabs hide their text in the same way, so neither what lies in
// the main content nor what a heading or handle unfolds counts as hidden.
func hiddenRules() []rule {
	return []rule{
		{"hidden", shareLandmark, 0, func(e elem) bool { return !e.inMain && e.concealed() && !e.unfolds() }},
		{"screen_reader", shareLandmark, 0, func(e elem) bool { return e.t&traitScreenReader != 0 && e.words <= 12 }},
		{"icon", shareLinks, 0, isIcon},
	}
}

// boilerplateRules leave out what surrounds a policy. The first that matches
// an element decides.
func boilerplateRules() []rule {
	return []rule{
		{"archive_notice", shareLandmark, 0, func(e elem) bool { return attr(e.h, "id") == "wm-ipp-base" || attr(e.h, "id") == "wm-ipp" }},
		{"cookie_banner", shareCookie, 0, isCookieBanner},
		{"dialog", shareLandmark, 0, isDialog},
		{"skip_link", shareLinks, 0, isSkipLink},
		{"nav", shareLandmark, 60, func(e elem) bool { return e.h.DataAtom == atom.Nav || e.role == "navigation" }},
		{"breadcrumb", shareLinks, 20, func(e elem) bool { return e.t&traitBreadcrumb != 0 }},
		{"header", shareLandmark, 150, isPageHeader},
		{"footer", shareLandmark, 0, isPageFooter},
		{"footer", shareCookie, 0, isInnerFooter},
		{"aside", shareLandmark, 0, isAside},
		{"form", shareLandmark, 60, isForm},
		{"button", shareLinks, 0, isButton},
		{"menu", shareWidget, 40, isMenu},
		{"menu", shareWidget, 1, isCurrentMenu},
		{"toc", shareLinks, 30, isContents},
		{"widget", shareWidget, 30, func(e elem) bool { return e.t&traitWidget != 0 && !isHeading(e.h) && !e.inText() }},
		{"related", shareRelated, 60, isRelated},
		{"link_list", shareLinks, 20, isLinkList},
		{"link_list", shareWidget, 1, isColumns},
	}
}

// prune applies rules to the page and tells what it left out.
func (p *page) prune(rules []rule) []dropped {
	var out []dropped
	for i := int32(1); i < int32(len(p.nodes)); { //nolint:gosec // maxTags bounds the count
		n := &p.nodes[i]
		if n.dropped {
			i = n.end
			continue
		}
		if n.h.Type != html.ElementNode || unmarked(n.h) {
			i++
			continue
		}
		e := elem{node: n, h: n.h, t: n.traits, role: attr(n.h, "role"), p: p, i: i}
		if name := p.verdict(rules, e); name != "" {
			out = append(out, dropped{name, i})
			p.drop(i)
			i = n.end
			continue
		}
		i++
	}
	return out
}

// unmarked says whether an element is one that no rule asks for: it has no
// attribute and is no landmark, container, link or button.
func unmarked(h *html.Node) bool {
	if len(h.Attr) > 0 || isContainer(h) {
		return false
	}
	switch h.DataAtom {
	case atom.A, atom.Nav, atom.Header, atom.Footer, atom.Aside, atom.Form, atom.Button, atom.Dialog:
		return false
	}
	return true
}

// verdict returns the name of the first rule that matches the element and
// whose valves let it go.
func (p *page) verdict(rules []rule, e elem) string {
	for k := range rules {
		r := &rules[k]
		if e.words > 0 && int64(e.words)*100 >= int64(r.share)*int64(p.total) && !p.giantMenu(r, e) || r.prose > 0 && e.prose >= r.prose {
			continue
		}
		if r.match(e) {
			return r.name
		}
	}
	return ""
}

// minRest is how many words in sentences must stand outside of a menu that is
// larger than its valve allows.
const minRest = 100

// giantMenu says whether a landmark of a page is all links and larger than the
// policy: some sites unfold their whole range of products in every header. The
// policy is what remains, so there must be one.
func (p *page) giantMenu(r *rule, e elem) bool {
	switch r.name {
	case "nav", "header", "footer":
		return e.linkWords*10 >= e.words*8 && p.nodes[0].prose-e.prose >= minRest
	}
	return false
}

// dropped is a subtree that a rule left out.
type dropped struct {
	rule string
	i    int32
}

// report turns what was left out into the document's list, without subtrees
// that hold no words.
func (p *page) report(drops []dropped) []policy.Drop {
	var out []policy.Drop
	for _, d := range drops {
		if p.nodes[d.i].words == 0 || !p.nodes[d.i].dropped {
			continue
		}
		out = append(out, policy.Drop{
			Rule: d.rule, Path: p.path(d.i), Words: int(p.nodes[d.i].words), Excerpt: excerpt(p.visibleText(d.i, 400)),
		})
	}
	return out
}

func (e elem) concealed() bool {
	return hasAttr(e.h, "hidden") || attr(e.h, "aria-hidden") == "true" || e.p.style(e.h).hidden
}

// unfolds says whether an element is a panel that its readers open: it holds
// sentences, and its name, its role or what stands before it says so.
func (e elem) unfolds() bool {
	if e.prose == 0 || e.t&(traitCookie|traitWidget|traitMenu) != 0 {
		return false
	}
	if e.t&traitPanel != 0 || e.role == "tabpanel" || e.role == "region" {
		return true
	}
	prev := e.h.PrevSibling
	for prev != nil && prev.Type != html.ElementNode {
		prev = prev.PrevSibling
	}
	return prev != nil && (isHeading(prev) || prev.DataAtom == atom.Dt || opens(prev) || prev.FirstChild != nil && prev.FirstChild.Type == html.ElementNode && opens(prev.FirstChild))
}

// maxIcon is how many words the text alternative of an icon has at most.
const maxIcon = 3

func isIcon(e elem) bool {
	if e.words > maxIcon {
		return false
	}
	return e.t&traitIcon != 0 || attr(e.h, "aria-hidden") == "true" && e.h.DataAtom != atom.Body
}

// cookieBanner matches ids and class names of consent tools and of home-made
// banners. Lists of cookies inside cookie policies ("ot-sdk-cookie-policy",
// "CookieDeclaration") are content and must not match.
var cookieBanner = regexp.MustCompile(`(?i)(?:^|[\s_-])(?:onetrust-(?:consent-sdk|banner|pc)|ot-sdk-container|cybotcookiebotdialog|` +
	`usercentrics|uc-banner|didomi-(?:host|notice|popup)|tarteaucitron(?:root|alert)|axeptio|klaro|osano-cm|cky-(?:consent|modal)|` +
	`truste|qc-cmp2?|sp_message|iubenda-cs|termly|cmplz|moove_gdpr|hs-eu-cookie|borlabs-?cookie|cc-(?:window|banner)|coiOverlay|` +
	`cookie[\w-]{0,24}(?:banner|consent|notice|popup|modal|dialog|bar|overlay|law|confirm|prompt|alert|disclaimer)|` +
	`(?:consent|gdpr|privacy)[_-]?(?:banner|popup|modal|dialog|bar|overlay|manager))`)

// cookieHints are how every match of cookieBanner begins, behind the start of a
// word: a fast way to rule a name out.
var cookieHints = []string{
	"onetrust", "ot-sdk", "cybot", "usercentrics", "uc-banner", "didomi", "tarteau", "axeptio", "klaro", "osano", "cky-", "truste",
	"qc-cmp", "sp_message", "iubenda", "termly", "cmplz", "moove", "hs-eu", "borlabs", "cc-", "coioverlay", "cookie", "consent", "gdpr", "privacy",
}

func isCookieName(s string) bool {
	for i := range len(s) {
		if (i == 0 || s[i-1] == '-' || s[i-1] == '_' || tagSpace(s[i-1])) && beginsCookieName(s[i:]) {
			return cookieBanner.MatchString(strings.ToLower(s))
		}
	}
	return false
}

func beginsCookieName(s string) bool {
	for _, hint := range cookieHints {
		if s[0]|0x20 == hint[0] && len(s) >= len(hint) && strings.EqualFold(s[:len(hint)], hint) {
			return true
		}
	}
	return false
}

func isCookieBanner(e elem) bool {
	return e.t&traitCookie != 0 && e.h.DataAtom != atom.Body && !isHeading(e.h)
}

func isDialog(e elem) bool {
	return e.h.DataAtom == atom.Dialog || e.role == "dialog" || e.role == "alertdialog" || e.role == "alert" && !e.inMain || attr(e.h, "aria-modal") == "true"
}

// skipText is the wording of skip links in the languages of our tables.
var skipText = regexp.MustCompile(`(?i)^(?:skip|jump|go|zum|direkt|aller|passer|accéder|saltar|ir|vai|salta|naar|przejdź|gå|hoppa|spring|přejít)\b.{0,40}$`)

func isSkipLink(e elem) bool {
	if e.words > 8 || e.inMain && e.h.DataAtom != atom.A {
		return false
	}
	if e.t&traitSkip != 0 {
		return true
	}
	return e.h.DataAtom == atom.A && e.anchors == 1 && e.words <= 6 && !e.inMain && skipText.MatchString(e.p.visibleText(e.i, 100))
}

// isPageHeader matches the site's header, not that of an article. A header
// with the page's h1 is kept: its menus fall to their own rules.
func isPageHeader(e elem) bool {
	if e.inMain || e.h.DataAtom != atom.Header && e.role != "banner" && e.t&traitHeader == 0 {
		return false
	}
	return !isHeading(e.h) && !e.holds(func(h *html.Node) bool { return h.DataAtom == atom.H1 || isMain(h) })
}

func isPageFooter(e elem) bool {
	if e.inMain || isHeading(e.h) {
		return false
	}
	if e.h.DataAtom == atom.Footer || e.role == "contentinfo" {
		return true
	}
	return e.t&traitFooter != 0 && e.h.DataAtom != atom.Body && e.prose*2 < e.p.total
}

func isAside(e elem) bool {
	if e.h.DataAtom != atom.Aside && e.role != "complementary" && e.t&traitSidebar == 0 {
		return false
	}
	if e.h.DataAtom == atom.Body || isHeading(e.h) {
		return false
	}
	return !e.inMain || e.linkWords*2 > e.words
}

// isRelated matches cards that lead to other articles.
func isRelated(e elem) bool {
	return e.t&traitRelated != 0 && !isHeading(e.h) && e.h.DataAtom != atom.Body && e.linkWords*10 >= e.words*6
}

// inText says whether an element lies within a paragraph or table cell: what
// is called a widget there is part of the text.
func (e elem) inText() bool {
	for a := e.parent; a >= 0; a = e.p.nodes[a].parent {
		switch e.p.nodes[a].h.DataAtom {
		case atom.P, atom.Td, atom.Th, atom.Blockquote, atom.Dd:
			return true
		}
	}
	return false
}

func isForm(e elem) bool {
	return e.h.DataAtom == atom.Form && !e.inMain || e.role == "search"
}

// isButton matches buttons that do something to the page; those that open a
// part of it carry its heading.
func isButton(e elem) bool {
	if e.h.DataAtom != atom.Button && e.role != "button" || e.words > 12 {
		return false
	}
	if opens(e.h) {
		return false
	}
	for a := e.parent; a >= 0; a = e.p.nodes[a].parent {
		if h := e.p.nodes[a].h; isHeading(h) || h.DataAtom == atom.Summary || h.DataAtom == atom.Dt {
			return false
		}
	}
	return true
}

// opens says whether an element is the handle of an accordion or tab.
func opens(h *html.Node) bool {
	return !popsUp(h) &&
		(hasAttr(h, "aria-expanded") || hasAttr(h, "aria-controls") || hasAttr(h, "data-toggle") || hasAttr(h, "data-bs-toggle"))
}

func isMenu(e elem) bool {
	if e.t&traitMenu == 0 && e.role != "menu" && e.role != "menubar" || e.h.DataAtom == atom.Body || isHeading(e.h) {
		return false
	}
	return e.words <= 6 || e.linkWords*10 >= e.words*6
}

// isContents matches tables of contents: their entries are the headings, which
// are in the text already.
func isContents(e elem) bool {
	if isHeading(e.h) || e.links < 3 || e.linkWords*10 < e.words*7 {
		return false
	}
	return e.t&traitTOC != 0 || isContainer(e.h) && e.anchors*10 >= e.links*8 && e.linkWords*10 >= e.words*8
}

// isLinkList matches menus without a telling name: many short links and
// nothing else. Lists of links inside the main content may be the policy's.
func isLinkList(e elem) bool {
	if e.inMain || !isContainer(e.h) || e.links < 4 {
		return false
	}
	return e.linkWords*10 >= e.words*8 && e.linkWords <= e.links*5
}

func isContainer(h *html.Node) bool {
	switch h.DataAtom {
	case atom.Ul, atom.Ol, atom.Menu, atom.Div, atom.Section, atom.Table, atom.Details, atom.Dl, atom.Td:
		return true
	}
	return false
}

func isHeading(h *html.Node) bool {
	switch h.DataAtom {
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		return true
	}
	return attr(h, "role") == "heading"
}

// holds says whether an element below e fulfils the condition.
func (e elem) holds(cond func(*html.Node) bool) bool {
	for k := e.i + 1; k < e.end; k++ {
		if n := &e.p.nodes[k]; n.h.Type == html.ElementNode && !n.dropped && cond(n.h) {
			return true
		}
	}
	return false
}

// clip shortens text for matching.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
}
