package diffing

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"watcher/policy"
)

const basePolicy = `
# Privacy Policy
@updated 2025-05? Last update: XX/05/2025
Last update: XX/05/2025
This notice explains how Example Aps handles personal data.
## 1. What we collect
We collect your name, e-mail address and IP address.
- Your shoe size.
- Your shipping address.
## 2. Who receives it
We share order details with carriers. We will not sell your personal data.
Questions about recipients go to desk@example.com at any time.
## 3. Retention
We keep order records for 12 months. After that they are removed from our archive.
## 4. Your rights
You have the right to object to processing. You may lodge a complaint with a supervisory authority.
## 5. Contact
Write to us at the address below.
`

// compareCase is an edit of basePolicy and what must be said of it.
type compareCase struct {
	name     string
	old, new string // replaced in basePolicy
	want     []string
	summary  string
	reason   string
}

func wordCases() []compareCase {
	return []compareCase{
		{
			name: "nothing", want: nil, summary: "No change.",
		},
		{
			name: "placeholder resolved",
			old:  "XX/05/2025", new: "12/05/2025",
			want:    []string{"reworded minor [Privacy Policy] Last update: XX/05/2025 => Last update: 12/05/2025"},
			summary: "The date placeholder was filled in: XX/05/2025 → 12/05/2025.",
			reason:  "placeholder_resolved",
		},
		{
			name: "retention period",
			old:  "12 months", new: "24 months",
			want:    []string{"reworded material [3. Retention] We keep order records for 12 months. => We keep order records for 24 months."},
			summary: `Retention: "12 months" → "24 months" in "3. Retention". The date still says "Last update: XX/05/2025".`,
			reason:  `retention period "12 months" → "24 months"`,
		},
		{
			name: "the same period in words",
			old:  "12 months", new: "twelve months",
			want: []string{"reworded cosmetic [3. Retention] We keep order records for 12 months. => We keep order records for twelve months."},
		},
		{
			name: "a typo in a retention sentence",
			old:  "removed from our archive", new: "removed from our archvie",
			want:   []string{"reworded minor [3. Retention] After that they are removed from our archive. => After that they are removed from our archvie."},
			reason: "only the spelling changed",
		},
		{
			name: "modality",
			old:  "We will not sell", new: "We may sell",
			want:   []string{"reworded material [2. Who receives it] We will not sell your personal data. => We may sell your personal data."},
			reason: "negation removed",
		},
		{
			name: "contact address",
			old:  "desk@example.com", new: "privacy@example.com",
			want: []string{"reworded minor [2. Who receives it] Questions about recipients go to desk@example.com at any time. => " +
				"Questions about recipients go to privacy@example.com at any time."},
			reason: `contact address "desk@example.com" → "privacy@example.com"`,
		},
		{
			name: "a data item",
			old:  "e-mail address and", new: "e-mail address, blood type and",
			want: []string{"reworded material [1. What we collect] We collect your name, e-mail address and IP address. => " +
				"We collect your name, e-mail address, blood type and IP address."},
			reason: `"blood type" added to a list`,
		},
	}
}

func unitCases() []compareCase {
	return []compareCase{
		{
			name: "a list item", old: "- Your shipping", new: "- Your favourite colour.\n- Your shipping",
			want:    []string{"added material [1. What we collect]  => Your favourite colour."},
			summary: `List item added in "1. What we collect": "Your favourite colour". The date still says "Last update: XX/05/2025".`,
		},
		{
			name: "a recipient",
			old:  "with carriers.", new: "with carriers and Acme Analytics.",
			want:   []string{"reworded material [2. Who receives it] We share order details with carriers. => We share order details with carriers and Acme Analytics."},
			reason: `recipient or name "Acme Analytics" added`,
		},
		{
			name: "removed right",
			old:  " You may lodge a complaint with a supervisory authority.", new: "",
			want: []string{"removed material [4. Your rights] You may lodge a complaint with a supervisory authority. => "},
		},
		{
			name: "typography",
			old:  "Write to us at the address below.", new: "Write to us at the address  below!",
			want:    []string{"reworded cosmetic [5. Contact] Write to us at the address below. => Write to us at the address  below!"},
			summary: "Typography or layout of 1 passage.",
		},
		{
			name: "renumbered heading",
			old:  "## 5. Contact", new: "## 6) Contact",
			want:    []string{"renumbered cosmetic [6) Contact] 5. Contact => 6) Contact"},
			summary: "1 passage renumbered.",
		},
		{
			name: "renamed heading",
			old:  "## 5. Contact", new: "## Reach out",
			want: []string{"reworded minor [Reach out] 5. Contact => Reach out"},
		},
		{
			name: "split sentence",
			old:  "We collect your name, e-mail address and IP address.", new: "We collect your name. We collect your e-mail address and IP address.",
			want: []string{"reworded minor [1. What we collect] We collect your name, e-mail address and IP address. => " +
				"We collect your name. We collect your e-mail address and IP address."},
		},
	}
}

func TestCompare(t *testing.T) {
	for _, tc := range slices.Concat(wordCases(), unitCases()) {
		t.Run(tc.name, func(t *testing.T) {
			from := doc(t, basePolicy)
			text := strings.ReplaceAll(basePolicy, tc.old, tc.new)
			if tc.name == "placeholder resolved" {
				text = strings.Replace(text, "@updated 2025-05? ", "@updated 2025-05-12 ", 1)
			}
			to := doc(t, text)
			c := Compare(from, to, Options{})
			checkChange(t, from, to, c)
			if diff := cmp.Diff(tc.want, briefs(c)); diff != "" {
				t.Errorf("edits (-want +got):\n%s", diff)
			}
			if tc.summary != "" && c.Summary != tc.summary {
				t.Errorf("summary %q, want %q", c.Summary, tc.summary)
			}
			if tc.reason != "" && (len(c.Edits) == 0 || !strings.Contains(strings.Join(c.Edits[0].Reasons, "\n"), tc.reason)) {
				t.Errorf("reasons of %v lack %q", c.Edits, tc.reason)
			}
		})
	}
}

func TestMovedSection(t *testing.T) {
	from := doc(t, basePolicy)
	rights := "## 4. Your rights\nYou have the right to object to processing. You may lodge a complaint with a supervisory authority.\n"
	text := strings.Replace(basePolicy, rights, "", 1)
	text = strings.Replace(text, "## 1. What we collect", rights+"## 1. What we collect", 1)
	to := doc(t, text)
	c := Compare(from, to, Options{})
	checkChange(t, from, to, c)
	if len(c.Edits) != 1 || c.Edits[0].Op != policy.Moved || c.Edits[0].Significance != policy.Minor {
		t.Fatalf("edits %q, want one moved section", briefs(c))
	}
	if got := strings.Count(c.Edits[0].New, "\n"); got != 1 { // heading, then the paragraph's sentences
		t.Errorf("moved text %q has %d line breaks", c.Edits[0].New, got)
	}
	if c.Words.Moved == 0 || c.Words.Added != 0 {
		t.Errorf("words %+v", c.Words)
	}
}

func TestLinks(t *testing.T) {
	from, to := doc(t, basePolicy), doc(t, basePolicy)
	set := func(d *policy.Document, url string) {
		s := &d.Sections[len(d.Sections)-1]
		s.Blocks[0].Links = []policy.Link{{Text: "below", URL: url}}
	}
	set(&from, "https://example.com/a?utm_source=x")
	set(&to, "https://example.com/a?utm_source=y")
	if c := Compare(from, to, Options{}); !c.Empty() || c.Significance != policy.None {
		t.Errorf("tracking parameter: %+v", c)
	}
	set(&to, "https://example.com/b")
	c := Compare(from, to, Options{})
	want := []policy.LinkEdit{{Section: "5. Contact", Text: "below", Old: "https://example.com/a?utm_source=x", New: "https://example.com/b"}}
	if diff := cmp.Diff(want, c.Links); diff != "" {
		t.Error(diff)
	}
	if c.Empty() || c.Significance != policy.Cosmetic || c.Summary != "1 link target changed." {
		t.Errorf("link change: significance %s, summary %q", c.Significance, c.Summary)
	}
}

func TestDateFacts(t *testing.T) {
	const text = "# Policy\nWe keep logs for 12 months.\n"
	seen := time.Date(2025, 6, 1, 12, 0, 0, 0, time.UTC)
	for _, tc := range []struct {
		name     string
		from, to string
		edit     bool
		want     []policy.DateFact
	}{
		{"undated", "", "", false, []policy.DateFact{policy.Undated}},
		{"silent", "@updated 2024-01-01 Updated 1 January 2024", "@updated 2024-01-01 Updated 1 January 2024", true, []policy.DateFact{policy.SilentChange}},
		{"same text", "@updated 2024-01-01 Updated 1 January 2024", "@updated 2024-01-01 Updated 1 January 2024", false, []policy.DateFact{}},
		{"bumped", "@updated 2024-01-01 Updated 1 January 2024", "@updated 2024-02-01 Updated 1 February 2024", false, []policy.DateFact{policy.DateBumpedTextSame}},
		{"honest", "@updated 2024-01-01 Updated 1 January 2024", "@updated 2024-02-01 Updated 1 February 2024", true, []policy.DateFact{}},
		{"backwards", "@updated 2024-03-01 Updated 1 March 2024", "@updated 2024-02-01 Updated 1 February 2024", true, []policy.DateFact{policy.DateBackwards}},
		{"backwards, guessed", "@updated 2024-03-01 Updated 1 March 2024", "@updated 2024-02-01~ Updated 01/02/2024", true, []policy.DateFact{}},
		{"month known", "@updated 2024-03-07 Updated 7 March 2024", "@updated 2024-03 Updated March 2024", true, []policy.DateFact{}},
		{"placeholder", "@updated 2024-03-07 Updated 7 March 2024", "@updated 2024-03? Updated XX/03/2024", true, []policy.DateFact{policy.Placeholder}},
		{"resolved", "@updated 2024-03? Updated XX/03/2024", "@updated 2024-03-07 Updated 07/03/2024", false, []policy.DateFact{policy.PlaceholderResolved}},
		{"future", "@effective 2025-01-01 Effective 1 January 2025", "@effective 2025-07-01 Effective 1 July 2025", true, []policy.DateFact{policy.EffectiveInFuture}},
		{"retroactive", "@effective 2025-01-01 Effective 1 January 2025", "@effective 2025-05-01 Effective 1 May 2025", true, []policy.DateFact{policy.Retroactive}},
		{"old effective date", "@effective 2025-01-01 Effective 1 January 2025", "@effective 2025-01-01 Effective 1 January 2025", true, []policy.DateFact{policy.SilentChange}},
		{"removed", "@updated 2024-01-01 Updated 1 January 2024", "", true, []policy.DateFact{policy.DateRemoved, policy.Undated}},
		{"today", "@effective 2025-01-01 Effective 1 January 2025", "@effective 2025-06-01 Effective 1 June 2025", true, []policy.DateFact{}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			build := func(date, body string) policy.Document {
				line := ""
				if f := strings.SplitN(date, " ", 3); len(f) == 3 {
					line = f[2] + "\n"
				}
				return doc(t, date+"\n"+strings.Replace(body, "\n", "\n"+line, 1))
			}
			body := text
			if tc.edit {
				body = strings.Replace(text, "12", "24", 1)
			}
			from, to := build(tc.from, text), build(tc.to, body)
			c := Compare(from, to, Options{SeenAt: seen})
			checkChange(t, from, to, c)
			if diff := cmp.Diff(tc.want, c.Dates.Facts); diff != "" {
				t.Errorf("facts (-want +got):\n%s\nedits %q", diff, briefs(c))
			}
			if slices.Contains(c.Dates.Facts, policy.DateBumpedTextSame) && c.Significance != policy.Minor {
				t.Errorf("significance %s", c.Significance)
			}
			if tc.want == nil {
				return
			}
			if c := Compare(from, to, Options{}); slices.Contains(c.Dates.Facts, policy.EffectiveInFuture) {
				t.Error("without SeenAt nothing is in the future")
			}
		})
	}
}
