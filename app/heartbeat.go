package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"watcher/config"
)

// heartbeat tells a service outside that the program works. A watcher that is
// dead tells nobody; the service misses the beat.
type heartbeat struct {
	app    *App
	client *http.Client
	beats  prometheus.Counter
	failed prometheus.Counter
}

// idleBeat is how often an unconfigured heartbeat looks whether it is now.
const idleBeat = time.Minute

func newHeartbeat(a *App) (*heartbeat, error) {
	h := &heartbeat{
		app: a, client: receiverClient(),
		beats: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "watcher_heartbeats_total", Help: "Heartbeats sent to the configured address, successful or not.",
		}),
		failed: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "watcher_heartbeats_failed_total", Help: "Heartbeats that did not get through.",
		}),
	}
	for _, c := range []prometheus.Collector{h.beats, h.failed} {
		if err := a.opts.Registry.Register(c); err != nil {
			return nil, fmt.Errorf("register metrics: %w", err)
		}
	}
	return h, nil
}

// run beats until ctx ends, for as long as checks run: a loop that cannot claim
// its policies, or a store that takes no writes, is as good as dead.
func (h *heartbeat) run(ctx context.Context) error {
	for {
		wait := idleBeat
		if cfg := h.app.Config().Heartbeat; cfg != nil {
			wait = cfg.Every
			if err := h.app.loop.Healthy(); err != nil {
				h.app.opts.Logger.Warn("no heartbeat: checks do not run", "err", err)
			} else {
				h.beat(ctx, cfg)
			}
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil
		}
	}
}

// beat makes one request. A failure is logged and counted: that the alarm is
// out of order must not stop the work.
func (h *heartbeat) beat(ctx context.Context, cfg *config.Heartbeat) {
	h.beats.Inc()
	if err := h.ask(ctx, cfg); err != nil && ctx.Err() == nil {
		h.failed.Inc()
		h.app.opts.Logger.Warn("heartbeat failed (check the address under `heartbeat:`)", "err", err)
	}
}

// ask returns errors without the address, which is a secret.
func (h *heartbeat) ask(ctx context.Context, cfg *config.Heartbeat) error {
	req, err := http.NewRequestWithContext(ctx, cfg.Method, cfg.URL.Reveal(), nil)
	if err != nil {
		return errors.New("the address is not valid")
	}
	resp, err := h.client.Do(req)
	if ue, ok := errors.AsType[*url.Error](err); ok {
		return ue.Err
	}
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10))
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		return err
	}
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("HTTP %d", resp.StatusCode)
	}
	return nil
}

// Beat sends one heartbeat, where one is configured: for a single pass.
func (a *App) Beat(ctx context.Context) {
	if cfg := a.Config().Heartbeat; cfg != nil {
		a.heartbeat.beat(ctx, cfg)
	}
}
