package diffing

import (
	"slices"

	"watcher/policy"
)

// weighEmails names changed contact addresses. They are contact details: minor.
func weighEmails(v *verdict, line *redline) {
	gone, come := factDiff(line.old.emails(), line.new.emails())
	if len(gone)+len(come) > 0 {
		v.add(false, "contact address %s", showFacts(gone, come))
	}
}

func (t tokenText) emails() []fact {
	var out []fact
	for i, tok := range t.toks {
		if tok.kind == tokEmail {
			out = append(out, fact{fold(t.tok(i)), t.tok(i)})
		}
	}
	return out
}

// weighCues compares the concepts that the two texts speak of. One that both
// name, in whatever words, did not change.
func weighCues(v *verdict, topics []topic, oldHits, newHits []hit) {
	oldHits, newHits = cuesOnly(oldHits), cuesOnly(newHits)
	gone, come := conceptDiff(oldHits, newHits), conceptDiff(newHits, oldHits)
	for _, label := range factLabels(gone, come) {
		g, c := labelled(gone, label), labelled(come, label)
		strong := slices.ContainsFunc(append(slices.Clone(g), c...), func(h hit) bool { return !h.weak })
		material := label != "country" && strong || label == "country" && isAbroad(topics) && slices.ContainsFunc(slices.Concat(oldHits, newHits), movesData)
		v.add(material, "%s %s", label, showFacts(conceptFacts(g), conceptFacts(c)))
		for _, h := range append(g, c...) {
			if material {
				v.about(h.category)
			}
		}
	}
	for _, side := range []struct {
		hits []hit
		what string
	}{{gone, "removed"}, {come, "added"}} {
		for _, h := range labelled(side.hits, "") {
			if h.weak || h.category == policy.OtherCategory {
				continue
			}
			v.add(isMaterial(h.category), "%s %s (%s)", quote(h.words), side.what, h.category)
			if isMaterial(h.category) {
				v.about(h.category)
			}
		}
	}
}

// cuesOnly leaves out rules over classes of words: they say what a text is about,
// and two ways to say the same may fall under different ones.
func cuesOnly(hits []hit) []hit {
	return slices.DeleteFunc(slices.Clone(hits), func(h hit) bool { return h.terms != nil })
}

// movesData reports whether a cue says that data go somewhere; without one, a
// country is most likely part of an address.
func movesData(h hit) bool {
	switch h.concept {
	case "transfer abroad", "data location", "where data go", "transfer", "sharing", "retention", "recipient: hosting":
		return true
	}
	return h.fact == "transfer mechanism"
}

// isAbroad reports whether a country in the text is one where data go, rather
// than part of an address.
func isAbroad(topics []topic) bool {
	return hasTopic(topics, policy.InternationalSpecificAudiences) || hasTopic(topics, policy.ThirdPartySharing) ||
		hasTopic(topics, policy.DataRetention)
}

// conceptDiff returns the first hit of each concept of a that b does not have.
func conceptDiff(a, b []hit) []hit {
	known := map[string]bool{}
	for _, h := range b {
		known[h.key()] = true
	}
	var out []hit
	for _, h := range a {
		if k := h.key(); !known[k] {
			known[k] = true
			out = append(out, h)
		}
	}
	return out
}

func (h hit) key() string { return string(h.category) + "\x00" + h.fact + "\x00" + h.concept }

func factLabels(lists ...[]hit) []string {
	var out []string
	for _, hits := range lists {
		for _, h := range hits {
			if h.fact != "" && !slices.Contains(out, h.fact) {
				out = append(out, h.fact)
			}
		}
	}
	return out
}

func labelled(hits []hit, label string) []hit {
	var out []hit
	for _, h := range hits {
		if h.fact == label {
			out = append(out, h)
		}
	}
	return out
}

func conceptFacts(hits []hit) []fact {
	var out []fact
	for _, h := range hits {
		out = append(out, fact{h.concept, h.concept})
	}
	return out
}

// onlyTypos reports whether every change is a word for a misspelt one.
func (r *redline) onlyTypos() bool {
	changes := r.changes()
	for _, h := range changes {
		if h.a1-h.a0 != 1 || h.b1-h.b0 != 1 || !isTypo(fold(r.old.tok(h.a0)), fold(r.new.tok(h.b0))) {
			return false
		}
	}
	return len(changes) > 0
}

// changedWords returns the folded words that changes take away and bring.
func (r *redline) changedWords() (gone, come []string) {
	for _, h := range r.changes() {
		gone = append(gone, tokenWords(r.old.s, r.old.toks[h.a0:h.a1])...)
		come = append(come, tokenWords(r.new.s, r.new.toks[h.b0:h.b1])...)
	}
	return gone, come
}
