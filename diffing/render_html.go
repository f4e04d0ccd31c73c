package diffing

import (
	"bufio"
	"fmt"
	"html"
	"io"
	"strings"

	"watcher/policy"
)

// pageStyle makes a redline readable on a screen and on paper, in colour and
// without.
const pageStyle = `
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.3rem; } h3 { font-size: 1.05rem; margin: 1.6rem 0 .4rem; border-bottom: 1px solid #8886; }
del + ins { margin-left: .15em; }
blockquote { margin: .3rem 0; padding-left: .8rem; border-left: .2rem solid #8886; }
ins { background: #2a73; text-decoration: underline; } del { background: #c333; text-decoration: line-through; }
.edit-moved, .moved-away { border-left: .3rem double #8888; padding-left: .7rem; }
.moved-away { margin: .5rem 0; } .edit-grade, .edit-reasons, .change-dates { font-size: .85rem; opacity: .8; margin: .2rem 0; }
@media print { body { max-width: none; margin: 0; font-size: 10pt; } .edit { break-inside: avoid; } ins, del { background: none; } a { color: inherit; } }
`

// WritePage writes c as a page of its own, to be looked at, printed and kept: the
// fragment of WriteHTML with a title and a style sheet, and nothing that a
// browser would fetch.
func WritePage(w io.Writer, c policy.Change, title string) error {
	title = escape(oneLine(title))
	if _, err := fmt.Fprintf(w, "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n"+
		"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n<title>%s</title>\n<style>%s</style>\n<h1>%s</h1>\n", title, pageStyle, title); err != nil {
		return fmt.Errorf("write change as HTML: %w", err)
	}
	return WriteHTML(w, c)
}

// WriteHTML writes c as an HTML fragment without script, style or any address
// from the policy: sections and lists with <del> and <ins>, and moved text with
// links between its places. Every text of the policy is escaped.
func WriteHTML(w io.Writer, c policy.Change) error {
	b := bufio.NewWriter(w)
	put := func(format string, args ...any) { _, _ = fmt.Fprintf(b, format, args...) } // the error stays for Flush
	put("<div class=\"change change-%s\">\n<p class=\"change-summary\"><strong>%s</strong> %s</p>\n",
		escape(string(c.Significance)), escape(string(c.Significance)), escape(oneLine(c.Summary)))
	if len(c.Dates.Facts) > 0 {
		put("<p class=\"change-dates\">%s</p>\n", escape(dateFactTexts(c.Dates.Facts)))
	}
	for _, g := range htmlGroups(c.Edits) {
		put("<section>\n<h3>%s</h3>\n", escape(oneLine(sectionTitle(g.section))))
		for _, e := range g.edits {
			put("%s", editBox(e))
		}
		for _, e := range g.left {
			put("%s", leftBox(e))
		}
		put("</section>\n")
	}
	if len(c.Links) > 0 {
		put("<section>\n<h3>Link targets</h3>\n<ul>\n")
		for _, l := range c.Links {
			put("<li>%s: <del>%s</del> <ins>%s</ins></li>\n", escape(oneLine(l.Text)), escape(oneLine(l.Old)), escape(oneLine(l.New)))
		}
		put("</ul>\n</section>\n")
	}
	put("</div>\n")
	if err := b.Flush(); err != nil {
		return fmt.Errorf("write change as HTML: %w", err)
	}
	return nil
}

// htmlGroup is a section with the edits in it and those that left it.
type htmlGroup struct {
	section string
	edits   []policy.Edit
	left    []policy.Edit
}

// htmlGroups adds to the sections of the edits what moved away from them.
func htmlGroups(edits []policy.Edit) []htmlGroup {
	var out []htmlGroup
	first := map[string]int{}
	for _, g := range bySection(edits) {
		if _, known := first[g.section]; !known {
			first[g.section] = len(out)
		}
		out = append(out, htmlGroup{section: g.section, edits: g.edits})
	}
	for _, e := range edits {
		if !hasMoved(e) {
			continue
		}
		from := placeBefore(e)
		i, known := first[from]
		if !known {
			i = len(out)
			first[from] = i
			out = append(out, htmlGroup{section: from})
		}
		out[i].left = append(out[i].left, e)
	}
	return out
}

// hasMoved says whether the text of an edit stands in another place now.
func hasMoved(e policy.Edit) bool {
	return e.Op == policy.Moved || e.FromSection != "" && e.Op == policy.Reworded && !e.Heading
}

// placeBefore is the section in which a moved text stood.
func placeBefore(e policy.Edit) string {
	if e.FromSection != "" {
		return e.FromSection
	}
	return e.Section
}

func editBox(e policy.Edit) string {
	var b strings.Builder
	class := "edit edit-" + string(e.Op)
	fmt.Fprintf(&b, "<div class=\"%s\" id=\"%s\">\n<p class=\"edit-grade\">%s</p>\n", escape(class), escape(e.ID), escape(oneLine(gradeLine(e))))
	if hasMoved(e) {
		fmt.Fprintf(&b, "<p class=\"edit-moved\">moved here from <a href=\"#from-%s\">%s</a></p>\n", escape(e.ID), escape(oneLine(sectionTitle(placeBefore(e)))))
	}
	fmt.Fprintf(&b, "<blockquote>%s</blockquote>\n%s</div>\n", editHTML(e), reasonsHTML(e.Reasons))
	return b.String()
}

// leftBox marks the place that a text left.
func leftBox(e policy.Edit) string {
	return fmt.Sprintf("<p class=\"moved-away\" id=\"from-%s\">%s <a href=\"#%s\">moved to %s</a></p>\n",
		escape(e.ID), escape(quoteLong(e.Old)), escape(e.ID), escape(oneLine(sectionTitle(e.Section))))
}

func reasonsHTML(reasons []string) string {
	if len(reasons) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("<ul class=\"edit-reasons\">\n")
	for _, r := range reasons {
		b.WriteString("<li>" + escape(oneLine(r)) + "</li>\n")
	}
	b.WriteString("</ul>\n")
	return b.String()
}

func editHTML(e policy.Edit) string {
	spans := e.Redline
	switch {
	case len(spans) > 0:
	case e.Op == policy.Removed:
		spans = []policy.Span{{Op: policy.SpanDelete, Text: e.Old}}
	case e.Op == policy.Added:
		spans = []policy.Span{{Op: policy.SpanInsert, Text: e.New}}
	case e.Op == policy.Renumbered:
		return strings.ReplaceAll(escape(strings.Join(renumberedLines(e), "\n")), "\n", "<br>\n")
	default:
		spans = []policy.Span{{Op: policy.SpanEqual, Text: e.New}}
	}
	var b strings.Builder
	for _, s := range Unpadded(spans) {
		text := strings.ReplaceAll(escape(printable(s.Text)), "\n", "<br>\n")
		switch s.Op {
		case policy.SpanEqual:
			b.WriteString(text)
		case policy.SpanDelete:
			b.WriteString("<del>" + text + "</del>")
		case policy.SpanInsert:
			b.WriteString("<ins>" + text + "</ins>")
		}
	}
	return b.String()
}

func escape(s string) string { return html.EscapeString(s) }
