package normalize

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html"
)

// inlineStyle is what the style attribute of an element says of its text.
type inlineStyle struct {
	hidden, bold bool
	// display is the value of that property in lower case, "" when there is none.
	display string
}

// style returns the inline style of an element. Editors repeat a few styles on
// every element of a page: each is read once.
func (p *page) style(h *html.Node) inlineStyle {
	text := attr(h, "style")
	if text == "" {
		return inlineStyle{}
	}
	s, ok := p.styles[text]
	if !ok {
		s = readStyle(text)
		p.styles[text] = s
	}
	return s
}

var displayStyle = regexp.MustCompile(`(?i)(?:^|;)\s*display\s*:\s*([a-z-]+)`)

func readStyle(text string) inlineStyle {
	var s inlineStyle
	if mayName(text, "display") {
		if m := displayStyle.FindStringSubmatch(text); m != nil {
			s.display = strings.ToLower(m[1])
		}
	}
	lower := foldCase(text)
	s.hidden = sets(lower, "display", "none") || sets(lower, "visibility", "hidden")
	s.bold = sets(lower, "font-weight", "bold", "600", "700", "800", "900")
	return s
}

// sets says whether a style in lower case gives a property one of the values, or
// one that begins like it.
func sets(style, property string, values ...string) bool {
	for {
		_, rest, found := strings.Cut(style, property)
		if !found {
			return false
		}
		style = rest
		if value, ok := strings.CutPrefix(trimStyle(rest), ":"); ok && beginsAny(trimStyle(value), values) {
			return true
		}
	}
}

func trimStyle(s string) string { return strings.TrimLeft(s, " \t\n\r\f") }

// mayName rules out, fast, that an inline style names a property in upper or
// lower case; the property is given in lower case.
func mayName(style, property string) bool {
	if strings.Contains(style, property) {
		return true
	}
	for i := range len(style) {
		if c := style[i]; c >= 'A' && c <= 'Z' || c >= utf8.RuneSelf {
			return true
		}
	}
	return false
}
