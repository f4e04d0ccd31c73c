package normalize

import (
	"strings"

	"watcher/policy"
)

// unit is one line that a reader sees: a heading, paragraph, list item or
// table row, before it is known which of them it is for certain.
type unit struct {
	kind   policy.BlockKind
	text   string
	marker string
	depth  int
	links  []policy.Link
	// level is the heading level, 0 for what is no heading. Markup gives it
	// first (fixed), wording later.
	level int
	fixed bool
	// strong is set when the whole text is bold or the label of an accordion.
	strong bool
	// laid is set when breaks lay out the text in lines, as in an address: it is
	// no title.
	laid bool
	// gap is set when a blank line stood before the text.
	gap bool
	// late is set when links that stand behind the text were added to its own.
	late bool
}

func (u unit) heading() bool { return u.level > 0 }

// sections builds the flat list of sections. Text before the first heading
// forms a section of level 0.
func sections(units []unit) []policy.Section {
	headings := 0
	for i := range units {
		if units[i].heading() {
			headings++
		}
	}
	var out []policy.Section
	if len(units) > 0 {
		out = make([]policy.Section, 0, headings+1)
	}
	blocks := make([]policy.Block, 0, len(units)-headings) // of all sections, one after the other
	for i := range units {
		u := &units[i]
		if u.heading() {
			out = append(out, policy.Section{Heading: u.text, Level: u.level})
			continue
		}
		if len(out) == 0 {
			out = append(out, policy.Section{})
		}
		blocks = append(blocks, policy.Block{Kind: u.kind, Text: u.text, Marker: u.marker, Depth: u.depth, Links: u.links})
		s := &out[len(out)-1]
		s.Blocks = blocks[len(blocks)-1-len(s.Blocks) : len(blocks) : len(blocks)]
	}
	return out
}

// fullText returns the units one per line.
func fullText(units []unit) string {
	size := 0
	for i := range units {
		size += len(units[i].marker) + len(" ") + len(units[i].text) + len("\n")
	}
	var b strings.Builder
	b.Grow(size)
	for i := range units {
		u := &units[i]
		if u.marker != "" {
			b.WriteString(u.marker)
			b.WriteByte(' ')
		}
		b.WriteString(u.text)
		b.WriteByte('\n')
	}
	return b.String()
}
