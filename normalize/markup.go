package normalize

import (
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"watcher/policy"
)

// blockElements begin and end a line.
func blockElement(a atom.Atom) bool {
	switch a {
	case atom.Address, atom.Article, atom.Aside, atom.Blockquote, atom.Body, atom.Caption, atom.Center, atom.Dd, atom.Details,
		atom.Dialog, atom.Dir, atom.Div, atom.Dl, atom.Dt, atom.Fieldset, atom.Figcaption, atom.Figure, atom.Footer, atom.Form,
		atom.Frameset, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Header, atom.Hgroup, atom.Html, atom.Legend,
		atom.Li, atom.Listing, atom.Main, atom.Menu, atom.Nav, atom.Ol, atom.P, atom.Plaintext, atom.Pre, atom.Search,
		atom.Section, atom.Summary, atom.Table, atom.Tbody, atom.Td, atom.Tfoot, atom.Th, atom.Thead, atom.Tr, atom.Ul, atom.Xmp:
		return true
	}
	return false
}

// isBlock says whether an element starts a new line: by its name, or by an
// inline style that says otherwise. Custom elements hold components and are
// blocks.
func (p *page) isBlock(h *html.Node) bool {
	block := blockElement(h.DataAtom) || h.DataAtom == 0 && strings.Contains(h.Data, "-")
	if len(h.Attr) == 0 {
		return block
	}
	switch p.style(h).display {
	case "inline", "contents":
		return block && h.DataAtom != atom.Div && h.DataAtom != atom.P && h.DataAtom != atom.Li
	case "block", "flex", "grid", "list-item", "table":
		return true
	}
	return block
}

// isBold says whether an element sets its text in bold type, as far as markup,
// inline style and usual class names tell.
func (p *page) isBold(h *html.Node) bool {
	switch h.DataAtom {
	case atom.B, atom.Strong:
		return true
	}
	if len(h.Attr) == 0 {
		return false
	}
	if p.style(h).bold {
		return true
	}
	if class := attr(h, "class"); strings.Contains(class, "bold") {
		for name := range strings.FieldsSeq(class) {
			switch name {
			case "bold", "font-bold", "font-semibold", "fw-bold", "text-bold", "is-bold":
				return true
			}
		}
	}
	return false
}

// headingLevel returns the level of a heading element, or 0.
func headingLevel(h *html.Node) int {
	switch h.DataAtom {
	case atom.H1:
		return 1
	case atom.H2:
		return 2
	case atom.H3:
		return 3
	case atom.H4:
		return 4
	case atom.H5:
		return 5
	case atom.H6:
		return 6
	}
	if attr(h, "role") == "heading" {
		if n, err := strconv.Atoi(attr(h, "aria-level")); err == nil && n >= 1 && n <= 6 {
			return n
		}
		return 2
	}
	return 0
}

// marker returns what browsers print before item n of an ordered list; style
// is the type attribute, "" for an unordered list.
func marker(style string, n int) string {
	switch style {
	case "":
		return ""
	case "a", "A":
		if n >= 1 && n <= 26 {
			return string(rune(style[0])+rune(n-1)) + "."
		}
	case "i", "I":
		if r := roman(n); r != "" {
			if style == "I" {
				r = strings.ToUpper(r)
			}
			return r + "."
		}
	}
	return strconv.Itoa(n) + "."
}

// roman returns n from 1 to 99 in lower-case Roman numerals.
func roman(n int) string {
	if n < 1 || n > 99 {
		return ""
	}
	var b strings.Builder
	for _, d := range []struct {
		v int
		s string
	}{{90, "xc"}, {50, "l"}, {40, "xl"}, {10, "x"}, {9, "ix"}, {5, "v"}, {4, "iv"}, {1, "i"}} {
		for n >= d.v {
			b.WriteString(d.s)
			n -= d.v
		}
	}
	return b.String()
}

// maxCellWords is how long a cell of a data table is at most; tables with
// longer ones lay out the page.
const maxCellWords = 400

// dataTable says whether a table holds data rather than layout: at least two
// columns, no nested tables, no headings and no forms of documents.
func (p *page) dataTable(i int32) bool {
	if role := attr(p.nodes[i].h, "role"); role == "presentation" || role == "none" {
		return false
	}
	cells, rows := 0, 0
	for k := i + 1; k < p.nodes[i].end; k++ {
		n := &p.nodes[k]
		switch n.h.DataAtom {
		case atom.Table:
			return false
		case atom.H1, atom.H2:
			return false
		case atom.Td, atom.Th:
			cells++
			if n.words > maxCellWords {
				return false
			}
		case atom.Tr:
			rows++
		}
	}
	return rows > 0 && cells > rows
}

// table emits one unit per row.
func (w *walker) table(i int32) {
	for k := i + 1; k < w.p.nodes[i].end; {
		n := &w.p.nodes[k]
		switch {
		case n.dropped:
			k = n.end
		case n.h.DataAtom == atom.Tr:
			w.row(k)
			k = n.end
		case n.h.DataAtom == atom.Caption:
			w.children(k, context{})
			w.flush(context{})
			k = n.end
		default:
			k++
		}
	}
}

// row joins the cells of a table row.
func (w *walker) row(i int32) {
	var cells []string
	var links []policy.Link
	filled := false
	for k := i + 1; k < w.p.nodes[i].end; k = w.p.nodes[k].end {
		n := &w.p.nodes[k]
		if n.dropped || n.h.Type != html.ElementNode {
			continue
		}
		cell := walker{p: w.p, base: w.base, cell: true}
		cell.children(k, context{})
		cell.flush(context{})
		var parts []string
		for _, u := range cell.out {
			parts = append(parts, u.text)
			links = append(links, u.links...)
		}
		text := strings.Join(parts, " ")
		filled = filled || text != ""
		cells = append(cells, text)
	}
	if !filled {
		return
	}
	for len(cells) > 1 && cells[len(cells)-1] == "" {
		cells = cells[:len(cells)-1]
	}
	w.out = append(w.out, unit{kind: policy.TableRow, text: strings.TrimSpace(strings.Join(cells, policy.CellSeparator)), links: links})
}
