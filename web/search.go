package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"watcher/history"
	"watcher/policy"
)

// maxSearches is how many searches run at once: each unpacks every text.
const maxSearches = 2

// getSearch streams results, one JSON object per line as they are found, and as
// the last line how far the search came.
func (s *server) getSearch(w http.ResponseWriter, r *http.Request) {
	q, err := searchParams(r.URL.Query())
	if err == nil {
		err = q.Check()
	}
	if errors.Is(err, history.ErrQuery) {
		err = badRequest(err.Error())
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	select {
	case s.searches <- struct{}{}:
		defer func() { <-s.searches }()
	default:
		w.Header().Set("Retry-After", "5")
		s.fail(w, r, &statusError{http.StatusTooManyRequests, fmt.Sprintf("%d searches are running already (try again in a few seconds)", maxSearches)})
		return
	}
	control := http.NewResponseController(w)
	out := &lines{w: w, flush: func() error {
		// Not every writer has a deadline. A reader who takes nothing for that
		// long is gone, and holds no place any more.
		_ = control.SetWriteDeadline(time.Now().Add(history.MaxSearch))
		return control.Flush()
	}}
	s.search(r.Context(), w, r, q, out)
}

func (s *server) search(ctx context.Context, w http.ResponseWriter, r *http.Request, q history.Query, out *lines) {
	end, err := history.Search(ctx, s.opt.Store, q, func(res history.Result) error { return out.emit(res) })
	switch {
	case err == nil:
		err = out.emit(end)
	case !out.begun:
		s.fail(w, r, err)
		return
	default:
		err = out.emit(lineError{err.Error(), problemOf(err).Type})
	}
	if err != nil {
		s.log.Debug("client went away", "err", err)
	}
}

// searchParams reads ?q=, and ?policy=, ?vendor=, ?kind=, ?in=, ?limit=, ?timeout=
// that narrow it.
func searchParams(v url.Values) (history.Query, error) {
	q := history.Query{Text: v.Get("q"), Vendor: v.Get("vendor"), Kind: policy.Kind(v.Get("kind"))}
	for _, raw := range v["policy"] {
		id, err := policy.ParseID(raw)
		if err != nil {
			return q, badRequest(err.Error())
		}
		q.Policies = append(q.Policies, id)
	}
	for _, raw := range v["in"] {
		q.In = append(q.In, strings.FieldsFunc(raw, func(r rune) bool { return r == ',' })...)
	}
	var err error
	if q.Limit, err = intParam(v, "limit", history.DefaultResults, 1, history.MaxResults); err != nil {
		return q, err
	}
	if raw := v.Get("timeout"); raw != "" {
		if q.Timeout, err = time.ParseDuration(raw); err != nil {
			return q, badRequest(fmt.Sprintf("timeout=%q: want a time such as 10s", raw))
		}
	}
	return q, nil
}
