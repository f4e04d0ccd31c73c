package normalize

import (
	"strings"

	"golang.org/x/net/html"
)

// trait is what the class names or the id of an element say of its purpose.
type trait uint16

// The traits. Each belongs to one pruning rule; traitPanel keeps from one.
const (
	traitMenu trait = 1 << iota
	traitWidget
	traitFooter
	traitHeader
	traitSidebar
	traitScreenReader
	traitSkip
	traitIcon
	traitHeading
	traitBreadcrumb
	traitTOC
	traitRelated
	traitCookie
	traitPanel
)

// traits maps the words of class names and short ids to their meaning. Words
// are the parts between "-", "_" and camel-case humps, in lower case.
func traits() map[string]trait {
	return map[string]trait{
		"nav": traitMenu, "navbar": traitMenu, "navigation": traitMenu, "menu": traitMenu, "submenu": traitMenu,
		"megamenu": traitMenu, "topnav": traitMenu, "subnav": traitMenu, "topbar": traitMenu, "offcanvas": traitMenu,
		"langswitcher": traitMenu, "pagination": traitMenu, "pager": traitMenu, "mainmenu": traitMenu,

		"breadcrumb": traitBreadcrumb, "breadcrumbs": traitBreadcrumb, "crumbs": traitBreadcrumb,
		"toc": traitTOC, "tableofcontents": traitTOC,

		"share": traitWidget, "social": traitWidget, "socials": traitWidget, "sharing": traitWidget, "addtoany": traitWidget,
		"newsletter": traitWidget, "subscribe": traitWidget, "feedback": traitWidget, "helpful": traitWidget, "comments": traitWidget,
		"comment": traitWidget, "widget": traitWidget, "widgets": traitWidget, "promo": traitWidget, "advert": traitWidget,
		"ads": traitWidget, "popup": traitWidget, "modal": traitWidget, "toast": traitWidget, "drawer": traitWidget,
		"cta": traitWidget, "login": traitWidget, "signin": traitWidget, "signup": traitWidget,
		"byline": traitWidget, "avatar": traitWidget, "rating": traitWidget, "chatbot": traitWidget, "livechat": traitWidget,
		"related": traitRelated, "recommended": traitRelated, "recommendations": traitRelated, "seealso": traitRelated,
		"search": traitWidget, "searchbox": traitWidget, "backtotop": traitWidget, "reactions": traitWidget, "toolbar": traitWidget,
		"locale": traitWidget, "votes": traitWidget, "printbutton": traitWidget, "noprint": traitWidget,

		"footer": traitFooter, "footers": traitFooter, "colophon": traitFooter, "copyright": traitFooter,
		"header": traitHeader, "masthead": traitHeader,
		"accordion": traitPanel, "accordions": traitPanel, "collapse": traitPanel, "collapsible": traitPanel, "expandable": traitPanel,
		"tabpanel": traitPanel, "tabcontent": traitPanel, "panel": traitPanel, "faq": traitPanel, "toggle": traitPanel,

		"sidebar": traitSidebar, "sidenav": traitSidebar, "aside": traitSidebar, "rail": traitSidebar,
	}
}

// phrases are class names that are taken whole.
func phrases() map[string]trait {
	return map[string]trait{
		"sr-only": traitScreenReader, "visually-hidden": traitScreenReader, "visuallyhidden": traitScreenReader,
		"screen-reader-text": traitScreenReader, "screen-reader-only": traitScreenReader, "u-sr-only": traitScreenReader,
		"offscreen": traitScreenReader, "element-invisible": traitScreenReader, "assistive-text": traitScreenReader,
		"skip-link": traitSkip, "skip-to-content": traitSkip, "skiplink": traitSkip, "skip-links": traitSkip, "skip-nav": traitSkip,
		"material-icons": traitIcon, "material-icons-outlined": traitIcon, "material-symbols-outlined": traitIcon,
		"material-symbols-rounded": traitIcon, "google-material-icons": traitIcon, "material-icons-extended": traitIcon,
		"headerlink": traitIcon, "heading-anchor": traitIcon, "anchorjs-link": traitIcon, "hash-link": traitIcon, "permalink": traitIcon,
	}
}

// lexicon looks traits up and remembers the answers: most class attributes of
// a page occur many times. It serves one page.
type lexicon struct {
	words, whole map[string]trait
	known        map[string]trait
}

func newLexicon() *lexicon {
	return &lexicon{words: traitWords, whole: traitPhrases, known: map[string]trait{}}
}

var (
	traitWords   = traits()
	traitPhrases = phrases()
)

// maxToken bounds the words that are looked up; longer ones mean nothing.
const maxToken = 24

// of returns the traits of an element's classes and id.
func (x *lexicon) of(h *html.Node) trait {
	var t trait
	for i := range h.Attr {
		switch h.Attr[i].Key {
		case "class":
			t |= x.classes(h.Attr[i].Val)
		case "id":
			// Ids are often made from headings ("how-we-share-data"): only
			// short ones name a purpose.
			id := h.Attr[i].Val
			if len(id) <= 24 && strings.Count(id, "-")+strings.Count(id, "_") <= 1 {
				t |= x.name(id)
			}
			if isCookieName(id) {
				t |= traitCookie
			}
		}
	}
	return t
}

func (x *lexicon) classes(attr string) trait {
	if t, ok := x.known[attr]; ok {
		return t
	}
	var t trait
	for name := range strings.FieldsSeq(attr) {
		t |= x.name(name)
	}
	if isCookieName(attr) {
		t |= traitCookie
	}
	x.known[attr] = t
	return t
}

// name returns the traits of one class name. Names with ":", "/" or "[" are
// utility classes that say when, not what.
func (x *lexicon) name(name string) trait {
	if strings.ContainsAny(name, ":/[") || len(name) > 80 {
		return 0
	}
	var buf [maxToken]byte
	if len(name) <= maxToken {
		if t, ok := x.whole[name]; ok {
			return t
		}
	}
	var t trait
	n, lower := 0, false
	flush := func() {
		if n >= 2 && n <= maxToken {
			t |= x.words[string(buf[:n])]
		}
		n = 0
	}
	for i := range len(name) {
		c := name[i]
		switch {
		case c >= 'A' && c <= 'Z':
			if lower {
				flush()
			}
			c += 'a' - 'A'
			lower = false
		case c >= 'a' && c <= 'z':
			lower = true
		default:
			flush()
			lower = false
			continue
		}
		if n < maxToken {
			buf[n] = c
		}
		n++
	}
	flush()
	return t
}
