package diffing

import (
	"strings"
	"testing"

	"watcher/policy"
)

// doc builds a document from lines: "# Heading" (any level), "- item",
// "3. item" with a marker, "| row", "@updated 2025-05-12 raw text" for a claimed
// date, and paragraphs.
func doc(t testing.TB, text string) policy.Document {
	t.Helper()
	d := policy.Document{Normalizer: "test", Lang: "en"}
	sec := policy.Section{}
	flush := func() {
		if sec.Heading != "" || len(sec.Blocks) > 0 {
			d.Sections = append(d.Sections, sec)
		}
	}
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimSpace(line)
		switch {
		case line == "":
		case strings.HasPrefix(line, "#"):
			flush()
			h := strings.TrimLeft(line, "#")
			sec = policy.Section{Heading: strings.TrimSpace(h), Level: len(line) - len(h)}
		case strings.HasPrefix(line, "@"):
			d.Dates = append(d.Dates, parseDate(t, line[1:]))
		case strings.HasPrefix(line, "- "):
			sec.Blocks = append(sec.Blocks, policy.Block{Kind: policy.Item, Text: line[2:]})
		case strings.HasPrefix(line, "+"):
			marker, rest, _ := strings.Cut(line[1:], " ")
			sec.Blocks = append(sec.Blocks, policy.Block{Kind: policy.Item, Marker: marker, Text: rest})
		case strings.HasPrefix(line, "| "):
			sec.Blocks = append(sec.Blocks, policy.Block{Kind: policy.TableRow, Text: line[2:]})
		default:
			sec.Blocks = append(sec.Blocks, policy.Block{Kind: policy.Paragraph, Text: line})
		}
	}
	flush()
	return d
}

func parseDate(t testing.TB, s string) policy.Date {
	t.Helper()
	f := strings.SplitN(s, " ", 3)
	if len(f) != 3 {
		t.Fatalf("date %q: want kind value raw", s)
	}
	d := policy.Date{Kind: policy.DateKind(f[0]), Raw: f[2], Precision: policy.PrecisionDay}
	d.Value, d.Placeholder = strings.CutSuffix(f[1], "?")
	if d.Value, d.Guessed = strings.CutSuffix(d.Value, "~"); len(d.Value) == len("2006-01") {
		d.Precision = policy.PrecisionMonth
	}
	return d
}

// brief is an edit as the tables write it.
func brief(e policy.Edit) string {
	return string(e.Op) + " " + string(e.Significance) + " [" + e.Section + "] " + e.Old + " => " + e.New
}

func briefs(c policy.Change) []string {
	var out []string
	for _, e := range c.Edits {
		out = append(out, brief(e))
	}
	return out
}

// redlined shows a redline with wdiff's marks.
func redlined(spans []policy.Span) string {
	var b strings.Builder
	for _, s := range spans {
		switch s.Op {
		case policy.SpanEqual:
			b.WriteString(s.Text)
		case policy.SpanDelete:
			b.WriteString("[-" + s.Text + "-]")
		case policy.SpanInsert:
			b.WriteString("{+" + s.Text + "+}")
		}
	}
	return b.String()
}

// reporter is what checks need of *testing.T and *rapid.T.
type reporter interface {
	Helper()
	Errorf(format string, args ...any)
}

// checkChange holds for every change.
func checkChange(t reporter, from, to policy.Document, c policy.Change) {
	t.Helper()
	best := policy.None
	ids := map[string]bool{}
	for _, e := range c.Edits {
		if e.ID == "" || ids[e.ID] {
			t.Errorf("edit id %q is empty or double", e.ID)
		}
		ids[e.ID] = true
		checkEdit(t, e)
		if e.Significance.Rank() > best.Rank() {
			best = e.Significance
		}
	}
	if len(c.Edits) > 0 && c.Significance != best {
		t.Errorf("significance %s, want %s, the highest of the edits", c.Significance, best)
	}
	if c.Summary == "" || len([]rune(c.Summary)) > maxSummary {
		t.Errorf("summary %q: empty or too long", c.Summary)
	}
	if from.Text() != to.Text() && c.Significance == policy.None {
		t.Errorf("texts differ, significance none")
	}
}

func checkEdit(t reporter, e policy.Edit) {
	t.Helper()
	wantOld, wantNew := e.Op != policy.Added, e.Op != policy.Removed
	if (e.Old != "") != wantOld || (e.New != "") != wantNew {
		t.Errorf("%s edit has old %q, new %q", e.Op, e.Old, e.New)
	}
	if e.Categories == nil || e.Reasons == nil || len(e.Categories) == 0 || len(e.Reasons) == 0 {
		t.Errorf("edit %s: categories %v, reasons %v", brief(e), e.Categories, e.Reasons)
	}
	if e.Op != policy.Reworded {
		if len(e.Redline) > 0 {
			t.Errorf("%s edit has a redline", e.Op)
		}
		return
	}
	var old, new strings.Builder
	for _, s := range e.Redline {
		if s.Op != policy.SpanInsert {
			old.WriteString(s.Text)
		}
		if s.Op != policy.SpanDelete {
			new.WriteString(s.Text)
		}
	}
	if old.String() != e.Old || new.String() != e.New {
		t.Errorf("redline gives %q and %q,\nwant %q and %q", old.String(), new.String(), e.Old, e.New)
	}
}
