package normalize

import (
	"strings"

	"watcher/policy"
)

// refine turns what a reader sees into what a reader understands: it removes
// lines that are no part of the policy, finds headings that have no markup,
// and makes items of lists that have no markers. plain is set for plain text,
// where no line has markup.
func refine(units []unit, plain bool) ([]unit, []policy.Drop) {
	if !plain {
		units = mendUnits(units)
	}
	units, drops := dropLines(units)
	for _, step := range []func([]unit) ([]unit, []policy.Drop){trimMenus, dropContents} {
		var d []policy.Drop
		units, d = step(units)
		drops = append(drops, d...)
	}
	markItems(units)
	f := newFinder(units, plain)
	f.find()
	f.levels()
	numberItems(units)
	return units, drops
}

// markItems makes items of paragraphs that begin with a list marker.
func markItems(units []unit) {
	for i := range units {
		u := &units[i]
		if u.kind != policy.Paragraph || u.heading() {
			continue
		}
		if mark, rest, ok := splitMarker(u.text); ok {
			u.kind, u.marker, u.text = policy.Item, mark, rest
		}
	}
}

// numberItems makes items of numbered paragraphs that turned out not to be
// headings.
func numberItems(units []unit) {
	for i := range units {
		u := &units[i]
		if u.kind != policy.Paragraph || u.heading() {
			continue
		}
		if m := mdNumber.FindStringSubmatch(u.text); m != nil {
			u.kind, u.marker, u.text = policy.Item, m[1], m[2]
		}
	}
}

// finder finds headings by wording and position.
type finder struct {
	units []unit
	// marked counts headings by markup.
	marked int
	// titles is set when titles without any markup may be believed: the page
	// has next to no headings otherwise.
	titles bool
	// lower is set when lines begin in lower case throughout; stops when
	// titles end in full stops as sentences do; gaps when blank lines
	// separate paragraphs.
	lower, stops, gaps bool
	// style remembers by which rule a heading was found.
	style map[int]style
}

// style is the outward form of a heading without markup.
type style struct {
	name  string
	depth int
}

// The names of the heading rules.
const (
	styleTitle    = "title"
	styleNumbered = "numbered"
	styleNamed    = "named_number"
	styleCaps     = "capitals"
	styleStrong   = "bold"
	styleItem     = "lone_item"
)

func newFinder(units []unit, plain bool) *finder {
	f := &finder{units: units, style: map[int]style{}}
	lower, stops, gaps, words := 0, 0, 0, 0
	for i := range units {
		u := &units[i]
		words += countWords(u.text)
		if u.heading() {
			f.marked++
		}
		if startsLower(u.text) {
			lower++
		}
		if strings.HasSuffix(u.text, ".") {
			stops++
		}
		if u.gap {
			gaps++
		}
	}
	n := len(units)
	f.lower = lower*10 > n*8
	f.stops = stops*10 > n*7
	f.gaps = plain && gaps*10 > n*5
	f.titles = f.marked <= 1 || words/f.marked > 700
	return f
}

// find marks headings, first by strong evidence, then by weak.
func (f *finder) find() {
	f.colonLists()
	for i := range f.units {
		if f.candidate(i) {
			f.byForm(i)
		}
	}
	if f.stops {
		f.stoppedTitles()
	}
	if f.titles && !f.stops {
		for i := range f.units {
			if f.candidate(i) {
				f.byPosition(i)
			}
		}
	}
}

func (f *finder) candidate(i int) bool {
	u := &f.units[i]
	return !u.heading() && u.kind != policy.TableRow && len(u.text) <= 200
}

func (f *finder) mark(i int, name string, depth int) {
	f.units[i].level = 1 // levels() gives the real one
	f.units[i].kind = policy.Paragraph
	f.style[i] = style{name, depth}
}

// byForm marks lines whose form says that they are headings.
func (f *finder) byForm(i int) {
	u := &f.units[i]
	text := strings.TrimRight(u.text, " .")
	depth, rest := numbering(u.text)
	if u.kind == policy.Item {
		if u.strong && f.introduces(i) && titleLike(text) && f.beforeProse(i) {
			f.mark(i, styleItem, 0)
		} else if titleLike(u.text) && countWords(u.text) <= 8 && f.alone(i) {
			f.mark(i, styleItem, 0)
		}
		return
	}
	switch {
	case upperCase(rest) && countWords(rest) <= maxTitleWords && !hasContact(rest) && f.follows(i) && letters(rest)*2 > len(rest):
		u.text = strings.TrimSuffix(u.text, ".")
		if depth > 0 {
			f.mark(i, styleNumbered, depth)
		} else {
			f.mark(i, styleCaps, 0)
		}
	case depth > 0 && namedNumber.MatchString(u.text) && countWords(u.text) <= maxTitleWords && !strings.Contains(text, ". ") && titleLike(text) && f.follows(i):
		f.mark(i, styleNamed, 1)
	case depth > 0 && f.numbered(i, rest):
		f.mark(i, styleNumbered, depth)
	case u.strong && f.bold(i, text):
		f.mark(i, styleStrong, 0)
	}
}

// numbered says whether a line with a section number is a title: short, no
// sentence, and not one of a list of numbered lines.
func (f *finder) numbered(i int, rest string) bool {
	u := &f.units[i]
	if !titleLike(strings.TrimSuffix(rest, ":")) || !f.follows(i) {
		return false
	}
	if startsLower(rest) && !f.lower && !u.strong {
		return false
	}
	short := func(k int) bool {
		if k < 0 || k >= len(f.units) {
			return false
		}
		d, _ := numbering(f.units[k].text)
		own, _ := numbering(u.text)
		return d == own && d > 0 && countWords(f.units[k].text) <= maxTitleWords
	}
	return !short(i-1) && !short(i+1) || u.strong
}

// bold says whether a line in bold type is a title.
func (f *finder) bold(i int, text string) bool {
	u := &f.units[i]
	if countWords(text) > maxTitleWords || !f.follows(i) || strings.ContainsAny(text[len(text)-min(len(text), 1):], ",;") {
		return false
	}
	if labelledDate(u.text) || hasContact(text) || f.units[i+1].strong && i > 0 && f.units[i-1].strong {
		return false
	}
	return titleLike(strings.TrimSuffix(text, ":"))
}

// follows says whether text follows that a heading could introduce.
func (f *finder) follows(i int) bool { return i+1 < len(f.units) }

// introduces says whether a paragraph follows rather than an item.
func (f *finder) introduces(i int) bool {
	return i+1 < len(f.units) && f.units[i+1].kind == policy.Paragraph
}

// beforeProse says whether the next line is a sentence.
func (f *finder) beforeProse(i int) bool {
	return i+1 < len(f.units) && f.sentence(i+1)
}

// alone says whether an item has no items beside it and a sentence below.
func (f *finder) alone(i int) bool {
	return f.introduces(i) && f.beforeProse(i) && (i == 0 || f.units[i-1].kind != policy.Item)
}

// sentence says whether a line reads as running text.
func (f *finder) sentence(i int) bool {
	u := &f.units[i]
	n := countWords(u.text)
	return n >= 10 || n >= 5 && (endsSentence(u.text) || strings.HasSuffix(u.text, ":")) || u.kind == policy.Item && n >= 3
}

// byPosition marks short lines without final punctuation that stand before
// running text.
func (f *finder) byPosition(i int) {
	u := &f.units[i]
	if u.kind != policy.Paragraph || !titleLike(u.text) || startsLower(u.text) && !f.lower || labelledDate(u.text) {
		return
	}
	run := 1
	for k := i - 1; k >= 0 && f.short(k); k-- {
		run++
	}
	next := i + 1
	for next < len(f.units) && f.short(next) {
		next++
		run++
	}
	if next >= len(f.units) {
		return
	}
	last := next == i+1 && f.beforeProse(i) && f.units[i+1].kind == policy.Paragraph || next == i+1 && f.units[i+1].heading()
	switch {
	case i == f.first() && policyTitle.MatchString(u.text):
	case run <= 2 && f.beforeProse(next-1) && f.units[next].kind == policy.Paragraph:
	case run > 2 && last && f.gaps && u.gap && !f.units[i].heading() && f.beforeProse(i):
	default:
		return
	}
	f.mark(i, styleTitle, 0)
}

// stoppedTitles marks the document's title in texts whose lines all end in full
// stops.
func (f *finder) stoppedTitles() {
	for i := range min(len(f.units), 3) {
		text := strings.TrimSuffix(f.units[i].text, ".")
		if f.candidate(i) && countWords(text) <= 6 && titleLike(text) && policyTitle.MatchString(text) {
			f.units[i].text = text
			f.mark(i, styleTitle, 0)
		}
	}
}

// first returns the index of the first line that is no date.
func (f *finder) first() int {
	for i := range f.units {
		if !dateOnly(f.units[i].text) {
			return i
		}
	}
	return -1
}

// short says whether a line could be part of a run of short lines.
func (f *finder) short(k int) bool {
	u := &f.units[k]
	return u.kind == policy.Paragraph && f.style[k].name == "" && !u.fixed && titleLike(u.text) && !labelledDate(u.text)
}

// minColonRun is how many short lines after a line that ends in a colon make a
// list; a single one may be the next title.
const minColonRun = 2

// colonLists makes items of the unmarked lines that follow a line ending in a
// colon, as in "the following categories:". The list ends at the first line
// that ends a sentence or reads as a numbered title.
func (f *finder) colonLists() {
	for i := 0; i < len(f.units); i++ {
		u := &f.units[i]
		if u.heading() || u.kind != policy.Paragraph || !strings.HasSuffix(u.text, ":") || countWords(u.text) < 4 {
			continue
		}
		end := i + 1
		for end < len(f.units) && f.listLine(end) {
			end++
		}
		if end-i-1 >= minColonRun {
			if end < len(f.units) && strings.ContainsAny(f.units[end-1].text[max(0, len(f.units[end-1].text)-6):], ";") && f.closes(end) {
				end++
			}
			for k := i + 1; k < end; k++ {
				f.units[k].kind = policy.Item
			}
			i = end - 1
		}
	}
}

// closes says whether a line ends a list whose items end in semicolons.
func (f *finder) closes(k int) bool {
	u := &f.units[k]
	return !u.heading() && u.kind == policy.Paragraph && !u.gap && strings.HasSuffix(u.text, ".") && countWords(u.text) <= 70
}

func (f *finder) listLine(k int) bool {
	u := &f.units[k]
	if u.heading() || u.kind != policy.Paragraph || u.strong || countWords(u.text) > 70 {
		return false
	}
	if depth, rest := numbering(u.text); depth > 0 && titleLike(rest) {
		return false
	}
	last := lastRune(u.text)
	return last == ';' || last == ',' || strings.HasSuffix(u.text, "; and") || strings.HasSuffix(u.text, "; or") ||
		!endsSentence(u.text) && last != ':' && !upperCase(u.text) && (startsLower(u.text) || !f.gaps && !f.titleBeforeProse(k))
}

// titleBeforeProse says whether a capitalised short line stands directly
// before a long sentence: then it is a title rather than the end of a list.
func (f *finder) titleBeforeProse(k int) bool {
	return !f.lower && titleLike(f.units[k].text) && k+1 < len(f.units) && countWords(f.units[k+1].text) >= 20
}
