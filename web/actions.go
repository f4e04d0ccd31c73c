package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"watcher/policy"
)

// errNotWired is the answer where the program was put together without the
// part that a request needs.
func errNotWired() error {
	return &statusError{http.StatusNotImplemented, "this server cannot do that"}
}

// readBody decodes a request's JSON; an empty one is the zero value.
func readBody[T any](r *http.Request) (T, error) {
	var req T
	dec := json.NewDecoder(r.Body)
	dec.DisallowUnknownFields()
	err := dec.Decode(&req)
	if errors.Is(err, io.EOF) {
		return req, nil
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return req, err
	}
	if err != nil {
		return req, badRequest(fmt.Sprintf("request body: %v", err))
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return req, badRequest("request body: want one JSON object and nothing after it")
	}
	return req, nil
}

// readCheck decodes the body of a check request; an empty one asks for all.
func readCheck(r *http.Request) (CheckRequest, error) {
	req, err := readBody[CheckRequest](r)
	if err != nil {
		return req, err
	}
	for _, id := range req.Policies {
		if _, err := policy.ParseID(string(id)); err != nil {
			return req, badRequest(err.Error())
		}
	}
	return req, nil
}

// lines writes one JSON value per line as they come. The status is sent with
// the first one, so that an error before it still has its own.
type lines struct {
	mu    sync.Mutex
	w     http.ResponseWriter
	flush func() error
	begun bool
}

func (l *lines) emit(v any) error {
	line, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode line: %w", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.begin()
	if _, err := l.w.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("write line: %w", err)
	}
	return l.flush()
}

func (l *lines) begin() {
	if l.begun {
		return
	}
	l.begun = true
	l.w.Header().Set("Content-Type", "application/x-ndjson")
	l.w.WriteHeader(http.StatusOK)
}

// lineError is the last line of a stream that failed. A check always has an
// outcome; this line has none.
type lineError struct {
	Error string `json:"error"`
	Type  string `json:"type"`
}

func (s *server) postCheck(w http.ResponseWriter, r *http.Request) {
	if s.opt.Actions == nil {
		s.fail(w, r, errNotWired())
		return
	}
	req, err := readCheck(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	control := http.NewResponseController(w)
	// A pass takes as long as the slowest vendor: the server's write timeout
	// is for answers that are ready. Not every writer has one to lift.
	_ = control.SetWriteDeadline(time.Time{})
	out := &lines{w: w, flush: control.Flush}
	err = s.opt.Actions.Check(r.Context(), req, func(c policy.Check) error { return out.emit(c) })
	switch {
	case err == nil:
		out.begin()
	case !out.begun:
		s.fail(w, r, err)
	default:
		s.log.Warn("check stopped", "err", err)
		if err := out.emit(lineError{err.Error(), problemOf(err).Type}); err != nil {
			s.log.Debug("client went away", "err", err)
		}
	}
}

// postRuling accepts or dismisses a held capture and answers with the checks that
// came of it, one per line.
func (s *server) postRuling(w http.ResponseWriter, r *http.Request) {
	if s.opt.Actions == nil {
		s.fail(w, r, errNotWired())
		return
	}
	id, err := pathID(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	ruling, err := readBody[policy.Ruling](r)
	if err == nil && ruling.Reason == "" {
		err = badRequest("request body: want a reason")
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	checks, err := s.opt.Actions.Rule(r.Context(), id, ruling)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	out := &lines{w: w, flush: http.NewResponseController(w).Flush}
	for _, c := range checks {
		if err := out.emit(c); err != nil {
			s.log.Debug("client went away", "err", err)
			return
		}
	}
	out.begin()
}

func (s *server) postRedeliver(w http.ResponseWriter, r *http.Request) {
	if s.opt.Requeue == nil {
		s.fail(w, r, errNotWired())
		return
	}
	if err := s.opt.Requeue(r.Context(), r.PathValue("id")); err != nil {
		s.fail(w, r, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (s *server) postTest(w http.ResponseWriter, r *http.Request) {
	if s.opt.Actions == nil {
		s.fail(w, r, errNotWired())
		return
	}
	if err := s.opt.Actions.TestReceiver(r.Context(), r.PathValue("name")); err != nil {
		s.fail(w, r, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (s *server) postReload(w http.ResponseWriter, r *http.Request) {
	if s.opt.Actions == nil {
		s.fail(w, r, errNotWired())
		return
	}
	if err := s.opt.Actions.Reload(r.Context()); err != nil {
		s.fail(w, r, fmt.Errorf("reload failed, the running configuration stays: %w", err))
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (s *server) healthy(w http.ResponseWriter, _ *http.Request) {
	s.write(w, http.StatusOK, "text/plain; charset=utf-8", []byte("watcher is healthy\n"))
}

// ready answers 200 or 503, with the reasons either way: a configuration that
// could not be reloaded is a detail, not a reason to take the daemon down.
func (s *server) ready(w http.ResponseWriter, _ *http.Request) {
	state := s.opt.Ready()
	state.Detail = orEmpty(state.Detail)
	status := http.StatusOK
	if !state.Ready {
		status = http.StatusServiceUnavailable
	}
	s.writeJSON(w, status, "application/json", state)
}
