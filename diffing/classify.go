package diffing

import (
	"cmp"
	"slices"
	"strings"

	"watcher/policy"
)

// How much a cue counts for its category. A heading outweighs the words of one
// sentence, because policies are written section by section.
const (
	innerHeading = 3.0
	outerHeading = 1.5
	strongCue    = 2.0
	weakCue      = 1.0
	maxTextScore = 6.0 // a long list of data items is about one thing
	minScore     = 2.0
	minShare     = 0.5 // of the best category's score
	// Every part of a policy speaks of data that are collected and used; that is
	// its topic only if it says little else.
	collectionShare = 0.7
	maxLabels       = 3
)

// Classify fills the categories of every block of doc from the headings above
// it and the cue words in it. A block without any has none of the nine topics:
// it is "other".
func Classify(doc *policy.Document) {
	if doc == nil {
		return
	}
	j := newJudge(doc.Lang)
	paths := sectionPaths(doc)
	for i := range doc.Sections {
		for k := range doc.Sections[i].Blocks {
			bl := &doc.Sections[i].Blocks[k]
			topics := j.topics(paths[i], j.lex.find(cueWords(clean(bl.Text)), false))
			bl.Categories = names(topics)
		}
	}
}

// topic is a category with what speaks for it.
type topic struct {
	category policy.Category
	score    float64
	heading  string // that decided
	cues     []string
	text     bool // the text itself speaks for it
	decisive bool // a cue that is about nothing else
}

// judge weighs cues. It remembers the headings it has seen.
type judge struct {
	lex      *lexicon
	langs    []string
	headings map[string][]hit
	// sides are the texts that are compared; own remembers which names are the
	// company's.
	sides []*side
	own   map[string]bool
}

func newJudge(langs ...string) *judge {
	return &judge{lex: newLexicon(langs...), langs: langs, headings: map[string][]hit{}, own: map[string]bool{}}
}

// topics returns the categories of a text in a section, the likeliest first.
func (j *judge) topics(path string, hits []hit) []topic {
	byCategory := map[policy.Category]*topic{}
	at := func(c policy.Category) *topic {
		t := byCategory[c]
		if t == nil {
			t = &topic{category: c}
			byCategory[c] = t
		}
		return t
	}
	seen, introduces := map[string]bool{}, false
	for _, h := range hits {
		key := h.key()
		if h.weak && h.fact != "" { // two countries in an address are no more than one
			key = h.fact
		}
		said := string(h.category) + "\x00" + h.words
		if h.category == policy.OtherCategory || seen[key] || h.terms != nil && seen[said] {
			introduces = introduces || h.decisive && h.category == policy.OtherCategory
			continue
		}
		seen[key], seen[said] = true, true
		t := at(h.category)
		t.cues = append(t.cues, h.words)
		switch {
		case h.weak || h.supporting:
			t.score += weakCue
		default:
			t.score += strongCue
			t.text, t.decisive = true, t.decisive || h.decisive
		}
		t.score = min(t.score, maxTextScore)
	}
	if introduces { // "This notice explains how we collect and share ..." says neither
		for _, t := range byCategory {
			t.score /= 2
		}
	}
	j.addHeadings(path, at)
	return rank(byCategory)
}

func (j *judge) addHeadings(path string, at func(policy.Category) *topic) {
	weight := innerHeading
	names := strings.Split(path, pathSeparator)
	for _, name := range slices.Backward(names) {
		counted := map[policy.Category]bool{}
		for _, h := range j.heading(name) {
			if h.weak || h.category == policy.OtherCategory || counted[h.category] {
				continue
			}
			counted[h.category] = true
			if t := at(h.category); t.heading == "" {
				t.heading = name
				t.score += weight
			}
		}
		weight = outerHeading
	}
}

func (j *judge) heading(name string) []hit {
	hs, ok := j.headings[name]
	if !ok {
		hs = j.lex.find(cueWords(name), true)
		j.headings[name] = hs
	}
	return hs
}

func rank(byCategory map[policy.Category]*topic) []topic {
	order := policy.Categories()
	var out []topic
	best := 0.0
	for _, c := range order {
		if t := byCategory[c]; t != nil && t.score >= minScore {
			out = append(out, *t)
			best = max(best, t.score)
		}
	}
	out = slices.DeleteFunc(out, func(t topic) bool { return t.score < t.share()*best && !t.decisive })
	slices.SortStableFunc(out, func(x, y topic) int { return cmp.Compare(y.score, x.score) })
	return out[:min(len(out), maxLabels)]
}

// share is how much of the best category's score a topic needs beside it.
func (t topic) share() float64 {
	if t.category == policy.FirstPartyCollection {
		return collectionShare
	}
	return minShare
}

// names returns the categories of topics, "other" if there are none.
func names(topics []topic) []policy.Category {
	if len(topics) == 0 {
		return []policy.Category{policy.OtherCategory}
	}
	out := make([]policy.Category, len(topics))
	for i, t := range topics {
		out[i] = t.category
	}
	return out
}

// why says what decided for a topic.
func (t topic) why() string {
	var parts []string
	if t.heading != "" {
		parts = append(parts, "section "+quote(t.heading))
	}
	if len(t.cues) > 0 {
		parts = append(parts, "cue "+quoteList(t.cues, 3))
	}
	return string(t.category) + ": " + strings.Join(parts, ", ")
}

// quoteList quotes the first few of a list.
func quoteList(items []string, most int) string {
	var out []string
	for _, s := range items[:min(len(items), most)] {
		out = append(out, quote(s))
	}
	return strings.Join(out, ", ")
}

// quote quotes policy text in reasons and summaries, short and printable.
func quote(s string) string { return `"` + shorten(oneLine(s), 60) + `"` }

// shorten cuts s to at most n runes, at a space if one is near.
func shorten(s string, n int) string {
	runes := []rune(s)
	if len(runes) <= n {
		return s
	}
	cut := string(runes[:n-1])
	if i := strings.LastIndexByte(cut, ' '); i > len(cut)*2/3 {
		cut = cut[:i]
	}
	return cut + "…"
}
