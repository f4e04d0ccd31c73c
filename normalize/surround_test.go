package normalize

import (
	"slices"
	"strings"
	"testing"

	"watcher/policy"
)

// around wraps something in a policy page without telling markup.
func around(before, after string) Input {
	text := "<h1>Privacy Policy</h1><p>" + strings.Repeat(longSentence, 12) + "</p><h2>Contact</h2><p>" + strings.Repeat(longSentence, 4) + "</p>"
	return Input{Body: wrapPage("<div>" + before + "</div><div>" + text + "</div><div>" + after + "</div>"), ContentType: "text/html"}
}

// TestSurroundings: what stands around a policy without telling markup is left
// out, is named, and leaves the policy as it is; what only looks alike stays.
func TestSurroundings(t *testing.T) {
	plain := document(t, Rules{}, around("", "")).Text()
	for _, tc := range []struct{ name, rule, before, after string }{
		{
			"a consent box", "cookie_banner", "",
			`<div class=x1><p>We would like to use cookies to make this site nicer for you and for us.</p><button>Accept all cookies</button><button>Only necessary</button></div>`,
		},
		{
			"a German consent box", "cookie_banner", "",
			`<div class=x1><p>Wir nutzen Cookies, damit diese Seite schöner wird.</p><button>Alle akzeptieren</button><button>Alle ablehnen</button></div>`,
		},
		{"a menu of legal documents", "legal_menu", "", "<p>Privacy Notice</p><p>Terms of Use</p><p>Imprint</p><p>Cookie settings page</p>"},
		{
			"links at the end", "link_list", "",
			"<ul><li><a href=/p>Privacy</a><li><a href=/r>Ranking</a><li><a href=/i>Imprint</a><li><a href=/a>Ads</a></ul>",
		},
		{"a pager", "pager", "", "<p>1-10 of 14 results</p><p>Results per page</p>"},
		{"a copyright line", "copyright", "", "<p>Acme © 2031</p>"},
		{"an icon", "icon", "", "<p>fa-envelope acme-fa-regular</p>"},
		{"an assistant", "assistant", "", "<p>Ask Acme a question</p><p>Please verify answers for accuracy.</p>"},
		{"badges", "app_badge", "", "<p>App Store Google Play</p>"},
	} {
		d := document(t, Rules{}, around(tc.before, tc.after))
		if got := d.Text(); got != plain {
			t.Errorf("%s is left in the text:\n%s", tc.name, got[max(0, len(got)-300):])
		}
		found := false
		for _, drop := range d.Dropped {
			found = found || drop.Rule == tc.rule
		}
		if !found {
			t.Errorf("%s: no drop by %s: %+v", tc.name, tc.rule, d.Dropped)
		}
	}
}

func TestSurroundingsThatAreText(t *testing.T) {
	for _, s := range []string{
		"<h2>What we collect on our site</h2><ul><li>Cookies<li>Security tokens<li>Trust scores<li>License keys</ul>",
		"<p>Acme Legal Department</p><p>Privacy Officer</p><p>Harbour Street</p>",
		"<h2>Documents that belong to this policy</h2><p>Privacy Notice</p><p>Cookie Notice</p><p>Processing Terms</p><h2>Contact us</h2><p>Write to us.</p>",
		"<h2>Acknowledgement</h2><ul><li>receiving messages from us<li>sharing data with partners<li>being called by us<li>letting us keep scans<li>training of our models</ul>",
		"<p>These documents belong to this policy:</p><p>Privacy Notice</p><p>Terms of Use</p><p>Imprint</p>",
		"<h2>Sub-processors</h2><p>Acme Cloud</p><p>Globex</p><p>Initech</p>",
		"<p>You may accept or reject cookies in the settings of your browser at any time, we do not mind.</p>",
		"<h2>Credits</h2><p>A person who finds a flaw is paid for it, and we say so on this page.</p><p>Ada Example</p>",
	} {
		d := document(t, Rules{}, around("", s))
		for _, want := range strings.FieldsFunc(s, func(r rune) bool { return r == '<' || r == '>' }) {
			if len(want) > 3 && !strings.Contains(d.Text(), want) {
				t.Errorf("%q was left out of %q", want, s)
			}
		}
	}
}

// What stands in the main content may be the policy's, buttons or not.
func TestConsentInMain(t *testing.T) {
	box := "<div><p>We use cookies and like to tell you so.</p><button>Accept all cookies</button><button>Reject all</button></div>"
	text := "<main><h1>Cookie Policy</h1><p>" + strings.Repeat(longSentence, 12) + "</p>" + box + "</main>"
	if d := document(t, Rules{}, Input{Body: wrapPage(text), ContentType: "text/html"}); !strings.Contains(d.Text(), "like to tell you so") {
		t.Error("a sentence of the policy was taken for a dialog")
	}
}

// A section that speaks of cookies and has links like answers is no dialog.
func TestConsentBetweenParagraphs(t *testing.T) {
	box := "<div><h2>Cookies and advertising</h2><p>We use cookies and sell what they tell us to others.</p><a href=/c>Cookie settings</a> <a href=/r>Reject all</a></div>"
	text := "<h1>Privacy Policy</h1><p>" + strings.Repeat(longSentence, 12) + "</p>" + box + "<p>" + strings.Repeat(longSentence, 4) + "</p>"
	if d := document(t, Rules{}, Input{Body: wrapPage(text), ContentType: "text/html"}); !strings.Contains(d.Text(), "sell what they tell us") {
		t.Error("a section of the policy was taken for a dialog")
	}
}

func TestNameList(t *testing.T) {
	names := "<h2>Acknowledgements</h2><p>We thank those who told us of a flaw, and name them here if they like.</p><ul><li>Ada Example<li>Bo Sample<li>Cy Pattern<li>Di Model<li>Ed Specimen</ul>"
	d := document(t, Rules{}, around("", names))
	if text := d.Text(); strings.Contains(text, "Bo Sample") || !strings.Contains(text, "We thank those") {
		t.Errorf("the list of names is not told from the text:\n%s", text[max(0, len(text)-300):])
	}
}

// TestHub: at the end of a page links make up for names.
func TestHub(t *testing.T) {
	link := func(s string) unit { return unit{text: s, links: []policy.Link{{Text: s, URL: "/x"}}} }
	text := unit{text: "We answer every letter that reaches us."}
	menu := []unit{text, link("Privacy"), link("Ranking"), link("Advertising"), link("Cookies")}
	if !isHub(menu, 1, len(menu)) {
		t.Error("a menu of links at the end stays")
	}
	if isHub(append(slices.Clip(menu), text), 1, 5) {
		t.Error("a list within the text is taken for a menu")
	}
	menu[0].text = "These pages belong to it:"
	if isHub(menu, 1, len(menu)) {
		t.Error("an enumeration is taken for a menu")
	}
	plain := []unit{text, {text: "Privacy"}, {text: "Ranking"}, {text: "Advertising"}, {text: "Cookies"}}
	if isHub(plain, 1, len(plain)) {
		t.Error("short lines without links are taken for a menu")
	}
}

// TestGiantMenu: a header that unfolds the whole range of products is left out
// although it is larger than the policy; where it is all there is, it stays.
func TestGiantMenu(t *testing.T) {
	menu := "<header><ul>" + strings.Repeat("<li><a href=/p>A product of ours<div>with a few words on what it may be good for</div></a>", 120) + "</ul></header>"
	text := "<p>" + strings.Repeat(longSentence, 12) + "</p>"
	d := document(t, Rules{}, Input{Body: wrapPage(menu + "<div><h1>Privacy Policy</h1>" + text + "</div>"), ContentType: "text/html"})
	if strings.Contains(d.Text(), "A product of ours") || !strings.Contains(d.Text(), "Privacy Policy") {
		t.Errorf("%d words are left of a page with a giant menu", d.Words())
	}
	d = document(t, Rules{}, Input{Body: wrapPage(menu), ContentType: "text/html"})
	if d.Words() == 0 {
		t.Error("a page that is one menu became empty")
	}
}

// What pages tell screen readers about links is no part of the text.
func TestNewTab(t *testing.T) {
	for in, want := range map[string]string{
		"More InformationOpens in new tab": "More Information", "our notice (opens in a new window)": "our notice", "The link opens in a new tab.": "The link", "Opens in new tab": "Opens in new tab", "a new tabloid": "a new tabloid",
	} {
		if got := withoutNewTab(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
