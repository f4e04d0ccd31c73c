package normalize

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"

	"watcher/policy"
)

// The bounds of a Word document: what a part may unpack to, in bytes, and how
// much larger than its packed form that may be.
const (
	maxPart      = 20 << 20
	maxPartRatio = 200
	ratioFrom    = 1 << 20
)

// docx makes a document of an Office Open XML text (ECMA-376), as Word and others
// write them: headings, paragraphs, list items and table rows of the main part.
// Deleted text of tracked changes is left out, inserted text is in.
func (n *Normalizer) docx(in Input) (policy.Document, error) {
	files, err := zip.NewReader(bytes.NewReader(in.Body), int64(len(in.Body)))
	if err != nil {
		return policy.Document{}, fmt.Errorf("%w: damaged Word document: %w (open the file and save it anew)", ErrUnsupported, err)
	}
	main, err := readPart(files, "word/document.xml")
	if err != nil {
		return policy.Document{}, err
	}
	targets := map[string]string{}
	if rels, err := readPart(files, "word/_rels/document.xml.rels"); err == nil {
		targets = relations(rels)
	}
	base, err := url.Parse(in.URL)
	if err != nil || in.URL == "" {
		base = nil
	}
	d := docxReader{targets: targets, base: base}
	if err := d.read(main); err != nil {
		return policy.Document{}, fmt.Errorf("%w: Word document: %w (open the file and save it anew)", ErrUnsupported, err)
	}
	doc := policy.Document{Full: fullText(d.out)}
	n.finish(&doc, d.out, d.out, in, false)
	return doc, nil
}

// readPart unpacks a part of the file.
func readPart(files *zip.Reader, name string) ([]byte, error) {
	for _, f := range files.File {
		if f.Name != name {
			continue
		}
		r, err := f.Open()
		if err != nil {
			return nil, fmt.Errorf("%w: %s of the Word document: %w", ErrUnsupported, name, err)
		}
		defer r.Close()
		data, err := io.ReadAll(io.LimitReader(r, maxPart+1))
		switch {
		case err != nil:
			return nil, fmt.Errorf("%w: %s of the Word document: %w", ErrUnsupported, name, err)
		case len(data) > maxPart, len(data) > ratioFrom && uint64(len(data)) > maxPartRatio*f.CompressedSize64:
			return nil, fmt.Errorf("%w: %s of the Word document unpacks to too much", ErrUnsupported, name)
		}
		return data, nil
	}
	return nil, fmt.Errorf("%w: a zip file without %s (watch an HTML edition of the policy)", ErrUnsupported, name)
}

// relations reads the targets of hyperlinks by their ids.
func relations(data []byte) map[string]string {
	var file struct {
		Relationship []struct {
			ID         string `xml:"Id,attr"`
			Target     string `xml:"Target,attr"`
			TargetMode string `xml:"TargetMode,attr"`
		}
	}
	out := map[string]string{}
	if xml.Unmarshal(data, &file) != nil {
		return out
	}
	for _, r := range file.Relationship {
		if r.TargetMode == "External" {
			out[r.ID] = r.Target
		}
	}
	return out
}

// maxXMLDepth bounds the nesting of elements.
const maxXMLDepth = 200

// docxReader reads the main part element by element.
type docxReader struct {
	targets map[string]string
	base    *url.URL
	out     []unit

	text   line
	u      unit
	links  []policy.Link
	href   string
	from   int
	cells  []string
	tables int
	// deleted counts the open elements of tracked deletions.
	deleted int
}

func (d *docxReader) read(data []byte) error {
	dec := xml.NewDecoder(bytes.NewReader(data))
	dec.CharsetReader = func(string, io.Reader) (io.Reader, error) { return nil, errors.New("a charset other than UTF-8") }
	depth := 0
	for {
		t, err := dec.RawToken() // names with their prefixes; no entities but XML's own
		if errors.Is(err, io.EOF) {
			d.paragraph()
			return nil
		}
		if err != nil {
			return err
		}
		switch t := t.(type) {
		case xml.StartElement:
			if depth++; depth > maxXMLDepth {
				return errors.New("nested too deeply")
			}
			if err := d.open(dec, t); err != nil {
				return err
			}
			if t.Name.Local == "t" {
				depth-- // its end was read with it
			}
		case xml.EndElement:
			depth--
			d.end(t.Name.Local)
		}
	}
}

func (d *docxReader) open(dec *xml.Decoder, e xml.StartElement) error {
	switch e.Name.Local {
	case "t":
		text, err := elementText(dec)
		if err != nil {
			return err
		}
		if d.deleted == 0 {
			d.text.write(text)
		}
	case "tab":
		d.text.pending = true
	case "br", "cr":
		d.text.pending = true
	case "del", "moveFrom":
		d.deleted++
	case "pStyle":
		d.u.level, d.u.fixed = styleLevel(xmlAttr(e, "val"))
	case "outlineLvl":
		if n, err := strconv.Atoi(xmlAttr(e, "val")); err == nil && n >= 0 && n < maxLevel {
			d.u.level, d.u.fixed = n+1, true
		}
	case "numPr":
		d.u.kind = policy.Item
	case "ilvl":
		if n, err := strconv.Atoi(xmlAttr(e, "val")); err == nil && n >= 0 && n < 9 {
			d.u.depth = n
		}
	case "hyperlink":
		d.href, d.from = d.targets[xmlAttr(e, "id")], len(d.text.buf)
	case "tbl":
		d.paragraph()
		d.tables++
	case "tr":
		d.cells = nil
	}
	return nil
}

// elementText reads the text of an element up to its end.
func elementText(dec *xml.Decoder) (string, error) {
	var b strings.Builder
	for {
		t, err := dec.RawToken()
		if err != nil {
			return "", err
		}
		switch t := t.(type) {
		case xml.CharData:
			b.Write(t)
		case xml.EndElement:
			return b.String(), nil
		}
	}
}

func (d *docxReader) end(name string) {
	switch name {
	case "del", "moveFrom":
		d.deleted = max(d.deleted-1, 0)
	case "hyperlink":
		text := clean(string(d.text.buf[min(d.from, len(d.text.buf)):]))
		if target := resolve(d.base, d.href); target != "" && text != "" && len(d.links) < maxLinks {
			d.links = append(d.links, policy.Link{Text: text, URL: target})
		}
		d.href = ""
	case "p":
		if d.tables > 0 { // the paragraphs of a cell are joined
			d.text.pending = true
			return
		}
		d.paragraph()
	case "tc":
		d.cells = append(d.cells, d.text.take())
	case "tr":
		d.row()
	case "tbl":
		d.tables = max(d.tables-1, 0)
	}
}

// paragraph ends a paragraph.
func (d *docxReader) paragraph() {
	d.text.pending = false
	u := d.u
	u.text, u.links = d.text.take(), d.links
	if u.kind == "" || u.level > 0 {
		u.kind = policy.Paragraph
	}
	if u.level > 0 && countWords(u.text) > maxHeadingWords {
		u.level, u.fixed = 0, false
	}
	d.u, d.links, d.from = unit{}, nil, 0
	if u.text != "" {
		d.out = append(d.out, u)
	}
}

// row ends a table row.
func (d *docxReader) row() {
	text := strings.TrimSpace(strings.Join(d.cells, policy.CellSeparator))
	if strings.Trim(text, " |") != "" {
		d.out = append(d.out, unit{kind: policy.TableRow, text: text, links: d.links})
	}
	d.cells, d.links, d.u, d.from = nil, nil, unit{}, 0
}

// styleLevel returns the heading level that a style's id names: Word writes
// "Heading1" or a translation of it.
func styleLevel(style string) (level int, fixed bool) {
	low := strings.ToLower(strings.ReplaceAll(style, " ", ""))
	if low == "title" || low == "titel" || low == "titre" {
		return 1, true
	}
	for _, name := range []string{"heading", "berschrift", "titre", "ttulo", "titolo", "kop", "nagwek", "overskrift", "rubrik", "nadpis"} {
		i := strings.LastIndex(low, name)
		if i < 0 {
			continue
		}
		if n, err := strconv.Atoi(low[i+len(name):]); err == nil && n >= 1 && n <= maxLevel {
			return n, true
		}
	}
	return 0, false
}

func xmlAttr(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}
