package web

import (
	"context"
	_ "embed"
	"fmt"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"watcher/policy"
)

//go:embed testdata/xss.txt
var xssCorpus string

func payloads(t *testing.T) []string {
	t.Helper()
	list := slices.DeleteFunc(strings.Split(xssCorpus, "\n"), func(s string) bool { return s == "" })
	if len(list) < 200 {
		t.Fatalf("the corpus has %d payloads, want at least 200", len(list))
	}
	return append(list, "\u202eevil\u202c", "nul\x00byte", "\xff\xfe bad utf-8", "line\u2028separator", strings.Repeat("<b>", 500))
}

// What a page of ours is made of. Anything else came from a text.
var (
	allowedElements = words(`html head meta title link body a header div nav main footer p time h1 h2 h3 h4 h5 h6 span
		section ul ol li table thead tbody tr th td dl dt dd code strong em small mark ins del article details summary br
		svg circle path text figure figcaption form input select option button label script pre`)
	allowedAttributes = words(`lang charset name content rel type href class aria-label aria-current aria-labelledby
		aria-hidden id datetime title role scope dir data-label download tabindex viewbox focusable cx cy r d x y src for value selected method action required
		maxlength autocomplete data-events preserveaspectratio`)
)

func words(s string) map[string]bool {
	set := map[string]bool{}
	for w := range strings.FieldsSeq(s) {
		set[w] = true
	}
	return set
}

// checkMarkup fails when a page holds an element, attribute or address that no
// template of ours writes.
func checkMarkup(t *testing.T, name, page string) {
	t.Helper()
	for _, problem := range markupProblems(page) {
		t.Errorf("%s: %s", name, problem)
	}
}

func markupProblems(page string) []string {
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		return []string{err.Error()}
	}
	var problems []string
	for n := range root.Descendants() {
		switch n.Type {
		case html.CommentNode:
			problems = append(problems, "comment "+n.Data)
		case html.ElementNode:
			if !allowedElements[n.Data] {
				problems = append(problems, "element <"+n.Data+">")
			}
			problems = append(problems, attributeProblems(n)...)
		case html.ErrorNode, html.TextNode, html.DocumentNode, html.DoctypeNode, html.RawNode:
		}
	}
	return problems
}

func attributeProblems(n *html.Node) []string {
	var problems []string
	attr := map[string]string{}
	for _, a := range n.Attr {
		attr[a.Key] = a.Val
		if !allowedAttributes[strings.ToLower(a.Key)] {
			problems = append(problems, fmt.Sprintf("attribute %s=%q at <%s>", a.Key, a.Val, n.Data))
		}
	}
	problems = append(problems, formProblems(n, attr)...)
	href := attr["href"]
	if href == "" || strings.HasPrefix(href, "#") || (strings.HasPrefix(href, "/") && !strings.HasPrefix(href, "//")) {
		return problems
	}
	u, err := url.Parse(href)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		problems = append(problems, fmt.Sprintf("address %q", href))
	}
	if attr["rel"] != "noopener noreferrer nofollow" {
		problems = append(problems, fmt.Sprintf("address %q with rel %q", href, attr["rel"]))
	}
	return problems
}

// formProblems: forms go to this server, and the one script is a file of ours.
func formProblems(n *html.Node, attr map[string]string) []string {
	var problems []string
	if n.Data == "script" && (!ownScript.MatchString(attr["src"]) || n.FirstChild != nil) {
		problems = append(problems, fmt.Sprintf("script %q", attr["src"]))
	}
	if _, has := attr["src"]; has && n.Data != "script" {
		problems = append(problems, fmt.Sprintf("src %q at <%s>", attr["src"], n.Data))
	}
	for _, name := range []string{"action", "data-events"} {
		if to, has := attr[name]; has && (!strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//")) {
			problems = append(problems, fmt.Sprintf("%s %q", name, to))
		}
	}
	return problems
}

var ownScript = regexp.MustCompile(`^/static/[0-9a-f]{16}\.js$`)

// poison sets every string inside v, however deep, to text. Enumerations are
// strings too: a damaged or foreign store may hold anything.
func poison(v reflect.Value, text string) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			poison(v.Elem(), text)
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for _, field := range v.Fields() {
			if field.CanSet() {
				poison(field, text)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			poison(v.Index(i), text)
		}
	case reflect.Map:
		switch {
		case v.Type() == reflect.TypeFor[map[string]string]():
			v.Set(reflect.ValueOf(map[string]string{text: text}))
		case v.Type().Key().Kind() == reflect.String:
			v.Set(reflect.ValueOf(map[string][]string{text: {text}}))
		}
	case reflect.String:
		v.SetString(text)
	default:
	}
}

// poisoned returns the fixture with every string replaced, but for the ids
// that address it and the kinds that choose how it is shown.
func poisoned(text string, keepKinds bool) *fakeStore {
	f := fixture()
	for i := range f.states {
		id := f.states[i].ID
		poison(reflect.ValueOf(&f.states[i]).Elem(), text)
		f.states[i].ID = id
		if keepKinds && id == quarantined {
			f.states[i].LastOutcome = policy.OutcomeQuarantined
		}
	}
	for i := range f.versions[changedID] {
		v := &f.versions[changedID][i]
		poison(reflect.ValueOf(v).Elem(), text)
		v.Policy = changedID
	}
	for k, doc := range f.documents {
		kinds := blockKinds(doc)
		poison(reflect.ValueOf(&doc).Elem(), text)
		if keepKinds {
			setBlockKinds(doc, kinds)
		}
		f.documents[k] = doc
	}
	for k, change := range f.changes {
		edits := slices.Clone(change.Edits)
		spans := slices.Clone(edits[1].Redline)
		ops := fixtureChange([]policy.Document{textOne(), textTwo()}).Edits
		poison(reflect.ValueOf(&change).Elem(), text)
		if keepKinds {
			for i := range change.Edits {
				change.Edits[i].Op, change.Edits[i].Significance = ops[i].Op, ops[i].Significance
			}
			for i := range spans {
				change.Edits[1].Redline[i].Op = ops[1].Redline[i].Op
			}
		}
		f.changes[k] = change
	}
	for k, capture := range f.captures {
		poison(reflect.ValueOf(&capture).Elem(), text)
		f.captures[k] = capture
	}
	for id := range f.checks {
		poison(reflect.ValueOf(f.checks[id]), text)
	}
	poison(reflect.ValueOf(f.alerts), text)
	poison(reflect.ValueOf(f.silences), text)
	f.breaker = policy.Breaker{Open: true, OpenedAt: ago(hour), Reason: text}
	poison(reflect.ValueOf(&f.stats).Elem(), text)
	return f
}

// poisoner is a server whose every text can be replaced while it runs.
type poisoner struct {
	store fakeStore
	text  string
	clock time.Time
}

// set replaces all texts.
func (p *poisoner) set(text string, keepKinds bool) {
	p.text, p.store = text, *poisoned(text, keepKinds)
}

// options are those of a server with the texts in all that its pages show beside
// the store too. Its clock goes on, so that nothing kept or limited is in the way.
func (p *poisoner) options() Options {
	p.clock = now()
	opt := options(&p.store)
	opt.Version = `"><script>alert(1)</script>`
	opt.Clock = func() time.Time { p.clock = p.clock.Add(time.Minute); return p.clock }
	opt.Receivers = func() []string { return []string{p.text} }
	opt.Config = func() []byte { return []byte(p.text) }
	opt.Ready = func() Readiness { return Readiness{Ready: true, Detail: []string{p.text}} }
	opt.Events, opt.Delivery = NewEvents(now()), &fakeDelivery{}
	opt.Held = func(ctx context.Context, id policy.ID, withText bool) (Held, error) {
		h, err := fakeHeld(ctx, id, withText)
		poison(reflect.ValueOf(&h).Elem(), p.text)
		h.Check.Capture = 41
		return h, err
	}
	opt.Policies = func() []policy.Policy {
		list := fixturePolicies()
		poison(reflect.ValueOf(&list[0]).Elem(), p.text)
		list[0].ID = changedID
		return list
	}
	return opt
}

// poisonedOptions are those of a server whose texts are all the same.
func poisonedOptions(text string, keepKinds bool) Options {
	p := &poisoner{}
	p.set(text, keepKinds)
	return p.options()
}

func blockKinds(doc policy.Document) []policy.BlockKind {
	var kinds []policy.BlockKind
	for _, s := range doc.Sections {
		for _, b := range s.Blocks {
			kinds = append(kinds, b.Kind)
		}
	}
	return kinds
}

func setBlockKinds(doc policy.Document, kinds []policy.BlockKind) {
	for _, s := range doc.Sections {
		for i := range s.Blocks {
			s.Blocks[i].Kind, kinds = kinds[0], kinds[1:]
		}
	}
}

func pagePaths() []string {
	return []string{
		"/", "/alerts", "/policies/northlight-imaging/privacy", "/policies/northlight-imaging/privacy/changes/2",
		"/policies/northlight-imaging/privacy/versions/1", "/policies/northlight-imaging/privacy/versions/2",
		"/policies/bright-molar/cookies", "/policies/northlight-imaging/privacy/changes/2?view=side&order=text",
		"/policies/northlight-imaging/privacy/compare?from=2&to=1", "/policies/northlight-imaging/privacy/compare",
		"/search?q=x", "/topics?kind=" + url.QueryEscape("privacy"), "/inbox", "/inbox/cedar-scan/privacy-de", "/status", "/unlock?next=/alerts", "/?status=attention",
	}
}

func TestHostileTextsStayText(t *testing.T) {
	var p poisoner
	h := handler(t, p.options())
	for i, payload := range payloads(t) {
		for _, keepKinds := range []bool{true, false} {
			if !keepKinds && i%3 > 0 {
				continue // what chooses between templates does not choose by payload
			}
			p.set(payload, keepKinds)
			for _, path := range pagePaths() {
				w := call(h, "GET", path, "")
				if w.Code != 200 {
					t.Fatalf("%s with %q: %d %s", path, payload, w.Code, w.Body)
				}
				checkMarkup(t, path+" with "+payload, w.Body.String())
				if strings.ContainsAny(w.Body.String(), "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\x00\x1b") {
					t.Errorf("%s with %q: control characters on the page", path, payload)
				}
			}
		}
	}
}

// The guard above must be able to fail: the same payload in an unescaped page
// is found.
func TestMarkupCheckHasTeeth(t *testing.T) {
	for _, page := range []string{
		`<h1>x</h1><script>alert(1)</script>`, `<p onclick="x">`, `<a href="javascript:alert(1)">`, `<p style="x">`,
		`<a href="//evil.example/">`, `<a href="https://evil.example/">no rel</a>`, `<img src=x>`, `<!-- x -->`,
		`<script src="//evil.example/x.js"></script>`, `<script src="/static/0123456789abcdef.js">alert(1)</script>`,
		`<form action="https://evil.example/">`, `<form action="//evil.example/">`, `<input src="/x">`,
	} {
		if len(markupProblems(page)) == 0 {
			t.Errorf("not caught: %s", page)
		}
	}
}

// Text that is shown is shown as written: escaping must not eat it.
func TestHostileTextIsShown(t *testing.T) {
	const payload = `<script>alert("x")</script>`
	w := call(handler(t, options(poisoned(payload, true))), "GET", "/policies/northlight-imaging/privacy/versions/2", "")
	root, err := html.Parse(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for n := range root.Descendants() {
		if n.Type == html.TextNode {
			seen += strings.Count(n.Data, payload)
		}
	}
	if seen < 10 {
		t.Errorf("the payload is readable %d times, want at least 10", seen)
	}
}

func TestForeignURL(t *testing.T) {
	for _, tc := range []struct{ raw, href string }{
		{"https://vendor.example/privacy?a=1#b", "https://vendor.example/privacy?a=1#b"},
		{"http://vendor.example", "http://vendor.example"},
		{"HTTPS://vendor.example/", "https://vendor.example/"},
		{"javascript:alert(1)", ""},
		{"JaVaScRiPt:alert(1)", ""},
		{" javascript:alert(1)", ""},
		{"java\nscript:alert(1)", ""},
		{"data:text/html,<script>", ""},
		{"vbscript:x", ""},
		{"//evil.example/", ""},
		{"/relative", ""},
		{"http:///nohost", ""},
		{"https:evil.example", ""},
		{"https://bank.example@evil.example/", ""},
		{"http://\"", ""},
		{"http://evil.example\"onclick=x", ""},
		{"http://[fe80::1%25eth0]/", ""},
		{"http://[2001:db8::1]:8080/x", "http://[2001:db8::1]:8080/x"},
		{"https://bücher.example/datenschutz", "https://b%C3%BCcher.example/datenschutz"},
		{"mailto:a@b.example", ""},
		{"", ""},
	} {
		if got := foreignURL(tc.raw); got.Href != tc.href || got.Text != tc.raw {
			t.Errorf("foreignURL(%q) = %+v, want href %q", tc.raw, got, tc.href)
		}
	}
}

// A page with very many links that are not in its text must not take long:
// each search reads what is left of the block.
func TestLinkSearchIsBounded(t *testing.T) {
	block := policy.Block{Text: strings.Repeat("a", 1<<20) + " found"}
	for range 200_000 {
		block.Links = append(block.Links, policy.Link{Text: "absent", URL: "https://vendor.example/"})
	}
	block.Links = append(block.Links, policy.Link{Text: "found", URL: "https://vendor.example/"})
	if runs := inlines(block); len(runs) != 1 {
		t.Errorf("%d runs: the search went on after %d misses", len(runs), maxMisses)
	}
	block.Links = block.Links[len(block.Links)-maxMisses:]
	if runs := inlines(block); len(runs) != 2 || runs[1].Href == "" {
		t.Errorf("%d runs: a few misses hide a link", len(runs))
	}
}

func FuzzPages(f *testing.F) {
	for _, p := range strings.Split(xssCorpus, "\n")[:10] {
		f.Add(p, "https://vendor.example/"+p)
	}
	p, err := parsePages()
	if err != nil {
		f.Fatal(err)
	}
	frame := shell{JS: "/static/0123456789abcdef.js"}
	f.Fuzz(func(t *testing.T, text, link string) {
		block := policy.Block{Kind: policy.Paragraph, Text: text, Links: []policy.Link{{Text: text, URL: link}, {Text: link, URL: text}}}
		doc := policy.Document{Lang: text, Sections: []policy.Section{{Heading: text, Level: len(text), Blocks: []policy.Block{
			block, {Kind: policy.Item, Text: text, Marker: link, Depth: len(link)}, {Kind: policy.TableRow, Text: text},
		}}}}
		page, err := p.version.render(versionView{Shell: frame, Text: viewText(doc), Title: link})
		if err != nil {
			t.Fatal(err)
		}
		checkMarkup(t, "version", string(page))
		edit := policy.Edit{ID: text, Op: policy.EditOp(link), Section: text, Old: text, New: link}
		page, err = p.change.render(changeView{Shell: frame, Compare: compareForm{Action: "/x"}, Groups: groupEdits([]policy.Edit{edit}), Links: linkViews([]policy.LinkEdit{{Text: text, Old: link, New: text}})})
		if err != nil {
			t.Fatal(err)
		}
		checkMarkup(t, "change", string(page))
	})
}
