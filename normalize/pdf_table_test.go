package normalize

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// put is a line of ten points at a place.
func put(left, base float64, text string) PDFLine {
	return PDFLine{Text: text, Left: left, Base: base, Size: 10, Right: left + float64(len(text))*5}
}

// TestPDFTable: cells of several lines are read cell by cell, and the head that
// is repeated where the table goes on is left out.
func TestPDFTable(t *testing.T) {
	head := func() []PDFLine {
		return []PDFLine{put(60, 710, "Cookie"), put(210, 710, "What it"), put(205, 698, "is good for"), put(400, 710, "Kept")}
	}
	var pages []PDFPage
	for range 3 {
		pages = append(pages, PDFPage{Height: 842, Lines: append(head(),
			put(50, 670, "basket"), put(200, 670, "remembers what is in"), put(200, 658, "the basket"), put(400, 670, "a day"),
			put(50, 630, "session"), put(50, 618, "(ours)"), put(200, 630, "keeps you signed in"), put(400, 630, "an hour"),
			put(400, 618, "or less"))})
	}
	pages[0].Lines = append([]PDFLine{put(50, 740, "We set these cookies, and no others, on all of our websites and in our apps:")}, pages[0].Lines...)
	const rows = "| basket | remembers what is in the basket | a day |\n| session (ours) | keeps you signed in | an hour or less |\n"
	want := "We set these cookies, and no others, on all of our websites and in our apps:\n\n" +
		"| Cookie | What it is good for | Kept |\n" + rows + rows + rows
	if diff := cmp.Diff(want, pdfText(t, pages...)); diff != "" {
		t.Error(diff)
	}
}

// TestPDFAdopted: a cell that the end of a page divides is one cell, though only
// its second half has a tag; and so are cells that the file calls paragraphs.
func TestPDFAdopted(t *testing.T) {
	tag := func(l PDFLine, role PDFRole, block, row int) PDFLine {
		l.Tag = PDFTag{Role: role, Block: block, Row: row}
		return l
	}
	got := pdfText(t,
		PDFPage{Height: 842, Lines: []PDFLine{
			tag(put(50, 200, "Logs"), PDFParagraph, 1, 0), tag(put(200, 200, "30 days"), PDFParagraph, 2, 0),
			tag(put(50, 160, "basket"), PDFCell, 3, 1), tag(put(400, 160, "a day"), PDFCell, 5, 1),
			put(200, 160, "remembers what is"),
		}},
		PDFPage{Height: 842, Lines: []PDFLine{
			tag(put(200, 760, "in the basket"), PDFCell, 4, 1), tag(put(50, 700, "That is all."), PDFParagraph, 6, 0),
		}})
	want := "| Logs | 30 days |\n| basket | remembers what is in the basket | a day |\n\nThat is all.\n"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestTextTable: cells in the same columns are rows; words that were moved apart
// to fill a line are none.
func TestTextTable(t *testing.T) {
	n, err := New(Rules{})
	if err != nil {
		t.Fatal(err)
	}
	const text = `We keep  the data  of the two
groups   below  for  as  long as
it says  there.

Orders      ten years
Letters     two years

1.  Names   of people
2.  Towns   of people
`
	d, err := n.Document(Input{Body: []byte(text), ContentType: "text/plain"})
	if err != nil {
		t.Fatal(err)
	}
	want := "We keep the data of the two\n\ngroups below for as long as\n\nit says there.\n\n| Orders | ten years |\n| Letters | two years |\n\n1. Names of people\n2. Towns of people\n"
	if diff := cmp.Diff(want, d.Text()); diff != "" {
		t.Error(diff)
	}
}
