package diffing

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"watcher/policy"
)

// WriteMarkdown writes c as Markdown, deletions as ~~struck~~ and insertions
// as **bold**. The policy's own text is escaped: it cannot make headings,
// links, images or HTML.
func WriteMarkdown(w io.Writer, c policy.Change) error {
	b := bufio.NewWriter(w)
	put := func(format string, args ...any) { _, _ = fmt.Fprintf(b, format, args...) } // the error stays for Flush
	put("**%s** · %s\n", c.Significance, escapeMarkdown(oneLine(c.Summary)))
	if len(c.Dates.Facts) > 0 {
		put("\nDates: %s\n", dateFactTexts(c.Dates.Facts))
	}
	for _, g := range bySection(c.Edits) {
		put("\n### %s\n", escapeMarkdown(oneLine(sectionTitle(g.section))))
		for _, e := range g.edits {
			put("\n*%s*\n\n%s\n", escapeMarkdown(oneLine(gradeLine(e))), quoteMarkdown(editMarkdown(e)))
			for _, r := range e.Reasons {
				put("\n- %s", escapeMarkdown(oneLine(r)))
			}
			if len(e.Reasons) > 0 {
				put("\n")
			}
		}
	}
	if len(c.Links) > 0 {
		put("\n### Link targets\n\n")
		for _, l := range c.Links {
			put("- %s: %s → %s\n", escapeMarkdown(oneLine(l.Text)), escapeMarkdown(oneLine(l.Old)), escapeMarkdown(oneLine(l.New)))
		}
	}
	if err := b.Flush(); err != nil {
		return fmt.Errorf("write change as Markdown: %w", err)
	}
	return nil
}

func editMarkdown(e policy.Edit) string {
	switch {
	case len(e.Redline) > 0:
		var b strings.Builder
		for _, s := range e.Redline {
			b.WriteString(spanMarkdown(s))
		}
		return b.String()
	case e.Op == policy.Removed:
		return spanMarkdown(policy.Span{Op: policy.SpanDelete, Text: e.Old})
	case e.Op == policy.Added:
		return spanMarkdown(policy.Span{Op: policy.SpanInsert, Text: e.New})
	case e.Op == policy.Renumbered:
		return escapeMarkdown(strings.Join(renumberedLines(e), "\n"))
	}
	return escapeMarkdown(printable(e.New))
}

// spanMarkdown marks the words of a span. White space stays outside the marks,
// else Markdown would not see them, and every line has marks of its own.
func spanMarkdown(s policy.Span) string {
	text := printable(s.Text)
	mark := ""
	switch s.Op {
	case policy.SpanEqual:
		return escapeMarkdown(text)
	case policy.SpanDelete:
		mark = "~~"
	case policy.SpanInsert:
		mark = "**"
	}
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		core := strings.TrimSpace(l)
		if core == "" {
			continue
		}
		at := strings.Index(l, core)
		lines[i] = l[:at] + mark + escapeMarkdown(core) + mark + l[at+len(core):]
	}
	return strings.Join(lines, "\n")
}

// quoteMarkdown makes text a block quote; its line breaks stay.
func quoteMarkdown(text string) string {
	return "> " + strings.ReplaceAll(text, "\n", "  \n> ")
}

// escapeMarkdown escapes everything that Markdown could take for markup.
func escapeMarkdown(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '<':
			b.WriteString("&lt;")
			continue
		case r == '&':
			b.WriteString("&amp;")
			continue
		case strings.ContainsRune("\\`*_{}[]()#+-!|~>@", r):
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}
