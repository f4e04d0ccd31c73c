package diffing

import (
	"math/rand/v2"
	"slices"
	"strings"

	"watcher/policy"
)

// script applies operations to a document.
type script struct {
	rnd    *rand.Rand
	doc    sdoc
	bank   *bank
	truths []truth
	// quiet is set when nothing but cosmetic edits may be reported.
	quiet bool
}

// pick returns an untouched block of at least n sentences of a kind, with
// untouched neighbours, and marks it.
func (s *script) pick(kind policy.BlockKind, n int) (sec, block int, ok bool) {
	var free [][2]int
	for i := range s.doc.secs {
		if s.doc.secs[i].fixed {
			continue
		}
		for k, bl := range s.doc.secs[i].blocks {
			bs := s.doc.secs[i].blocks
			if bl.kind == kind && len(bl.sents) >= n && !bl.fixed && (k == 0 || !bs[k-1].fixed) && (k+1 == len(bs) || !bs[k+1].fixed) && long(bl.sents) {
				free = append(free, [2]int{i, k})
			}
		}
	}
	if len(free) == 0 {
		return 0, 0, false
	}
	p := free[s.rnd.IntN(len(free))]
	s.doc.secs[p[0]].blocks[p[1]].fixed = true
	return p[0], p[1], true
}

// long says whether all sentences are worth an edit.
func long(sents []string) bool {
	return !slices.ContainsFunc(sents, func(s string) bool { return len(strings.Fields(s)) < 6 })
}

func (s *script) say(name string, op policy.EditOp, old, new string, sec int, g policy.Significance, words int) {
	s.truths = append(s.truths, truth{name: name, op: op, old: old, new: new, section: s.doc.secs[sec].title, significance: g, words: words})
}

func words(s string) int { return len(strings.Fields(s)) }

// The operations. Each returns false when the document has no place for it.
func operations() map[string]func(*script) bool {
	return map[string]func(*script) bool{
		"reword": (*script).reword, "two edits": (*script).twoEdits, "insert sentence": (*script).insertSentence,
		"insert paragraph": (*script).insertParagraph, "insert item": (*script).insertItem, "delete sentence": (*script).deleteSentence,
		"delete item": (*script).deleteItem, "replace": (*script).replace, "move": (*script).moveBlock, "move and reword": (*script).moveAndReword,
		"move section": (*script).moveSection, "insert section": (*script).insertSection, "rename heading": (*script).rename,
		"split paragraph": (*script).splitParagraph, "merge paragraphs": (*script).mergeParagraphs, "typography": (*script).typography,
		"e-mail": (*script).email, "retention": (*script).retention, "sale": (*script).sale, "negation": (*script).negation,
		"reorder items": (*script).reorder, "table row": (*script).tableRow, "paragraph to list": (*script).toList, "date": (*script).date,
		"split sentence": (*script).splitSentence,
	}
}

// change replaces up to a share of a sentence's words by other words and
// returns how many words changed on both sides together.
func (s *script) change(sent string, share float64) (string, int) {
	w := strings.Fields(sent)
	n := max(1, int(float64(len(w)-2)*share*s.rnd.Float64()))
	from := 1 + s.rnd.IntN(len(w)-1-n)
	fresh := strings.Fields(s.bank.filler(s.rnd, n))
	out := slices.Concat(w[:from], fresh, w[from+n:])
	return strings.Join(out, " "), 2 * n
}

func (s *script) reword() bool {
	i, k, ok := s.pick(policy.Paragraph, 1)
	if !ok {
		return false
	}
	sents := s.doc.secs[i].blocks[k].sents
	j := s.rnd.IntN(len(sents))
	old := sents[j]
	n := 0
	sents[j], n = s.change(old, 0.4)
	s.say("reword", policy.Reworded, old, sents[j], i, "", n)
	return true
}

func (s *script) twoEdits() bool {
	i, k, ok := s.pick(policy.Paragraph, 3)
	if !ok {
		return false
	}
	sents := s.doc.secs[i].blocks[k].sents
	for _, j := range []int{0, len(sents) - 1} {
		old, n := sents[j], 0
		sents[j], n = s.change(old, 0.3)
		s.say("two edits", policy.Reworded, old, sents[j], i, "", n)
	}
	return true
}

func (s *script) insertSentence() bool {
	i, k, ok := s.pick(policy.Paragraph, 2)
	if !ok {
		return false
	}
	text := s.bank.fresh(s.rnd)
	b := &s.doc.secs[i].blocks[k]
	b.sents = slices.Insert(b.sents, 1, text)
	s.say("insert sentence", policy.Added, "", text, i, "", words(text))
	return true
}

func (s *script) insertParagraph() bool {
	i, k, ok := s.pick(policy.Paragraph, 1)
	if !ok {
		return false
	}
	text := s.bank.fresh(s.rnd)
	s.doc.secs[i].blocks = slices.Insert(s.doc.secs[i].blocks, k+1, sblock{policy.Paragraph, []string{text}, true})
	s.say("insert paragraph", policy.Added, "", text, i, "", words(text))
	return true
}

func (s *script) insertItem() bool {
	i, k, ok := s.pick(policy.Item, 1)
	if !ok {
		return false
	}
	text := s.bank.item(s.rnd)
	s.doc.secs[i].blocks = slices.Insert(s.doc.secs[i].blocks, k+1, sblock{policy.Item, []string{text}, true})
	s.say("insert item", policy.Added, "", text, i, "", words(text))
	return true
}

func (s *script) deleteSentence() bool {
	i, k, ok := s.pick(policy.Paragraph, 3)
	if !ok {
		return false
	}
	b := &s.doc.secs[i].blocks[k]
	old := b.sents[1]
	b.sents = slices.Delete(b.sents, 1, 2)
	s.say("delete sentence", policy.Removed, old, "", i, "", words(old))
	return true
}

func (s *script) deleteItem() bool {
	i, k, ok := s.pick(policy.Item, 1)
	if !ok || words(s.doc.secs[i].blocks[k].sents[0]) > longItem { // longer ones are read as sentences
		return false
	}
	old := s.doc.secs[i].blocks[k].sents[0]
	s.doc.secs[i].blocks = slices.Delete(s.doc.secs[i].blocks, k, k+1)
	s.say("delete item", policy.Removed, old, "", i, "", words(old))
	return true
}

func (s *script) replace() bool {
	i, k, ok := s.pick(policy.Paragraph, 2)
	if !ok {
		return false
	}
	sents := s.doc.secs[i].blocks[k].sents
	old := sents[1]
	sents[1] = s.bank.fresh(s.rnd)
	s.say("replace", policy.Removed, old, "", i, "", words(old))
	s.say("replace", policy.Added, "", sents[1], i, "", words(sents[1]))
	return true
}

// elsewhere puts blocks into another section, far from other operations.
func (s *script) elsewhere(from int, b sblock) (int, bool) {
	for range 50 {
		i := s.rnd.IntN(len(s.doc.secs))
		if i == from || s.doc.secs[i].fixed || len(s.doc.secs[i].blocks) == 0 || s.doc.secs[i].blocks[len(s.doc.secs[i].blocks)-1].fixed {
			continue
		}
		b.fixed = true
		s.doc.secs[i].blocks = append(s.doc.secs[i].blocks, b)
		return i, true
	}
	return 0, false
}

func (s *script) moveBlock() bool {
	i, k, ok := s.pick(policy.Paragraph, 1)
	if !ok {
		return false
	}
	b := s.doc.secs[i].blocks[k]
	to, ok := s.elsewhere(i, b)
	if !ok {
		return false
	}
	s.doc.secs[i].blocks = slices.Delete(s.doc.secs[i].blocks, k, k+1)
	text := strings.Join(b.sents, " ")
	s.say("move", policy.Moved, text, text, to, policy.Minor, 0)
	return true
}

func (s *script) moveAndReword() bool {
	i, k, ok := s.pick(policy.Paragraph, 1)
	if !ok || len(s.doc.secs[i].blocks[k].sents) > 1 || words(s.doc.secs[i].blocks[k].sents[0]) < 12 {
		return false
	}
	old := s.doc.secs[i].blocks[k].sents[0]
	text, n := s.change(old, 0.2)
	to, ok := s.elsewhere(i, sblock{policy.Paragraph, []string{text}, true})
	if !ok {
		return false
	}
	s.doc.secs[i].blocks = slices.Delete(s.doc.secs[i].blocks, k, k+1)
	s.say("move and reword", policy.Reworded, old, text, to, "", n)
	return true
}

func (s *script) moveSection() bool {
	if s.doc.numbered || len(s.doc.secs) < 6 {
		return false
	}
	i := 1 + s.rnd.IntN(len(s.doc.secs)-1)
	sec := s.doc.secs[i]
	if sec.fixed || slices.ContainsFunc(sec.blocks, func(b sblock) bool { return b.fixed }) || s.size(i) > s.size(-1)/4 {
		return false
	}
	sec.fixed = true
	for j := range s.doc.secs { // what moved over it stays as it is
		s.doc.secs[j].fixed = true
	}
	s.doc.secs = slices.Delete(s.doc.secs, i, i+1)
	to := len(s.doc.secs)
	if i >= len(s.doc.secs)-1 {
		to = 1
	}
	s.doc.secs = slices.Insert(s.doc.secs, to, sec)
	s.say("move section", policy.Moved, sec.title, sec.title, to, policy.Minor, 0)
	for _, b := range sec.blocks {
		for _, text := range b.sents {
			s.say("move section", policy.Moved, text, text, to, policy.Minor, 0)
		}
	}
	return true
}

// size counts the words of a section, or of the document.
func (s *script) size(i int) int {
	n := 0
	for k, sec := range s.doc.secs {
		if i < 0 || k == i {
			for _, b := range sec.blocks {
				n += words(strings.Join(b.sents, " "))
			}
		}
	}
	return n
}

func (s *script) insertSection() bool {
	at := 1 + s.rnd.IntN(len(s.doc.secs)-1)
	title := s.bank.title(s.rnd)
	sec := ssec{title: title, fixed: true}
	for range 3 {
		sec.blocks = append(sec.blocks, sblock{policy.Paragraph, []string{s.bank.fresh(s.rnd)}, true})
	}
	s.doc.secs = slices.Insert(s.doc.secs, at, sec)
	s.say("insert section", policy.Added, "", s.doc.heading(at), at, "", words(title))
	for _, b := range sec.blocks {
		s.say("insert section", policy.Added, "", b.sents[0], at, "", words(b.sents[0]))
	}
	return true
}

func (s *script) rename() bool {
	i := 1 + s.rnd.IntN(len(s.doc.secs)-1)
	sec := &s.doc.secs[i]
	if sec.fixed || slices.ContainsFunc(sec.blocks, func(b sblock) bool { return b.fixed }) || len(sec.blocks) < 2 {
		return false
	}
	old := s.doc.heading(i)
	n := words(sec.title)
	sec.title, sec.fixed = s.bank.title(s.rnd), true
	s.say("rename heading", policy.Reworded, old, s.doc.heading(i), i, policy.Minor, n+words(sec.title))
	return true
}

func (s *script) splitParagraph() bool {
	i, k, ok := s.pick(policy.Paragraph, 2)
	if !ok {
		return false
	}
	b := s.doc.secs[i].blocks[k]
	s.doc.secs[i].blocks[k].sents = slices.Clone(b.sents[:1])
	s.doc.secs[i].blocks = slices.Insert(s.doc.secs[i].blocks, k+1, sblock{policy.Paragraph, slices.Clone(b.sents[1:]), true})
	return true
}

func (s *script) mergeParagraphs() bool {
	i, k, ok := s.pick(policy.Paragraph, 1)
	if !ok || k+1 >= len(s.doc.secs[i].blocks) || s.doc.secs[i].blocks[k+1].kind != policy.Paragraph || s.doc.secs[i].blocks[k+1].fixed {
		return false
	}
	if k+2 < len(s.doc.secs[i].blocks) && s.doc.secs[i].blocks[k+2].fixed {
		return false
	}
	b := &s.doc.secs[i].blocks[k]
	b.sents = append(b.sents, s.doc.secs[i].blocks[k+1].sents...)
	s.doc.secs[i].blocks = slices.Delete(s.doc.secs[i].blocks, k+1, k+2)
	return true
}

var typography = strings.NewReplacer(`"`, "”", "'", "’", " - ", " – ", "...", "…", "we may", "We may", ", ", " , ")

func (s *script) typography() bool {
	i, k, ok := s.pick(policy.Paragraph, 1)
	if !ok {
		return false
	}
	for j := range s.doc.secs[i].blocks[k].sents {
		p := &s.doc.secs[i].blocks[k].sents[j]
		*p = typography.Replace(*p)
	}
	return true
}

// set replaces a paragraph's last sentence in the old document by one of a
// known form, so that a known edit can be made of it.
func (s *script) email() bool {
	return s.known("e-mail", policy.Minor, 2, "Questions go to privacy@example.org, which our staff reads every day.", "Questions go to datenschutz@example.org, which our staff reads every day.")
}

func (s *script) retention() bool {
	return s.known("retention", policy.Material, 2, "We keep the records of closed accounts for 12 months and then delete them.", "We keep the records of closed accounts for 24 months and then delete them.")
}

func (s *script) sale() bool {
	return s.known("sale", policy.Material, 10, "", "We may sell your personal data to data brokers and advertisers.")
}

func (s *script) negation() bool {
	return s.known("negation", policy.Material, 2, "We will not share your personal data with advertisers in any case.", "We will share your personal data with advertisers in any case.")
}

func (s *script) date() bool {
	return s.known("date", policy.Minor, 2, "Last updated: 3 May 2024", "Last updated: 14 June 2025")
}

// known is filled in by plant, which puts the old sentence into both documents
// before the script runs.
func (s *script) known(name string, g policy.Significance, n int, old, new string) bool {
	for i := range s.doc.secs {
		for k := range s.doc.secs[i].blocks {
			b := &s.doc.secs[i].blocks[k]
			if !b.fixed || len(b.sents) != 1 || b.sents[0] != "["+name+"]" {
				continue
			}
			b.sents[0] = new
			op := policy.Reworded
			if old == "" {
				op = policy.Added
			}
			s.say(name, op, old, new, i, g, n)
			return true
		}
	}
	return false
}

func (s *script) reorder() bool {
	for i := range s.doc.secs {
		bs := s.doc.secs[i].blocks
		for k := 0; k+4 < len(bs); k++ {
			run := bs[k : k+4]
			if s.doc.secs[i].fixed || slices.ContainsFunc(run, func(b sblock) bool { return b.kind != policy.Item || b.fixed || !long(b.sents) }) || k > 0 && bs[k-1].fixed || bs[k+4].fixed {
				continue
			}
			first := run[0]
			copy(run, run[1:])
			run[3] = first
			for j := range run {
				run[j].fixed = true
			}
			s.say("reorder items", policy.Moved, first.sents[0], first.sents[0], i, policy.Minor, 0)
			return true
		}
	}
	return false
}

func (s *script) tableRow() bool {
	i, k, ok := s.pick(policy.TableRow, 1)
	if !ok {
		return false
	}
	text := "_" + s.bank.name(s.rnd) + " | " + s.bank.item(s.rnd) + " | 30 days"
	s.doc.secs[i].blocks = slices.Insert(s.doc.secs[i].blocks, k+1, sblock{policy.TableRow, []string{text}, true})
	s.say("table row", policy.Added, "", text, i, "", words(strings.ReplaceAll(text, "|", "")))
	return true
}

// toList makes a list of the sentences of a paragraph.
func (s *script) toList() bool {
	i, k, ok := s.pick(policy.Paragraph, 3)
	if !ok {
		return false
	}
	b := s.doc.secs[i].blocks[k]
	var items []sblock
	for _, text := range b.sents {
		items = append(items, sblock{policy.Item, []string{text}, true})
	}
	s.doc.secs[i].blocks = slices.Concat(s.doc.secs[i].blocks[:k], items, s.doc.secs[i].blocks[k+1:])
	return true
}

// splitSentence makes two sentences of one at an "and".
func (s *script) splitSentence() bool {
	const old = "We check the data of new customers against public registers and we note the result of that check in their file."
	const new = "We check the data of new customers against public registers. We note the result of that check in their file."
	return s.known("split sentence", "", 2, old, new)
}

// plants are the sentences that known edits begin with.
func plants() map[string]string {
	return map[string]string{
		"e-mail": "Questions go to privacy@example.org, which our staff reads every day.", "retention": "We keep the records of closed accounts for 12 months and then delete them.",
		"sale": "", "negation": "We will not share your personal data with advertisers in any case.", "date": "Last updated: 3 May 2024",
		"split sentence": "We check the data of new customers against public registers and we note the result of that check in their file.",
	}
}

// plant puts a known sentence into the old document and its placeholder into
// the new one.
func plant(rnd *rand.Rand, name string, old, new *sdoc) {
	sec := 0
	if name != "date" {
		sec = 1 + rnd.IntN(len(old.secs)-1)
	}
	if len(new.secs[sec].blocks) != len(old.secs[sec].blocks) || slices.ContainsFunc(new.secs[sec].blocks, func(b sblock) bool { return b.fixed }) {
		return // one in a section is enough
	}
	at := len(old.secs[sec].blocks)
	if name == "date" {
		at = 0
	}
	if text := plants()[name]; text != "" {
		old.secs[sec].blocks = slices.Insert(old.secs[sec].blocks, at, sblock{policy.Paragraph, []string{text}, true})
	}
	new.secs[sec].blocks = slices.Insert(new.secs[sec].blocks, at, sblock{policy.Paragraph, []string{"[" + name + "]"}, true})
}
