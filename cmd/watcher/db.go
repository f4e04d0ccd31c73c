package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"watcher/app"
	"watcher/client"
	"watcher/policy"
	"watcher/storage"
	"watcher/storage/bolt"
	"watcher/upkeep"
)

// verifyCommand is the hidden command in which stores are verified.
const verifyCommand = "internal-verify"

// verifyArgs starts it. Where the program cannot find itself, stores are verified
// in this process.
func verifyArgs() []string {
	self, err := os.Executable()
	if err != nil {
		return nil
	}
	return []string{self, verifyCommand}
}

func newVerifyChildCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use: verifyCommand, Hidden: true, Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return bolt.VerifyChild(c.Context(), e.stdin, e.stdout) },
	}
}

func newDBCommand(e *env) *cobra.Command {
	c := &cobra.Command{
		Use: "db", Short: "Look after the store: verify, back up, restore, compact, salvage",
		Args: argsBetween(0, -1, "a subcommand"),
		RunE: group,
	}
	c.AddCommand(newDBVerify(e), newDBBackup(e), newDBRestore(e), newDBCompact(e), newDBSalvage(e))
	return c
}

func newDBVerify(e *env) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use: "verify [FILE]", Short: "Read everything in the store, or in a backup, and name what is damaged",
		Long: `Computes the digest of every value, puts every page as captured together again, and looks for
values that are missing. It runs in a process of its own and does not disturb a daemon that
is at work. The exit code is 12 when something is damaged.`,
		Args: argsBetween(0, 1, "at most one file"),
		RunE: func(c *cobra.Command, args []string) error {
			emit := func(p storage.Problem) error { return e.printProblem(p, asJSON) }
			r, what, err := e.verify(c.Context(), args, emit)
			if err != nil {
				return err
			}
			return e.printReport(r, what, asJSON)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object per line")
	e.remoteFlags(c)
	return c
}

// verify verifies a named file, or the store wherever it is open.
func (e *env) verify(ctx context.Context, args []string, emit func(storage.Problem) error) (r storage.Report, what string, err error) {
	switch {
	case len(args) > 0 && e.flags.url != "":
		return r, "", usagef("--url names a daemon's store, %q a file: want one of them", args[0])
	case len(args) > 0:
		r, err = app.VerifyFile(ctx, verifyArgs(), args[0], emit)
		return r, args[0], err
	case e.flags.url != "":
		d, err := e.remote(e.flags.url)
		if err != nil {
			return r, "", err
		}
		r, err = d.VerifyStore(ctx, emit)
		return r, "the store of " + e.flags.url, err
	case e.noStore():
		return r, "", e.noStoreError()
	}
	path := e.flags.storagePath
	r, err = app.VerifyFile(ctx, verifyArgs(), path, emit)
	if errors.Is(err, policy.ErrLocked) {
		var d *client.Client
		if d, err = e.holder(err); err == nil {
			r, err = d.VerifyStore(ctx, emit)
		}
	}
	return r, path, err
}

func (e *env) noStoreError() error {
	return withHint(fmt.Errorf("there is no store at %s yet", e.flags.storagePath),
		"'watcher run' or 'watcher check' makes one; --storage.path names another")
}

func (e *env) printProblem(p storage.Problem, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(e.stdout).Encode(struct {
			Schema string `json:"schema"`
			storage.Problem
		}{"watcher.problem/1", p})
	}
	_, err := fmt.Fprintf(e.stdout, "damaged: %s\n", sanitize(p.String()))
	return err
}

func (e *env) printReport(r storage.Report, what string, asJSON bool) error {
	var err error
	if asJSON {
		err = json.NewEncoder(e.stdout).Encode(struct {
			Schema string `json:"schema"`
			storage.Report
		}{"watcher.verify/1", r})
	} else if r.Problems == 0 {
		_, err = fmt.Fprintf(e.stdout, "%s is whole: %d values and %d captured bodies of %s verified\n", what, r.Values, r.Bodies, upkeep.Size(r.BodyBytes))
	}
	if err != nil || r.Problems == 0 {
		return err
	}
	return withHint(fmt.Errorf("%w: %d of %d values of %s", policy.ErrDamaged, r.Problems, r.Values, what),
		"stop the daemon, then 'watcher db restore BACKUP', or 'watcher db salvage NEWFILE' if there is none")
}

func newDBBackup(e *env) *cobra.Command {
	c := &cobra.Command{
		Use: "backup FILE", Short: "Copy the store to a new file while checks go on, and verify the copy",
		Args: argsBetween(1, 1, "the file to write"),
		RunE: func(c *cobra.Command, args []string) error {
			if err := e.backup(c.Context(), args[0]); err != nil {
				return err
			}
			r, err := app.VerifyFile(c.Context(), verifyArgs(), args[0], func(p storage.Problem) error { return e.printProblem(p, false) })
			if err == nil {
				err = e.printReport(r, args[0], false)
			}
			if err != nil {
				return errors.Join(fmt.Errorf("the copy is not whole: %w", err), os.Rename(args[0], args[0]+".damaged"))
			}
			return nil
		},
	}
	e.remoteFlags(c)
	return c
}

func (e *env) backup(ctx context.Context, path string) error {
	if e.flags.url != "" {
		d, err := e.remote(e.flags.url)
		if err != nil {
			return err
		}
		return bolt.WriteNew(path, func(w io.Writer) error { return d.CopyStore(ctx, w) })
	}
	if e.noStore() {
		return e.noStoreError()
	}
	store, err := bolt.Open(e.flags.storagePath, bolt.Options{ReadOnly: true, LockTimeout: lockWait})
	if errors.Is(err, policy.ErrLocked) {
		d, err := e.holder(err)
		if err != nil {
			return err
		}
		return bolt.WriteNew(path, func(w io.Writer) error { return d.CopyStore(ctx, w) })
	}
	if err != nil {
		return storeHint(err, e.flags.storagePath)
	}
	return errors.Join(store.Backup(ctx, path), store.Close())
}

func newDBRestore(e *env) *cobra.Command {
	return &cobra.Command{
		Use: "restore BACKUP", Short: "Put a backup in the store's place, once it is verified; the daemon must be stopped",
		Long: `Verifies the backup, then puts a copy of it in the store's place. The store that was there
is kept beside it under a name with ".before-" and the time.`,
		Args: argsBetween(1, 1, "the backup"),
		RunE: func(c *cobra.Command, args []string) error {
			r, err := app.VerifyFile(c.Context(), verifyArgs(), args[0], func(p storage.Problem) error { return e.printProblem(p, false) })
			if err != nil {
				return err
			}
			if r.Problems > 0 {
				return withHint(fmt.Errorf("%w: the backup itself has %d damaged values, nothing was done", policy.ErrDamaged, r.Problems), "take another backup, or salvage what is whole of this one with --storage.path")
			}
			aside, err := bolt.Restore(c.Context(), args[0], e.flags.storagePath, time.Now().UTC().Format("20060102T150405Z"))
			if err != nil {
				return err
			}
			fmt.Fprintf(e.stdout, "%s is %s again, with %d values\n", e.flags.storagePath, filepath.Base(args[0]), r.Values)
			if aside != "" {
				fmt.Fprintf(e.stdout, "the store that was there is kept as %s\n", aside)
			}
			return nil
		},
	}
}

func newDBCompact(e *env) *cobra.Command {
	return &cobra.Command{
		Use: "compact", Short: "Rewrite the store without its free pages; the daemon must be stopped",
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if e.noStore() {
				return e.noStoreError()
			}
			logger, err := e.quietLogger()
			if err != nil {
				return err
			}
			before, after, err := bolt.Compact(c.Context(), e.flags.storagePath, bolt.Options{Logger: logger}, func(path string) error {
				r, err := app.VerifyFile(c.Context(), verifyArgs(), path, func(p storage.Problem) error { return e.printProblem(p, false) })
				if err == nil && r.Problems > 0 {
					err = withHint(fmt.Errorf("%w: %d values, the store stays as it was", policy.ErrDamaged, r.Problems), "'watcher db restore BACKUP' first")
				}
				return err
			})
			if errors.Is(err, policy.ErrLocked) {
				return withHint(err, "stop the daemon first: it holds the store")
			}
			if err != nil {
				return storeHint(err, e.flags.storagePath)
			}
			_, err = fmt.Fprintf(e.stdout, "%s: %s, was %s\n", e.flags.storagePath, upkeep.Size(after), upkeep.Size(before))
			return err
		},
	}
}

func newDBSalvage(e *env) *cobra.Command {
	return &cobra.Command{
		Use: "salvage NEWFILE", Short: "Write what is whole of a damaged store to a new file; the daemon must be stopped",
		Long: `Copies every value that matches its digest. Policies that lost their state are given one
from their newest version, and are checked at once. What is lost is named, now and whenever
it is asked for. Restore a backup instead if there is a recent one.`,
		Args: argsBetween(1, 1, "the file to write"),
		RunE: func(c *cobra.Command, args []string) error {
			if e.noStore() {
				return e.noStoreError()
			}
			got, err := bolt.Salvage(c.Context(), e.flags.storagePath, args[0], func(p storage.Problem) error { return e.printProblem(p, false) })
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(e.stdout, "%d values of %d policies are in %s; %d policies lost their state and got one from their newest version\n"+
				"'watcher db restore %s' puts it in the store's place\n", got.Values, got.Policies, args[0], got.Rebuilt, args[0])
			return err
		},
	}
}
