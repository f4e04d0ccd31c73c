package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"watcher/app"
	"watcher/client"
	"watcher/policy"
	"watcher/storage"
)

func newAlertsCommand(e *env) *cobra.Command {
	c := &cobra.Command{Use: "alerts", Short: "Look at the outbox, deliver again, test a receiver", Args: cobra.ArbitraryArgs, RunE: group}
	c.AddCommand(newAlertsListCommand(e), newAlertsShowCommand(e), newAlertsRedeliverCommand(e), newAlertsTestCommand(e),
		newAlertsResumeCommand(e), newAlertsRouteCommand(e), newAlertsBreakerCommand(e))
	return c
}

// alertLine is one line of "watcher alerts list --json".
type alertLine struct {
	Schema string `json:"schema"`
	policy.Alert
}

func newAlertsListCommand(e *env) *cobra.Command {
	var asJSON bool
	var q storage.AlertQuery
	var state string
	c := &cobra.Command{
		Use: "list", Short: "List alerts, oldest first", Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if s := policy.AlertState(state); slices.Contains(policy.AlertStates(), s) {
				q.States = []policy.AlertState{s}
			} else if s != "" {
				return usagef("--state %q: want pending, held, parked, dead, silenced or delivered", state)
			}
			return e.withReader(func(r storage.Reader) error { return e.listAlerts(c.Context(), r, q, asJSON) })
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object per line")
	c.Flags().StringVar(&q.Receiver, "receiver", "", "only those of this `RECEIVER`")
	c.Flags().StringVar(&state, "state", "", "only those in this `STATE`: pending, held, parked, dead, silenced or delivered")
	e.remoteFlags(c)
	return c
}

func (e *env) listAlerts(ctx context.Context, r storage.Reader, q storage.AlertQuery, asJSON bool) error {
	alerts, err := r.Alerts(ctx, q)
	if err != nil {
		return err
	}
	if asJSON {
		enc := json.NewEncoder(e.stdout)
		for _, a := range alerts {
			if err := enc.Encode(alertLine{policy.AlertSchema, a}); err != nil {
				return err
			}
		}
		return nil
	}
	rows := [][]string{{"ID", "RECEIVER", "STATE", "TRIES", "CREATED", "POLICY", "EVENT", "NOTE"}}
	for _, a := range alerts {
		note := a.LastError
		if note == "" {
			note = a.Event.Summary
		}
		rows = append(rows, []string{
			a.ID, a.Receiver, string(a.State), strconv.Itoa(a.Attempts), stamp(a.CreatedAt),
			string(a.Event.Policy.ID), string(a.Event.Type), sanitize(note),
		})
	}
	return table(e.stdout, rows)
}

func newAlertsShowCommand(e *env) *cobra.Command {
	c := &cobra.Command{
		Use: "show ID", Short: "Show one alert as JSON", Args: argsBetween(1, 1, "one alert id"),
		RunE: func(c *cobra.Command, args []string) error {
			return e.withReader(func(r storage.Reader) error {
				a, err := r.Alert(c.Context(), args[0])
				if errors.Is(err, policy.ErrNotFound) {
					return withHint(fmt.Errorf("there is no alert %q", args[0]), "'watcher alerts list' shows the ids")
				} else if err != nil {
					return err
				}
				enc := json.NewEncoder(e.stdout)
				enc.SetIndent("", "  ")
				return enc.Encode(alertLine{policy.AlertSchema, a})
			})
		},
	}
	e.remoteFlags(c)
	return c
}

func newAlertsRedeliverCommand(e *env) *cobra.Command {
	c := &cobra.Command{
		Use: "redeliver ID...", Short: "Deliver alerts again, under the same ids", Args: argsBetween(1, -1, "alert ids"),
		RunE: func(c *cobra.Command, args []string) error { return e.redeliver(c.Context(), args) },
	}
	e.remoteFlags(c)
	return c
}

func (e *env) redeliver(ctx context.Context, ids []string) error {
	logger, err := e.quietLogger()
	if err != nil {
		return err
	}
	if e.flags.url != "" {
		c, err := e.remote(e.flags.url)
		if err != nil {
			return err
		}
		return e.requeueAt(ctx, ids, c)
	}
	o := e.options(logger)
	o.LockTimeout = lockWait
	a, err := app.New(o)
	if errors.Is(err, policy.ErrLocked) {
		c, err := e.holder(err)
		if err != nil {
			return err
		}
		return e.requeueAt(ctx, ids, c)
	}
	if err != nil {
		return storeHint(err, o.StoragePath)
	}
	err = requeue(ctx, ids, a.Requeue)
	if err == nil {
		var n int
		n, err = drain(ctx, a)
		fmt.Fprintf(e.stderr, "delivered %d alerts\n", n)
	}
	return errors.Join(err, a.Stop(context.WithoutCancel(ctx)))
}

// requeueAt leaves the delivery to a running daemon.
func (e *env) requeueAt(ctx context.Context, ids []string, c *client.Client) error {
	if err := requeue(ctx, ids, c.RequeueAlert); err != nil {
		return err
	}
	fmt.Fprintf(e.stderr, "queued %d alerts; the daemon delivers them\n", len(ids))
	return nil
}

func requeue(ctx context.Context, ids []string, one func(context.Context, string) error) error {
	for _, id := range ids {
		if err := one(ctx, id); errors.Is(err, policy.ErrNotFound) {
			return withHint(fmt.Errorf("there is no alert %q", id), "'watcher alerts list' shows the ids")
		} else if err != nil {
			return err
		}
	}
	return nil
}
