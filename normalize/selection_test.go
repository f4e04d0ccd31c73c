package normalize

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"watcher/policy"
)

const rangePage = `<!doctype html><html><head><title>T</title></head><body>
<div class="top">Site banner words</div>
<div class="wrap">
  <h1>Privacy Policy</h1>
  <div class="inner"><p class="first">First paragraph of the policy.</p><p class="second">Second paragraph of it.</p></div>
  text of its own
  <h2>Contact</h2>
  <p class="third">Write to the office.</p>
  <script id="mark"></script>
</div>
<div class="foot">Footer words</div>
</body></html>`

// rangeCase is a pair of selectors and what they leave of rangePage.
type rangeCase struct {
	name           string
	choose, remove []policy.Selector
	want, not      []string
	unmatched      bool
}

func rangeCases() []rangeCase {
	return []rangeCase{
		{
			"before to before",
			[]policy.Selector{{StartBefore: "h1", EndBefore: "h2"}},
			nil,
			[]string{"Privacy Policy", "First", "Second", "text of its own"},
			[]string{"banner", "Contact", "office", "Footer"},
			false,
		},
		{
			"after to after",
			[]policy.Selector{{StartAfter: "h1", EndAfter: "h2"}},
			nil,
			[]string{"First", "Contact"},
			[]string{"Privacy Policy", "office", "banner"},
			false,
		},
		{
			"begins inside an element",
			[]policy.Selector{{StartAfter: ".first", EndBefore: "h2"}},
			nil,
			[]string{"Second", "text of its own"},
			[]string{"First", "Contact"},
			false,
		},
		{
			"ends at what shows no text",
			[]policy.Selector{{StartBefore: ".third", EndBefore: "#mark"}},
			nil,
			[]string{"office"},
			[]string{"Contact", "Footer"},
			false,
		},
		{
			"the first match of each end counts",
			[]policy.Selector{{StartBefore: "p", EndAfter: "p"}},
			nil,
			[]string{"First"},
			[]string{"Second"},
			false,
		},
		{
			"beside a plain selector",
			[]policy.Selector{{CSS: ".third"}, {StartBefore: ".first", EndAfter: ".first"}},
			nil,
			[]string{"First", "office"},
			[]string{"Second", "Contact"},
			false,
		},
		{
			"removed", policy.CSS(".wrap"),
			[]policy.Selector{{StartAfter: ".first", EndBefore: ".third"}},
			[]string{"Privacy Policy", "First", "office"},
			[]string{"Second", "own", "Contact"},
			false,
		},
		{"no start", []policy.Selector{{StartBefore: ".gone", EndBefore: "h2"}}, nil, []string{"First", "office"}, nil, true},
		{"no end", []policy.Selector{{StartBefore: "h1", EndBefore: ".gone"}}, nil, []string{"First", "office"}, nil, true},
		{"end before start", []policy.Selector{{StartBefore: "h2", EndAfter: "h1"}}, nil, []string{"First", "office"}, nil, true},
		{"nothing between", []policy.Selector{{StartBefore: "h1", EndBefore: "h1"}}, nil, []string{"First"}, nil, true},
		{"no words between", []policy.Selector{{StartAfter: ".third", EndAfter: "#mark"}}, nil, []string{"First"}, nil, true},
		{"start in the head", []policy.Selector{{StartAfter: "title", EndBefore: "h1"}}, nil, []string{"banner"}, []string{"First"}, false},
		{
			"removal of an absurd range", policy.CSS(".wrap"),
			[]policy.Selector{{StartBefore: "h2", EndAfter: "h1"}},
			[]string{"Privacy Policy", "First", "Contact", "office"},
			nil, false,
		},
	}
}

// TestRange: a range takes what lies in it as a whole, also half of an element.
func TestRange(t *testing.T) {
	for _, tc := range rangeCases() {
		t.Run(tc.name, func(t *testing.T) {
			n, err := New(Rules{Select: tc.choose, Remove: tc.remove})
			if err != nil {
				t.Fatal(err)
			}
			doc, err := n.Document(Input{Body: []byte(rangePage)})
			if err != nil {
				t.Fatal(err)
			}
			text, unmatched := doc.Text(), false
			for _, w := range tc.want {
				if !strings.Contains(text, w) {
					t.Errorf("%q is missing in:\n%s", w, text)
				}
			}
			for _, w := range tc.not {
				if strings.Contains(text, w) {
					t.Errorf("%q is in:\n%s", w, text)
				}
			}
			for _, d := range doc.Dropped {
				unmatched = unmatched || d.Rule == ruleUnmatched
			}
			if unmatched != tc.unmatched {
				t.Errorf("unmatched = %v, want %v", unmatched, tc.unmatched)
			}
		})
	}
}

func TestNoRange(t *testing.T) {
	for _, s := range []policy.Selector{
		{StartBefore: "h1"},
		{EndAfter: "h1"},
		{StartBefore: "h1", StartAfter: "h2", EndAfter: "p"},
		{StartBefore: "h1", EndBefore: "h2", EndAfter: "p"},
		{CSS: "main", StartBefore: "h1", EndBefore: "h2"},
		{StartBefore: "##", EndBefore: "h2"},
		{StartBefore: "h1", EndBefore: "p::after"},
	} {
		if _, err := New(Rules{Remove: []policy.Selector{s}}); err == nil || !strings.Contains(err.Error(), "(") {
			t.Errorf("%s: %v, want an error with a hint", s, err)
		}
	}
}

// TestSelectorIdentity: the id of a normaliser with plain selectors is what it
// was before there were ranges, so that an upgrade makes no technical version.
func TestSelectorIdentity(t *testing.T) {
	id := func(s ...policy.Selector) string {
		n, err := New(Rules{Select: s, Remove: policy.CSS(".x")})
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimPrefix(n.ID(), "n1-"+ruleset)
	}
	if got := id(policy.CSS("main", "p, h1")...); got != "-135c087d" {
		t.Errorf("plain selectors: %s", got)
	}
	if a, b := id(policy.Selector{StartBefore: "a", EndBefore: "b"}), id(policy.Selector{StartAfter: "a", EndBefore: "b"}); a == b {
		t.Error("two ranges have one id")
	}
}

func TestUnmatched(t *testing.T) {
	rules := Rules{
		Select: []policy.Selector{{CSS: ".wrap"}, {CSS: ".gone"}, {CSS: "#mark"}, {StartBefore: "h2", EndBefore: "h1"}, {StartBefore: "h1", EndAfter: "h2"}},
		Remove: []policy.Selector{{CSS: "#mark"}, {CSS: ".nowhere"}, {StartBefore: "h1", EndBefore: ".nowhere"}},
	}
	got, err := Unmatched(rules, Input{Body: []byte(rangePage)})
	if err != nil {
		t.Fatal(err)
	}
	want := []policy.Selector{rules.Select[1], rules.Select[2], rules.Select[3], rules.Remove[1], rules.Remove[2]}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if got, err := Unmatched(rules, Input{Body: []byte("%PDF-1.4")}); err != nil || got != nil {
		t.Errorf("a PDF: %v, %v", got, err)
	}
	if _, err := Unmatched(Rules{Select: policy.CSS("##")}, Input{}); err == nil {
		t.Error("a bad selector passes")
	}
}
