package normalize

import (
	"encoding/xml"
	"strconv"
	"strings"
)

// docxNum names a list and a level in it; list 0 is none.
type docxNum struct{ list, level int }

// docxStyle is what a paragraph style says.
type docxStyle struct {
	based string
	level int
	num   docxNum
}

// maxBased is how many styles deep one may be based on others.
const maxBased = 10

// docxStyles reads the styles of a document: which are headings, and which
// belong to a list. A part that cannot be read says nothing.
func docxStyles(data []byte) map[string]docxStyle {
	type val struct {
		Val string `xml:"val,attr"`
	}
	var file struct {
		Style []struct {
			ID      string `xml:"styleId,attr"`
			Name    val    `xml:"name"`
			BasedOn val    `xml:"basedOn"`
			PPr     struct {
				Outline *val `xml:"outlineLvl"`
				Num     struct {
					Level val `xml:"ilvl"`
					ID    val `xml:"numId"`
				} `xml:"numPr"`
			} `xml:"pPr"`
		} `xml:"style"`
	}
	out := map[string]docxStyle{}
	if xml.Unmarshal(data, &file) != nil {
		return out
	}
	for _, s := range file.Style {
		st := docxStyle{based: s.BasedOn.Val, num: docxNum{atoi(s.PPr.Num.ID.Val), atoi(s.PPr.Num.Level.Val)}}
		if st.level = styleLevel(s.Name.Val); st.level == 0 {
			st.level = styleLevel(s.ID)
		}
		if o := s.PPr.Outline; o != nil && st.level == 0 {
			if n, err := strconv.Atoi(o.Val); err == nil && n >= 0 && n < maxLevel {
				st.level = n + 1
			}
		}
		out[s.ID] = st
	}
	return out
}

// atoi reads a number between 0 and a million, 0 for anything else.
func atoi(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 || n > 1e6 {
		return 0
	}
	return n
}

// resolveStyle returns what a style says, by itself or by those it is based on.
func resolveStyle(styles map[string]docxStyle, id string) docxStyle {
	out := docxStyle{}
	for range maxBased {
		s, ok := styles[id]
		if !ok {
			break
		}
		if out.level == 0 {
			out.level = s.level
		}
		if out.num.list == 0 {
			out.num = s.num
		}
		id = s.based
	}
	return out
}

// docxLevel is how the items of one level of a list are numbered.
type docxLevel struct {
	format, text string
	start        int
}

// docxLists numbers the items of lists as Word does.
type docxLists struct {
	levels map[int]map[int]docxLevel
	// counts are the numbers reached, by list and level.
	counts map[int]*[9]int
}

// newDocxLists reads the numbering of a document. A part that cannot be read
// leaves every list with bullets.
func newDocxLists(data []byte) *docxLists {
	type val struct {
		Val string `xml:"val,attr"`
	}
	var file struct {
		Abstract []struct {
			ID    string `xml:"abstractNumId,attr"`
			Level []struct {
				Level  string `xml:"ilvl,attr"`
				Start  val    `xml:"start"`
				Format val    `xml:"numFmt"`
				Text   val    `xml:"lvlText"`
			} `xml:"lvl"`
		} `xml:"abstractNum"`
		Num []struct {
			ID       string `xml:"numId,attr"`
			Abstract val    `xml:"abstractNumId"`
		} `xml:"num"`
	}
	l := &docxLists{levels: map[int]map[int]docxLevel{}, counts: map[int]*[9]int{}}
	if xml.Unmarshal(data, &file) != nil {
		return l
	}
	abstract := map[string]map[int]docxLevel{}
	for _, a := range file.Abstract {
		levels := map[int]docxLevel{}
		for _, x := range a.Level {
			levels[atoi(x.Level)] = docxLevel{format: x.Format.Val, text: x.Text.Val, start: max(atoi(x.Start.Val), 1)}
		}
		abstract[a.ID] = levels
	}
	for _, n := range file.Num {
		l.levels[atoi(n.ID)] = abstract[n.Abstract.Val]
	}
	return l
}

// marker counts an item and returns its marker, "" for a bullet.
func (l *docxLists) marker(n docxNum) string {
	level := min(n.level, 8)
	counts := l.counts[n.list]
	if counts == nil {
		counts = &[9]int{}
		l.counts[n.list] = counts
	}
	def, ok := l.levels[n.list][level]
	if counts[level] == 0 {
		counts[level] = max(def.start, 1)
	} else {
		counts[level]++
	}
	for deeper := level + 1; deeper < len(counts); deeper++ {
		counts[deeper] = 0
	}
	if !ok || def.format == "bullet" || def.format == "none" || def.format == "" {
		return ""
	}
	mark := def.text
	for k := range level + 1 {
		shown := l.levels[n.list][k]
		mark = strings.ReplaceAll(mark, "%"+strconv.Itoa(k+1), ordinalAs(shown.format, max(counts[k], 1)))
	}
	return clean(mark)
}

// ordinalAs writes a number in a format of Word's.
func ordinalAs(format string, n int) string {
	switch format {
	case "lowerLetter":
		return listLetter(n)
	case "upperLetter":
		return strings.ToUpper(listLetter(n))
	case "lowerRoman":
		return roman(n)
	case "upperRoman":
		return strings.ToUpper(roman(n))
	case "decimalZero":
		if n < 10 {
			return "0" + strconv.Itoa(n)
		}
	}
	return strconv.Itoa(n)
}

// listLetter is a for 1, z for 26, aa for 27.
func listLetter(n int) string {
	n--
	return strings.Repeat(string(rune('a'+n%26)), min(n/26, 8)+1)
}
