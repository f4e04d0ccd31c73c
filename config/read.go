package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// syntaxHints explains the parser's terser complaints.
var syntaxHints = []struct{ message, hint string }{
	{"tab character", "YAML indents with spaces only"},
	{"cannot start any token", "put a value that begins with @, ` or % in quotes, and indent with spaces only"},
	{"mapping values are not allowed", "is the line indented too far, or does a value with \": \" in it lack quotes?"},
	{"did not find expected key", "the line's indentation fits no line above it, or a bracket or quote is not closed"},
	{"did not find expected '-' indicator", "every entry of the list must begin with \"- \" in the same column"},
	{"did not find expected ',' or", "a bracket is not closed"},
	{"unexpected end of stream", "a quote or bracket is not closed"},
	{"could not find expected ':'", "a key must be followed by \": \""},
	{"unknown escape", "use single quotes, in which a backslash is a backslash"},
	{"unknown anchor", "write the value out, or define the anchor above"},
}

// secretive matches lines of a file that does not parse which may hold a
// secret: they are not shown.
var secretive = regexp.MustCompile(`(?i)secret|token|passw|auth|cookie|credential|api[-_]?key|hook|header|proxy|://[^\s/]*/\S`)

// readRoot turns the bytes of a file into its root node. Nil means that the
// file is not YAML at all; the reason was reported.
func (d *decoder) readRoot(src []byte) *yaml.Node {
	if int64(len(src)) > MaxFileSize {
		d.add(Problem{Line: 1, Column: 1, Message: "the file is larger than " + formatSize(MaxFileSize), Hint: "is this the right file?"})
		return nil
	}
	if p := badText(src); p != nil {
		d.add(*p)
		return nil
	}
	dec := yaml.NewDecoder(bytes.NewReader(src))
	doc, err := decodeNode(dec)
	switch {
	case errors.Is(err, io.EOF):
		d.add(Problem{Line: 1, Column: 1, Message: "the file is empty", Hint: "begin with the watcher.yml that comes with the program"})
		return nil
	case err != nil:
		d.add(syntaxProblem(src, err))
		return nil
	}
	if next, err := decodeNode(dec); !errors.Is(err, io.EOF) {
		p := Problem{Line: 1, Column: 1, Message: "the file holds more than one YAML document", Hint: "remove the line with \"---\" and what follows"}
		if err == nil {
			p.Line, p.Column = next.Line, next.Column
		}
		d.add(p)
	}
	return doc.Content[0]
}

// decodeNode reads one YAML document. A panic of the parser is a bug there
// that must not take a running daemon down with it on reload.
func decodeNode(dec *yaml.Decoder) (doc *yaml.Node, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("yaml: the parser failed: %v", r)
		}
	}()
	doc = &yaml.Node{}
	if err := dec.Decode(doc); err != nil {
		return nil, err
	}
	if len(doc.Content) == 0 {
		return nil, io.EOF
	}
	return doc, nil
}

// badText finds what the parser refuses without saying where: bytes that are
// not UTF-8 and control characters.
func badText(src []byte) *Problem {
	p := Problem{Line: 1, Column: 1}
	for i := 0; i < len(src); {
		r, size := utf8.DecodeRune(src[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			p.Message, p.Hint = "the file is not UTF-8", "save it as UTF-8 without exotic encodings such as UTF-16 or Latin-1"
			return &p
		case isControl(r):
			p.Message, p.Hint = fmt.Sprintf("control character %U is not allowed", r), "delete it, or write it as an escape in double quotes"
			return &p
		}
		i += size
		if isBreak(r) && (r != '\r' || i >= len(src) || src[i] != '\n') {
			p.Line, p.Column = p.Line+1, 1
		} else {
			p.Column++
		}
	}
	return nil
}

// syntaxProblem makes a problem of the parser's error. The parser names the
// line where the surrounding construct began, or none; the line that matters
// is the last one of the shortest beginning of the file that fails alike.
func syntaxProblem(src []byte, err error) Problem {
	message := syntaxMessage(err)
	lines := splitLines(string(src))
	low, high := 1, len(lines)
	if len(src) > bisectLimit {
		low = reportedLine(err)
		high = low
	}
	for low < high {
		mid := (low + high) / 2
		beginning := strings.Join(lines[:mid], "\n") + "\n"
		_, e := decodeNode(yaml.NewDecoder(strings.NewReader(beginning)))
		if e != nil && !errors.Is(e, io.EOF) && syntaxMessage(e) == message {
			high = mid
		} else {
			low = mid + 1
		}
	}
	p := Problem{Line: low, Column: 1, Message: "not YAML: " + message, Hint: "look at this line and the one above it"}
	if low <= len(lines) {
		line := lines[low-1]
		p.Column += len(leading(line))
	}
	if low <= len(lines) && strings.Contains(leading(lines[low-1]), "\t") {
		p.Hint = "YAML indents with spaces only"
		return p
	}
	for _, h := range syntaxHints {
		if strings.Contains(message, h.message) {
			p.Hint = h.hint
			break
		}
	}
	return p
}

// leading returns the blanks and tabs with which a line begins.
func leading(line string) string { return line[:len(line)-len(strings.TrimLeft(line, " \t"))] }

// bisectLimit is the size in bytes up to which a file is parsed some twenty
// times over to find the line of an error.
const bisectLimit = 1 << 20

var yamlPrefix = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)

// reportedLine is the parser's own guess.
func reportedLine(err error) int {
	if m := yamlPrefix.FindStringSubmatch(err.Error()); m != nil {
		if n, err := strconv.Atoi(m[1]); err == nil {
			return n
		}
	}
	return 1
}

func syntaxMessage(err error) string { return yamlPrefix.ReplaceAllString(err.Error(), "") }

// splitLines cuts s where YAML does, so that line numbers agree.
func splitLines(s string) []string {
	var lines []string
	start := 0
	for i, r := range s {
		if !isBreak(r) || i < start {
			continue
		}
		lines = append(lines, s[start:i])
		start = i + utf8.RuneLen(r)
		if r == '\r' && strings.HasPrefix(s[start:], "\n") {
			start++
		}
	}
	if start < len(s) {
		lines = append(lines, s[start:])
	}
	return lines
}

// isControl reports characters that YAML does not allow in a file.
func isControl(r rune) bool {
	return (r < ' ' && r != '\t' && !isBreak(r)) || (r >= 0x7f && r < 0xa0 && !isBreak(r)) || r == 0xfffe || r == 0xffff
}

func isBreak(r rune) bool {
	return r == '\n' || r == '\r' || r == 0x85 || r == 0x2028 || r == 0x2029
}

// excerpts returns the lines that problems point at. Without parsed nodes
// nobody knows where the secrets are, so lines that may hold one are left out.
func (d *decoder) excerpts(src []byte, parsed bool) map[int]excerpt {
	const manySecrets = 1000 // more than that is no file made by hand
	if len(d.hidden) > manySecrets {
		return nil
	}
	lines := splitLines(string(src))
	hidden := map[int][]span{}
	for n := range d.hidden {
		hideScalar(lines, n, hidden)
	}
	shown := map[int]excerpt{}
	for _, p := range d.problems {
		if _, done := shown[p.Line]; done || p.Line > len(lines) || (!parsed && secretive.MatchString(lines[p.Line-1])) {
			continue
		}
		if line := lines[p.Line-1]; strings.TrimSpace(line) != "" {
			shown[p.Line] = excerpt{text: []rune(line), hidden: hidden[p.Line]}
		}
	}
	return shown
}

// endOfLine is past every column.
const endOfLine = 1 << 30

// hideScalar adds the ranges that the scalar n covers. Where its end is not
// certain it hides more rather than less.
func hideScalar(lines []string, n *yaml.Node, hidden map[int][]span) {
	if n.Line < 1 || n.Line > len(lines) {
		return
	}
	line, from := []rune(lines[n.Line-1]), n.Column-1
	if n.Style == 0 && from <= len(line) && n.Value != "" && strings.HasPrefix(string(line[from:]), n.Value) {
		hidden[n.Line] = append(hidden[n.Line], span{from, from + utf8.RuneCountInString(n.Value)})
		return
	}
	if quote := quoteOf(n.Style); quote != 0 {
		if to := closingQuote(line, from, quote); to > 0 {
			hidden[n.Line] = append(hidden[n.Line], span{from, to})
			return
		}
	}
	hidden[n.Line] = append(hidden[n.Line], span{from, endOfLine})
	indent := indentOf(lines[n.Line-1])
	for i := n.Line; i < len(lines); i++ {
		if strings.TrimSpace(lines[i]) != "" && indentOf(lines[i]) <= indent && quoteOf(n.Style) == 0 {
			return
		}
		hidden[i+1] = append(hidden[i+1], span{0, endOfLine})
		if q := quoteOf(n.Style); q != 0 && closingQuote([]rune(string(q)+lines[i]), 0, q) > 0 {
			return
		}
	}
}

func indentOf(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }

func quoteOf(s yaml.Style) rune {
	switch {
	case s&yaml.DoubleQuotedStyle != 0:
		return '"'
	case s&yaml.SingleQuotedStyle != 0:
		return '\''
	}
	return 0
}

// closingQuote returns the column after the quoted scalar whose opening quote
// is the first one at or after from, 0 when it does not end on the line.
func closingQuote(line []rune, from int, quote rune) int {
	open := false
	for i := from; i < len(line); i++ {
		switch {
		case open && quote == '"' && line[i] == '\\':
			i++
		case line[i] != quote:
		case !open:
			open = true
		case quote == '\'' && i+1 < len(line) && line[i+1] == quote:
			i++
		default:
			return i + 1
		}
	}
	return 0
}
