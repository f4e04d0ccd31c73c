package diffing

import (
	"strings"

	"watcher/policy"
)

// longItem is the length in words from which a list item is cut into sentences
// like a paragraph: up to there it is one thought and read as a whole.
const longItem = 60

// pathSeparator joins the headings of a section path.
const pathSeparator = " > "

// unit is the smallest piece of a document that an edit speaks of: a heading,
// a sentence, a list item or a table row.
type unit struct {
	text    string
	key     string
	number  string // leading numbering, or the marker of the list item
	marker  string // list marker as written; only on the first unit of an item
	kind    policy.BlockKind
	heading bool
	level   int // of a heading
	section int // index into the document's sections
	block   int // running number of the block; -1 for a heading
}

// display returns the unit's text with the list marker it had on the page.
func (u *unit) display() string {
	if u.marker == "" {
		return u.text
	}
	return u.marker + " " + u.text
}

// side is one of the two documents, as units.
type side struct {
	doc    *policy.Document
	units  []unit
	paths  []string // by section
	blocks []*policy.Block
}

// splitter cuts blocks into units and remembers the blocks it has seen: most
// blocks of one side occur on the other.
type splitter struct{ seen map[blockKey][]unit }

type blockKey struct {
	kind policy.BlockKind
	text string
}

func newSplitter() *splitter { return &splitter{seen: map[blockKey][]unit{}} }

func (sp *splitter) side(doc *policy.Document) *side {
	s := &side{doc: doc, paths: sectionPaths(doc)}
	for i := range doc.Sections {
		sec := &doc.Sections[i]
		if h := clean(sec.Heading); h != "" {
			u := headingUnit(h)
			u.level, u.section = sec.Level, i
			s.units = append(s.units, u)
		}
		for j := range sec.Blocks {
			s.addBlock(sp, i, &sec.Blocks[j])
		}
	}
	return s
}

func (s *side) addBlock(sp *splitter, section int, bl *policy.Block) {
	n := len(s.blocks)
	s.blocks = append(s.blocks, bl)
	for k, u := range sp.units(bl) {
		u.section, u.block = section, n
		if k == 0 && bl.Kind == policy.Item {
			if u.marker = clean(bl.Marker); u.marker != "" {
				u.number = strings.ToLower(u.marker) + u.number
			}
		}
		s.units = append(s.units, u)
	}
}

func headingUnit(text string) unit {
	u := unit{text: text, heading: true, block: -1}
	u.key, u.number = splitKey(text, true, false)
	return u
}

func (sp *splitter) units(bl *policy.Block) []unit {
	k := blockKey{bl.Kind, bl.Text}
	us, ok := sp.seen[k]
	if !ok {
		us = splitBlock(bl)
		sp.seen[k] = us
	}
	return us
}

func splitBlock(bl *policy.Block) []unit {
	text := clean(bl.Text)
	if text == "" {
		return nil
	}
	pieces := []string{text}
	if bl.Kind == policy.Paragraph || bl.Kind == policy.Item && len(strings.Fields(text)) > longItem {
		pieces = splitSentences(text)
	}
	us := make([]unit, 0, len(pieces))
	for _, p := range pieces {
		u := unit{text: p, kind: bl.Kind}
		if u.key, u.number = splitKey(p, false, bl.Kind == policy.TableRow); u.key == "" {
			u.key = p // only punctuation: "—" in a block of its own
		}
		us = append(us, u)
	}
	return us
}

// clean makes text from outside safe to cut: valid UTF-8 without white space
// around it.
func clean(s string) string {
	return strings.TrimFunc(strings.ToValidUTF8(s, "\uFFFD"), isBlank)
}

// sectionPaths returns for each section the headings that enclose it, joined.
// A title over the whole document says nothing about where in it a text stands
// and is left out, unless there is no other heading above the text.
func sectionPaths(doc *policy.Document) []string {
	title := titleSection(doc)
	paths := make([]string, len(doc.Sections))
	var stack []int
	for i := range doc.Sections {
		sec := &doc.Sections[i]
		if sec.Heading != "" {
			for len(stack) > 0 && doc.Sections[stack[len(stack)-1]].Level >= sec.Level {
				stack = stack[:len(stack)-1]
			}
			stack = append(stack, i)
		}
		shown := stack
		if len(shown) > 1 && shown[0] == title {
			shown = shown[1:]
		}
		names := make([]string, 0, len(shown))
		for _, k := range shown[max(0, len(shown)-maxPath):] {
			names = append(names, clean(doc.Sections[k].Heading))
		}
		paths[i] = strings.Join(names, pathSeparator)
	}
	return paths
}

// maxPath is how many headings a path shows at most; HTML has six levels.
const maxPath = 6

// titleSection returns the index of the only heading of level 1 if everything
// headed stands below it, else -1.
func titleSection(doc *policy.Document) int {
	title := -1
	for i := range doc.Sections {
		sec := &doc.Sections[i]
		if sec.Heading == "" {
			continue
		}
		if sec.Level <= 1 {
			if title >= 0 {
				return -1
			}
			title = i
		} else if title < 0 {
			return -1
		}
	}
	return title
}
