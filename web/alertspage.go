package web

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"watcher/policy"
	"watcher/storage"
)

// alertsRead is how many rows of the outbox the page reads to find the newest: the
// outbox lists oldest first.
const alertsRead = 20_000

// alertsView is the outbox.
type alertsView struct {
	Shell   shell
	Filters []filter
	Rows    []alertRow
	Pager   pager
	Notice  string
	Acting  acting
	// Receivers are those that a test message can be sent to.
	Receivers []receiverRow
	Delivery  delivery
}

// receiverRow is a receiver with the form that tests it.
type receiverRow struct {
	Name, TestURL string
	// ResumeURL is set while alerts of the receiver are parked.
	ResumeURL string
}

// filter is a link that narrows a list.
type filter struct {
	Word, URL string
	Chosen    bool
}

// alertRow is an alert of the outbox.
type alertRow struct {
	ID, Receiver     string
	Status           status
	Event, Summary   string
	Policy, URL      string
	Grade            badge
	Created, Next    moment
	Last             moment
	Attempts         int
	Error, Redeliver string
	RedeliverURL     string
	Receipt          string
}

func (s *server) alertsPage(r *http.Request) (alertsView, error) {
	states, err := stateParams(r.URL.Query())
	if err != nil {
		return alertsView{}, err
	}
	page, err := intParam(r.URL.Query(), "page", 1, 1, maxPage)
	if err != nil {
		return alertsView{}, err
	}
	c := s.calendar()
	view := alertsView{
		Shell: s.shell("Alerts", "alerts", c), Filters: s.alertFilters(states), Acting: s.acting(r),
		Notice: notice(r.URL.Query().Get("done")),
	}
	if view.Delivery, err = s.delivery(r.Context(), c); err != nil {
		return view, err
	}
	if view.Receivers, err = s.receiverRows(r.Context()); err != nil {
		return view, err
	}
	alerts, err := s.opt.Store.Alerts(r.Context(), storage.AlertQuery{States: states, Limit: alertsRead})
	if err != nil {
		return view, fmt.Errorf("read alerts: %w", err)
	}
	slices.Reverse(alerts)
	alerts, view.Pager = pageOf(alerts, page, func(n int) string {
		q := url.Values{"page": {strconv.Itoa(n)}}
		for _, state := range states {
			q.Add("state", string(state))
		}
		return s.urls.alerts() + "?" + q.Encode()
	})
	for _, a := range alerts {
		view.Rows = append(view.Rows, s.alertRow(a, c))
	}
	return view, nil
}

func (s *server) receiverRows(ctx context.Context) ([]receiverRow, error) {
	stats, err := s.opt.Store.Stats(ctx)
	if err != nil {
		return nil, fmt.Errorf("read stats: %w", err)
	}
	parked := map[string]bool{}
	for _, o := range stats.Outbox {
		parked[o.Receiver] = o.Parked > 0
	}
	var rows []receiverRow
	for _, name := range s.opt.Receivers() {
		row := receiverRow{Name: name, TestURL: s.urls.testReceiver(name)}
		if parked[name] && s.opt.Delivery != nil {
			row.ResumeURL = s.urls.resume(name)
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func (s *server) alertFilters(chosen []policy.AlertState) []filter {
	filters := []filter{{Word: "All", URL: s.urls.alerts(), Chosen: len(chosen) == 0}}
	for _, state := range policy.AlertStates() {
		filters = append(filters, filter{
			Word: deliveryView(state).Word, URL: s.urls.alerts() + "?state=" + string(state),
			Chosen: slices.Contains(chosen, state),
		})
	}
	return filters
}

func (s *server) alertRow(a policy.Alert, c calendar) alertRow {
	row := alertRow{
		ID: a.ID, Receiver: a.Receiver, Status: deliveryView(a.State), Event: plain(string(a.Event.Type)),
		Summary: a.Event.Summary, Grade: gradeBadge(a.Event.Significance), Created: c.at(a.CreatedAt),
		Last: c.at(a.LastAttempt), Attempts: a.Attempts, Error: a.LastError, Receipt: a.Receipt,
	}
	if ref := a.Event.Policy; ref.ID != "" {
		row.Policy, row.URL = ref.Vendor+", "+kindName(ref.Kind, ""), s.urls.policy(ref.ID)
		if to := a.Event.To; to != nil && a.Event.From != nil && to.Version > 0 {
			row.URL = s.urls.change(ref.ID, to.Version)
		}
	}
	if a.State == policy.AlertPending {
		row.Next = c.at(a.NextAttempt)
	}
	if a.State == policy.AlertDead || a.State == policy.AlertParked || a.State == policy.AlertSilenced {
		row.Redeliver, row.RedeliverURL = "watcher alerts redeliver "+a.ID, s.urls.redeliver(a.ID)
	}
	return row
}
