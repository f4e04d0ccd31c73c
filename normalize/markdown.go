package normalize

import (
	"regexp"
	"strings"

	"watcher/policy"
)

var (
	atxHeading  = regexp.MustCompile(`^(#{1,6})\s+(.*?)\s*#*$`)
	setextLine  = regexp.MustCompile(`^(={3,}|-{3,})$`)
	mdBullet    = regexp.MustCompile(`^[-*+•]\s+(\S.*)$`)
	mdNumber    = regexp.MustCompile(`^(\d{1,3}[.)])\s+(\S.*)$`)
	mdRule      = regexp.MustCompile(`^(?:[-*_]\s*){3,}$`)
	mdTableRule = regexp.MustCompile(`^\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?$`)
	mdLink      = regexp.MustCompile(`!?\[([^\[\]]*)\]\(<?([^()\s<>]*(?:\([^()\s]*\)[^()\s]*)?)>?(?:\s+"[^"]*")?\)`)
	mdAutoLink  = regexp.MustCompile(`<((?:https?://|mailto:)[^<>\s]+|[^<>\s@]+@[^<>\s@]+)>`)
	mdStrong    = regexp.MustCompile(`(\*\*|__)\s?([^*_\s][^*]*?)\s?(\*\*|__)`)
	mdEmphasis  = regexp.MustCompile(`(^|[\s(“"'])[*_]([^*_\s](?:[^*_]*[^*_\s])?)[*_]($|[\s).,;:!?”"'])`)
	mdCode      = regexp.MustCompile("`([^`]+)`")
	mdEscape    = regexp.MustCompile(`\\([\\` + "`" + `*_{}\[\]()#+\-.!|>])`)
)

// looksMarkdown says whether undeclared text is certainly Markdown.
func looksMarkdown(lines []textLine) bool {
	headings, links := 0, 0
	for _, l := range lines {
		if strings.HasPrefix(l.text, "#") && atxHeading.MatchString(l.text) {
			headings++
		}
		if strings.Contains(l.text, "](") && mdLink.MatchString(l.text) {
			links++
		}
	}
	return headings >= 2 || headings == 1 && links >= 1
}

// markdownUnits reads the Markdown that documents are written in: headings,
// paragraphs, lists, quotes, pipe tables, links and emphasis. Code blocks and
// HTML in Markdown are taken as text.
func markdownUnits(lines []textLine) []unit {
	m := markdown{}
	for _, l := range lines {
		m.line(l)
	}
	m.flush()
	return m.out
}

type markdown struct {
	out   []unit
	para  []string
	item  *unit
	gap   bool
	depth []int
}

func (m *markdown) line(l textLine) {
	text := l.text
	for strings.HasPrefix(text, ">") {
		text = strings.TrimSpace(text[1:])
	}
	switch {
	case text == "":
		m.flush()
		m.gap = true
	case len(m.para) > 0 && m.item == nil && setextLine.MatchString(text):
		level := 1
		if text[0] == '-' {
			level = 2
		}
		m.heading(strings.Join(m.para, " "), level)
		m.para = nil
	case mdRule.MatchString(text), mdTableRule.MatchString(text) && strings.Contains(text, "-"):
		m.flush()
	case atxHeading.MatchString(text):
		m.flush()
		h := atxHeading.FindStringSubmatch(text)
		m.heading(h[2], len(h[1]))
	case strings.HasPrefix(text, "|") && strings.Count(text, "|") >= 2:
		m.flush()
		m.row(text)
	default:
		m.block(text, l.indent)
	}
}

func (m *markdown) block(text string, indent int) {
	if b := mdBullet.FindStringSubmatch(text); b != nil {
		m.begin("", b[1], indent)
		return
	}
	if b := mdNumber.FindStringSubmatch(text); b != nil {
		m.begin(b[1], b[2], indent)
		return
	}
	if mark, rest, ok := splitMarker(text); ok {
		m.begin(mark, rest, indent)
		return
	}
	m.para = append(m.para, text)
}

// begin starts a list item; its depth counts the smaller indents before it.
func (m *markdown) begin(mark, text string, indent int) {
	m.flush()
	for len(m.depth) > 0 && m.depth[len(m.depth)-1] >= indent {
		m.depth = m.depth[:len(m.depth)-1]
	}
	m.item = &unit{kind: policy.Item, marker: mark, depth: min(len(m.depth), 6)}
	m.depth = append(m.depth, indent)
	m.para = append(m.para, text)
}

func (m *markdown) heading(text string, level int) {
	text, _ = inlineMarkdown(text)
	if text = trimPermalink(text); text != "" {
		m.depth = nil
		m.out = append(m.out, unit{kind: policy.Paragraph, text: text, level: level, fixed: true, gap: m.gap})
	}
	m.gap = false
}

func (m *markdown) row(text string) {
	var cells []string
	var links []policy.Link
	for cell := range strings.SplitSeq(strings.Trim(text, "| "), "|") {
		s, l := inlineMarkdown(strings.TrimSpace(cell))
		cells = append(cells, s)
		links = append(links, l...)
	}
	if row := strings.TrimSpace(strings.Join(cells, policy.CellSeparator)); strings.Trim(row, "| ") != "" {
		m.out = append(m.out, unit{kind: policy.TableRow, text: row, links: links, gap: m.gap})
	}
	m.gap = false
}

func (m *markdown) flush() {
	if len(m.para) == 0 {
		m.item = nil
		return
	}
	raw := strings.Join(m.para, " ")
	text, links := inlineMarkdown(raw)
	u := unit{kind: policy.Paragraph}
	if m.item != nil {
		u = *m.item
	} else {
		m.depth = nil
	}
	u.text, u.links, u.gap = text, links, m.gap
	u.strong = strings.HasPrefix(raw, "**") && strings.HasSuffix(raw, "**") && strings.Count(raw, "**") == 2
	if text != "" {
		m.out = append(m.out, u)
	}
	m.para, m.item, m.gap = nil, nil, false
}

// inlineMarkdown removes the marks of links, emphasis and code.
func inlineMarkdown(s string) (string, []policy.Link) {
	if !strings.ContainsAny(s, "*_`[<\\") {
		return s, nil
	}
	var links []policy.Link
	s = mdLink.ReplaceAllStringFunc(s, func(m string) string {
		parts := mdLink.FindStringSubmatch(m)
		text := clean(mdStrong.ReplaceAllString(parts[1], "$2"))
		if strings.HasPrefix(m, "!") {
			return ""
		}
		if target := resolve(nil, parts[2]); target != "" && text != "" && len(links) < maxLinks {
			links = append(links, policy.Link{Text: text, URL: target})
		}
		return text
	})
	s = mdAutoLink.ReplaceAllString(s, "$1")
	s = mdStrong.ReplaceAllString(s, "$2")
	s = mdEmphasis.ReplaceAllString(s, "$1$2$3")
	s = mdCode.ReplaceAllString(s, "$1")
	s = mdEscape.ReplaceAllString(s, "$1")
	return clean(s), links
}
