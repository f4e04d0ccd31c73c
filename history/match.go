package history

import (
	"strings"
	"unicode/utf8"

	"watcher/policy"
)

// What counts for the order of results of one kind.
const (
	scorePhrase  = 100 // the words stand in the text as they stand in the query
	scoreBlock   = 50  // they stand in one paragraph
	scoreHeading = 20  // a word stands in a heading, for each
	maxCount     = 20  // further paragraphs count one each, up to here
)

// match is what was found in a text.
type match struct {
	score   int
	hits    int
	section string
	snippet string
}

// matcher looks through the parts of one text. Its zero value with the terms set
// is ready.
type matcher struct {
	terms
	seen  uint32 // the terms found so far, a bit each: there are at most 16
	best  int    // value of the part that is shown
	text  string // that part, and its section's place
	place int
	at    int // where in it, folded
	match match
}

// part looks at a heading or block. Its value is how much of the query it holds.
func (m *matcher) part(text string, place int, heading bool) {
	folded := fold(text)
	value, first, count := 0, -1, 0
	for i, t := range m.list {
		at := t.find(folded)
		if at < 0 {
			continue
		}
		m.seen |= 1 << i
		count++
		if first < 0 || at < first {
			first = at
		}
	}
	if count == 0 {
		return
	}
	value = count
	if count == len(m.list) {
		value += scoreBlock
		if m.whole != "" {
			if at := (term{m.whole, false}).find(folded); at >= 0 {
				value, first = value+scorePhrase, at
			}
		}
	}
	if heading {
		m.match.score += scoreHeading * count
	}
	m.match.hits++
	if value > m.best {
		m.best, m.text, m.place, m.at = value, text, place, first
	}
}

// done returns the match, if the text holds all terms.
func (m *matcher) done() (match, bool) {
	if m.seen != 1<<len(m.list)-1 {
		return match{}, false
	}
	m.match.score += m.best + min(m.match.hits, maxCount)
	m.match.snippet = snippet(m.text, m.at)
	return m.match, true
}

func matchDocument(q terms, d policy.Document) (match, bool) {
	m := matcher{terms: q}
	for i, s := range d.Sections {
		if s.Heading != "" {
			m.part(s.Heading, i, true)
		}
		for _, b := range s.Blocks {
			m.part(b.Text, i, false)
		}
	}
	found, ok := m.done()
	if ok {
		found.section = strings.Join(d.Path(m.place), " > ")
	}
	return found, ok
}

// matchEdit looks for the terms in one side of an edit.
func matchEdit(q terms, text string) (match, bool) {
	m := matcher{terms: q}
	m.part(text, 0, false)
	return m.done()
}

// snippetLen is the length of a snippet, in bytes of the text.
const snippetLen = 240

// snippet cuts the part of a text around a place of its folded form.
func snippet(text string, folded int) string {
	_, at := foldMapped(text)
	hit := at[min(folded, len(at)-1)]
	from, to := max(0, hit-snippetLen/3), len(text)
	if to-from > snippetLen {
		to = from + snippetLen
	} else {
		from = max(0, to-snippetLen)
	}
	for from > 0 && !utf8.RuneStart(text[from]) {
		from--
	}
	for to < len(text) && !utf8.RuneStart(text[to]) {
		to++
	}
	return ellipsis(from > 0, text[from:to], to < len(text))
}

// ellipsis takes halves of words off the ends that were cut and marks them.
func ellipsis(begun bool, cut string, more bool) string {
	if begun {
		if i := strings.IndexByte(cut[:min(len(cut), 40)], ' '); i >= 0 {
			cut = cut[i+1:]
		}
		cut = "…" + cut
	}
	if more {
		if i := strings.LastIndexByte(cut, ' '); i > len(cut)-40 && i > 0 {
			cut = cut[:i]
		}
		cut += "…"
	}
	return strings.Join(strings.Fields(cut), " ")
}
