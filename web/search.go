package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"runtime/debug"
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
	default:
		w.Header().Set("Retry-After", "5")
		s.fail(w, r, &statusError{http.StatusTooManyRequests, fmt.Sprintf("%d searches are running already (try again in a few seconds)", maxSearches)})
		return
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	found := make(chan any, 3*history.MaxResults+1)
	var failed error // of the search; valid when found is closed
	go func() {
		defer close(found)
		defer func() { <-s.searches }()
		failed = s.search(ctx, q, found)
	}()
	out := &lines{w: w, flush: http.NewResponseController(w).Flush}
	for line := range found {
		if err := out.emit(line); err != nil {
			s.log.Debug("client went away", "err", err)
			return
		}
	}
	if failed != nil && !out.begun {
		s.fail(w, r, failed)
	} else if failed != nil {
		_ = out.emit(lineError{failed.Error(), problemOf(failed).Type}) // nobody is left to tell
	}
}

// search puts results and the end of a search into a channel that has room for all
// of them: a client who reads slowly does not hold a place.
func (s *server) search(ctx context.Context, q history.Query, found chan<- any) (err error) {
	defer s.recoverSearch(&err)
	end, err := history.Search(ctx, s.opt.Store, q, func(res history.Result) error { found <- res; return nil })
	if err == nil {
		found <- end
	}
	return err
}

// recoverSearch does for a goroutine of its own what the middleware does for
// requests.
func (s *server) recoverSearch(err *error) {
	if v := recover(); v != nil {
		s.log.Error("recovered from a panic", "stage", "search", "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
		*err = fmt.Errorf("internal error: %v", v)
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
