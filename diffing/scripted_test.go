package diffing

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"watcher/normalize"
	"watcher/policy"
)

// A scripted document is edited by known operations. What Compare makes of the
// two texts, read as files are, is held against the script.

// sdoc is a document that scripts edit: sections of blocks of sentences.
type sdoc struct {
	secs     []ssec
	numbered bool
}

type ssec struct {
	title  string
	blocks []sblock
	fixed  bool // touched by an operation
}

type sblock struct {
	kind  policy.BlockKind
	sents []string
	fixed bool
}

func (d sdoc) clone() sdoc {
	d.secs = slices.Clone(d.secs)
	for i := range d.secs {
		d.secs[i].blocks = slices.Clone(d.secs[i].blocks)
		for k := range d.secs[i].blocks {
			d.secs[i].blocks[k].sents = slices.Clone(d.secs[i].blocks[k].sents)
		}
	}
	return d
}

func (d sdoc) heading(i int) string {
	if !d.numbered || i == 0 {
		return d.secs[i].title
	}
	return fmt.Sprintf("%d. %s", i, d.secs[i].title)
}

// markdown writes the document as a file.
func (d sdoc) markdown() string {
	var b strings.Builder
	for i, s := range d.secs {
		level := "##"
		if i == 0 {
			level = "#"
		}
		fmt.Fprintf(&b, "%s %s\n\n", level, d.heading(i))
		for k, bl := range s.blocks {
			switch bl.kind {
			case policy.Item:
				fmt.Fprintf(&b, "- %s\n", bl.sents[0])
				if k+1 == len(s.blocks) || s.blocks[k+1].kind != policy.Item {
					b.WriteString("\n")
				}
			case policy.TableRow:
				if k == 0 || s.blocks[k-1].kind != policy.TableRow {
					b.WriteString("| Name | Purpose | Kept for |\n|---|---|---|\n")
				}
				fmt.Fprintf(&b, "| %s |\n", bl.sents[0])
				if k+1 == len(s.blocks) || s.blocks[k+1].kind != policy.TableRow {
					b.WriteString("\n")
				}
			default:
				b.WriteString(strings.Join(bl.sents, " ") + "\n\n")
			}
		}
	}
	return b.String()
}

func (d sdoc) document(t testing.TB, n *normalize.Normalizer) policy.Document {
	t.Helper()
	doc, err := n.Document(normalize.Input{Body: []byte(d.markdown()), ContentType: "text/markdown; charset=utf-8", URL: "https://a.example/privacy.md"})
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// truth is what an operation should be reported as.
type truth struct {
	name         string // of the operation
	op           policy.EditOp
	old, new     string
	section      string // where the new text stands, "" when that is not asked
	significance policy.Significance
	words        int // that changed, both sides
}

// opTally are the counts of one operation.
type opTally struct {
	meant, found      int
	section, asked    int
	graded, gradeable int
}

// scoreboard collects the results of many scripts.
type scoreboard struct {
	ops                    map[string]*opTally
	said, unmeant          int
	wordsSaid, wordsMeant  int
	materialMeant, missed  int
	quietDocs, quietBroken int
	problems               []string
}

func (b *scoreboard) of(name string) *opTally {
	if b.ops[name] == nil {
		b.ops[name] = &opTally{}
	}
	return b.ops[name]
}

func (b *scoreboard) problem(format string, args ...any) {
	if len(b.problems) < 60 {
		b.problems = append(b.problems, fmt.Sprintf(format, args...))
	}
}

// lastPart is the innermost heading of a path, without a number.
func lastPart(path string) string {
	parts := strings.Split(path, pathSeparator)
	key, _ := splitKey(parts[len(parts)-1], true, false)
	return key
}

// hold compares a change with what the script did.
func (b *scoreboard) hold(name string, s *script, c policy.Change) {
	used := make([]bool, len(c.Edits))
	for _, tr := range s.truths {
		ty := b.of(tr.name)
		ty.meant++
		b.wordsMeant += tr.words
		if tr.significance == policy.Material {
			b.materialMeant++
		}
		i := slices.IndexFunc(c.Edits, func(e policy.Edit) bool { return says(e, tr) })
		if i < 0 {
			b.problem("%s: missed %s %q => %q", name, tr.name, tr.old, tr.new)
			if tr.significance == policy.Material {
				b.missed++
			}
			continue
		}
		ty.found++
		used[i] = true
		e := c.Edits[i]
		ty.asked++
		if want, _ := splitKey(tr.section, true, false); lastPart(e.Section) == want || e.Op == policy.Moved && strings.Contains(e.New, tr.section) {
			ty.section++
		} else {
			b.problem("%s: %s in %q, want %q", name, tr.name, e.Section, tr.section)
		}
		if tr.significance != "" {
			ty.gradeable++
			if e.Significance == tr.significance {
				ty.graded++
			} else {
				b.problem("%s: %s is %s, want %s: %q", name, tr.name, e.Significance, tr.significance, tr.new)
				if tr.significance == policy.Material {
					b.missed++
				}
			}
		}
	}
	b.rest(name, s, c, used)
}

// rest looks at what was reported beyond the script.
func (b *scoreboard) rest(name string, s *script, c policy.Change, used []bool) {
	loud := false
	for i, e := range c.Edits {
		if e.Significance == policy.Cosmetic {
			continue
		}
		b.said++
		loud = true
		if !used[i] {
			b.unmeant++
			b.problem("%s: unmeant %s", name, brief(e))
		}
	}
	b.wordsSaid += c.Words.Added + c.Words.Removed
	if s.quiet {
		b.quietDocs++
		if loud || c.Words.Added+c.Words.Removed > 0 {
			b.quietBroken++
		}
	}
}

// says reports whether an edit is the one that the script made.
func says(e policy.Edit, tr truth) bool {
	flat := func(s string) string { return strings.ReplaceAll(s, "\n", " ") }
	if e.Op != tr.op {
		return false
	}
	if e.Heading && tr.op == policy.Reworded { // another operation may have renumbered it
		old, _ := splitKey(e.Old, true, false)
		was, _ := splitKey(tr.old, true, false)
		return old == was && strings.HasSuffix(e.New, strings.TrimLeft(tr.new, "0123456789. "))
	}
	if tr.op == policy.Moved {
		return strings.Contains(flat(e.New), flat(tr.new))
	}
	return flat(e.Old) == tr.old && flat(e.New) == tr.new
}

// runScripts edits each document several times.
func runScripts(t *testing.T, docs []sdoc, rounds int) *scoreboard {
	t.Helper()
	n, err := normalize.New(normalize.Rules{})
	if err != nil {
		t.Fatal(err)
	}
	names := make([]string, 0, len(operations()))
	for name := range operations() {
		names = append(names, name)
	}
	slices.Sort(names)
	board := &scoreboard{ops: map[string]*opTally{}}
	for k := range docs {
		for round := range rounds {
			rnd := rand.New(rand.NewPCG(uint64(k), uint64(round)))
			order := make([]string, 0, len(names))
			for _, i := range rnd.Perm(len(names)) {
				order = append(order, names[i])
			}
			board.run(t, n, fmt.Sprintf("doc %d.%d", k, round), docs[k], rnd, order)
			board.run(t, n, fmt.Sprintf("quiet doc %d.%d", k, round), docs[k], rnd, []string{"typography", "split paragraph", "merge paragraphs"})
		}
	}
	return board
}

// maxOperations is how many operations one script has at most.
const maxOperations = 9

func (b *scoreboard) run(t *testing.T, n *normalize.Normalizer, name string, base sdoc, rnd *rand.Rand, order []string) {
	t.Helper()
	old, s := base.clone(), &script{rnd: rnd, doc: base.clone(), bank: newBank(), quiet: len(order) == 3}
	order = order[:min(len(order), maxOperations)]
	for _, op := range order {
		if _, planted := plants()[op]; planted {
			plant(rnd, op, &old, &s.doc)
		}
	}
	for _, op := range order {
		operations()[op](s)
	}
	from, to := old.document(t, n), s.doc.document(t, n)
	c := Compare(from, to, Options{})
	checkChange(t, from, to, c)
	b.hold(name, s, c)
}

func (b *scoreboard) print(t *testing.T) {
	t.Helper()
	names := make([]string, 0, len(b.ops))
	for name := range b.ops {
		names = append(names, name)
	}
	slices.Sort(names)
	all := opTally{}
	for _, name := range names {
		o := b.ops[name]
		t.Logf("%-17s found %4d of %4d = %.3f, section %.3f, grade %.3f (%d)", name, o.found, o.meant, share(o.found, o.meant), share(o.section, o.asked), share(o.graded, o.gradeable), o.gradeable)
		all.found, all.meant, all.section, all.asked = all.found+o.found, all.meant+o.meant, all.section+o.section, all.asked+o.asked
		all.graded, all.gradeable = all.graded+o.graded, all.gradeable+o.gradeable
	}
	t.Logf("all: recall %.4f, precision %.4f (%d said, %d unmeant), section %.4f, grade %.4f", share(all.found, all.meant), 1-share(b.unmeant, b.said), b.said, b.unmeant, share(all.section, all.asked), share(all.graded, all.gradeable))
	t.Logf("words said / meant %.3f; material missed %d of %d; quiet documents broken %d of %d", share(b.wordsSaid, b.wordsMeant), b.missed, b.materialMeant, b.quietBroken, b.quietDocs)
	for _, p := range b.problems {
		t.Log(p)
	}
}

func share(a, b int) float64 {
	if b == 0 {
		return 1
	}
	return float64(a) / float64(b)
}

// TestScripts edits generated policies.
func TestScripts(t *testing.T) {
	var docs []sdoc
	for seed := range uint64(60) {
		docs = append(docs, newBank().document(seed))
	}
	b := runScripts(t, docs, 2)
	b.print(t)
	b.floor(t, 0.99)
}

// floor asserts what must hold of the figures; least is for recall and
// precision, where real documents have sentences that cannot be told apart.
func (b *scoreboard) floor(t *testing.T, least float64) {
	t.Helper()
	all := opTally{}
	for name, o := range b.ops {
		if share(o.found, o.meant) < least-0.02 {
			t.Errorf("%s: %d of %d found", name, o.found, o.meant)
		}
		all.found, all.meant, all.section, all.asked = all.found+o.found, all.meant+o.meant, all.section+o.section, all.asked+o.asked
		all.graded, all.gradeable = all.graded+o.graded, all.gradeable+o.gradeable
	}
	for what, v := range map[string][2]float64{
		"recall": {share(all.found, all.meant), least}, "precision": {1 - share(b.unmeant, b.said), least},
		"sections": {share(all.section, all.asked), 0.97}, "grades": {share(all.graded, all.gradeable), 0.97},
		"material found": {1 - share(b.missed, b.materialMeant), 0.97}, "quiet documents": {1 - share(b.quietBroken, b.quietDocs), least - 0.02},
	} {
		if v[0] < v[1] {
			t.Errorf("%s: %.4f, want at least %.2f", what, v[0], v[1])
		}
	}
	if r := share(b.wordsSaid, b.wordsMeant); r > 1.10 {
		t.Errorf("%.3f words are said for each that changed", r)
	}
}

// TestScriptsOnReplay edits real policies.
func TestScriptsOnReplay(t *testing.T) {
	if os.Getenv("WATCHER_REPLAY") == "" {
		t.Skip("set WATCHER_REPLAY=all to edit the pages in ../../shared/replay/dev")
	}
	dirs, err := filepath.Glob(filepath.Join("..", "..", "shared", "replay", "dev", "*", "*"))
	if err != nil || len(dirs) == 0 {
		t.Skip("no page histories in ../../shared/replay/dev")
	}
	n, err := normalize.New(normalize.Rules{})
	if err != nil {
		t.Fatal(err)
	}
	var docs []sdoc
	for _, dir := range dirs {
		hist := history(t, n, dir)
		if len(hist) > 0 && hist[len(hist)-1].Words() > 800 {
			docs = append(docs, scripted(hist[len(hist)-1]))
		}
	}
	t.Logf("%d documents", len(docs))
	b := runScripts(t, docs, 1)
	b.print(t)
	b.floor(t, 0.985)
}

// scripted makes a scriptable document of a real one: copies of a sentence have
// no single truth and are left out.
func scripted(d policy.Document) sdoc {
	var out sdoc
	seen := map[string]bool{}
	out.secs = append(out.secs, ssec{title: "The policy of a company"})
	for _, s := range d.Sections {
		if s.Heading != "" && !seen[s.Heading] && s.Level > 0 {
			seen[s.Heading] = true
			out.secs = append(out.secs, ssec{title: strings.TrimLeft(s.Heading, "0123456789. ")})
		}
		sec := &out.secs[len(out.secs)-1]
		for _, bl := range s.Blocks {
			b := sblock{kind: bl.Kind}
			sents := []string{clean(bl.Text)}
			if bl.Kind == policy.Paragraph {
				sents = splitSentences(clean(bl.Text))
			}
			for _, text := range sents {
				if !seen[text] && !strings.ContainsAny(text, "*_`[]<>#\\") && (bl.Kind != policy.TableRow || strings.Count(text, " | ") == 2) {
					seen[text] = true
					b.sents = append(b.sents, text)
				}
			}
			if len(b.sents) > 0 {
				sec.blocks = append(sec.blocks, b)
			}
		}
	}
	return out
}
