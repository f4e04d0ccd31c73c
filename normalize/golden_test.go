package normalize

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestGolden compares whole documents with what was accepted before. A change
// of a golden file is a change of the ruleset.
func TestGolden(t *testing.T) {
	for _, tc := range []struct{ file, contentType string }{
		{"landmarks.html", "text/html; charset=utf-8"},
		{"soup.html", "text/html"},
		{"breaks.html", "text/html"},
		{"notice.txt", "text/plain"},
		{"notice.md", "text/markdown"},
	} {
		t.Run(tc.file, func(t *testing.T) {
			body, err := os.ReadFile(filepath.Join("testdata", tc.file))
			if err != nil {
				t.Fatal(err)
			}
			d := document(t, Rules{}, Input{Body: body, ContentType: tc.contentType, URL: "https://shop.example/legal/privacy"})
			got := struct {
				Text     string
				Document any
			}{d.Text(), d}
			encoded, err := json.MarshalIndent(got, "", " ")
			if err != nil {
				t.Fatal(err)
			}
			encoded = append(encoded, '\n')
			name := filepath.Join("testdata", tc.file+".golden.json")
			if *update {
				if err := os.WriteFile(name, encoded, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(encoded)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
