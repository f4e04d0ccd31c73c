package diffing

import (
	"embed"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"

	"watcher/policy"
)

// ruleFiles are the cue words, one file per language; README.txt beside them
// tells their form.
//
//go:embed rules/*.txt
var ruleFiles embed.FS

// cue is a rule: words that tell what a text is about.
type cue struct {
	lang     string
	category policy.Category
	// fact labels cues whose coming and going is named in the reasons, such as
	// "legal basis"; concept is what the cue stands for, the same for synonyms.
	fact, concept string
	// weak cues need a second one to make a category, and their change alone
	// is no material change.
	weak bool
	// supporting cues count as weak ones for the category of a text, but their
	// change is material: a kind of data, a kind of recipient.
	supporting bool
	// decisive cues make their category whatever else the text is about.
	decisive      bool
	heading, text bool
	pattern       []cueWord
	source        string
	example       string
}

// cueWord is one place of a pattern: alternatives, or a gap.
type cueWord struct {
	exact  []string
	prefix []string
	gap    bool
}

// maxCueGap is how many words ".." in a cue may skip.
const maxCueGap = 5

// stemBytes is how much of a prefix is indexed; no prefix is shorter.
const stemBytes = 3

// lexicon finds the cues of some languages in texts.
type lexicon struct {
	index *cueIndex
	langs map[string]bool // nil: all
}

// cueIndex holds cues by their first word.
type cueIndex struct {
	byWord map[string][]*cue
	byStem map[string][]*cue
	langs  map[string]bool
}

// allCues are the parsed rule files. A mistake in them is a mistake in the
// program, found by any test that runs.
var allCues = sync.OnceValue(func() []*cue {
	cues, err := parseRules()
	if err != nil {
		panic(err)
	}
	return cues
})

// allIndexed is the index over all of them.
var allIndexed = sync.OnceValue(func() *cueIndex { return indexCues(allCues()) })

// newLexicon returns the cues for texts in the given languages. English goes
// with all: its terms are used everywhere. An unknown language means any.
func newLexicon(langs ...string) *lexicon {
	l := &lexicon{index: allIndexed(), langs: map[string]bool{"en": true, "any": true}}
	for _, lang := range langs {
		if !l.index.langs[lang] {
			l.langs = nil
			return l
		}
		l.langs[lang] = true
	}
	return l
}

// everyLanguage returns the cues of all languages.
func everyLanguage() *lexicon { return &lexicon{index: allIndexed()} }

func indexCues(cues []*cue) *cueIndex {
	x := &cueIndex{byWord: map[string][]*cue{}, byStem: map[string][]*cue{}, langs: map[string]bool{}}
	for _, c := range cues {
		x.langs[c.lang] = true
		first := c.pattern[0]
		for _, w := range first.exact {
			x.byWord[w] = append(x.byWord[w], c)
		}
		for _, p := range first.prefix {
			x.byStem[p[:stemBytes]] = append(x.byStem[p[:stemBytes]], c)
		}
	}
	return x
}

// hit is a cue found in a text.
type hit struct {
	*cue
	words string // as they stand in the text, lower-case
}

// find returns the cues of a text, given as folded words.
func (l *lexicon) find(words []string, heading bool) []hit {
	var out []hit
	for i, w := range words {
		try := func(cs []*cue) {
			for _, c := range cs {
				if heading && !c.heading || !heading && !c.text || l.langs != nil && !l.langs[c.lang] {
					continue
				}
				if end := c.match(words, i); end > 0 {
					out = append(out, hit{c, strings.Join(words[i:end], " ")})
				}
			}
		}
		try(l.index.byWord[w])
		if len(w) >= stemBytes {
			try(l.index.byStem[w[:stemBytes]])
		}
	}
	return out
}

// match returns the end of the pattern's words at i, or 0.
func (c *cue) match(words []string, i int) int {
	gap := 0
	for _, p := range c.pattern {
		if p.gap {
			gap = maxCueGap
			continue
		}
		end := min(len(words), i+gap+1)
		for i < end && !p.matches(words[i]) {
			i++
		}
		if i >= end {
			return 0
		}
		i++
		gap = 0
	}
	return i
}

func (p cueWord) matches(word string) bool {
	if slices.Contains(p.exact, word) {
		return true
	}
	for _, pre := range p.prefix {
		if strings.HasPrefix(word, pre) {
			return true
		}
	}
	return false
}

// cueWords returns the words of a text as cues see them: folded, but for short
// names that are other words in lower case. "US" is a country, "us" is not.
func cueWords(text string) []string {
	return tokenWords(text, tokenize(text))
}

func tokenWords(text string, toks []token) []string {
	out := make([]string, 0, len(toks))
	for _, t := range toks {
		switch w := text[t.start:t.end]; {
		case t.kind == tokPunct || t.kind == tokSymbol:
		case w == "US" || w == "AI" || w == "KI" || w == "IA":
			out = append(out, w)
		default:
			out = append(out, fold(w))
		}
	}
	return out
}

func parseRules() ([]*cue, error) {
	names, err := ruleFiles.ReadDir("rules")
	if err != nil {
		return nil, fmt.Errorf("rules: %w", err)
	}
	var out []*cue
	for _, n := range names {
		if n.Name() == "README.txt" {
			continue
		}
		data, err := ruleFiles.ReadFile(path.Join("rules", n.Name()))
		if err != nil {
			return nil, fmt.Errorf("rules: %w", err)
		}
		cues, err := parseRuleFile(strings.TrimSuffix(n.Name(), ".txt"), string(data))
		if err != nil {
			return nil, err
		}
		out = append(out, cues...)
	}
	return out, nil
}

func parseRuleFile(lang, data string) ([]*cue, error) {
	var out []*cue
	var category policy.Category
	var fact string
	for n, line := range strings.Split(data, "\n") {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
			continue
		case strings.HasPrefix(line, "["):
			name, label, _ := strings.Cut(strings.Trim(line, "[]"), ":")
			category, fact = policy.Category(strings.TrimSpace(name)), strings.TrimSpace(label)
			if !slices.Contains(policy.Categories(), category) {
				return nil, fmt.Errorf("rules/%s.txt:%d: unknown category %q", lang, n+1, category)
			}
			continue
		}
		c, err := parseCue(line)
		if err != nil {
			return nil, fmt.Errorf("rules/%s.txt:%d: %w", lang, n+1, err)
		}
		c.lang, c.category, c.fact = lang, category, fact
		c.source = fmt.Sprintf("rules/%s.txt:%d", lang, n+1)
		out = append(out, c)
	}
	return out, nil
}

// parseCue reads "concept ; where ; cue ; example".
func parseCue(line string) (*cue, error) {
	f := strings.Split(line, ";")
	if len(f) != 4 {
		return nil, fmt.Errorf("%d fields, want concept; where; cue; example", len(f))
	}
	for i := range f {
		f[i] = strings.TrimSpace(f[i])
	}
	c := &cue{concept: f[0], example: f[3]}
	c.concept, c.weak = strings.CutPrefix(c.concept, "~")
	c.concept, c.supporting = strings.CutPrefix(c.concept, "+")
	c.concept, c.decisive = strings.CutPrefix(c.concept, "!")
	c.heading, c.text = strings.Contains(f[1], "h"), strings.Contains(f[1], "t")
	for w := range strings.FieldsSeq(f[2]) {
		p := cueWord{gap: w == ".."}
		for alt := range strings.SplitSeq(w, "|") {
			stem, isPrefix := strings.CutSuffix(alt, "*")
			switch {
			case p.gap:
			case isPrefix && len(stem) < stemBytes:
				return nil, fmt.Errorf("prefix %q is shorter than %d bytes", alt, stemBytes)
			case isPrefix:
				p.prefix = append(p.prefix, stem)
			default:
				p.exact = append(p.exact, alt)
			}
		}
		c.pattern = append(c.pattern, p)
	}
	if len(c.pattern) == 0 || c.pattern[0].gap || c.concept == "" || !c.heading && !c.text {
		return nil, fmt.Errorf("cue %q: needs a concept, a place (h, t) and a first word", line)
	}
	return c, nil
}
