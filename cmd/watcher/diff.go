package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"watcher/diffing"
	"watcher/normalize"
	"watcher/policy"
	"watcher/storage"
)

type diffFlags struct {
	format         string
	json, exitCode bool
}

var versionRange = regexp.MustCompile(`^(\d*)\.\.(\d*)$`)

func newDiffCommand(e *env) *cobra.Command {
	var f diffFlags
	c := &cobra.Command{
		Use:   "diff ID [N..M] | diff OLD NEW",
		Short: "Show the semantic diff of two versions, or of two local files",
		Long: `With a policy id, compares two of its versions: the last change when no range is given.
With two files (HTML, PDF, Word, Markdown or text), compares what the normaliser makes of them.`,
		Example: "  watcher diff 3shape/privacy\n  watcher diff 3shape/privacy 1..3 --format markdown\n  watcher diff old.html new.html --exit-code",
		Args:    argsBetween(1, 2, "a policy id with an optional range, or two files"),
		RunE: func(c *cobra.Command, args []string) error {
			if f.json {
				f.format = "json"
			}
			return e.diff(c.Context(), args, f)
		},
	}
	c.Flags().StringVar(&f.format, "format", "text", "text, markdown, html or json")
	c.Flags().BoolVar(&f.json, "json", false, "short for --format json")
	c.Flags().BoolVar(&f.exitCode, "exit-code", false, "exit with 10 when the texts differ")
	e.remoteFlags(c)
	return c
}

func (e *env) diff(ctx context.Context, args []string, f diffFlags) error {
	write, err := diffWriter(f.format, diffing.TextOptions{Color: isTerminal(e.stdout), Width: terminalWidth(e.stdout)})
	if err != nil {
		return err
	}
	var change policy.Change
	if len(args) == 2 && !versionRange.MatchString(args[1]) {
		change, err = diffFiles(args[0], args[1])
	} else {
		err = e.withReader(func(r storage.Reader) (err error) {
			change, err = diffVersions(ctx, r, args)
			return err
		})
	}
	if err != nil {
		return err
	}
	if err := write(e.stdout, change); err != nil {
		return err
	}
	if f.exitCode && !change.Empty() {
		return &statusError{code: exitChanged, msg: "changed", quiet: true}
	}
	return nil
}

func diffWriter(format string, text diffing.TextOptions) (func(io.Writer, policy.Change) error, error) {
	switch format {
	case "text":
		return func(w io.Writer, c policy.Change) error { return diffing.WriteText(w, c, text) }, nil
	case "markdown":
		return diffing.WriteMarkdown, nil
	case "html":
		return func(w io.Writer, c policy.Change) error { return diffing.WritePage(w, c, diffTitle(c)) }, nil
	case "json":
		return diffing.WriteJSON, nil
	}
	return nil, usagef("--format %q: want text, markdown, html or json", format)
}

// diffTitle names the two sides of a change.
func diffTitle(c policy.Change) string {
	if c.Policy == "" {
		return c.From.Name + " → " + c.To.Name
	}
	return fmt.Sprintf("%s: version %d → %d", c.Policy, c.From.Version, c.To.Version)
}

// isTerminal reports whether colour is welcome: a terminal that did not opt
// out (no-color.org).
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok || os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// maxLine is how wide text is set at most: longer lines are hard to read.
const maxLine = 110

// terminalWidth returns the width to wrap text at, in columns: that of the
// terminal; 0, for not at all, where the output is none.
func terminalWidth(w io.Writer) int {
	f, ok := w.(*os.File)
	if !ok {
		return 0
	}
	columns, _, err := term.GetSize(int(f.Fd()))
	if err != nil || columns <= 0 {
		return 0
	}
	return min(columns, maxLine)
}

func diffFiles(oldName, newName string) (policy.Change, error) {
	from, fromRef, err := readDocument(oldName)
	if err != nil {
		return policy.Change{}, withHint(err, "versions of a policy are compared by its id, as in 'watcher diff 3shape/privacy 1..2'")
	}
	to, toRef, err := readDocument(newName)
	if err != nil {
		return policy.Change{}, err
	}
	c := diffing.Compare(from, to, diffing.Options{})
	c.From, c.To = fromRef, toRef
	return c, nil
}

// maxFile bounds the local files that are read, as the crawler bounds pages.
const maxFile = 20 << 20

func readDocument(name string) (policy.Document, policy.VersionRef, error) {
	body, err := readFile(name)
	if err != nil {
		return policy.Document{}, policy.VersionRef{}, err
	}
	doc, err := normalizeBytes(body, "", name, normalize.Rules{})
	if err != nil {
		return doc, policy.VersionRef{}, fmt.Errorf("%s: %w", name, err)
	}
	return doc, policy.VersionRef{Name: name, SHA256: doc.Digest()}, nil
}

func readFile(name string) ([]byte, error) {
	f, err := os.Open(name) //nolint:gosec // the user names it
	if err != nil {
		return nil, err
	}
	defer f.Close()
	body, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(body) > maxFile {
		return nil, fmt.Errorf("%s is larger than %d MiB", name, maxFile>>20)
	}
	return body, nil
}

func normalizeBytes(body []byte, contentType, url string, rules normalize.Rules) (policy.Document, error) {
	n, err := normalize.New(rules)
	if err != nil {
		return policy.Document{}, &usageError{err}
	}
	doc, err := n.WithPDF(pdfReader()).Document(normalize.Input{Body: body, ContentType: contentType, URL: url})
	if err != nil {
		return doc, err
	}
	diffing.Classify(&doc)
	return doc, nil
}

// diffVersions compares two stored versions. The stored change is used where
// there is one for just these two.
func diffVersions(ctx context.Context, r storage.Reader, args []string) (policy.Change, error) {
	id, err := findPolicy(ctx, r, args[0])
	if err != nil {
		return policy.Change{}, err
	}
	from, to, err := chooseRange(ctx, r, id, args[1:])
	if err != nil {
		return policy.Change{}, err
	}
	if c, err := r.Change(ctx, id, to.Number); err == nil && c.From.Version == from.Number {
		return c, nil
	} else if err != nil && !errors.Is(err, policy.ErrNotFound) {
		return policy.Change{}, err
	}
	a, err := r.Document(ctx, id, from.Number)
	if err != nil {
		return policy.Change{}, err
	}
	b, err := r.Document(ctx, id, to.Number)
	if err != nil {
		return policy.Change{}, err
	}
	c := diffing.Compare(a, b, diffing.Options{SeenAt: to.FirstSeenAt})
	c.Policy, c.From, c.To = id, from.Ref(), to.Ref()
	return c, nil
}

// chooseRange reads the two versions that a range names. Open ends mean the
// version before and the head.
func chooseRange(ctx context.Context, r storage.Reader, id policy.ID, args []string) (from, to policy.Version, err error) {
	s, err := r.State(ctx, id)
	if err != nil {
		return from, to, err
	}
	n, m := 0, s.Head
	if len(args) == 1 {
		parts := versionRange.FindStringSubmatch(args[0])
		if parts == nil {
			return from, to, usagef("%q: want a range of versions such as 1..2", args[0])
		}
		n, _ = strconv.Atoi(parts[1]) // empty: 0
		if parts[2] != "" {
			m, _ = strconv.Atoi(parts[2])
		}
	}
	if m == 0 {
		return from, to, withHint(fmt.Errorf("%s has no version yet", id), "'watcher check %s' makes the first one", id)
	}
	if to, err = findVersion(ctx, r, fmt.Sprintf("%s@%d", id, m)); err != nil {
		return from, to, err
	}
	if n == 0 {
		if n = to.From; n == 0 {
			return from, to, withHint(fmt.Errorf("version %d of %s is its first", m, id), "'watcher show %s@%d' prints it", id, m)
		}
	}
	from, err = findVersion(ctx, r, fmt.Sprintf("%s@%d", id, n))
	return from, to, err
}
