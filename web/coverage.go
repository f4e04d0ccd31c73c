package web

import (
	"net/http"
	"net/url"
	"time"

	"watcher/history"
	"watcher/policy"
	"watcher/storage"
)

type (
	runList struct {
		Runs []policy.Run `json:"runs"`
	}
	uptimeList struct {
		Uptime []policy.Stretch `json:"uptime"`
	}
	coverageList struct {
		Policy    policy.ID          `json:"policy"`
		Intervals []history.Interval `json:"intervals"`
	}
)

// spanParams reads ?since= and ?until=.
func spanParams(q url.Values) (since, until time.Time, err error) {
	if since, err = sinceParam(q); err != nil {
		return since, until, err
	}
	until, err = untilParam(q)
	return since, until, err
}

// getRuns serves the coverage ledger as it is stored, newest run first.
func (s *server) getRuns(r *http.Request) (any, error) {
	id, err := pathID(r)
	if err != nil {
		return nil, err
	}
	asked, err := parseWindow(r.URL.Query())
	if err != nil {
		return nil, err
	}
	since, until, err := spanParams(r.URL.Query())
	if err != nil {
		return nil, err
	}
	runs, err := s.opt.Store.Runs(r.Context(), id, storage.RunQuery{Since: since, Until: until, Limit: asked.reach()})
	list := cut(runs, asked)
	return part{runList{list}, asked, len(list)}, err
}

// getUptime serves when a watcher was at work, newest first.
func (s *server) getUptime(r *http.Request) (any, error) {
	asked, err := parseWindow(r.URL.Query())
	if err != nil {
		return nil, err
	}
	since, err := sinceParam(r.URL.Query())
	if err != nil {
		return nil, err
	}
	up, err := s.opt.Store.Uptime(r.Context(), storage.UptimeQuery{Since: since, Limit: asked.reach()})
	list := cut(up, asked)
	return part{uptimeList{list}, asked, len(list)}, err
}

// getCoverage serves a policy's past as intervals, oldest first, or with ?at=
// which text was in force at that time.
func (s *server) getCoverage(r *http.Request) (any, error) {
	id, err := pathID(r)
	if err != nil {
		return nil, err
	}
	q := r.URL.Query()
	at, err := timeParam(q, "at", 24*time.Hour-time.Nanosecond)
	if err != nil {
		return nil, err
	}
	o := history.CoverageOptions{Now: s.opt.Clock().UTC(), Every: s.intervalOf(id)}
	if o.Since, o.Until, err = spanParams(q); err != nil {
		return nil, err
	}
	if at.After(o.Now) && len(q.Get("at")) == len(time.DateOnly) && at.Sub(o.Now) < 24*time.Hour {
		at = o.Now // the day is not over
	}
	if at.After(o.Now) {
		return nil, badRequest("at: want a time that has passed")
	}
	if !at.IsZero() {
		return history.At(r.Context(), s.opt.Store, id, at, o)
	}
	list, err := history.Coverage(r.Context(), s.opt.Store, id, o)
	return coverageList{id, orEmpty(list)}, err
}

// intervalOf is the configured interval of a policy, 0 when it is not configured.
func (s *server) intervalOf(id policy.ID) time.Duration {
	for _, p := range s.opt.Policies() {
		if p.ID == id {
			return p.Interval
		}
	}
	return 0
}
