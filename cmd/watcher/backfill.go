package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"watcher/app"
	"watcher/ota/snapshots"
	"watcher/policy"
)

type backfillFlags struct {
	from, since, until string
	json               bool
}

func newBackfillCommand(e *env) *cobra.Command {
	var f backfillFlags
	c := &cobra.Command{
		Use:   "backfill [ID...] --from wayback | --from warc FILE... | --from ota DIR...",
		Short: "Give policies their past from archived captures",
		Long: `Runs the captures of the Wayback Machine, of WARC files (plain, gzip or zstd) or of git
repositories of Open Terms Archive's snapshots through the pipeline in the order of their
times, as if the policies had been watched then. Nobody is alerted. It is safe to interrupt
and to repeat: captures that are stored already are passed over. The Wayback Machine is asked
twice a second at most, as it wishes; captures between two with the same content are not
fetched.

Snapshots are found by the address that their commit names. Older commits name none: there
"ota: Service/Document Type" at a policy says which file is its.`,
		Example: "  watcher backfill 3shape/privacy --from wayback --since 2018-01-01\n  watcher backfill --from warc crawl.warc.gz\n  watcher backfill 3shape/privacy --from warc *.warc.gz --since 2020-01-01\n  watcher backfill --from ota contrib-snapshots",
		Args:    argsBetween(0, -1, "policy ids if not all are meant, and what --from warc and --from ota read"),
		RunE: func(c *cobra.Command, args []string) error {
			return e.backfill(c.Context(), args, f)
		},
	}
	c.Flags().StringVar(&f.from, "from", "warc", "where the captures come from: wayback, warc or ota")
	c.Flags().StringVar(&f.since, "since", "", "leave out captures before this `DATE`")
	c.Flags().StringVar(&f.until, "until", "", "leave out captures after this `DATE`")
	c.Flags().BoolVar(&f.json, "json", false, "print one JSON object per line")
	return c
}

func (e *env) backfill(ctx context.Context, args []string, f backfillFlags) error {
	if f.from != "warc" && f.from != "wayback" && f.from != "ota" {
		return usagef("--from %q: want wayback, warc or ota", f.from)
	}
	since, err := parseDate(f.since)
	if err != nil {
		return err
	}
	until, err := parseDate(f.until)
	if err != nil {
		return err
	}
	logger, err := e.quietLogger()
	if err != nil {
		return err
	}
	o := e.options(logger)
	o.LockTimeout = lockWait
	a, err := app.New(o)
	if err != nil {
		if errors.Is(err, policy.ErrLocked) {
			return withHint(err, "a backfill needs the store for itself: stop the daemon for its time")
		}
		return storeHint(err, o.StoragePath)
	}
	t := &tally{out: e.stdout, json: f.json}
	err = a.Sync(ctx)
	if err == nil {
		o := backfillOptions(a, args, since)
		o.Until, o.Wayback, o.OTA, o.Progress = until, f.from == "wayback", f.from == "ota", e.progress(f.json)
		o.Note = func(what string) { fmt.Fprintln(e.stderr, "note: "+what) }
		if err = checkBackfill(o); err == nil {
			err = a.Backfill(ctx, o, t.add)
		}
	}
	err = errors.Join(err, a.Stop(context.WithoutCancel(ctx)))
	if err == nil {
		fmt.Fprintf(e.stderr, "%d captures, %d of which changed something\n", t.checked, t.changed)
	}
	return snapshotsHint(notFoundHint(err))
}

// snapshotsHint adds what to do about a repository that cannot be read.
func snapshotsHint(err error) error {
	switch {
	case errors.Is(err, snapshots.ErrNoGit):
		return withHint(err, "install git: repositories are read through it")
	case errors.Is(err, snapshots.ErrNotRepository):
		return withHint(err, "clone one of the repositories named …-snapshots, for example https://github.com/OpenTermsArchive/demo-snapshots")
	}
	return err
}

// checkBackfill refuses arguments that mean nothing.
func checkBackfill(o app.BackfillOptions) error {
	switch {
	case o.Wayback && len(o.Files) > 0:
		return usagef("%q is no policy of the configuration (see `watcher list`)", o.Files[0])
	case o.OTA && len(o.Files) == 0:
		return usagef("--from ota needs a repository of snapshots")
	case !o.Wayback && len(o.Files) == 0:
		return usagef("--from warc needs WARC files")
	}
	return nil
}

// progress shows on a terminal how far a backfill has come; nil elsewhere.
func (e *env) progress(json bool) func(policy.ID, int, int) {
	if json || terminalWidth(e.stderr) == 0 {
		return nil
	}
	const width = 24
	return func(id policy.ID, done, total int) {
		bar := strings.Repeat("#", done*width/total)
		fmt.Fprintf(e.stderr, "\r%s [%-*s] %d of %d", id, width, bar, done, total)
		if done == total {
			fmt.Fprintln(e.stderr)
		}
	}
}

// backfillOptions tells ids from files: an id is a policy of the configuration.
func backfillOptions(a *app.App, args []string, since time.Time) app.BackfillOptions {
	o := app.BackfillOptions{Since: since}
	ids := map[policy.ID]bool{}
	for _, p := range a.Policies() {
		ids[p.ID] = true
	}
	for _, arg := range args {
		if id := policy.ID(arg); ids[id] {
			o.IDs = append(o.IDs, id)
		} else {
			o.Files = append(o.Files, arg)
		}
	}
	return o
}

// parseDate reads a date or a time in UTC; "" is the zero time.
func parseDate(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, usagef("%q: want a date such as 2024-05-31, or a time such as 2024-05-31T12:00:00Z", s)
}
