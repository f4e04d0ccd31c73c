package normalize

import (
	"testing"

	"watcher/policy"
)

func TestPolicyLink(t *testing.T) {
	const page = "https://www.vendor.example/old/privacy"
	for _, tc := range []struct {
		name, body string
		kind       policy.Kind
		want       string
		moved      bool
	}{
		{"footer of an error page", `<h1>Page not found</h1><footer><a href=/terms>Terms</a><a href="/legal/privacy?utm_source=x">Privacy policy</a></footer>`, policy.KindPrivacy, "https://www.vendor.example/legal/privacy", false},
		{"moved notice", `<p>Our notice has moved. <a href="https://trust.vendor.example/privacy">It is here.</a></p>`, policy.KindPrivacy, "https://trust.vendor.example/privacy", true},
		{"another kind", `<a href=/privacy>Privacy</a><a href=/cookies>Cookie policy</a>`, policy.KindCookies, "https://www.vendor.example/cookies", false},
		{"in German", `<a href=/datenschutz>Datenschutzerklärung</a>`, policy.KindPrivacy, "https://www.vendor.example/datenschutz", false},
		{"itself", `<a href="http://vendor.example/old/privacy/#top">Privacy</a>`, policy.KindPrivacy, "", false},
		{"none", `<a href=/shop>Shop</a><a href="javascript:privacy()">Privacy</a><a href="mailto:privacy@vendor.example">Privacy</a>`, policy.KindPrivacy, "", false},
		{"no page", "\x00\x01", policy.KindPrivacy, "", false},
	} {
		got, moved := PolicyLink(Input{Body: []byte(tc.body), ContentType: "text/html", URL: page}, tc.kind)
		if got != tc.want || moved != tc.moved {
			t.Errorf("%s: %q, moved %v, want %q, %v", tc.name, got, moved, tc.want, tc.moved)
		}
	}
}

func TestSameAddress(t *testing.T) {
	for _, tc := range []struct {
		a, b string
		want bool
	}{
		{"http://www.a.example/p/", "https://a.example/p?utm_source=x#y", true},
		{"https://a.example/p", "https://b.example/p", false},
		{"https://a.example/p?id=1", "https://a.example/p?id=2", false},
		{"", "", false},
	} {
		if got := SameAddress(tc.a, tc.b); got != tc.want {
			t.Errorf("%q, %q: %v", tc.a, tc.b, got)
		}
	}
}
