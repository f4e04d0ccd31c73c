package history

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"watcher/policy"
)

// exportLine is a version with everything that belongs to it.
type exportLine struct {
	Schema  string          `json:"schema"`
	Policy  exportPolicy    `json:"policy"`
	Version policy.Version  `json:"version"`
	Text    string          `json:"text"`
	Capture *policy.Capture `json:"capture,omitempty"`
	Change  *policy.Change  `json:"change,omitempty"`
}

type exportPolicy struct {
	ID     policy.ID     `json:"id"`
	Vendor policy.Vendor `json:"vendor"`
	Kind   policy.Kind   `json:"kind"`
	Lang   string        `json:"lang,omitempty"`
	URL    string        `json:"url"`
}

func (x *exporter) jsonl(ctx context.Context) error {
	w := bufio.NewWriter(x.out)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	err := x.each(ctx, func(s policy.State, v policy.Version) error {
		doc, err := x.reader.Document(ctx, v.Policy, v.Number)
		if err != nil {
			return x.missing(fmt.Sprintf("%s@%d", v.Policy, v.Number), err)
		}
		line := exportLine{
			Schema: ExportSchema, Policy: exportPolicy{ID: s.ID, Vendor: s.Vendor, Kind: s.Kind, Lang: s.Lang, URL: s.URL}, Version: v, Text: doc.Text(),
		}
		if line.Capture, err = x.capture(ctx, v); err != nil {
			return err
		}
		if line.Change, err = x.change(ctx, v); err != nil {
			return err
		}
		x.done.Versions++
		return enc.Encode(line)
	})
	if err != nil {
		return err
	}
	return w.Flush()
}

// columns of the export as CSV.
func columns() []string {
	return []string{
		"policy", "vendor", "kind", "lang", "url", "version", "version_kind", "from_version", "first_seen_at", "last_seen_at", "captured_at",
		"significance", "event", "summary", "categories", "edits", "words", "words_added", "words_removed", "sha256", "raw_sha256",
	}
}

func (x *exporter) csv(ctx context.Context) error {
	w := csv.NewWriter(x.out)
	if err := w.Write(columns()); err != nil {
		return err
	}
	err := x.each(ctx, func(s policy.State, v policy.Version) error {
		change, err := x.change(ctx, v)
		if err != nil {
			return err
		}
		if change == nil {
			change = &policy.Change{}
		}
		x.done.Versions++
		return w.Write(row(s, v, *change))
	})
	if err != nil {
		return err
	}
	w.Flush()
	return w.Error()
}

func row(s policy.State, v policy.Version, c policy.Change) []string {
	categories := make([]string, len(c.Categories))
	for i, category := range c.Categories {
		categories[i] = string(category)
	}
	cells := []string{
		string(s.ID), s.Vendor.Name, string(s.Kind), s.Lang, s.URL, strconv.Itoa(v.Number), string(v.Kind), strconv.Itoa(v.From),
		cellTime(v.FirstSeenAt), cellTime(v.LastSeenAt), cellTime(v.CapturedAt), string(v.Significance), v.Event, v.Summary,
		strings.Join(categories, " "), strconv.Itoa(len(c.Edits)), strconv.Itoa(v.Words), strconv.Itoa(c.Words.Added), strconv.Itoa(c.Words.Removed),
		v.SHA256.String(), v.RawSHA256.String(),
	}
	for i, text := range cells {
		cells[i] = Cell(text)
	}
	return cells
}

func cellTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// Cell makes a text safe for a spreadsheet: one line, and nothing that a program
// takes for a formula. Such a text gets an apostrophe in front, by which
// spreadsheets mark texts.
func Cell(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return ' '
		}
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
	text = strings.TrimSpace(text)
	if first, size := utf8.DecodeRuneInString(text); size > 0 && strings.ContainsRune("=+-@|%＝＋－＠", first) {
		return "'" + text
	}
	return text
}
