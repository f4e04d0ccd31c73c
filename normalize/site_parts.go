package normalize

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"watcher/policy"
)

// The figures of the parts of a site that stand around or within the main
// content without a telling name.
const (
	// minFooterLinks and footerShare make a footer within the main content a
	// menu: so many links, which hold this part of its words, in percent.
	minFooterLinks = 4
	footerShare    = 60
	// minColumns and minColumnLinks make a group of columns the sitemap of a
	// site; maxColumnLabel is how many words the title of a column has.
	minColumns     = 3
	minColumnLinks = 8
	maxColumnLabel = 4
	// minCurrentLinks is how many links a menu has of which one is the page.
	minCurrentLinks = 3
	// maxLinkWords is how many words the links of a menu have on average.
	maxLinkWords = 5
)

// isInnerFooter matches the site's footer where the main element is the whole
// page: a footer of links at the end of it. That of an article has sentences, or
// text after it.
func isInnerFooter(e elem) bool {
	if !e.inMain || e.h.DataAtom != atom.Footer && attr(e.h, "role") != "contentinfo" {
		return false
	}
	return e.links >= minFooterLinks && e.linkWords*100 >= e.words*footerShare && e.prose == 0 && e.lastProse()
}

// lastProse says whether no sentences follow an element in the main content, or on
// a page without one. Banners, dialogs and footers, which come and go, are no
// part of the text.
func (e elem) lastProse() bool {
	end := e.p.nodes[0].end
	for a := e.parent; a > 0; a = e.p.nodes[a].parent {
		if isMain(e.p.nodes[a].h) {
			end = e.p.nodes[a].end
		}
	}
	for k := e.end; k < end; k++ {
		n := &e.p.nodes[k]
		if n.dropped {
			k = n.end - 1
			continue
		}
		if n.h.Type == html.TextNode {
			if n.prose > 0 {
				return false
			}
			continue
		}
		if after := (elem{node: n, h: n.h, t: n.traits, role: attr(n.h, "role"), p: e.p, i: k}); n.prose > 0 && (isCookieBanner(after) || isDialog(after) || isPageFooter(after)) {
			k = n.end - 1
		}
	}
	return true
}

// siteLink matches the names of pages that every sitemap of a vendor has.
var siteLink = regexp.MustCompile(`(?i)^(?:about(?: us)?|company|careers|jobs|news|newsroom|press|blog|contact(?: us)?|help|help cent(?:er|re)|support|faqs?|` +
	`documentation|docs|pricing|status|partners|privacy(?: policy)?|terms(?: of (?:service|use))?|legal|imprint|cookies|security|` +
	`über uns|karriere|presse|kontakt|hilfe|impressum|datenschutz|agb|à propos|carrières|contactez-nous|aide|mentions légales|` +
	`acerca de|empleo|prensa|contacto|ayuda|chi siamo|lavora con noi|contatti)$`)

// minSiteLinks is how many of them make columns of links a sitemap.
const minSiteLinks = 2

// isColumns matches a sitemap in columns at the end of a page: each a short
// title over links, and some of these lead where every site leads.
func isColumns(e elem) bool {
	if e.inMain || !isContainer(e.h) || e.prose > 0 || e.links < minColumnLinks || e.linkWords > e.links*maxLinkWords || e.linkWords*100 < e.words*footerShare {
		return false
	}
	columns := 0
	for k := e.i + 1; k < e.end; k = e.p.nodes[k].end {
		switch c := &e.p.nodes[k]; {
		case c.dropped || c.words == 0:
		case c.h.Type != html.ElementNode || c.links == 0 || c.words-c.linkWords > maxColumnLabel:
			return false
		default:
			columns++
		}
	}
	return columns >= minColumns && e.p.siteLinks(e.i) >= minSiteLinks && e.lastProse()
}

// siteLinks counts the links below an element to the pages that every site has.
func (p *page) siteLinks(i int32) int {
	n := 0
	for k := i + 1; k < p.nodes[i].end; k++ {
		if c := &p.nodes[k]; c.h.DataAtom == atom.A && c.words <= maxLinkWords && siteLink.MatchString(strings.TrimRight(p.visibleText(k, 60), ".")) {
			n++
		}
	}
	return n
}

// isCurrentMenu matches a menu between the pages of a site that marks the page it
// is on: nothing but links, one of which is said to be the current page.
func isCurrentMenu(e elem) bool {
	if !isContainer(e.h) || e.links < minCurrentLinks || e.linkWords < e.words || e.linkWords > e.links*maxLinkWords {
		return false
	}
	return e.holds(func(h *html.Node) bool { return h.DataAtom == atom.A && attr(h, "aria-current") == "page" })
}

// popsUp says whether a button opens something over the page, a menu or a
// dialog, rather than a part of it.
func popsUp(h *html.Node) bool {
	switch attr(h, "aria-haspopup") {
	case "menu", "dialog", "listbox", "tree", "grid":
		return true
	}
	return false
}

// dropSignature leaves out a last line that only repeats the name of the page or
// of its site, as the title in the head gives it.
func dropSignature(units []unit, title string) ([]unit, []policy.Drop) {
	last := len(units) - 1
	if last < 1 || title == "" {
		return units, nil
	}
	u := units[last]
	name := compact(u.text)
	if u.heading() || u.kind == policy.TableRow || name == "" || countWords(u.text) > maxLabelWords || endsSentence(u.text) {
		return units, nil
	}
	for _, part := range append(titleParts.Split(title, -1), title) {
		if compact(part) == name {
			return units[:last], []policy.Drop{lineDrop("label", last, units[last:])}
		}
	}
	return units, nil
}

// titleParts matches what stands between the name of a page and that of its site.
var titleParts = regexp.MustCompile(`\s+[|·•–—:-]\s+`)

// appStores are where the badges lead that sites put beside their menus.
var appStores = []string{
	"apps.apple.com", "itunes.apple.com", "play.google.com", "apps.microsoft.com", "appgallery.huawei.com", "galaxystore.samsung.com", "f-droid.org",
}

// appStore says whether a link leads to a store of apps.
func appStore(href string) bool {
	u, err := url.Parse(href)
	return err == nil && slices.Contains(appStores, strings.ToLower(u.Hostname()))
}
