package diffing

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"watcher/policy"
)

// isMaterial reports whether a change of what a text says on the category can
// matter to compliance: what is collected, why, with whom it is shared, how
// long it is kept, where it goes, which rights and choices people have.
func isMaterial(c policy.Category) bool {
	switch c {
	case policy.FirstPartyCollection, policy.ThirdPartySharing, policy.UserChoice, policy.UserAccess,
		policy.DataRetention, policy.DoNotTrack, policy.InternationalSpecificAudiences:
		return true
	case policy.DataSecurity, policy.PolicyChange, policy.OtherCategory:
	}
	return false
}

// verdict collects what the rules find in one edit.
type verdict struct {
	material bool
	reasons  []string
	extra    []policy.Category // that the change itself is about
}

func (v *verdict) add(material bool, format string, args ...any) {
	v.material = v.material || material
	if reason := fmt.Sprintf(format, args...); !slices.Contains(v.reasons, reason) {
		v.reasons = append(v.reasons, reason)
	}
}

func (v *verdict) about(c policy.Category) {
	if c != policy.OtherCategory && !slices.Contains(v.extra, c) {
		v.extra = append(v.extra, c)
	}
}

// assess fills categories, significance and reasons of an edit.
func (j *judge) assess(d *draft, dates *dateLines) {
	e := &d.edit
	d.findWords()
	oldHits, newHits := j.lex.find(d.oldWords, e.Heading), j.lex.find(d.newWords, e.Heading)
	topics := j.topics(e.Section, append(slices.Clone(newHits), oldHits...))
	var v verdict
	switch {
	case d.cosmetic:
		e.Significance = policy.Cosmetic
		v.add(false, "%s", cosmeticReason(d))
	case d.sameNumbers():
		e.Significance, d.cosmetic = policy.Cosmetic, true
		v.add(false, "only the way changed in which a number is written")
	case sameLetters(e):
		e.Significance = policy.Cosmetic
		v.add(false, "only spaces, punctuation or the number of the heading changed")
	case d.retitled() && (len(oldHits)+len(newHits) == 0 || j.keepsName(e)):
		e.Significance = policy.Cosmetic
		v.add(false, "the title above the text %s", titleReason(e.Op))
	case e.Op == policy.Moved:
		e.Significance = policy.Minor
		v.add(false, "%s", moveReason(e))
	case dates.rewritten(d, &v):
		e.Significance = policy.Cosmetic
		d.cosmetic, d.dateForm = true, true
		topics = dateTopics(topics)
	case dates.explains(d, &v):
		e.Significance = policy.Minor
		topics = dateTopics(topics)
	default:
		j.weigh(d, &v, topics, oldHits, newHits)
		e.Significance = policy.Minor
		if v.material {
			e.Significance = policy.Material
		}
	}
	for _, t := range topics {
		v.reasons = append(v.reasons, t.why())
	}
	e.Reasons = v.reasons
	e.Categories = mergeCategories(v.extra, topics)
}

// retitled reports whether an edit adds, removes, lengthens or shortens the title
// of the page. Sites do that with all their pages at once; what the text below
// says is the same.
func (d *draft) retitled() bool {
	if !d.title {
		return false
	}
	if d.line == nil {
		return d.edit.Op == policy.Added || d.edit.Op == policy.Removed
	}
	gone, come := d.line.changedWords()
	return len(gone) == 0 || len(come) == 0
}

func titleReason(op policy.EditOp) string {
	switch op {
	case policy.Added:
		return "was added"
	case policy.Removed:
		return "was removed"
	case policy.Reworded, policy.Moved, policy.Renumbered:
	}
	return "became longer or shorter"
}

// findWords cuts the texts into words, once for all rules.
func (d *draft) findWords() {
	if d.line != nil {
		d.oldWords, d.newWords = tokenWords(d.line.old.s, d.line.old.toks), tokenWords(d.line.new.s, d.line.new.toks)
		return
	}
	d.oldWords = cueWords(d.edit.Old)
	if d.newWords = d.oldWords; d.edit.New != d.edit.Old {
		d.newWords = cueWords(d.edit.New)
	}
}

// mergeCategories puts what the change is about before what the text around it
// is about.
func mergeCategories(extra []policy.Category, topics []topic) []policy.Category {
	out := slices.Clone(extra)
	for _, t := range topics {
		if !slices.Contains(out, t.category) {
			out = append(out, t.category)
		}
	}
	if len(out) == 0 {
		out = append(out, policy.OtherCategory)
	}
	return out
}

func cosmeticReason(d *draft) string {
	switch {
	case d.relaid:
		return "the same words, laid out in another way"
	case d.lines > 1:
		return "only the numbering of these " + plural(d.lines, "passage") + " changed"
	case d.edit.Op == policy.Renumbered:
		return "only the numbering changed"
	}
	return "only typography, case or punctuation changed"
}

func moveReason(e *policy.Edit) string {
	if e.FromSection != "" {
		return "the same words moved from " + quote(sectionTitle(e.FromSection)) + " to " + quote(sectionTitle(e.Section))
	}
	return "the same words stand in another place"
}

// weigh grades an edit of the words.
func (j *judge) weigh(d *draft, v *verdict, topics []topic, oldHits, newHits []hit) {
	e := &d.edit
	if e.Heading {
		v.add(false, "%s", headingReason(e.Op))
		return
	}
	if d.line == nil {
		j.weighWhole(d, v, topics, slices.Concat(d.oldWords, d.newWords))
		return
	}
	if d.line.onlyTypos() {
		v.add(false, "only the spelling changed")
		return
	}
	weighFacts(v, topics, d.oldWords, d.newWords)
	weighEmails(v, d.line)
	weighCues(v, topics, oldHits, newHits)
	weighModality(v, topics, d.line)
	weighNumbers(v, topics, d.line)
	j.weighLists(v, topics, d)
	if len(v.reasons) == 0 {
		v.add(false, "wording only: no cue among the changed words")
	}
}

func headingReason(op policy.EditOp) string {
	switch op {
	case policy.Added:
		return "a heading was added"
	case policy.Removed:
		return "a heading was removed"
	case policy.Reworded, policy.Moved, policy.Renumbered:
	}
	return "the heading was reworded"
}

// fewWords is the length up to which an added paragraph that only its section
// speaks for is taken for a label.
const fewWords = 3

// weighWhole grades a unit that was added or removed as a whole.
func (j *judge) weighWhole(d *draft, v *verdict, topics []topic, words []string) {
	what := "added"
	if d.edit.Op == policy.Removed {
		what = "removed"
	}
	aged := ages(words)
	for _, p := range notAges(periods(words), aged) {
		v.add(false, "names a period: %s", quote(p.shown))
	}
	for _, a := range aged {
		v.add(false, "names an age: %s", quote(a.shown))
	}
	text := d.edit.Old + d.edit.New
	if name, ok := listedName(text, topics); ok {
		v.add(true, "recipient or name %s %s", quote(name), what)
		return
	}
	if isContact(text, words) {
		v.add(false, "%s contact details", what)
		return
	}
	for _, t := range topics {
		if !isMaterial(t.category) {
			continue
		}
		if t.category == policy.InternationalSpecificAudiences && pointsOn(j.lex.find(words, false), len(words)) {
			continue
		}
		if t.text || d.item || len(words) > fewWords && !isCourtesy(j.lex.find(words, false)) {
			v.add(true, "%s text on %s", what, t.category)
			return
		}
	}
	v.add(false, "%s text without a compliance cue", what)
}

// maxPointer is how many words a sentence has that points to another one.
const maxPointer = 30

// pointsOn reports whether a text on a region only says whom to write to, or
// where to read on: "If you live in Korea, please read section 13".
func pointsOn(hits []hit, words int) bool {
	return words <= maxPointer && isCourtesy(hits) ||
		slices.ContainsFunc(hits, func(h hit) bool { return h.concept == "local representative" })
}

// maxListedName is how many words a name in a list has.
const maxListedName = 6

// listedName returns the text when it is a name in a section about recipients: a
// line of capitalised words that is no sentence.
func listedName(text string, topics []topic) (string, bool) {
	about := slices.ContainsFunc(topics, func(t topic) bool {
		return t.category == policy.ThirdPartySharing && t.heading != "" && namesRecipients(t.heading)
	})
	words := strings.Fields(text)
	if !about || len(words) == 0 || len(words) > maxListedName || strings.ContainsAny(text, ".:?!;\n|@0123456789") {
		return "", false
	}
	for _, w := range words {
		if r, _ := utf8.DecodeRuneInString(w); !unicode.IsUpper(r) && len(w) > 3 {
			return "", false
		}
	}
	return text, !definedTerms[fold(words[0])]
}

// namesRecipients reports whether a heading announces a list of recipients.
func namesRecipients(heading string) bool {
	for _, w := range cueWords(heading) {
		switch w {
		case "subprocessors", "subprocessor", "processors", "recipients", "vendors", "suppliers", "partners", "affiliates", "unterauftragsverarbeiter", "destinataires":
			return true
		}
	}
	return false
}

// contactWords begin lines of contact details.
var contactWords = nameSet("telephone phone tel fax email mail address registered post telefon anschrift adresse téléphone teléfono")

// maxContact is how many words a line of contact details has at most.
const maxContact = 25

// isContact reports whether a text is contact details: it begins like them, or
// it is short and holds an address or number to write to or to call.
func isContact(text string, words []string) bool {
	if len(words) == 0 || len(words) > maxContact {
		return false
	}
	if contactWords[words[0]] && strings.ContainsAny(text, "@:0123456789") {
		return true
	}
	return slices.ContainsFunc(newTokenText(text).toks, func(t token) bool { return t.kind == tokEmail }) && !strings.ContainsAny(text, "|")
}

// isCourtesy reports whether a text is made of pointers and politeness.
func isCourtesy(hits []hit) bool {
	for _, h := range hits {
		if h.category == policy.OtherCategory {
			return true
		}
	}
	return false
}

// weighFacts compares periods and ages.
func weighFacts(v *verdict, topics []topic, oldWords, newWords []string) {
	oldAges, newAges := ages(oldWords), ages(newWords)
	if gone, come := factDiff(oldAges, newAges); len(gone)+len(come) > 0 {
		v.add(true, "minimum age %s", showFacts(gone, come))
		v.about(policy.InternationalSpecificAudiences)
	}
	gone, come := factDiff(notAges(periods(oldWords), oldAges), notAges(periods(newWords), newAges))
	if len(gone)+len(come) == 0 {
		return
	}
	if hasTopic(topics, policy.DataRetention) {
		v.add(true, "retention period %s", showFacts(gone, come))
		v.about(policy.DataRetention)
		return
	}
	v.add(anyMaterial(topics), "period %s", showFacts(gone, come))
}

func hasTopic(topics []topic, c policy.Category) bool {
	return slices.ContainsFunc(topics, func(t topic) bool { return t.category == c })
}

func anyMaterial(topics []topic) bool {
	return slices.ContainsFunc(topics, func(t topic) bool { return isMaterial(t.category) })
}
