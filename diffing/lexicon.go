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
	// terms are those of a rule over classes of words, which has no pattern. Such
	// a rule says what a text is about; its coming and going is no news.
	terms   []classTerm
	source  string
	example string
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
	near   *classIndex
}

// ruleSet is what the rule files say.
type ruleSet struct {
	cues    []*cue
	members []*member
	// classLangs are the languages of the classes, by their number.
	classLangs []string
}

// allRules are the parsed rule files. A mistake in them is a mistake in the
// program, found by any test that runs.
var allRules = sync.OnceValue(func() *ruleSet {
	rules, err := parseRules()
	if err != nil {
		panic(err)
	}
	return rules
})

// allIndexed is the index over all of them.
var allIndexed = sync.OnceValue(func() *cueIndex { return indexRules(allRules()) })

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

func indexRules(r *ruleSet) *cueIndex {
	x := &cueIndex{byWord: map[string][]*cue{}, byStem: map[string][]*cue{}, langs: map[string]bool{}}
	x.near = &classIndex{byWord: map[string][]*member{}, byStem: map[string][]*member{}, rules: map[int][]*cue{}, langs: r.classLangs}
	for _, c := range r.cues {
		x.langs[c.lang] = true
		if c.terms != nil {
			x.near.rules[c.terms[0].class] = append(x.near.rules[c.terms[0].class], c)
			continue
		}
		enter(x.byWord, x.byStem, c.pattern[0], c)
	}
	for _, m := range r.members {
		enter(x.near.byWord, x.near.byStem, m.pattern[0], m)
	}
	return x
}

// enter puts v under the first words of its pattern.
func enter[T any](byWord, byStem map[string][]T, first cueWord, v T) {
	for _, w := range first.exact {
		byWord[w] = append(byWord[w], v)
	}
	for _, p := range first.prefix {
		byStem[p[:stemBytes]] = append(byStem[p[:stemBytes]], v)
	}
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
	return append(out, l.index.near.find(words, heading, l.langs)...)
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

func parseRules() (*ruleSet, error) {
	names, err := ruleFiles.ReadDir("rules")
	if err != nil {
		return nil, fmt.Errorf("rules: %w", err)
	}
	out := &ruleSet{}
	for _, n := range names {
		if n.Name() == "README.txt" {
			continue
		}
		data, err := ruleFiles.ReadFile(path.Join("rules", n.Name()))
		if err != nil {
			return nil, fmt.Errorf("rules: %w", err)
		}
		if err := out.parseFile(n.Name(), string(data)); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// parseFile reads a rule file. Its language is its name up to the first hyphen
// or dot.
func (r *ruleSet) parseFile(name, data string) error {
	lang := name[:strings.IndexAny(name, "-.")]
	known := &classes{ids: map[string]int{}, members: map[string][][]cueWord{}}
	var category policy.Category
	var fact string
	for n, line := range strings.Split(data, "\n") {
		line = strings.TrimSpace(line)
		source := fmt.Sprintf("rules/%s:%d", name, n+1)
		var err error
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "["):
			category, fact, err = parseCategory(line)
		case strings.HasPrefix(line, "@"):
			err = known.parse(line, len(r.classLangs))
			r.classLangs = append(r.classLangs, lang)
		default:
			var c *cue
			if c, err = parseCue(line, known); err == nil {
				c.lang, c.category, c.fact, c.source = lang, category, fact, source
				r.cues = append(r.cues, c)
			}
		}
		if err != nil {
			return fmt.Errorf("%s: %w", source, err)
		}
	}
	for class, id := range known.ids {
		for _, p := range known.members[class] {
			r.members = append(r.members, &member{id, p})
		}
	}
	return nil
}

func parseCategory(line string) (category policy.Category, fact string, err error) {
	name, label, _ := strings.Cut(strings.Trim(line, "[]"), ":")
	category = policy.Category(strings.TrimSpace(name))
	if !slices.Contains(policy.Categories(), category) {
		return "", "", fmt.Errorf("unknown category %q", category)
	}
	return category, strings.TrimSpace(label), nil
}

// parseCue reads "concept ; where ; cue ; example".
func parseCue(line string, known *classes) (*cue, error) {
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
	if c.concept == "" || !c.heading && !c.text {
		return nil, fmt.Errorf("cue %q: needs a concept and a place (h, t)", line)
	}
	var err error
	if strings.HasPrefix(f[2], "@") {
		c.terms, err = known.terms(f[2])
		return c, err
	}
	c.pattern, err = parsePattern(f[2])
	return c, err
}

// parsePattern reads the words of a cue, with ".." for a gap.
func parsePattern(words string) ([]cueWord, error) {
	var out []cueWord
	for w := range strings.FieldsSeq(words) {
		if w == ".." {
			out = append(out, cueWord{gap: true})
			continue
		}
		p, err := parseAlternatives(w)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	if len(out) == 0 || out[0].gap {
		return nil, fmt.Errorf("cue %q: needs a first word", words)
	}
	return out, nil
}

// parseAlternatives reads "a|b|stem*".
func parseAlternatives(w string) (cueWord, error) {
	var p cueWord
	for alt := range strings.SplitSeq(w, "|") {
		stem, isPrefix := strings.CutSuffix(alt, "*")
		switch {
		case isPrefix && len(stem) < stemBytes:
			return p, fmt.Errorf("prefix %q is shorter than %d bytes", alt, stemBytes)
		case isPrefix:
			p.prefix = append(p.prefix, stem)
		default:
			p.exact = append(p.exact, alt)
		}
	}
	return p, nil
}
