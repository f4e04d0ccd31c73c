package policy

import (
	"errors"
	"fmt"
	"time"
)

// The errors that callers tell apart.
var (
	// ErrNotFound: no such policy, version, capture or alert.
	ErrNotFound = errors.New("not found")
	// ErrConflict: the head moved or the lease was lost; nothing was written.
	ErrConflict = errors.New("conflict")
	// ErrLocked: another process holds the store.
	ErrLocked = errors.New("store is locked")
	// ErrDamaged: a stored value does not match its digest, or the file is
	// not readable as a store.
	ErrDamaged = errors.New("store is damaged")
	// ErrFormat: the file is a store of a format this program does not read.
	ErrFormat = errors.New("unknown store format")
)

// FetchReason classifies why a capture could not be had. The values are label
// values of the metric watcher_fetches_total.
type FetchReason string

// The reasons. FetchOK and FetchNotModified classify success.
const (
	FetchOK          FetchReason = "ok"
	FetchNotModified FetchReason = "not_modified"
	FetchHTTP4xx     FetchReason = "http_4xx"
	FetchHTTP5xx     FetchReason = "http_5xx"
	FetchRateLimited FetchReason = "rate_limited"
	FetchDNS         FetchReason = "dns"
	FetchConnect     FetchReason = "connect"
	FetchTLS         FetchReason = "tls"
	FetchTimeout     FetchReason = "timeout"
	FetchTruncated   FetchReason = "truncated"
	FetchTooLarge    FetchReason = "too_large"
	FetchEncoding    FetchReason = "bad_encoding"
	FetchRedirect    FetchReason = "redirect"
	FetchSSRF        FetchReason = "ssrf_denied"
	FetchRobots      FetchReason = "robots"
	FetchUnsupported FetchReason = "unsupported_source"
	FetchCanceled    FetchReason = "canceled"
	FetchOther       FetchReason = "other"
)

// FetchReasons returns all reasons, for enumerated labels.
func FetchReasons() []FetchReason {
	return []FetchReason{
		FetchOK, FetchNotModified, FetchHTTP4xx, FetchHTTP5xx, FetchRateLimited, FetchDNS, FetchConnect,
		FetchTLS, FetchTimeout, FetchTruncated, FetchTooLarge, FetchEncoding, FetchRedirect, FetchSSRF,
		FetchRobots, FetchUnsupported, FetchCanceled, FetchOther,
	}
}

// FetchError says why no capture could be had.
type FetchError struct {
	Reason FetchReason
	URL    string
	// RetryAfter is what the server asked for, 0 when it did not.
	RetryAfter time.Duration
	// Hint tells an operator what to do about it, "" when there is nothing.
	Hint string
	Err  error
}

// Error implements error.
func (e *FetchError) Error() string {
	s := fmt.Sprintf("%s: %s: %v", e.URL, e.Reason, e.Err)
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}

// Unwrap returns the cause.
func (e *FetchError) Unwrap() error { return e.Err }
