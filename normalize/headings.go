package normalize

import (
	"slices"
	"strings"
	"unicode"

	"watcher/policy"
)

// maxLines is how many lines a text may have to be read closely. Real policies
// stay below 10,000; longer texts are taken as they are, in bounded time.
const maxLines = 200_000

// refine turns what a reader sees into what a reader understands: it removes
// lines that are no part of the policy, finds headings that have no markup,
// and makes items of lists that have no markers. plain is set for plain text,
// where no line has markup.
func refine(units []unit, plain bool) ([]unit, []policy.Drop) {
	if len(units) > maxLines {
		return units, nil
	}
	if !plain {
		units = mendUnits(units)
	}
	units, drops := dropLines(units)
	units, drops = leaveOut(units, drops, dropGluedMenus, trimMenus, dropContents, dropHubs, dropHub)
	markItems(units)
	f := newFinder(units, plain)
	f.find()
	f.levels()
	numberItems(units)
	if plain {
		return units, drops
	}
	return leaveOut(units, drops, dropLabels, dropNames)
}

// leaveOut takes steps that leave lines out, one after the other.
func leaveOut(units []unit, drops []policy.Drop, steps ...func([]unit) ([]unit, []policy.Drop)) ([]unit, []policy.Drop) {
	for _, step := range steps {
		var d []policy.Drop
		units, d = step(units)
		drops = append(drops, d...)
	}
	return units, drops
}

// maxLabelWords bounds the lines that dropLabels takes for labels.
const maxLabelWords = 4

// dropLabels leaves out the labels above the first heading: names of products,
// states of services and buttons that come and go with the site around the
// policy. What has a digit (a date, a version) or ends like a sentence stays.
func dropLabels(units []unit) ([]unit, []policy.Drop) {
	first := slices.IndexFunc(units, unit.heading)
	if first <= 0 {
		return units, nil
	}
	var drops []policy.Drop
	out := units[:0:0]
	for i, u := range units[:first] {
		if u.kind != policy.TableRow && countWords(u.text) <= maxLabelWords && !endsSentence(u.text) && !strings.ContainsFunc(u.text, unicode.IsDigit) && !labelledDate(u.text) {
			drops = append(drops, lineDrop("label", i, units[i:i+1]))
			continue
		}
		out = append(out, u)
	}
	if len(drops) == 0 {
		return units, nil
	}
	return append(out, units[first:]...), drops
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
	// shorts remembers the answers of short: 0 unknown, 1 yes, 2 no.
	shorts []int8
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
	f := &finder{units: units, style: map[int]style{}, shorts: make([]int8, len(units))}
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
	return !u.heading() && !u.laid && u.kind != policy.TableRow && len(u.text) <= 200
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
		if u.strong && f.introduces(i) && titleLike(u.text) && f.beforeProse(i) {
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

// maxRun is how far a run of short lines is followed in each direction: two
// may be a title and a subtitle, more are a list.
const maxRun = 3

// byPosition marks short lines without final punctuation that stand before
// running text.
func (f *finder) byPosition(i int) {
	u := &f.units[i]
	if !f.short(i) || startsLower(u.text) && !f.lower {
		return
	}
	run := 1
	for k := i - 1; k >= 0 && i-k <= maxRun && f.short(k); k-- {
		run++
	}
	next := i + 1
	for next < len(f.units) && next-i <= maxRun && f.short(next) {
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
	if f.shorts[k] == 0 {
		f.shorts[k] = 2
		if !u.laid && titleLike(u.text) && !labelledDate(u.text) {
			f.shorts[k] = 1
		}
	}
	return f.shorts[k] == 1 && u.kind == policy.Paragraph && f.style[k].name == "" && !u.fixed
}
