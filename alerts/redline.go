package alerts

import (
	"strings"
	"unicode/utf8"

	"watcher/diffing"
	"watcher/policy"
)

const (
	// contextChars is how much unchanged text is shown beside an edited place.
	contextChars = 90
	// maxSpan bounds one deleted or inserted run.
	maxSpan = 500
	// maxSpans bounds the runs of one edit.
	maxSpans = 60
)

// redline returns the spans of an edit. An edit that carries none gets them
// from what its two texts have in common at their ends.
func redline(e policy.Edit) []policy.Span {
	switch {
	case len(e.Redline) > 0:
		return e.Redline
	case e.Op == policy.Moved && e.New != "":
		return []policy.Span{{Op: policy.SpanEqual, Text: e.New}}
	case e.Old == "":
		return []policy.Span{{Op: policy.SpanInsert, Text: e.New}}
	case e.New == "":
		return []policy.Span{{Op: policy.SpanDelete, Text: e.Old}}
	case e.Op == policy.Renumbered:
		return renumberedSpans(e)
	}
	return commonEnds(e.Old, e.New)
}

// renumberedSpans shows a run of renumberings, which has a line for each, as a
// list.
func renumberedSpans(e policy.Edit) []policy.Span {
	before, after := strings.Split(e.Old, "\n"), strings.Split(e.New, "\n")
	if len(before) != len(after) || len(before) > maxSpans {
		return commonEnds(e.Old, e.New)
	}
	var out []policy.Span
	for i := range before {
		if i > 0 {
			out = append(out, policy.Span{Op: policy.SpanEqual, Text: "; "})
		}
		out = append(out, commonEnds(before[i], after[i])...)
	}
	return out
}

// commonEnds returns the spans of two texts that differ between their ends.
func commonEnds(before, after string) []policy.Span {
	head := commonPrefix(before, after)
	tail := commonSuffix(before[head:], after[head:])
	return []policy.Span{
		{Op: policy.SpanEqual, Text: before[:head]},
		{Op: policy.SpanDelete, Text: before[head : len(before)-tail]},
		{Op: policy.SpanInsert, Text: after[head : len(after)-tail]},
		{Op: policy.SpanEqual, Text: before[len(before)-tail:]},
	}
}

// commonPrefix returns the length of the common start of a and b up to a space,
// so that no word, date or number is cut.
func commonPrefix(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	if endsWord(a, n) && endsWord(b, n) {
		return n
	}
	return strings.LastIndexByte(a[:n], ' ') + 1
}

// commonSuffix is commonPrefix from the end.
func commonSuffix(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[len(a)-1-n] == b[len(b)-1-n] {
		n++
	}
	if startsWord(a, len(a)-n) && startsWord(b, len(b)-n) {
		return n
	}
	if at := strings.IndexByte(a[len(a)-n:], ' '); at >= 0 {
		return n - at
	}
	return 0
}

func endsWord(s string, at int) bool   { return at == len(s) || s[at] == ' ' }
func startsWord(s string, at int) bool { return at == 0 || s[at-1] == ' ' }

// trimSpans cleans spans, takes the white space at the ends of deleted and
// inserted words out of their marks, and cuts them to about limit UTF-16 units: unchanged
// text away from the edited places goes first, then the end. What is missing is
// marked by "…".
func trimSpans(spans []policy.Span, limit int) []policy.Span {
	var out []policy.Span
	spans = diffing.Unpadded(spans)
	for i, s := range spans {
		if limit <= 0 || len(out) == maxSpans {
			return append(out, policy.Span{Op: policy.SpanEqual, Text: " " + ellipsis})
		}
		text := foldSpace(s.Text)
		if s.Op == policy.SpanEqual {
			text = trimEqual(text, i == 0, i == len(spans)-1)
		} else {
			text = cutHead(text, maxSpan)
		}
		if text = cutHead(text, limit); text == "" {
			continue
		}
		limit -= textLen(text)
		out = append(out, policy.Span{Op: s.Op, Text: text})
	}
	return out
}

// apart puts a blank between deleted words and the inserted ones that follow at
// once, for receivers that mark them by nothing between: struck out or not,
// 2436 is a number of its own.
func apart(spans []policy.Span) []policy.Span {
	out := make([]policy.Span, 0, len(spans))
	for i, s := range spans {
		if i > 0 && s.Op != policy.SpanEqual && spans[i-1].Op != policy.SpanEqual && s.Op != spans[i-1].Op &&
			!strings.HasPrefix(s.Text, " ") && !strings.HasSuffix(spans[i-1].Text, " ") {
			out = append(out, policy.Span{Op: policy.SpanEqual, Text: " "})
		}
		out = append(out, s)
	}
	return out
}

// trimEqual keeps the ends of unchanged text that touch an edited place.
func trimEqual(text string, first, last bool) string {
	switch {
	case first && last: // a moved unit: there is nothing else to show
		return cutHead(text, maxSpan)
	case first:
		return cutTail(text, contextChars)
	case last:
		return cutHead(text, contextChars)
	}
	if _, fits := prefix(text, 2*contextChars); fits {
		return text
	}
	head := strings.TrimSuffix(cutHead(text, contextChars), ellipsis)
	return head + " " + ellipsis + " " + strings.TrimPrefix(cutTail(text, contextChars), ellipsis)
}

// foldSpace is cleanLine that keeps one space at either end, where words of the
// neighbouring spans begin.
func foldSpace(s string) string {
	line := cleanLine(s)
	if line == "" {
		if s != "" {
			return " "
		}
		return ""
	}
	if r, _ := utf8.DecodeRuneInString(s); isSpace(r) {
		line = " " + line
	}
	if r, _ := utf8.DecodeLastRuneInString(s); isSpace(r) {
		line += " "
	}
	return line
}

func isSpace(r rune) bool { return r == ' ' || r == '\n' || r == '\t' || r == '\r' || r == '\u00a0' }
