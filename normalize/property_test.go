package normalize

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"watcher/policy"
)

// pageMaker writes random pages of known content: a policy of sections inside
// of wrappers, and around it what sites put around policies.
type pageMaker struct {
	rnd  *rand.Rand
	n    int
	out  bytes.Buffer
	want []string // the lines of the policy, in order
}

var pageWords = strings.Fields("we keep share process your account location payment contact details data with for until months partners vendors consent request security the and not only when law requires")

func (m *pageMaker) words(from, to int) string {
	var w []string
	for range from + m.rnd.IntN(to-from+1) {
		w = append(w, pageWords[m.rnd.IntN(len(pageWords))])
	}
	m.n++
	return fmt.Sprintf("%s number%s", strings.Join(w, " "), spell(m.n))
}

// spell writes a number in letters, so that every line is another one.
func spell(n int) string {
	s := ""
	for ; n > 0; n /= 26 {
		s = string(rune('a'+n%26)) + s
	}
	return s
}

func (m *pageMaker) line(tag, text string) {
	m.want = append(m.want, text)
	fmt.Fprintf(&m.out, "<%s>%s</%s>\n", tag, text, strings.Fields(tag)[0])
}

// policy writes the sections.
func (m *pageMaker) policy() {
	m.line("h1", "Privacy notice "+m.words(1, 2))
	for range 4 + m.rnd.IntN(8) {
		m.line("h2", "Section "+m.words(2, 4))
		for range 1 + m.rnd.IntN(4) {
			switch m.rnd.IntN(5) {
			case 0:
				m.out.WriteString("<ul class=\"list menu-items\">")
				for range 2 + m.rnd.IntN(4) {
					m.line("li", m.words(4, 12)+";")
				}
				m.out.WriteString("</ul>")
			case 1:
				m.out.WriteString("<div class='accordion' style='display:none'>")
				m.line("p", m.words(12, 40)+".")
				m.out.WriteString("</div>")
			case 2:
				a, b := m.words(2, 4), m.words(4, 9)
				m.want = append(m.want, a+policy.CellSeparator+b)
				fmt.Fprintf(&m.out, "<table><tr><td>%s</td><td>%s</td></tr></table>", a, b)
			default:
				m.line("p", m.words(12, 60)+".")
			}
		}
	}
}

// noise writes what is no policy.
func (m *pageMaker) noise() {
	switch m.rnd.IntN(6) {
	case 0:
		m.out.WriteString("<nav><ul><li><a href=/a>Products</a><li><a href=/b>Prices</a><li><a href=/c>Blog</a></ul></nav>")
	case 1:
		m.out.WriteString("<div id='onetrust-banner-sdk'><p>This site sets cookies.</p><button>Accept all</button></div>")
	case 2:
		m.out.WriteString("<footer><a href=/x>Imprint</a> <a href=/y>Terms</a> © 2026 Example Ltd</footer>")
	case 3:
		m.out.WriteString("<aside class=related><a href=/1>How to print better</a><a href=/2>Our new office opens</a></aside>")
	case 4:
		m.out.WriteString("<script>var a='<p>no</p>'</script><style>p{color:red}</style>")
	case 5:
		m.out.WriteString("<form role=search><input><button>Search</button></form>")
	}
}

func (m *pageMaker) page() []byte {
	m.out.WriteString("<!doctype html><html lang=en><head><title>Privacy</title></head><body>")
	for range m.rnd.IntN(4) {
		m.noise()
	}
	wrappers := []string{"<main>", "<article>", "<div class=content>", "<section id=legal><div><div>", "<div class='page-wrapper header-fixed'>", "<div role=main>"}
	open := wrappers[m.rnd.IntN(len(wrappers))]
	m.out.WriteString(open)
	m.policy()
	for tag := range strings.SplitSeq(strings.Trim(open, "<"), "<") {
		m.out.WriteString("</" + strings.Fields(strings.Trim(tag, ">"))[0] + ">")
	}
	for range m.rnd.IntN(4) {
		m.noise()
	}
	return m.out.Bytes()
}

// lines returns the texts of a document in order.
func lines(d policy.Document) []string {
	var out []string
	for _, s := range d.Sections {
		if s.Heading != "" {
			out = append(out, s.Heading)
		}
		for _, b := range s.Blocks {
			out = append(out, b.Text)
		}
	}
	return out
}

// TestPages holds for any policy in any surroundings: every line of it is in
// the text, in its order and once; every line of the text is found in Full, in
// order, so that it leads back to the page; what was left out is accounted for;
// and the text, made a page again, stays the same.
func TestPages(t *testing.T) {
	n, err := New(Rules{})
	if err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(300) {
		m := &pageMaker{rnd: rand.New(rand.NewPCG(seed, 1))}
		in := Input{Body: m.page(), ContentType: "text/html; charset=utf-8", URL: "https://a.example/privacy"}
		d, err := n.Document(in)
		if err != nil {
			t.Fatal(err)
		}
		got := lines(d)
		if !slices.Equal(got, m.want) {
			t.Fatalf("seed %d: %q,\nwant %q\nof %s", seed, got, m.want, in.Body)
		}
		checkFull(t, d)
		again, err := n.Document(Input{Body: writePage(d), ContentType: "text/html", URL: in.URL})
		if err != nil {
			t.Fatal(err)
		}
		if again.Text() != d.Text() {
			t.Fatalf("seed %d: twice normalised:\n%s\nonce:\n%s", seed, again.Text(), d.Text())
		}
	}
}

// checkFull finds each line of the text in Full, behind the one before it.
func checkFull(t *testing.T, d policy.Document) {
	t.Helper()
	at := 0
	for _, l := range lines(d) {
		i := strings.Index(d.Full[at:], l)
		if i < 0 {
			t.Fatalf("%q is not in the full text from byte %d on", l, at)
		}
		at += i + len(l)
	}
}

// writePage makes a plain page of a document.
func writePage(d policy.Document) []byte {
	var b bytes.Buffer
	b.WriteString("<!doctype html><html lang=en><head><title>Privacy</title></head><body><main>")
	for _, s := range d.Sections {
		if s.Heading != "" {
			fmt.Fprintf(&b, "<h%d>%s</h%d>", s.Level, s.Heading, s.Level)
		}
		for _, bl := range s.Blocks {
			switch bl.Kind {
			case policy.Item:
				fmt.Fprintf(&b, "<ul><li>%s</ul>", bl.Text)
			case policy.TableRow:
				cells := strings.Split(bl.Text, policy.CellSeparator)
				fmt.Fprintf(&b, "<table><tr><td>%s</table>", strings.Join(cells, "<td>"))
			default:
				fmt.Fprintf(&b, "<p>%s</p>", bl.Text)
			}
		}
	}
	b.WriteString("</main>")
	return b.Bytes()
}

// TestValves wraps parts of a policy in what every rule would drop. However
// much of a page a rule's element holds, its valve keeps the rule from taking
// more of the words than the rule's share. Together they do not take half of
// what is neither hidden nor a dialog.
func TestValves(t *testing.T) {
	n, err := New(Rules{})
	if err != nil {
		t.Fatal(err)
	}
	wrappers := []string{
		"nav", "header", "footer", "aside", "form", "dialog", "div class=sidebar", "div class=footer", "div class=menu", "div class=widget",
		"div class=related", "div class=breadcrumb", "div class=toc", "div class=cookie-banner", "div id=onetrust-consent-sdk", "div hidden", "div aria-hidden=true",
		"div style='display:none'", "div role=navigation", "div role=dialog", "div role=banner", "div role=contentinfo", "div class=modal", "div class=sr-only", "section class=promo",
	}
	for seed := range uint64(200) {
		m := &pageMaker{rnd: rand.New(rand.NewPCG(seed, 2))}
		// Parts of the policy lie in wrappers, one within the other now and then.
		m.out.WriteString("<!doctype html><body>")
		var open []string
		for range 1 + m.rnd.IntN(4) {
			w := wrappers[m.rnd.IntN(len(wrappers))]
			m.out.WriteString("<" + w + ">")
			open = append(open, strings.Fields(w)[0])
			m.policy()
			if m.rnd.IntN(2) == 0 {
				m.out.WriteString("</" + open[len(open)-1] + ">")
				open = open[:len(open)-1]
			}
		}
		for _, tag := range slices.Backward(open) {
			m.out.WriteString("</" + tag + ">")
		}
		d, err := n.Document(Input{Body: m.out.Bytes(), ContentType: "text/html; charset=utf-8"})
		if err != nil {
			t.Fatal(err)
		}
		all := len(strings.Fields(strings.Join(m.want, " ")))
		kept := len(strings.Fields(strings.Join(lines(d), " ")))
		away := 0
		for _, drop := range d.Dropped {
			switch drop.Rule {
			case "hidden", "dialog", "cookie_banner":
				away += drop.Words
			}
			if limit := shareOf(drop.Rule); limit > 0 && drop.Words*100 > all*limit {
				t.Errorf("seed %d: %s dropped %d of %d words, its valve is %d %%", seed, drop.Rule, drop.Words, all, limit)
			}
		}
		if kept*2 < all-away {
			t.Errorf("seed %d: %d of %d words kept of %s", seed, kept, all-away, clip(m.out.String(), 300))
		}
	}
}

// shareOf returns the largest share of the words that one element of a rule may
// hold, in percent; 0 for rules that are no pruning rules.
func shareOf(name string) int {
	most := 0
	for _, r := range append(hiddenRules(), boilerplateRules()...) {
		if r.name == name {
			most = max(most, int(r.share))
		}
	}
	return most
}
