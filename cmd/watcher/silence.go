package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/spf13/cobra"

	"watcher/app"
	"watcher/policy"
	"watcher/storage"
)

// delivery are the changes to how people are told. The program itself and a
// client of a running daemon both make them.
type delivery interface {
	AddSilence(ctx context.Context, s policy.Silence) (policy.Silence, error)
	ExpireSilence(ctx context.Context, id string) error
	CloseBreaker(ctx context.Context, by string) error
	ResumeReceiver(ctx context.Context, name string) (int, error)
}

// withDelivery runs f with the daemon named by --url, else with the store's
// file, else with the daemon that holds it. With the file it delivers what f
// set free, when that is asked for: there is no daemon to do it.
func (e *env) withDelivery(ctx context.Context, deliver bool, f func(delivery) error) error {
	logger, err := e.quietLogger()
	if err != nil {
		return err
	}
	if e.flags.url != "" {
		c, err := e.remote(e.flags.url)
		if err != nil {
			return err
		}
		return f(c)
	}
	o := e.options(logger)
	o.LockTimeout = lockWait
	a, err := app.New(o)
	if errors.Is(err, policy.ErrLocked) {
		c, err := e.holder(err)
		if err != nil {
			return err
		}
		return f(c)
	}
	if err != nil {
		return storeHint(err, o.StoragePath)
	}
	if err = f(a); err == nil && deliver {
		_, err = drain(ctx, a)
	}
	return errors.Join(err, a.Stop(context.WithoutCancel(ctx)))
}

func newSilenceCommand(e *env) *cobra.Command {
	c := &cobra.Command{
		Use: "silence", Short: "Mute alerts by matcher until a time",
		Long: `A silence mutes the alerts that all its matchers match, from now until its end. What it
mutes is marked and kept ('watcher alerts list --state silenced'), and can be delivered after
all by 'watcher alerts redeliver'. The names of matchers are ` + strings.Join(policy.MatcherNames(), ", ") + `.`,
		Args: cobra.ArbitraryArgs, RunE: group,
	}
	c.AddCommand(newSilenceAddCommand(e), newSilenceListCommand(e), newSilenceExpireCommand(e))
	return c
}

// silenceFlags are the flags of "silence add".
type silenceFlags struct {
	length, until, author, comment string
}

func newSilenceAddCommand(e *env) *cobra.Command {
	var f silenceFlags
	c := &cobra.Command{
		Use: "add MATCHER...", Short: "Mute what matches, for example: silence add vendor=acme event=policy_unreachable --for 2d",
		Args: argsBetween(1, -1, "matchers, for example vendor=acme"),
		RunE: func(c *cobra.Command, args []string) error {
			s, err := f.silence(args, time.Now().UTC())
			if err != nil {
				return &usageError{err}
			}
			return e.withDelivery(c.Context(), false, func(d delivery) error {
				kept, err := d.AddSilence(c.Context(), s)
				if err != nil {
					return err
				}
				_, err = fmt.Fprintln(e.stdout, kept.ID)
				return err
			})
		},
	}
	c.Flags().StringVar(&f.length, "for", "", "for how long, for example 2h, 3d or 1w")
	c.Flags().StringVar(&f.until, "until", "", "until when, as RFC 3339 or a date")
	c.Flags().StringVar(&f.author, "author", os.Getenv("USER"), "`NAME` of who mutes")
	c.Flags().StringVar(&f.comment, "comment", "", "why")
	e.remoteFlags(c)
	return c
}

func (f silenceFlags) silence(matchers []string, now time.Time) (policy.Silence, error) {
	s := policy.Silence{StartsAt: now, CreatedAt: now, Author: f.author, Comment: f.comment}
	for _, text := range matchers {
		m, err := policy.ParseMatcher(text)
		if err != nil {
			return s, err
		}
		s.Matchers = append(s.Matchers, m)
	}
	switch {
	case (f.length == "") == (f.until == ""):
		return s, errors.New("want one of --for and --until, for example --for 2d")
	case f.until != "":
		until, err := parseDate(f.until)
		if err != nil {
			return s, err
		}
		s.EndsAt = until
	default:
		d, err := model.ParseDuration(f.length)
		if err != nil {
			return s, fmt.Errorf("--for %q: want a time such as 2h, 3d or 1w", f.length)
		}
		s.EndsAt = now.Add(time.Duration(d))
	}
	return s, s.Validate()
}

// silenceLine is one line of "watcher silence list --json".
type silenceLine struct {
	Schema string `json:"schema"`
	policy.Silence
	Active bool `json:"active"`
}

const silenceSchema = "watcher.silence/1"

func newSilenceListCommand(e *env) *cobra.Command {
	var asJSON, all bool
	c := &cobra.Command{
		Use: "list", Short: "List silences that are not over", Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return e.withReader(func(r storage.Reader) error {
				list, err := r.Silences(c.Context())
				if err != nil {
					return err
				}
				return e.printSilences(list, time.Now(), all, asJSON)
			})
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object per line")
	c.Flags().BoolVar(&all, "all", false, "also those that are over")
	e.remoteFlags(c)
	return c
}

func (e *env) printSilences(list []policy.Silence, now time.Time, all, asJSON bool) error {
	rows := [][]string{{"ID", "MATCHERS", "UNTIL", "AUTHOR", "COMMENT"}}
	enc := json.NewEncoder(e.stdout)
	for _, s := range list {
		if !all && !s.EndsAt.After(now) {
			continue
		}
		if asJSON {
			if err := enc.Encode(silenceLine{silenceSchema, s, s.Active(now)}); err != nil {
				return err
			}
			continue
		}
		matchers := make([]string, len(s.Matchers))
		for i, m := range s.Matchers {
			matchers[i] = sanitize(m.String())
		}
		rows = append(rows, []string{s.ID, strings.Join(matchers, " "), stamp(s.EndsAt), sanitize(s.Author), sanitize(s.Comment)})
	}
	if asJSON {
		return nil
	}
	return table(e.stdout, rows)
}

func newSilenceExpireCommand(e *env) *cobra.Command {
	c := &cobra.Command{
		Use: "expire ID...", Short: "End silences now", Args: argsBetween(1, -1, "silence ids"),
		RunE: func(c *cobra.Command, args []string) error {
			return e.withDelivery(c.Context(), false, func(d delivery) error {
				for _, id := range args {
					if err := d.ExpireSilence(c.Context(), id); errors.Is(err, policy.ErrNotFound) {
						return withHint(fmt.Errorf("there is no silence %q", id), "'watcher silence list' shows the ids")
					} else if err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
	e.remoteFlags(c)
	return c
}
