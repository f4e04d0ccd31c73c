package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"watcher/policy"
)

// A range may stand alone or in a list, among CSS selectors, behind an alias.
func TestSelectors(t *testing.T) {
	c := mustParse(t, `version: 1
vendors:
  - name: Acme
    policies:
      - {kind: privacy, url: "https://acme.example/p", select: &r {start_before: h1, end_after: "#end"}, remove: [nav, *r]}
      - {kind: terms, url: "https://acme.example/t", select: *r}
`)
	span := policy.Selector{StartBefore: "h1", EndAfter: "#end"}
	for i, want := range []policy.Policy{
		{Select: []policy.Selector{span}, Remove: []policy.Selector{{CSS: "nav"}, span}},
		{Select: []policy.Selector{span}},
	} {
		got := policy.Policy{Select: c.Policies[i].Select, Remove: c.Policies[i].Remove}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("policy %d (-want +got):\n%s", i, diff)
		}
	}
	checkRoundTrip(t, c)
}

func TestParseSelector(t *testing.T) {
	for text, want := range map[string]policy.Selector{
		"main > p": {CSS: "main > p"},
		"#a, .b":   {CSS: "#a, .b"},
		"{start_after: '#a b', end_before: \"p\"}": {StartAfter: "#a b", EndBefore: "p"},
	} {
		if got, err := ParseSelector(text); err != nil || got != want {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "##", "{", "{start_before: h1}", "{start_before: [h1], end_after: p}", "{a: *b}", "{start_before: h1, end_after: \x00}"} {
		if s, err := ParseSelector(text); err == nil || !strings.Contains(err.Error(), "hint") {
			t.Errorf("%q: %+v, %v, want an error with a hint", text, s, err)
		}
	}
}
