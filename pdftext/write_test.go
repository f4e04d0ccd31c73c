package pdftext

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"strings"
)

// writer writes PDF files for tests, object by object. Object 1 is the catalog.
type writer struct {
	objects []string
	trailer string
	// stream writes a cross-reference stream and object streams in place of a
	// table.
	stream bool
}

// add adds an object and returns its reference.
func (w *writer) add(format string, args ...any) string {
	w.objects = append(w.objects, fmt.Sprintf(format, args...))
	return fmt.Sprintf("%d 0 R", len(w.objects))
}

// addStream adds a stream with the entries of its dictionary, packed.
func (w *writer) addStream(entries, data string) string {
	return w.addBomb(entries, data, "", 0)
}

// addBomb adds a stream of a text and of many units, which are packed one after
// the other: the test itself stays small.
func (w *writer) addBomb(entries, data, unit string, times int) string {
	packed := deflate(data, unit, times)
	return w.add("<< %s /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream", entries, len(packed), packed)
}

func deflate(s, unit string, times int) string {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	if _, err := z.Write([]byte(s)); err != nil {
		panic(err) // a buffer takes everything
	}
	block := []byte(strings.Repeat(unit, 1000))
	for range times / 1000 {
		if _, err := z.Write(block); err != nil {
			panic(err)
		}
	}
	if err := z.Close(); err != nil {
		panic(err)
	}
	return b.String()
}

func (w *writer) bytes() []byte {
	var b bytes.Buffer
	b.WriteString("%PDF-1.5\n")
	offsets := make([]int, len(w.objects))
	packed := map[int]int{}
	if w.stream {
		packed = w.pack()
	}
	for i := range len(w.objects) {
		if _, in := packed[i]; in && i < len(offsets) {
			continue
		}
		if i == len(offsets) {
			offsets = append(offsets, 0)
		}
		offsets[i] = b.Len()
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, w.objects[i])
	}
	at := b.Len()
	if w.stream {
		w.xrefStream(&b, offsets, packed, at)
	} else {
		fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(offsets)+1)
		for _, o := range offsets {
			fmt.Fprintf(&b, "%010d 00000 n \n", o)
		}
		fmt.Fprintf(&b, "trailer\n<< /Size %d /Root 1 0 R %s >>\n", len(offsets)+1, w.trailer)
	}
	fmt.Fprintf(&b, "startxref\n%d\n%%%%EOF\n", at)
	return b.Bytes()
}

// pack puts all that is no stream into an object stream, the last object, and
// returns the places there.
func (w *writer) pack() map[int]int {
	places := map[int]int{}
	var head, body strings.Builder
	for i, o := range w.objects {
		if strings.Contains(o, "endstream") {
			continue
		}
		fmt.Fprintf(&head, "%d %d ", i+1, body.Len())
		body.WriteString(o + "\n")
		places[i] = len(places)
	}
	w.addStream(fmt.Sprintf("/Type /ObjStm /N %d /First %d", len(places), head.Len()), head.String()+body.String())
	return places
}

func (w *writer) xrefStream(b *bytes.Buffer, offsets []int, packed map[int]int, at int) {
	var rows strings.Builder
	row := func(kind, a, n int) {
		rows.Write([]byte{byte(kind), byte(a >> 16), byte(a >> 8), byte(a), byte(n >> 8), byte(n)})
	}
	row(0, 0, 65535)
	for i, o := range offsets {
		if n, in := packed[i]; in {
			row(2, len(w.objects), n)
		} else {
			row(1, o, 0)
		}
	}
	row(1, at, 0)
	data := deflate(rows.String(), "", 0)
	fmt.Fprintf(b, "%d 0 obj\n<< /Type /XRef /Size %d /W [1 3 2] /Root 1 0 R %s /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream\nendobj\n",
		len(offsets)+1, len(offsets)+2, w.trailer, len(data), data)
}

// helvetica is a font with the widths of Helvetica, about.
func helvetica(name string) string {
	var widths strings.Builder
	for c := 32; c <= 255; c++ {
		fmt.Fprintf(&widths, "%.0f ", guess(string(rune(c)))*1000)
	}
	return fmt.Sprintf("<< /Type /Font /Subtype /Type1 /BaseFont /%s /Encoding /WinAnsiEncoding /FirstChar 32 /LastChar 255 /Widths [%s] >>", name, widths.String())
}

// document starts a file whose pages have the contents given. The fonts are F1
// and, bold, F2; more resources may be named.
func document(resources string, contents ...string) *writer {
	w := &writer{}
	var kids []string
	for i := range contents {
		kids = append(kids, fmt.Sprintf("%d 0 R", 5+2*i))
	}
	w.add("<< /Type /Catalog /Pages 2 0 R >>")
	w.add("<< /Type /Pages /Kids [%s] /Count %d >>", strings.Join(kids, " "), len(contents))
	w.add("%s", helvetica("Helvetica"))
	w.add("%s", helvetica("Helvetica-Bold"))
	for i, c := range contents {
		w.add("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R /F2 4 0 R >> %s >> /Contents %d 0 R >>", resources, 6+2*i)
		w.addStream("", c)
	}
	return w
}

// textLines is the content of a page with one line of text per line.
func textLines(lines ...string) string {
	var b strings.Builder
	b.WriteString("BT /F1 10 Tf 14 TL 50 780 Td\n")
	for _, l := range lines {
		fmt.Fprintf(&b, "(%s) Tj T*\n", escape(l))
	}
	return b.String() + "ET"
}

func escape(s string) string { return strings.NewReplacer(`\`, `\\`, "(", `\(`, ")", `\)`).Replace(s) }

// makePDF writes a PDF with one text line per line of each page.
func makePDF(pages ...[]string) []byte {
	var contents []string
	for _, lines := range pages {
		contents = append(contents, textLines(lines...))
	}
	return document("", contents...).bytes()
}
