package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"watcher/app"
	"watcher/normalize"
	"watcher/policy"
	"watcher/storage"
	"watcher/watch"
)

func newQuarantineCommand(e *env) *cobra.Command {
	c := &cobra.Command{
		Use: "quarantine", Short: "Captures that the gate holds: look at them, accept or dismiss them",
		Long: `A capture that does not look like the policy is held, and nothing of it is told. It comes
out by itself when the page shows the policy again, or when a much shorter text stays. A
person can accept a held capture, which makes its text the policy's and tells what changed,
or dismiss it: then the same text is no news for a week.`,
		Args: argsBetween(0, 0, "a subcommand"),
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newQuarantineList(e), newQuarantineShow(e), newRulingCommand(e, true), newRulingCommand(e, false))
	return c
}

// heldLine is a held capture in JSON.
type heldLine struct {
	Schema string       `json:"schema"`
	Policy policy.ID    `json:"policy"`
	Count  int          `json:"quarantines"`
	Check  policy.Check `json:"check"`
}

const heldSchema = "watcher.quarantine/1"

func newQuarantineList(e *env) *cobra.Command {
	var asJSON, dismissed bool
	c := &cobra.Command{
		Use: "list", Short: "List the policies of which a capture is held", Args: argsBetween(0, 0, "no arguments"),
		RunE: func(c *cobra.Command, _ []string) error {
			return e.withReader(func(r storage.Reader) error {
				held, err := allHeld(c.Context(), r, dismissed)
				if err != nil {
					return err
				}
				return printHeld(e.stdout, held, asJSON)
			})
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object per line")
	c.Flags().BoolVar(&dismissed, "all", false, "also list what was dismissed")
	e.remoteFlags(c)
	return c
}

func allHeld(ctx context.Context, r storage.Reader, dismissed bool) ([]heldLine, error) {
	states, err := r.States(ctx)
	if err != nil {
		return nil, err
	}
	var out []heldLine
	for _, s := range states {
		if s.Retired || s.LastOutcome.Good() || !dismissed && !s.Waits() {
			continue
		}
		check, err := heldCheck(ctx, r, s.ID, 0)
		if errors.Is(err, policy.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, heldLine{Schema: heldSchema, Policy: s.ID, Count: s.Quarantines, Check: check})
	}
	return out, nil
}

// maxLookBack bounds the checks among which a held capture is looked for.
const maxLookBack = 200

// heldCheck returns the check of a held capture.
func heldCheck(ctx context.Context, r storage.Reader, id policy.ID, capture policy.CaptureID) (policy.Check, error) {
	checks, err := r.Checks(ctx, id, storage.CheckQuery{Limit: maxLookBack})
	if err != nil {
		return policy.Check{}, err
	}
	held := watch.Held(checks, capture)
	for _, c := range checks {
		if held != 0 && c.Capture == held {
			return c, nil
		}
	}
	return policy.Check{}, fmt.Errorf("%s: %w", id, watch.ErrNothingHeld)
}

func printHeld(w io.Writer, held []heldLine, asJSON bool) error {
	if asJSON {
		for _, h := range held {
			if err := json.NewEncoder(w).Encode(h); err != nil {
				return err
			}
		}
		return nil
	}
	rows := [][]string{{"POLICY", "CAPTURE", "AT", "IN A ROW", "RULE", "EVIDENCE"}}
	for _, h := range held {
		rows = append(rows, []string{
			string(h.Policy), strconv.FormatUint(uint64(h.Check.Capture), 10), stamp(h.Check.CapturedAt),
			strconv.Itoa(h.Count), h.Check.Rule, sanitize(h.Check.Detail),
		})
	}
	return table(w, rows)
}

func newQuarantineShow(e *env) *cobra.Command {
	var capture uint64
	c := &cobra.Command{
		Use: "show ID", Short: "Show the text of a held capture, and why it is held", Args: argsBetween(1, 1, "one policy id"),
		RunE: func(c *cobra.Command, args []string) error {
			return e.withReader(func(r storage.Reader) error {
				return e.showHeld(c.Context(), r, args[0], policy.CaptureID(capture))
			})
		},
	}
	captureFlag(c, &capture)
	e.remoteFlags(c)
	return c
}

func captureFlag(c *cobra.Command, n *uint64) {
	c.Flags().Uint64Var(n, "capture", 0, "`NUMBER` of the capture; default the newest that is held")
}

func (e *env) showHeld(ctx context.Context, r storage.Reader, arg string, capture policy.CaptureID) error {
	id, err := findPolicy(ctx, r, arg)
	if err != nil {
		return err
	}
	check, err := heldCheck(ctx, r, id, capture)
	if err != nil {
		return err
	}
	got, err := r.Capture(ctx, id, check.Capture)
	if err != nil {
		return err
	}
	body, err := r.Body(ctx, id, check.Capture)
	if err != nil {
		return err
	}
	n, err := normalize.New(normalize.Rules{})
	if err != nil {
		return err
	}
	doc, err := n.WithPDF(pdfReader()).Document(normalize.Input{Body: body, ContentType: got.ContentType, MediaType: got.MediaType, URL: got.FinalURL})
	if err != nil {
		return err
	}
	fmt.Fprintf(e.stdout, "capture %d of %s, %s\n%s: %s\n\n", check.Capture, sanitize(got.FinalURL), stamp(got.CapturedAt), check.Rule, sanitize(check.Detail))
	for line := range strings.SplitSeq(doc.Full, "\n") {
		fmt.Fprintln(e.stdout, sanitize(line))
	}
	return nil
}

func newRulingCommand(e *env, accept bool) *cobra.Command {
	ruling, capture, asJSON := policy.Ruling{Accept: accept}, uint64(0), false
	use, short := "dismiss ID --reason TEXT", "Say that a held capture is not the policy: the same text is no news for a week"
	if accept {
		use, short = "accept ID --reason TEXT", "Say that a held capture is the policy: what changed is told"
	}
	c := &cobra.Command{
		Use: use, Short: short, Args: argsBetween(1, 1, "one policy id"),
		Example: "  watcher quarantine " + use[:7] + " 3shape/privacy --reason \"looked at it in a browser\"",
		RunE: func(c *cobra.Command, args []string) error {
			if ruling.Reason == "" {
				return usagef("--reason is required: it goes on record")
			}
			ids, err := parseIDs(args)
			if err != nil {
				return err
			}
			ruling.Capture = policy.CaptureID(capture)
			checks, err := e.rule(c.Context(), ids[0], ruling)
			t := &tally{out: e.stdout, json: asJSON}
			for _, check := range checks {
				if err := t.add(check); err != nil {
					return err
				}
			}
			if errors.Is(err, policy.ErrNotFound) {
				return withHint(err, "'watcher quarantine list' shows what is held, 'watcher list' the ids")
			}
			return err
		},
	}
	if !accept {
		c.Example = "  watcher quarantine dismiss 3shape/privacy --reason \"a maintenance page\""
	}
	captureFlag(c, &capture)
	c.Flags().StringVar(&ruling.Reason, "reason", "", "`TEXT` that goes on record; required")
	c.Flags().StringVar(&ruling.Author, "author", os.Getenv("USER"), "`NAME` of who decided")
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object per line")
	e.remoteFlags(c)
	return c
}

// rule carries a ruling out in this process, or through the daemon that holds the
// store.
func (e *env) rule(ctx context.Context, id policy.ID, r policy.Ruling) ([]policy.Check, error) {
	if e.flags.url != "" {
		c, err := e.remote(e.flags.url)
		if err != nil {
			return nil, err
		}
		return c.Rule(ctx, id, r)
	}
	logger, err := e.quietLogger()
	if err != nil {
		return nil, err
	}
	o := e.options(logger)
	o.LockTimeout = lockWait
	a, err := app.New(o)
	if errors.Is(err, policy.ErrLocked) {
		c, err := e.holder(err)
		if err != nil {
			return nil, err
		}
		return c.Rule(ctx, id, r)
	}
	if err != nil {
		return nil, storeHint(err, o.StoragePath)
	}
	checks, err := a.Rule(ctx, id, r)
	if err == nil {
		_, err = drain(ctx, a)
	}
	return checks, errors.Join(err, a.Stop(context.WithoutCancel(ctx)))
}
