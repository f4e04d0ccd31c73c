package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"watcher/config"
	"watcher/history"
	"watcher/policy"
	"watcher/storage"
)

type coverageFlags struct {
	at, since, until string
	json             bool
}

func newCoverageCommand(e *env) *cobra.Command {
	var f coverageFlags
	c := &cobra.Command{
		Use: "coverage ID", Short: "Say what was checked when, and which text was in force at a time",
		Long: `Lists a policy's past as intervals: checks in a row that ended alike, times in which no
watcher was at work (the marks in the store prove that), and times in which nobody looked
although a check was due. With --at it says which text was in force at a time, when it was
last seen before and first seen after, and what stood in between.`,
		Example: "  watcher coverage 3shape/privacy\n  watcher coverage 3shape/privacy --at 2026-05-03",
		Args:    argsBetween(1, 1, "one policy id"),
		RunE: func(c *cobra.Command, args []string) error {
			return e.withReader(func(r storage.Reader) error { return e.coverage(c.Context(), r, args[0], f) })
		},
	}
	c.Flags().StringVar(&f.at, "at", "", "`TIME` to tell of (RFC 3339, or a date for the end of that day)")
	c.Flags().StringVar(&f.since, "since", "", "leave out what was over before this `DATE`")
	c.Flags().StringVar(&f.until, "until", "", "leave out what began after this `DATE`")
	c.Flags().BoolVar(&f.json, "json", false, "print JSON, an interval per line")
	e.remoteFlags(c)
	return c
}

func (e *env) coverage(ctx context.Context, r storage.Reader, arg string, f coverageFlags) error {
	at, err := parseAt(f.at)
	if err != nil {
		return err
	}
	id, err := findPolicy(ctx, r, arg)
	if err != nil {
		return err
	}
	o := history.CoverageOptions{Now: time.Now().UTC(), Every: e.intervalOf(id)}
	if at.After(o.Now) && len(f.at) == len(time.DateOnly) && at.Sub(o.Now) < 24*time.Hour {
		at = o.Now // the day is not over
	}
	if o.Since, err = parseDate(f.since); err != nil {
		return err
	}
	if o.Until, err = parseAt(f.until); err != nil {
		return err
	}
	if !at.IsZero() {
		return e.moment(ctx, r, id, at, o, f.json)
	}
	list, err := history.Coverage(ctx, r, id, o)
	if err != nil {
		return err
	}
	if f.json {
		return printIntervals(e.stdout, id, list)
	}
	rows := [][]string{{"FROM", "TO", "WHAT", "VERSION", "CHECKS", "LONGEST GAP", "RULE"}}
	for _, v := range list {
		rows = append(rows, intervalRow(v))
	}
	return table(e.stdout, rows)
}

// intervalOf is the configured interval of a policy, 0 when there is none at hand.
func (e *env) intervalOf(id policy.ID) time.Duration {
	cfg, err := config.Load(e.flags.configFile)
	if err != nil {
		return 0
	}
	for _, p := range cfg.Policies {
		if p.ID == id {
			return p.Interval
		}
	}
	return 0
}

// intervalLine is one line of "watcher coverage --json".
type intervalLine struct {
	Schema string    `json:"schema"`
	Policy policy.ID `json:"policy"`
	history.Interval
}

func printIntervals(w io.Writer, id policy.ID, list []history.Interval) error {
	enc := json.NewEncoder(w)
	for _, v := range list {
		if err := enc.Encode(intervalLine{history.CoverageSchema, id, v}); err != nil {
			return err
		}
	}
	return nil
}

func intervalRow(v history.Interval) []string {
	if v.Kind != history.Checked {
		return []string{stamp(v.From), stamp(v.To), whatText(v), "", "", v.To.Sub(v.From).Round(time.Minute).String(), ""}
	}
	version, gap := "", ""
	if v.Version > 0 {
		version = strconv.Itoa(v.Version)
	}
	if v.LongestGap > 0 {
		gap = time.Duration(v.LongestGap * float64(time.Second)).Round(time.Second).String()
	}
	return []string{stamp(v.From), stamp(v.To), whatText(v), version, strconv.Itoa(v.Checks), gap, sanitize(v.Rule)}
}

func whatText(v history.Interval) string {
	switch v.Kind {
	case history.NotRunning:
		return "not running"
	case history.NobodyLooked:
		return "nobody looked"
	}
	return string(v.Outcome)
}

func (e *env) moment(ctx context.Context, r storage.Reader, id policy.ID, at time.Time, o history.CoverageOptions, asJSON bool) error {
	m, err := history.At(ctx, r, id, at, o)
	if err != nil {
		return err
	}
	if asJSON {
		return json.NewEncoder(e.stdout).Encode(m)
	}
	if _, err := fmt.Fprintf(e.stdout, "%s at %s\n\n%s", m.Policy, stamp(m.At), momentRows(m)); err != nil {
		return err
	}
	if len(m.Between) == 0 {
		return nil
	}
	rows := [][]string{{"  BETWEEN", "FROM", "TO", "CHECKS", "RULE"}}
	for _, v := range m.Between {
		checks := ""
		if v.Checks > 0 {
			checks = strconv.Itoa(v.Checks)
		}
		rows = append(rows, []string{"  " + whatText(v), stamp(v.From), stamp(v.To), checks, sanitize(v.Rule)})
	}
	return table(e.stdout, rows)
}

func momentRows(m history.Moment) string {
	var b strings.Builder
	row := func(name, text string) { fmt.Fprintf(&b, "  %-16s %s\n", name, text) }
	if m.Version == 0 {
		row("version", "none: no text was known by then")
	} else {
		row("version", fmt.Sprintf("%d (%s), first seen %s", m.Version, m.Kind, stamp(m.FirstSeenAt)))
		row("sha256", m.SHA256.String())
		row("confirmed before", stamp(m.ConfirmedBefore))
		row("confirmed after", stamp(m.ConfirmedAfter))
	}
	if m.Next > 0 {
		row("next text", fmt.Sprintf("version %d, first seen %s", m.Next, stamp(m.NextSeenAt)))
	}
	row("certainty", certaintyText(m))
	return b.String()
}

func certaintyText(m history.Moment) string {
	switch m.Certainty {
	case history.Proved:
		return "in force: it was seen before and after, and no other text in between"
	case history.LastKnown:
		return "the last text known: it has not been seen since"
	case history.ChangedBetween:
		return fmt.Sprintf("not certain: between the two sightings the page changed to version %d", m.Next)
	}
	return "unknown"
}
