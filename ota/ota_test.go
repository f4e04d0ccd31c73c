package ota

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"watcher/policy"
)

const acme = `{
  "name": "Acme Corp.",
  "terms": {
    "Terms of Service": {"fetch": "https://acme.example/terms", "select": ["main", {"startBefore": "h1", "startAfter": "h2", "endAfter": "#end"}, ""],
      "remove": "nav", "filter": ["removeQueryParams", {"removeQueryParams": ["ref", "src"]}, {"keepOnly": "b"}, {"odd": {"a": 1}}], "executeClientScripts": true},
    "Privacy Policy": {
      "select": ".text", "filter": "tidy", "executeClientScripts": false, "fetch": "https://acme.example/privacy",
      "combine": [{}, {"fetch": "https://acme.example/more.html", "select": {"startAfter": "h1", "endBefore": "footer"}, "remove": null, "colour": 1, "executeClientScripts": true}]
    },
    "Imprint": {"select": "main"},
    "Deceased Users": {"fetch": 7},
    "Live Policy": {"fetch": "https://acme.example/live.pdf", "combine": []},
    "Seller Warranty": {"fetch": "https://acme.example/w", "select": {"startbefor": "h1"}}
  }
}`

func TestParseService(t *testing.T) {
	got, err := ParseService("Acme", []byte("\ufeff"+acme))
	if err != nil {
		t.Fatal(err)
	}
	yes, no := true, false
	want := Service{ID: "Acme", Name: "Acme Corp.", Documents: []Document{
		{Type: "Terms of Service", Pages: []Page{{
			URL: "https://acme.example/terms", Scripts: &yes,
			Select:  []policy.Selector{{CSS: "main"}, {StartBefore: "h1", EndAfter: "#end"}},
			Remove:  []policy.Selector{{CSS: "nav"}},
			Filters: []Filter{{Name: "removeQueryParams"}, {Name: "removeQueryParams", Params: []string{"ref", "src"}}, {Name: "keepOnly", Params: []string{"b"}}, {Name: "odd"}},
		}}},
		{Type: "Privacy Policy", Unknown: []string{"colour"}, Pages: []Page{
			{URL: "https://acme.example/privacy", Select: policy.CSS(".text"), Filters: []Filter{{Name: "tidy"}}, Scripts: &no},
			{URL: "https://acme.example/more.html", Select: []policy.Selector{{StartAfter: "h1", EndBefore: "footer"}}, Filters: []Filter{{Name: "tidy"}}, Scripts: &yes},
		}},
		{Type: "Imprint"},
		{Type: "Deceased Users"},
		{Type: "Live Policy"},
		{Type: "Seller Warranty"},
	}}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(Document{}, "Err")); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	for i, word := range []string{"", "", "address", "fetch: number", "combine", "range"} {
		err := got.Documents[i].Err
		if word == "" && err != nil || word != "" && (err == nil || !strings.Contains(err.Error(), word)) {
			t.Errorf("%s: %v, want %q", got.Documents[i].Type, err, word)
		}
	}
}

func TestBadService(t *testing.T) {
	deep := strings.Repeat("[", 20000)
	for _, src := range []string{
		"", "[]", "null", `{"name": "A"}`, `{"name": 1, "terms": {}}`, `{"terms": []}`, `{"terms": {}, "terms": {}}`,
		`{"terms": {"a": {"fetch": "x"}}} x`, `{"terms": {"a": `, `{"terms": {"a": ` + deep + `}}`, "module.exports = {}",
	} {
		if s, err := ParseService("a", []byte(src)); !errors.Is(err, ErrDeclaration) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%.40q: %+v, %v", src, s, err)
		}
	}
	many := `{"terms": {"a": {"fetch": "x", "select": [` + strings.Repeat(`"p",`, maxItems) + `"p"]}}}`
	if s, err := ParseService("a", []byte(many)); err != nil || s.Documents[0].Err == nil {
		t.Errorf("%d selectors: %v", maxItems+1, err)
	}
	if s, err := ParseService("An Id", []byte(`{"name": " ", "documents": {"a": {"fetch": "x"}}}`)); err != nil || s.Name != "An Id" {
		t.Errorf("no name, old key: %+v, %v", s, err)
	}
}

func TestParseHistory(t *testing.T) {
	got, err := ParseHistory([]byte(`{"Privacy Policy": [
		{"fetch": "https://acme.example/1", "validUntil": "2020-01-01T00:00:00Z"}, {"fetch": "https://acme.example/2"},
		{"fetch": "https://acme.example/1"}, {"select": "main"}, {"combine": [{"fetch": "https://acme.example/3"}, {"fetch": "https://acme.example/4"}]}], "Imprint": []}`))
	want := map[string][]string{"Privacy Policy": {"https://acme.example/1", "https://acme.example/2"}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
	if _, err := ParseHistory([]byte(`{"Privacy Policy": {}}`)); !errors.Is(err, ErrDeclaration) {
		t.Errorf("no list: %v", err)
	}
}

// TestKinds: every kind is a word that the configuration takes, and no two types
// share one: they would share an id.
func TestKinds(t *testing.T) {
	types := map[policy.Kind]string{}
	for name, kind := range kinds() {
		if policy.Slug(string(kind)) != string(kind) {
			t.Errorf("%s: %q is no slug", name, kind)
		}
		if other, taken := types[kind]; taken {
			t.Errorf("%q is the kind of %s and of %s", kind, name, other)
		}
		types[kind] = name
	}
	for name, want := range map[string]policy.Kind{"Privacy Policy": "privacy", "Trackers Policy": "cookies", "Some New Type": "some-new-type", "条款": ""} {
		if got, known := Kind(name); got != want || known != (types[want] != "") {
			t.Errorf("Kind(%s) = %s, %v", name, got, known)
		}
	}
}

func TestParseMessage(t *testing.T) {
	const tail = "\n\nDocument ID more\n\nX-engine-version: 2.3.1\nX-fetcher: htmlOnly\nX-source-document-location: https://acme.example/p?a=b:c\n"
	whole := Record{URL: "https://acme.example/p?a=b:c", Fetcher: "htmlOnly", Engine: "2.3.1"}
	for _, tc := range []struct {
		message string
		want    Record
		ok      bool
	}{
		{"First record of Acme Privacy Policy" + tail, whole, true},
		{"Record new changes of Acme Privacy Policy" + strings.ReplaceAll(tail, "\n", "\r\n"), whole, true},
		{"Start tracking Acme Privacy Policy", Record{}, true},
		{"Update Acme Privacy Policy\n\nThis version was recorded after filtering snapshot abc", Record{}, true},
		{"Update Acme Privacy Policy\n\nX-source-document-location: https://acme.example/p\n\nSigned: off", Record{}, true},
		{"Update Acme Terms\n\nX-source-document-location: file:///etc/passwd", Record{}, true},
		{"Update Acme Terms\n\nX-source-document-location: https://user:word@acme.example/", Record{}, true},
		{"Update Acme Terms\n\nX-source-document-location: https://acme.example/\x1b[2J", Record{}, true},
		{"Update Acme Terms\n\nX-fetcher: " + strings.Repeat("x", maxTrailer+1), Record{}, true},
		{"Refilter Acme Privacy Policy" + tail, Record{}, false},
		{"Apply technical or declaration upgrade on Acme Privacy Policy", Record{}, false},
		{"Rename Acme", Record{}, false},
		{"", Record{}, false},
	} {
		if got, ok := ParseMessage(tc.message); got != tc.want || ok != tc.ok {
			t.Errorf("%.60q: %+v, %v", tc.message, got, ok)
		}
	}
}

func TestParsePath(t *testing.T) {
	for path, want := range map[string]File{
		"Acme/Privacy Policy.html":          {"Acme/Privacy Policy", ".html"},
		"Acme.com/Terms v1.2 #a-b.c.PDF":    {"Acme.com/Terms v1.2 #a-b.c", ".pdf"},
		"-c/--output=x.md":                  {"-c/--output=x", ".md"},
		"Group/Acme \"€\"/Privacy.json":     {"Group/Acme \"€\"/Privacy", ".json"},
		"README.md":                         {},
		"/etc.html":                         {},
		".github/workflows/test.yml":        {},
		"Acme/.html":                        {},
		"Acme/LICENSE":                      {},
		"Acme/a\nb.html":                    {},
		"Acme/\xff.html":                    {},
		"Acme/" + strings.Repeat("x", 5000): {},
	} {
		if got, ok := ParsePath(path); got != want || ok != (want != File{}) {
			t.Errorf("%.60q: %+v, %v", path, got, ok)
		}
	}
	if got := (File{Ext: ".html"}).ContentType(); got != "text/html; charset=utf-8" {
		t.Errorf("HTML is %s", got)
	}
	if got := (File{Ext: ".bin"}).ContentType(); got != "" {
		t.Errorf("an unknown extension is %s", got)
	}
}

func TestPageName(t *testing.T) {
	for address, want := range map[string]string{
		"https://acme.example/legal/more.html?x=1": "Acme/Terms #legal-more",
		"https://acme.example/a%3Ab/v1.2/":         "Acme/Terms #a_b-v1.2",
		"https://acme.example/":                    "Acme/Terms #",
		"://":                                      "Acme/Terms",
	} {
		if got := PageName("Acme/Terms", address); got != want {
			t.Errorf("%s: %q, want %q", address, got, want)
		}
	}
}

func FuzzParseService(f *testing.F) {
	f.Add([]byte(acme))
	f.Add([]byte(`{"documents": {"a": {"combine": [null, {"fetch": [1]}]}}}`))
	f.Fuzz(func(t *testing.T, src []byte) {
		s, err := ParseService("a", src)
		if err != nil {
			return
		}
		for _, d := range s.Documents {
			if (d.Err == nil) != (len(d.Pages) > 0) {
				t.Errorf("%q: %d pages with error %v", d.Type, len(d.Pages), d.Err)
			}
		}
	})
}

func FuzzParseMessage(f *testing.F) {
	f.Add("First record of a b\n\nX-source-document-location: https://a.example", "a/b.html")
	f.Fuzz(func(t *testing.T, message, path string) {
		if r, ok := ParseMessage(message); !ok && r != (Record{}) || !printable(r.URL+r.Fetcher+r.Engine) {
			t.Errorf("%+v, %v", r, ok)
		}
		if file, ok := ParsePath(path); ok && (!strings.Contains(file.Name, "/") || !printable(file.Name)) {
			t.Errorf("%q is %+v", path, file)
		}
	})
}
