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
// write them: headings, paragraphs, list items and table rows of the main part,
// then the notes. Deleted text of tracked changes is left out, inserted text is
// in; headers and footers of pages, comments and hidden text are no text.
func (n *Normalizer) docx(in Input) (policy.Document, error) {
	files, err := zip.NewReader(bytes.NewReader(in.Body), int64(len(in.Body)))
	if err != nil {
		return policy.Document{}, fmt.Errorf("%w: damaged Word document: %w (open the file and save it anew)", ErrUnsupported, err)
	}
	d := docxReader{lists: newDocxLists(optionalPart(files, "word/numbering.xml")), styles: docxStyles(optionalPart(files, "word/styles.xml"))}
	if d.base, err = url.Parse(in.URL); err != nil || in.URL == "" {
		d.base = nil
	}
	for _, part := range []string{"document", "footnotes", "endnotes"} {
		data, err := readPart(files, "word/"+part+".xml")
		switch {
		case errors.Is(err, errNoPart) && part != "document":
			continue
		case err != nil:
			return policy.Document{}, err
		}
		d.targets = relations(optionalPart(files, "word/_rels/"+part+".xml.rels"))
		if err := d.read(data); err != nil {
			return policy.Document{}, fmt.Errorf("%w: Word document: %w (open the file and save it anew)", ErrUnsupported, err)
		}
	}
	doc := policy.Document{Full: fullText(d.out)}
	n.finish(&doc, d.out, d.out, in, false)
	return doc, nil
}

// optionalPart unpacks a part that need not be there, nor be sound: the text
// does not depend on it.
func optionalPart(files *zip.Reader, name string) []byte {
	data, err := readPart(files, name)
	if err != nil {
		return nil
	}
	return data
}

// errNoPart marks a part that is not in the file.
var errNoPart = errors.New("a zip file without it")

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
	return nil, fmt.Errorf("%w: %s of the Word document: %w (watch an HTML edition of the policy)", ErrUnsupported, name, errNoPart)
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

// styleLevel returns the heading level that a style's id names: Word writes
// "Heading1" or a translation of it.
func styleLevel(style string) int {
	low := strings.ToLower(strings.ReplaceAll(style, " ", ""))
	if low == "title" || low == "titel" || low == "titre" {
		return 1
	}
	for _, name := range []string{"heading", "berschrift", "titre", "ttulo", "titolo", "kop", "nagwek", "overskrift", "rubrik", "nadpis"} {
		i := strings.LastIndex(low, name)
		if i < 0 {
			continue
		}
		if n, err := strconv.Atoi(low[i+len(name):]); err == nil && n >= 1 && n <= maxLevel {
			return n
		}
	}
	return 0
}

func xmlAttr(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}
