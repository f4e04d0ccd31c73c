package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"watcher/history"
	"watcher/policy"
	"watcher/storage"
)

type searchFlags struct {
	policies     []string
	in           []string
	vendor, kind string
	limit        int
	timeout      time.Duration
	json         bool
}

func newSearchCommand(e *env) *cobra.Command {
	var f searchFlags
	c := &cobra.Command{
		Use: "search WORDS", Short: "Search present and past texts, and changes",
		Long: `Finds the texts that hold all of the words: present ones, then earlier ones of policies whose
present text does not match (the newest that does), then what changes took away or brought.
Texts with the words as you wrote them come first, then those with all words in one paragraph,
then the newest; a word in a heading counts for more. A word stands for all that begin with it;
a "phrase in quotes" must be there as it is. Letter case does not matter.

Every text is unpacked and read, a thousand in about a second. A search stops when its time is
over, and says so.`,
		Example: `  watcher search sell personal information
  watcher search '"train our models"' --in current --kind privacy
  watcher search retention '"24 months"' --vendor 3shape --json`,
		Args: argsBetween(1, -1, "words to look for"),
		RunE: func(c *cobra.Command, args []string) error { return e.search(c.Context(), strings.Join(args, " "), f) },
	}
	c.Flags().StringSliceVar(&f.policies, "policy", nil, "look only at the policy `ID`, may be repeated")
	c.Flags().StringVar(&f.vendor, "vendor", "", "look only at policies of this `VENDOR` (as ids begin)")
	c.Flags().StringVar(&f.kind, "kind", "", "look only at policies of this `KIND`")
	c.Flags().StringSliceVar(&f.in, "in", nil, "where to look: current, past, change; default all")
	c.Flags().IntVar(&f.limit, "limit", history.DefaultResults, "print at most `N` results of each kind")
	c.Flags().DurationVar(&f.timeout, "timeout", history.DefaultSearch, "stop after this `TIME`")
	c.Flags().BoolVar(&f.json, "json", false, "print one JSON object per line, the last one says how far the search came")
	e.remoteFlags(c)
	return c
}

// searcher is a reader that searches by itself: a daemon.
type searcher interface {
	Search(ctx context.Context, q history.Query, emit func(history.Result) error) (history.SearchEnd, error)
}

func (e *env) search(ctx context.Context, text string, f searchFlags) error {
	ids, err := parseIDs(f.policies)
	if err != nil {
		return err
	}
	q := history.Query{
		Text: text, Policies: ids, Vendor: f.vendor, Kind: policy.Kind(f.kind), In: f.in, Limit: f.limit, Timeout: f.timeout,
	}
	if err := q.Check(); err != nil {
		return &usageError{err}
	}
	return e.withReader(func(r storage.Reader) error {
		p := &resultPrinter{out: e.stdout, json: f.json}
		find := func() (history.SearchEnd, error) { return history.Search(ctx, r, q, p.print) }
		if s, ok := r.(searcher); ok {
			find = func() (history.SearchEnd, error) { return s.Search(ctx, q, p.print) }
		}
		end, err := find()
		if err != nil {
			return notFoundHint(err)
		}
		if f.json {
			return json.NewEncoder(e.stdout).Encode(end)
		}
		return printEnd(e.stderr, end)
	})
}

type resultPrinter struct {
	out  io.Writer
	json bool
	kind string
}

func (p *resultPrinter) print(r history.Result) error {
	if p.json {
		return json.NewEncoder(p.out).Encode(r)
	}
	var b strings.Builder
	if r.Kind != p.kind {
		if p.kind != "" {
			b.WriteByte('\n')
		}
		b.WriteString(map[string]string{
			history.Current: "In force", history.Past: "Not in force any more", history.Changes: "In changes",
		}[r.Kind] + "\n")
		p.kind = r.Kind
	}
	fmt.Fprintf(&b, "  %s@%d  %s", r.Policy, r.Version, when(r))
	if r.Section != "" {
		b.WriteString("  § " + sanitize(r.Section))
	}
	fmt.Fprintf(&b, "\n      %s\n", sanitize(r.Snippet))
	_, err := io.WriteString(p.out, b.String())
	return err
}

// when says from when a result is.
func when(r history.Result) string {
	date := func(t time.Time) string { return t.UTC().Format(time.DateOnly) }
	switch r.Kind {
	case history.Changes:
		where := map[string]string{"old": "in the old text", "new": "in the new text", "both": "in both texts"}[r.Side]
		return fmt.Sprintf("%s, %s, %s", date(r.FirstSeenAt), r.Op, where)
	case history.Past:
		return fmt.Sprintf("%s to %s", date(r.FirstSeenAt), date(r.LastSeenAt))
	}
	if r.FirstSeenAt.IsZero() {
		return ""
	}
	return "since " + date(r.FirstSeenAt)
}

// printEnd says how far a search came.
func printEnd(w io.Writer, end history.SearchEnd) error {
	fmt.Fprintf(w, "%d texts and %d changes looked through, %d matches", end.Texts, end.Changes, end.Matches)
	if end.Results < end.Matches {
		fmt.Fprintf(w, ", the best %d shown (--limit shows more)", end.Results)
	}
	fmt.Fprintln(w)
	if !end.Complete {
		fmt.Fprintln(w, "note: "+sanitize(end.Stopped)+" (--policy, --vendor, --kind, --in, --timeout)")
	}
	if len(end.Unreadable) > 0 {
		return withHint(fmt.Errorf("some values could not be read: %s", strings.Join(end.Unreadable, ", ")),
			"they are damaged; other texts were searched")
	}
	return nil
}
