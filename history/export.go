package history

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"watcher/policy"
	"watcher/storage"
)

// ExportSchema is the schema of a line of an export as JSONL.
const ExportSchema = "watcher.export/1"

// Exported counts what an export wrote.
type Exported struct {
	Policies, Versions, Captures int
	// Missing names what could not be read; the rest was written.
	Missing []string
}

// Formats returns the names of the formats of Export.
func Formats() []string { return []string{"jsonl", "csv", "git", "warc"} }

// Export writes everything about policies, all of them when ids is empty. The
// same store gives the same bytes.
//
// A damaged value is left out and named; the error is then policy.ErrDamaged,
// after everything else was written.
func Export(ctx context.Context, r storage.Reader, format string, ids []policy.ID, w io.Writer) (Exported, error) {
	x := &exporter{reader: r, ids: ids, out: w}
	var err error
	switch format {
	case "jsonl":
		err = x.jsonl(ctx)
	case "csv":
		err = x.csv(ctx)
	case "git":
		err = x.git(ctx)
	case "warc":
		err = x.warc(ctx)
	default:
		err = fmt.Errorf("%q is no format (want %s)", format, strings.Join(Formats(), ", "))
	}
	if err == nil && len(x.done.Missing) > 0 {
		err = fmt.Errorf("%w: left out: %s", policy.ErrDamaged, strings.Join(x.done.Missing[:min(len(x.done.Missing), maxUnreadable)], ", "))
	}
	return x.done, err
}

type exporter struct {
	reader storage.Reader
	ids    []policy.ID
	out    io.Writer
	done   Exported
}

// states returns the policies to be written, by id.
func (x *exporter) states(ctx context.Context) ([]policy.State, error) {
	all, err := x.reader.States(ctx)
	if err != nil || len(x.ids) == 0 {
		return all, err
	}
	var out []policy.State
	for _, s := range all {
		if slices.Contains(x.ids, s.ID) {
			out = append(out, s)
		}
	}
	for _, id := range x.ids {
		if !slices.ContainsFunc(out, func(s policy.State) bool { return s.ID == id }) {
			return nil, fmt.Errorf("policy %q: %w", id, policy.ErrNotFound)
		}
	}
	return out, nil
}

// missing notes a damaged value and says whether the export can go on.
func (x *exporter) missing(what string, err error) error {
	if !errors.Is(err, policy.ErrDamaged) {
		return err
	}
	x.done.Missing = append(x.done.Missing, what)
	return nil
}

// each runs f for every version, policy by policy, in the order of time.
func (x *exporter) each(ctx context.Context, f func(policy.State, policy.Version) error) error {
	states, err := x.states(ctx)
	if err != nil {
		return err
	}
	for _, s := range states {
		versions, err := x.reader.Versions(ctx, s.ID)
		if err != nil {
			if err := x.missing(string(s.ID), err); err != nil {
				return err
			}
			continue
		}
		x.done.Policies++
		for _, v := range versions {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := f(s, v); err != nil {
				return err
			}
		}
	}
	return nil
}

// change reads the change that led to a version; a baseline has none.
func (x *exporter) change(ctx context.Context, v policy.Version) (*policy.Change, error) {
	c, err := x.reader.Change(ctx, v.Policy, v.Number)
	if errors.Is(err, policy.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, x.missing(fmt.Sprintf("the change to %s@%d", v.Policy, v.Number), err)
	}
	return &c, nil
}

// capture reads the provenance of a version, without secrets.
func (x *exporter) capture(ctx context.Context, v policy.Version) (*policy.Capture, error) {
	if v.Capture == 0 {
		return nil, nil
	}
	c, err := x.reader.Capture(ctx, v.Policy, v.Capture)
	if errors.Is(err, policy.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, x.missing(fmt.Sprintf("capture %d of %s", v.Capture, v.Policy), err)
	}
	c.Header = redacted(c.Header)
	return &c, nil
}

// redacted hides the values of headers that let somebody in. The crawler does so
// before anything is stored, but captures of other archives come as they are.
func redacted(header map[string][]string) map[string][]string {
	out := make(map[string][]string, len(header))
	for name, values := range header {
		if policy.IsSecretHeader(name) {
			values = []string{policy.Redacted}
		}
		out[name] = values
	}
	return out
}

// moment is a version in the order of time over all policies.
type moment struct {
	id     policy.ID
	number int
	at     int64
	first  int64
}

func byTime(a, b moment) int {
	return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.first, b.first), cmp.Compare(a.id, b.id), cmp.Compare(a.number, b.number))
}
