package watch

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"watcher/normalize"
	"watcher/policy"
	"watcher/triage"
)

// site answers by address, and by the fetcher that asks where a page is there
// for a browser only. It notes which headers were sent where.
type site struct {
	clock   func() time.Time
	pages   map[string]string
	browser map[string]string
	headers map[string]map[string]string
}

func (s *site) Capture(ctx context.Context, req policy.Request) (policy.Capture, error) {
	if s.headers != nil {
		s.headers[req.URL] = req.Headers
	}
	body, ok := s.pages[req.URL]
	if req.Source == policy.SourceBrowser {
		if more, there := s.browser[req.URL]; there {
			body, ok = more, there
		}
	}
	v := &vendor{status: 200, body: body, clock: s.clock, hops: []policy.Hop{{URL: req.URL, Status: 200}}}
	if !ok {
		v.status, v.body = 404, "<h1>Not found</h1>"
	}
	c, err := v.Capture(ctx, req)
	c.Source = req.Source
	return c, err
}

const (
	pageOne = "https://acme.example/privacy"
	pageTwo = "https://acme.example/privacy/cookies"
	pageTri = "https://other.example/annex"
)

func second(days string) string {
	return `<html lang="en"><title>Cookies</title><main><h1>Cookies</h1><p>We set cookies which are kept for ` + days + ` days.</p></main>`
}

func siteWorld(t *testing.T) (*world, *site) {
	t.Helper()
	w := newWorld(t)
	s := &site{clock: func() time.Time { return w.now }, pages: map[string]string{pageOne: page(12)}}
	w.settings.Fetcher = s
	return w, s
}

// TestCombine: several pages are one document. A page that is missing, or is a
// challenge, refuses the whole, and nothing is taken for removed.
func TestCombine(t *testing.T) {
	w, s := siteWorld(t)
	s.pages[pageTwo], s.pages[pageTri] = second("30"), `<h1>Annex</h1><p>Our processors are named here.</p>`
	s.headers = map[string]map[string]string{}
	w.policy.Combine, w.policy.Headers = []string{pageTwo, pageTri}, map[string]string{"X-Key": "secret"}
	w.sync()
	w.want(0, policy.OutcomeBaseline, "")
	if got := slices.Sorted(maps.Keys(s.headers)); len(got) != 3 || s.headers[pageTwo]["X-Key"] != "secret" || len(s.headers[pageTri]) != 0 {
		t.Errorf("asked %v with headers %v", got, s.headers)
	}
	doc, err := w.store.Document(t.Context(), w.policy.ID, 1)
	if err != nil {
		t.Fatal(err)
	}
	text := doc.Text()
	for _, want := range []string{"# Privacy Policy", "12 months", "# Cookies", "kept for 30 days", "# Annex"} {
		at := strings.Index(text, want)
		if at < 0 {
			t.Fatalf("the document lacks %q after what went before:\n%s", want, doc.Text())
		}
		text = text[at:]
	}
	w.want(time.Hour, policy.OutcomeUnchanged, "")
	s.pages[pageTwo] = second("60")
	if c := w.want(time.Hour, policy.OutcomeChanged, policy.EventPolicyChanged); c.Version != 2 {
		t.Errorf("check = %+v", c)
	}
	change, err := w.store.Change(t.Context(), w.policy.ID, 2)
	if err != nil || len(change.Edits) != 1 || change.Edits[0].Section != "Cookies" {
		t.Errorf("change = %+v, %v", change.Edits, err)
	}
	delete(s.pages, pageTri)
	if c := w.want(time.Hour, policy.OutcomeFailed, ""); !strings.Contains(c.Error, pageTri) {
		t.Errorf("a page that is gone: %+v", c)
	}
	s.pages[pageTri] = `<title>Just a moment...</title><p>Checking your browser</p>`
	if c := w.want(time.Hour, policy.OutcomeQuarantined, ""); c.Rule != triage.RuleChallenge || !strings.Contains(c.Detail, pageTri) {
		t.Errorf("a challenge: %+v", c)
	}
	s.pages[pageTri] = `<h1>Annex</h1><p>Our processors are named here.</p>`
	w.want(time.Hour, policy.OutcomeUnchanged, "")
	if alerts := w.alerts(); len(alerts) != 1 {
		t.Errorf("%d alerts, want one", len(alerts))
	}
}

// TestCombineLater: adding a page to a policy is the operator's doing.
func TestCombineLater(t *testing.T) {
	w, s := siteWorld(t)
	s.pages[pageTwo] = second("30")
	w.want(0, policy.OutcomeBaseline, "")
	w.policy.Combine = []string{pageTwo}
	w.sync()
	w.want(time.Hour, policy.OutcomeTechnical, "")
	w.want(time.Hour, policy.OutcomeUnchanged, "")
	if alerts := w.alerts(); len(alerts) != 0 {
		t.Errorf("alerts = %+v", alerts)
	}
}

// TestFollow: where a page only links to the policy, the link is followed, also
// when it leads to another file than before.
func TestFollow(t *testing.T) {
	w, s := siteWorld(t)
	landing := func(file string) string {
		return `<main><h1>Legal</h1><a href="/about">About</a> <a class=doc href="/files/` + file + `">Privacy policy</a></main>`
	}
	s.pages[pageOne], s.pages["https://acme.example/files/v1"], s.pages["https://acme.example/files/v2"] = landing("v1"), page(12), page(12)
	w.policy.Follow = "a.doc"
	w.sync()
	w.want(0, policy.OutcomeBaseline, "")
	v := w.versions()[0]
	c, err := w.store.Capture(t.Context(), w.policy.ID, v.Capture)
	if err != nil || c.URL != pageOne || c.FinalURL != "https://acme.example/files/v1" || len(c.Hops) != 2 || c.Hops[0].Location != c.FinalURL {
		t.Errorf("capture = %+v, %v", c, err)
	}
	s.pages[pageOne] = landing("v2")
	w.want(time.Hour, policy.OutcomeUnchanged, "")
	s.pages["https://acme.example/files/v2"] = page(24)
	w.want(time.Hour, policy.OutcomeChanged, policy.EventPolicyChanged)
	s.pages[pageOne] = `<main><h1>Legal</h1><p>Nothing to see.</main>`
	if c := w.want(time.Hour, policy.OutcomeQuarantined, ""); c.Rule != triage.RuleFollow {
		t.Errorf("no link: %+v", c)
	}
	s.pages[pageOne] = landing("v3")
	w.want(time.Hour, policy.OutcomeFailed, "")
}

const shell = `<!doctype html><title>Acme</title><div id="root"></div><script src="/app.js"></script>`

// TestEscalate: a page that is but scripts is read by the browser, if allowed;
// which of the two read it is no news.
func TestEscalate(t *testing.T) {
	w, s := siteWorld(t)
	s.browser = map[string]string{pageOne: strings.Replace(page(12), "home", "home of scripts", 1)}
	s.pages[pageOne] = shell
	if c := w.want(0, policy.OutcomeQuarantined, ""); c.Rule != triage.RuleTooShort {
		t.Fatalf("without the browser: %+v", c)
	}
	w.settings.Escalate = true
	if c := w.want(time.Hour, policy.OutcomeBaseline, ""); c.Source != policy.SourceBrowser {
		t.Errorf("source = %s", c.Source)
	}
	w.want(time.Hour, policy.OutcomeUnchanged, "")
	s.browser[pageOne] = page(24)
	w.want(time.Hour, policy.OutcomeChanged, policy.EventPolicyChanged)
	// The plain page comes back, with a line that only it has.
	s.pages[pageOne] = strings.Replace(page(24), "</main>", "<p>Read without scripts, this notice says what it says.</p></main>", 1)
	w.want(time.Hour, policy.OutcomeTechnical, "")
	// And breaks again, with a browser that brings no better.
	s.pages[pageOne], s.browser[pageOne] = shell, shell
	if c := w.want(time.Hour, policy.OutcomeQuarantined, ""); c.Source != policy.SourceLive {
		t.Errorf("the plain answer should stand: %+v", c)
	}
	if alerts := w.alerts(); len(alerts) != 1 {
		t.Errorf("%d alerts, want one", len(alerts))
	}
}

func TestEscalationIsForShells(t *testing.T) {
	w, s := siteWorld(t)
	s.browser, w.settings.Escalate = map[string]string{pageOne: page(24)}, true
	w.want(0, policy.OutcomeBaseline, "")
	w.want(time.Hour, policy.OutcomeUnchanged, "")
	s.pages[pageOne] = "<p>No scripts here, and no policy.</p>"
	w.want(time.Hour, policy.OutcomeQuarantined, "")
}

func TestBundleIsStable(t *testing.T) {
	in := []normalize.Input{{Body: []byte("a\r\n--x"), ContentType: "text/plain", URL: pageOne}, {Body: nil, URL: pageTwo}, {Body: []byte("\x00\xff"), MediaType: "application/pdf"}}
	one, kind, err := normalize.Bundle(in)
	if err != nil {
		t.Fatal(err)
	}
	two, _, _ := normalize.Bundle(in)
	if policy.Sum(one) != policy.Sum(two) {
		t.Error("the same pages give other bytes")
	}
	back, err := normalize.Pages(normalize.Input{Body: one, ContentType: kind})
	if err != nil || len(back) != len(in) {
		t.Fatalf("%d pages, %v", len(back), err)
	}
	for i := range in {
		if string(back[i].Body) != string(in[i].Body) || back[i].URL != in[i].URL || back[i].ContentType != in[i].ContentType || back[i].MediaType != in[i].MediaType {
			t.Errorf("page %d = %+v, want %+v", i, back[i], in[i])
		}
	}
	for cut := range one {
		if _, err := normalize.Pages(normalize.Input{Body: one[:cut], ContentType: kind}); err == nil && cut < len(one)-2 {
			t.Fatalf("a bundle cut at %d of %d is taken for whole", cut, len(one))
		}
	}
}
