package normalize

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"watcher/policy"
)

const longSentence = "We keep this information for as long as the purpose asks for it, and then we delete it from all of our systems. "

// wrapPage makes a page of a body.
func wrapPage(body string) []byte {
	return []byte("<!doctype html><html lang=en><title>Privacy</title><body>" + body + "</body></html>")
}

func text(t *testing.T, body string) string {
	t.Helper()
	return document(t, Rules{}, Input{Body: wrapPage(body), ContentType: "text/html", URL: "https://shop.example/privacy"}).Text()
}

func TestInlineAndBlock(t *testing.T) {
	for _, tc := range []struct{ name, in, want string }{
		{"inline does not split", "<p>We col<b>lect</b> <i>some</i>thing.</p>", "We collect something.\n"},
		{"blocks separate", "<div>One of them.<div>Two of them.</div>Three.</div>", "One of them.\n\nTwo of them.\n\nThree.\n"},
		{"single break lays out", "<p>12 Quay Street<br>Bristol<br>England</p>", "12 Quay Street Bristol England\n"},
		{"laid out lines are no title", "<p>12 Quay Street<br>Bristol<br>England</p><p>" + longSentence + "</p>", "12 Quay Street Bristol England\n\n" + longSentence[:len(longSentence)-1] + "\n"},
		{"double break divides", "<p>First part of it<br><br>second part of it</p>", "First part of it\n\nsecond part of it\n"},
		{"break after a sentence", "<p>It ends here.<br>And goes on.</p>", "It ends here.\n\nAnd goes on.\n"},
		{"breaks of a short paragraph", "<p>We keep it for a year<br>or for as long as the law asks<br>whichever is longer</p>", "We keep it for a year or for as long as the law asks whichever is longer\n"},
		{"unicode spaces", "<p>a\u00a0b\u2003c\u202fd\u3000e</p>", "a b c d e\n"},
		{"invisible characters", "<p>per\u00adso\u200bnal\ufeff \u202adata\u202c</p>", "personal data\n"},
		{"composed", "<p>Cafe\u0301</p>", "Café\n"},
		{"entities", "<p>R&amp;D &lt;x&gt; &nbsp; y</p>", "R&D <x> y\n"},
		{"not rendered", "<p>a<script>x()</script><style>p{}</style><noscript>n</noscript><template>t</template>b</p>", "ab\n"},
		{"nested lists", "<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>", "- a\n  - b\n- c\n"},
		{"ordered lists", "<ol start=3><li>x</li><li value=7>y</li><li>z</li></ol>", "3. x\n7. y\n8. z\n"},
		{"roman", "<ol type=i><li>x</li><li>y</li></ol>", "i. x\nii. y\n"},
		{"table", "<table><tr><th>A<th>B<tr><td>1<td><p>2</p><p>3</p></table>", "| A | B |\n| 1 | 2 3 |\n"},
		{"layout table", "<table><tr><td><p>One thing.</p><p>Another.</p></td></tr></table>", "One thing.\n\nAnother.\n"},
		{"meaningful image", `<p>See <img alt="the chart of how long we keep data" src=c.png></p>`, "See the chart of how long we keep data\n"},
		{"other image", `<p>See <img alt="logo" src=c.png>it</p>`, "See it\n"},
		{"definition list", "<dl><dt>Controller</dt><dd>Harbour Tools Ltd, Bristol.</dd></dl>", "Controller\n\nHarbour Tools Ltd, Bristol.\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, text(t, tc.in)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestPruneValves(t *testing.T) {
	body := "<p>" + strings.Repeat(longSentence, 12) + "</p>"
	for _, tc := range []struct {
		name, in string
		kept     bool
	}{
		{"small site header", "<header><p>MARKED</p></header><main>" + body + "</main>", false},
		{"header of an article", "<article><header><p>MARKED</p></header>" + body + "</article>", true},
		{"form in main", "<main>" + body + "<form><p>MARKED text of a form that is long enough to be read as a sentence.</p></form></main>", true},
		{"form beside main", "<form><p>MARKED</p></form><main>" + body + "</main>", false},
		{"form around the page", "<form><p>MARKED</p>" + body + "</form>", true},
		{"hidden accordion in main", "<main>" + body + "<div style='display:none'><p>MARKED</p></div></main>", true},
		{"hidden beside main", "<div style='display: none'><p>MARKED</p></div><main>" + body + "</main>", false},
		{"most of the page in a footer", "<p>Small.</p><footer><p>MARKED</p>" + body + "</footer>", true},
		{"cookie banner", "<div id=onetrust-consent-sdk><p>MARKED</p></div>" + body, false},
		{"cookie list of a cookie policy", "<div id=ot-sdk-cookie-policy><p>MARKED</p></div>" + body, true},
		{"section named by its heading", "<section id=how-we-share-data><p>MARKED</p></section>" + body, true},
		{"heading with a telling id", "<h2 id=share>MARKED</h2>" + body, true},
		{"share widget", "<div class='social-share'><a href=/x>MARKED</a></div>" + body, false},
		{"two articles", "<main><article><p>MARKED</p>" + body + "</article><article>" + body + "</article></main>", true},
		{"main with little text", "<main><p>MARKED</p></main><div>" + body + body + "</div>", true},
		{"related articles", "<main>" + body + "<div class=related-articles><a href=/a>MARKED</a><a href=/b>Another one</a></div></main>", false},
		{"title before main", "<div class=hero><h1>MARKED</h1></div><main>" + body + "</main>", true},
		{"accordion handle", "<main>" + body + "<h3><button>MARKED</button></h3><p>" + longSentence + "</p></main>", true},
		{"button", "<main>" + body + "<button>MARKED</button></main>", false},
		{"links of a policy", "<main>" + body + "<ul><li><a href=/1>MARKED</a><li><a href=/2>B</a><li><a href=/3>C</a><li><a href=/4>D</a></ul></main>", true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d := document(t, Rules{}, Input{Body: wrapPage(tc.in), ContentType: "text/html"})
			if got := strings.Contains(d.Text(), "MARKED"); got != tc.kept {
				t.Errorf("kept = %v, want %v; dropped: %+v", got, tc.kept, d.Dropped)
			}
			if !tc.kept && len(d.Dropped) == 0 {
				t.Error("nothing is reported as dropped")
			}
		})
	}
}

func TestRules(t *testing.T) {
	body := wrapPage("<nav>Menu</nav><div id=a><p>First text.</p><p class=x>Not this.</p></div><div id=b><p>Second text.</p></div>")
	in := Input{Body: body, ContentType: "text/html"}
	if got := document(t, Rules{Select: policy.CSS("#b", "#a"), Remove: policy.CSS(".x")}, in).Text(); got != "First text.\n\nSecond text.\n" {
		t.Errorf("selected text = %q", got)
	}
	d := document(t, Rules{Select: policy.CSS(".gone")}, in)
	if !strings.Contains(d.Text(), "Second text.") {
		t.Errorf("no fallback to the automatic text: %q", d.Text())
	}
	found := false
	for _, drop := range d.Dropped {
		found = found || drop.Rule == "select_unmatched"
	}
	if !found {
		t.Errorf("no select_unmatched in %+v", d.Dropped)
	}
	if _, err := New(Rules{Select: policy.CSS("main"), Remove: policy.CSS("div[[", "p")}); err == nil || !strings.Contains(err.Error(), "div[[") {
		t.Errorf("error %v does not name the selector", err)
	}
	plain, _ := New(Rules{})
	other, _ := New(Rules{Remove: policy.CSS(".x")})
	if plain.ID() != "n1-"+ruleset || !strings.HasPrefix(other.ID(), plain.ID()+"-") || len(other.ID()) != len(plain.ID())+9 {
		t.Errorf("ids %q, %q", plain.ID(), other.ID())
	}
	if d.Normalizer == plain.ID() || !strings.HasPrefix(d.Normalizer, plain.ID()) {
		t.Errorf("document's normalizer = %q", d.Normalizer)
	}
}

func TestUnstableLinesAreLeftOut(t *testing.T) {
	body := "<main><h1>Privacy notice</h1><p>%s</p><p>" + strings.Repeat(longSentence, 5) + "</p><p>%s</p></main>"
	for _, lines := range [][2]string{
		{"Updated 3 weeks ago", "Updated over a week ago"},
		{"Request ID: 8f3a9c0d1e", "Request ID: 77aa01bc9d"},
		{"v2.10.3", "v2.10.4"},
		{"1,204 views", "1,209 views"},
		{"5 min read", "6 min read"},
	} {
		a := text(t, fmt.Sprintf(body, lines[0], lines[0]))
		b := text(t, fmt.Sprintf(body, lines[1], lines[1]))
		if a != b {
			t.Errorf("%q and %q make different texts", lines[0], lines[1])
		}
	}
}

func TestUnsupported(t *testing.T) {
	n, err := New(Rules{})
	if err != nil {
		t.Fatal(err)
	}
	for name, in := range map[string]Input{
		"pdf":         {Body: []byte("%PDF-1.7\n..."), ContentType: "text/html"},
		"docx":        {Body: []byte("PK\x03\x04....word/document.xml"), ContentType: "application/octet-stream"},
		"png":         {Body: []byte("\x89PNG\r\n\x1a\n\x00\x00"), ContentType: "text/html"},
		"json":        {Body: []byte(`{"a":1}`), ContentType: "application/json"},
		"nul bytes":   {Body: []byte(strings.Repeat("a\x00\x01\x02", 300)), ContentType: "text/html"},
		"by override": {Body: []byte("text"), MediaType: "application/pdf"},
	} {
		if _, err := n.Document(in); !errors.Is(err, ErrUnsupported) || !strings.HasSuffix(err.Error(), ")") {
			t.Errorf("%s: error %v, want ErrUnsupported with a hint", name, err)
		}
	}
	if d, err := n.Document(Input{}); err != nil || d.Words() != 0 || d.Normalizer == "" {
		t.Errorf("empty body: %+v, %v", d, err)
	}
}

// TestHostile feeds what makes parsers slow. The limit is generous: quadratic
// code would need minutes. In short form most inputs are a tenth as large.
func TestHostile(t *testing.T) {
	n, err := New(Rules{Select: policy.CSS("main"), Remove: policy.CSS("div > p")})
	if err != nil {
		t.Fatal(err)
	}
	auto, err := New(Rules{})
	if err != nil {
		t.Fatal(err)
	}
	rep := func(s string, n int) string {
		if testing.Short() && n >= 20_000 && n < 500_000 {
			n /= 10
		}
		return strings.Repeat(s, n)
	}
	var attrs strings.Builder
	for i := range 100_000 {
		fmt.Fprintf(&attrs, " a%d=1", i)
	}
	for name, tc := range map[string]struct {
		body string
		// flat says that the page has no tree.
		flat bool
	}{
		"nested divs":        {rep("<div>", 100_000), true},
		"nested bold":        {rep("<b><p>", 50_000), false},
		"attributes":         {"<p" + attrs.String() + ">x</p>", false},
		"many classes":       {`<p class="` + rep("menu share ", 100_000) + `">x</p>`, false},
		"table":              {"<table>" + rep("<tr><td>a<td>b", 80_000) + "</table>", false},
		"wide table":         {"<table><tr>" + rep("<td>a", 200_000) + "</table>", false},
		"tables in tables":   {rep("<table><tr><td>", 200), true},
		"some nested tables": {rep("<table><tr><td>a<td>b", 120), false},
		"unclosed links":     {rep("<a href=/x>y ", 100_000), false},
		"links in a line":    {"<p>" + rep("<a href=/x>y</a> ", 100_000) + "</p>", false},
		"breaks":             {"<p>" + rep("a<br>", 200_000) + "</p>", false},
		"too many elements":  {rep("<i>", 600_000), true},
		"one long word":      {"<p>" + rep("a", 5<<20) + "</p>", false},
		"one long line":      {"<p>" + rep("Last updated 3 May 2024 ", 100_000) + "</p>", false},
		"short lines":        {rep("<p>Privacy</p>", 100_000), false},
		"numbers":            {rep("<p>1.</p><p>1 A</p>", 50_000), false},
		"headings":           {rep("<h2>A</h2>", 100_000), false},
		"entities":           {"<p>" + rep("&amp;&bogus;", 200_000), false},
		"combining marks":    {"<p>a" + rep("\u0301", 500_000), false},
		"invalid utf-8":      {"<p>" + rep("\xff\xfe\xc3", 300_000), false},
		"comment":            {"<!--" + rep("-", 1<<20), false},
	} {
		for _, norm := range []*Normalizer{auto, n} {
			begin := time.Now()
			d, err := norm.Document(Input{Body: []byte("<!doctype html><body>" + tc.body), ContentType: "text/html; charset=utf-8"})
			if took := time.Since(begin); took > 20*time.Second {
				t.Fatalf("%s took %v", name, took)
			} else if took > time.Second {
				t.Logf("%s took %v", name, took)
			}
			flat := slices.ContainsFunc(d.Dropped, func(drop policy.Drop) bool { return drop.Rule == ruleFlat })
			if err != nil || flat != tc.flat {
				t.Errorf("%s: flat %v, want %v; error %v", name, flat, tc.flat, err)
			}
		}
	}
	for name, body := range map[string]string{
		"lines": rep("Privacy\n", 50_000), "bullets": rep("* a\n", 50_000), "markdown": "# A\n# B\n" + rep("[a](b) **c** _d_ ", 100_000),
		"brackets": "# A\n# B\n" + rep("[", 100_000) + rep("(", 100_000), "stars": "# A\n# B\n" + rep("*", 200_000),
		"numbers": rep("1.\n1 A.\n", 20_000), "wrapped": rep(rep("word ", 14)+"\n", 50_000),
	} {
		begin := time.Now()
		if _, err := auto.Document(Input{Body: []byte(body), ContentType: "text/plain"}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if took := time.Since(begin); took > 20*time.Second {
			t.Errorf("text %s took %v", name, took)
		} else if took > time.Second {
			t.Logf("text %s took %v", name, took)
		}
	}
}

func FuzzDocument(f *testing.F) {
	f.Add([]byte("<main><h1>Privacy</h1><p>Last updated: 3 May 2024<ul><li>a<table><tr><td>b"), "text/html")
	f.Add([]byte("# A\n## B\n\n1.\nC.\n* d\n| e | f |\n"), "text/markdown")
	f.Add([]byte("PRIVACY NOTICE\n\n1. SCOPE\n\nThis applies to:\na;\nb.\n"), "text/plain; charset=iso-8859-1")
	f.Add([]byte("\xff\xfea\x00<\x00b\x00>\x00"), "")
	n, err := New(Rules{})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body []byte, contentType string) {
		d, err := n.Document(Input{Body: body, ContentType: contentType, URL: "https://example.org/a?b=c"})
		if err != nil {
			if !errors.Is(err, ErrUnsupported) {
				t.Fatalf("unknown error %v", err)
			}
			return
		}
		checkInvariants(t, d)
		again, err := n.Document(Input{Body: body, ContentType: contentType, URL: "https://example.org/a?b=c"})
		if err != nil || !cmp.Equal(d, again) {
			t.Fatal("the same bytes gave another document")
		}
	})
}

// checkInvariants checks what every document must fulfil.
func checkInvariants(t *testing.T, d policy.Document) {
	t.Helper()
	line := func(what, s string) {
		if !utf8.ValidString(s) || strings.ContainsAny(s, "\n\r\t\u00a0\u200b\u00ad") || s != strings.TrimSpace(s) || strings.Contains(s, "  ") {
			t.Fatalf("%s is not clean: %q", what, s)
		}
	}
	for i, s := range d.Sections {
		line("heading", s.Heading)
		if s.Heading == "" && (i > 0 || s.Level != 0) || s.Heading != "" && (s.Level < 1 || s.Level > 6) {
			t.Fatalf("section %d: level %d, heading %q", i, s.Level, s.Heading)
		}
		for _, b := range s.Blocks {
			line("block", b.Text)
			if b.Text == "" || b.Kind != policy.Item && b.Marker != "" || b.Depth < 0 {
				t.Fatalf("block %+v", b)
			}
		}
	}
}
