package diffing

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"watcher/policy"
)

// seedDocs reads the sample policies that lie beside the repository. Short
// lines without a stop are taken for headings.
func seedDocs(t testing.TB) []policy.Document {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "..", "shared", "seeds", "*.txt"))
	if err != nil || len(files) == 0 {
		t.Skip("no sample policies in ../../shared/seeds")
	}
	var docs []policy.Document
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		for line := range strings.SplitSeq(string(data), "\n") {
			line = strings.TrimSpace(line)
			item, isItem := strings.CutPrefix(line, "• ")
			switch n := len(strings.Fields(line)); {
			case isItem:
				b.WriteString("- " + item + "\n")
			case n > 0 && n <= 6 && !strings.ContainsAny(line[len(line)-1:], ".:;,!?"):
				b.WriteString("## " + line + "\n")
			default:
				b.WriteString(strings.TrimLeft(line, "#@|+- ") + "\n")
			}
		}
		docs = append(docs, doc(t, b.String()))
	}
	return docs
}

// synth makes edits whose labels are known.
type synth struct {
	rnd    *rand.Rand
	units  []unit // of the document
	taken  []bool
	fresh  []string // sentences of other policies
	truth  map[policy.EditOp][][2]string
	output []string // unit texts of the new document
}

// free picks n consecutive units long enough to be worth an edit, with
// untouched neighbours so that edits do not touch each other.
func (s *synth) free(n int) int {
	for range 10000 {
		i := 1 + s.rnd.IntN(len(s.units)-n-2)
		ok := !slices.Contains(s.taken[i-1:i+n+1], true)
		for _, u := range s.units[i : i+n] {
			ok = ok && !u.heading && len(strings.Fields(u.text)) >= 6
		}
		if ok {
			for k := i; k < i+n; k++ {
				s.taken[k] = true
			}
			return i
		}
	}
	return -1
}

// reword replaces up to the given share of the words by words of other
// policies, at least one.
func (s *synth) reword(text string, share float64) string {
	key, _ := splitKey(text, false, true)
	for {
		words := strings.Fields(text)
		donor := strings.Fields(s.fresh[s.rnd.IntN(len(s.fresh))])
		n := max(1, int(float64(len(words))*share*s.rnd.Float64()))
		for _, k := range s.rnd.Perm(len(words))[:n] {
			words[k] = donor[s.rnd.IntN(len(donor))]
		}
		out := strings.Join(words, " ")
		if k, _ := splitKey(out, false, true); k != key {
			return out
		}
	}
}

func (s *synth) newSentence() string {
	k := s.rnd.IntN(len(s.fresh))
	out := s.fresh[k]
	s.fresh = slices.Delete(s.fresh, k, k+1)
	return out
}

func (s *synth) note(op policy.EditOp, old, new string) {
	s.truth[op] = append(s.truth[op], [2]string{old, new})
}

// run makes the edits: a moved passage, 4 deletions, 6 rewordings, 4
// replacements by something unrelated, 2 moves with rewording, 4 insertions.
func (s *synth) run() {
	change := map[int][]string{} // unit → texts in its place
	moveTo := map[int][]string{} // unit → texts behind it
	if i := s.free(3); i >= 0 {
		dest := s.free(1)
		for k := i; k < i+3; k++ {
			change[k] = []string{}
			moveTo[dest] = append(moveTo[dest], s.units[k].text)
			s.note(policy.Moved, s.units[k].text, s.units[k].text)
		}
	}
	for range 4 {
		i := s.free(1)
		change[i] = []string{}
		s.note(policy.Removed, s.units[i].text, "")
		i = s.free(1)
		text := s.newSentence()
		moveTo[i] = append(moveTo[i], text)
		s.note(policy.Added, "", text)
		i = s.free(1)
		text = s.newSentence()
		change[i] = []string{text}
		s.note(policy.Removed, s.units[i].text, "")
		s.note(policy.Added, "", text)
	}
	for k := range 8 {
		i := s.free(1)
		share := 0.4
		if k >= 6 { // what also moved is known again only if less of it changed
			share = 0.2
		}
		text := s.reword(s.units[i].text, share)
		s.note(policy.Reworded, s.units[i].text, text)
		if k < 6 {
			change[i] = []string{text}
			continue
		}
		change[i] = []string{}
		dest := s.free(1)
		moveTo[dest] = append(moveTo[dest], text)
	}
	for i := range s.units {
		if texts, ok := change[i]; ok {
			s.output = append(s.output, texts...)
		} else {
			s.output = append(s.output, s.units[i].text)
		}
		s.output = append(s.output, moveTo[i]...)
	}
}

// oneUnitEach makes a document with one block per text, so that the splitter
// is not part of the measurement.
func oneUnitEach(units []string, headings map[string]bool) policy.Document {
	d := policy.Document{Lang: "en", Sections: []policy.Section{{}}}
	for _, u := range units {
		if headings[u] {
			d.Sections = append(d.Sections, policy.Section{Heading: u, Level: 2})
			continue
		}
		last := &d.Sections[len(d.Sections)-1]
		last.Blocks = append(last.Blocks, policy.Block{Kind: policy.TableRow, Text: u})
	}
	return d
}

// score counts how well edits of one operation meet the truth.
type score struct{ right, said, meant int }

// TestSyntheticEdits is the regression floor of alignment: known edits on real
// policies must be found and named, recall and precision at least 0.98.
func TestSyntheticEdits(t *testing.T) {
	docs := seedDocs(t)
	scores := map[policy.EditOp]*score{policy.Added: {}, policy.Removed: {}, policy.Reworded: {}, policy.Moved: {}}
	rounds := 0
	for seed := range uint64(5) {
		for k := range docs {
			rounds++
			s := newSynth(docs, k, seed)
			s.run()
			headings, texts := map[string]bool{}, []string{}
			for _, u := range s.units {
				headings[u.text] = headings[u.text] || u.heading
				texts = append(texts, u.text)
			}
			from, to := oneUnitEach(texts, headings), oneUnitEach(s.output, headings)
			c := Compare(from, to, Options{})
			checkChange(t, from, to, c)
			tallyScores(t, scores, s.truth, c)
		}
	}
	for op, sc := range scores {
		recall, precision := float64(sc.right)/float64(sc.meant), float64(sc.right)/float64(sc.said)
		t.Logf("%-9s recall %.4f, precision %.4f (%d of %d meant, %d said, %d documents)", op, recall, precision, sc.right, sc.meant, sc.said, rounds)
		if recall < 0.98 || precision < 0.98 {
			t.Errorf("%s: recall %.4f, precision %.4f, want at least 0.98", op, recall, precision)
		}
	}
}

func newSynth(docs []policy.Document, k int, seed uint64) *synth {
	s := &synth{rnd: rand.New(rand.NewPCG(seed, uint64(k))), truth: map[policy.EditOp][][2]string{}}
	own := map[string]bool{}
	for _, u := range newSplitter().side(&docs[k]).units {
		if !own[u.key] { // copies within a policy have no single truth
			s.units = append(s.units, u)
		}
		own[u.key] = true
	}
	for j := range docs {
		for _, u := range newSplitter().side(&docs[j]).units {
			if j != k && !u.heading && !own[u.key] && len(strings.Fields(u.text)) >= 6 {
				s.fresh = append(s.fresh, u.text)
				own[u.key] = true
			}
		}
	}
	s.taken = make([]bool, len(s.units))
	return s
}

func tallyScores(t *testing.T, scores map[policy.EditOp]*score, truth map[policy.EditOp][][2]string, c policy.Change) {
	t.Helper()
	said := map[policy.EditOp]map[[2]string]bool{}
	for _, e := range c.Edits {
		if e.Significance == policy.Cosmetic {
			continue
		}
		if said[e.Op] == nil {
			said[e.Op] = map[[2]string]bool{}
		}
		olds, news := []string{e.Old}, []string{e.New}
		switch e.Op {
		case policy.Moved:
			olds, news = strings.Split(e.Old, "\n"), strings.Split(e.New, "\n")
		case policy.Added: // a run of rows is one edit
			news = strings.Split(e.New, "\n")
			olds = make([]string, len(news))
		case policy.Removed:
			olds = strings.Split(e.Old, "\n")
			news = make([]string, len(olds))
		case policy.Reworded, policy.Renumbered:
		}
		for i := range olds {
			said[e.Op][[2]string{olds[i], news[i]}] = true
		}
	}
	for op, sc := range scores {
		sc.meant += len(truth[op])
		sc.said += len(said[op])
		for _, p := range truth[op] {
			if said[op][p] {
				sc.right++
			} else if testing.Verbose() {
				t.Logf("missed %s %q", op, p)
			}
		}
	}
}
