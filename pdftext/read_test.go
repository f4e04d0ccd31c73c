package pdftext

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// linesOf reads a file and returns all its lines.
func linesOf(t *testing.T, body []byte) []string {
	t.Helper()
	pages, err := read(body)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, p := range texts(pages) {
		out = append(out, p...)
	}
	return out
}

// TestRead: what programs do with texts.
func TestRead(t *testing.T) {
	for name, tc := range map[string]struct {
		content string
		want    []string
	}{
		"kerned":           {"BT /F1 10 Tf 50 700 Td [(W) 80 (e k) -20 (eep) -278 (data)] TJ ET", []string{"We keep data"}},
		"letter by letter": {"BT /F1 10 Tf 3 Tc 50 700 Td (PRIVACY) Tj ET", []string{"PRIVACY"}},
		"set apart":        {"BT /F1 10 Tf 50 700 Td (P R I V A C Y  P O L I C Y) Tj ET", []string{"PRIVACY POLICY"}},
		"word spacing":     {"BT /F1 10 Tf 4 Tw 50 700 Td (We keep data) Tj ET", []string{"We keep data"}},
		"no spaces":        {"BT /F1 10 Tf 50 700 Td (We) Tj 18 0 Td (keep) Tj 26 0 Td (data) Tj ET", []string{"We keep data"}},
		"bottom first":     {"BT /F1 10 Tf 50 100 Td (last) Tj 0 14 Td (fourth) Tj 0 14 Td (third) Tj 0 14 Td (second) Tj 0 14 Td (first) Tj 0 14 Td (title) Tj ET", []string{"title", "first", "second", "third", "fourth", "last"}},
		"drawn twice":      {"BT /F1 10 Tf 50 700 Td (Bold) Tj .3 0 Td (Bold) Tj ET", []string{"Bold"}},
		"next line":        {"BT /F1 10 Tf 12 TL 50 700 Td (one) Tj (two) ' 0 0 (three) \" ET", []string{"one", "two", "three"}},
		"raised":           {"BT /F1 10 Tf 50 700 Td (notes) Tj /F1 6 Tf 4 Ts (1) Tj 0 Ts /F1 10 Tf ( here) Tj ET", []string{"notes1 here"}},
		"scaled":           {"q 2 0 0 2 10 10 cm BT /F1 5 Tf 50 300 Td (large) Tj ET Q BT /F1 10 Tf 50 500 Td (small) Tj ET", []string{"large", "small"}},
		"cells":            {"BT /F1 10 Tf 50 700 Td (Data) Tj 200 0 Td (Kept for) Tj ET", []string{"Data\tKept for"}},
		"turned":           {"BT /F1 10 Tf 50 700 Td (level) Tj 0 1 -1 0 20 300 Tm (margin) Tj ET", []string{"level", "margin"}},
		"in a form":        {"q 1 0 0 1 0 100 cm /Fm Do Q BT /F1 10 Tf 50 300 Td (below) Tj ET", []string{"inside", "below"}},
		"no operands":      {"Tf Td Tj TJ Tm cm Do BDC EMC Q Q ET BT /F1 10 Tf 50 700 Td (still) Tj ET", []string{"still"}},
		"beside":           {"BT /F1 10 Tf -900 700 Td (unseen) Tj 950 0 Td (seen) Tj ET", []string{"seen"}},
		"an unknown font":  {"BT /F9 10 Tf 50 700 Td (plain) Tj ET", []string{"plain"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := document("/XObject << /Fm 7 0 R >>", tc.content)
			w.addStream("/Type /XObject /Subtype /Form /Resources << /Font << /F1 3 0 R >> /XObject << /Fm 7 0 R >> >>", "BT /F1 10 Tf 50 300 Td (inside) Tj ET /Fm Do")
			got := linesOf(t, w.bytes())
			if name == "in a form" {
				got = got[:min(1, len(got))] // the form draws itself: the rest is its echoes
				tc.want = tc.want[:1]
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestReadColumns: two columns of prose are read one after the other, whether
// they were written so or line by line; rows of a table stay rows.
func TestReadColumns(t *testing.T) {
	var want, byColumn, byLine []string
	place := func(x, y int, s string) string { return fmt.Sprintf("1 0 0 1 %d %d Tm (%s) Tj", x, y, s) }
	for side, x := range []int{50, 310} {
		for i := range 8 {
			s := fmt.Sprintf("side %d line %d of the text in two columns", side, i)
			want = append(want, s)
			byColumn = append(byColumn, place(x, 700-14*i, s))
		}
	}
	for i := range 8 {
		byLine = append(byLine, byColumn[i], byColumn[8+i])
	}
	for name, ops := range map[string][]string{"column by column": byColumn, "line by line": byLine} {
		content := "BT /F1 10 Tf 1 0 0 1 50 740 Tm (A title over both of the columns that are below it) Tj " + strings.Join(ops, " ") + " ET"
		if diff := cmp.Diff(append([]string{"A title over both of the columns that are below it"}, want...), linesOf(t, document("", content).bytes())); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	var cells []string
	for i := range 8 {
		cells = append(cells, place(50, 700-14*i, fmt.Sprintf("cookie %d", i)), place(310, 700-14*i, "a month"))
	}
	if got := linesOf(t, document("", "BT /F1 10 Tf "+strings.Join(cells, " ")+" ET").bytes()); len(got) != 8 || got[3] != "cookie 3\ta month" {
		t.Errorf("table: %q", got)
	}
}

// TestReadFonts: composite fonts, character maps, names of glyphs.
func TestReadFonts(t *testing.T) {
	const cmapText = "/CIDInit /ProcSet findresource begin 12 dict begin begincmap\n1 begincodespacerange <0000> <FFFF> endcodespacerange\n" +
		"2 beginbfchar <0001> <0041> <0002> <00660066> endbfchar\n2 beginbfrange <0010> <0012> <0061> <0020> <0021> [<0078> <D83DDE00>] endbfrange\nendcmap end end"
	w := document("/Font << /F1 7 0 R /F2 10 0 R >>", "BT /F1 10 Tf 50 700 Td <0001000200100011001200200021> Tj 0 -14 Td /F2 10 Tf (a\\001\\002\\003b) Tj ET")
	w.objects[4] = strings.Replace(w.objects[4], "/Font << /F1 3 0 R /F2 4 0 R >> ", "", 1)
	w.add("<< /Type /Font /Subtype /Type0 /BaseFont /X /Encoding /Identity-H /DescendantFonts [8 0 R] /ToUnicode 9 0 R >>")
	w.add("<< /Type /Font /Subtype /CIDFontType2 /DW 500 /W [1 [600 700] 16 18 450] >>")
	w.addStream("", cmapText)
	w.add("<< /Type /Font /Subtype /Type1 /BaseFont /Y /Encoding << /Differences [1 /fi /uni20AC /f_f_i] >> /FirstChar 0 /LastChar 255 /Widths [%s] >>", strings.Repeat("500 ", 256))
	want := []string{"Affabcx😀", "afi€ffib"}
	if diff := cmp.Diff(want, linesOf(t, w.bytes())); diff != "" {
		t.Error(diff)
	}
	w.stream = true
	if diff := cmp.Diff(want, linesOf(t, w.bytes())); diff != "" {
		t.Errorf("from object streams: %s", diff)
	}
}

// TestReadTurnedPage: a page that is shown turned is read as it is shown.
func TestReadTurnedPage(t *testing.T) {
	w := document("", "BT /F1 10 Tf 0 1 -1 0 100 50 Tm (first) Tj 0 1 -1 0 114 50 Tm (second) Tj ET")
	w.objects[4] = strings.Replace(w.objects[4], "/MediaBox", "/Rotate 90 /MediaBox", 1)
	if diff := cmp.Diff([]string{"first", "second"}, linesOf(t, w.bytes())); diff != "" {
		t.Error(diff)
	}
}

// TestReadHeader: files are read with another version, with bytes in front, and
// with bytes behind.
func TestReadHeader(t *testing.T) {
	good := makePDF([]string{"Privacy Policy"})
	for name, body := range map[string][]byte{
		"2.0":    bytes.Replace(good, []byte("%PDF-1.5"), []byte("%PDF-2.0"), 1),
		"behind": append(bytes.Clone(good), bytes.Repeat([]byte("<!-- cached -->\n"), 50)...),
		"front":  append([]byte("\r\n\r\n"), good...),
	} {
		if got := linesOf(t, body); len(got) != 1 || got[0] != "Privacy Policy" {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// TestReadMetadata: what a file says of itself is no text, and changes none.
func TestReadMetadata(t *testing.T) {
	var all [][]string
	for _, year := range []string{"2019", "2024"} {
		w := document("", textLines("Privacy Policy", "We keep personal data for 12 months."))
		w.trailer = fmt.Sprintf("/Info 7 0 R /ID [<%s> <%s>]", year, year)
		w.add("<< /Title (Policy of %s) /CreationDate (D:%s0503120000Z) /ModDate (D:%s0603120000Z) >>", year, year, year)
		body := w.bytes()
		all = append(all, linesOf(t, body))
		if d := documentOf(t, body); len(d.Dates) != 0 || strings.Contains(d.Title, year) {
			t.Errorf("title %q, dates %+v", d.Title, d.Dates)
		}
	}
	if diff := cmp.Diff(all[0], all[1]); diff != "" {
		t.Error(diff)
	}
}

// TestReadImages: pages without text are pages; a file without pages is none.
func TestReadImages(t *testing.T) {
	pages, err := read(document("", "q 595 0 0 842 0 0 cm Q", "").bytes())
	if err != nil || len(pages) != 2 || len(pages[0].Lines) != 0 {
		t.Errorf("pages %+v, %v", pages, err)
	}
	w := document("", "")
	w.objects[1] = "<< /Type /Pages /Kids [] /Count 0 >>"
	if _, err := read(w.bytes()); !errors.Is(err, ErrPDF) {
		t.Errorf("no pages: %v", err)
	}
}

// TestEncrypted: a file that asks for a password is told apart, by the parent,
// too.
func TestEncrypted(t *testing.T) {
	for name, dict := range map[string]string{
		"password": "<< /Filter /Standard /V 2 /R 3 /Length 128 /P -44 /O (%s) /U (%s) >>",
		"AES 256":  "<< /Filter /Standard /V 5 /R 6 /Length 256 /P -44 /O (%s) /U (%s) >>",
		"other":    "<< /Filter /Vendor.DRM /V 9 >> %%%s%s",
	} {
		w := document("", textLines("secret"))
		w.trailer = "/Encrypt 7 0 R /ID [(0123456789abcdef) (0123456789abcdef)]"
		w.add(dict, strings.Repeat("x", 32), strings.Repeat("y", 32))
		_, err := reader(t)(w.bytes())
		if !errors.Is(err, ErrPDF) || !errors.Is(err, ErrEncrypted) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
