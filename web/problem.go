package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"watcher/policy"
)

// problem is an error answer in the form of RFC 9457.
type problem struct {
	// Type is one of the problem types below, or "about:blank" when the
	// status says it all. Programs decide by it, not by the status alone: a
	// proxy answers 404 too.
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail,omitempty"`
}

// The problem types of the errors that callers tell apart.
const (
	typeNotFound = "urn:watcher:problem:not-found"
	typeConflict = "urn:watcher:problem:conflict"
	typeLocked   = "urn:watcher:problem:locked"
	typeDamaged  = "urn:watcher:problem:damaged"
	typeFormat   = "urn:watcher:problem:format"
	typeBlank    = "about:blank"
)

// statusError is an error of the request itself: its status and a sentence
// for the caller.
type statusError struct {
	status int
	detail string
}

// Error implements error.
func (e *statusError) Error() string { return e.detail }

func badRequest(detail string) error { return &statusError{http.StatusBadRequest, detail} }

// problemOf says how an error is answered.
func problemOf(err error) problem {
	var se *statusError
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &se):
		return problem{typeBlank, http.StatusText(se.status), se.status, se.detail}
	case errors.As(err, &tooLarge):
		return problem{typeBlank, "Request too large", http.StatusRequestEntityTooLarge, err.Error()}
	case errors.Is(err, policy.ErrNotFound):
		return problem{typeNotFound, "Not found", http.StatusNotFound, err.Error()}
	case errors.Is(err, policy.ErrConflict):
		return problem{typeConflict, "Conflict", http.StatusConflict, err.Error()}
	case errors.Is(err, policy.ErrDamaged):
		return problem{typeDamaged, "Store damaged", http.StatusInternalServerError, err.Error()}
	case errors.Is(err, policy.ErrFormat):
		return problem{typeFormat, "Unknown store format", http.StatusInternalServerError, err.Error()}
	case errors.Is(err, policy.ErrLocked):
		return problem{typeLocked, "Store locked", http.StatusServiceUnavailable, err.Error()}
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return problem{typeBlank, "Interrupted", http.StatusServiceUnavailable, err.Error()}
	}
	return problem{typeBlank, "Internal error", http.StatusInternalServerError, err.Error()}
}

// fail answers with an error: as a problem for programs, as a page for people.
func (s *server) fail(w http.ResponseWriter, r *http.Request, err error) {
	p := problemOf(err)
	if p.Status >= http.StatusInternalServerError && !errors.Is(err, context.Canceled) {
		s.log.Error("request failed", "method", r.Method, "path", r.URL.Path, "status", p.Status, "err", err)
	}
	if p.Status == http.StatusTooManyRequests && w.Header().Get("Retry-After") == "" {
		w.Header().Set("Retry-After", "5")
	}
	if forPrograms(strings.TrimPrefix(r.URL.Path, s.urls.base)) {
		s.writeJSON(w, p.Status, "application/problem+json", p)
		return
	}
	s.errorPage(w, p)
}

func forPrograms(path string) bool {
	return strings.HasPrefix(path, "/api/") || strings.HasPrefix(path, "/-/") || path == "/metrics"
}

// writeJSON encodes v before the first byte leaves, so that a value that
// cannot be encoded is a 500 and not half an answer.
func (s *server) writeJSON(w http.ResponseWriter, status int, contentType string, v any) {
	var buf bytes.Buffer
	if err := json.NewEncoder(&buf).Encode(v); err != nil {
		s.log.Error("answer could not be encoded", "err", err)
		http.Error(w, "the answer could not be encoded", http.StatusInternalServerError)
		return
	}
	s.write(w, status, contentType, buf.Bytes())
}

// write sends a whole answer. A failed write means the client is gone.
func (s *server) write(w http.ResponseWriter, status int, contentType string, body []byte) {
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	if _, err := w.Write(body); err != nil {
		s.log.Debug("client went away", "err", err)
	}
}
