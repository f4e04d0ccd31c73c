package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxProblems bounds how many problems of one file are kept.
const maxProblems = 1000

// Problem is one thing that is wrong with a configuration file.
type Problem struct {
	// Line and Column count from 1, Column in characters.
	Line, Column int
	// Path leads to the value, for example "vendors[0].policies[2].interval".
	Path string
	// Message says what is wrong, Hint what to do about it.
	Message string
	Hint    string
}

// String returns the problem on one line.
func (p Problem) String() string {
	s := fmt.Sprintf("%d:%d: ", p.Line, p.Column)
	if p.Path != "" {
		s += p.Path + ": "
	}
	s += p.Message
	if p.Hint != "" {
		s += " (hint: " + p.Hint + ")"
	}
	return s
}

// Error is everything that is wrong with a configuration file.
type Error struct {
	File     string
	Problems []Problem

	// source holds the lines that the problems point at, secrets masked.
	source map[int]excerpt
}

// Error prints every problem as "file:line:column: path: message", with the
// line of the file, a caret below the place, and the hint.
func (e *Error) Error() string {
	var b strings.Builder
	for i, p := range e.Problems {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "%s:%d:%d: ", e.File, p.Line, p.Column)
		if p.Path != "" {
			b.WriteString(p.Path + ": ")
		}
		b.WriteString(p.Message)
		if x, ok := e.source[p.Line]; ok {
			x.write(&b, p.Line, p.Column)
		}
		if p.Hint != "" {
			b.WriteString("\n  hint: " + p.Hint)
		}
	}
	return b.String()
}

// sortProblems orders problems by place and drops repeats, which come from a
// wrong value that several aliases use.
func sortProblems(problems []Problem) []Problem {
	slices.SortStableFunc(problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return slices.CompactFunc(problems, func(a, b Problem) bool {
		return a.Line == b.Line && a.Column == b.Column && a.Message == b.Message
	})
}

// excerpt is a line of the file, with the ranges of it that must not show.
type excerpt struct {
	text   []rune
	hidden []span
}

// span is a range of characters, counted from 0, end excluded.
type span struct{ from, to int }

// excerptWidth is how much of a line is shown, in characters.
const excerptWidth = 110

// write prints the line and a caret below column.
func (x excerpt) write(b *strings.Builder, line, column int) {
	at := min(column-1, len(x.text))
	from := max(0, min(at-excerptWidth/2, len(x.text)-excerptWidth))
	to := min(len(x.text), from+excerptWidth)
	before, after := x.masked(from, at), x.masked(at, to)
	if from > 0 {
		before = "…" + before
	}
	if to < len(x.text) {
		after += "…"
	}
	indent := strings.Map(func(r rune) rune {
		if r == '\t' {
			return r
		}
		return ' '
	}, before)
	fmt.Fprintf(b, "\n%5d | %s%s\n      | %s^", line, before, after, indent)
}

// masked returns a part of the line with Redacted wherever a secret begins.
func (x excerpt) masked(from, to int) string {
	var b strings.Builder
	for i := from; i < to; i++ {
		switch h := x.hiddenAt(i); {
		case h == nil:
			b.WriteRune(printable(x.text[i]))
		case h.from == i:
			b.WriteString(Redacted)
		}
	}
	return b.String()
}

func (x excerpt) hiddenAt(i int) *span {
	for k := range x.hidden {
		if h := &x.hidden[k]; h.from <= i && i < h.to {
			return h
		}
	}
	return nil
}

// printable replaces what a terminal could take for a command.
func printable(r rune) rune {
	if (r < ' ' && r != '\t') || (r >= 0x7f && r < 0xa0) {
		return utf8.RuneError
	}
	return r
}
