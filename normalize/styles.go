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

var (
	hiddenStyle  = regexp.MustCompile(`(?i)(?:display\s*:\s*none|visibility\s*:\s*hidden)`)
	displayStyle = regexp.MustCompile(`(?i)(?:^|;)\s*display\s*:\s*([a-z-]+)`)
	boldStyle    = regexp.MustCompile(`(?i)font-weight\s*:\s*(?:bold|bolder|[6-9]00)`)
)

func readStyle(text string) inlineStyle {
	var s inlineStyle
	display := mayName(text, "display")
	if display {
		if m := displayStyle.FindStringSubmatch(text); m != nil {
			s.display = strings.ToLower(m[1])
		}
	}
	hides := display && mayName(text, "none") || mayName(text, "visibility") && mayName(text, "hidden")
	s.hidden = hides && hiddenStyle.MatchString(text)
	s.bold = mayName(text, "font-weight") && boldStyle.MatchString(text)
	return s
}

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
