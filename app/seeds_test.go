package app

import (
	"context"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"watcher/policy"
	"watcher/watch"
)

// seedsDir holds five real policy texts, beside the repository. They are not
// part of it.
const seedsDir = "../../shared/seeds"

// vendorSite serves one policy; a test changes what it says.
type vendorSite struct {
	mu     sync.Mutex
	status int
	body   string
	ctype  string
}

func (v *vendorSite) set(status int, ctype, body string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.status, v.ctype, v.body = status, ctype, body
}

func (v *vendorSite) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	v.mu.Lock()
	defer v.mu.Unlock()
	w.Header().Set("Content-Type", v.ctype)
	w.WriteHeader(v.status)
	_, _ = io.WriteString(w, v.body)
}

// hook records the webhooks that it is sent.
type hook struct {
	mu     sync.Mutex
	bodies []map[string]any
	ids    []string
}

func (h *hook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var body map[string]any
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.bodies = append(h.bodies, body)
	h.ids = append(h.ids, r.Header.Get("webhook-id"))
	w.WriteHeader(http.StatusNoContent)
}

func (h *hook) received() []map[string]any {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.bodies)
}

// wraps are the ways in which the seeds are served.
func wraps() map[string]func(lines []string, menu []string) (ctype, body string) {
	wrapped := func(content string, menu []string) (string, string) {
		var b strings.Builder
		b.WriteString(`<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Privacy Policy</title></head><body>`)
		b.WriteString(`<header><a href="/">Home</a><nav><ul>`)
		for _, m := range menu {
			fmt.Fprintf(&b, `<li><a href="/%s">%s</a></li>`, m, m)
		}
		b.WriteString(`</ul></nav></header><div id="cookie-banner" role="dialog"><p>This site uses cookies to improve your experience.</p><button>Accept</button></div>`)
		b.WriteString(content)
		b.WriteString(`<footer><ul><li><a href="/imprint">Imprint</a></li><li><a href="/jobs">Jobs</a></li></ul><p>© All rights reserved</p></footer></body></html>`)
		return "text/html; charset=utf-8", b.String()
	}
	return map[string]func([]string, []string) (string, string){
		"plain text": func(lines, _ []string) (string, string) {
			return "text/plain; charset=utf-8", strings.Join(lines, "\n")
		},
		"paragraphs": func(lines, menu []string) (string, string) {
			var b strings.Builder
			b.WriteString(`<main class="content">`)
			for _, l := range lines {
				if strings.TrimSpace(l) != "" {
					fmt.Fprintf(&b, "<p>%s</p>\n", html.EscapeString(l))
				}
			}
			b.WriteString(`</main>`)
			return wrapped(b.String(), menu)
		},
		"line breaks": func(lines, menu []string) (string, string) {
			return wrapped(`<div class="policy">`+strings.ReplaceAll(html.EscapeString(strings.Join(lines, "\n")), "\n", "<br>\n")+`</div>`, menu)
		},
		"preformatted": func(lines, menu []string) (string, string) {
			return wrapped(`<pre>`+html.EscapeString(strings.Join(lines, "\n"))+`</pre>`, menu)
		},
	}
}

type seedsWorld struct {
	app   *App
	hook  *hook
	sites map[string]*vendorSite
	texts map[string][]string
	wrap  func(lines, menu []string) (string, string)
}

func seedVendors() map[string]string {
	return map[string]string{
		"3Shape": "3shape.txt", "3D Systems": "3d-systems.txt", "3D4Medical": "3d4medical.txt",
		"Artec 3D": "artec3d.txt", "Materialise": "materialise.txt",
	}
}

func menu() []string {
	return []string{"products", "software", "services", "industries", "company", "contact"}
}

func newSeedsWorld(t *testing.T, wrap func(lines, menu []string) (string, string)) *seedsWorld {
	t.Helper()
	w := &seedsWorld{hook: &hook{}, sites: map[string]*vendorSite{}, texts: map[string][]string{}, wrap: wrap}
	receiver := httptest.NewServer(w.hook)
	t.Cleanup(receiver.Close)
	var vendors []map[string]any
	for name, file := range seedVendors() {
		text, err := os.ReadFile(filepath.Join(seedsDir, file))
		if err != nil {
			t.Skipf("SKIPPED: the real policy texts are not here: %v", err)
		}
		site := &vendorSite{}
		srv := httptest.NewServer(site)
		t.Cleanup(srv.Close)
		w.sites[name], w.texts[name] = site, strings.Split(string(text), "\n")
		w.serve(name, menu())
		vendors = append(vendors, map[string]any{"name": name, "policies": []any{map[string]any{"kind": "privacy", "url": srv.URL + "/privacy"}}})
	}
	w.app = testApp(t, map[string]any{
		"version": 1, "vendors": vendors,
		"crawler":   map[string]any{"allow_private": []string{"127.0.0.0/8"}, "per_host_delay": "0s"},
		"triage":    map[string]any{"confirm_after": "0s"},
		"receivers": []any{map[string]any{"name": "team", "webhook": map[string]any{"url": receiver.URL}}},
	})
	return w
}

func (w *seedsWorld) serve(name string, menu []string) {
	ctype, body := w.wrap(w.texts[name], menu)
	w.sites[name].set(http.StatusOK, ctype, body)
}

// testApp builds an app that is not started. Its configuration is a file, as
// for everybody.
func testApp(t *testing.T, cfg map[string]any) *App {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "watcher.yml")
	writeConfig(t, file, cfg)
	a, err := New(Options{ConfigFile: file, StoragePath: filepath.Join(dir, "w.db"), Web: Web{ListenAddress: "127.0.0.1:0"}, Output: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	if err := a.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	return a
}

func writeConfig(t testing.TB, file string, cfg map[string]any) {
	t.Helper()
	src, err := json.Marshal(cfg) // JSON is YAML
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, src, 0o600); err != nil {
		t.Fatal(err)
	}
}

// pass checks everything once, delivers, and returns the checks by policy.
func pass(t *testing.T, a *App) map[policy.ID]policy.Check {
	t.Helper()
	out := map[policy.ID]policy.Check{}
	if err := a.Pass(t.Context(), watch.PassOptions{}, func(c policy.Check) error { out[c.Policy] = c; return nil }); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if _, err := a.Drain(ctx); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestSeeds is the main promise on real input: every real change is reported
// once, nothing else is.
func TestSeeds(t *testing.T) {
	for name, wrap := range wraps() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testSeeds(t, newSeedsWorld(t, wrap))
		})
	}
}

func testSeeds(t *testing.T, w *seedsWorld) {
	for id, c := range pass(t, w.app) {
		if c.Outcome != policy.OutcomeBaseline {
			t.Fatalf("first pass: %s: %+v", id, c)
		}
	}
	if got := w.hook.received(); len(got) != 0 {
		t.Fatalf("baselines were told of: %v", got)
	}
	heads := w.heads(t)

	w.change(t)
	checks := pass(t, w.app)
	for id, want := range map[policy.ID][]policy.Outcome{
		"3shape/privacy":      {policy.OutcomeChanged},
		"materialise/privacy": {policy.OutcomeUnchanged},
		"artec-3d/privacy":    {policy.OutcomeFailed},
		"3d-systems/privacy":  {policy.OutcomeQuarantined},
		"3d4medical/privacy":  {policy.OutcomeUnchanged},
	} {
		if !slices.Contains(want, checks[id].Outcome) {
			t.Errorf("second pass: %s: %+v, want %v", id, checks[id], want)
		}
	}
	for id, head := range w.heads(t) {
		if id != "3shape/privacy" && head != heads[id] {
			t.Errorf("the head of %s moved", id)
		}
	}
	w.checkAlert(t)
	pass(t, w.app)
	if got := w.hook.received(); len(got) != 1 {
		t.Errorf("a third pass told of something again: %d alerts", len(got))
	}
}

func (w *seedsWorld) heads(t *testing.T) map[policy.ID]policy.HeadRef {
	t.Helper()
	states, err := w.app.Store().States(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	out := map[policy.ID]policy.HeadRef{}
	for _, s := range states {
		out[s.ID] = s.HeadRef()
	}
	return out
}

// change makes one real change among four things that are none.
func (w *seedsWorld) change(t *testing.T) {
	t.Helper()
	edited, inSection := 0, false
	for i, l := range w.texts["3Shape"] {
		if strings.Contains(l, "XX/05/2025") {
			w.texts["3Shape"][i] = strings.ReplaceAll(l, "XX/05/2025", "12/05/2025")
			edited++
		}
		if inSection && edited == 1 && len(l) > 200 {
			first, rest, _ := strings.Cut(l, ". ")
			words := strings.Fields(first)
			words[len(words)-1] = "and only for purposes that we announced"
			w.texts["3Shape"][i] = strings.Join(words, " ") + ". " + rest
			edited++
		}
		inSection = inSection || strings.HasPrefix(l, "8. Use of Artificial Intelligence")
	}
	if edited != 2 {
		t.Fatalf("made %d of 2 edits", edited)
	}
	w.serve("3Shape", menu())
	shuffled := menu()
	slices.Reverse(shuffled)
	w.serve("Materialise", shuffled)
	w.sites["Artec 3D"].set(http.StatusServiceUnavailable, "text/html", "<h1>Service Unavailable</h1>")
	w.sites["3D Systems"].set(http.StatusOK, "text/html",
		"<title>Just a moment...</title><h1>3dsystems.com</h1><p>Checking your browser before accessing the site. This process is automatic.</p>")
}

func (w *seedsWorld) checkAlert(t *testing.T) {
	t.Helper()
	got := w.hook.received()
	if len(got) != 1 {
		t.Fatalf("%d alerts, want exactly one: %v", len(got), got)
	}
	b, _ := json.Marshal(got[0])
	text := string(b)
	data, _ := got[0]["data"].(map[string]any)
	if got[0]["type"] != "policy_changed" || data["policy"].(map[string]any)["id"] != "3shape/privacy" {
		t.Errorf("the alert is about something else: %s", text)
	}
	for _, want := range []string{"placeholder_resolved", "12/05/2025", "XX/05/2025", "only for purposes that we announced"} {
		if !strings.Contains(text, want) {
			t.Errorf("the alert does not say %q: %s", want, text)
		}
	}
	for _, e := range data["edits"].([]any) {
		edit := e.(map[string]any)
		if strings.Contains(edit["new"].(string), "purposes that we announced") {
			if edit["op"] != "reworded" || !strings.Contains(edit["section"].(string), "8. Use of Artificial Intelligence") {
				t.Errorf("the reworded sentence is told of as %v in section %q", edit["op"], edit["section"])
			}
		}
	}
	if n := len(data["edits"].([]any)); n != 2 {
		t.Errorf("%d edits, want the date and the sentence: %s", n, text)
	}
}
