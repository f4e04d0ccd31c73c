package triage_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"watcher/normalize"
	"watcher/policy"
	"watcher/triage"
)

// sample is a page of a test set: "== kind lang name" and its HTML.
type sample struct{ kind, lang, name, body string }

func samples(t *testing.T, file string) []sample {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	var out []sample
	for _, part := range strings.Split("\n"+string(data), "\n== ")[1:] {
		head, body, _ := strings.Cut(part, "\n")
		words := strings.Fields(head)
		if len(words) < 2 {
			t.Fatalf("bad heading %q", head)
		}
		out = append(out, sample{words[0], words[1], strings.Join(words[2:], " "), body})
	}
	return out
}

// judge does what a check does with a first capture of a page.
func judge(t *testing.T, c policy.Capture) policy.Verdict {
	t.Helper()
	if v := triage.Screen(c); v.Kind != policy.Accepted {
		return v
	}
	n, err := normalize.New(normalize.Rules{})
	if err != nil {
		t.Fatal(err)
	}
	doc, err := n.Document(normalize.Input{Body: c.Body, ContentType: c.ContentType, URL: c.FinalURL})
	if err != nil {
		return policy.Verdict{Kind: policy.Quarantined, Rule: "normalize"}
	}
	return triage.Gate(triage.Page{
		Policy: policy.Policy{ID: "acme/privacy", URL: "https://www.acme.example/privacy", Kind: policy.KindPrivacy}, Capture: c, Document: doc,
	})
}

func captureOf(body string) policy.Capture {
	return policy.Capture{
		Status: http.StatusOK, URL: "https://www.acme.example/privacy", FinalURL: "https://www.acme.example/privacy",
		ContentType: "text/html; charset=utf-8", MediaType: "text/html", Size: int64(len(body)), Body: []byte(body),
	}
}

// TestJunk: everything that is served in a policy's place is refused.
func TestJunk(t *testing.T) {
	set := samples(t, "junk.txt")
	seen, kinds, langs := map[string][2]int{}, map[string]bool{}, map[string]bool{}
	for _, s := range set {
		v := judge(t, captureOf(s.body))
		n := seen[s.kind]
		n[1]++
		if v.Kind != policy.Accepted {
			n[0]++
		} else {
			t.Errorf("%s %s %s is let through", s.kind, s.lang, s.name)
		}
		seen[s.kind], kinds[s.kind], langs[s.lang] = n, true, true
		t.Logf("%-12s %-3s %-16s %s: %s", s.kind, s.lang, s.name, v.Rule, v.Evidence)
	}
	if len(set) < 60 || len(kinds) < 10 || len(langs) < 10 {
		t.Errorf("%d pages, %d kinds, %d languages", len(set), len(kinds), len(langs))
	}
	for _, kind := range slices.Sorted(keysOf(seen)) {
		t.Logf("%-12s %d of %d refused", kind, seen[kind][0], seen[kind][1])
	}
}

func keysOf[K comparable, V any](m map[K]V) func(func(K) bool) {
	return func(yield func(K) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// TestGenuine: short and odd pages that are the policy are let through.
func TestGenuine(t *testing.T) {
	for _, s := range samples(t, "genuine.txt") {
		if v := judge(t, captureOf(s.body)); v.Kind != policy.Accepted {
			t.Errorf("%s %s %s is refused by %s: %s", s.kind, s.lang, s.name, v.Rule, v.Evidence)
		}
	}
}

// TestChallengeHeaders: what a bot wall says in its headers is enough, whatever
// the status and the page.
func TestChallengeHeaders(t *testing.T) {
	genuine := samples(t, "genuine.txt")[0].body
	for _, tc := range []struct {
		status int
		header http.Header
	}{
		{403, http.Header{"Cf-Mitigated": {"challenge"}, "Server": {"cloudflare"}}},
		{429, http.Header{"Cf-Mitigated": {"challenge"}}},
		{200, http.Header{"Cf-Mitigated": {"challenge"}}},
		{202, http.Header{"X-Amzn-Waf-Action": {"challenge"}}},
		{405, http.Header{"X-Amzn-Waf-Action": {"captcha"}}},
		{200, http.Header{"Rimon": {"rwc_block"}}},
		{403, http.Header{"Server": {"AkamaiGHost"}}},
		{403, http.Header{"Server-Timing": {"cdn-cache; desc=HIT, edge; dur=1, ak_p; desc=\"1712_388\""}}},
		{403, http.Header{"Server": {"awselb/2.0"}}},
		{502, http.Header{"Server": {"awselb/2.0"}}},
		{403, http.Header{"X-Cache": {"Error from cloudfront"}, "Via": {"1.1 x.cloudfront.net (CloudFront)"}}},
		{503, http.Header{"X-Cache": {"Error from cloudfront"}}},
		{403, http.Header{"X-Datadome": {"protected"}, "X-Datadome-Cid": {"AHrl"}}},
		{403, http.Header{"X-Iinfo": {"10-1-2 NNNN"}, "X-Cdn": {"Imperva"}}},
		{403, http.Header{"X-Sucuri-Id": {"11005"}, "X-Sucuri-Block": {"EXP"}}},
	} {
		c := captureOf(genuine)
		c.Status, c.Header = tc.status, tc.header
		if v := triage.Screen(c); v.Kind == policy.Accepted || v.Rule != triage.RuleChallengeHeader {
			t.Errorf("%d %v: %s by %q, want %s", tc.status, tc.header, v.Kind, v.Rule, triage.RuleChallengeHeader)
		}
	}
	// The same servers answer ordinary pages, and are the vendor's own choice.
	for name, h := range map[string]http.Header{
		"an Akamai page": {"Server": {"AkamaiGHost"}}, "a hit at CloudFront": {"X-Cache": {"Hit from cloudfront"}}, "Imperva's CDN": {"X-Iinfo": {"1"}, "X-Cdn": {"Imperva"}},
		"DataDome passing": {"X-Datadome": {"protected"}}, "Cloudflare": {"Server": {"cloudflare"}},
	} {
		c := captureOf(genuine)
		c.Header = h
		if v := triage.Screen(c); v.Kind != policy.Accepted {
			t.Errorf("%s is refused: %s", name, fmt.Sprint(v))
		}
	}
	missing := captureOf("<h1>Not found</h1>")
	missing.Status, missing.Header = 404, http.Header{"X-Cache": {"Error from cloudfront"}}
	if v := triage.Screen(missing); v.Rule != triage.RuleStatus {
		t.Errorf("a page that is missing behind CloudFront: %+v", v)
	}
}
