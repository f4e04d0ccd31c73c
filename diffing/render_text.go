package diffing

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"watcher/policy"
)

// TextOptions shape the output of WriteText.
type TextOptions struct {
	// Color marks words with ANSI colours instead of wdiff's brackets.
	Color bool
	// Width is where lines are wrapped, in runes; 0 is never.
	Width int
}

// The ANSI sequences that WriteText uses.
const (
	ansiReset  = "\x1b[0m"
	ansiBold   = "\x1b[1m"
	ansiDim    = "\x1b[2m"
	ansiDelete = "\x1b[31;9m"
	ansiInsert = "\x1b[32m"
)

// minWidth keeps wrapping sane on absurdly narrow terminals.
const minWidth = 20

// WriteText writes c for a terminal: summary, date facts, and the edits by
// section with redlines as [-deleted-]{+inserted+} or in colour. Control
// characters of the policy never reach the terminal.
func WriteText(w io.Writer, c policy.Change, opt TextOptions) error {
	t := &textWriter{w: bufio.NewWriter(w), opt: opt}
	t.line("", t.style(ansiBold, string(c.Significance))+" · "+oneLine(c.Summary))
	if len(c.Dates.Facts) > 0 {
		t.line("", "dates: "+dateFactTexts(c.Dates.Facts))
	}
	for _, g := range bySection(c.Edits) {
		t.line("", "")
		t.line("", t.style(ansiBold, oneLine(sectionTitle(g.section))))
		for _, e := range g.edits {
			t.edit(e)
		}
	}
	if len(c.Links) > 0 {
		t.line("", "")
		t.line("", t.style(ansiBold, "Link targets"))
		for _, l := range c.Links {
			t.line("  ", fmt.Sprintf("~ %q: %s → %s", oneLine(l.Text), oneLine(l.Old), oneLine(l.New)))
		}
	}
	if err := t.w.Flush(); err != nil {
		return fmt.Errorf("write change as text: %w", err)
	}
	return nil
}

// textWriter writes wrapped lines; the writer keeps the first error for Flush.
type textWriter struct {
	w   *bufio.Writer
	opt TextOptions
}

func (t *textWriter) style(code, s string) string {
	if !t.opt.Color {
		return s
	}
	return code + s + ansiReset
}

// sign is the mark before an edit, as in a diff.
func sign(op policy.EditOp) string {
	switch op {
	case policy.Added:
		return "+"
	case policy.Removed:
		return "-"
	case policy.Moved:
		return ">"
	case policy.Renumbered:
		return "#"
	case policy.Reworded:
	}
	return "~"
}

func (t *textWriter) edit(e policy.Edit) {
	t.line("  ", sign(e.Op)+" "+t.style(ansiDim, oneLine(gradeLine(e))))
	switch {
	case len(e.Redline) > 0:
		t.block(t.redline(e.Redline))
	case e.Op == policy.Removed:
		t.block(t.span(policy.SpanDelete, e.Old))
	case e.Op == policy.Added:
		t.block(t.span(policy.SpanInsert, e.New))
	case e.Op == policy.Renumbered:
		t.block(strings.Join(renumberedLines(e), "\n"))
	default:
		t.block(printable(e.New))
	}
	for _, r := range e.Reasons {
		t.line("    ", t.style(ansiDim, "because "+oneLine(r)))
	}
}

func (t *textWriter) redline(spans []policy.Span) string {
	var b strings.Builder
	for _, s := range Unpadded(spans) {
		b.WriteString(t.span(s.Op, s.Text))
	}
	return b.String()
}

func (t *textWriter) span(op policy.SpanOp, text string) string {
	text = printable(text)
	switch {
	case op == policy.SpanEqual:
		return text
	case op == policy.SpanDelete && t.opt.Color:
		return ansiDelete + text + ansiReset
	case op == policy.SpanDelete:
		return "[-" + text + "-]"
	case t.opt.Color:
		return ansiInsert + text + ansiReset
	}
	return "{+" + text + "+}"
}

// block writes text of one or more lines under an edit.
func (t *textWriter) block(text string) {
	for l := range strings.SplitSeq(text, "\n") {
		t.line("    ", l)
	}
}

// line writes one line, wrapped at spaces if a width is set.
func (t *textWriter) line(indent, text string) {
	width := t.opt.Width
	if width > 0 {
		width = max(width, minWidth) - len(indent)
	}
	column := 0
	var b strings.Builder
	b.WriteString(indent)
	for i, word := range strings.Split(text, " ") {
		n := visible(word)
		switch {
		case i == 0:
		case width > 0 && column+1+n > width && column > 0:
			b.WriteString("\n" + indent)
			column = 0
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += n
	}
	_, _ = t.w.WriteString(strings.TrimRight(b.String(), " ") + "\n") // the error stays for Flush
}

// visible counts runes that take up room: ANSI sequences do not.
func visible(word string) int {
	n := utf8.RuneCountInString(word)
	for rest := word; ; {
		i := strings.IndexByte(rest, 0x1b)
		if i < 0 {
			return n
		}
		end := strings.IndexByte(rest[i:], 'm')
		if end < 0 {
			return n
		}
		n -= end + 1
		rest = rest[i+end+1:]
	}
}
