package normalize

import (
	"strings"
	"testing"
)

// TestHubAboveTitle: the name of the place where a site keeps its documents and
// news of another document are left out above a title, and nothing else is.
func TestHubAboveTitle(t *testing.T) {
	const another = `<p><a href=/legal/privacy><b>We recently updated our Privacy Notice.</b></a></p><p>It has more detail on cookies, and says that we do not sell what you tell us.</p>`
	page := func(above, title string) string {
		return document(t, Rules{}, Input{Body: wrapPage("<main>" + above + "<h1>" + title + "</h1>" + policyText + "</main>"), ContentType: "text/html", URL: "https://acme.example/terms"}).Text()
	}
	for _, above := range []string{
		"<h1>Acme Legal Hub</h1>",
		"<h1>Acme Legal Hub</h1><p>All about our terms, policies and compliance.</p>",
		another,
		"<h1>Acme Legal Hub</h1>" + another,
		"<p>We’ve updated our consumer <a href=/legal/privacy>Privacy Notice</a>.</p>",
		"<p>Acme has revised its Cookie Policy</p>",
	} {
		if got, want := page(above, "Acme Terms of Service"), page("", "Acme Terms of Service"); got != want {
			t.Errorf("%s is left:\n%s", above, got[:min(len(got), 300)])
		}
	}
	for _, tc := range []struct{ above, title, want string }{
		{another, "Acme Privacy Notice", "recently updated our Privacy Notice"},
		{"<h1>Acme Legal Hub</h1>" + another, "Acme Privacy Notice", "recently updated our Privacy Notice"},
		{"<p><a href=/new>We are updating our terms. Read the new terms.</a></p>", "Terms of Service", "updating our terms"},
		{"<h1>Acme Legal Hub</h1><p>New rules apply soon.</p>", "Terms of Service", "New rules"},
		{"<h1>Acme Legal Hub</h1><p>Our terms and policies change soon.</p>", "Terms of Service", "change soon"},
		{"<h1>Acme Legal Hub</h1><p>For customers in Ireland.</p>", "Terms of Service", "in Ireland"},
		{strings.Replace(another, "recently", "on 3 May", 1), "Terms of Service", "on 3 May"},
		{"<p>We recently updated our Privacy Notice and <a href=/a>more</a>.</p>", "Terms of Service", "recently updated"},
		{"<p>We recently updated our <a href=/p>Privacy Notice</a> and these terms.</p>", "Terms of Service", "recently updated"},
		{"<p>We have new cookies and updated our security.</p>", "Privacy Notice", "new cookies"},
		{"<p>We updated our use of cookies</p>", "Privacy Notice", "use of cookies"},
		{another + "<p>The changes apply to you as well.</p>", "Terms of Service", "apply to you"},
		{another, "Kettles and toasters", "recently updated"},
	} {
		if text := page(tc.above, tc.title); !strings.Contains(text, tc.want) {
			t.Errorf("%q above %q: %q is left out:\n%s", tc.above, tc.title, tc.want, text[:min(len(text), 300)])
		}
	}
}
