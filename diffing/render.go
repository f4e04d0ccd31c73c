package diffing

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode"

	"watcher/policy"
)

// printable makes policy text safe to show: control characters (C0, C1) and
// the bidirectional controls that can make text read as something else are
// dropped. Line breaks stay, tabs become spaces.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return r
		case r == '\t' || r == '\u2028' || r == '\u2029':
			return ' '
		case unicode.Is(unicode.Cc, r), unicode.Is(unicode.Bidi_Control, r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

// oneLine is printable text without line breaks.
func oneLine(s string) string { return strings.ReplaceAll(printable(s), "\n", " ") }

// sectionGroup is a run of edits in the same section.
type sectionGroup struct {
	section string
	edits   []policy.Edit
}

func bySection(edits []policy.Edit) []sectionGroup {
	var out []sectionGroup
	for _, e := range edits {
		if n := len(out); n == 0 || out[n-1].section != e.Section {
			out = append(out, sectionGroup{section: e.Section})
		}
		g := &out[len(out)-1]
		g.edits = append(g.edits, e)
	}
	return out
}

// untitled names the text before the first heading.
const untitled = "(before the first heading)"

func sectionTitle(path string) string {
	if path == "" {
		return untitled
	}
	return path
}

// gradeLine is the first line under an edit's section: what happened, how much
// it matters and what it is about.
func gradeLine(e policy.Edit) string {
	cats := make([]string, len(e.Categories))
	for i, c := range e.Categories {
		cats[i] = string(c)
	}
	parts := []string{string(e.Op), string(e.Significance), strings.Join(cats, ", ")}
	if e.FromSection != "" {
		parts = append(parts, "from "+quote(e.FromSection))
	}
	return strings.Join(parts, " · ")
}

// renumberedLines shows what a run of renumberings did, a line for each.
func renumberedLines(e policy.Edit) []string {
	old, new := strings.Split(printable(e.Old), "\n"), strings.Split(printable(e.New), "\n")
	if len(old) != len(new) {
		return []string{oneLine(e.Old) + " → " + oneLine(e.New)}
	}
	for i := range old {
		old[i] += " → " + new[i]
	}
	return old
}

// dateFactText says a fact to people.
func dateFactText(f policy.DateFact) string {
	switch f {
	case policy.DateBumpedTextSame:
		return "the stated date changed, the text did not"
	case policy.SilentChange:
		return "the text changed, the stated date did not"
	case policy.Placeholder:
		return "the stated date is a placeholder"
	case policy.PlaceholderResolved:
		return "the placeholder date was filled in"
	case policy.DateBackwards:
		return "the stated date went backwards"
	case policy.EffectiveInFuture:
		return "takes effect in the future"
	case policy.Undated:
		return "the text states no date"
	case policy.ConflictingDates:
		return "the text states dates that contradict each other"
	case policy.Retroactive:
		return "the new effective date had passed when the text was first seen"
	case policy.DateRemoved:
		return "the stated date was removed"
	}
	return string(f)
}

func dateFactTexts(facts []policy.DateFact) string {
	out := make([]string, len(facts))
	for i, f := range facts {
		out[i] = dateFactText(f)
	}
	return strings.Join(out, "; ")
}

// diffLine is the form of "watcher diff --json", schema watcher.diff/1.
type diffLine struct {
	Schema       string              `json:"schema"`
	Policy       policy.ID           `json:"policy,omitempty"`
	From         policy.VersionRef   `json:"from"`
	To           policy.VersionRef   `json:"to"`
	Significance policy.Significance `json:"significance"`
	Summary      string              `json:"summary"`
	Categories   []policy.Category   `json:"categories"`
	Dates        policy.ChangeDates  `json:"dates"`
	Edits        []policy.Edit       `json:"edits"`
	Links        []policy.LinkEdit   `json:"links"`
	Words        policy.WordCounts   `json:"words"`
}

// WriteJSON writes c as one line of JSON in the schema watcher.diff/1. Empty
// lists are [] and never null.
func WriteJSON(w io.Writer, c policy.Change) error {
	line := diffLine{
		Schema: policy.DiffSchema, Policy: c.Policy, From: c.From, To: c.To,
		Significance: c.Significance, Summary: printable(c.Summary), Categories: filled(c.Categories),
		Dates: policy.ChangeDates{
			From: printableDates(c.Dates.From), To: printableDates(c.Dates.To), Facts: filled(c.Dates.Facts),
		},
		Edits: make([]policy.Edit, len(c.Edits)), Links: make([]policy.LinkEdit, len(c.Links)), Words: c.Words,
	}
	for i, e := range c.Edits {
		line.Edits[i] = printableEdit(e)
	}
	for i, l := range c.Links {
		line.Links[i] = policy.LinkEdit{
			Section: printable(l.Section), Text: printable(l.Text), Old: printable(l.Old), New: printable(l.New),
		}
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(line); err != nil {
		return fmt.Errorf("write change as JSON: %w", err)
	}
	return nil
}

func printableDates(dates []policy.Date) []policy.Date {
	out := filled(dates)
	for i := range out {
		out[i].Raw = printable(out[i].Raw)
	}
	return out
}

// printableEdit returns e with its texts safe to show and its lists never nil.
func printableEdit(e policy.Edit) policy.Edit {
	e.Section, e.FromSection = printable(e.Section), printable(e.FromSection)
	e.Old, e.New = printable(e.Old), printable(e.New)
	e.Categories = filled(e.Categories)
	e.Reasons = filled(e.Reasons)
	for i := range e.Reasons {
		e.Reasons[i] = printable(e.Reasons[i])
	}
	spans := e.Redline
	e.Redline = nil
	for _, s := range spans {
		s.Text = printable(s.Text)
		e.Redline = append(e.Redline, s)
	}
	return e
}
