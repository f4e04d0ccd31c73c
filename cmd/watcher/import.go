package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"watcher/ota/convert"
)

func newImportCommand(e *env) *cobra.Command {
	c := &cobra.Command{Use: "import", Short: "Make a configuration of what other programs watch", Args: cobra.ArbitraryArgs, RunE: group}
	c.AddCommand(newImportOTACommand(e))
	return c
}

type importFlags struct{ output, snapshots string }

func newImportOTACommand(e *env) *cobra.Command {
	var f importFlags
	c := &cobra.Command{
		Use:   "ota DIR",
		Short: "Make a configuration of declarations of Open Terms Archive",
		Long: `Reads a checkout of one of the repositories named …-declarations and prints a configuration
that watches the same pages: addresses, earlier addresses, selectors and ranges. Each entry is
read by the rules of the configuration before it is taken. The report on stderr says of each
whether it was imported, imported with loss (what could not be expressed; it is a comment in
the configuration, too) or refused, and why. Filters are scripts, and are never run.`,
		Example: "  watcher import ota contrib-declarations -o watcher.yml\n  watcher import ota genai-eu-declarations --snapshots genai-eu-snapshots > watcher.yml",
		Args:    argsBetween(1, 1, "a directory of declarations"),
		RunE: func(c *cobra.Command, args []string) error {
			return e.importOTA(c.Context(), args[0], f)
		},
	}
	c.Flags().StringVarP(&f.output, "output", "o", "", "write the configuration to this `FILE`, which must not exist yet")
	c.Flags().StringVar(&f.snapshots, "snapshots", "", "a `DIR` with the repository of snapshots of the collection: say which selectors match nothing on the newest")
	return c
}

func (e *env) importOTA(ctx context.Context, dir string, f importFlags) error {
	if f.output != "" {
		if _, err := os.Lstat(f.output); err == nil {
			return withHint(usagef("%s exists already", f.output), "name another file: what is there is not written over")
		}
	}
	r, err := convert.Convert(ctx, convert.Options{Dir: dir, Snapshots: f.snapshots, MaxBody: maxFile})
	switch {
	case errors.Is(err, convert.ErrNoDeclarations):
		return withHint(err, "clone one of the repositories named …-declarations, for example https://github.com/OpenTermsArchive/demo-declarations")
	case errors.Is(err, fs.ErrNotExist):
		return &usageError{err}
	case err != nil:
		return snapshotsHint(err)
	}
	refused := reportImport(e.stderr, r.Entries)
	switch {
	case len(r.YAML) == 0:
		return errors.New("nothing could be imported")
	case f.output != "":
		err = writeNew(f.output, r.YAML)
	default:
		_, err = e.stdout.Write(r.YAML)
	}
	if err == nil && refused > 0 {
		return &statusError{code: exitSomeFailed, quiet: true}
	}
	return err
}

// writeNew writes a file that must not exist. One that is half written is
// removed again.
func writeNew(name string, b []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644) //nolint:gosec // the user names it, and it holds no secret
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, os.Remove(name))
	}
	return nil
}

// reportImport says what became of each declaration and returns how many were
// refused.
func reportImport(w io.Writer, entries []convert.Entry) (refused int) {
	imported, lossy, dead := 0, 0, 0
	for _, x := range entries {
		name := x.Service
		if x.Type != "" {
			name += "/" + x.Type
		}
		switch {
		case x.Refused != "":
			refused++
			fmt.Fprintf(w, "refused             %s: %s\n", name, x.Refused)
			continue
		case len(x.Lost) > 0:
			lossy++
			fmt.Fprintf(w, "imported with loss  %s as %s\n", name, x.ID)
		default:
			imported++
			fmt.Fprintf(w, "imported            %s as %s\n", name, x.ID)
		}
		for _, what := range x.Lost {
			fmt.Fprintf(w, "                    lost: %s\n", what)
		}
		for _, what := range x.Dead {
			fmt.Fprintf(w, "                    warning: %s\n", what)
		}
		if len(x.Dead) > 0 {
			dead++
		}
	}
	fmt.Fprintf(w, "%d imported, %d imported with loss, %d refused", imported, lossy, refused)
	if dead > 0 {
		fmt.Fprintf(w, "; %d with selectors that match nothing, or could not be tried", dead)
	}
	fmt.Fprintln(w)
	return refused
}
