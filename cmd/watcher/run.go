package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/spf13/cobra"

	"watcher/app"
)

func newRunCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use: "run", Short: "Run the daemon: due checks, alert delivery, pages, API, metrics", Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			logger, err := e.logger()
			if err != nil {
				return err
			}
			o := e.options(logger)
			return e.daemon(c.Context(), o)
		},
	}
}

// daemon runs the app until a signal or a fatal error. An interrupt is the
// ordinary way to end it and no failure.
func (e *env) daemon(ctx context.Context, o app.Options) error {
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGHUP)
	defer signal.Stop(signals)
	a, err := app.New(o)
	if err != nil {
		return storeHint(err, o.StoragePath)
	}
	if err := a.Start(ctx); err != nil {
		return errors.Join(err, a.Stop(context.WithoutCancel(ctx)))
	}
	o.Logger.Info("watching", "policies", len(a.Policies()), "pages", "http://"+a.Addr(), "store", o.StoragePath)
	notify(o.Logger, daemon.SdNotifyReady)
	err = serveSignals(ctx, a, o.Logger, signals)
	notify(o.Logger, daemon.SdNotifyStopping)
	o.Logger.Info("stopping")
	// A second interrupt ends the process at once: the store survives that.
	signal.Reset(os.Interrupt, syscall.SIGTERM)
	if stopErr := a.Stop(context.WithoutCancel(ctx)); stopErr != nil {
		err = errors.Join(err, stopErr)
	}
	o.Logger.Info("stopped")
	return err
}

// serveSignals reloads on SIGHUP and returns when the program is to end.
func serveSignals(ctx context.Context, a *app.App, logger *slog.Logger, signals <-chan os.Signal) error {
	watchdog, stop := watchdogTicker(logger)
	defer stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-a.Fatal():
			return fmt.Errorf("fatal: %w", err)
		case <-watchdog:
			// A daemon that does no checks is to be restarted.
			if a.Readiness().Ready {
				notify(logger, daemon.SdNotifyWatchdog)
			}
		case <-signals:
			notify(logger, daemon.SdNotifyReloading)
			_ = a.Reload(ctx) // it logs and counts its own failure
			notify(logger, daemon.SdNotifyReady)
		}
	}
}

// watchdogTicker ticks at half of the interval that systemd asks for, or never.
func watchdogTicker(logger *slog.Logger) (<-chan time.Time, func()) {
	interval, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		logger.Warn("cannot read the watchdog's interval", "err", err)
	}
	if interval <= 0 {
		return nil, func() {}
	}
	t := time.NewTicker(interval / 2)
	return t.C, t.Stop
}

func notify(logger *slog.Logger, state string) {
	if _, err := daemon.SdNotify(false, state); err != nil {
		logger.Warn("cannot notify the service manager", "err", err)
	}
}
