package diffing

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"watcher/policy"
)

func TestTokens(t *testing.T) {
	for in, want := range map[string]string{
		"Last update: XX/05/2025.":                   "Last|update|:|XX/05/2025|.",
		"on November 10th, 2021, we":                 "on|November 10th, 2021|,|we",
		"vom 12. Mai 2025 an":                        "vom|12. Mai 2025|an",
		"le 1er janvier 2024 et":                     "le|1er janvier 2024|et",
		"el 12 de mayo de 2025":                      "el|12 de mayo de 2025",
		"in May 2025 or 2025-05-12":                  "in|May 2025|or|2025-05-12",
		"December 15, 2022":                          "December 15, 2022",
		"children under 12 may not":                  "children|under|12|may|not",
		"write to dpo@3Shape.com.":                   "write|to|dpo@3Shape.com|.",
		"(see https://a.example/x_(y)?q=1).":         "(|see|https://a.example/x_(y)?q=1|)|.",
		"at www.example.com, or example.org/privacy": "at|www.example.com|,|or|example.org/privacy",
		"1,000.50 EUR, €5 or 99.9%":                  "1,000.50|EUR|,|€5|or|99.9%",
		"Article 6(1)(f) GDPR":                       "Article|6(1)(f)|GDPR",
		"3Shape's opt-out":                           "3Shape's|opt|-|out",
		"Regulation (EU) 2016/679":                   "Regulation|(|EU|)|2016/679",
		"section 4.2.10 applies, e.g. 24/7":          "section|4.2.10|applies|,|e|.|g|.|24/7",
		"[DD/MM/YYYY]":                               "[DD/MM/YYYY]",
		"信息。":                                        "信|息|。",
		"192.168.10.1":                               "192.168.10.1",
		"sold.We keep":                               "sold|.|We|keep",
		"XX May 2025":                                "XX May 2025",
		"a/b test":                                   "a|/|b|test",
	} {
		var got []string
		for _, tok := range tokenize(in) {
			got = append(got, in[tok.start:tok.end])
		}
		if g := strings.Join(got, "|"); g != want {
			t.Errorf("tokens of %q:\n got %s\nwant %s", in, g, want)
		}
	}
}

func TestSentences(t *testing.T) {
	for _, want := range [][]string{
		{"We use data, e.g. names.", "We keep it."},
		{"3Shape A/S, company no. 25553489, is in Denmark.", "It is large."},
		{"Acme Inc. and Beta Ltd. are ours.", "Ask J. Smith."},
		{"It is run by Acme Inc.", "We own it."},
		{"Version 1.5 costs 3.50 a month.", "OK?", "Yes!"},
		{"See https://example.com/a.html for more.", "Mail a.b@example.com.", "Thanks."},
		{"Wir speichern z.B. Namen.", "Am 12. Mai 2025 endet das."},
		{"(This is in brackets.)", "“So is this.”", "End."},
		{"It holds in the U.S. only.", "No.", "We do not sell."},
		{"No. 5 applies.", "It does."},
		{"all is lower case here, e.g. names.", "we keep it for long."},
		{"数据会被保存。", "我们不会出售。"},
		{"1. Introduction follows here.", "It is short."},
		{"Effective since Nov. 10, 2021.", "The end."},
	} {
		in := strings.Join(want, " ")
		if diff := cmp.Diff(want, splitSentences(in)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", in, diff)
		}
	}
}

func TestKeys(t *testing.T) {
	for _, tc := range []struct {
		in            string
		heading       bool
		key, numbered string
	}{
		{"4.2 Data Retention", true, "data retention", "4.2"},
		{"7 Retention", true, "retention", "7"},
		{"Article 3 – Retention", true, "retention", "article 3 –"},
		{"IV. Rights", true, "rights", "iv."},
		{"(a) your name;", false, "your name", "(a)"},
		{"a) your name", false, "your name", "a)"},
		{"§ 5 Rechte", true, "rechte", "§ 5"},
		{"7 days after that", false, "7 days after that", ""},
		{"1.5 million users", false, "1.5 million users", ""},
		{"30 – 60 days", false, "30 60 days", ""},
		{"12/05/2025", false, "12/05/2025", ""},
		{"Article 6 GDPR applies", false, "article 6 gdpr applies", ""},
		{"A. Smith is our DPO", false, "a smith is our dpo", ""},
		{"30. Juni 2025 ist Schluss", false, "30. juni 2025 ist schluss", ""},
		{"“Opt‑out”  — it’s easy", false, "opt out it's easy", ""},
		{"2024. A new year", false, "2024 a new year", ""},
	} {
		key, number := splitKey(tc.in, tc.heading, false)
		if key != tc.key || number != tc.numbered {
			t.Errorf("splitKey(%q) = %q, %q, want %q, %q", tc.in, key, number, tc.key, tc.numbered)
		}
	}
}

func TestRedline(t *testing.T) {
	for _, tc := range []struct{ old, new, want string }{
		{"Kept 12 to 24 months.", "Kept 6 to 12 months.", "Kept [-12 to 24-]{+6 to 12+} months."},
		{"Shared with partners.", "Shared with our partners and affiliates.", "Shared with{+ our+} partners{+ and affiliates+}."},
		{"Since November 10th, 2021 it holds.", "Since November 12th, 2021 it holds.", "Since [-November 10th, 2021-]{+November 12th, 2021+} it holds."},
		{"Mail dpo@a.example now.", "Mail dpo@b.example now.", "Mail [-dpo@a.example-]{+dpo@b.example+} now."},
		{"We will not sell it.", "We may sell it.", "We [-will not-]{+may+} sell it."},
		{"One two.", "One  two.", "One {+ +}two."},
	} {
		r := newRedline(tc.old, tc.new)
		if got := redlined(r.spans()); got != tc.want {
			t.Logf("spans %+v", r.spans())
			t.Errorf("redline\n got %s\nwant %s", got, tc.want)
		}
	}
}

func TestPeriods(t *testing.T) {
	for in, want := range map[string]string{
		"kept for twelve (12) months":       "12 month",
		"kept for 12 months":                "12 month",
		"kept for one year":                 "12 month",
		"within 30 business days":           "working 30 day",
		"twenty-four months or two weeks":   "24 month,14 day",
		"für die Dauer von drei Jahren":     "36 month",
		"pendant 6 mois puis trois ans":     "6 month,36 month",
		"see section 12 for years of usage": "",
	} {
		var got []string
		for _, f := range periods(cueWords(in)) {
			got = append(got, f.value)
		}
		if g := strings.Join(got, ","); g != want {
			t.Errorf("periods of %q: %s, want %s", in, g, want)
		}
	}
}

func TestTypos(t *testing.T) {
	for pair, want := range map[[2]string]bool{
		{"retention", "retenton"}: true, {"receive", "receive"}: true, {"organisation", "organization"}: true,
		{"may", "can"}: false, {"legal", "illegal"}: false, {"minimum", "maximum"}: false,
		{"first", "third"}: false, {"include", "exclude"}: false, {"months", "weeks"}: false,
	} {
		if got := isTypo(pair[0], pair[1]); got != want {
			t.Errorf("isTypo(%v) = %v", pair, got)
		}
	}
}

// TestGrades holds what a reworded sentence must be called.
func TestGrades(t *testing.T) {
	for _, tc := range []struct {
		section, old, new string
		want              policy.Significance
		category          policy.Category
	}{
		{"Children", "You must be 13 years old to join.", "You must be 16 years old to join.", policy.Material, policy.InternationalSpecificAudiences},
		{"Transfers", "We rely on the Privacy Shield for transfers abroad.", "We rely on the Data Privacy Framework for transfers abroad.", policy.Material, policy.InternationalSpecificAudiences},
		{"Transfers", "Data are stored in Ireland by us.", "Data are stored in India by us.", policy.Material, policy.InternationalSpecificAudiences},
		{"Contact", "Our office is at 1 Main Street, Ireland, for letters.", "Our office is at 1 Main Street, Denmark, for letters.", policy.Minor, policy.OtherCategory},
		{"Purposes", "We process it with your consent for research.", "We process it on legitimate interests for research.", policy.Material, policy.FirstPartyCollection},
		{"Use", "We use content to improve our services.", "We use content to improve our services and train AI models.", policy.Material, policy.FirstPartyCollection},
		{"Sharing", "We may share data with partners.", "We may share data with partners and affiliates.", policy.Material, policy.ThirdPartySharing},
		{"Sharing", "We keep partners informed about what we share.", "We hold partners informed about what we share.", policy.Minor, policy.ThirdPartySharing},
		{"Retention", "We keep the logs as long as the law asks for it.", "We retain the logs as long as the law asks for it.", policy.Minor, policy.DataRetention},
		{"Retention", "See Section 5 on how we retain the logs of visits.", "See Section 6 on how we retain the logs of visits.", policy.Minor, policy.DataRetention},
		{"Speicherdauer", "Wir speichern Protokolle für 30 Tage nach dem Besuch.", "Wir speichern Protokolle für 90 Tage nach dem Besuch.", policy.Material, policy.DataRetention},
		{"Welcome", "This site is pleasant and quick for everyone.", "This site is pleasant and fast for everyone.", policy.Minor, policy.OtherCategory},
		{"Security", "We protect the service with strong locks.", "We protect the service with very strong locks.", policy.Minor, policy.DataSecurity},
	} {
		from, to := doc(t, "## "+tc.section+"\n"+tc.old), doc(t, "## "+tc.section+"\n"+tc.new)
		from.Lang, to.Lang = "", ""
		c := Compare(from, to, Options{})
		if len(c.Edits) != 1 {
			t.Errorf("%q: edits %q", tc.new, briefs(c))
			continue
		}
		e := c.Edits[0]
		if e.Significance != tc.want || e.Categories[0] != tc.category {
			t.Errorf("%q\n→ %q\n got %s %v %q, want %s %s", tc.old, tc.new, e.Significance, e.Categories, e.Reasons, tc.want, tc.category)
		}
	}
}

func TestClassify(t *testing.T) {
	d := doc(t, `
## 7. Retention of personal data
Backups are kept for a month.
## Sharing
We share data with service providers.
## Hello
Nice to see that everybody is here.
`)
	Classify(&d)
	Classify(nil)
	for i, want := range []policy.Category{policy.DataRetention, policy.ThirdPartySharing, policy.OtherCategory} {
		if got := d.Sections[i].Blocks[0].Categories; len(got) == 0 || got[0] != want {
			t.Errorf("%q: %v, want %s first", d.Sections[i].Blocks[0].Text, got, want)
		}
	}
}
