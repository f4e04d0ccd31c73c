package diffing

import (
	"testing"

	"watcher/policy"
)

// TestKeptName: a title that loses or gains the name of the company is cosmetic
// when the page goes on to bear it in its head, even where the name has a cue.
func TestKeptName(t *testing.T) {
	const body = "\n# Publisher\nThis site is published by an office that has a long address."
	for _, tc := range []struct {
		old, new, oldName, newName string
		want                       policy.Significance
	}{
		{"# Legal notice of Acme Data Archive", "# Legal notice", "Legal notice of Acme Data Archive", "Legal notice of Acme Data Archive", policy.Cosmetic},
		{"# Legal notice", "# Legal notice of Acme Data Archive", "Legal notice of Acme Data Archive | Acme", "Legal notice of Acme Data Archive | Acme", policy.Cosmetic},
		{"# Legal notice of Acme Data Archive", "# Legal notice", "Legal notice of Acme Data Archive", "Legal notice", policy.Minor},
		{"# Legal notice of Acme Data Archive", "# Legal notice", "Acme", "Acme", policy.Minor},
		{"# Legal notice of Acme Data Archive", "# Legal notice", "", "", policy.Minor},
	} {
		from, to := doc(t, tc.old+body), doc(t, tc.new+body)
		from.Title, to.Title = tc.oldName, tc.newName
		if c := Compare(from, to, Options{}); c.Significance != tc.want {
			t.Errorf("%q → %q under %q → %q: %s, want %s: %+v", tc.old, tc.new, tc.oldName, tc.newName, c.Significance, tc.want, c.Edits)
		}
	}
}
