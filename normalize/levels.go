package normalize

import "strings"

// maxLevel is the deepest heading level of HTML and Markdown.
const maxLevel = 6

// levels gives the headings without markup their levels: relative to the
// markup around them when there is some, else by numbering and order of
// appearance.
func (f *finder) levels() {
	base := f.baseLevels()
	current := 0
	for i := range f.units {
		u := &f.units[i]
		s, found := f.style[i]
		switch {
		case u.fixed && u.heading():
			current = u.level
		case !found:
		case f.marked > 0:
			u.level = clampLevel(max(current, 1) + max(s.depth, 1))
		case f.isTitle(i):
			u.level = 1
		case s.depth > 0:
			u.level = clampLevel(base.numbered + s.depth - 1)
		default:
			u.level = base.plain
			if s.name == styleItem {
				u.level++
			}
		}
	}
}

type baseLevels struct{ numbered, plain int }

// baseLevels decides whether titles stand above numbered sections or below
// them: the form that comes first is the outer one.
func (f *finder) baseLevels() baseLevels {
	for i := range f.units {
		s, found := f.style[i]
		if !found || f.isTitle(i) {
			continue
		}
		if s.depth > 0 {
			return baseLevels{numbered: 2, plain: 3}
		}
		return baseLevels{numbered: 3, plain: 2}
	}
	return baseLevels{numbered: 2, plain: 2}
}

// titleZone is how many lines at the top may repeat the document's title.
const titleZone = 8

// isTitle says whether a heading names the document: the first line, or one
// near the top that says the same.
func (f *finder) isTitle(i int) bool {
	first := f.first()
	if first < 0 || i >= titleZone || f.style[i].depth > 0 || !policyTitle.MatchString(f.units[i].text) {
		return false
	}
	a, b := key(f.units[i].text), key(f.units[first].text)
	return i == first || strings.Contains(a, b) || strings.Contains(b, a)
}

func clampLevel(n int) int { return min(max(n, 1), maxLevel) }
