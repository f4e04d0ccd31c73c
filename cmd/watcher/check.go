package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"watcher/app"
	"watcher/policy"
	"watcher/storage"
	"watcher/watch"
)

// drainTimeout bounds how long a one-shot check delivers alerts.
const drainTimeout = 30 * time.Second

type checkFlags struct {
	dryRun, noAlerts, json, exitCode bool
}

func newCheckCommand(e *env) *cobra.Command {
	var f checkFlags
	c := &cobra.Command{
		Use:   "check [ID...]",
		Short: "Check policies now; all of them when no id is given",
		Example: `  watcher check
  watcher check 3shape/privacy --dry-run
  watcher check --json --exit-code`,
		RunE: func(c *cobra.Command, args []string) error {
			ids, err := parseIDs(args)
			if err != nil {
				return err
			}
			return e.check(c.Context(), ids, f)
		},
	}
	c.Flags().BoolVar(&f.dryRun, "dry-run", false, "decide and report, but store and tell nothing")
	c.Flags().BoolVar(&f.noAlerts, "no-alerts", false, "leave alerts in the outbox for the daemon")
	c.Flags().BoolVar(&f.json, "json", false, "print one JSON object per line")
	c.Flags().BoolVar(&f.exitCode, "exit-code", false, "exit with 10 when something changed")
	e.remoteFlags(c)
	return c
}

func parseIDs(args []string) ([]policy.ID, error) {
	ids := make([]policy.ID, len(args))
	for i, arg := range args {
		id, err := policy.ParseID(arg)
		if err != nil {
			return nil, withHint(&usageError{err}, "'watcher list' shows the ids")
		}
		ids[i] = id
	}
	return ids, nil
}

// check runs one pass in this process, or asks the daemon that holds the store.
func (e *env) check(ctx context.Context, ids []policy.ID, f checkFlags) error {
	logger, err := e.quietLogger()
	if err != nil {
		return err
	}
	tally := &tally{out: e.stdout, json: f.json}
	o := e.options(logger)
	if f.json {
		o.Output = e.stderr
	}
	o.LockTimeout = lockWait
	if f.dryRun {
		scratch, err := dryStore(&o)
		if err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(scratch) }()
	}
	err = e.checkHere(ctx, o, ids, f, tally)
	if status := tally.status(f.exitCode); status != nil {
		// What was found decides the exit code; what went wrong on the way is
		// told all the same.
		tally.complain(e.stderr)
		if err != nil {
			e.report(ctx, notFoundHint(err))
		}
		return status
	}
	return notFoundHint(err)
}

// dryStore makes a dry run leave the store as it is: one that exists is opened
// for reading only, for one that does not an empty folder stands in.
func dryStore(o *app.Options) (scratch string, err error) {
	if _, err := os.Stat(o.StoragePath); !errors.Is(err, fs.ErrNotExist) {
		o.ReadOnly = true
		return "", nil
	}
	if scratch, err = os.MkdirTemp("", "watcher-dry-"); err != nil {
		return "", err
	}
	o.StoragePath = filepath.Join(scratch, "watcher.db")
	return scratch, nil
}

// checkHere checks in this process, or through the daemon that holds the store.
func (e *env) checkHere(ctx context.Context, o app.Options, ids []policy.ID, f checkFlags, t *tally) error {
	if e.flags.url != "" {
		c, err := e.remote(e.flags.url)
		if err != nil {
			return err
		}
		return c.Check(ctx, clientCheck(ids, f), t.add)
	}
	a, err := app.New(o)
	if errors.Is(err, policy.ErrLocked) {
		return e.checkRemote(ctx, err, ids, f, t)
	}
	if err != nil {
		return storeHint(err, o.StoragePath)
	}
	return errors.Join(e.checkLocal(ctx, a, ids, f, t), a.Stop(context.WithoutCancel(ctx)))
}

func notFoundHint(err error) error {
	if errors.Is(err, policy.ErrNotFound) {
		return withHint(err, "'watcher list' shows the ids")
	}
	return err
}

func (e *env) checkLocal(ctx context.Context, a *app.App, ids []policy.ID, f checkFlags, t *tally) error {
	if !f.dryRun {
		if err := a.Sync(ctx); err != nil {
			return err
		}
	}
	if err := a.Pass(ctx, watch.PassOptions{IDs: ids, DryRun: f.dryRun}, t.add); err != nil {
		return err
	}
	if f.dryRun {
		return nil
	}
	a.Beat(ctx)
	if f.noAlerts {
		return nil
	}
	_, err := drain(ctx, a)
	return errors.Join(err, e.noteHeld(ctx, a.Store()))
}

// noteHeld says so when alerts are held back: nobody should take silence for
// the absence of news.
func (e *env) noteHeld(ctx context.Context, r storage.Reader) error {
	held, err := r.Alerts(ctx, storage.AlertQuery{States: []policy.AlertState{policy.AlertHeld}})
	if err != nil || len(held) == 0 {
		return err
	}
	b, err := r.Breaker(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(e.stderr, "watcher: %d alerts are held: %s (hint: 'watcher alerts breaker close' releases them; a run an hour after %s does too)\n",
		len(held), b.Reason, stamp(b.OpenedAt))
	return nil
}

// drain delivers what waits in the outbox.
func drain(ctx context.Context, a *app.App) (delivered int, err error) {
	ctx, cancel := context.WithTimeout(ctx, drainTimeout)
	defer cancel()
	result, err := a.Drain(ctx)
	if err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return result.Delivered, fmt.Errorf("deliver alerts: %w", err)
	}
	if result.Failed > 0 {
		return result.Delivered, withHint(fmt.Errorf("%d alerts could not be delivered; they stay in the outbox", result.Failed),
			"'watcher alerts list' says why")
	}
	return result.Delivered, nil
}

func (e *env) checkRemote(ctx context.Context, locked error, ids []policy.ID, f checkFlags, t *tally) error {
	c, err := e.holder(locked)
	if err != nil {
		return err
	}
	return c.Check(ctx, clientCheck(ids, f), t.add)
}

// tally prints results as they come and remembers what the exit code needs.
type tally struct {
	out             io.Writer
	json            bool
	checked         int
	failed, changed int
}

func (t *tally) add(c policy.Check) error {
	t.checked++
	if c.Outcome.Bad() || c.Outcome == policy.OutcomeQuarantined || c.Outcome == policy.OutcomeSkipped {
		t.failed++
	}
	if c.Outcome == policy.OutcomeChanged || c.Outcome == policy.OutcomeReverted {
		t.changed++
	}
	if t.json {
		return json.NewEncoder(t.out).Encode(c.Line())
	}
	_, err := fmt.Fprintln(t.out, checkText(c))
	return err
}

func checkText(c policy.Check) string {
	s := fmt.Sprintf("%-32s %-12s", c.Policy, c.Outcome)
	switch {
	case c.Outcome == policy.OutcomeChanged, c.Outcome == policy.OutcomeReverted:
		s += fmt.Sprintf(" %s, version %d → %d", c.Significance, c.FromVersion, c.Version)
	case c.Outcome == policy.OutcomeBaseline:
		s += fmt.Sprintf(" version %d", c.Version)
	case c.Error != "":
		s += " " + sanitize(c.Error)
	case c.Detail != "":
		s += " " + c.Rule + ": " + sanitize(c.Detail)
	case c.Rule != "":
		s += " " + c.Rule
	}
	return s
}

// status turns the results into an exit code. A change outranks a failure:
// it is what --exit-code asked about, and failures are printed.
func (t *tally) status(exitCode bool) error {
	switch {
	case exitCode && t.changed > 0:
		return &statusError{code: exitChanged, msg: "changed", quiet: true}
	case t.failed > 0:
		return &statusError{code: exitSomeFailed, msg: "some policies could not be checked", quiet: true}
	}
	return nil
}

func (t *tally) complain(w io.Writer) {
	if t.failed > 0 {
		fmt.Fprintf(w, "watcher: %d of %d policies could not be checked\n", t.failed, t.checked)
	}
}
