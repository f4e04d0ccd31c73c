package normalize

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"watcher/policy"
)

// monsters are pages beyond what parsers like, with the words that they hold.
func monsters() map[string]struct {
	body  string
	words int
	flat  bool
} {
	const sentence = "We keep your data for twelve months and give them to nobody. "
	var attrs strings.Builder
	for i := range 100_000 {
		fmt.Fprintf(&attrs, " data-a%d=\"v%d\"", i, i)
	}
	const mib = 1 << 20
	text := strings.Repeat("<p>"+sentence+"</p>\n", 100)
	type monster = struct {
		body  string
		words int
		flat  bool
	}
	return map[string]monster{
		"600 levels":                  {strings.Repeat("<div>", 600) + text, 1200, true},
		"50,000 levels":               {strings.Repeat("<section><b>", 25_000) + text, 1200, true},
		"levels of lists":             {strings.Repeat("<ul><li>", 600) + text, 1200, true},
		"levels of tables":            {strings.Repeat("<table><tr><td>", 400) + text, 1200, true},
		"levels around a menu":        {"<nav><a href=/>Home</a> <a href=/b>Blog</a></nav>" + strings.Repeat("<div>", 600) + text, 1200, true},
		"100,000 attributes":          {"<div" + attrs.String() + ">" + text + "</div>", 1200, false},
		"10 MB of attributes":         {"<div title='" + strings.Repeat("x", 10*mib) + "'>" + text, 1200, false},
		"10 MB of script":             {"<script>" + strings.Repeat("var a = 1; ", mib) + "</script>" + text, 1200, false},
		"10 MB of comment":            {"<!--" + strings.Repeat("nothing ", 10*mib/8) + "-->" + text, 1200, false},
		"10 MB of text":               {"<p>" + strings.Repeat(sentence, 10*mib/len(sentence)), 10 * mib / len(sentence) * 12, false},
		"10 MB of paragraphs":         {strings.Repeat("<p>"+sentence+"</p>", 160_000), 160_000 * 12, true},
		"10 MB of tags":               {strings.Repeat("<p><b>a</b> b</p>", 10*mib/17), 10 * mib / 17 * 2, true},
		"300,000 breaks":              {"<p>" + strings.Repeat("some words<br>", 300_000), 600_000, true},
		"300,000 rows":                {"<table>" + strings.Repeat("<tr><td>cookie<td>use", 100_000), 0, true},
		"headings and items":          {strings.Repeat("<div>", 600) + "<h2>Retention</h2><ul><li>" + sentence + "<li>" + sentence + "</ul>", 25, true},
		"what is not shown, unclosed": {strings.Repeat("<div>", 600) + text + "<script>var words = 'x'", 1200, true},
	}
}

// TestMonsters reads pages that are nested, marked up or simply large beyond
// reason: they have their text all the same, and Dropped says how it was read.
func TestMonsters(t *testing.T) {
	n, err := New(Rules{})
	if err != nil {
		t.Fatal(err)
	}
	for name, m := range monsters() {
		d, err := n.Document(Input{Body: []byte("<!doctype html><html lang=en><title>Privacy</title><body>" + m.body), ContentType: "text/html; charset=utf-8"})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := d.Words(); m.words > 0 && got != m.words || got == 0 {
			t.Errorf("%s: %d words, want %d", name, got, m.words)
		}
		if flat := slices.ContainsFunc(d.Dropped, func(p policy.Drop) bool { return p.Rule == ruleFlat }); flat != m.flat {
			t.Errorf("%s: read flat: %v, want %v", name, flat, m.flat)
		}
		if d.Title != "Privacy" || d.Lang != "en" {
			t.Errorf("%s: title %q, language %q", name, d.Title, d.Lang)
		}
	}
}

// BenchmarkMonsters is where the bound of a second per page is seen.
func BenchmarkMonsters(b *testing.B) {
	n, err := New(Rules{})
	if err != nil {
		b.Fatal(err)
	}
	for name, m := range monsters() {
		in := Input{Body: []byte("<!doctype html><body>" + m.body), ContentType: "text/html; charset=utf-8"}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := n.Document(in); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms/page")
		})
	}
}

// TestFlat shows what the flat reading keeps of a page's structure.
func TestFlat(t *testing.T) {
	f := readFlat(`<title>T</title><nav><a href=/>Home</a></nav><h1>Privacy</h1><p>We <b>keep</b> it.<br>Ask <a href="/ask">us</a>.</p>`+
		`<ul><li>one<li>two</ul><table><tr><td>a<td>b</table><svg><text>no</text></svg><style>p{}</style><footer>Imprint</footer>`, nil)
	var got []string
	for _, u := range f.out {
		got = append(got, fmt.Sprintf("%s %d %s %d", u.kind, u.level, u.text, len(u.links)))
	}
	want := []string{"paragraph 1 Privacy 0", "paragraph 0 We keep it. 0", "paragraph 0 Ask us. 1", "item 0 one 0", "item 0 two 0", "table 0 a | b 0"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if len(f.full) != len(f.out)+2 {
		t.Errorf("%d of all lines, want the menu and the footer, too", len(f.full))
	}
	if f := readFlat("<nav>"+strings.Repeat("<p>We keep it.</p>", 50), nil); len(f.out) != 50 {
		t.Errorf("a menu around everything left %d lines", len(f.out))
	}
}
