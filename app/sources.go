package app

import (
	"context"

	"watcher/config"
	"watcher/crawler"
	"watcher/policy"
	"watcher/wayback"
)

// sources fetches a policy from where its configuration says.
type sources struct {
	live    *crawler.Client
	archive *wayback.Client
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

// Capture implements watch.Fetcher.
func (s sources) Capture(ctx context.Context, req policy.Request) (policy.Capture, error) {
	if req.Source != policy.SourceWayback {
		return s.live.Capture(ctx, req)
	}
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
