package triage_test

import (
	"archive/tar"
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"watcher/normalize"
	"watcher/policy"
	"watcher/triage"
)

// step is one capture of a real page's history.
type step struct {
	Seq                      int
	SHA256, Label, URL, Mime string
	body                     []byte
}

// histories calls f with the captures of each document of the corpus beside the
// repository, in the order of time.
func histories(t *testing.T, f func(name string, steps []step)) {
	t.Helper()
	if os.Getenv("WATCHER_REPLAY") == "" {
		t.Skip("set WATCHER_REPLAY=all to judge the page histories in ../../shared/replay/dev")
	}
	files, err := filepath.Glob("../../shared/replay/dev/*/*/manifest.jsonl")
	if err != nil || len(files) == 0 {
		t.Skip("no page histories in ../../shared/replay/dev")
	}
	for _, file := range files {
		dir := filepath.Dir(file)
		plain, err := exec.CommandContext(t.Context(), "xz", "-dc", filepath.Join(dir, "bodies.tar.xz")).Output()
		if err != nil {
			t.Skip("xz: ", err)
		}
		bodies := map[string][]byte{}
		for r := tar.NewReader(bytes.NewReader(plain)); ; {
			if _, err := r.Next(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatal(err)
			}
			b, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			bodies[policy.Sum(b).String()] = b
		}
		manifest, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var steps []step
		lines := bufio.NewScanner(bytes.NewReader(manifest))
		lines.Buffer(nil, 1<<22)
		for lines.Scan() {
			var s step
			if err := json.Unmarshal(lines.Bytes(), &s); err != nil {
				t.Fatal(err)
			}
			if s.body = bodies[s.SHA256]; s.body != nil {
				steps = append(steps, s)
			}
		}
		f(strings.TrimPrefix(dir, "../../shared/replay/dev/"), steps)
	}
}

// blocked lists the bodies on the junk side of the corpus's "blocked" transitions
// by the first 12 digits of their digests, each looked at. The one transition
// that is missing has a policy on both sides.
func blocked(t *testing.T) map[string]bool {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "blocked.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]bool{}
	for line := range bytes.Lines(data) {
		var row struct{ SHA256 string }
		if err := json.Unmarshal(line, &row); err != nil {
			t.Fatal(err)
		}
		out[row.SHA256] = true
	}
	return out
}

// TestReplayGate judges real histories in sequence and holds the gate's figures.
func TestReplayGate(t *testing.T) {
	n, err := normalize.New(normalize.Rules{})
	if err != nil {
		t.Fatal(err)
	}
	var accepted, quarantined, junk, junkRefused, long, longRefused int
	listed := blocked(t)
	rules := map[string]int{}
	histories(t, func(name string, steps []step) {
		head, lang, shrunk := 0, "", policy.Digest{}
		for i, s := range steps {
			doc, err := n.Document(normalize.Input{Body: s.body, ContentType: s.Mime, URL: s.URL})
			if err != nil {
				continue // a PDF, without its reader
			}
			c := policy.Capture{Status: 200, FinalURL: s.URL, ContentType: s.Mime, MediaType: s.Mime, Size: int64(len(s.body)), Body: s.body}
			v := triage.Gate(triage.Page{Policy: policy.Policy{URL: s.URL}, Capture: c, Document: doc, HeadWords: head, HeadLang: lang})
			if listed[s.SHA256[:12]] {
				junk++
				if v.Kind != policy.Accepted {
					junkRefused++
				} else {
					t.Errorf("%s %d %s: junk is let through", name, i, s.SHA256[:12])
				}
			}
			words := policy.CountWords(doc.Full)
			if v.Rule == triage.RuleShrunk || v.Rule == triage.RuleLanguage { // believed when it stays
				if shrunk == doc.Digest() {
					v = policy.Verdict{Kind: policy.Accepted}
				}
				shrunk = doc.Digest()
			}
			if words >= 800 {
				long++
			}
			if v.Kind == policy.Accepted {
				accepted++
				head, lang = doc.Words(), triage.Language(doc)
			} else {
				quarantined++
				rules[v.Rule]++
				t.Logf("HELD %s %d %s %d words %s: %s (%s)", name, i, s.SHA256[:12], words, v.Rule, v.Evidence, s.Label)
				if words >= 800 {
					longRefused++
					t.Logf("LONG %s %d %s %s: %s (%s)", name, i, s.SHA256[:12], v.Rule, v.Evidence, s.Label)
				}
			}
		}
	})
	if junk < len(listed) {
		t.Errorf("%d junk bodies found of %d", junk, len(listed))
	}
	t.Logf("junk side of blocked transitions: %d of %d refused", junkRefused, junk)
	t.Logf("%d accepted, %d quarantined (%.1f per 1000), by rule %v; of %d pages of 800 words %d refused",
		accepted, quarantined, 1000*float64(quarantined)/float64(accepted), rules, long, longRefused)
}
