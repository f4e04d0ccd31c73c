package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"watcher/config"
	"watcher/normalize"
	"watcher/policy"
	"watcher/storage"
	"watcher/triage"
)

func newExplainCommand(e *env) *cobra.Command {
	var at string
	var asJSON bool
	c := &cobra.Command{
		Use: "explain ID", Short: "Say what was made of a capture, by which rules, and what would have raised an alert",
		Example: "  watcher explain 3shape/privacy\n  watcher explain 3shape/privacy --at 2026-05-03",
		Args:    argsBetween(1, 1, "one policy id"),
		RunE: func(c *cobra.Command, args []string) error {
			when, err := parseAt(at)
			if err != nil {
				return err
			}
			return e.withReader(func(r storage.Reader) error {
				x, err := e.explain(c.Context(), r, args[0], when)
				if err != nil {
					return err
				}
				if asJSON {
					return json.NewEncoder(e.stdout).Encode(x)
				}
				return x.print(e.stdout)
			})
		},
	}
	c.Flags().StringVar(&at, "at", "", "`TIME` of the check (RFC 3339, or a date for the end of that day); default the last one")
	c.Flags().BoolVar(&asJSON, "json", false, "print a JSON object")
	e.remoteFlags(c)
	return c
}

// parseAt reads a time, or a date as its last moment; "" is the zero time.
func parseAt(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t.UTC(), nil
	}
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return t, usagef("--at %q: want a time such as 2026-05-03T12:00:00Z, or a date", s)
	}
	return t.Add(24*time.Hour - time.Nanosecond), nil
}

// explanation is what "watcher explain" says of a check.
type explanation struct {
	Schema string       `json:"schema"`
	Check  policy.Check `json:"check"`
	// TextOf says whose text Words and Dropped describe: the capture's, or that
	// of the version in force when the capture's bytes were not kept.
	TextOf     string        `json:"text_of,omitempty"`
	Normalizer string        `json:"normalizer,omitempty"`
	Words      int           `json:"words,omitempty"`
	Dropped    []policy.Drop `json:"dropped"`
	Why        string        `json:"why"`
	ForAlert   string        `json:"for_alert"`
	// Pending is the text that waits now; only for the last check.
	Pending *policy.Pending `json:"pending,omitempty"`
	Summary string          `json:"summary,omitempty"`
	Reasons []string        `json:"reasons,omitempty"`
}

func (e *env) explain(ctx context.Context, r storage.Reader, arg string, at time.Time) (explanation, error) {
	x := explanation{Schema: "watcher.explain/1", Dropped: []policy.Drop{}}
	id, err := findPolicy(ctx, r, arg)
	if err != nil {
		return x, err
	}
	state, err := r.State(ctx, id)
	if err != nil {
		return x, err
	}
	query := storage.CheckQuery{}
	if at.IsZero() {
		query.Limit = 1 // the newest
	}
	checks, err := r.Checks(ctx, id, query)
	if err != nil {
		return x, err
	}
	i := slices.IndexFunc(checks, func(c policy.Check) bool { return at.IsZero() || !c.At.After(at) })
	if i < 0 {
		return x, withHint(fmt.Errorf("%s has no check by then", id), "'watcher check %s' makes one; 'watcher list' tells of the last", id)
	}
	x.Check = checks[i]
	if i == 0 {
		x.Pending = state.Pending
	}
	if err := e.explainText(ctx, r, &x); err != nil {
		return x, err
	}
	if err := explainChange(ctx, r, &x); err != nil {
		return x, err
	}
	x.Why, x.ForAlert = triage.ExplainCheck(x.Check)
	return x, nil
}

// explainText reads what was left out of the capture's text. Of a capture that
// brought nothing new no bytes are kept: then the version's text stands for it.
func (e *env) explainText(ctx context.Context, r storage.Reader, x *explanation) error {
	c := x.Check
	if c.Capture > 0 {
		doc, err := e.renormalize(ctx, r, c)
		if err == nil {
			x.text("the capture", doc)
			return nil
		}
		if !errors.Is(err, policy.ErrNotFound) {
			x.TextOf = "nothing: " + err.Error()
			return nil
		}
	}
	if c.Version == 0 {
		return nil
	}
	doc, err := r.Document(ctx, c.Policy, c.Version)
	if err != nil {
		return err
	}
	x.text(fmt.Sprintf("version %d (the bytes of this capture were not kept)", c.Version), doc)
	return nil
}

func (x *explanation) text(of string, doc policy.Document) {
	x.TextOf, x.Normalizer, x.Words = of, doc.Normalizer, doc.Words()
	x.Dropped = append(x.Dropped, doc.Dropped...)
}

// renormalize reads a stored capture anew, by the policy's configured rules
// where there is a configuration.
func (e *env) renormalize(ctx context.Context, r storage.Reader, check policy.Check) (policy.Document, error) {
	c, err := r.Capture(ctx, check.Policy, check.Capture)
	if err != nil {
		return policy.Document{}, err
	}
	if c.Body, err = r.Body(ctx, check.Policy, check.Capture); err != nil {
		return policy.Document{}, err
	}
	return normalizeBytes(c.Body, c.ContentType, c.FinalURL, e.rulesOf(check.Policy))
}

func (e *env) rulesOf(id policy.ID) normalize.Rules {
	cfg, err := config.Load(e.flags.configFile)
	if err != nil {
		return normalize.Rules{}
	}
	for _, p := range cfg.Policies {
		if p.ID == id {
			return normalize.Rules{Select: p.Select, Remove: p.Remove}
		}
	}
	return normalize.Rules{}
}

// explainChange adds why a change has its significance.
func explainChange(ctx context.Context, r storage.Reader, x *explanation) error {
	c := x.Check
	if c.Version == 0 || c.Kind == "" || c.Kind == policy.VersionBaseline {
		return nil
	}
	change, err := r.Change(ctx, c.Policy, c.Version)
	if errors.Is(err, policy.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	x.Summary = change.Summary
	for _, edit := range change.Edits {
		if edit.Significance == change.Significance {
			x.Reasons = append(x.Reasons, edit.Reasons...)
		}
	}
	x.Reasons = slices.Compact(x.Reasons)
	x.Reasons = x.Reasons[:min(len(x.Reasons), maxReasons)]
	return nil
}

// maxReasons bounds the reasons that are printed.
const maxReasons = 12

func (x explanation) print(w io.Writer) error {
	if _, err := fmt.Fprintf(w, "%s, checked %s\n\n%s", x.Check.Policy, stamp(x.Check.At), x.rows()); err != nil {
		return err
	}
	if len(x.Dropped) == 0 {
		return nil
	}
	rows := [][]string{{"  RULE", "WORDS", "WHERE", "BEGINS WITH"}}
	for _, d := range x.Dropped {
		rows = append(rows, []string{"  " + d.Rule, strconv.Itoa(d.Words), sanitize(d.Path), sanitize(d.Excerpt)})
	}
	return table(w, rows)
}

// rows is what is said of the check, a line each.
func (x explanation) rows() string {
	var b strings.Builder
	c := x.Check
	row := func(name, text string) {
		if text != "" {
			fmt.Fprintf(&b, "  %-12s %s\n", name, strings.ReplaceAll(sanitize(text), "\n", "\n"+strings.Repeat(" ", 15)))
		}
	}
	row("outcome", string(c.Outcome))
	if c.Status != 0 {
		row("answer", fmt.Sprintf("HTTP %d from %s", c.Status, c.Source))
	}
	row("rule", c.Rule)
	row("why", x.Why)
	row("evidence", strings.TrimSpace(c.Detail+" "+c.Error))
	if !c.FirstSeenAt.IsZero() {
		row("first seen", stamp(c.FirstSeenAt))
	}
	if c.Version > 0 {
		version := strconv.Itoa(c.Version)
		if c.FromVersion > 0 && c.Kind != "" {
			version += fmt.Sprintf(", compared with %d", c.FromVersion)
		}
		row("version", version)
	}
	if c.Significance != "" {
		row("grade", string(c.Significance))
	}
	row("change", x.Summary)
	for _, reason := range x.Reasons {
		row("", reason)
	}
	if p := x.Pending; p != nil {
		row("waits", fmt.Sprintf("a text first seen %s, %d times so far", stamp(p.FirstSeenAt), p.Sightings))
	}
	row("for an alert", x.ForAlert)
	if x.TextOf != "" {
		b.WriteByte('\n')
		row("text of", x.TextOf)
		row("", fmt.Sprintf("%d words by %s; left out: %d parts", x.Words, x.Normalizer, len(x.Dropped)))
	}
	return b.String()
}
