package triage

import (
	"strings"
	"testing"
	"time"

	"watcher/policy"
)

func TestScreen(t *testing.T) {
	ok := policy.Capture{Status: 200, Size: 10, MediaType: "text/html"}
	for _, tc := range []struct {
		name string
		edit func(*policy.Capture)
		kind policy.VerdictKind
		rule string
	}{
		{"fine", func(*policy.Capture) {}, policy.Accepted, ""},
		{"plain text", func(c *policy.Capture) { c.MediaType = "text/plain" }, policy.Accepted, ""},
		{"not modified", func(c *policy.Capture) { c.Status, c.NotModified, c.Size = 304, true, 0 }, policy.Accepted, ""},
		{"unasked 304", func(c *policy.Capture) { c.Status = 304 }, policy.Rejected, RuleStatus},
		{"waf challenge", func(c *policy.Capture) { c.Status = 202 }, policy.Rejected, RuleStatus},
		{"partial", func(c *policy.Capture) { c.Status = 206 }, policy.Rejected, RuleStatus},
		{"down", func(c *policy.Capture) { c.Status = 503 }, policy.Rejected, RuleStatus},
		{"gone", func(c *policy.Capture) { c.Status = 404 }, policy.Rejected, RuleStatus},
		{"cloudflare", func(c *policy.Capture) {
			c.Status, c.Header = 403, map[string][]string{"Cf-Mitigated": {"challenge"}}
		}, policy.Rejected, RuleChallengeHeader},
		{"aws waf", func(c *policy.Capture) {
			c.Header = map[string][]string{"X-Amzn-Waf-Action": {"captcha"}}
		}, policy.Rejected, RuleChallengeHeader},
		{"empty", func(c *policy.Capture) { c.Size = 0 }, policy.Quarantined, RuleEmptyBody},
		{"image", func(c *policy.Capture) { c.MediaType = "image/png" }, policy.Rejected, RuleContentType},
	} {
		c := ok
		tc.edit(&c)
		if v := Screen(c); v.Kind != tc.kind || v.Rule != tc.rule || v.Kind != policy.Accepted && v.Evidence == "" {
			t.Errorf("%s: %+v, want %s by %q with evidence", tc.name, v, tc.kind, tc.rule)
		}
	}
}

// prose returns n words of a policy.
func prose(n int) string {
	words := strings.Fields("We collect personal data with your consent and our privacy policy says how long we process it and with whom.")
	var b strings.Builder
	for i := range n {
		b.WriteString(words[i%len(words)])
		b.WriteByte(' ')
	}
	return strings.TrimSpace(b.String())
}

// filler returns n words that no policy needs.
func filler(n int) string { return strings.TrimSpace(strings.Repeat("lorem ", n)) }

func page(text string) Page {
	return Page{
		Policy:  policy.Policy{URL: "https://www.example.com/privacy"},
		Capture: policy.Capture{FinalURL: "https://example.com/privacy"},
		Document: policy.Document{
			Title: "Privacy Policy", Full: text,
			Sections: []policy.Section{{Blocks: []policy.Block{{Kind: policy.Paragraph, Text: text}}}},
		},
	}
}

func TestGate(t *testing.T) {
	for _, tc := range []struct {
		name string
		page Page
		edit func(*Page)
		rule string
	}{
		{"a policy", page(prose(500)), nil, ""},
		{"a short policy", page(prose(60)), nil, ""},
		{"challenge by phrase", page("Checking your browser before accessing the site. " + filler(100)), nil, RuleChallenge},
		{"challenge by title", page(filler(120)), func(p *Page) { p.Document.Title = "Just a moment..." }, RuleChallenge},
		{"challenge by script", page(filler(60)), func(p *Page) { p.Capture.Body = []byte(`<script src="/x/captcha-delivery.com/">`) }, RuleChallenge},
		{"a long policy may name captchas", page(prose(500) + " verify you are human"), func(p *Page) { p.Capture.Body = []byte("px-captcha") }, ""},
		{"too short", page(prose(49)), nil, RuleTooShort},
		{"min_words raises the floor", page(prose(60)), func(p *Page) { p.Policy.MinWords = 100 }, RuleTooShort},
		{"min_words lowers the floor", page(prose(30)), func(p *Page) { p.Policy.MinWords = 20 }, ""},
		{"another site", page(prose(500)), func(p *Page) { p.Capture.FinalURL = "https://parked.test/privacy" }, RuleHostChanged},
		{"another site that was named", page(prose(500)), func(p *Page) {
			p.Capture.FinalURL, p.Policy.Hosts = "https://help.vendor.test/x", []string{"vendor.test"}
		}, ""},
		{"a consent dialog", page(prose(500)), func(p *Page) {
			p.Document.Sections[0].Heading = "Allow the use of cookies from Acme on this browser?"
		}, RuleConsentWall},
		{"a policy on cookies", page(prose(500)), func(p *Page) { p.Document.Sections[0].Heading = "How we use cookies" }, ""},
		{"soft 404", page("Page not found. " + prose(100)), nil, RuleErrorPage},
		{"a long policy may speak of errors", page(prose(500) + " page not found"), nil, ""},
		{"no anchor", page(prose(500)), func(p *Page) { p.Policy.Anchors = []string{"Acme GmbH"} }, RuleAnchorMissing},
		{"an anchor", page(prose(500) + " ACME gmbh"), func(p *Page) { p.Policy.Anchors = []string{"nope", "Acme GmbH"} }, ""},
		{"no vocabulary", page(filler(300)), nil, RuleNoVocabulary},
		{"a home page in the policy's place", page(filler(300)), func(p *Page) { p.HeadWords = 310 }, RuleNoVocabulary},
		{"a long error page", page(prose(500)), func(p *Page) {
			p.Document.Sections = append([]policy.Section{{Heading: "Diese Seite ist momentan nicht verfügbar"}}, p.Document.Sections...)
		}, RuleErrorPage},
		{"a policy that speaks of error pages", page(prose(500) + " a page not found"), nil, ""},
		{"shrunk", page(prose(240)), func(p *Page) { p.HeadWords = 500 }, RuleShrunk},
		{"half is enough", page(prose(250)), func(p *Page) { p.HeadWords = 500 }, ""},
	} {
		if tc.edit != nil {
			tc.edit(&tc.page)
		}
		v := Gate(tc.page)
		want := policy.Quarantined
		if tc.rule == "" {
			want = policy.Accepted
		}
		if v.Rule != tc.rule || v.Kind != want || tc.rule != "" && v.Evidence == "" {
			t.Errorf("%s: %+v, want %s by %q", tc.name, v, want, tc.rule)
		}
	}
}

// TestPhrasesAreLowerCase: the tables are compared with lowered text.
func TestPhrasesAreLowerCase(t *testing.T) {
	for _, table := range [][]string{challengeTitles(), challengePhrases(), consentQuestions(), errorPhrases(), vocabulary()} {
		seen := map[string]bool{}
		for _, p := range table {
			if p != strings.ToLower(p) || strings.TrimSpace(p) == "" {
				t.Errorf("%q never matches lowered text", p)
			}
			if seen[p] {
				t.Errorf("%q stands twice", p)
			}
			seen[p] = true
		}
	}
}

// sighting is a text seen at a time after the start. A text "a>b" is b, upon
// which the waiting a is believed first.
type sighting struct {
	after time.Duration
	text  string
	want  policy.Outcome
	rule  string
}

// replay runs sightings through Decide as a store would keep the history.
func replay(t *testing.T, name string, s Settings, run []sighting) {
	t.Helper()
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	h := History{Known: map[policy.Digest]int{}}
	n := 0
	for i, x := range run {
		late, seen, ok := strings.Cut(x.text, ">")
		if !ok {
			late, seen = "", x.text
		}
		text := policy.Sum([]byte(seen))
		d := Decide(h, text, start.Add(x.after), s)
		if d.Outcome != x.want || d.Rule != x.rule {
			t.Errorf("%s: sighting %d of %q: %s by %q, want %s by %q", name, i, x.text, d.Outcome, d.Rule, x.want, x.rule)
		}
		if (late != "") != (d.Late != nil) || d.Late != nil && d.Late.SHA256 != policy.Sum([]byte(late)) {
			t.Errorf("%s: sighting %d of %q: late %+v", name, i, x.text, d.Late)
		}
		if d.Late != nil {
			n++
			h.Known[h.Head], h.Head = n-1, d.Late.SHA256
		}
		h.Pending = d.Pending
		switch d.Outcome {
		case policy.OutcomeBaseline, policy.OutcomeChanged, policy.OutcomeReverted:
			n++
			if !h.Head.IsZero() {
				h.Known[h.Head] = n - 1
			}
			delete(h.Known, text)
			h.Head = text
		default:
		}
	}
}

func TestDecide(t *testing.T) {
	const m, h = time.Minute, time.Hour
	careful := Settings{ConfirmAfter: 10 * m, Hold: 24 * h}
	trusting := Settings{}
	const (
		baseline, unchanged, changed = policy.OutcomeBaseline, policy.OutcomeUnchanged, policy.OutcomeChanged
		waiting, reverted            = policy.OutcomeUnconfirmed, policy.OutcomeReverted
	)
	replay(t, "believe at once", trusting, []sighting{
		{0, "a", baseline, ""}, {h, "a", unchanged, ""}, {2 * h, "b", changed, ""}, {3 * h, "a", reverted, ""},
	})
	replay(t, "confirm", careful, []sighting{
		{0, "a", baseline, ""},
		{h, "b", waiting, RuleFirstSighting},
		{h + 5*m, "b", waiting, RuleWaiting},
		{h + 10*m, "b", changed, RuleConfirmed},
		{2 * h, "b", unchanged, ""},
	})
	replay(t, "an accident undoes itself", careful, []sighting{
		{0, "a", baseline, ""},
		{h, "b", waiting, RuleFirstSighting},
		{h + 10*m, "a", unchanged, RuleReturned},
		{2 * h, "b", waiting, RuleFirstSighting},
	})
	replay(t, "a page that never repeats is told of in the end", careful, []sighting{
		{0, "a", baseline, ""},
		{h, "b", waiting, RuleFirstSighting},
		{2 * h, "c", waiting, RuleUnstable},
		{13 * h, "d", waiting, RuleUnstable},
		{25 * h, "d>e", waiting, RuleFirstSighting},
	})
	replay(t, "a text that stood alone for days was a version", careful, []sighting{
		{0, "a", baseline, ""},
		{h, "b", waiting, RuleFirstSighting},
		{100 * h, "b>c", waiting, RuleFirstSighting},
		{200 * h, "b", unchanged, RuleReturned},
	})
	replay(t, "a text of old ends the wait", careful, []sighting{
		{0, "a", baseline, ""},
		{h, "b", waiting, RuleFirstSighting},
		{2 * h, "b", changed, RuleConfirmed},
		{3 * h, "c", waiting, RuleFirstSighting},
		{100 * h, "a", waiting, RuleFirstSighting},
		{101 * h, "a", reverted, RuleConfirmed},
	})
	replay(t, "a return is confirmed as well", careful, []sighting{
		{0, "a", baseline, ""},
		{h, "b", waiting, RuleFirstSighting},
		{2 * h, "b", changed, RuleConfirmed},
		{3 * h, "a", waiting, RuleFirstSighting},
		{4 * h, "a", reverted, RuleConfirmed},
	})
}

func TestDecideDates(t *testing.T) {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	head, b := policy.Sum([]byte("a")), policy.Sum([]byte("b"))
	s := Settings{ConfirmAfter: 10 * time.Minute, Hold: time.Hour}
	d := Decide(History{Head: head}, b, at, s)
	d = Decide(History{Head: head, Pending: d.Pending, Known: map[policy.Digest]int{b: 3}}, b, at.Add(time.Hour), s)
	if !d.FirstSeenAt.Equal(at) {
		t.Errorf("a confirmed text is dated to %v, want its first sighting %v", d.FirstSeenAt, at)
	}
	if d.Outcome != policy.OutcomeReverted || d.EqualTo != 3 || d.Pending != nil {
		t.Errorf("decision = %+v", d)
	}
}
