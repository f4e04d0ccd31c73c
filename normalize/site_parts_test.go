package normalize

import (
	"fmt"
	"strings"
	"testing"

	"watcher/policy"
)

// policyText is a policy without a title, long enough for every valve.
var policyText = "<p>" + strings.Repeat(longSentence, 12) + "</p><h2>Contact</h2><p>" + strings.Repeat(longSentence, 4) + "</p>"

func droppedBy(d policy.Document, rule string) bool {
	for _, drop := range d.Dropped {
		if drop.Rule == rule {
			return true
		}
	}
	return false
}

// TestSiteParts: what a site puts around and into its pages is left out, is
// named, and leaves the policy as it is.
func TestSiteParts(t *testing.T) {
	sitemap := `<div class=x9>%s<div><b>Try it</b><a href=/w>Web</a> <a href=/i>Phone</a></div><div><b>Products</b><a href=/1>Kettle</a><a href=/2>Toaster</a><a href=/3>Oven One</a></div>` +
		`<div><b>Company</b><a href=/c>About us</a><a href=/j>Careers</a><a href=/n>News</a></div><div><b>Help</b><a href=/h>Support</a><a href=/s>Status</a></div></div>`
	menu := `<div><a href=/o>Overview</a><a href=/r>Resources</a><a aria-current=page href=/p>Privacy</a><a href=/u>Updates</a></div>`
	for _, tc := range []struct{ name, rule, page string }{
		{"a footer within main", "footer", "<main><h1>Privacy Policy</h1>" + policyText + "%s</main>"},
		{"columns of links below the text", "link_list", "<div><h1>Privacy Policy</h1>" + policyText + "</div>%s"},
		{"a menu that marks the page", "menu", "<main><h1>Privacy Policy</h1>%s" + policyText + "</main>"},
		{"a filter", "button", "<main><h1>Privacy Policy</h1>%s" + policyText + "</main>"},
		{"badges of app stores", "", "<div><h1>Privacy Policy</h1>" + policyText + "</div>%s"},
	} {
		part := map[string]string{
			"a footer within main":            `<footer><h3>Acme</h3><ul><li><a href=/h>Home</a><li><a href=/g>Gift cards</a></ul><h3>About</h3><ul><li><a href=/t>The team</a><li><a href=/f>Questions</a></ul></footer>`,
			"columns of links below the text": fmt.Sprintf(sitemap, ""),
			"a menu that marks the page":      menu,
			"a filter":                        `<div><button aria-expanded=false aria-haspopup=dialog>Product</button></div>`,
			"badges of app stores":            `<div><a href="https://apps.apple.com/app/id1"><img alt="Store for apps of Acme"></a><a href="https://play.google.com/store/apps/details?id=a"><img alt="Store for apps of Acme"></a></div>`,
		}[tc.name]
		page := func(s string) policy.Document {
			return document(t, Rules{}, Input{Body: wrapPage(fmt.Sprintf(tc.page, s)), ContentType: "text/html", URL: "https://acme.example/privacy"})
		}
		plain, d := page(""), page(part)
		if d.Text() != plain.Text() {
			t.Errorf("%s is left in the text:\n%s\nnot\n%s", tc.name, d.Text(), plain.Text())
		}
		after := `<div id=cookie-banner><p>We use cookies on this site, and would like to know whether you mind.</p></div>`
		if d := document(t, Rules{}, Input{Body: wrapPage(fmt.Sprintf(tc.page, part) + after), ContentType: "text/html", URL: "https://acme.example/privacy"}); d.Text() != plain.Text() {
			t.Errorf("%s is left in the text when a banner follows", tc.name)
		}
		if tc.rule != "" && !droppedBy(d, tc.rule) {
			t.Errorf("%s: no drop by %s: %+v", tc.name, tc.rule, d.Dropped)
		}
	}
}

// TestPartsOfTheText: what looks alike and may be the policy's stays.
func TestPartsOfTheText(t *testing.T) {
	columns := `<div class=x9><div><b>Hosting</b><a href=https://a.example>Umbra Cloud</a><a href=https://b.example>Globex</a><a href=https://c.example>Initech</a></div>` +
		`<div><b>Mail</b><a href=https://d.example>Hooli Mail</a><a href=https://e.example>Pied Piper</a><a href=https://f.example>Aviato</a></div><div><b>Support</b><a href=https://g.example>Soylent</a><a href=https://h.example>Vandelay</a></div></div>`
	for _, tc := range []struct{ name, page, want string }{
		{"a footer of an article with a sentence", "<main><h1>Privacy Policy</h1>" + policyText + `<footer><p>Our controller for this policy is Acme Ltd and nobody else.</p><a href=/a>A</a><a href=/b>B</a><a href=/c>C</a><a href=/d>D</a></footer></main>`, "Acme Ltd"},
		{"links that the text goes on after", "<main><h1>Privacy Policy</h1><footer><a href=/a>Umbra</a><a href=/b>Globex</a><a href=/c>Initech</a><a href=/d>Hooli</a></footer>" + policyText + "</main>", "Initech"},
		{"sub-processors in columns", "<div><h1>Privacy Policy</h1>" + policyText + "</div>" + columns, "Pied Piper"},
		{"a list of links without a mark", "<main><h1>Privacy Policy</h1><div><a href=/o>Umbra</a><a href=/r>Globex</a><a href=/p>Initech</a></div>" + policyText + "</main>", "Globex"},
		{"an accordion", "<main><h1>Privacy Policy</h1><div><button aria-expanded=false aria-controls=p>Retention</button><div id=p>" + policyText + "</div></div></main>", "Retention"},
		{"a picture of a representative", "<div><h1>Privacy Policy</h1>" + policyText + `<a href="https://rep.example/acme"><img alt="Our representative in the Union"></a></div>`, "Our representative in the Union"},
		{"a policy in the footer", `<main><h1>Kettles</h1><p>` + longSentence + `</p></main><footer><h2>Privacy</h2>` + policyText + `</footer>`, "Contact"},
	} {
		d := document(t, Rules{}, Input{Body: wrapPage(tc.page), ContentType: "text/html", URL: "https://acme.example/privacy"})
		if !strings.Contains(d.Text(), tc.want) {
			t.Errorf("%s: %q is left out: %+v\n%s", tc.name, tc.want, d.Dropped, d.Text())
		}
	}
}

// TestSignature: a last line that repeats the name of the page says nothing; any
// other may.
func TestSignature(t *testing.T) {
	page := func(title, last string) string {
		body := "<!doctype html><html lang=en><head><title>" + title + "</title></head><body><main><h1>Privacy Policy</h1>" + policyText + "<p>" + last + "</p></main></body></html>"
		return document(t, Rules{}, Input{Body: []byte(body), ContentType: "text/html"}).Text()
	}
	for _, tc := range []struct {
		title, last string
		stays       bool
	}{
		{"Acme", "Acme", false},
		{"Privacy Policy | Acme", "ACME", false},
		{"Privacy Policy | Acme", "Globex", true},
		{"Acme", "Acme Ireland", true},
		{"Privacy Policy for Ireland", "Ireland", true},
		{"", "Acme", true},
	} {
		if text := page(tc.title, tc.last); strings.HasSuffix(strings.TrimSpace(text), tc.last) != tc.stays {
			t.Errorf("title %q, last line %q: stays is not %v:\n%s", tc.title, tc.last, tc.stays, text[max(0, len(text)-100):])
		}
	}
}
