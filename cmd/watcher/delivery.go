package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"watcher/app"
	"watcher/config"
	"watcher/policy"
	"watcher/storage"
)

func newAlertsResumeCommand(e *env) *cobra.Command {
	c := &cobra.Command{
		Use: "resume RECEIVER", Short: "Try the parked alerts of a receiver again, after it was repaired",
		Args: argsBetween(1, 1, "the name of a receiver"),
		RunE: func(c *cobra.Command, args []string) error {
			return e.withDelivery(c.Context(), true, func(d delivery) error {
				n, err := d.ResumeReceiver(c.Context(), args[0])
				if errors.Is(err, policy.ErrNotFound) {
					return withHint(&usageError{err}, "'watcher config show' has the receivers")
				}
				if err == nil {
					fmt.Fprintf(e.stderr, "%d parked alerts are tried again\n", n)
				}
				return err
			})
		},
	}
	e.remoteFlags(c)
	return c
}

// breakerLine is what "watcher alerts breaker --json" prints.
type breakerLine struct {
	Schema string `json:"schema"`
	policy.Breaker
	// Held counts the alerts that are held.
	Held int `json:"held"`
}

const breakerSchema = "watcher.breaker/1"

func newAlertsBreakerCommand(e *env) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use: "breaker", Short: "Whether alerts are held because many policies changed at once, and why",
		Args: cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				return group(c, args)
			}
			return e.withReader(func(r storage.Reader) error { return e.showBreaker(c.Context(), r, asJSON) })
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print a JSON object")
	e.remoteFlags(c)
	c.AddCommand(newBreakerCloseCommand(e))
	return c
}

func (e *env) showBreaker(ctx context.Context, r storage.Reader, asJSON bool) error {
	b, err := r.Breaker(ctx)
	if err != nil {
		return err
	}
	held, err := r.Alerts(ctx, storage.AlertQuery{States: []policy.AlertState{policy.AlertHeld}})
	if err != nil {
		return err
	}
	if asJSON {
		return json.NewEncoder(e.stdout).Encode(breakerLine{breakerSchema, b, len(held)})
	}
	switch {
	case b.Open:
		_, err = fmt.Fprintf(e.stdout, "open since %s: %s\n%d alerts are held; 'watcher alerts breaker close' releases them\n",
			stamp(b.OpenedAt), b.Reason, len(held))
	case b.ClosedAt.IsZero():
		_, err = fmt.Fprintln(e.stdout, "closed; it never opened")
	default:
		_, err = fmt.Fprintf(e.stdout, "closed since %s by %s; it had opened at %s: %s\n",
			stamp(b.ClosedAt), sanitize(b.ClosedBy), stamp(b.OpenedAt), b.Reason)
	}
	return err
}

func newBreakerCloseCommand(e *env) *cobra.Command {
	var author string
	c := &cobra.Command{
		Use: "close", Short: "Close the breaker and release what it holds", Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return e.withDelivery(c.Context(), true, func(d delivery) error {
				if author == "" {
					return usagef("--author is empty: say who closes it")
				}
				err := d.CloseBreaker(c.Context(), author)
				if errors.Is(err, policy.ErrConflict) {
					return withHint(errors.New("the mass-change breaker is not open"), "'watcher alerts breaker' says when it was")
				}
				return err
			})
		},
	}
	c.Flags().StringVar(&author, "author", os.Getenv("USER"), "`NAME` of who closes it")
	e.remoteFlags(c)
	return c
}

// routeFlags are the flags of "alerts route".
type routeFlags struct {
	explain, json       bool
	event, significance string
}

func newAlertsRouteCommand(e *env) *cobra.Command {
	var f routeFlags
	c := &cobra.Command{
		Use: "route ID", Short: "Who would be told of an event, when, and why",
		Long: `ID is that of a policy (its last change is looked at), of an alert or of an event. The routes
are those of the configuration file as it is now, silences and the breaker those of the store.`,
		Args: argsBetween(1, 1, "the id of a policy, an alert or an event"),
		RunE: func(c *cobra.Command, args []string) error {
			if f.event != "" && !slices.Contains(policy.EventTypes(), policy.EventType(f.event)) {
				return usagef("--event %q: want one of %v", f.event, policy.EventTypes())
			}
			if f.significance != "" && !slices.Contains(policy.Significances(), policy.Significance(f.significance)) {
				return usagef("--significance %q: want one of %v", f.significance, policy.Significances())
			}
			return e.withReader(func(r storage.Reader) error { return e.explainRoute(c.Context(), r, args[0], f) })
		},
	}
	c.Flags().BoolVar(&f.explain, "explain", false, "show every route, also those that do not match, and why")
	c.Flags().BoolVar(&f.json, "json", false, "print one JSON object per line")
	c.Flags().StringVar(&f.event, "event", "", "suppose an event of this `TYPE`")
	c.Flags().StringVar(&f.significance, "significance", "", "suppose a change of this `GRADE`")
	e.remoteFlags(c)
	return c
}

// routeLine is one line of "watcher alerts route --json".
type routeLine struct {
	Schema string `json:"schema"`
	app.Delivery
}

const routeSchema = "watcher.route/1"

func (e *env) explainRoute(ctx context.Context, r storage.Reader, id string, f routeFlags) error {
	logger, err := e.quietLogger()
	if err != nil {
		return err
	}
	cfg, err := config.Load(e.flags.configFile)
	if err != nil {
		return err
	}
	event, err := app.FindEvent(ctx, cfg, r, id, policy.EventType(f.event), policy.Significance(f.significance))
	if errors.Is(err, policy.ErrNotFound) {
		return withHint(fmt.Errorf("there is no policy, alert or event %q", id), "'watcher list' and 'watcher alerts list' show the ids")
	} else if err != nil {
		return err
	}
	steps, err := app.ExplainRoute(ctx, cfg, e.options(logger), r, event)
	if err != nil {
		return err
	}
	if !f.explain {
		steps = slices.DeleteFunc(steps, func(d app.Delivery) bool { return !d.Told })
	}
	return e.printRoute(event, steps, f)
}

func (e *env) printRoute(event policy.Event, steps []app.Delivery, f routeFlags) error {
	if f.json {
		enc := json.NewEncoder(e.stdout)
		for _, d := range steps {
			if err := enc.Encode(routeLine{routeSchema, d}); err != nil {
				return err
			}
		}
		return nil
	}
	about := []string{string(event.Type)}
	for _, s := range []string{string(event.Policy.ID), string(event.Significance)} {
		if s != "" {
			about = append(about, s)
		}
	}
	if _, err := fmt.Fprintln(e.stdout, strings.Join(about, " · ")); err != nil {
		return err
	}
	rows := [][]string{{"ROUTE", "RECEIVER", "TOLD", "WHEN", "WHY"}}
	for _, d := range steps {
		told, route := "no", "-"
		if d.Told {
			told = "yes"
		}
		if d.Route > 0 {
			route = strconv.Itoa(d.Route)
		}
		rows = append(rows, []string{route, d.Receiver, told, sanitize(d.When), sanitize(d.Why)})
	}
	return table(e.stdout, rows)
}
