package normalize

import (
	"strings"

	"watcher/policy"
)

// withoutNotices returns the units that no archive put there.
func withoutNotices(units []unit) []unit {
	return keptLines(units, func(int, string) {})
}

// The figures that make menu noise certain.
const (
	// minMenu is how many lines a menu at either end has at least.
	minMenu = 8
	// maxTail is the part of the words, in percent, that may stand below the
	// menu at the bottom.
	maxTail = 10
	// density is how near to each other the first two sentences of a policy
	// are, in lines.
	density = 8
)

// trimMenus removes runs of short lines without sentences before the first and
// after the last content of a policy: the menus of a page that was copied as
// text. It acts only on long runs that also hold an echo: a line made of those
// that follow it, as nested menus leave it, or a line seen in the other menu.
func trimMenus(units []unit) ([]unit, []policy.Drop) {
	var drops []policy.Drop
	start := contentStart(units)
	if start >= minMenu && echoes(units[:start]) > 0 {
		drops = append(drops, lineDrop("menu_lines", 0, units[:start]))
	} else {
		start = 0
	}
	top := map[string]bool{}
	for _, u := range units[:start] {
		top[compact(u.text)] = true
	}
	end := contentEnd(units[start:], top) + start
	if end < len(units) {
		drops = append(drops, lineDrop("menu_lines", end, units[end:]))
	}
	return units[start:end], drops
}

// contentStart returns the index of the first line of the policy: the first of
// two neighbouring sentences, with the titles and dates above it.
func contentStart(units []unit) int {
	first := -1
	for i := range units {
		if units[i].fixed {
			return 0 // headings in markup: pruning has seen the structure
		}
		if prose(units[i].text) && !echo(units, i) {
			if first >= 0 && i-first <= density {
				break
			}
			first = i
		}
	}
	if first < 0 {
		return 0
	}
	for first > 0 && leadsIn(units[first-1].text) {
		first--
	}
	return first
}

// leadsIn says whether a line above the first sentence belongs to the policy.
func leadsIn(s string) bool {
	return countWords(s) <= maxTitleWords && !glued(s) &&
		(policyTitle.MatchString(s) || loneNumber.MatchString(s) || labelledDate(s) || dateOnly(s) || upperCase(s) || sectionNumber.MatchString(s))
}

// contentEnd returns the index after the last line of the policy.
func contentEnd(units []unit, top map[string]bool) int {
	words, total := 0, 0
	for i := range units {
		total += countWords(units[i].text)
		if units[i].fixed {
			return len(units)
		}
	}
	end := len(units)
	for i := len(units) - 1; i > 0; {
		if !menuLine(units, i) {
			words += countWords(units[i].text)
			if words*100 > total*maxTail {
				break
			}
			i--
			continue
		}
		from := i
		for from > 0 && menuLine(units, from-1) {
			from--
		}
		if i-from+1 >= minMenu && (known(units[from:i+1], top) >= 3 || echoes(units[from:i+1]) > 0) {
			end = from
		}
		i = from - 1
	}
	return end
}

func known(units []unit, top map[string]bool) int {
	n := 0
	for _, u := range units {
		if top[compact(u.text)] {
			n++
		}
	}
	return n
}

// menuLine says whether a line could be an entry of a menu.
func menuLine(units []unit, i int) bool {
	u := &units[i]
	if u.kind == policy.TableRow || hasContact(u.text) || u.kind == policy.Item {
		return false
	}
	return countWords(u.text) <= 8 && !strings.HasSuffix(u.text, ";") && u.marker == "" || glued(u.text) || echo(units, i)
}

// echoes counts the lines that are made of those that follow them.
func echoes(units []unit) int {
	n := 0
	for i := range units {
		if echo(units, i) {
			n++
		}
	}
	return n
}

// echo says whether a line begins or ends with the lines after it run together,
// as the text of a nested menu does.
func echo(units []unit, i int) bool {
	if i+2 >= len(units) {
		return false
	}
	a, b := units[i+1].text, units[i+2].text
	if len(units[i].text) <= len(a)+len(b)-4 || len(a) < 3 || len(b) < 3 || len(a)+len(b) > 400 {
		return false
	}
	whole, joined := compact(clip(units[i].text, 8000)), compact(a)+compact(b)
	if strings.Contains(whole, joined) && len(joined) >= 8 {
		return true
	}
	return false
}

// minContents is how many entries a table of contents has at least.
const minContents = 4

// dropContents removes tables of contents: runs of short lines most of which
// come again below as lines of their own, namely as headings.
func dropContents(units []unit) ([]unit, []policy.Drop) {
	var last map[string]int
	entry := func(i int) bool {
		return !units[i].fixed && units[i].kind != policy.TableRow && len(units[i].text) <= 200 && countWords(units[i].text) <= 16 && !endsSentence(units[i].text)
	}
	for i := 0; i < len(units); i++ {
		if !entry(i) {
			continue
		}
		end := i
		for end < len(units) && (entry(end) || echo(units, end)) {
			end++
		}
		if end-i < minContents {
			i = end
			continue
		}
		if last == nil {
			last = lastPlaces(units)
		}
		if from, to, ok := contents(units, last, i, end); ok {
			drop := lineDrop("toc", from, units[from:to])
			return append(units[:from:from], units[to:]...), []policy.Drop{drop}
		}
		i = end
	}
	return units, nil
}

// lastPlaces returns where each short line stands last, by its key.
func lastPlaces(units []unit) map[string]int {
	last := make(map[string]int, len(units))
	for i := range units {
		if len(units[i].text) <= 200 {
			last[key(units[i].text)] = i
		}
	}
	return last
}

// contents finds the entries of a table of contents within a run of short
// lines: from the first to the last that comes again after the run.
func contents(units []unit, last map[string]int, start, end int) (from, to int, ok bool) {
	from, hits := -1, 0
	for i := start; i < end; i++ {
		k := key(units[i].text)
		if len(k) >= 4 && last[k] >= end {
			if from < 0 {
				from = i
			}
			to = i + 1
			hits++
		}
	}
	return from, to, hits >= minContents && hits*10 >= (to-from)*6
}
