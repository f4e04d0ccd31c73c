package diffing

import (
	"bytes"
	"strings"
	"testing"
)

// TestMovedLinks: moved text is marked in both places, with links both ways.
func TestMovedLinks(t *testing.T) {
	const contact = "You may write to our office by letter at any time of the year."
	from := doc(t, "# P\n## A\nThe first text stands here.\n"+contact+"\n## B\nThe second text stands here.\n## C\nThe third one stands here.\n")
	to := doc(t, "# P\n## A\nThe first text stands here.\n## B\nThe second text stands here.\n## C\nThe third one stands here.\n"+contact+"\n")
	c := Compare(from, to, Options{})
	if len(c.Edits) != 1 {
		t.Fatalf("%q", briefs(c))
	}
	var b bytes.Buffer
	if err := WritePage(&b, c, "<a> → b"); err != nil {
		t.Fatal(err)
	}
	page, id := b.String(), c.Edits[0].ID
	for _, want := range []string{
		`<title>&lt;a&gt; → b</title>`, `id="` + id + `"`, `<a href="#from-` + id + `">A</a>`, `id="from-` + id + `"`, `<a href="#` + id + `">moved to C</a>`, "@media print",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s:\n%s", want, page)
		}
	}
}
