package web

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"watcher/policy"
)

func feedPaths() []string {
	return []string{
		"/feed.atom", "/feed.atom?significance=material,minor", "/vendors/northlight-imaging/feed.atom",
		"/policies/northlight-imaging/privacy/feed.atom", "/policies/harbour-aligners/dpa/feed.atom",
	}
}

func readFeed(t *testing.T, opt Options, path string) (atomFeed, string) {
	t.Helper()
	return feedFrom(t, handler(t, opt), path)
}

func feedFrom(t *testing.T, h http.Handler, path string) (atomFeed, string) {
	t.Helper()
	w := call(h, "GET", path, "")
	if w.Code != 200 || !strings.HasPrefix(w.Header().Get("Content-Type"), "application/atom+xml") {
		t.Fatalf("%s: %d %q %s", path, w.Code, w.Header().Get("Content-Type"), w.Body)
	}
	body := w.Body.String()
	var f atomFeed
	if err := xml.Unmarshal([]byte(body), &f); err != nil {
		t.Fatalf("%s: %v\n%s", path, err, body)
	}
	return f, body
}

func TestFeedsSayWhatChanged(t *testing.T) {
	opt := options(fixture())
	for _, path := range feedPaths()[:4] {
		f, _ := readFeed(t, opt, path)
		if len(f.Entries) != 1 {
			t.Fatalf("%s has %d entries", path, len(f.Entries))
		}
		e := f.Entries[0]
		if e.ID != "urn:watcher:change:northlight-imaging/privacy:2" || f.Updated != e.Updated || e.Content == nil {
			t.Errorf("%s: %+v", path, e)
		}
		for _, want := range []string{"<del>30 days</del><ins>24 months</ins>", "https://watch.example.org/policies/northlight-imaging/privacy/changes/2"} {
			if !strings.Contains(e.Content.Body, want) {
				t.Errorf("%s: the entry does not have %q: %s", path, want, e.Content.Body)
			}
		}
	}
	if f, _ := readFeed(t, opt, "/feed.atom?significance=cosmetic"); len(f.Entries) != 0 {
		t.Errorf("a feed of cosmetic changes has %d entries", len(f.Entries))
	}
	if f, _ := readFeed(t, opt, "/policies/harbour-aligners/dpa/feed.atom"); len(f.Entries) != 0 {
		t.Errorf("a policy without a change has %d entries", len(f.Entries))
	}
	for path, status := range map[string]int{"/feed.atom?significance=huge": 400, "/vendors/nobody/feed.atom": 404, "/policies/no/body/feed.atom": 404} {
		if w := call(handler(t, opt), "GET", path, ""); w.Code != status {
			t.Errorf("%s: %d, want %d", path, w.Code, status)
		}
	}
}

// Ids and dates stay the same while the feed does: a reader shows nothing twice.
func TestFeedsAreStable(t *testing.T) {
	first, one := readFeed(t, options(fixture()), "/feed.atom")
	later := options(fixture())
	later.Version = "9.9.9"
	_, two := readFeed(t, later, "/feed.atom")
	if one != two {
		t.Errorf("another version of the program serves another feed:\n%s\n%s", one, two)
	}
	material, _ := readFeed(t, later, "/feed.atom?significance=material")
	if material.ID == first.ID {
		t.Error("two feeds have one id")
	}
}

func TestFeedEntriesAreBounded(t *testing.T) {
	store := fixture()
	store.changes[key(changedID, 2)] = longChange(100_000)
	f, body := readFeed(t, options(store), "/feed.atom")
	if len(body) > 400_000 || !strings.Contains(f.Entries[0].Content.Body, "more edits: see the page") {
		t.Errorf("a feed of %d bytes", len(body))
	}
}

// activeNodes are the elements and attributes of an HTML text that could do
// something.
func activeNodes(t *testing.T, body string) []string {
	t.Helper()
	root, err := html.Parse(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	allowed, found := words("html head body p em strong blockquote ins del a"), []string(nil)
	for n := range root.Descendants() {
		if n.Type == html.CommentNode || n.Type == html.ElementNode && !allowed[n.Data] {
			found = append(found, n.Data)
		}
		for _, a := range n.Attr {
			if a.Key != "href" || !strings.HasPrefix(a.Val, "https://watch.example.org/") {
				found = append(found, a.Key+"="+a.Val)
			}
		}
	}
	return found
}

func TestHostileTextsStayTextInFeeds(t *testing.T) {
	var p poisoner
	h := handler(t, p.options())
	for _, payload := range payloads(t) {
		p.set(payload, true)
		for _, path := range feedPaths()[:4] {
			f, body := feedFrom(t, h, strings.ReplaceAll(path, "?significance=material,minor", ""))
			if strings.Contains(body, "<script") || strings.ContainsAny(body, "\u202a\u202e\u2066\x00\x1b") {
				t.Errorf("%s with %q: %s", path, payload, body)
			}
			for _, e := range f.Entries {
				if e.Content == nil {
					t.Fatalf("%s with %q: no content", path, payload)
				}
				if found := activeNodes(t, e.Content.Body); len(found) > 0 {
					t.Errorf("%s with %q: %q", path, payload, found)
				}
			}
		}
	}
	if len(activeNodes(t, `<p onclick="x"><img src="y"><a href="javascript:x">`)) < 3 {
		t.Error("the check finds nothing where there is something")
	}
}

// Every feed is valid by the schema of RFC 4287, hostile texts or not.
func TestFeedsAreValid(t *testing.T) {
	if _, err := exec.LookPath("xmllint"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("no xmllint")
		}
		t.Skip("no xmllint on the path (scripts/test-deps installs it): feeds are not validated")
	}
	dir := t.TempDir()
	var files []string
	for i, opt := range []Options{options(fixture()), poisonedOptions(`"><script>alert(1)</script>`+"\x01\u202e]]>&", true), options(&fakeStore{})} {
		for j, path := range feedPaths() {
			if i == 2 && j > 0 {
				break // a store without policies has the one feed
			}
			_, body := readFeed(t, opt, path)
			files = append(files, filepath.Join(dir, fmt.Sprintf("%d-%d.xml", i, j)))
			if err := os.WriteFile(files[len(files)-1], []byte(body), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	if out, err := lint(t, files...); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	bad := filepath.Join(dir, "bad.xml")
	if err := os.WriteFile(bad, []byte(`<feed xmlns="http://www.w3.org/2005/Atom"><id>urn:x:y</id><title>no date</title></feed>`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := lint(t, bad); err == nil {
		t.Error("a feed without a date is accepted")
	}
}

func lint(t *testing.T, files ...string) (string, error) {
	t.Helper()
	args := append([]string{"--noout", "--nonet", "--relaxng", "testdata/atom.rng"}, files...)
	out, err := exec.CommandContext(t.Context(), "xmllint", args...).CombinedOutput()
	return string(out), err
}

func TestNewsOfLeavesOutTechnicalVersions(t *testing.T) {
	list := []policy.Version{{Number: 1}, {Number: 2, From: 1, Kind: policy.VersionTechnical}, {Number: 3, From: 2, CapturedAt: now()}}
	if got := newsOf(list, nil); len(got) != 1 || got[0].Number != 3 {
		t.Errorf("%+v", got)
	}
}
