package diffing

import (
	"fmt"
	"slices"
	"strings"
)

// nearWords is how many words may lie between the classes of one rule. It is
// about a clause: a verb and its object stand closer, a verb and its deadline
// hardly ever further apart.
const nearWords = 9

// member is one of the expressions in a class of words.
type member struct {
	class   int
	pattern []cueWord
}

// match returns the end of the member's words at i, or 0.
func (m *member) match(words []string, i int) int {
	if i+len(m.pattern) > len(words) {
		return 0
	}
	for k, p := range m.pattern {
		if !p.matches(words[i+k]) {
			return 0
		}
	}
	return i + len(m.pattern)
}

// classTerm is one place of a rule over classes.
type classTerm struct {
	class int
	// after: it stands behind the term before; otherwise on either side.
	after bool
	// absent: the rule holds only if none stands near the first term.
	absent bool
}

// classIndex finds classes of words, and the rules that begin with them.
type classIndex struct {
	byWord map[string][]*member
	byStem map[string][]*member
	// rules by the class of their first term, langs by class.
	rules map[int][]*cue
	langs []string
}

// spot is where a member of a class stands in a text.
type spot struct{ class, start, end int }

// find returns the rules over classes that hold in a text, given as folded words.
func (x *classIndex) find(words []string, heading bool, langs map[string]bool) []hit {
	places := x.places(words, langs)
	var out []hit
	for k, p := range places {
		for _, c := range x.rules[p.class] {
			if heading && !c.heading || !heading && !c.text {
				continue
			}
			if found := c.near(places, k); found != nil {
				out = append(out, hit{c, spell(words, found)})
			}
		}
	}
	return out
}

// places returns the members of classes in a text, in the order of the text.
func (x *classIndex) places(words []string, langs map[string]bool) []spot {
	var out []spot
	for i, w := range words {
		try := func(ms []*member) {
			for _, m := range ms {
				if langs != nil && !langs[x.langs[m.class]] {
					continue
				}
				if end := m.match(words, i); end > 0 {
					out = append(out, spot{m.class, i, end})
				}
			}
		}
		try(x.byWord[w])
		if len(w) >= stemBytes {
			try(x.byStem[w[:stemBytes]])
		}
	}
	return out
}

// near returns where the terms of a rule stand, if the first of them is the
// place k and the others are near it.
func (c *cue) near(places []spot, k int) []spot {
	found := []spot{places[k]}
	for _, t := range c.terms[1:] {
		from := places[k]
		if t.after {
			from = found[len(found)-1]
		}
		p, ok := nearest(places, k, t, from, found)
		if ok == t.absent {
			return nil
		}
		if ok {
			found = append(found, p)
		}
	}
	return found
}

// nearest returns the nearest place of a term's class to from that covers none
// of the words taken. The search begins at place k.
func nearest(places []spot, k int, t classTerm, from spot, taken []spot) (spot, bool) {
	free := func(p spot) bool {
		return p.class == t.class && !slices.ContainsFunc(taken, func(q spot) bool { return p.start < q.end && q.start < p.end })
	}
	var best spot
	distance := nearWords + 1
	for i := k; i < len(places) && places[i].start-from.end <= nearWords; i++ {
		if p := places[i]; p.start >= from.end && p.start-from.end < distance && free(p) {
			best, distance = p, p.start-from.end
		}
	}
	if t.after {
		return best, distance <= nearWords
	}
	for i := k - 1; i >= 0 && from.start-places[i].start <= nearWords+maxMember; i-- {
		if p := places[i]; from.start >= p.end && from.start-p.end < distance && free(p) {
			best, distance = p, from.start-p.end
		}
	}
	return best, distance <= nearWords
}

// spell returns the words at places as a reader meets them, with dots between.
func spell(words []string, at []spot) string {
	at = slices.Clone(at)
	slices.SortFunc(at, func(a, b spot) int { return a.start - b.start })
	var b strings.Builder
	for i, p := range at {
		switch {
		case i > 0 && p.start > at[i-1].end:
			b.WriteString(" … ")
		case i > 0:
			b.WriteByte(' ')
		}
		b.WriteString(strings.Join(words[p.start:p.end], " "))
	}
	return b.String()
}

// maxMember is how many words a member of a class has.
const maxMember = 6

// classes are the classes of words of one rule file.
type classes struct {
	ids     map[string]int
	members map[string][][]cueWord
}

// parse reads "@name = words|stem*|several words|@other".
func (s *classes) parse(line string, next int) error {
	name, list, ok := strings.Cut(line, "=")
	name = strings.TrimSpace(name)
	if _, known := s.ids[name]; !ok || known || len(strings.Fields(name)) != 1 {
		return fmt.Errorf("class %q: want a new name, =, and words", name)
	}
	for alt := range strings.SplitSeq(list, "|") {
		alt = strings.TrimSpace(alt)
		if strings.HasPrefix(alt, "@") {
			other, known := s.members[alt]
			if !known {
				return fmt.Errorf("class %q: %q is not known above it", name, alt)
			}
			s.members[name] = append(s.members[name], other...)
			continue
		}
		pattern, err := parseMember(alt)
		if err != nil {
			return fmt.Errorf("class %q: %w", name, err)
		}
		s.members[name] = append(s.members[name], pattern)
	}
	s.ids[name] = next
	return nil
}

func parseMember(alt string) ([]cueWord, error) {
	var out []cueWord
	for w := range strings.FieldsSeq(alt) {
		p, err := parseAlternatives(w)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	if len(out) == 0 || len(out) > maxMember {
		return nil, fmt.Errorf("%q has %d words, want 1 to %d", alt, len(out), maxMember)
	}
	return out, nil
}

// terms reads "@a & @b", "@a > @b" and "@a & ! @c".
func (s *classes) terms(rule string) ([]classTerm, error) {
	var out []classTerm
	t := classTerm{}
	for w := range strings.FieldsSeq(rule) {
		switch w {
		case ">":
			t.after = true
		case "!":
			t.absent = true
		case "&":
		default:
			id, known := s.ids[w]
			if !known {
				return nil, fmt.Errorf("rule %q: class %q is not known", rule, w)
			}
			t.class = id
			out = append(out, t)
			t = classTerm{}
		}
	}
	if len(out) == 0 || out[0].absent || out[0].after {
		return nil, fmt.Errorf("rule %q: needs a first class", rule)
	}
	return out, nil
}
