package diffing

import (
	"strings"
	"testing"

	"watcher/policy"
)

// TestRelaid: the same words in another layout are one cosmetic edit.
func TestRelaid(t *testing.T) {
	const sentence = "We collect your name, your e-mail address and your phone number."
	const list = "We collect:\n- your name\n- your e-mail address\n- your phone number"
	for _, tc := range []struct {
		name, from, to string
		want           []string
	}{
		{"sentence to list", sentence, list, []string{"reworded cosmetic"}},
		{"list to sentence", list, sentence, []string{"reworded cosmetic"}},
		{"list with a new item", sentence, list + "\n- your blood type", []string{"reworded cosmetic", "added material"}},
		{"list without an item", sentence, strings.Replace(list, "\n- your phone number", "", 1), []string{"reworded material", "added material", "added material"}},
		{"item to heading", "- Payments. We pass card data to our payment provider.", "## Payments\nWe pass card data to our payment provider.", []string{"reworded cosmetic"}},
		{"or is not and", "We ask for your consent and for a deposit of money.", "We ask:\n- for your consent or\n- for a deposit of money", []string{"added", "reworded"}},
	} {
		from, to := doc(t, "# P\n## Data\n"+tc.from+"\n## End\nThe end of it is here."), doc(t, "# P\n## Data\n"+tc.to+"\n## End\nThe end of it is here.")
		c := Compare(from, to, Options{})
		checkChange(t, from, to, c)
		checkSum(t, from, to, c)
		var got []string
		for _, e := range c.Edits {
			got = append(got, string(e.Op)+" "+string(e.Significance))
		}
		cosmetic := len(tc.want) == 1
		if cosmetic != (len(got) == 1 && got[0] == tc.want[0]) || cosmetic && (c.Words.Added+c.Words.Removed > 0 || c.Significance != policy.Cosmetic) {
			t.Errorf("%s: %q, want %q; words %+v", tc.name, briefs(c), tc.want, c.Words)
		}
	}
}

func TestSameNumbers(t *testing.T) {
	for _, tc := range []struct {
		from, to string
		want     policy.Significance
	}{
		{"We keep it for twelve months.", "We keep it for 12 months.", policy.Cosmetic},
		{"We keep it for twelve (12) months.", "We keep it for 12 months.", policy.Cosmetic},
		{"We keep it for twelve months.", "We keep it for 13 months.", policy.Material},
		{"We keep it for twelve (12) months.", "We keep it for twelve (24) months.", policy.Material},
		{"We keep one copy of it.", "We keep two copies of it.", policy.Minor},
	} {
		c := Compare(doc(t, "# P\n## Storage times\n"+tc.from), doc(t, "# P\n## Storage times\n"+tc.to), Options{})
		if c.Significance != tc.want && (tc.want != policy.Minor || c.Significance == policy.Cosmetic) {
			t.Errorf("%q → %q: %s, want %s: %q", tc.from, tc.to, c.Significance, tc.want, briefs(c))
		}
	}
}

// TestTableRuns: a table that was filled anew is one piece of news.
func TestTableRuns(t *testing.T) {
	rows := func(n int) string {
		var b strings.Builder
		for i := range n {
			b.WriteString("| _cookie" + string(rune('a'+i)) + " | Acme | " + string(rune('1'+i)) + " days\n")
		}
		return b.String()
	}
	const head = "# P\n## Cookies\n| Name | Provider | Expires\n| sid | Acme | Session\n"
	c := Compare(doc(t, head), doc(t, head+rows(7)), Options{})
	if len(c.Edits) != 1 || c.Edits[0].Op != policy.Added || strings.Count(c.Edits[0].New, "\n") != 6 {
		t.Fatalf("%q, want one edit of seven rows", briefs(c))
	}
	if want := `7 table rows added in "Cookies" (_cookiea, _cookieb, _cookiec, …).`; c.Summary != want {
		t.Errorf("summary %q, want %q", c.Summary, want)
	}
	if c := Compare(doc(t, head+rows(7)), doc(t, head), Options{}); len(c.Edits) != 1 || c.Edits[0].Op != policy.Removed {
		t.Errorf("%q, want one edit of seven rows", briefs(c))
	}
	if c := Compare(doc(t, head), doc(t, head+rows(3)), Options{}); len(c.Edits) != 3 {
		t.Errorf("%q, want an edit for each of three rows", briefs(c))
	}
}
