package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"

	"watcher/policy"
)

// maxProblem bounds an error answer in bytes.
const maxProblem = 64 << 10

// problem is an error answer of the daemon (RFC 9457).
type problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Detail string `json:"detail"`
}

// sentinel returns the error of package policy that a problem type stands for,
// nil for none. The status alone would not do: a proxy, or a daemon that is
// older than this client, answers 404 as well.
func sentinel(problemType string) error {
	switch problemType {
	case "urn:watcher:problem:not-found":
		return policy.ErrNotFound
	case "urn:watcher:problem:conflict":
		return policy.ErrConflict
	case "urn:watcher:problem:damaged":
		return policy.ErrDamaged
	case "urn:watcher:problem:locked":
		return policy.ErrLocked
	case "urn:watcher:problem:format":
		return policy.ErrFormat
	}
	return nil
}

// remoteError is an error of the daemon: its own words, and what it is.
type remoteError struct {
	detail string
	is     error
}

// Error implements error. The daemon's words name the sentinel already.
func (e *remoteError) Error() string { return e.detail }

// Unwrap returns the error of package policy, or nil.
func (e *remoteError) Unwrap() error { return e.is }

// refusal reads an answer that is not a success.
func (c *Client) refusal(resp *http.Response) error {
	kind, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if err == nil && kind == "application/problem+json" {
		var p problem
		body, err := io.ReadAll(io.LimitReader(resp.Body, maxProblem))
		if err == nil && json.Unmarshal(body, &p) == nil && p.Detail != "" {
			return &remoteError{detail: p.Detail, is: sentinel(p.Type)}
		}
	}
	return c.strange(resp)
}

// strange describes an answer that no watcher daemon gives.
func (c *Client) strange(resp *http.Response) error {
	switch resp.StatusCode {
	case http.StatusUnauthorized, http.StatusForbidden:
		return fmt.Errorf("%s refuses access: %s (give credentials with --http.config.file)", c.base.Redacted(), resp.Status)
	}
	if resp.StatusCode >= 300 && resp.StatusCode < 400 {
		return fmt.Errorf("%s redirects to %q, which is not followed (give the final address)", c.base.Redacted(), resp.Header.Get("Location"))
	}
	return fmt.Errorf("%s answers %s, which is not the answer of a watcher daemon (is the address right?)", c.base.Redacted(), resp.Status)
}

// errMoved is the reason to read a list again from its beginning.
var errMoved = errors.New("the list changed while it was read")
