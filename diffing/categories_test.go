package diffing

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"watcher/normalize"
	"watcher/policy"
)

// labelledText is a passage with the categories that a person gave it.
type labelledText struct {
	Heading    string            `json:"heading"`
	Text       string            `json:"text"`
	SHA256     string            `json:"sha256"`
	Lang       string            `json:"lang"`
	Categories []policy.Category `json:"categories"`
	section    []string
}

func readLabels(t testing.TB, name string) []labelledText {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	var out []labelledText
	lines := bufio.NewScanner(bytes.NewReader(data))
	for lines.Scan() {
		var l labelledText
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		out = append(out, l)
	}
	return out
}

// heldBack says whether a passage belongs to the third that no rule was tuned on.
func heldBack(l labelledText) bool {
	sum := sha256.Sum256([]byte(l.Text + l.SHA256))
	return sum[0]%3 == 0
}

// confusion counts how a category was found.
type confusion struct{ right, said, meant int }

func (c confusion) f1() float64 {
	if c.said+c.meant == 0 {
		return 1
	}
	return 2 * float64(c.right) / float64(c.said+c.meant)
}

// categorised holds the counts of all categories.
type categorised map[policy.Category]*confusion

func (m categorised) add(meant, said []policy.Category) {
	for _, c := range policy.Categories() {
		if m[c] == nil {
			m[c] = &confusion{}
		}
		a, b := slices.Contains(meant, c), slices.Contains(said, c)
		if a {
			m[c].meant++
		}
		if b {
			m[c].said++
		}
		if a && b {
			m[c].right++
		}
	}
}

// figures returns macro and micro F1 over the nine categories without "other".
func (m categorised) figures() (macro, micro float64) {
	var all confusion
	n := 0
	for c, v := range m {
		if c == policy.OtherCategory || v.meant == 0 {
			continue
		}
		n++
		macro += v.f1()
		all.right, all.said, all.meant = all.right+v.right, all.said+v.said, all.meant+v.meant
	}
	return macro / float64(max(n, 1)), all.f1()
}

func (m categorised) print(t *testing.T, name string) {
	t.Helper()
	macro, micro := m.figures()
	t.Logf("%s: macro-F1 %.3f, micro-F1 %.3f", name, macro, micro)
	for _, c := range policy.Categories() {
		if v := m[c]; v != nil {
			t.Logf("  %-32s P %.2f R %.2f F1 %.2f (%d meant, %d said)", c, share(v.right, v.said), share(v.right, v.meant), v.f1(), v.meant, v.said)
		}
	}
}

// classifyOne returns the categories of a passage below its headings.
func classifyOne(l labelledText) []policy.Category {
	d := policy.Document{Lang: l.Lang}
	for i, h := range l.section {
		d.Sections = append(d.Sections, policy.Section{Heading: h, Level: i + 1})
	}
	if l.Heading != "" {
		d.Sections = append(d.Sections, policy.Section{Heading: l.Heading, Level: 2})
	}
	if len(d.Sections) == 0 {
		d.Sections = append(d.Sections, policy.Section{})
	}
	last := &d.Sections[len(d.Sections)-1]
	last.Blocks = append(last.Blocks, policy.Block{Kind: policy.Paragraph, Text: l.Text})
	Classify(&d)
	return last.Blocks[0].Categories
}

// measureLabels classifies passages and reports those held back apart.
func measureLabels(t *testing.T, name string, labels []labelledText) (tuned, held categorised) {
	t.Helper()
	tuned, held = categorised{}, categorised{}
	for _, l := range labels {
		said := classifyOne(l)
		if heldBack(l) {
			held.add(l.Categories, said)
			continue
		}
		tuned.add(l.Categories, said)
		if want := os.Getenv("WATCHER_LABELS"); want != "" {
			for _, c := range policy.Categories() {
				if a, b := slices.Contains(l.Categories, c), slices.Contains(said, c); a != b && (want == "all" || want == string(c)) {
					t.Logf("%s %s: %v | %s | %s", map[bool]string{true: "MISS", false: "WRONG"}[a], c, l.Categories, strings.Join(append(l.section, l.Heading), " > "), shorten(l.Text, 260))
				}
			}
		}
	}
	tuned.print(t, name+", tuned on")
	held.print(t, name+", held back")
	return tuned, held
}

// TestRealParagraphs classifies paragraphs of real policies; their texts are
// found by digest in the page histories beside the repository.
func TestRealParagraphs(t *testing.T) {
	if os.Getenv("WATCHER_REPLAY") == "" {
		t.Skip("set WATCHER_REPLAY=all to find the labelled paragraphs in ../../shared/replay/dev")
	}
	dirs, err := filepath.Glob(filepath.Join("..", "..", "shared", "replay", "dev", "*", "*"))
	if err != nil || len(dirs) == 0 {
		t.Skip("no page histories in ../../shared/replay/dev")
	}
	labels := map[string]labelledText{}
	for _, l := range readLabels(t, "paragraphs.jsonl") {
		labels[l.SHA256] = l
	}
	n, err := normalize.New(normalize.Rules{})
	if err != nil {
		t.Fatal(err)
	}
	var found []labelledText
	for _, dir := range dirs {
		for _, d := range history(t, n, dir) {
			for i, s := range d.Sections {
				for _, b := range s.Blocks {
					sum := sha256.Sum256([]byte(b.Text))
					if l, ok := labels[hex.EncodeToString(sum[:8])]; ok {
						l.Text, l.section = b.Text, d.Path(i)
						found = append(found, l)
						delete(labels, l.SHA256)
					}
				}
			}
		}
	}
	t.Logf("%d labelled paragraphs found, %d not", len(found), len(labels))
	measureLabels(t, "real paragraphs", found)
}

// TestOwnPassages classifies 450 passages that were written for the purpose, in six
// languages and in the styles of all kinds of vendors, by somebody who did not
// know the rules.
func TestOwnPassages(t *testing.T) {
	measureLabels(t, "own passages", readLabels(t, "own.jsonl"))
}
