package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"watcher/policy"
)

// Bounds of list requests, in items.
const (
	defaultLimit = 100
	maxLimit     = 1000
	maxOffset    = 1_000_000
)

// window is the part of a list that a request asks for. Readers have no
// offset: the list is read up to its end and the front is cut off.
type window struct{ offset, limit int }

func parseWindow(q url.Values) (window, error) {
	limit, err := intParam(q, "limit", defaultLimit, 1, maxLimit)
	if err != nil {
		return window{}, err
	}
	offset, err := intParam(q, "offset", 0, 0, maxOffset)
	return window{offset, limit}, err
}

// reach is how far into the list the store has to read.
func (w window) reach() int { return w.offset + w.limit }

// cut returns the window of a list, never nil: clients see [] and not null.
func cut[T any](list []T, w window) []T {
	list = list[min(w.offset, len(list)):]
	list = list[:min(w.limit, len(list))]
	return orEmpty(list)
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func intParam(q url.Values, name string, byDefault, low, high int) (int, error) {
	raw := q.Get(name)
	if raw == "" {
		return byDefault, nil
	}
	n, err := strconv.Atoi(raw)
	if err != nil || n < low || n > high {
		return 0, badRequest(fmt.Sprintf("%s=%q: want a whole number from %d to %d", name, raw, low, high))
	}
	return n, nil
}

// sinceParam reads ?since= as RFC 3339 or as a date, which begins at midnight
// UTC. Absent means the beginning.
func sinceParam(q url.Values) (time.Time, error) { return timeParam(q, "since", 0) }

// untilParam reads ?until= like sinceParam, a date as its last moment. Absent
// means the end.
func untilParam(q url.Values) (time.Time, error) {
	return timeParam(q, "until", 24*time.Hour-time.Nanosecond)
}

// timeParam reads a time, or a date to which later is added.
func timeParam(q url.Values, name string, later time.Duration) (time.Time, error) {
	raw := q.Get(name)
	if raw == "" {
		return time.Time{}, nil
	}
	if t, err := time.Parse(time.RFC3339Nano, raw); err == nil {
		return t.UTC(), nil
	}
	if t, err := time.Parse(time.DateOnly, raw); err == nil {
		return t.Add(later), nil
	}
	return time.Time{}, badRequest(fmt.Sprintf("%s=%q: want RFC 3339 or a date, for example 2025-05-12T04:00:00Z or 2025-05-12", name, raw))
}

// stateParams reads ?state=, repeated or separated by commas.
func stateParams(q url.Values) ([]policy.AlertState, error) {
	known := policy.AlertStates()
	var states []policy.AlertState
	for _, raw := range q["state"] {
		for word := range strings.SplitSeq(raw, ",") {
			state := policy.AlertState(word)
			switch {
			case word == "" || slices.Contains(states, state):
			case slices.Contains(known, state):
				states = append(states, state)
			default:
				return nil, badRequest(fmt.Sprintf("state=%q: want pending, held, parked, dead, silenced or delivered", word))
			}
		}
	}
	return states, nil
}

// policyParam reads ?policy=; absent means all.
func policyParam(q url.Values) (policy.ID, error) {
	raw := q.Get("policy")
	if raw == "" {
		return "", nil
	}
	id, err := policy.ParseID(raw)
	if err != nil {
		return "", badRequest(err.Error())
	}
	return id, nil
}

// pathID reads {vendor}/{kind}. What is no id names no policy.
func pathID(r *http.Request) (policy.ID, error) {
	id, err := policy.ParseID(r.PathValue("vendor") + "/" + r.PathValue("kind"))
	if err != nil {
		return "", fmt.Errorf("policy %w: %w", policy.ErrNotFound, err)
	}
	return id, nil
}

// pathVersion reads {vendor}/{kind} and the version number {n}.
func pathVersion(r *http.Request) (policy.ID, int, error) {
	id, err := pathID(r)
	if err != nil {
		return "", 0, err
	}
	n, err := strconv.ParseUint(r.PathValue("n"), 10, 31)
	if err != nil || n == 0 {
		return "", 0, fmt.Errorf("version %q of %s: %w", r.PathValue("n"), id, policy.ErrNotFound)
	}
	return id, int(n), nil
}

// pathCapture reads {vendor}/{kind} and the capture number {id}.
func pathCapture(r *http.Request) (policy.ID, policy.CaptureID, error) {
	id, err := pathID(r)
	if err != nil {
		return "", 0, err
	}
	n, err := strconv.ParseUint(r.PathValue("id"), 10, 64)
	if err != nil || n == 0 {
		return "", 0, fmt.Errorf("capture %q of %s: %w", r.PathValue("id"), id, policy.ErrNotFound)
	}
	return id, policy.CaptureID(n), nil
}
