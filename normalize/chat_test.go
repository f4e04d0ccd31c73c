package normalize

import (
	"strings"
	"testing"
)

// TestChatBox: the box of a chat is known by the button that closes it, and goes
// as a whole; what is not laid over the page stays.
func TestChatBox(t *testing.T) {
	const box = `<div><div><h2>Ask Acme</h2><button><span role=img aria-label="Close chatbot"></span></button></div><div><p><b>Hello!</b></p><p>What can we do for you today?</p></div><p>Sample questions</p></div>`
	page := func(body string) string {
		return document(t, Rules{}, Input{Body: wrapPage(body), ContentType: "text/html"}).Text()
	}
	text := "<div><h1>Privacy Policy</h1>" + policyText + "</div>"
	if got, want := page(text+box), page(text); got != want {
		t.Errorf("the chat is left in the text:\n%s", got[max(0, len(got)-200):])
	}
	for name, tc := range map[string]struct{ body, want string }{
		"another button":      {text + strings.Replace(box, "Close chatbot", "Close section", 1), "for you today"},
		"in the main content": {"<main><h1>Privacy Policy</h1>" + policyText + box + "</main>", "for you today"},
		"a short policy":      {"<div><div><p>We keep what you tell us for nine days.</p><button aria-label='Close chat'></button></div></div>", "nine days"},
		"around a title":      {"<div><h1>Privacy Policy</h1><p>We keep nothing.</p><button aria-label='Close chat'></button></div><div>" + policyText + "</div>", "keep nothing"},
	} {
		if got := page(tc.body); !strings.Contains(got, tc.want) {
			t.Errorf("%s: %q is left out:\n%s", name, tc.want, got)
		}
	}
}
