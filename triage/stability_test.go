package triage_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"watcher/normalize"
	"watcher/policy"
	"watcher/triage"
)

// minStable is the share of the pairs labelled noise, both sides of which the
// gate lets through, whose policy text is the same to the byte.
const minStable = 0.99

// repairs are the labels of docs/signal/labels.jsonl by document and place.
func repairs(t *testing.T) map[string]map[int]string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "docs", "signal", "labels.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]map[int]string{}
	for line := range bytes.Lines(data) {
		var row struct {
			Doc, Label string
			Seq        int
		}
		if err := json.Unmarshal(line, &row); err != nil {
			t.Fatal(err)
		}
		if out[row.Doc] == nil {
			out[row.Doc] = map[int]string{}
		}
		out[row.Doc][row.Seq] = row.Label
	}
	return out
}

// TestReplayStability: where nothing changed, the policy text stays the same.
// A pair of which one side is an error page or a consent wall says nothing of
// that: the gate holds such pages.
func TestReplayStability(t *testing.T) {
	n, err := normalize.New(normalize.Rules{})
	if err != nil {
		t.Fatal(err)
	}
	fixed := repairs(t)
	var pairs, same, held int
	histories(t, func(name string, steps []step) {
		before, accepted := "", false
		for _, s := range steps {
			doc, err := n.Document(normalize.Input{Body: s.body, ContentType: s.Mime, URL: s.URL})
			if err != nil {
				accepted = false // a PDF, without its reader
				continue
			}
			c := policy.Capture{Status: 200, FinalURL: s.URL, ContentType: s.Mime, MediaType: s.Mime, Size: int64(len(s.body)), Body: s.body}
			was, text := accepted, doc.Text()
			accepted = triage.Gate(triage.Page{Policy: policy.Policy{URL: s.URL}, Capture: c, Document: doc}).Kind == policy.Accepted
			label := s.Label
			if l, ok := fixed[name][s.Seq]; ok {
				label = l
			}
			switch {
			case label != "noise":
			case !was || !accepted:
				held++
			default:
				pairs++
				if text == before {
					same++
				} else {
					t.Logf("%s %d differs", name, s.Seq)
				}
			}
			before = text
		}
	})
	t.Logf("%d of %d pairs identical = %.4f; %d more with a side that the gate holds", same, pairs, float64(same)/float64(pairs), held)
	if float64(same) < minStable*float64(pairs) {
		t.Errorf("%d of %d pairs are identical, want %.2f", same, pairs, minStable)
	}
}
