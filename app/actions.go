package app

import (
	"context"
	"errors"
	"fmt"

	"watcher/alerts"
	"watcher/config"
	"watcher/policy"
	"watcher/watch"
	"watcher/web"
)

// Check implements web.Actions. NoAlerts asks to leave alerts for the daemon,
// which is this one: they are committed as always.
func (a *App) Check(ctx context.Context, req web.CheckRequest, emit func(policy.Check) error) error {
	return a.Pass(ctx, watch.PassOptions{IDs: req.Policies, DryRun: req.DryRun}, emit)
}

// Rule implements web.Actions: it carries out what a person says of a held
// capture.
func (a *App) Rule(ctx context.Context, id policy.ID, r policy.Ruling) ([]policy.Check, error) {
	return a.loop.Rule(ctx, id, r)
}

// Renormalize reads stored captures by the rules of now.
func (a *App) Renormalize(ctx context.Context, req policy.RenormalizeRequest, emit func(policy.Renormalized) error) error {
	return a.loop.Renormalize(ctx, req, emit)
}

// TestReceiver implements web.Actions: it sends the sample message through
// every integration of a receiver, at once and past the outbox.
func (a *App) TestReceiver(ctx context.Context, name string) error {
	return a.live.Load().receivers.test(ctx, name, alerts.TestMessage(a.opts.Clock().UTC()))
}

// TestReceiver sends a message through a receiver of cfg. It needs neither
// store nor daemon.
func TestReceiver(ctx context.Context, cfg *config.Config, o Options, name string, m alerts.Message) error {
	r, err := newReceivers(cfg, o.withDefaults())
	if err != nil {
		return err
	}
	return r.test(ctx, name, m)
}

// CheckReceivers reports what only building the receivers shows, such as a
// template that does not fit the messages.
func CheckReceivers(cfg *config.Config, o Options) error {
	_, err := newReceivers(cfg, o.withDefaults())
	return err
}

// Preview is what one integration of a receiver would send.
type Preview struct {
	// Outlet is the receiver's name, with the integration's where it has
	// several.
	Outlet, Text string
}

// PreviewReceiver shows what each integration of a receiver of cfg would send.
// Nothing is sent.
func PreviewReceiver(ctx context.Context, cfg *config.Config, o Options, name string, m alerts.Message) ([]Preview, error) {
	r, err := newReceivers(cfg, o.withDefaults())
	if err != nil {
		return nil, err
	}
	outlets, ok := r.outlets[name]
	if !ok {
		return nil, fmt.Errorf("receiver %q is not in the configuration: %w", name, policy.ErrNotFound)
	}
	var previews []Preview
	for _, outlet := range outlets {
		p, ok := r.senders[outlet].(alerts.Previewer)
		if !ok {
			return nil, fmt.Errorf("receiver %q cannot show what it sends", outlet)
		}
		text, err := p.Preview(ctx, m)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", outlet, err)
		}
		previews = append(previews, Preview{outlet, text})
	}
	return previews, nil
}

// ReceiverNames returns the names of the receivers that a configuration has,
// the log receiver where it has none.
func ReceiverNames(cfg *config.Config) []string {
	if len(cfg.Receivers) == 0 {
		return []string{logReceiver}
	}
	names := make([]string, len(cfg.Receivers))
	for i, r := range cfg.Receivers {
		names[i] = r.Name
	}
	return names
}

func (r *receivers) test(ctx context.Context, name string, m alerts.Message) error {
	outlets, ok := r.outlets[name]
	if !ok {
		return fmt.Errorf("receiver %q is not in the configuration: %w", name, policy.ErrNotFound)
	}
	var errs []error
	for _, outlet := range outlets {
		if err := r.senders[outlet].Send(ctx, m); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", outlet, err))
		}
	}
	return errors.Join(errs...)
}

// Reload reads the configuration again. All that can fail is done before
// anything that runs is touched: on error the configuration in force stays.
func (a *App) Reload(ctx context.Context) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	err := a.reloadLocked(ctx)
	a.reload.Set(err == nil, a.opts.Clock())
	a.reloadErr.Store(&err)
	if err != nil {
		a.opts.Logger.Error("reload failed, the configuration in force stays", "err", err)
		return err
	}
	a.opts.Logger.Info("configuration reloaded", "policies", len(a.Policies()))
	return nil
}

func (a *App) reloadLocked(ctx context.Context) error {
	cfg, err := a.opts.Load()
	if err != nil {
		return err
	}
	next, err := a.prepare(cfg, a.live.Load())
	if err != nil {
		return err
	}
	before := a.Policies()
	if err := a.store.Sync(ctx, cfg.Policies, a.opts.Clock().UTC()); err != nil {
		return fmt.Errorf("sync policies with the store: %w", err)
	}
	a.replaced(a.live.Swap(next).browser, next.browser)
	a.dispatcher.SetSenders(next.receivers.senders)
	a.checker.SyncMetrics(before, cfg.Policies)
	a.loop.Wake()
	return nil
}
