package history

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"watcher/policy"
)

func TestParseQuery(t *testing.T) {
	for query, want := range map[string]string{
		"sell":                        "sell*",
		"Sell  YOUR data":             "sell* your* data*",
		`"sell your data"`:            "sell your data",
		`never “Sell  Your”  data`:    "never* sell your data*",
		`"not closed`:                 "not closed",
		`- " " & "" data`:             "data*",
		"cookies’ e‑mail":             "cookies'* e-mail*",
		"24 months":                   "24* months*",
		"個人情報":                        "個人情報*",
		"privacy@acme.example (GDPR)": "privacy@acme.example* (gdpr)*",
	} {
		q, err := parseQuery(query)
		if err != nil {
			t.Errorf("%q: %v", query, err)
			continue
		}
		var got []string
		for _, term := range q.list {
			if !term.exact {
				term.text += "*"
			}
			got = append(got, term.text)
		}
		if s := strings.Join(got, " "); s != want {
			t.Errorf("%q: %s, want %s", query, s, want)
		}
	}
	for _, bad := range []string{"", "  ", `""`, "?!", strings.Repeat("x", maxQuery+1), "\xff", strings.Repeat("a ", maxTerms+1)} {
		if _, err := parseQuery(bad); !errors.Is(err, ErrQuery) || !strings.Contains(err.Error(), "(") && utf8.ValidString(bad) {
			t.Errorf("%.20q: %v, want an error with a hint", bad, err)
		}
	}
}

func TestFind(t *testing.T) {
	for _, tc := range []struct {
		query, text string
		found       bool
	}{
		{"cookie", "We use cookies.", true},
		{"cookie", "We use Cookie", true},
		{"kie", "We use cookies.", false},
		{`"cookie"`, "We use cookies.", false},
		{`"cookie"`, "No cookies but one cookie, here", true},
		{`"third part"`, "third parties", false},
		{`"third parties"`, "Third\n  parties.", true},
		{"情報", "個人情報を保護", true},
		{`"情報"`, "個人情報を保護", true},
		{"data’s", "the data's end", true},
		{"hyphen", "hy\u00adphen", true},
		{"24", "1,024 days", false},
		{"24", "of 24 months", true},
		{"ÜBER", "über uns", true},
	} {
		q, err := parseQuery(tc.query)
		if err != nil {
			t.Fatal(err)
		}
		if got := q.list[0].find(fold(tc.text)) >= 0; got != tc.found {
			t.Errorf("%s in %q: %v, want %v", tc.query, tc.text, got, tc.found)
		}
	}
}

func block(text string) policy.Block { return policy.Block{Kind: policy.Paragraph, Text: text} }

func TestMatchDocument(t *testing.T) {
	doc := policy.Document{Sections: []policy.Section{
		{Heading: "Your data", Level: 1, Blocks: []policy.Block{block("We keep names.")}},
		{Heading: "Retention", Level: 2, Blocks: []policy.Block{block(strings.Repeat("Many words before it. ", 40) + "We keep data for 24 months and no longer. " + strings.Repeat("Many words after it. ", 40))}},
	}}
	score := func(query string) int {
		q, err := parseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		m, ok := matchDocument(q, doc)
		if !ok {
			return 0
		}
		return m.score
	}
	phrase, near, far, none := score("data for 24 months"), score("months data 24"), score("names months"), score("names years")
	if phrase <= near || near <= far || far == 0 || none != 0 {
		t.Errorf("phrase %d, one paragraph %d, anywhere %d, not all %d", phrase, near, far, none)
	}
	if score("retention") <= score("names") {
		t.Error("a heading counts no more than a paragraph")
	}
	q, _ := parseQuery(`"24 months"`)
	m, _ := matchDocument(q, doc)
	if m.section != "Your data > Retention" || !strings.Contains(m.snippet, "We keep data for 24 months") || len(m.snippet) > snippetLen+10 || !strings.HasPrefix(m.snippet, "…") || !strings.HasSuffix(m.snippet, "…") {
		t.Errorf("%+v", m)
	}
}

// FuzzQuery: whatever is asked of whatever text, the answer is a part of the text.
func FuzzQuery(f *testing.F) {
	f.Add("sell data", "We never SELL your data.")
	f.Add(`"a" b "`, "a\u00adb İstanbul ẞ \U0001F600 b")
	f.Add("\u0130", "\u0130\u0130\u0130")
	f.Add("個人", strings.Repeat("個人情報", 200))
	f.Fuzz(func(t *testing.T, query, text string) {
		q, err := parseQuery(query)
		if err != nil {
			if !errors.Is(err, ErrQuery) {
				t.Errorf("%v is no error of a query", err)
			}
			return
		}
		if folded, at := foldMapped(text); folded != fold(text) || len(at) != len(folded)+1 || at[len(folded)] != len(text) {
			t.Fatalf("%q: folded %q, places %v", text, folded, at)
		}
		doc := policy.Document{Sections: []policy.Section{{Heading: text, Level: 1, Blocks: []policy.Block{block(text)}}}}
		m, ok := matchDocument(q, doc)
		if !ok {
			return
		}
		if len(m.snippet) > snippetLen+16 || m.hits == 0 || m.score <= 0 {
			t.Errorf("%q in %q: %+v", query, text, m)
		}
		if utf8.ValidString(text) && !utf8.ValidString(m.snippet) {
			t.Errorf("the snippet %q of %q is cut in a letter", m.snippet, text)
		}
		for _, term := range q.list {
			if !strings.Contains(fold(text), term.text) {
				t.Errorf("%q is said to hold %q", text, term.text)
			}
		}
	})
}
