package diffing

import (
	"strings"

	"watcher/policy"
)

// Unpadded returns the spans of a redline as they should be shown: white space
// at the ends of deleted and inserted words stands in equal spans, so that no
// underlined or struck-out space appears beside a word. A span of nothing but
// white space stays as it is, else its change could not be seen.
//
// It is for renderers only: where a word was added or removed with the space
// before it, equal and deleted spans joined have that space once too often to
// be the old text. The spans given are not changed.
func Unpadded(spans []policy.Span) []policy.Span {
	out := make([]policy.Span, 0, len(spans))
	add := func(op policy.SpanOp, text string) {
		switch n := len(out); {
		case text == "":
		case n > 0 && op == policy.SpanEqual && out[n-1].Op == op:
			out[n-1].Text += text
		default:
			out = append(out, policy.Span{Op: op, Text: text})
		}
	}
	for _, s := range spans {
		core := strings.TrimFunc(s.Text, isBlank)
		if s.Op == policy.SpanEqual || core == "" {
			add(s.Op, s.Text)
			continue
		}
		at := strings.Index(s.Text, core)
		add(policy.SpanEqual, s.Text[:at])
		add(s.Op, core)
		add(policy.SpanEqual, s.Text[at+len(core):])
	}
	return out
}
