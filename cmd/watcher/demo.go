package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"watcher/app"
	"watcher/config"
	"watcher/demo"
)

type demoFlags struct {
	length time.Duration
	pace   float64
}

func newDemoCommand(e *env) *cobra.Command {
	var f demoFlags
	c := &cobra.Command{
		Use: "demo", Short: "See it work with sample vendors: no network, no set-up", Args: noArgs,
		Long: `Serves five sample vendor sites inside this process and watches them. Over about a
minute one of them gives its placeholder date a real day, one only reshuffles its menu,
one goes down and comes back, one moves a section and keeps data for longer.
Everything is kept in a temporary folder and is gone after Ctrl-C.`,
		RunE: func(c *cobra.Command, _ []string) error { return e.demo(c.Context(), f) },
	}
	c.Flags().DurationVar(&f.length, "for", 0, "end by itself after this `TIME`; 0 goes on until Ctrl-C")
	c.Flags().Float64Var(&f.pace, "pace", 1, "run the story this many times as fast, at most 10")
	return c
}

func (e *env) demo(ctx context.Context, f demoFlags) error {
	if f.pace < 0.1 || f.pace > 10 {
		return usagef("--pace %v: want a number from 0.1 to 10", f.pace)
	}
	dir, err := os.MkdirTemp("", "watcher-demo-")
	if err != nil {
		return err
	}
	err = e.demoIn(ctx, dir, f)
	return errors.Join(err, os.RemoveAll(dir))
}

func (e *env) demoIn(ctx context.Context, dir string, f demoFlags) (err error) {
	sites, err := demo.Start(ctx, time.Now, f.pace)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sites.Close()) }()
	// Alerts and the story share the terminal: one writer keeps them whole.
	e.stdout = &lockedWriter{w: e.stdout}
	a, err := e.startDemo(ctx, dir, sites, f)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Stop(context.WithoutCancel(ctx))) }()
	e.introduce(a, sites)
	return e.tell(ctx, a, sites, f)
}

// startDemo starts the app on the sample vendors. When the usual port is
// taken, most likely by a daemon, a free one does.
func (e *env) startDemo(ctx context.Context, dir string, sites *demo.Sites, f demoFlags) (*app.App, error) {
	logger, err := e.quietLogger()
	if err != nil {
		return nil, err
	}
	cfg, err := demoConfig(sites, f.pace)
	if err != nil {
		return nil, err
	}
	var errs []error
	for i, address := range []string{e.flags.web.ListenAddress, "127.0.0.1:0"} {
		o := e.options(logger)
		o.Load = func() (*config.Config, error) { return cfg, nil }
		o.StoragePath = filepath.Join(dir, fmt.Sprintf("demo-%d.db", i))
		o.Web.ListenAddress = address
		a, err := app.New(o)
		if err != nil {
			return nil, err
		}
		if err = a.Start(ctx); err == nil {
			return a, nil
		}
		errs = append(errs, err, a.Stop(ctx))
	}
	return nil, errors.Join(errs...)
}

// demoConfig is an ordinary configuration with short times.
func demoConfig(sites *demo.Sites, pace float64) (*config.Config, error) {
	type m = map[string]any
	var vendors []m
	for _, v := range sites.Vendors {
		vendors = append(vendors, m{"name": v.Name, "policies": []m{{"kind": "privacy", "url": v.URL}}})
	}
	src, err := json.Marshal(m{
		"version":  1,
		"defaults": m{"interval": "2s"},
		"crawler":  m{"per_host_delay": "0s", "allow_private": []string{"127.0.0.0/8"}, "contact": "demo@example.org"},
		"triage":   m{"confirm_after": "2s", "hold": "1m"},
		"health":   m{"unreachable": m{"failures": 2, "after": "1h"}, "quarantined": m{"captures": 3, "after": "1h"}},
		"vendors":  vendors,
	})
	if err != nil {
		return nil, err
	}
	cfg, err := config.Parse("demo", src, ".") // JSON is YAML
	if err != nil {
		return nil, err
	}
	for i := range cfg.Policies {
		cfg.Policies[i].Interval = time.Duration(float64(cfg.Policies[i].Interval) / pace)
	}
	cfg.Triage.ConfirmAfter = time.Duration(float64(cfg.Triage.ConfirmAfter) / pace)
	return cfg, nil
}

func (e *env) introduce(a *app.App, sites *demo.Sites) {
	fmt.Fprintf(e.stdout, "Watching five sample vendors. Look at http://%s\n\n", a.Addr())
	for _, v := range sites.Vendors {
		fmt.Fprintf(e.stdout, "  %-14s %s\n", v.Name, v.Note)
	}
	fmt.Fprintf(e.stdout, "\nFirst versions are stored in silence. Alerts appear below; Ctrl-C ends the demo.\n\n")
}

// tell says what the sample vendors do when they do it, so that a reader can
// match it with the alerts.
func (e *env) tell(ctx context.Context, a *app.App, sites *demo.Sites, f demoFlags) error {
	var end <-chan time.Time
	if f.length > 0 {
		t := time.NewTimer(f.length)
		defer t.Stop()
		end = t.C
	}
	last := "that was all; the pages stay until Ctrl-C"
	if f.length > 0 {
		last = "that was all"
	}
	steps := append(demo.Timeline(), demo.Step{After: demo.Length, What: last})
	next := time.NewTimer(until(steps[0], sites, f.pace))
	defer next.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-end:
			return nil
		case err := <-a.Fatal():
			return err
		case <-next.C:
			fmt.Fprintf(e.stdout, "· %s\n", steps[0].What)
			if steps = steps[1:]; len(steps) > 0 {
				next.Reset(until(steps[0], sites, f.pace))
			}
		}
	}
}

func until(s demo.Step, sites *demo.Sites, pace float64) time.Duration {
	return time.Duration(float64(s.After-sites.Elapsed()) / pace)
}

// lockedWriter keeps writes of several goroutines apart.
type lockedWriter struct {
	mu sync.Mutex
	w  interface{ Write([]byte) (int, error) }
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}
