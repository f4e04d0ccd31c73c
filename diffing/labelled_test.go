package diffing

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"watcher/normalize"
	"watcher/policy"
)

// labelledChange is a change of a real page as a person read it. Texts stand as
// digests: sixteen hex digits of the SHA-256 of the sentence, white space
// collapsed.
type labelledChange struct {
	Doc          string              `json:"doc"`
	Old          string              `json:"old"`
	New          string              `json:"new"`
	Significance policy.Significance `json:"significance"`
	Edits        []labelledEdit      `json:"edits"`
}

type labelledEdit struct {
	Op           policy.EditOp       `json:"op"`
	Old          string              `json:"old"`
	New          string              `json:"new"`
	Significance policy.Significance `json:"significance"`
	Categories   []policy.Category   `json:"categories"`
}

func sentenceDigest(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if s == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:8])
}

// agreement counts how far the program and the reader agree.
type agreement struct {
	changes, graded          int
	edits, found, op, weight int
	categories               categorised
	ops                      map[policy.EditOp]*confusion
	confused                 map[string]int
}

// TestLabelledChanges compares real changes with how a person read them. It runs
// where the page histories are.
func TestLabelledChanges(t *testing.T) {
	if os.Getenv("WATCHER_REPLAY") == "" {
		t.Skip("set WATCHER_REPLAY=all to compare the labelled changes in ../../shared/replay/dev")
	}
	if _, err := os.Stat(filepath.Join("..", "..", "shared", "replay", "dev")); err != nil {
		t.Skip("no page histories in ../../shared/replay/dev")
	}
	data, err := os.ReadFile(filepath.Join("testdata", "changes.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	n, err := normalize.New(normalize.Rules{})
	if err != nil {
		t.Fatal(err)
	}
	a := &agreement{categories: categorised{}, ops: map[policy.EditOp]*confusion{}, confused: map[string]int{}}
	bodies, doc := map[string][]byte{}, ""
	var labels []labelledChange
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var l labelledChange
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			t.Fatal(err)
		}
		labels = append(labels, l)
	}
	slices.SortStableFunc(labels, func(x, y labelledChange) int { return strings.Compare(x.Doc, y.Doc) })
	for _, l := range labels {
		if l.Doc != doc {
			doc, bodies = l.Doc, readBodies(t, filepath.Join("..", "..", "shared", "replay", "dev", filepath.FromSlash(l.Doc)))
		}
		from, err1 := n.Document(normalize.Input{Body: bodies[l.Old], URL: "https://x.example/"})
		to, err2 := n.Document(normalize.Input{Body: bodies[l.New], URL: "https://x.example/"})
		if errors.Is(err1, normalize.ErrUnsupported) || errors.Is(err2, normalize.ErrUnsupported) {
			continue // a PDF file, which another package reads
		}
		if err1 != nil || err2 != nil {
			t.Errorf("%s: %v, %v", l.Doc, err1, err2)
			continue
		}
		a.hold(t, l, Compare(from, to, Options{}))
	}
	a.print(t)
}

func (a *agreement) hold(t *testing.T, l labelledChange, c policy.Change) {
	t.Helper()
	a.changes++
	a.confused[string(l.Significance)+" → "+string(c.Significance)]++
	if c.Significance == l.Significance {
		a.graded++
	} else if testing.Verbose() {
		t.Logf("%s %s: %s, the reader says %s: %s", l.Doc, l.New[:8], c.Significance, l.Significance, c.Summary)
	}
	for _, want := range l.Edits {
		a.edits++
		e, ok := lookFor(c, want)
		if a.ops[want.Op] == nil {
			a.ops[want.Op] = &confusion{}
		}
		a.ops[want.Op].meant++
		if !ok {
			continue
		}
		a.found++
		if e.Op == want.Op {
			a.op++
			a.ops[want.Op].right++
		}
		if e.Significance == want.Significance {
			a.weight++
		} else if testing.Verbose() && os.Getenv("WATCHER_LABELS") != "" {
			t.Logf("%s, the reader says %s: %s %q => %q; %q", e.Significance, want.Significance, e.Op, shorten(e.Old, 200), shorten(e.New, 200), e.Reasons)
		}
		a.categories.add(want.Categories, e.Categories)
	}
}

// lookFor returns the edit that speaks of the same sentences: both sides if the
// reader gave both, in any of its lines.
func lookFor(c policy.Change, want labelledEdit) (policy.Edit, bool) {
	has := func(text, digest string) bool {
		if digest == "" || sentenceDigest(text) == digest {
			return true
		}
		for line := range strings.SplitSeq(text, "\n") {
			if sentenceDigest(line) == digest {
				return true
			}
			for _, s := range splitSentences(line) {
				if sentenceDigest(s) == digest {
					return true
				}
			}
		}
		return false
	}
	for _, e := range c.Edits {
		if (want.Old != "" || want.New != "") && has(e.Old, want.Old) && has(e.New, want.New) && (want.Old == "") == (e.Old == "") && (want.New == "") == (e.New == "") {
			return e, true
		}
	}
	return policy.Edit{}, false
}

func (a *agreement) print(t *testing.T) {
	t.Helper()
	t.Logf("%d changes: significance agrees in %.3f; %v", a.changes, share(a.graded, a.changes), a.confused)
	t.Logf("%d edits: found %.3f; of those the operation agrees in %.3f, the significance in %.3f", a.edits, share(a.found, a.edits), share(a.op, a.found), share(a.weight, a.found))
	for op, c := range a.ops {
		t.Logf("  %-10s %d of %d", op, c.right, c.meant)
	}
	a.categories.print(t, "categories of edits")
}
