package policy

import (
	"strings"
)

// Document is the normalised text of a capture. It is a pure function of the
// capture's bytes, the normaliser and the policy's selectors.
type Document struct {
	// Normalizer identifies the code, ruleset and selectors that made the
	// document; documents of different normalisers are not compared directly.
	Normalizer string `json:"normalizer"`
	Title      string `json:"title,omitempty"`
	// Lang is a BCP 47 primary subtag such as "en", or "" when unknown.
	Lang     string    `json:"lang,omitempty"`
	Sections []Section `json:"sections"`
	Dates    []Date    `json:"dates,omitempty"`
	// Full is all visible text, one block per line: the evidence beside the
	// policy text, and the fallback when the choice of main content fails.
	Full string `json:"full,omitempty"`
	// Dropped tells which parts of the page were left out of the sections and
	// by which rule, for "watcher explain".
	Dropped []Drop `json:"dropped,omitempty"`
}

// Section is a heading with the blocks below it. Sections are a flat list in
// document order; Level gives the tree. The text before the first heading is a
// section of level 0 with an empty heading.
type Section struct {
	Heading string  `json:"heading"`
	Level   int     `json:"level"`
	Blocks  []Block `json:"blocks"`
}

// BlockKind is the shape of a block.
type BlockKind string

// The block kinds. A table contributes one block per row, its cells joined by
// CellSeparator.
const (
	Paragraph BlockKind = "paragraph"
	Item      BlockKind = "item"
	TableRow  BlockKind = "table"
)

// CellSeparator joins the cells of a table row in Block.Text.
const CellSeparator = " | "

// Block is a paragraph, list item or table row.
type Block struct {
	Kind BlockKind `json:"kind"`
	Text string    `json:"text"`
	// Marker is the list marker as written ("•" is left out: "3.", "(a)"), and
	// Depth the nesting of a list item, from 0.
	Marker     string     `json:"marker,omitempty"`
	Depth      int        `json:"depth,omitempty"`
	Links      []Link     `json:"links,omitempty"`
	Categories []Category `json:"categories,omitempty"`
}

// Link is a hyperlink in a block. Targets are a channel of their own: they are
// no part of the text and of its digest.
type Link struct {
	Text string `json:"text"`
	URL  string `json:"url"`
}

// Drop is a part of the page that the normaliser left out.
type Drop struct {
	Rule    string `json:"rule"`
	Path    string `json:"path"`
	Words   int    `json:"words"`
	Excerpt string `json:"excerpt,omitempty"`
}

// Category is one of the ten practice categories of OPP-115 (Wilson et al.,
// "The Creation and Analysis of a Website Privacy Policy Corpus", ACL 2016).
type Category string

// The categories.
const (
	FirstPartyCollection           Category = "first_party_collection"
	ThirdPartySharing              Category = "third_party_sharing"
	UserChoice                     Category = "user_choice"
	UserAccess                     Category = "user_access"
	DataRetention                  Category = "data_retention"
	DataSecurity                   Category = "data_security"
	PolicyChange                   Category = "policy_change"
	DoNotTrack                     Category = "do_not_track"
	InternationalSpecificAudiences Category = "international_specific_audiences"
	OtherCategory                  Category = "other"
)

// Categories returns all categories in the order of the taxonomy.
func Categories() []Category {
	return []Category{
		FirstPartyCollection, ThirdPartySharing, UserChoice, UserAccess, DataRetention,
		DataSecurity, PolicyChange, DoNotTrack, InternationalSpecificAudiences, OtherCategory,
	}
}

// Text returns the policy text as Markdown: the text that versions are made
// of, that "watcher show" prints and that the version's digest is taken over.
// Link targets are not in it.
func (d Document) Text() string {
	var b strings.Builder
	for i, s := range d.Sections {
		if i > 0 && (s.Heading != "" || len(s.Blocks) > 0) && b.Len() > 0 {
			b.WriteByte('\n')
		}
		s.write(&b)
	}
	return b.String()
}

func (s Section) write(b *strings.Builder) {
	if s.Heading != "" {
		b.WriteString(strings.Repeat("#", min(max(s.Level, 1), 6)))
		b.WriteByte(' ')
		b.WriteString(s.Heading)
		b.WriteByte('\n')
	}
	for i, bl := range s.Blocks {
		if i > 0 || s.Heading != "" {
			if i == 0 || bl.Kind == Paragraph || s.Blocks[i-1].Kind != bl.Kind {
				b.WriteByte('\n')
			}
		}
		bl.write(b)
	}
}

func (bl Block) write(b *strings.Builder) {
	switch bl.Kind {
	case Item:
		b.WriteString(strings.Repeat("  ", bl.Depth))
		if bl.Marker != "" {
			b.WriteString(bl.Marker)
		} else {
			b.WriteByte('-')
		}
		b.WriteByte(' ')
		b.WriteString(bl.Text)
	case TableRow:
		b.WriteString("| ")
		b.WriteString(bl.Text)
		b.WriteString(" |")
	case Paragraph:
		b.WriteString(bl.Text)
	}
	b.WriteByte('\n')
}

// Digest returns the SHA-256 of Text.
func (d Document) Digest() Digest { return Sum([]byte(d.Text())) }

// Words counts the words of headings and blocks, separated by white space.
func (d Document) Words() int {
	n := 0
	for _, s := range d.Sections {
		n += CountWords(s.Heading)
		for _, bl := range s.Blocks {
			n += CountWords(bl.Text)
		}
	}
	return n
}

// Path returns the headings that enclose section i, outermost first and its
// own included. Sections without a heading add nothing.
func (d Document) Path(i int) []string {
	var rev []string
	level := 1 << 30
	for ; i >= 0; i-- {
		s := d.Sections[i]
		if s.Heading == "" || s.Level >= level {
			continue
		}
		rev = append(rev, s.Heading)
		if level = s.Level; level <= 1 {
			break
		}
	}
	for a, b := 0, len(rev)-1; a < b; a, b = a+1, b-1 {
		rev[a], rev[b] = rev[b], rev[a]
	}
	return rev
}
