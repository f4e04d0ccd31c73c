package web

import (
	"fmt"
	"net/http"
	"strconv"
)

// statusView is the page about the program itself.
type statusView struct {
	Shell   shell
	Acting  acting
	LockURL string
	Status  status
	Detail  []string
	Size    string
	Free    string
	Counts  []statRow
	Outbox  []outboxRow
	Version string
	Config  string
	// ConfigURL is where a configuration is that has no room on the page.
	ConfigURL string
	OpenAPI   string
	// MetricsURL is "" where none are served.
	MetricsURL string
	FeedURL    string
	Material   string
}

// configOnPage is how much of a configuration a page has room for, in bytes.
const configOnPage = 48 << 10

// statRow is a number with its name.
type statRow struct{ Name, Value string }

// outboxRow is what waits for a receiver.
type outboxRow struct {
	Receiver              string
	Pending, Parked, Dead int
	Oldest                moment
}

func (s *server) statusPage(r *http.Request) (statusView, error) {
	stats, err := s.opt.Store.Stats(r.Context())
	if err != nil {
		return statusView{}, fmt.Errorf("read stats: %w", err)
	}
	c, ready := s.calendar(), s.opt.Ready()
	view := statusView{
		Shell: s.shell("Status", "status", c), Acting: s.acting(r), LockURL: s.urls.lock(), Detail: ready.Detail, Version: s.opt.Version,
		Status: status{Icon: iconGood, Tone: "good", Word: "Working"}, Size: byteCount(stats.SizeBytes), Free: byteCount(stats.FreeBytes),
		OpenAPI: s.urls.base + "/api/v1/openapi.json", FeedURL: s.urls.feed(), Material: s.urls.feed() + "?significance=material",
		Counts: []statRow{
			{"Policies", strconv.Itoa(stats.Policies)},
			{"Versions", strconv.Itoa(stats.Versions)},
			{"Captures", strconv.Itoa(stats.Captures)},
			{"Format of the store", strconv.Itoa(stats.Format)},
		},
	}
	switch {
	case !ready.Ready:
		view.Status = status{Icon: iconBad, Tone: "bad", Word: "Not working"}
	case !ready.ConfigOK:
		view.Status = status{Icon: iconWarn, Tone: "warn", Word: "Working, with an older configuration"}
	}
	if s.opt.Metrics != nil {
		view.MetricsURL = s.urls.base + "/metrics"
	}
	for _, o := range stats.Outbox {
		view.Outbox = append(view.Outbox, outboxRow{o.Receiver, o.Pending, o.Parked, o.Dead, c.at(o.OldestPending)})
	}
	if s.opt.Config != nil {
		if view.Config = string(s.opt.Config()); len(view.Config) > configOnPage {
			view.Config = ""
			view.ConfigURL = s.urls.base + "/api/v1/config"
		}
	}
	return view, nil
}
