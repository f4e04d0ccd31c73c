package diffing

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"watcher/policy"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// sample is a change with an edit of every kind and hostile text.
func sample(t *testing.T) policy.Change {
	t.Helper()
	from := doc(t, basePolicy)
	text := basePolicy
	for _, r := range [][2]string{
		{"XX/05/2025", "12/05/2025"},
		{"@updated 2025-05?", "@updated 2025-05-12"},
		{"12 months", "24 months"},
		{"## 5. Contact", "## 6. Contact"},
		{"- Your shoe size.", "- Your shoe size <script>alert(1)</script> *bold* \x1b[31mred\u202e[link](x)\u0085."},
		{" We will not sell your personal data.", ""},
		{"You may lodge a complaint with a supervisory authority.", "You may lodge a complaint with a supervisory authority. We answer within ten days."},
	} {
		text = strings.Replace(text, r[0], r[1], 1)
	}
	text = strings.Replace(text, "Last update: XX", "Last update: 12", 1)
	to := doc(t, text)
	last := &to.Sections[len(to.Sections)-1].Blocks[0]
	last.Links = []policy.Link{{Text: "address", URL: "javascript:alert('x')"}}
	from.Sections[len(from.Sections)-1].Blocks[0].Links = []policy.Link{{Text: "address", URL: "https://example.com/"}}
	c := Compare(from, to, Options{})
	checkChange(t, from, to, c)
	c.From = policy.VersionRef{Version: 1, CapturedAt: time.Date(2025, 5, 1, 4, 0, 0, 0, time.UTC)}
	c.To = policy.VersionRef{Version: 2}
	return c
}

func TestGolden(t *testing.T) {
	c := sample(t)
	for name, write := range map[string]func(io.Writer) error{
		"change.txt":       func(w io.Writer) error { return WriteText(w, c, TextOptions{}) },
		"change.color.txt": func(w io.Writer) error { return WriteText(w, c, TextOptions{Color: true, Width: 60}) },
		"change.md":        func(w io.Writer) error { return WriteMarkdown(w, c) },
		"change.html":      func(w io.Writer) error { return WriteHTML(w, c) },
		"change.json":      func(w io.Writer) error { return WriteJSON(w, c) },
	} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			if err := write(&b); err != nil {
				t.Fatal(err)
			}
			file := filepath.Join("testdata", name)
			if *update {
				if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), b.String()); diff != "" {
				t.Errorf("-want +got (go test -update rewrites):\n%s", diff)
			}
			if got := b.String(); strings.ContainsAny(got, "\u202e\u0085") || strings.Contains(got, "\x1b[31mred") {
				t.Error("controls of the policy's text reach the output")
			}
		})
	}
}

func TestHTMLIsSafe(t *testing.T) {
	var b bytes.Buffer
	if err := WriteHTML(&b, sample(t)); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"<script", "<style", "href=", "src=", "onload"} {
		if strings.Contains(b.String(), bad) {
			t.Errorf("fragment contains %s", bad)
		}
	}
}

func TestJSONShape(t *testing.T) {
	var b bytes.Buffer
	if err := WriteJSON(&b, policy.Change{Edits: []policy.Edit{{Op: policy.Added, New: "x"}}}); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(b.String(), "\n"); n != 1 || strings.Contains(b.String(), "null") {
		t.Errorf("want one line without null, got %s", b.String())
	}
	var got struct {
		Schema string `json:"schema"`
		Dates  map[string][]any
		Edits  []map[string]any
	}
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.Schema != "watcher.diff/1" || got.Dates["facts"] == nil {
		t.Errorf("got %+v", got)
	}
	for _, key := range []string{"op", "section", "from_section", "old", "new", "categories", "significance", "reasons"} {
		if _, ok := got.Edits[0][key]; !ok {
			t.Errorf("edit has no %s", key)
		}
	}
}

type failing struct{}

var errFull = errors.New("disk full")

func (failing) Write([]byte) (int, error) { return 0, errFull }

func TestWriteErrors(t *testing.T) {
	c := sample(t)
	for name, err := range map[string]error{
		"text": WriteText(failing{}, c, TextOptions{}), "markdown": WriteMarkdown(failing{}, c),
		"html": WriteHTML(failing{}, c), "json": WriteJSON(failing{}, c),
	} {
		if !errors.Is(err, errFull) {
			t.Errorf("%s: error %v, want %v", name, err, errFull)
		}
	}
}
