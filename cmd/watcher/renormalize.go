package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"watcher/app"
	"watcher/policy"
)

type renormalizeFlags struct{ dryRun, json bool }

func newRenormalizeCommand(e *env) *cobra.Command {
	var f renormalizeFlags
	c := &cobra.Command{
		Use:   "renormalize [ID...]",
		Short: "Say what the rules and selectors of now make of the whole history",
		Long: `Reads the captured page of every version again, by the rules of this program and the selectors
of the configuration, and says which texts differ and which changes of the past would be told
of, or would not. All policies of the configuration are read when no id is given.

Without --dry-run the text in force gets a technical version where it differs, as the next check
would give it. Nobody is alerted, and earlier versions stay as they are. It is safe to interrupt
and to repeat.`,
		Example: "  watcher renormalize --dry-run\n  watcher renormalize 3shape/privacy",
		RunE: func(c *cobra.Command, args []string) error {
			ids, err := parseIDs(args)
			if err != nil {
				return err
			}
			return e.renormalizeAll(c.Context(), policy.RenormalizeRequest{Policies: ids, DryRun: f.dryRun}, f.json)
		},
	}
	c.Flags().BoolVar(&f.dryRun, "dry-run", false, "say what would be, and store nothing")
	c.Flags().BoolVar(&f.json, "json", false, "print one JSON object per version")
	e.remoteFlags(c)
	return c
}

// renormalizeAll reads the history in this process, or through the daemon that
// holds the store.
func (e *env) renormalizeAll(ctx context.Context, req policy.RenormalizeRequest, asJSON bool) error {
	t := &rereadTally{out: e.stdout, json: asJSON}
	if err := e.renormalizeAt(ctx, req, t.add); err != nil {
		return notFoundHint(err)
	}
	fmt.Fprintln(e.stderr, t.text())
	return nil
}

func (e *env) renormalizeAt(ctx context.Context, req policy.RenormalizeRequest, emit func(policy.Renormalized) error) error {
	if e.flags.url != "" {
		c, err := e.remote(e.flags.url)
		if err != nil {
			return err
		}
		return c.Renormalize(ctx, req, emit)
	}
	if e.noStore() {
		return withHint(fmt.Errorf("there is no store at %s yet", e.flags.storagePath), "'watcher check' makes one; --storage.path names another")
	}
	logger, err := e.quietLogger()
	if err != nil {
		return err
	}
	o := e.options(logger)
	o.LockTimeout, o.ReadOnly = lockWait, req.DryRun
	a, err := app.New(o)
	if errors.Is(err, policy.ErrLocked) {
		c, err := e.holder(err)
		if err != nil {
			return err
		}
		return c.Renormalize(ctx, req, emit)
	}
	if err != nil {
		return storeHint(err, o.StoragePath)
	}
	return errors.Join(a.Renormalize(ctx, req, emit), a.Stop(context.WithoutCancel(ctx)))
}

// rereadTally prints what is worth a line and counts all.
type rereadTally struct {
	out                                                    io.Writer
	json                                                   bool
	versions, differs, unreadable, appear, vanish, storeds int
}

func (t *rereadTally) add(r policy.Renormalized) error {
	t.versions++
	switch r.Result {
	case policy.RereadDiffers:
		t.differs++
	case policy.RereadUnreadable:
		t.unreadable++
	}
	switch r.Event {
	case policy.EventAppears:
		t.appear++
	case policy.EventVanishes:
		t.vanish++
	}
	if r.Stored > 0 {
		t.storeds++
	}
	if t.json {
		return json.NewEncoder(t.out).Encode(r)
	}
	if r.Result == policy.RereadSame && r.Event == "" && r.Note == "" {
		return nil
	}
	_, err := fmt.Fprintln(t.out, rereadText(r))
	return err
}

func rereadText(r policy.Renormalized) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s@%d", r.Policy, r.Version)
	if r.Head {
		b.WriteString(" (in force)")
	}
	switch r.Result {
	case policy.RereadDiffers:
		fmt.Fprintf(&b, "  differs: %d words added, %d removed, %d moved (%s); %s → %s",
			r.Difference.Added, r.Difference.Removed, r.Difference.Moved, r.Grade, r.FromNormalizer, r.Normalizer)
	case policy.RereadUnreadable:
		b.WriteString("  cannot be read again")
	default:
		b.WriteString("  same text")
	}
	if r.Event != "" {
		fmt.Fprintf(&b, "; the event %s (%s → %s)", r.Event, r.Before, r.After)
	}
	if r.Stored > 0 {
		fmt.Fprintf(&b, "; stored as version %d", r.Stored)
	}
	for _, more := range []string{r.Note, r.Error} {
		if more != "" {
			b.WriteString("; " + sanitize(more))
		}
	}
	return b.String()
}

func (t *rereadTally) text() string {
	s := fmt.Sprintf("%d versions read, %d differ, %d cannot be read; %d events would appear, %d would vanish", t.versions, t.differs, t.unreadable, t.appear, t.vanish)
	if t.storeds > 0 {
		s += fmt.Sprintf("; %d technical versions stored", t.storeds)
	}
	return s
}
