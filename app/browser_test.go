package app

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"watcher/policy"
	"watcher/watch"
)

// scriptedSite keeps its policy in JSON, from which a script makes the page. A
// request for its secret is counted: it lies at an address that is refused.
func scriptedSite(t *testing.T, months *atomic.Int32) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/privacy", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, `<!doctype html><html lang="en"><title>Acme</title><div id="root"></div><script>
			fetch("/policy.json").then(r => r.json()).then(p => {
				document.getElementById("root").innerHTML = "<main>" + p.map(t => "<p>" + t + "</p>").join("") + "</main>"; });
			</script>`)
	})
	mux.HandleFunc("/policy.json", func(w http.ResponseWriter, _ *http.Request) {
		body := `["Privacy policy. We collect and process personal data for the purposes that this notice names, with your consent.",
			"We keep personal data for N months after your account was closed, and delete it then without being asked.",
			"You have the right to access, correction and erasure of what we hold about you. Write to our data protection officer.",
			"We share personal information with third parties only where the law obliges us to do so."]`
		_, _ = io.WriteString(w, strings.Replace(body, "N months", strconv.Itoa(int(months.Load()))+" months", 1))
	})
	site := httptest.NewServer(mux)
	t.Cleanup(site.Close)
	return site
}

func needChromium(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("chromium"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("no Chromium")
		}
		t.Skip("no Chromium on the path")
	}
}

// TestBrowserSource: a policy that only scripts bring is watched with a real
// browser, by configuration or because the plain page was refused.
func TestBrowserSource(t *testing.T) {
	needChromium(t)
	for name, change := range map[string]func(map[string]any){
		"source":   func(cfg map[string]any) { cfg["defaults"] = map[string]any{"source": "browser"} },
		"escalate": func(cfg map[string]any) { cfg["browser"] = map[string]any{"escalate": true} },
	} {
		t.Run(name, func(t *testing.T) {
			var months atomic.Int32
			months.Store(12)
			cfg := oneVendor(t, scriptedSite(t, &months).URL)
			change(cfg)
			a := testApp(t, cfg)
			check := func() (got policy.Check) {
				t.Helper()
				if err := a.Pass(t.Context(), watch.PassOptions{}, func(c policy.Check) error { got = c; return nil }); err != nil {
					t.Fatal(err)
				}
				return got
			}
			if c := check(); c.Outcome != policy.OutcomeBaseline || c.Source != policy.SourceBrowser {
				t.Fatalf("first: %+v", c)
			}
			if c := check(); c.Outcome != policy.OutcomeUnchanged {
				t.Errorf("second: %+v", c)
			}
			months.Store(24)
			if c := check(); c.Outcome != policy.OutcomeChanged {
				t.Errorf("third: %+v", c)
			}
		})
	}
}

// TestBrowserIsGuarded: the browser may go no further than the crawler.
func TestBrowserIsGuarded(t *testing.T) {
	needChromium(t)
	var months atomic.Int32
	cfg := oneVendor(t, scriptedSite(t, &months).URL)
	cfg["defaults"] = map[string]any{"source": "browser"}
	cfg["crawler"] = map[string]any{"ignore_robots": true} // without allow_private
	a := testApp(t, cfg)
	var got policy.Check
	if err := a.Pass(t.Context(), watch.PassOptions{}, func(c policy.Check) error { got = c; return nil }); err != nil {
		t.Fatal(err)
	}
	if got.Outcome != policy.OutcomeFailed || got.Rule != "fetch:ssrf_denied" {
		t.Errorf("check = %+v", got)
	}
}
