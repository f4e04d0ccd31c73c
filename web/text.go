package web

import (
	"fmt"
	"strings"

	"watcher/policy"
)

// textView is a document as a page shows it.
type textView struct {
	Lang     string
	Contents []contentsEntry
	Sections []sectionView
}

// contentsEntry is a line of the table of contents.
type contentsEntry struct{ Anchor, Heading, Class string }

// sectionView is a heading and what stands below it. Level is that of the HTML
// element, 3 to 6: h1 and h2 are the page's own.
type sectionView struct {
	Anchor  string
	Heading string
	Level   int
	Parts   []partView
}

// partView is one paragraph, or a run of list items, or a run of table rows:
// exactly one of its fields is set.
type partView struct {
	Paragraph []inline
	Items     []itemView
	Rows      [][]string
}

// itemView is a list item. Class indents it.
type itemView struct {
	Marker, Class string
	Text          []inline
}

// inline is a run of text; Href is set when it was a hyperlink.
type inline struct{ Text, Href string }

// maxDepth is the deepest indentation that the stylesheet knows; maxMisses
// bounds the links of a block whose words are looked for in vain.
const (
	maxDepth  = 5
	maxMisses = 32
)

// viewText arranges a document for a page.
func viewText(doc policy.Document) textView {
	view := textView{Lang: langTag(doc.Lang)}
	for i, sec := range doc.Sections {
		sv := sectionView{
			Anchor: fmt.Sprintf("s%d", i+1), Heading: sec.Heading, Level: min(max(sec.Level, 1)+2, 6),
			Parts: partsOf(sec.Blocks),
		}
		if sec.Heading != "" {
			view.Contents = append(view.Contents, contentsEntry{
				Anchor: sv.Anchor, Heading: sec.Heading, Class: fmt.Sprintf("d%d", min(max(sec.Level-1, 0), maxDepth)),
			})
		}
		view.Sections = append(view.Sections, sv)
	}
	return view
}

// partsOf joins neighbouring items into lists and rows into tables.
func partsOf(blocks []policy.Block) []partView {
	var parts []partView
	for i, bl := range blocks {
		follows := i > 0 && blocks[i-1].Kind == bl.Kind
		switch bl.Kind {
		case policy.Item:
			if !follows {
				parts = append(parts, partView{})
			}
			last := &parts[len(parts)-1]
			last.Items = append(last.Items, viewItem(bl))
		case policy.TableRow:
			if !follows {
				parts = append(parts, partView{})
			}
			last := &parts[len(parts)-1]
			last.Rows = append(last.Rows, strings.Split(bl.Text, policy.CellSeparator))
		default:
			parts = append(parts, partView{Paragraph: inlines(bl)})
		}
	}
	return parts
}

func viewItem(bl policy.Block) itemView {
	marker := bl.Marker
	if marker == "" {
		marker = "•"
	}
	return itemView{Marker: marker, Class: fmt.Sprintf("d%d", min(max(bl.Depth, 0), maxDepth)), Text: inlines(bl)}
}

// inlines puts the links of a block back at their words. Blocks hold links
// without positions, in order: each is looked for behind the one before, and
// one whose words are not found, or whose target is not http or https, stays
// plain text. The search ends after maxMisses, for each one reads the rest of
// the block.
func inlines(bl policy.Block) []inline {
	var runs []inline
	rest, misses := bl.Text, 0
	for _, l := range bl.Links {
		href := foreignURL(l.URL).Href
		if href == "" || l.Text == "" {
			continue
		}
		if misses == maxMisses {
			break
		}
		before, after, found := strings.Cut(rest, l.Text)
		if !found {
			misses++
			continue
		}
		if before != "" {
			runs = append(runs, inline{Text: before})
		}
		runs = append(runs, inline{Text: l.Text, Href: href})
		rest = after
	}
	if rest != "" {
		runs = append(runs, inline{Text: rest})
	}
	return runs
}
