package alerts

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// ErrorKind says what a failed attempt means for what comes next.
type ErrorKind string

// The kinds.
const (
	// Retry: the failure is about the moment; the same message may pass later.
	Retry ErrorKind = "retry"
	// ReceiverDead: the receiver is gone or refuses us; no message will pass
	// until a person has repaired it.
	ReceiverDead ErrorKind = "receiver_dead"
	// PayloadDead: this message is refused, others may pass.
	PayloadDead ErrorKind = "payload_dead"
)

// The reasons of a failed attempt: values of the label reason of the metric
// watcher_notifications_failed_total.
const (
	reasonNetwork     = "network"
	reasonTimeout     = "timeout"
	reasonRateLimited = "rate_limited"
	reasonServer      = "server_error"
	reasonClient      = "client_error"
	reasonAuth        = "auth"
	reasonGone        = "gone"
	reasonPayload     = "payload"
	reasonOther       = "other"
)

func reasons() []string {
	return []string{
		reasonNetwork, reasonTimeout, reasonRateLimited, reasonServer, reasonClient,
		reasonAuth, reasonGone, reasonPayload, reasonOther,
	}
}

// SendError is a failed attempt to deliver a message.
type SendError struct {
	Kind ErrorKind
	// Reason is one of network, timeout, rate_limited, server_error,
	// client_error, auth, gone, payload and other.
	Reason string
	// Status is the HTTP status, 0 when no answer came.
	Status int
	// RetryAfter is the patience that the receiver asked for, 0 for none.
	RetryAfter time.Duration
	// Err is the cause. Its text holds neither the receiver's URL nor secrets.
	Err error
}

// Error implements error.
func (e *SendError) Error() string {
	s := e.Reason
	if e.Status != 0 {
		s += " (HTTP " + strconv.Itoa(e.Status) + ")"
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *SendError) Unwrap() error { return e.Err }

// asSendError returns err as a *SendError; what is none counts as a failure to
// retry.
func asSendError(err error) *SendError {
	if se, ok := errors.AsType[*SendError](err); ok {
		return se
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return &SendError{Kind: Retry, Reason: reasonTimeout, Err: err}
	}
	return &SendError{Kind: Retry, Reason: reasonOther, Err: err}
}

// classify grades an HTTP status that is not a success.
//
// A refusal of the endpoint as a whole parks the receiver rather than each
// message: parked alerts are kept and come back with the next reload, dead ones
// wait for a person. Only statuses that speak of the request's content kill a
// message. Sources: RFC 9110 section 15; Standard Webhooks 1.0.0 (410 disables
// the endpoint, 429, 502 and 504 ask to slow down, redirects are failures).
func classify(status int) (ErrorKind, string) {
	switch status {
	case http.StatusRequestTimeout:
		return Retry, reasonTimeout
	case http.StatusTooEarly:
		return Retry, reasonClient
	case http.StatusTooManyRequests:
		return Retry, reasonRateLimited
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusProxyAuthRequired:
		return ReceiverDead, reasonAuth
	case http.StatusNotFound, http.StatusGone:
		return ReceiverDead, reasonGone
	case http.StatusBadRequest, http.StatusConflict, http.StatusRequestEntityTooLarge,
		http.StatusRequestURITooLong, http.StatusUnprocessableEntity, http.StatusRequestHeaderFieldsTooLarge:
		return PayloadDead, reasonPayload
	}
	switch {
	case status >= 300 && status <= 399: // not followed: a person must configure the final address
		return ReceiverDead, reasonGone
	case status >= 500 && status <= 599:
		return Retry, reasonServer
	case status >= 400 && status <= 499:
		return ReceiverDead, reasonClient
	}
	return Retry, reasonOther
}

// networkError classifies a request that got no answer.
func networkError(err error) *SendError {
	var timeout net.Error
	if errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout() {
		return &SendError{Kind: Retry, Reason: reasonTimeout, Err: err}
	}
	return &SendError{Kind: Retry, Reason: reasonNetwork, Err: err}
}

// statusError makes the error of an answer that is not a success. note is what
// the server said, made safe to show.
func statusError(resp *http.Response, note string) *SendError {
	kind, reason := classify(resp.StatusCode)
	text := http.StatusText(resp.StatusCode)
	if text == "" {
		text = "unknown status"
	}
	if note != "" {
		text = fmt.Sprintf("%s: %q", text, note)
	}
	if hint := statusHint(resp.StatusCode); hint != "" {
		text += " (" + hint + ")"
	}
	return &SendError{
		Kind: kind, Reason: reason, Status: resp.StatusCode,
		RetryAfter: retryAfter(resp.Header), Err: errors.New(text),
	}
}

func statusHint(status int) string {
	switch {
	case status >= 300 && status <= 399:
		return "redirects are not followed: configure the final address"
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return "check the receiver's URL and secret, then reload"
	case status == http.StatusNotFound, status == http.StatusGone:
		return "the receiver's URL is no longer valid: configure a new one, then reload"
	}
	return ""
}

// retryAfter reads a Retry-After header, which holds seconds or an HTTP date
// (RFC 9110 section 10.2.3), at most maxRetryAfter. A date counts from the Date
// of the same answer, so that a clock that differs from the server's does no
// harm. What cannot be read, or lies in the past, is 0.
func retryAfter(h http.Header) time.Duration {
	value := strings.TrimSpace(h.Get("Retry-After"))
	if value == "" {
		return 0
	}
	seconds, err := strconv.ParseInt(value, 10, 64)
	if err == nil || errors.Is(err, strconv.ErrRange) { // out of range, seconds is the nearest bound
		// Bounded before the multiplication, which could overflow.
		return time.Duration(min(max(seconds, 0), int64(maxRetryAfter/time.Second))) * time.Second
	}
	until, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	now, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return 0
	}
	return min(max(until.Sub(now), 0), maxRetryAfter)
}
