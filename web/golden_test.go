package web

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"watcher/policy"
)

// update rewrites the golden pages: go test ./web -run Golden -update.
var update = flag.Bool("update", false, "rewrite golden files")

// goldenPages are the pages under test, one for each state worth looking at.
func goldenPages(t *testing.T) map[string]string {
	t.Helper()
	full := handler(t, options(fixture()))
	empty := handler(t, options(&fakeStore{}))
	first := fixture()
	first.states = first.states[2:3]
	first.versions, first.stats.Outbox = nil, nil
	broken := options(fixture())
	broken.Ready = func() Readiness {
		return Readiness{Ready: true, Detail: []string{"watcher.yml:7: unknown key \"vendor\" (did you mean \"vendors\"?)"}}
	}
	broken.TimeZone = func() *time.Location { return time.FixedZone("CET", 3600) }
	pages := map[string]string{}
	for name, path := range map[string]string{
		"overview":         "/",
		"policy":           "/policies/northlight-imaging/privacy",
		"policy_failing":   "/policies/bright-molar/cookies",
		"policy_new":       "/policies/harbour-aligners/dpa",
		"change":           "/policies/northlight-imaging/privacy/changes/2",
		"version":          "/policies/northlight-imaging/privacy/versions/2",
		"version_baseline": "/policies/northlight-imaging/privacy/versions/1",
		"alerts":           "/alerts",
		"alerts_dead":      "/alerts?state=dead",
		"not_found":        "/policies/northlight-imaging/privacy/versions/9",
		"change_text_side": "/policies/northlight-imaging/privacy/changes/2?order=text&view=side",
		"compare":          "/policies/northlight-imaging/privacy/compare?from=2&to=1",
		"compare_form":     "/policies/northlight-imaging/privacy/compare",
		"inbox":            "/inbox",
		"held":             "/inbox/cedar-scan/privacy-de",
		"status":           "/status",
		"search":           "/search?q=scans",
		"search_form":      "/search",
		"topics":           "/topics?topic=data_retention",
		"unlock":           "/unlock?next=/inbox&wrong=1",
		"overview_found":   "/?q=north&tag=dental",
	} {
		pages[name] = call(full, "GET", path, "").Body.String()
	}
	pages["alerts_breaker"] = call(handler(t, breakerOptions()), "GET", "/alerts", "").Body.String()
	pages["overview_empty"] = call(empty, "GET", "/", "").Body.String()
	pages["alerts_empty"] = call(empty, "GET", "/alerts", "").Body.String()
	pages["overview_first_run"] = call(handler(t, options(first)), "GET", "/", "").Body.String()
	pages["overview_bad_config_cet"] = call(handler(t, broken), "GET", "/", "").Body.String()
	return pages
}

// breakerOptions are those of a server that holds alerts back.
func breakerOptions() Options {
	store := fixture()
	store.breaker = policy.Breaker{Open: true, OpenedAt: ago(hour), Reason: "30 policies changed within an hour."}
	opt := options(store)
	opt.Delivery = &fakeDelivery{}
	return opt
}

func TestGoldenPages(t *testing.T) {
	hash := regexp.MustCompile(`/static/[0-9a-f]{16}\.`)
	for name, page := range goldenPages(t) {
		page = hash.ReplaceAllString(page, "/static/HASH.")
		file := filepath.Join("testdata", name+".html")
		if *update {
			if err := os.WriteFile(file, []byte(page), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatalf("%v (run with -update to write it)", err)
		}
		if diff := cmp.Diff(string(want), page); diff != "" {
			t.Errorf("%s differs from %s (-want +got):\n%s", name, file, diff)
		}
	}
}

// Pages need no script, and a page that had one would not run it.
func TestPagesWorkWithoutScript(t *testing.T) {
	for name, page := range goldenPages(t) {
		checkMarkup(t, name, page)
		if !strings.Contains(page, "<h1>") {
			t.Errorf("%s has no heading", name)
		}
	}
	if !strings.Contains(contentPolicy, "script-src 'self';") || !strings.Contains(contentPolicy, "style-src 'self';") || strings.Contains(contentPolicy, "unsafe") {
		t.Error("the content policy allows scripts or styles that are no files of ours")
	}
}

func TestPagesSayWhatMatters(t *testing.T) {
	pages := goldenPages(t)
	for _, tc := range []struct{ page, want string }{
		{"overview", "Needs attention"},
		{"overview", "certificate has expired"},
		{"overview", "1 alert for legal-mail could not be delivered"},
		{"overview", "No check yet: first check at 2026-03-14 09:30 UTC (in 4 minutes)."},
		{"overview", "Retired policies (1)"},
		{"overview_first_run", "raises no alert"},
		{"overview_empty", "No policy is watched yet"},
		{"overview_bad_config_cet", "the one read before is still in force"},
		{"overview_bad_config_cet", "2026-03-14 07:26 CET"},
		{"policy", "<strong>2026-03-12</strong>"},
		{"change", "<del>30 days</del>&#8202;<ins>24 months</ins>"},
		{"change", "Stood in"},
		{"change", `href="/policies/northlight-imaging/privacy/changes/2?order=text#from-edit-e1"`},
		{"change_text_side", `id="from-edit-e1"`},
		{"change_text_side", `<a href="#edit-e1" dir="auto">2. Questions</a>`},
		{"change_text_side", `<a href="#from-edit-e1" dir="auto">1. What we keep</a>`},
		{"change", "550 no such mailbox"},
		{"compare", "Compared for this page"},
		{"alerts", "they rebuild their site"},
		{"alerts_breaker", "30 policies changed within an hour"},
		{"alerts_breaker", `action="/breaker/close"`},
		{"held", "Please show that you are human"},
		{"held", `name="ruling" value="accept"`},
		{"inbox", "2 times in a row"},
		{"status", "secret: &lt;secret&gt;"},
		{"overview_found", "1 found."},
		{"change", "A placeholder in the date was filled in."},
		{"change", `id="edit-e2"`},
		{"version", `<td dir="auto">Cloud Nine Hosting</td>`},
		{"version", `href="https://northlight.example/models" rel="noopener noreferrer nofollow"`},
		{"version_baseline", "This is not the text in force"},
		{"version_baseline", "No capture is stored"},
		{"alerts", "550 no such mailbox"},
		{"alerts_dead", "watcher alerts redeliver alt_2"},
		{"not_found", "Not found"},
	} {
		if !strings.Contains(pages[tc.page], tc.want) {
			t.Errorf("page %s does not say %q", tc.page, tc.want)
		}
	}
	if strings.Contains(pages["version"], "canary=secret") {
		t.Error("a cookie is on the page")
	}
	material, cosmetic := strings.Index(pages["change"], `id="edit-e2"`), strings.Index(pages["change"], `id="edit-e5"`)
	if material < 0 || cosmetic < material {
		t.Error("material edits do not come first")
	}
}

func TestStylesheet(t *testing.T) {
	css, err := staticFiles.ReadFile("static/style.css")
	if err != nil {
		t.Fatal(err)
	}
	if len(css) > 16<<10 {
		t.Errorf("the stylesheet has %d bytes, more than 16 KiB", len(css))
	}
	js, err := staticFiles.ReadFile("static/page.js")
	if err != nil {
		t.Fatal(err)
	}
	if len(js) > 8<<10 {
		t.Errorf("the script has %d bytes, more than 8 KiB", len(js))
	}
	for _, bad := range []string{"@import", "url(", "http:", "https:", "expression("} {
		if strings.Contains(string(css), bad) {
			t.Errorf("the stylesheet has %q: it must load nothing", bad)
		}
	}
	h := handler(t, options(fixture()))
	a, err := loadAssets()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{a.css, a.icon, a.js} {
		w := call(h, "GET", name, "")
		if w.Code != 200 || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %d, Cache-Control %q", name, w.Code, w.Header().Get("Cache-Control"))
		}
	}
}
