package diffing

import (
	"testing"
)

// TestRules runs the example of every rule against the lexicon of its
// language: a rule that does not find it is dead.
func TestRules(t *testing.T) {
	for _, c := range allRules().cues {
		if c.example == "" {
			t.Errorf("%s: no example", c.source)
			continue
		}
		lex := newLexicon(c.lang)
		if c.lang == "any" {
			lex = newLexicon("en")
		}
		for place, heading := range map[string]bool{"heading": true, "text": false} {
			if heading && !c.heading || !heading && !c.text {
				continue
			}
			found := false
			for _, h := range lex.find(cueWords(c.example), heading) {
				found = found || h.source == c.source
			}
			if !found {
				t.Errorf("%s: cue is not found in its example %q as %s", c.source, c.example, place)
			}
		}
	}
}
