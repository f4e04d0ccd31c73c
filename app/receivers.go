package app

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"watcher/alerts"
	"watcher/config"
	"watcher/policy"
)

// logReceiver is the receiver that is used when none is configured, so that
// no change ever goes nowhere.
const logReceiver = "log"

// receivers are the configured receivers, ready to send.
type receivers struct {
	senders map[string]alerts.Sender
	// outlets maps a receiver's name to those of its senders. A receiver
	// with several integrations has one sender each, with a queue of its own:
	// one that is down must not make the other say things twice.
	outlets map[string][]string
	router  *alerts.Router
	// schedule is that of digests.
	schedule alerts.Schedule
}

// Route implements watch.Router. Where an alert goes, and when, is settled
// here: a later edit of the configuration does not change it.
func (r *receivers) Route(e policy.Event, at time.Time) []policy.Alert {
	var out []policy.Alert
	for _, d := range r.router.Route(e) {
		for _, outlet := range r.outletsFor(d.Receiver, e) {
			if slices.ContainsFunc(out, func(a policy.Alert) bool { return a.Receiver == outlet }) {
				continue
			}
			a := policy.NewAlert(e, outlet, at)
			if alerts.Digests(r.senders[outlet]) {
				a = d.Plan(a, r.schedule)
			}
			out = append(out, a)
		}
	}
	return out
}

// outletsFor returns the senders of a receiver that have use for an event.
func (r *receivers) outletsFor(name string, e policy.Event) []string {
	return slices.DeleteFunc(slices.Clone(r.outlets[name]), func(outlet string) bool {
		_, saves := r.senders[outlet].(*alerts.SavePage)
		return saves && !changes(e)
	})
}

// changes says whether an event is that of a new text.
func changes(e policy.Event) bool {
	return e.Type == policy.EventPolicyChanged || e.Type == policy.EventPolicyReverted || e.Type == policy.EventTest
}

// outlets returns the names that alerts are queued under.
func (a *App) outlets() []string {
	return slices.Sorted(maps.Keys(a.live.Load().receivers.senders))
}

// adopt sees to alerts that wait under a name from before the receiver gained
// or lost an integration: another sender of the same receiver takes them over.
// Editing the configuration must not drop an alert that is waiting.
func (a *App) adopt(r *receivers) error {
	stats, err := a.store.Stats(context.Background())
	if err != nil {
		return fmt.Errorf("read the outbox: %w", err)
	}
	for _, waiting := range stats.Outbox {
		if waiting.Pending+waiting.Parked+waiting.Held == 0 || r.senders[waiting.Receiver] != nil {
			continue
		}
		name, _, _ := strings.Cut(waiting.Receiver, "/")
		if outlets := r.outlets[name]; len(outlets) > 0 {
			r.senders[waiting.Receiver] = r.senders[outlets[0]]
		}
	}
	return nil
}

// newReceivers builds the senders and the router of a configuration.
func newReceivers(cfg *config.Config, o Options) (*receivers, error) {
	r := &receivers{
		senders: map[string]alerts.Sender{}, outlets: map[string][]string{},
		schedule: alerts.Schedule{At: cfg.DigestAt, Zone: cfg.TimeZone},
	}
	configured := cfg.Receivers
	if len(configured) == 0 {
		configured = []config.Receiver{{Name: logReceiver, Log: &config.Log{}}}
	}
	var names []string
	for _, c := range configured {
		if err := r.add(c, cfg.Wayback.BaseURL, o); err != nil {
			return nil, fmt.Errorf("receiver %q: %w", c.Name, err)
		}
		names = append(names, c.Name)
	}
	r.router = newRouter(cfg, names)
	return r, nil
}

func newRouter(cfg *config.Config, receivers []string) *alerts.Router {
	routes := make([]alerts.Route, len(cfg.Routes))
	for i, c := range cfg.Routes {
		routes[i] = alerts.Route{
			Receiver: c.Receiver, Continue: c.Continue, Match: alerts.Match(c.Match), GroupWait: c.GroupWait, Digest: c.Digest,
		}
	}
	return alerts.NewRouter(routes, receivers, config.DefaultGroupWait)
}

// outlet is one integration of a receiver.
type outlet struct {
	kind   string
	sender alerts.Sender
}

func (r *receivers) add(c config.Receiver, archive string, o Options) error {
	var outs []outlet
	if c.Slack != nil {
		s, err := slackOutlet(c.Slack)
		if err != nil {
			return err
		}
		outs = append(outs, s)
	}
	if c.Webhook != nil {
		w, err := webhookOutlet(c.Webhook, o)
		if err != nil {
			return err
		}
		outs = append(outs, w)
	}
	more, err := moreOutlets(c)
	if err != nil {
		return err
	}
	outs = append(outs, more...)
	if c.SavePage != nil {
		s, err := alerts.NewSavePage(alerts.SavePageOptions{
			BaseURL: archive, Key: c.SavePage.Key.Reveal(), Client: receiverClient(), Logger: o.Logger,
		})
		if err != nil {
			return err
		}
		outs = append(outs, outlet{"save_page_now", s})
	}
	if c.Log != nil {
		outs = append(outs, outlet{"log", alerts.NewLog(o.Output, o.Logger)})
	}
	for _, out := range outs {
		name := c.Name
		if len(outs) > 1 {
			name += "/" + out.kind
		}
		r.senders[name] = out.sender
		r.outlets[c.Name] = append(r.outlets[c.Name], name)
	}
	return nil
}

// receiverClient returns the client of one receiver. Receivers are the
// operator's own, so private addresses are fine; redirects are not followed,
// because a moved receiver is for a person to confirm.
func receiverClient() *http.Client {
	t := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		TLSHandshakeTimeout:   10 * time.Second,
		ResponseHeaderTimeout: 20 * time.Second,
		IdleConnTimeout:       time.Minute,
		MaxIdleConnsPerHost:   1,
	}
	return &http.Client{
		Transport:     t,
		Timeout:       20 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
