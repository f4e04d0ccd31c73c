package normalize

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"watcher/policy"
)

// maxXMLDepth bounds the nesting of elements.
const maxXMLDepth = 200

// docxReader reads the parts of a document element by element.
type docxReader struct {
	targets map[string]string
	styles  map[string]docxStyle
	lists   *docxLists
	base    *url.URL
	out     []unit

	docxParagraph
	// boxes are the paragraphs that wait for the end of a text box in them.
	boxes  []docxParagraph
	cells  []string
	tables int
	// skip counts the open elements whose text is not shown: deletions, other
	// forms of what was read already, notes that are lines.
	skip int
	// joined is set when the mark of the last paragraph was deleted.
	joined bool
	path   []string
}

// docxParagraph is a paragraph that is being read.
type docxParagraph struct {
	text  line
	u     unit
	num   docxNum
	links []policy.Link
	href  string
	from  int
	// field is the instruction of a field, in is where in it we are.
	field string
	// letters and bold count bytes, all and in bold type; run is the type of
	// the run that is being read.
	letters, bold int
	run           docxRun
}

type docxRun struct{ bold, hidden bool }

func (d *docxReader) read(data []byte) error {
	dec := xml.NewDecoder(bytes.NewReader(data))
	dec.CharsetReader = func(string, io.Reader) (io.Reader, error) { return nil, errors.New("a charset other than UTF-8") }
	d.path, d.skip, d.tables, d.boxes = d.path[:0], 0, 0, nil
	for {
		t, err := dec.RawToken() // names with their prefixes; no entities but XML's own
		if errors.Is(err, io.EOF) {
			d.joined = false
			d.paragraph()
			return nil
		}
		if err != nil {
			return err
		}
		switch t := t.(type) {
		case xml.StartElement:
			if len(d.path) >= maxXMLDepth {
				return errors.New("nested too deeply")
			}
			d.path = append(d.path, t.Name.Local)
			d.open(t)
		case xml.EndElement:
			if len(d.path) > 0 {
				d.path = d.path[:len(d.path)-1]
			}
			d.end(t.Name.Local)
		case xml.CharData:
			d.chars(string(t))
		}
	}
}

// within says whether an element is open around the current one.
func (d *docxReader) within(name string) bool { return slices.Contains(d.path, name) }

func (d *docxReader) chars(s string) {
	if d.skip > 0 || len(d.path) == 0 {
		return
	}
	switch d.path[len(d.path)-1] {
	case "t":
		if d.run.hidden {
			return
		}
		before := len(d.text.buf)
		d.text.write(s)
		d.letters += len(d.text.buf) - before
		if d.run.bold {
			d.bold += len(d.text.buf) - before
		}
	case "instrText":
		if len(d.field) < 4096 {
			d.field += s
		}
	}
}

// unread says whether an element's text is no part of the document as it
// stands: what was deleted or moved away, the second form of what newer programs
// read in the first, and the lines above notes.
func unread(e xml.StartElement) bool {
	switch e.Name.Local {
	case "del", "moveFrom", "Fallback":
		return true
	case "footnote", "endnote":
		kind := xmlAttr(e, "type")
		return kind != "" && kind != "normal"
	}
	return false
}

func (d *docxReader) open(e xml.StartElement) {
	if d.skip > 0 || unread(e) {
		if d.skip++; d.skip == 1 && e.Name.Local == "del" && d.within("pPr") {
			d.joined = true
		}
		return
	}
	switch e.Name.Local {
	case "tab", "br", "cr":
		if !d.within("pPr") {
			d.text.pending = true
		}
	case "noBreakHyphen":
		d.text.write("-")
	case "r":
		d.run = docxRun{}
	case "b":
		d.run.bold = d.run.bold || d.within("r") && switchedOn(e)
	case "vanish":
		d.run.hidden = d.run.hidden || d.within("r") && switchedOn(e)
	case "hyperlink":
		d.href, d.from = d.targets[xmlAttr(e, "id")], len(d.text.buf)
	case "fldChar":
		d.fieldMark(xmlAttr(e, "fldCharType"))
	case "txbxContent":
		if d.tables == 0 {
			d.boxes = append(d.boxes, d.docxParagraph)
			d.docxParagraph = docxParagraph{}
		}
	case "tbl":
		d.table()
	default:
		d.property(e)
	}
}

// switchedOn says whether a property is on: it is unless it says otherwise.
func switchedOn(e xml.StartElement) bool {
	v := xmlAttr(e, "val")
	return v != "0" && v != "false" && v != "off"
}

// property reads what an element says of its paragraph.
func (d *docxReader) property(e xml.StartElement) {
	if !d.within("pPr") || d.within("pPrChange") {
		return
	}
	val := xmlAttr(e, "val")
	switch e.Name.Local {
	case "pStyle":
		s := resolveStyle(d.styles, val)
		if s.level == 0 {
			s.level = styleLevel(val)
		}
		d.u.level, d.u.fixed, d.num = s.level, s.level > 0, s.num
	case "outlineLvl":
		if n, err := strconv.Atoi(val); err == nil && n >= 0 && n < maxLevel {
			d.u.level, d.u.fixed = n+1, true
		}
	case "numId":
		if d.num.list = atoi(val); d.num.list == 0 {
			d.num.level = 0
		}
	case "ilvl":
		d.num.level = min(atoi(val), 8)
	}
}

// fieldMark reads the three marks of a field, of which hyperlinks matter.
func (d *docxReader) fieldMark(kind string) {
	switch kind {
	case "begin":
		d.field = ""
	case "separate":
		fields := strings.Fields(d.field)
		if len(fields) >= 2 && fields[0] == "HYPERLINK" && strings.HasPrefix(fields[1], `"`) {
			d.href, d.from = strings.Trim(fields[1], `"`), len(d.text.buf)
		}
	case "end":
		d.closeLink()
		d.field = ""
	}
}

func (d *docxReader) closeLink() {
	text := clean(string(d.text.buf[min(d.from, len(d.text.buf)):]))
	if target := resolve(d.base, d.href); target != "" && text != "" && len(d.links) < maxLinks {
		d.links = append(d.links, policy.Link{Text: text, URL: target})
	}
	d.href = ""
}

func (d *docxReader) end(name string) {
	if d.skip > 0 {
		d.skip--
		return
	}
	switch name {
	case "r":
		d.run = docxRun{}
	case "hyperlink":
		d.closeLink()
	case "p":
		d.endParagraph()
	case "tc":
		d.endCell()
	case "tr":
		if d.tables == 1 {
			d.row()
		}
	case "tbl":
		d.tables = max(d.tables-1, 0)
	case "txbxContent":
		if n := len(d.boxes) - 1; n >= 0 && d.tables == 0 {
			d.paragraph()
			d.docxParagraph, d.boxes = d.boxes[n], d.boxes[:n]
		}
	}
}

// table begins a table. One within a cell is part of that cell.
func (d *docxReader) table() {
	if d.tables == 0 {
		d.paragraph()
		d.cells = nil
	}
	d.tables++
}

// endParagraph ends a paragraph, unless it is part of a cell or its mark was
// deleted: then the next one goes on with it.
func (d *docxReader) endParagraph() {
	switch {
	case d.tables > 0:
		d.text.pending = true
	case d.joined:
		d.joined = false
	default:
		d.paragraph()
	}
}

func (d *docxReader) endCell() {
	if d.tables == 1 {
		d.text.pending = false
		d.cells = append(d.cells, d.text.take())
		return
	}
	d.text.pending = true
}

// paragraph emits what was read since the last one.
func (d *docxReader) paragraph() {
	d.text.pending = false
	u, num := d.u, d.num
	u.text, u.links, u.kind = d.text.take(), d.links, policy.Paragraph
	u.strong = d.bold > 0 && d.bold+2 >= d.letters
	d.docxParagraph = docxParagraph{text: d.text}
	if u.text == "" {
		return
	}
	if u.level > 0 && countWords(u.text) > maxHeadingWords {
		u.level, u.fixed = 0, false
	}
	if num.list > 0 {
		mark := d.lists.marker(num)
		switch {
		case u.level == 0:
			u.kind, u.marker, u.depth = policy.Item, mark, num.level
		case mark != "":
			u.text = mark + " " + u.text
		}
	}
	d.out = append(d.out, u)
}

// row ends a table row.
func (d *docxReader) row() {
	text := strings.TrimSpace(strings.Join(d.cells, policy.CellSeparator))
	if strings.Trim(text, " |") != "" {
		d.out = append(d.out, unit{kind: policy.TableRow, text: text, links: d.links})
	}
	d.cells, d.docxParagraph = nil, docxParagraph{text: d.text}
}
