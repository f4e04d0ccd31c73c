package normalize

import (
	"fmt"

	"watcher/policy"
)

// PDFText returns the pages of a PDF as they are laid out. It is handed in:
// reading a PDF needs a process of its own.
type PDFText func(body []byte) ([]PDFPage, error)

// PDFPage is a page as it is laid out. Lengths are in points (1/72 inch), from
// the lower left corner.
type PDFPage struct {
	Height float64 `json:"height,omitempty"`
	// Lines stand in the order in which they are read.
	Lines []PDFLine `json:"lines,omitempty"`
}

// PDFLine is a line of a page, or the part of one that lies in a column.
type PDFLine struct {
	// Text has a tab between cells, where wide gaps part them.
	Text string `json:"text"`
	// Stops are the left edges of the cells, Left that of the first.
	Stops []float64 `json:"stops,omitempty"`
	Left  float64   `json:"left"`
	Right float64   `json:"right"`
	// Base is the height of the base line.
	Base float64 `json:"base"`
	Size float64 `json:"size"`
	Bold bool    `json:"bold,omitempty"`
	// Tag is what the file says of the line, the zero value when it says nothing.
	Tag PDFTag `json:"tag,omitzero"`
}

// PDFRole is what a tagged piece of text is.
type PDFRole string

// The roles that are told apart.
const (
	PDFParagraph PDFRole = "p"
	PDFHeading   PDFRole = "h"
	PDFItem      PDFRole = "li"
	PDFMarker    PDFRole = "lbl"
	PDFCell      PDFRole = "cell"
	// PDFArtifact is text beside the document's own: headers, footers, numbers.
	PDFArtifact PDFRole = "artifact"
)

// PDFTag names the element of the file's structure that a line belongs to.
type PDFTag struct {
	Role PDFRole `json:"role,omitempty"`
	// Block numbers the elements from 1. Lines of one block are one paragraph,
	// also over the end of a page.
	Block int `json:"block,omitempty"`
	// Row is common to the cells of a table row.
	Row int `json:"row,omitempty"`
	// Level is that of a heading, from 1, and the depth of an item, from 0.
	Level int `json:"level,omitempty"`
}

// WithPDF returns a normaliser that reads PDF files by f.
func (n *Normalizer) WithPDF(f PDFText) *Normalizer {
	with := *n
	with.pdfText = f
	return &with
}

// pdf makes the document of a PDF. What the file says of itself (its title,
// its dates) is no part of what a reader sees, and is not read.
func (n *Normalizer) pdf(in Input) (policy.Document, error) {
	pages, err := n.pdfText(in.Body)
	if err != nil {
		return policy.Document{}, fmt.Errorf("%w: %w", ErrUnsupported, err)
	}
	for i := range pages {
		pages[i].Lines = cleanPDFLines(pages[i].Lines)
	}
	full := fullText(looseUnits(pages))
	pages, drops := withoutFurniture(pages)
	var units []unit
	if tagged(pages) {
		units = taggedUnits(pages)
	} else {
		units = laidUnits(pages)
	}
	doc := policy.Document{Full: full, Dropped: drops}
	n.finish(&doc, units, units, in, true)
	return doc, nil
}

// cleanPDFLines cleans the text of lines, cell by cell, and drops what has none.
func cleanPDFLines(lines []PDFLine) []PDFLine {
	out := lines[:0:0]
	for _, l := range lines {
		if l.Text = cleanCells(l.Text); l.Text != "" {
			out = append(out, l)
		}
	}
	return out
}

// looseUnits returns every line as a unit: all that is on the pages.
func looseUnits(pages []PDFPage) []unit {
	var out []unit
	for _, p := range pages {
		for _, l := range p.Lines {
			out = append(out, unit{kind: policy.Paragraph, text: oneCell(l.Text)})
		}
	}
	return out
}
