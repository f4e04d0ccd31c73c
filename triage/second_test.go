package triage_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"watcher/normalize"
	"watcher/policy"
	"watcher/triage"
)

// pageCase is a line of a manifest of the second set: a page as a server sent
// it. The set was written by another hand than junk.txt, and before the rules
// were held against it.
type pageCase struct {
	File   string      `json:"file"`
	Kind   string      `json:"kind"`
	Lang   string      `json:"lang"`
	Status int         `json:"status"`
	Header http.Header `json:"header"`
	// URL is the policy's, FinalURL where the redirects ended; the former
	// stands for both by default.
	URL      string `json:"url"`
	FinalURL string `json:"final_url"`
	// HeadWords and HeadLang tell of the text accepted last, if there is one.
	HeadWords int    `json:"head_words"`
	HeadLang  string `json:"head_lang"`
	// Rule, where it is the point of the page, is the one that must refuse it.
	Rule string `json:"rule"`
	Held bool   `json:"held"`
}

func readCases(t *testing.T, dir string) []pageCase {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "manifest.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var out []pageCase
	for sc := bufio.NewScanner(bytes.NewReader(data)); sc.Scan(); {
		var c pageCase
		if err := json.Unmarshal(sc.Bytes(), &c); err != nil {
			t.Fatalf("%s: %v", sc.Text(), err)
		}
		out = append(out, c)
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != len(out)+1 {
		t.Fatalf("%s: %d files, %d in the manifest (%v)", dir, len(files)-1, len(out), err)
	}
	return out
}

// verdict asks the gate as a check does.
func (c pageCase) verdict(t *testing.T, dir string) policy.Verdict {
	t.Helper()
	body, err := os.ReadFile(filepath.Join(dir, c.File))
	if err != nil {
		t.Fatal(err)
	}
	if c.URL == "" {
		c.URL = "https://www.vendor.example/legal/privacy"
	}
	if c.FinalURL == "" {
		c.FinalURL = c.URL
	}
	const contentType = "text/html; charset=utf-8"
	capture := policy.Capture{
		URL: c.URL, FinalURL: c.FinalURL, Status: c.Status, Header: c.Header, ContentType: contentType,
		MediaType: normalize.Sniff(body, contentType, c.FinalURL), Size: int64(len(body)), Body: body,
	}
	if v := triage.Screen(capture); v.Kind != policy.Accepted {
		return v
	}
	n, err := normalize.New(normalize.Rules{})
	if err != nil {
		t.Fatal(err)
	}
	doc, err := n.Document(normalize.Input{Body: body, ContentType: contentType, URL: c.FinalURL})
	if err != nil {
		return policy.Verdict{Kind: policy.Quarantined, Rule: "normalize", Evidence: err.Error()}
	}
	return triage.Gate(triage.Page{
		Policy:  policy.Policy{ID: "vendor/privacy", URL: c.URL, Kind: policy.KindPrivacy},
		Capture: capture, Document: doc, HeadWords: c.HeadWords, HeadLang: c.HeadLang,
	})
}

// The least that the gate must reach on the second set: junk refused of the pages
// that its rules may be written from, and of those that are held back.
const (
	openFloor = 70
	heldFloor = 32
)

// TestSecondSet: the gate on pages that its rules were not written from.
func TestSecondSet(t *testing.T) {
	for _, set := range []struct {
		dir  string
		junk bool
	}{{"testdata/second/junk", true}, {"testdata/second/genuine", false}} {
		right, all := map[string]int{}, map[string]int{}
		var open, held, pages, kept int
		for _, c := range readCases(t, set.dir) {
			v := c.verdict(t, set.dir)
			all[c.Kind]++
			pages++
			if c.Held {
				kept++
			}
			if (v.Kind != policy.Accepted) != set.junk {
				t.Logf("WRONG %s (%s, %s): %s by %q: %s", c.File, c.Kind, c.Lang, v.Kind, v.Rule, v.Evidence)
				continue
			}
			if c.Rule != "" && v.Rule != c.Rule {
				t.Errorf("%s: refused by %q, want %q", c.File, v.Rule, c.Rule)
			}
			right[c.Kind]++
			if c.Held {
				held++
			} else {
				open++
			}
		}
		for _, kind := range slices.Sorted(maps.Keys(all)) {
			t.Logf("%s: %-20s %3d of %3d", filepath.Base(set.dir), kind, right[kind], all[kind])
		}
		t.Logf("%s: %d of %d right, and %d of %d that are held back", set.dir, open, pages-kept, held, kept)
		if set.junk && (open < openFloor || held < heldFloor) {
			t.Errorf("%d and %d pages of junk refused, want at least %d and %d", open, held, openFloor, heldFloor)
		}
		if !set.junk && open+held != pages {
			t.Errorf("%d of %d genuine pages accepted, want all", open+held, pages)
		}
	}
}
