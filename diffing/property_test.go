package diffing

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"watcher/normalize"
	"watcher/policy"
)

// sentences are drawn with repetition, so that moves, copies and rewordings
// happen all the time.
var sentences = []string{
	"We keep logs for 12 months.", "We keep logs for 24 months.", "We will not sell your data.", "We may sell your data.",
	"Contact dpo@example.com.", "See https://example.com/a?b=c for more.", "Last update: XX/05/2025", "Last update: 12/05/2025",
	"We share data with partners, e.g. Acme Inc. and others.", "We share data with carriers, e.g. Acme Inc. and others.",
	"个人信息会被保存。我们不会出售。", "Données conservées 3 ans !", "4.2 Rights apply.", "(a) Rights apply.", "…", "A | B", "a\u200bb\u202ec", "\xff\xfe bad",
	"Yes", "no.", "Article 6(1)(f) GDPR", "“Quoted” text — here", "\"Quoted\" text - here",
}

func genDoc() *rapid.Generator[policy.Document] {
	return rapid.Custom(func(t *rapid.T) policy.Document {
		text := rapid.Custom(func(t *rapid.T) string {
			return strings.Join(rapid.SliceOfN(rapid.SampledFrom(sentences), 1, 4).Draw(t, "s"), " ")
		})
		block := rapid.Custom(func(t *rapid.T) policy.Block {
			return policy.Block{
				Kind:   rapid.SampledFrom([]policy.BlockKind{policy.Paragraph, policy.Item, policy.TableRow}).Draw(t, "kind"),
				Text:   rapid.OneOf(text, rapid.String()).Draw(t, "text"),
				Marker: rapid.SampledFrom([]string{"", "1.", "(a)"}).Draw(t, "marker"),
			}
		})
		section := rapid.Custom(func(t *rapid.T) policy.Section {
			return policy.Section{
				Heading: rapid.SampledFrom([]string{"", "Policy", "1. Retention", "2. Retention", "Sharing"}).Draw(t, "h"),
				Level:   rapid.IntRange(1, 3).Draw(t, "level"),
				Blocks:  rapid.SliceOfN(block, 0, 4).Draw(t, "blocks"),
			}
		})
		return policy.Document{
			Lang:     rapid.SampledFrom([]string{"", "en", "de", "ja"}).Draw(t, "lang"),
			Sections: rapid.SliceOfN(section, 0, 5).Draw(t, "sections"),
		}
	})
}

// TestCompareProperties holds what is true of any two documents.
func TestCompareProperties(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		a, b := genDoc().Draw(rt, "a"), genDoc().Draw(rt, "b")
		c := Compare(a, b, Options{})
		checkChange(rt, a, b, c)
		out, err := json.Marshal(c)
		if err != nil || !utf8.Valid(out) {
			rt.Fatalf("change is no valid JSON: %v", err)
		}
		for _, e := range c.Edits {
			if !utf8.ValidString(e.Old) || !utf8.ValidString(e.New) {
				rt.Fatalf("invalid UTF-8 in %q", brief(e))
			}
		}
		if diff := cmp.Diff(c, Compare(a, b, Options{})); diff != "" {
			rt.Fatalf("not deterministic:\n%s", diff)
		}
		if same := Compare(a, a, Options{}); !same.Empty() || same.Significance != policy.None {
			rt.Fatalf("a document against itself: %+v", same)
		}
	})
}

// TestAccounting checks that every unit of both sides is equal or in exactly
// one edit.
func TestAccounting(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		a, b := genDoc().Draw(rt, "a"), genDoc().Draw(rt, "b")
		sp := newSplitter()
		m := newMatching(sp.side(&a), sp.side(&b))
		usedA, usedB := make([]int, len(m.a.units)), make([]int, len(m.b.units))
		for _, e := range m.equals {
			usedA[e.a]++
			usedB[e.b]++
			if m.a.units[e.a].key != m.b.units[e.b].key {
				rt.Fatalf("%q equal to %q", m.a.units[e.a].text, m.b.units[e.b].text)
			}
		}
		for _, g := range slices.Concat(m.moves, m.pairs) {
			for _, i := range g.a {
				usedA[i]++
			}
			for _, j := range g.b {
				usedB[j]++
			}
		}
		checkUsed(rt, usedA, m.stateA)
		checkUsed(rt, usedB, m.stateB)
	})
}

func checkUsed(rt *rapid.T, used []int, states []state) {
	for i, n := range used {
		if want := map[bool]int{true: 0, false: 1}[states[i] == free]; n != want {
			rt.Fatalf("unit %d, state %d, is in %d edits", i, states[i], n)
		}
	}
}

// TestPaths compares the section paths with policy.Document.Path, which
// defines them.
func TestPaths(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		d := genDoc().Draw(rt, "d")
		title := titleSection(&d)
		for i, got := range sectionPaths(&d) {
			want := d.Path(i)
			if len(want) > 1 && title >= 0 && want[0] == d.Sections[title].Heading {
				want = want[1:]
			}
			if got != strings.Join(want, pathSeparator) {
				rt.Fatalf("section %d: path %q, want %q", i, got, want)
			}
		}
	})
}

// TestSentencesJoin checks that splitting loses nothing but white space.
func TestSentencesJoin(t *testing.T) {
	squeeze := func(s string) string {
		return strings.Join(strings.FieldsFunc(s, isBlank), "")
	}
	rapid.Check(t, func(rt *rapid.T) {
		s := rapid.OneOf(rapid.String(), rapid.Map(rapid.SliceOf(rapid.SampledFrom(sentences[:16])), func(p []string) string {
			return strings.Join(p, " ")
		})).Draw(rt, "s")
		if got := strings.Join(splitSentences(s), ""); squeeze(got) != squeeze(s) {
			rt.Fatalf("split %q gives %q", s, got)
		}
	})
}

// TestAlignIDs checks matches against the definition, long inputs included.
func TestAlignIDs(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		ids := rapid.SliceOfN(rapid.IntRange(0, 30), 0, 60)
		a, b := ids.Draw(rt, "a"), ids.Draw(rt, "b")
		last := match{-1, -1}
		for _, m := range alignIDs(a, b) {
			if m.a <= last.a || m.b <= last.b || a[m.a] != b[m.b] {
				rt.Fatalf("match %v after %v", m, last)
			}
			last = m
		}
	})
	long := make([]int, 20000)
	for i := range long {
		long[i] = i
	}
	turned := slices.Concat(long[15000:], long[:15000])
	if got := len(alignIDs(long, turned)); got != 15000 {
		t.Errorf("a turned sequence has %d matches, want 15000", got)
	}
}

func FuzzCompare(f *testing.F) {
	f.Add("# A\nWe keep it for 12 months.", "# A\nWe keep it for 24 months.")
	f.Add("Last update: XX/05/2025", "Last update: 12/05/2025")
	f.Add("a@b.c (x) ((((( www. http:// 6(1)(f)", "1.2.3.4 IV. (iv) § 5 [")
	f.Fuzz(func(t *testing.T, a, b string) {
		build := func(s string) policy.Document {
			d := doc(t, strings.ReplaceAll(s, "@", "(at)"))
			d.Lang = ""
			d.Sections = append(d.Sections, policy.Section{Heading: s, Level: len(s) % 7, Blocks: []policy.Block{{Kind: policy.Paragraph, Text: s}}})
			return d
		}
		from, to := build(a), build(b)
		c := Compare(from, to, Options{})
		for _, e := range c.Edits {
			checkEdit(t, e)
		}
		Classify(&to)
	})
}

// checkSum checks that the old text and the edits give the new one: its words,
// less those of the old sides, with those of the new sides. What numbers a
// clause is left out: it is no part of most texts.
func checkSum(t reporter, a, b policy.Document, c policy.Change) {
	t.Helper()
	sp := newSplitter()
	count := map[string]int{}
	add := func(text string, n int) {
		for w := range strings.FieldsSeq(text) {
			w = strings.ToLower(strings.TrimFunc(w, func(r rune) bool { return !unicode.IsLetter(r) }))
			if len(w) > 1 && !isRoman(w) {
				count[w] += n
			}
		}
	}
	for _, u := range sp.side(&a).units {
		add(u.text, 1)
	}
	for _, u := range sp.side(&b).units {
		add(u.text, -1)
	}
	for _, e := range c.Edits {
		add(e.Old, -1)
		add(e.New, 1)
	}
	for w, n := range count {
		if n != 0 {
			t.Errorf("the word %q is %d too many after the edits", w, n)
		}
	}
}

func TestSum(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		a, b := genDoc().Draw(rt, "a"), genDoc().Draw(rt, "b")
		checkSum(rt, a, b, Compare(a, b, Options{}))
	})
}

// FuzzCompareFiles compares any two texts, read as files are.
func FuzzCompareFiles(f *testing.F) {
	f.Add("# A\n\nWe keep logs for 12 months. We sell nothing.\n\n- one\n- two\n", "# A\n\nWe sell nothing. We keep logs for 24 months.\n\n1. one\n2. two\n")
	f.Add("1. Scope\nAll of it.\n2. Rights\nNone.", "1. Scope\nAll of it.\n2. Cookies\nSome.\n3. Rights\nNone.")
	f.Add("| a | b |\n| c | d |", "| c | d |\n| a | e |\n\xff\xfe")
	f.Add("Last update: XX/05/2025", "Last update: 12/05/2025")
	n, err := normalize.New(normalize.Rules{})
	if err != nil {
		f.Fatal(err)
	}
	read := func(t *testing.T, s string) policy.Document {
		d, err := n.Document(normalize.Input{Body: []byte(s), ContentType: "text/markdown; charset=utf-8"})
		if err != nil {
			t.Skip(err)
		}
		return d
	}
	f.Fuzz(func(t *testing.T, old, new string) {
		a, b := read(t, old), read(t, new)
		c := Compare(a, b, Options{})
		checkChange(t, a, b, c)
		checkSum(t, a, b, c)
		if a.Text() != b.Text() && c.Significance == policy.None {
			t.Error("texts differ and nothing is said")
		}
		if again := Compare(a, a, Options{}); !again.Empty() {
			t.Errorf("a text against itself: %q", briefs(again))
		}
	})
}
