package web

import (
	"strings"
	"testing"
)

// The page of a policy says what "watcher explain" says.
func TestPolicyPageExplains(t *testing.T) {
	w := call(handler(t, options(fixture())), "GET", "/policies/northlight-imaging/privacy", "")
	page := w.Body.String()
	for _, want := range []string{
		"Why the last check ended so", "the text is that of the head", "a changed word, seen twice, would be told",
		"cookie_banner", "We would like to use cookies", "body &gt; div.banner",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
}
