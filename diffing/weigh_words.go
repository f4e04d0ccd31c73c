package diffing

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"watcher/policy"
)

// weighModality compares permissions and negations among the changed words:
// "will not" → "may".
func weighModality(v *verdict, topics []topic, line *redline) {
	gone, come := line.changedWords()
	old, new := modalityOf(gone), modalityOf(come)
	material := anyMaterial(topics)
	if old.negations%2 != new.negations%2 {
		v.add(material, "negation %s", pick2(old.negations > new.negations, "removed", "added"))
	}
	if (old.may > 0) != (new.may > 0) {
		v.add(material, "modality: \"may\" %s", pick2(old.may > 0, "removed", "added"))
	}
}

func pick2(cond bool, yes, no string) string {
	if cond {
		return yes
	}
	return no
}

// weighNumbers compares the numbers among the changed words that belong to no
// period and point nowhere.
func weighNumbers(v *verdict, topics []topic, line *redline) {
	var old, new []fact
	for _, h := range line.changes() {
		old = append(old, line.old.numbers(h.a0, h.a1)...)
		new = append(new, line.new.numbers(h.b0, h.b1)...)
	}
	gone, come := factDiff(old, new)
	if len(gone)+len(come) == 0 || slices.ContainsFunc(v.reasons, isPeriodReason) {
		return
	}
	material := hasTopic(topics, policy.DataRetention) || hasLegalReference(gone) || hasLegalReference(come)
	v.add(material, "number %s", showFacts(gone, come))
}

func isPeriodReason(r string) bool {
	return strings.Contains(r, "period ") || strings.HasPrefix(r, "minimum age ")
}

// hasLegalReference reports whether a number is a paragraph of a law, as in
// "6(1)(f)".
func hasLegalReference(fs []fact) bool {
	return slices.ContainsFunc(fs, func(f fact) bool { return strings.HasSuffix(f.value, ")") })
}

// numbers returns the numbers among the tokens from a to b.
func (t tokenText) numbers(a, b int) []fact {
	words := tokenWords(t.s, t.toks[max(0, a-1):b])
	skip := len(words) - len(tokenWords(t.s, t.toks[a:b]))
	var out []fact
	for i := skip; i < len(words); i++ {
		w := words[i]
		if v, n := numberAt(words, i); n > 0 && numberWords[w] != 1 {
			if !isReference(words, i) {
				out = append(out, fact{v, strings.Join(words[i:i+n], " ")})
			}
			i += n - 1
		} else if n == 0 && w != "" && !isOwnSection(words, i) && (isDigit(rune(w[0])) || isCurrencyStart(w)) && strings.ContainsAny(w, "(%€$£¥") {
			out = append(out, fact{w, w})
		}
	}
	return out
}

// isOwnSection reports whether a number such as "9.1(i)" names a section of the
// text itself; articles are those of laws.
func isOwnSection(words []string, i int) bool {
	for k := i - 1; k >= max(0, i-3); k-- {
		switch words[k] {
		case "section", "sections", "clause", "clauses", "paragraph", "paragraphs":
			return true
		}
	}
	return false
}

func isCurrencyStart(w string) bool {
	r, _ := utf8.DecodeRuneInString(w)
	return isCurrency(r)
}

// weighLists looks for what no list of cues can know: a new item in an
// enumeration of data or recipients, the name of a new recipient.
func (j *judge) weighLists(v *verdict, topics []topic, d *draft) {
	line := d.line
	about := textTopic
	if d.item { // an item of a list is about what the heading above the list says
		about = hasTopic
	}
	collects, lists := about(topics, policy.FirstPartyCollection), about(topics, policy.ThirdPartySharing)
	shares := hasTopic(topics, policy.ThirdPartySharing)
	for _, h := range line.changes() {
		if shares && !slices.Contains(j.langs, "de") {
			gone := j.others(unknownTo(line.old.properNames(h.a0, h.a1), d.newWords))
			come := j.others(unknownTo(line.new.properNames(h.b0, h.b1), d.oldWords))
			if len(gone)+len(come) > 0 && h.a1-h.a0 <= maxNaming && h.b1-h.b0 <= maxNaming {
				v.add(true, "recipient or name %s", showFacts(gone, come))
				v.about(policy.ThirdPartySharing)
				continue
			}
		}
		if !collects && !lists {
			continue
		}
		gone, come := line.old.listItem(h.a0, h.a1, d.item), line.new.listItem(h.b0, h.b1, d.item)
		switch {
		case h.a0 == h.a1 && come != "":
			v.add(true, "%s added to a list on %s", quote(come), listTopic(collects))
			v.about(listTopic(collects))
		case h.b0 == h.b1 && gone != "":
			v.add(true, "%s removed from a list on %s", quote(gone), listTopic(collects))
			v.about(listTopic(collects))
		}
	}
}

// maxNaming is the length in tokens up to which a change can be about a name;
// in longer ones the sentence itself is another.
const maxNaming = 12

// unknownTo returns the names of which the words of the other side have no part.
func unknownTo(names []fact, words []string) []fact {
	return slices.DeleteFunc(names, func(f fact) bool {
		for part := range strings.FieldsSeq(f.value) {
			if !slices.Contains(words, part) {
				return false
			}
		}
		return true
	})
}

// others returns the names that are not the company's own.
func (j *judge) others(names []fact) []fact {
	return slices.DeleteFunc(names, func(f fact) bool {
		first, _, _ := strings.Cut(f.shown, " ")
		return j.isOwn(first)
	})
}

// minOwn is in how many passages of a text a name must stand to be the
// company's own, or that of its product.
const minOwn = 12

// isOwn reports whether a capitalised word names the company itself: it stands
// in one of twenty passages of a text, and in many.
func (j *judge) isOwn(name string) bool {
	own, known := j.own[name]
	if known {
		return own
	}
	for _, s := range j.sides {
		n := 0
		for i := range s.units {
			if strings.Contains(s.units[i].text, name) {
				n++
			}
		}
		own = own || n >= minOwn && n*20 >= len(s.units)
	}
	j.own[name] = own
	return own
}

// definedTerms are words that contracts capitalise without naming anybody.
var definedTerms = nameSet(`
	personal data information service services site sites website websites web app apps application applications
	platform product products software policy notice statement agreement terms conditions privacy user users
	customer customers client clients company companies account accounts content cookie cookies device devices
	controller processor processors subprocessors party parties third partner partners affiliate affiliates law laws
	section article annex schedule part you your we our us how what who why when where the this that these if and or
	developer developers marketplace member members subscriber subscribers visitor visitors
	sensitive usage device technical security order orders support purpose purposes category categories
`)

func listTopic(collects bool) policy.Category {
	if collects {
		return policy.FirstPartyCollection
	}
	return policy.ThirdPartySharing
}

func textTopic(topics []topic, c policy.Category) bool {
	return slices.ContainsFunc(topics, func(t topic) bool { return t.category == c && t.text })
}

// properNames returns the capitalised words among the tokens from a to b that
// do not start a sentence.
func (t tokenText) properNames(a, b int) []fact {
	var out []fact
	last := -1
	for i := max(a, 1); i < b; i++ {
		w := t.tok(i)
		r, _ := utf8.DecodeRuneInString(w)
		if t.toks[i].kind != tokWord || !unicode.IsUpper(r) || len(w) < 3 || strings.ContainsAny(t.tok(i-1), ".!?:•|") {
			continue
		}
		f := fold(w)
		if definedTerms[f] {
			continue
		}
		if n := len(out); n > 0 && i > a && last == i-1 { // "Acme Analytics" is one name
			out[n-1].value, out[n-1].shown = out[n-1].value+" "+f, out[n-1].shown+" "+w
		} else {
			out = append(out, fact{f, w})
		}
		last = i
	}
	return out
}

// listItem returns the words among the tokens from a to b if they are an item
// of an enumeration: set off by a comma or an "and", with a word that says
// something. Words of a list item are set off by the list itself.
func (t tokenText) listItem(a, b int, joint bool) string {
	content := false
	for i := max(0, a-1); i < min(len(t.toks), b+1); i++ {
		switch w := fold(t.tok(i)); {
		case isJoint(w):
			joint = true
		case i >= a && i < b && t.toks[i].kind == tokWord && !stopWords[w] && len(w) > 2:
			content = true
		}
	}
	if !joint || !content {
		return ""
	}
	for a < b && isJoint(fold(t.tok(a))) {
		a++
	}
	for a < b && isJoint(fold(t.tok(b-1))) {
		b--
	}
	return t.s[t.toks[a].start:t.toks[b-1].end]
}

func isJoint(w string) bool {
	switch w {
	case ",", ";", "/", "and", "or", "und", "oder", "et", "ou", "y", "o", "e", "en":
		return true
	}
	return false
}
