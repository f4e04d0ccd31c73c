package convert

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"watcher/config"
	"watcher/internal/otafake"
	"watcher/ota"
	"watcher/ota/snapshots"
	"watcher/policy"
)

// checkout writes declarations and returns their directory.
func checkout(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "declarations"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, "declarations", name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func sample() map[string]string {
	return map[string]string{
		"Acme.json": `{"name": "Acme Corp.", "terms": {
			"Privacy Policy": {"fetch": "https://acme.example/privacy", "select": ["main", {"startBefore": "h1", "endAfter": "#end"}, "div[["],
				"remove": [".ad", "p::before"], "filter": ["tidy", "removeQueryParams", {"removeQueryParams": ["utm_source", "ref"]}, "convertSpacesToStandard"], "mood": 1},
			"Terms of Service": {"fetch": "https://acme.example/terms", "filter": {"removeQueryParams": "fbclid"}},
			"Imprint": {"fetch": "ftp://acme.example/imprint"},
			"Live Policy": {"fetch": 1},
			"Trackers Policy": {"fetch": "https://acme.example/cookies\u001b[2J"},
			"條款": {"fetch": "https://acme.example/zh"},
			"規則": {"fetch": "https://acme.example/zh2"}
		}}`,
		"Acme.history.json":  `{"Privacy Policy": [{"fetch": "https://acme.example/old"}, {"fetch": "https://acme.example/privacy"}, {"fetch": "gopher://x"}]}`,
		"Acme.filters.js":    `export function tidy() { throw new Error("never run") }`,
		"Other.json":         `{"name": "ACME, Corp", "documents": {"Privacy Policy": {"fetch": "https://other.example/privacy", "select": ".text"}}}`,
		"Broken.json":        `{"name": `,
		"Other.history.json": `[]`,
		"package.json":       `{"name": "declarations"}`,
	}
}

func TestConvert(t *testing.T) {
	dir := checkout(t, sample())
	if err := os.Symlink("/etc/passwd", filepath.Join(dir, "declarations", "Link.json")); err != nil {
		t.Fatal(err)
	}
	r, err := Convert(t.Context(), Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	const scripts = "expected identifier, found [ instead"
	want := []Entry{
		{Service: "Acme", Type: "Privacy Policy", ID: "acme-corp/privacy", Lost: []string{
			`"mood" is a key without meaning here`,
			`select div[[: "div[[" is not a CSS selector: ` + scripts,
			`remove p::before: "p::before" is not a CSS selector: pseudo-element before found, but pseudo-elements support is disabled`,
			`archive_urls: "gopher://x" is not an absolute http or https URL`,
			"filter tidy is a script, and is not run", "filter removeQueryParams: links keep ref",
		}},
		{Service: "Acme", Type: "Terms of Service", ID: "acme-corp/terms"},
		{Service: "Acme", Type: "Imprint", Refused: `url: "ftp://acme.example/imprint" is not an absolute http or https URL`},
		{Service: "Acme", Type: "Live Policy", Refused: "fetch: number is of no use here"},
		{Service: "Acme", Type: "Trackers Policy", Refused: "url: contains the control character U+001B"},
		{Service: "Acme", Type: "條款", ID: "acme-corp/document"},
		{Service: "Acme", Type: "規則", ID: "acme-corp/document-2"},
		{Service: "Broken", Refused: "not a declaration of Open Terms Archive: the file ends too early"},
		{Service: "Link", Refused: "it is no regular file"},
		{Service: "Other", Type: "Privacy Policy", ID: "acme-corp-2/privacy", Lost: []string{"its history cannot be read: not a declaration of Open Terms Archive: want a JSON object"}},
	}
	if diff := cmp.Diff(want, r.Entries); diff != "" {
		t.Errorf("entries (-want +got)\n%s", diff)
	}
	cfg, err := config.Parse("x", r.YAML, ".")
	if err != nil {
		t.Fatal(err)
	}
	if len(cfg.Policies) != 5 {
		t.Fatalf("%d policies:\n%s", len(cfg.Policies), r.YAML)
	}
	got := policy.Policy{URL: cfg.Policies[0].URL, Select: cfg.Policies[0].Select, Remove: cfg.Policies[0].Remove, ArchiveURLs: cfg.Policies[0].ArchiveURLs, OTA: cfg.Policies[0].OTA}
	wanted := policy.Policy{
		URL: "https://acme.example/privacy", ArchiveURLs: []string{"https://acme.example/old"}, OTA: []string{"Acme/Privacy Policy"},
		Select: []policy.Selector{{CSS: "main"}, {StartBefore: "h1", EndAfter: "#end"}}, Remove: policy.CSS(".ad"),
	}
	if diff := cmp.Diff(wanted, got); diff != "" {
		t.Errorf("policy (-want +got)\n%s", diff)
	}
	if !strings.Contains(string(r.YAML), "# not imported: filter tidy is a script") {
		t.Errorf("no comment says what was lost:\n%s", r.YAML)
	}
}

// TestLater: keys that this version's configuration may or may not know are in
// the result exactly when it does, and else lost aloud.
func TestLater(t *testing.T) {
	dir := checkout(t, map[string]string{"Acme.json": `{"name": "Acme", "terms": {
		"Privacy Policy": {"fetch": "https://acme.example/privacy", "executeClientScripts": true},
		"Terms of Service": {"select": "main", "combine": [{"fetch": "https://acme.example/a"}, {"fetch": "https://acme.example/b", "select": ".b"}]}}}`})
	r, err := Convert(t.Context(), Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Parse("x", r.YAML, ".")
	if err != nil || len(cfg.Policies) != 2 {
		t.Fatalf("%v:\n%s", err, r.YAML)
	}
	accepts := func(key string) bool {
		_, err := config.Parse("x", []byte(`{version: 1, vendors: [{name: a, policies: [{kind: privacy, url: "https://a.example/", `+key+`}]}]}`), ".")
		return err == nil
	}
	if browser := cfg.Policies[0].Source == policy.SourceBrowser; browser != accepts("source: browser") || browser == (len(r.Entries[0].Lost) > 0) {
		t.Errorf("browser is %v, lost %q", browser, r.Entries[0].Lost)
	}
	if got, want := len(cfg.Policies[1].Combine) == 1, accepts(`combine: ["https://a.example/b"]`); got != want || len(r.Entries[1].Lost) != 1 {
		t.Errorf("combined is %v, want %v, lost %q", got, want, r.Entries[1].Lost)
	}
	if cfg.Policies[1].URL != "https://acme.example/a" {
		t.Errorf("the first page is %s", cfg.Policies[1].URL)
	}
}

// TestTakeAll: a document of several pages, where the configuration takes them.
func TestTakeAll(t *testing.T) {
	e := entry{names: []string{"a", "b"}}
	e.take(pagesOf(t, `{"combine": [{"fetch": "https://a.example/1", "select": ["x", "y"]}, {"fetch": "https://a.example/2", "select": ["y", "z"], "executeClientScripts": true}]}`))
	n := e.node(false)
	var keys []string
	for i := 0; i < len(n.Content); i += 2 {
		keys = append(keys, n.Content[i].Value)
	}
	if got := strings.Join(keys, " "); got != "kind url source combine select" || len(e.sel) != 3 {
		t.Errorf("keys %q, selectors %v", got, e.sel)
	}
	e.accept(policy.Policy{ID: "a/b"})
	if len(e.Lost) != 1 || !strings.Contains(e.Lost[0], "selectors of their own") {
		t.Errorf("lost %q", e.Lost)
	}
	e.drop(map[string]map[int]bool{"combine": {0: true}})
	if len(e.pages) != 1 || len(e.sel) != 2 || e.source != "" || len(e.archive) != 1 {
		t.Errorf("without combine: %+v", e)
	}
}

func TestNoDeclarations(t *testing.T) {
	if _, err := Convert(t.Context(), Options{Dir: t.TempDir()}); !errors.Is(err, ErrNoDeclarations) {
		t.Errorf("an empty directory: %v", err)
	}
	if _, err := Convert(t.Context(), Options{Dir: filepath.Join(t.TempDir(), "x")}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no directory: %v", err)
	}
	big := checkout(t, map[string]string{"Acme.json": `{"name": "` + strings.Repeat("x", maxFile) + `"}`})
	if r, err := Convert(t.Context(), Options{Dir: big}); err != nil || len(r.YAML) > 0 || !strings.Contains(r.Entries[0].Refused, "larger") {
		t.Errorf("a large file: %+v, %v", r.Entries, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Convert(ctx, Options{Dir: big}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if _, err := Convert(t.Context(), Options{Dir: big, Snapshots: t.TempDir()}); !errors.Is(err, snapshots.ErrNotRepository) {
		t.Errorf("no repository: %v", err)
	}
}

// TestTrial: selectors are tried on the newest snapshot, of several files of one
// name on all.
func TestTrial(t *testing.T) {
	made := otafake.New(t)
	at := time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC)
	made.Snapshot(at, "", "Acme/Privacy Policy.html", []byte("<main class=old><p>Some words of the old page.</p></main>"))
	made.Snapshot(at.AddDate(0, 0, 1), "", "Acme/Privacy Policy.html", []byte("<main><h1>Title</h1><p class=x>Some words.</p></main>"))
	made.Snapshot(at, "", "Acme/Imprint.html", []byte("<p>gone"))
	made.Snapshot(at, "", "Acme/Imprint.pdf", []byte("%PDF-1.4"))
	made.Snapshot(at, "", "Acme/Live Policy.html", []byte("<p>"+strings.Repeat("x", 2000)))
	made.Flush()
	dir := checkout(t, map[string]string{"Acme.json": `{"name": "Acme", "terms": {
		"Privacy Policy": {"fetch": "https://acme.example/privacy", "select": ["main", ".old", {"startBefore": ".x", "endBefore": "h1"}, "div[["], "remove": ["h1", ".y"]},
		"Imprint": {"fetch": "https://acme.example/imprint", "select": "main"},
		"Live Policy": {"fetch": "https://acme.example/live", "select": "main"},
		"Terms of Service": {"fetch": "https://acme.example/terms", "select": "main"},
		"Deceased Users": {"fetch": "https://acme.example/deceased"}}}`})
	r, err := Convert(t.Context(), Options{Dir: dir, Snapshots: made.Dir, MaxBody: 1000})
	if err != nil {
		t.Fatal(err)
	}
	var got [][]string
	for _, e := range r.Entries {
		got = append(got, e.Dead)
	}
	const on = " matches nothing on the newest snapshot of Acme/Privacy Policy"
	want := [][]string{
		{"select .old" + on, `select {start_before: ".x", end_before: "h1"}` + on, "remove .y" + on},
		nil,
		{"the snapshot of Acme/Live Policy: the content is too large: 2003 bytes, at most 1000"},
		{"there is no snapshot of Acme/Terms of Service"},
		nil,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// FuzzConvert: whatever a declaration holds, the result is a configuration that
// is accepted, with a policy for each entry that was not refused.
func FuzzConvert(f *testing.F) {
	for _, src := range sample() {
		f.Add(src)
	}
	f.Add(`{"name": "a\n# b: &x", "terms": {"Privacy Policy": {"fetch": "https://a.example/", "select": "a", "filter": "x\ny: z"}}}`)
	f.Fuzz(func(t *testing.T, src string) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "A.json"), []byte(src), 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := Convert(t.Context(), Options{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		taken := 0
		for _, e := range r.Entries {
			if (e.ID == "") != (e.Refused != "") {
				t.Errorf("%+v", e)
			}
			if e.ID != "" {
				taken++
			}
		}
		if taken == 0 {
			return
		}
		if cfg, err := config.Parse("x", r.YAML, "."); err != nil || len(cfg.Policies) != taken {
			t.Errorf("%d taken, %v:\n%s", taken, err, r.YAML)
		}
	})
}

// pagesOf reads the pages of one document.
func pagesOf(t *testing.T, document string) []ota.Page {
	t.Helper()
	s, err := ota.ParseService("a", []byte(`{"name": "a", "terms": {"b": `+document+`}}`))
	if err != nil || s.Documents[0].Err != nil {
		t.Fatal(err, s.Documents)
	}
	return s.Documents[0].Pages
}
