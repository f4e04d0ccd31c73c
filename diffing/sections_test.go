package diffing

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"watcher/policy"
)

// TestNewSectionRenumbersTheRest: the news is the section, the renumbering of
// all behind it is one cosmetic edit.
func TestNewSectionRenumbersTheRest(t *testing.T) {
	const cookies = "## 3. Cookies\nWe set cookies to measure visits. We share cookie identifiers with advertising partners.\n"
	with := strings.NewReplacer("## 3.", cookies+"## 4.", "## 4.", "## 5.", "## 5.", "## 6.").Replace(basePolicy)
	without, full := doc(t, basePolicy), doc(t, with)
	for _, tc := range []struct {
		op       policy.EditOp
		from, to policy.Document
		old, new string
	}{
		{policy.Added, without, full, "3. Retention\n4. Your rights\n5. Contact", "4. Retention\n5. Your rights\n6. Contact"},
		{policy.Removed, full, without, "4. Retention\n5. Your rights\n6. Contact", "3. Retention\n4. Your rights\n5. Contact"},
	} {
		t.Run(string(tc.op), func(t *testing.T) {
			c := Compare(tc.from, tc.to, Options{})
			checkChange(t, tc.from, tc.to, c)
			var ops []string
			for _, e := range c.Edits {
				ops = append(ops, string(e.Op))
			}
			op := string(tc.op)
			if diff := cmp.Diff([]string{op, op, op, "renumbered"}, ops); diff != "" {
				t.Fatalf("operations (-want +got):\n%s\n%q", diff, briefs(c))
			}
			if !c.Edits[0].Heading {
				t.Error("the heading does not come before its text")
			}
			last := c.Edits[3]
			if last.Old != tc.old || last.New != tc.new || last.Significance != policy.Cosmetic || !last.Heading ||
				last.Reasons[0] != "only the numbering of these 3 passages changed" {
				t.Errorf("renumbered: %+v", last)
			}
			if want := "1 section " + op + ` ("3. Cookies")`; !strings.HasPrefix(c.Summary, want) {
				t.Errorf("summary %q, want %q", c.Summary, want)
			}
			checkRenumberedShown(t, c, strings.Split(tc.old, "\n")[1]+" → "+strings.Split(tc.new, "\n")[1])
		})
	}
}

// checkRenumberedShown: renderers show a line for each renumbering.
func checkRenumberedShown(t *testing.T, c policy.Change, line string) {
	t.Helper()
	var text, page bytes.Buffer
	if err := WriteText(&text, c, TextOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := WriteHTML(&page, c); err != nil {
		t.Fatal(err)
	}
	for _, out := range []string{text.String(), page.String()} {
		if !strings.Contains(out, line) {
			t.Errorf("no line %q in:\n%s", line, out)
		}
	}
}

func TestRenumberedRuns(t *testing.T) {
	from := doc(t, "# P\n## 1. Alpha\nThe first text stands here.\n## 2. Beta\nThe second text stands here for long.\n## 3. Gamma\nThe third text stands here.\n")
	to := doc(t, "# P\n## 2. Alpha\nThe first text stands here.\n## 3. Beta\nThe second text stands there for long.\n## 4. Gamma\nThe third text stands here.\n")
	c := Compare(from, to, Options{})
	checkChange(t, from, to, c)
	want := []string{
		"renumbered cosmetic [2. Alpha] 1. Alpha\n2. Beta => 2. Alpha\n3. Beta",
		"reworded minor [3. Beta] The second text stands here for long. => The second text stands there for long.",
		"renumbered cosmetic [4. Gamma] 3. Gamma => 4. Gamma",
	}
	if diff := cmp.Diff(want, briefs(c)); diff != "" {
		t.Errorf("a real edit must break the run (-want +got):\n%s", diff)
	}
	to = doc(t, "# P\n## 2. Alpha\nThe first text stands here.\n## 3. Beta\nThe second text stands here for long.\n## 4. Gamma\nThe third text stands here.\n")
	if c = Compare(from, to, Options{}); len(c.Edits) != 1 || c.Summary != "3 passages renumbered." {
		t.Errorf("%d edits, summary %q", len(c.Edits), c.Summary)
	}
}

func TestWholeSections(t *testing.T) {
	const base = "# Policy\nWe value you.\n## Contact\nWrite to us at the address below.\n"
	for _, tc := range []struct{ name, more, summary string }{
		{"with sections below", "## Cookies\nWe set some cookies on visits.\n### Partners\nOur partners set more of them.\n", `1 section added ("Cookies").`},
		{"three", "## Alpha\nSomething is said here.\n## Beta\nAnother thing is told there.\n## Gamma\nNobody knows any of it.\n", `3 sections added ("Alpha", "Beta", …).`},
		{"a bare heading", "## Cookies\n", `1 heading added in "Cookies".`},
		{"the text was there", "## Cookies\nWe value you.\n", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			from, text := doc(t, base), base+tc.more
			if tc.summary == "" {
				text = strings.Replace(text, "We value you.\n", "", 1)
			}
			to := doc(t, text)
			c := Compare(from, to, Options{})
			checkChange(t, from, to, c)
			if tc.summary == "" {
				if strings.Contains(c.Summary, "section added") {
					t.Errorf("a heading over moved text is called a section: %q", c.Summary)
				}
				return
			}
			if c.Summary != tc.summary {
				t.Errorf("summary %q, want %q\n%q", c.Summary, tc.summary, briefs(c))
			}
		})
	}
}

func TestUnpadded(t *testing.T) {
	for _, tc := range []struct{ old, new, want string }{
		{"We use scans.", "We use de-identified scans.", "We use {+de-identified+} scans."},
		{"We use old scans.", "We use scans.", "We use [-old-] scans."},
		{"Hello friend.", "friend.", "[-Hello-] friend."},
		{"Shared with partners.", "Shared with our partners and affiliates.", "Shared with {+our+} partners {+and affiliates+}."},
		{"One two.", "One  two.", "One {+ +}two."},
	} {
		r := newRedline(tc.old, tc.new)
		spans := r.spans()
		before := redlined(spans)
		got := redlined(Unpadded(spans))
		if strings.ReplaceAll(got, " ", "") != strings.ReplaceAll(before, " ", "") || redlined(spans) != before {
			t.Errorf("%s became %s", before, got)
		}
		if got != tc.want {
			t.Logf("data %s", before)
			t.Errorf("got %s, want %s", got, tc.want)
		}
	}
	if got := Unpadded(nil); len(got) != 0 {
		t.Errorf("nothing became %v", got)
	}
}

// TestTitle: what a site does to the titles above its texts is cosmetic; the
// headings of sections are not, nor is a title that says something.
func TestTitle(t *testing.T) {
	const body = "## Retention\nWe keep your data for 12 months.\n## Contact\nWrite to us by letter at any time.\n"
	for _, tc := range []struct {
		name, from, to string
		want           policy.Significance
	}{
		{"title goes", "# Acme legal pages\n" + body, body, policy.Cosmetic},
		{"title comes", body, "# Acme legal pages\n" + body, policy.Cosmetic},
		{"title grows", "# Legal\n" + body, "# Legal pages\n" + body, policy.Cosmetic},
		{"another title", "# Privacy policy\n" + body, "# Imprint of Acme\n" + body, policy.Minor},
		{"a title that says something", "# Policy\n" + body, "# Policy for children\n" + body, policy.Minor},
		{"section heading goes", "Hello there.\n" + body, "Hello there.\n" + strings.Replace(body, "## Contact\n", "", 1), policy.Minor},
	} {
		if c := Compare(doc(t, tc.from), doc(t, tc.to), Options{}); c.Significance != tc.want {
			t.Errorf("%s: %s, want %s: %q", tc.name, c.Significance, tc.want, briefs(c))
		}
	}
}
