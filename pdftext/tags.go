package pdftext

import (
	"strings"

	"github.com/ledongthuc/pdf"

	"watcher/normalize"
)

// The bounds of a file's structure.
const (
	maxElements = 100_000
	maxNested   = 60
	// taggedShare is the part of the letters, in percent, that must have a tag
	// for tags to be believed.
	taggedShare = 90
	// maxBlock is how many letters a block has at most, on the average.
	maxBlock = 2500
)

// tags are the roles of marked contents, by page and number.
type tags map[string]map[int]normalize.PDFTag

func (t tags) of(page string) map[int]normalize.PDFTag { return t[page] }

// tagReader walks the structure of a file: headings, paragraphs, items and
// cells in their order.
type tagReader struct {
	out    tags
	roles  pdf.Value
	blocks int
	rows   int
	left   int
	seen   map[string]bool
}

// at is what an element inherits from those around it.
type at struct {
	page  string
	block normalize.PDFTag
	// cell is set within a cell, which keeps all that is in it; lists counts
	// the lists around.
	cell  bool
	row   int
	lists int
}

// readTags reads the structure of a file. A file without one has no tags.
func readTags(r *pdf.Reader) tags {
	root := r.Trailer().Key("Root").Key("StructTreeRoot")
	w := tagReader{out: tags{}, roles: root.Key("RoleMap"), left: maxElements, seen: map[string]bool{}}
	w.kids(root.Key("K"), "", at{}, 0)
	return w.out
}

// kids walks what an element holds: numbers of marked contents, references to
// them, and elements.
func (w *tagReader) kids(k pdf.Value, ref string, a at, depth int) {
	if w.left--; w.left < 0 || depth > maxNested {
		return
	}
	switch k.Kind() { //nolint:exhaustive // the others hold nothing
	case pdf.Integer:
		w.put(int(k.Int64()), a)
	case pdf.Array:
		names := newRefs(k)
		for i := range k.Len() {
			w.kids(k.Index(i), names.next(), a, depth+1)
		}
	case pdf.Dict:
		if w.again(ref) {
			return
		}
		if page := pageOf(k); page != "" {
			a.page = page
		}
		if id := k.Key("MCID"); id.Kind() == pdf.Integer {
			w.put(int(id.Int64()), a)
			return
		}
		if k.Key("S").Kind() == pdf.Name {
			w.element(k, a, depth)
		}
	}
}

// again says whether an element was met before: structures may have cycles.
func (w *tagReader) again(ref string) bool {
	if ref == "" {
		return false
	}
	was := w.seen[ref]
	w.seen[ref] = true
	return was
}

// put tags a marked content. Text outside of any block is one of its own.
func (w *tagReader) put(id int, a at) {
	if a.page == "" {
		return
	}
	if a.block.Block == 0 {
		a.block = w.begin(normalize.PDFParagraph, 0, 0)
	}
	if w.out[a.page] == nil {
		w.out[a.page] = map[int]normalize.PDFTag{}
	}
	w.out[a.page][id] = a.block
}

// begin numbers a new block.
func (w *tagReader) begin(role normalize.PDFRole, row, level int) normalize.PDFTag {
	w.blocks++
	return normalize.PDFTag{Role: role, Block: w.blocks, Row: row, Level: level}
}

func (w *tagReader) element(k pdf.Value, a at, depth int) {
	role := w.role(k.Key("S").Name())
	switch {
	case a.cell:
	case role == "TR":
		w.rows++
		a.row = w.rows
	case role == "TD" || role == "TH":
		a.block, a.cell = w.begin(normalize.PDFCell, a.row, 0), true
	case role == "L":
		a.lists++
		a.block = normalize.PDFTag{}
	case role == "LI":
		a.block = w.begin(normalize.PDFItem, 0, max(a.lists-1, 0))
	case a.block.Role == normalize.PDFItem:
	case role == "Title":
		a.block = w.begin(normalize.PDFHeading, 0, 1)
	case len(role) == 2 && role[0] == 'H' && role[1] >= '1' && role[1] <= '6':
		a.block = w.begin(normalize.PDFHeading, 0, int(role[1]-'0'))
	case role == "H":
		a.block = w.begin(normalize.PDFHeading, 0, 2)
	case paragraph(role) || a.block.Block == 0 && w.inline(k.Key("K")):
		a.block = w.begin(normalize.PDFParagraph, 0, 0)
	}
	w.kids(k.Key("K"), firstRef(k), a, depth+1)
}

// role returns the standard name of a role.
func (w *tagReader) role(name string) string {
	for range 4 {
		next := w.roles.Key(name).Name()
		if next == "" || next == name {
			break
		}
		name = next
	}
	return name
}

func paragraph(role string) bool {
	switch role {
	case "P", "Caption", "BlockQuote", "Note", "FENote", "TOCI", "BibEntry", "Code", "Formula":
		return true
	}
	return false
}

// inline says whether an element holds text, or parts of lines, directly.
func (w *tagReader) inline(k pdf.Value) bool {
	one := func(v pdf.Value) bool {
		switch w.role(v.Key("S").Name()) {
		case "Span", "Link", "Em", "Strong", "Quote", "Reference", "Lbl":
			return true
		}
		return v.Kind() == pdf.Integer || v.Key("MCID").Kind() == pdf.Integer
	}
	for i := range k.Len() {
		if one(k.Index(i)) {
			return true
		}
	}
	return k.Kind() != pdf.Array && one(k)
}

// pageOf returns the name of the page that an element says it is on.
func pageOf(k pdf.Value) string { return refAfter(k.String(), "/Pg ") }

// firstRef returns the name of an element's only child.
func firstRef(k pdf.Value) string { return refAfter(k.String(), "/K ") }

func refAfter(s, key string) string {
	_, rest, ok := strings.Cut(s, key)
	if !ok {
		return ""
	}
	if loc := reference.FindStringIndex(rest); loc != nil && loc[0] == 0 {
		return rest[:loc[1]]
	}
	return ""
}

// arrayRefs names the elements of an array one after the other; numbers and
// dictionaries have no name.
type arrayRefs struct{ fields []string }

func newRefs(array pdf.Value) *arrayRefs {
	s := strings.TrimSuffix(strings.TrimPrefix(array.String(), "["), "]")
	if strings.ContainsAny(s, "<(\"") {
		return &arrayRefs{}
	}
	return &arrayRefs{fields: strings.Fields(s)}
}

func (r *arrayRefs) next() string {
	if len(r.fields) >= 3 && r.fields[2] == "R" {
		name := strings.Join(r.fields[:3], " ")
		r.fields = r.fields[3:]
		return name
	}
	if len(r.fields) > 0 {
		r.fields = r.fields[1:]
	}
	return ""
}

// believed says whether the tags of a file are worth reading: nearly all of
// its letters have one, and not all of them the same few.
func believed(pages [][]glyph) bool {
	with, all := 0, 0
	blocks := map[int]bool{}
	for _, glyphs := range pages {
		for _, g := range glyphs {
			if strings.TrimSpace(g.text) == "" || g.tag.Role == normalize.PDFArtifact {
				continue
			}
			if all++; g.tag.Block > 0 {
				with++
				blocks[g.tag.Block] = true
			}
		}
	}
	return with > 0 && with*100 >= all*taggedShare && len(blocks)*maxBlock >= all
}

// withoutTags forgets the blocks of glyphs.
func withoutTags(glyphs []glyph) {
	for i := range glyphs {
		if glyphs[i].tag.Block > 0 {
			glyphs[i].tag = normalize.PDFTag{}
		}
	}
}
