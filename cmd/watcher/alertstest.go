package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"watcher/alerts"
	"watcher/app"
	"watcher/config"
	"watcher/policy"
	"watcher/storage"
)

type alertsTestFlags struct {
	change string
	print  bool
}

func newAlertsTestCommand(e *env) *cobra.Command {
	var f alertsTestFlags
	c := &cobra.Command{
		Use: "test [RECEIVER]", Short: "Send a sample alert to a receiver, or to all, or show it", Args: argsBetween(0, 1, "at most one receiver"),
		Example: "  watcher alerts test privacy-team --print\n  watcher alerts test privacy-team --change 3shape/privacy@2",
		RunE:    func(c *cobra.Command, args []string) error { return e.testReceivers(c.Context(), args, f) },
	}
	c.Flags().StringVar(&f.change, "change", "", "instead of the sample, the change that led to version `ID[@N]` (default: the newest change)")
	c.Flags().BoolVar(&f.print, "print", false, "print what would be sent, and send nothing")
	e.remoteFlags(c)
	return c
}

// testReceivers sends a sample message. It needs a store for --change only, so
// that it works beside a running daemon as well.
func (e *env) testReceivers(ctx context.Context, names []string, f alertsTestFlags) error {
	logger, err := e.quietLogger()
	if err != nil {
		return err
	}
	cfg, err := config.Load(e.flags.configFile)
	if err != nil {
		return err
	}
	o := e.options(logger)
	m, err := e.testMessage(ctx, cfg, f.change)
	if err != nil {
		return err
	}
	if len(names) == 0 {
		names = app.ReceiverNames(cfg)
	}
	var errs []error
	for _, name := range names {
		err := e.testReceiver(ctx, cfg, o, name, m, f.print)
		if errors.Is(err, policy.ErrNotFound) {
			return withHint(&usageError{err}, "the receivers are: %v", app.ReceiverNames(cfg))
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func (e *env) testReceiver(ctx context.Context, cfg *config.Config, o app.Options, name string, m alerts.Message, show bool) error {
	if !show {
		if err := app.TestReceiver(ctx, cfg, o, name, m); err != nil {
			return err
		}
		fmt.Fprintf(e.stderr, "sent a test alert to %s\n", name)
		return nil
	}
	previews, err := app.PreviewReceiver(ctx, cfg, o, name, m)
	if err != nil {
		return err
	}
	for _, p := range previews {
		fmt.Fprintf(e.stderr, "what %s would send (nothing is sent):\n", p.Outlet)
		if _, err := fmt.Fprint(e.stdout, strings.TrimRight(p.Text, "\n")+"\n"); err != nil {
			return err
		}
	}
	return nil
}

// testMessage is the sample, or a change out of the store.
func (e *env) testMessage(ctx context.Context, cfg *config.Config, change string) (m alerts.Message, err error) {
	now := e.options(nil).Clock
	if change == "" {
		return alerts.TestMessage(now().UTC()), nil
	}
	err = e.withReader(func(r storage.Reader) error {
		c, err := findChange(ctx, r, change)
		if err != nil {
			return err
		}
		ref := policy.PolicyRef{ID: c.Policy}
		if i := slices.IndexFunc(cfg.Policies, func(p policy.Policy) bool { return p.ID == c.Policy }); i >= 0 {
			ref = cfg.Policies[i].Ref()
		}
		m = alerts.TrialMessage(ref, c, "", now().UTC())
		return nil
	})
	return m, err
}

// findChange reads the change that led to the version "id@n", or the newest
// one of "id".
func findChange(ctx context.Context, r storage.Reader, arg string) (policy.Change, error) {
	v, err := findVersion(ctx, r, arg)
	if err != nil {
		return policy.Change{}, err
	}
	candidates := []policy.Version{v}
	if !strings.Contains(arg, "@") {
		if candidates, err = r.Versions(ctx, v.Policy); err != nil {
			return policy.Change{}, err
		}
	}
	for _, candidate := range slices.Backward(candidates) {
		c, err := r.Change(ctx, v.Policy, candidate.Number)
		if errors.Is(err, policy.ErrNotFound) {
			continue // a baseline
		}
		if err == nil && c.Policy == "" {
			c.Policy = v.Policy
		}
		return c, err
	}
	return policy.Change{}, withHint(fmt.Errorf("no change led to %s", arg), "'watcher history %s' shows the changes", v.Policy)
}
