package app

import (
	"context"
	"errors"
	"net"

	"watcher/browser"
	"watcher/config"
	"watcher/crawler"
	"watcher/policy"
	"watcher/wayback"
)

// sources fetches a policy from where its configuration says.
type sources struct {
	live    *crawler.Client
	archive *wayback.Client
	browser *browser.Browser
}

// newArchiveClient makes the archive's client. One that follows another on a
// reload keeps its pace, as long as it is the same archive.
func newArchiveClient(cfg *config.Config, live *crawler.Client, before *wayback.Client, o Options) *wayback.Client {
	get := func(ctx context.Context, address string) (policy.Capture, error) {
		return live.Once(ctx, policy.Request{URL: address})
	}
	if before != nil && before.BaseURL() == cfg.Wayback.BaseURL {
		return before.With(get)
	}
	return wayback.New(wayback.Options{
		BaseURL: cfg.Wayback.BaseURL, Get: get, Logger: o.Logger, Clock: o.Clock,
		CDXInterval: cfg.Wayback.ListDelay, PlaybackInterval: cfg.Wayback.CaptureDelay,
	})
}

// newBrowser makes the browser of a configuration, or keeps the one there is.
func (a *App) newBrowser(cfg *config.Config, c *crawler.Client, before *live) *browser.Browser {
	if before.browser != nil && before.config.Browser == cfg.Browser && before.crawler.UserAgent() == c.UserAgent() {
		return before.browser
	}
	b := cfg.Browser
	return browser.New(browser.Options{
		Path: b.Path, URL: b.URL, ProxyListen: b.ProxyListen, ProxyAddress: b.ProxyAddress, Timeout: b.Timeout, MaxBytes: b.MaxBytes,
		// Whatever crawler is in force guards the connections.
		Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
			return a.live.Load().crawler.Dial(ctx, network, addr)
		},
		Agent: c.UserAgent(), Clock: a.opts.Clock, Logger: a.opts.Logger,
	})
}

// replaced ends a browser that a reload replaced, when its page is done.
func (a *App) replaced(before, now *browser.Browser) {
	if before == now {
		return
	}
	done := make(chan struct{})
	go func() { defer close(done); before.Retire() }()
	a.onStop("close replaced browser", func(context.Context) error { before.Close(); <-done; return nil })
}

// Capture implements watch.Fetcher.
func (s sources) Capture(ctx context.Context, req policy.Request) (policy.Capture, error) {
	switch req.Source {
	case policy.SourceWayback:
		return s.archived(ctx, req)
	case policy.SourceBrowser:
		return s.rendered(ctx, req)
	case policy.SourceLive, policy.SourceWARC, policy.SourceOTA, policy.SourceFile:
	}
	return s.live.Capture(ctx, req)
}

// rendered reads a page with the browser, in the turn of its host. A file at the
// page's address needs none.
func (s sources) rendered(ctx context.Context, req policy.Request) (policy.Capture, error) {
	release, err := s.live.Turn(ctx, req)
	if err != nil {
		return policy.Capture{}, err
	}
	got, err := s.browser.Capture(ctx, req)
	release()
	if errors.Is(err, browser.ErrFile) {
		req.Source = policy.SourceLive
		return s.live.Capture(ctx, req)
	}
	return got, s.live.Count(req, got, err)
}

// archived reads a page's newest capture from the web archive.
func (s sources) archived(ctx context.Context, req policy.Request) (policy.Capture, error) {
	m, err := s.archive.Latest(ctx, req.URL)
	if err != nil {
		return policy.Capture{}, archiveError(req.URL, err)
	}
	got, err := s.archive.Play(ctx, m)
	if err != nil {
		return policy.Capture{}, archiveError(req.URL, err)
	}
	got.Policy, got.URL = req.Policy, req.URL
	return got, nil
}
