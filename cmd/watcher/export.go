package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"watcher/history"
	"watcher/policy"
	"watcher/storage"
)

type exportFlags struct{ format, output string }

func newExportCommand(e *env) *cobra.Command {
	var f exportFlags
	c := &cobra.Command{
		Use: "export --format jsonl|csv|git|warc [ID...]", Short: "Write everything in a format of others: leave whenever you like",
		Long: `Writes the whole history of policies, of all when no id is given.

  jsonl  a line per version: its text, its provenance, and the change that led to it
  csv    a row per version and its change, for spreadsheets
  git    a repository with a commit per version of all policies in the order of time, dated to
         the capture; texts are vendor/kind.md. With -o a bare repository is made, or brought up
         to date; without, the stream for 'git fast-import' is written.
  warc   a record per capture with the bytes of the page, for archives and replay tools

Without -o everything goes to stdout. A file appears when it is whole. Secrets in headers are
redacted.`,
		Example: "  watcher export --format jsonl -o policies.jsonl\n  watcher export --format git -o policies.git && git clone policies.git\n  watcher export --format csv 3shape/privacy",
		RunE:    func(c *cobra.Command, args []string) error { return e.export(c.Context(), args, f) },
	}
	c.Flags().StringVar(&f.format, "format", "jsonl", strings.Join(history.Formats(), ", "))
	c.Flags().StringVarP(&f.output, "output", "o", "-", "`PATH` to write to, - for stdout")
	e.remoteFlags(c)
	return c
}

func (e *env) export(ctx context.Context, args []string, f exportFlags) error {
	if !slices.Contains(history.Formats(), f.format) {
		return usagef("--format %q: want %s", f.format, strings.Join(history.Formats(), ", "))
	}
	ids, err := parseIDs(args)
	if err != nil {
		return err
	}
	return e.withReader(func(r storage.Reader) error {
		var done history.Exported
		write := func(w io.Writer) (err error) {
			done, err = history.Export(ctx, r, f.format, ids, w)
			return err
		}
		err := e.exportTo(ctx, f, write)
		if err == nil || errors.Is(err, policy.ErrDamaged) {
			fmt.Fprintln(e.stderr, exportedText(f.format, done))
		}
		return notFoundHint(err)
	})
}

func exportedText(format string, done history.Exported) string {
	if format == "warc" {
		return fmt.Sprintf("%d captures of %d policies written", done.Captures, done.Policies)
	}
	return fmt.Sprintf("%d versions of %d policies written", done.Versions, done.Policies)
}

// exportTo gives write the place to write to. A damaged value does not keep the
// rest from being kept.
func (e *env) exportTo(ctx context.Context, f exportFlags, write func(io.Writer) error) error {
	switch {
	case f.output == "-" || f.output == "":
		return write(e.stdout)
	case f.format == "git":
		git, err := exec.LookPath("git")
		if err == nil {
			return gitRepository{program: git, dir: f.output}.update(ctx, write)
		}
		fmt.Fprintf(e.stderr, "note: git is not installed: writing the stream for `git fast-import` to %s\n", f.output)
	}
	return wholeFile(f.output, write)
}

// wholeFile writes a file that is there only when it is whole.
func wholeFile(path string, write func(io.Writer) error) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return withHint(err, "the folder must be there and writable")
	}
	defer func() { _ = os.Remove(tmp.Name()) }() // gone already when all went well
	err = write(tmp)
	if err != nil && !errors.Is(err, policy.ErrDamaged) {
		return errors.Join(err, tmp.Close())
	}
	if cerr := errors.Join(tmp.Sync(), tmp.Close()); cerr != nil {
		return cerr
	}
	return errors.Join(err, os.Rename(tmp.Name(), path))
}

// gitRepository is a bare repository that holds nothing but exports.
type gitRepository struct{ program, dir string }

// gitMark is the setting by which a repository is known to be an export: its
// branch may be written anew when an earlier past was found.
const gitMark = "watcher.export"

func (g gitRepository) update(ctx context.Context, write func(io.Writer) error) error {
	if err := g.open(ctx); err != nil {
		return err
	}
	r, w := io.Pipe()
	var written error
	done := make(chan struct{})
	go func() {
		defer close(done)
		written = write(w)
		if errors.Is(written, policy.ErrDamaged) {
			_ = w.Close() // the rest is whole
			return
		}
		_ = w.CloseWithError(written)
	}()
	_, err := g.run(ctx, r, "fast-import", "--quiet", "--force", "--done")
	_ = r.CloseWithError(err)
	<-done
	if written != nil {
		return written
	}
	return err
}

// open makes the repository, or finds that it is one of ours.
func (g gitRepository) open(ctx context.Context) error {
	entries, err := os.ReadDir(g.dir)
	if err == nil && len(entries) > 0 {
		mark, err := g.run(ctx, nil, "config", "--local", "--get", gitMark)
		if err != nil || strings.TrimSpace(mark) != "true" {
			return withHint(fmt.Errorf("%s is there already, and is no repository that an export made", g.dir), "name another folder with -o")
		}
		return nil
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := os.MkdirAll(g.dir, 0o700); err != nil {
		return err
	}
	for _, args := range [][]string{{"init", "--quiet", "--bare", "--template="}, {"symbolic-ref", "HEAD", history.GitBranch}, {"config", gitMark, "true"}} {
		if _, err := g.run(ctx, nil, args...); err != nil {
			return err
		}
	}
	return nil
}

// run runs git on the repository, and on nothing else that the environment names.
func (g gitRepository) run(ctx context.Context, stdin io.Reader, args ...string) (string, error) {
	dir, err := filepath.Abs(g.dir)
	if err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, g.program, append([]string{"--git-dir=" + dir}, args...)...) //nolint:gosec // the operator's git
	cmd.Dir, cmd.Stdin = dir, stdin
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "GIT_") })
	var out, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaint
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("git %s: %w: %s", args[0], err, strings.TrimSpace(complaint.String()))
	}
	return out.String(), nil
}
