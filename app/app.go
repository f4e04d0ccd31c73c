package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"watcher/alerts"
	"watcher/browser"
	"watcher/config"
	"watcher/crawler"
	"watcher/metrics"
	"watcher/policy"
	"watcher/storage"
	"watcher/storage/bolt"
	"watcher/summarizer"
	"watcher/triage"
	"watcher/upkeep"
	"watcher/watch"
	"watcher/wayback"
	"watcher/web"
)

// App is the whole program as a value.
type App struct {
	opts  Options
	store *bolt.DB
	token string

	checker    *watch.Checker
	loop       *watch.Loop
	dispatcher *alerts.Dispatcher
	keeper     *upkeep.Keeper
	reload     *metrics.Reload
	events     *web.Events
	heartbeat  *heartbeat

	// live is what a reload swaps; reloads and the start are serialised by mu.
	live atomic.Pointer[live]
	mu   sync.Mutex
	// reloadErr is the error of the last reload, nil when it succeeded.
	reloadErr atomic.Pointer[error]

	listener net.Listener
	cleanups []cleanup
	started  atomic.Bool
	stopping atomic.Bool
	fatal    chan error
}

// live is a configuration with what was built from it.
type live struct {
	config    *config.Config
	receivers *receivers
	crawler   *crawler.Client
	archive   *wayback.Client
	browser   *browser.Browser
	plan      watch.Plan
}

// cleanup is a named step of Stop; steps run last in, first out.
type cleanup struct {
	name string
	run  func(context.Context) error
}

// New reads the configuration, opens the store and builds everything. Nothing
// runs yet, but the store is held until Stop.
func New(o Options) (*App, error) {
	o = o.withDefaults()
	cfg, err := o.Load()
	if err != nil {
		return nil, err
	}
	store, err := bolt.Open(o.StoragePath, bolt.Options{
		LockTimeout: o.LockTimeout, ReadOnly: o.ReadOnly, Logger: o.Logger, Registerer: o.Registry,
	})
	if err != nil {
		return nil, err
	}
	a := &App{opts: o, store: store, token: newToken(), fatal: make(chan error, 1), events: web.NewEvents(o.Clock())}
	a.onStop("close store", func(context.Context) error { return store.Close() })
	if !o.ReadOnly {
		// The lock proves that whoever left a run file is gone.
		if err := removeRunFile(o.StoragePath); err != nil {
			o.Logger.Warn("cannot remove a run file that was left behind", "err", err)
		}
	}
	if err := a.build(cfg); err != nil {
		return nil, errors.Join(err, store.Close())
	}
	return a, nil
}

func (a *App) onStop(name string, run func(context.Context) error) {
	a.cleanups = append(a.cleanups, cleanup{name, run})
}

// build makes the parts. The order is that of their dependence.
func (a *App) build(cfg *config.Config) error {
	o := a.opts
	l, err := a.prepare(cfg, nil)
	if err != nil {
		return err
	}
	// A crawler that a reload replaced ends by itself with its last capture.
	a.onStop("close crawler", func(context.Context) error { a.live.Load().crawler.Close(); return nil })
	a.onStop("close browser", func(context.Context) error { a.live.Load().browser.Close(); return nil })
	a.live.Store(l)
	a.dispatcher = alerts.NewDispatcher(alerts.Options{
		Store: a.store, Senders: l.receivers.senders, Clock: o.Clock, Logger: o.Logger, Registerer: o.Registry,
		ExternalURL: o.Web.ExternalURL, Owner: owner(), Delivered: o.Delivered,
		Route: a.routeNow, Breaker: alerts.BreakerOptions{Active: a.active, Resample: a.resample},
	})
	if a.checker, err = watch.NewChecker(watch.Options{
		Store: a.store, Clock: o.Clock, Logger: o.Logger, Metrics: o.Registry, Random: o.Random,
		Committed: a.dispatcher.Wake, Checked: a.events.Publish,
	}); err != nil {
		return err
	}
	if a.keeper, err = a.newKeeper(); err != nil {
		return err
	}
	a.loop = watch.NewLoop(a.checker, a.plan, owner(), grace)
	a.checker.SyncMetrics(nil, cfg.Policies)
	return a.register()
}

// register adds the collectors that read the store or the process.
func (a *App) register() error {
	o := a.opts
	var err error
	if a.reload, err = metrics.NewReload(o.Registry); err != nil {
		return err
	}
	a.reload.Set(true, o.Clock())
	if a.heartbeat, err = newHeartbeat(a); err != nil {
		return err
	}
	for _, c := range []prometheus.Collector{
		metrics.NewBuildInfo(o.Version, o.Revision, o.GoVersion),
		metrics.NewCollector(metrics.Options{Store: a.store, Policies: a.Policies, Receivers: a.outlets, Clock: o.Clock, Logger: o.Logger}),
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	} {
		if err := o.Registry.Register(c); err != nil {
			return fmt.Errorf("register metrics: %w", err)
		}
	}
	return nil
}

func (a *App) crawlerOptions(cfg *config.Config) crawler.Options {
	c, o := cfg.Crawler, a.opts
	return crawler.Options{
		UserAgent: c.UserAgent, Contact: c.Contact, Version: o.Version, Timeout: c.Timeout,
		MaxBody: c.MaxBody, MaxDecoded: c.MaxDecoded, PerHostDelay: c.PerHostDelay, Concurrency: c.Concurrency,
		AllowPrivate: c.AllowPrivate, IgnoreRobots: c.IgnoreRobots, Resolver: o.Resolver, Dial: o.Dial,
		Clock: o.Clock, Logger: o.Logger, Registerer: o.Registry,
	}
}

// newCrawler makes the crawler of a configuration. One that follows another
// keeps its metrics and its politeness to hosts.
func (a *App) newCrawler(cfg *config.Config, before *crawler.Client) (c *crawler.Client, err error) {
	if before == nil {
		c, err = crawler.New(a.crawlerOptions(cfg))
	} else {
		c, err = before.With(a.crawlerOptions(cfg))
	}
	if err != nil {
		return nil, fmt.Errorf("crawler: %w", err)
	}
	return c, nil
}

// prepare does all of a reload that can fail, and touches nothing that runs.
func (a *App) prepare(cfg *config.Config, before *live) (*live, error) {
	r, err := newReceivers(cfg, a.opts)
	if err != nil {
		return nil, err
	}
	if err := a.adopt(r); err != nil {
		return nil, err
	}
	if before == nil {
		before = &live{}
	}
	c, err := a.newCrawler(cfg, before.crawler)
	if err != nil {
		return nil, err
	}
	archive := newArchiveClient(cfg, c, before.archive, a.opts)
	chromium := a.newBrowser(cfg, c, before)
	policies := make(map[policy.ID]policy.Policy, len(cfg.Policies))
	for _, p := range cfg.Policies {
		policies[p.ID] = p
	}
	return &live{config: cfg, receivers: r, crawler: c, archive: archive, browser: chromium, plan: watch.Plan{
		Policies: policies, Concurrency: cfg.Crawler.Concurrency,
		Settings: watch.Settings{
			Fetcher: sources{live: c, archive: archive, browser: chromium}, Router: r, Escalate: cfg.Browser.Escalate, PDFText: a.opts.PDFText, Summarizer: newSummarizer(cfg.Summarizer),
			Triage: triage.Settings{ConfirmAfter: cfg.Triage.ConfirmAfter, Hold: cfg.Triage.Hold},
			Health: watch.Health{
				UnreachableFailures: cfg.Health.UnreachableFailures, UnreachableAfter: cfg.Health.UnreachableAfter,
				QuarantinedCaptures: cfg.Health.QuarantinedCaptures, QuarantinedAfter: cfg.Health.QuarantinedAfter,
			},
		},
	}}, nil
}

// newSummarizer returns the language model's client, nil when none is configured.
func newSummarizer(s *config.Summarizer) watch.Summarizer {
	if s == nil {
		return nil
	}
	return summarizer.New(summarizer.Options{URL: s.URL, Model: s.Model, Key: string(s.APIKey), Timeout: s.Timeout})
}

// owner names this process in leases.
func owner() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return fmt.Sprintf("%s:%d", host, os.Getpid())
}

// Store returns the store, for reading.
func (a *App) Store() storage.Reader { return a.store }

// Config returns the configuration in force.
func (a *App) Config() *config.Config { return a.live.Load().config }

// Policies returns the configured policies.
func (a *App) Policies() []policy.Policy { return a.live.Load().config.Policies }

// Sync makes the store's policies those of the configuration.
func (a *App) Sync(ctx context.Context) error {
	if err := a.store.Sync(ctx, a.Policies(), a.opts.Clock().UTC()); err != nil {
		return fmt.Errorf("sync policies with the store: %w", err)
	}
	a.events.Touch()
	return nil
}

// Start serves the pages and runs due checks and deliveries until Stop. The
// context bounds the start only.
func (a *App) Start(ctx context.Context) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.Sync(ctx); err != nil {
		return err
	}
	if err := a.listen(ctx); err != nil {
		return err
	}
	a.run("deliver alerts", a.dispatcher.Run)   //nolint:contextcheck // the start's context ends with the start
	_ = a.keeper.Look()                         // before the first check; what it finds is asked for with Low
	a.run("run checks", a.loop.Run)             //nolint:contextcheck // as above
	a.run("heartbeat", a.heartbeat.run)         //nolint:contextcheck // as above
	a.run("look after the store", a.keeper.Run) //nolint:contextcheck // as above
	a.started.Store(true)
	return nil
}

// run starts a part that ends when its context does; Stop ends and awaits it.
func (a *App) run(name string, f func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := f(ctx); err != nil && ctx.Err() == nil {
			a.fail(fmt.Errorf("%s: %w", name, err))
		}
	}()
	a.onStop(name, func(context.Context) error { cancel(); <-done; return nil })
}

// fail reports an error that the program cannot live with.
func (a *App) fail(err error) {
	select {
	case a.fatal <- err:
	default:
	}
}

// Fatal delivers an error that the program cannot live with, at most once.
func (a *App) Fatal() <-chan error { return a.fatal }

// Stop ends everything that Start began and closes the store. Checks in
// flight may finish within 25 s. Stop may be called more than once.
func (a *App) Stop(ctx context.Context) error {
	a.stopping.Store(true)
	a.mu.Lock()
	defer a.mu.Unlock()
	var errs []error
	for len(a.cleanups) > 0 {
		last := a.cleanups[len(a.cleanups)-1]
		a.cleanups = a.cleanups[:len(a.cleanups)-1]
		if err := last.run(ctx); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", last.name, err))
		}
	}
	return errors.Join(errs...)
}

// Drain delivers every pending alert, and gives up when ctx ends.
func (a *App) Drain(ctx context.Context) (alerts.DrainResult, error) { return a.dispatcher.Drain(ctx) }

// Pass checks policies now.
//
// While the store's disk is nearly full the error is upkeep.ErrLow.
func (a *App) Pass(ctx context.Context, o watch.PassOptions, emit func(policy.Check) error) error {
	if err := a.keeper.Look(); err != nil && !o.DryRun {
		return err
	}
	return a.loop.Pass(ctx, o, emit)
}

// shutdownTimeout bounds how long open requests may go on after Stop.
const shutdownTimeout = 5 * time.Second
