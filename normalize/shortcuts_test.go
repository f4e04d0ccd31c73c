package normalize

import (
	"math/rand/v2"
	"net/url"
	"regexp/syntax"
	"strings"
	"testing"
	"unicode/utf8"
)

// matches makes a text that a regular expression matches.
func matches(re *syntax.Regexp, r *rand.Rand) string {
	switch re.Op { //nolint:exhaustive // the others match nothing long
	case syntax.OpLiteral:
		return string(re.Rune)
	case syntax.OpCharClass:
		k := 2 * r.IntN(len(re.Rune)/2)
		return string(re.Rune[k] + rune(r.IntN(min(int(re.Rune[k+1]-re.Rune[k])+1, 26))))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return "x"
	case syntax.OpCapture, syntax.OpPlus:
		return matches(re.Sub[0], r)
	case syntax.OpStar, syntax.OpQuest:
		if r.IntN(2) == 0 {
			return ""
		}
		return matches(re.Sub[0], r)
	case syntax.OpRepeat:
		return strings.Repeat(matches(re.Sub[0], r), re.Min)
	case syntax.OpAlternate:
		return matches(re.Sub[r.IntN(len(re.Sub))], r)
	case syntax.OpConcat:
		var b strings.Builder
		for _, sub := range re.Sub {
			b.WriteString(matches(sub, r))
		}
		return b.String()
	}
	return "" // the empty matches: ^, $, \b
}

// Hints spare texts a pattern: they must be in all that it matches.
func TestHints(t *testing.T) {
	check := func(name, pattern string, hints []string) {
		re, err := syntax.Parse(pattern, syntax.Perl)
		if err != nil {
			t.Fatal(err)
		}
		r := rand.New(rand.NewPCG(1, 2))
		for range 20_000 {
			s := matches(re, r)
			if !hinted(foldCase(s), hints) {
				t.Errorf("%s: no hint in %q", name, s)
				return
			}
		}
	}
	for _, l := range append(labels(), suffixLabels()...) {
		check(l.words, "(?i)"+l.words, l.hints)
	}
	check("answers", answers.String(), answerHints)
	check("openDate", openDate.String(), openHints)
	check("thanks", thanks.String(), thanksHints)
}

// composed characters need no look at the normal form, whatever they stand
// beside.
func TestComposed(t *testing.T) {
	for r := rune(0x80); r < 0x3000; r++ {
		if composed(r) && !space(r) && !invisible(r) {
			for _, s := range []string{"a" + string(r), string(r) + "e", string(r) + string(r)} {
				if got := clean(s); got != s {
					t.Errorf("%q becomes %q", s, got)
				}
			}
		}
	}
	for _, s := range []string{"", " ", "a", "a b", " a", "a ", "a  b", "a\tb", "a\x7fb", "a\u00a0b"} {
		var l line
		l.write(s)
		if got := l.take(); got != clean(s) || cleanASCII(s) != (got == s && isASCII(s)) {
			t.Errorf("%q becomes %q and %q", s, got, clean(s))
		}
	}
	if got := clean("e\u0301"); got != "\u00e9" {
		t.Errorf("a letter and its accent are %q", got)
	}
}

// A plain target is what parsing and resolving would make of it.
func TestPlainURL(t *testing.T) {
	base, err := url.Parse("https://base.example/a/b?c")
	if err != nil {
		t.Fatal(err)
	}
	parts := []string{"https://", "http://", "a.example", "www.", "B", "/", "/", ".", "..", "c-d_e", "index.html", "?f=g", "#h", ":80", "%41", "u@", "~", " "}
	r := rand.New(rand.NewPCG(3, 4))
	plain := 0
	for range 50_000 {
		var b strings.Builder
		b.WriteString("https://")
		for range r.IntN(8) {
			b.WriteString(parts[r.IntN(len(parts))])
		}
		href := b.String()
		if !plainURL(href) {
			continue
		}
		plain++
		ref, err := url.Parse(href)
		if err != nil || ref.String() != href || base.ResolveReference(ref).String() != href || clean(href) != href {
			t.Fatalf("%q is not plain: %v, %v", href, ref, err)
		}
	}
	if plain < 1000 {
		t.Errorf("%d plain targets, want more", plain)
	}
	if got := resolve(base, "https://a.example/b?utm_source=c"); got != "https://a.example/b" {
		t.Errorf("a target with a query is %q", got)
	}
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf })
}
