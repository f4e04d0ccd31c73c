package crawler

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"syscall"

	"watcher/policy"
)

// What an operator can do about a failure.
const (
	hintConnect     = "the host is down or refuses connections from here"
	hintDNS         = "check the host name in the policy's url and the resolver of this machine"
	hintSSRF        = "only public addresses on ports 80 and 443 are reached; for a server of your own add its network to crawler.allow_private, but be wary of a vendor that sends you to such an address"
	hintTLS         = "certificates are never ignored; the vendor has to repair this, or the url names the wrong host"
	hintTimeout     = "if the site is merely slow, raise crawler.timeout"
	hintMaxBody     = "if this is the policy, raise crawler.max_body"
	hintMaxDecoded  = "if this is the policy, raise crawler.max_decoded"
	hintBomb        = "no real page compresses like this"
	hintEncoding    = "the server labels its answer wrongly or uses a coding it was not offered"
	hintDowngrade   = "a redirect from https to http is not followed; set url to an https address of the policy"
	hintRedirect    = "open the url in a browser and set url to where the policy is now"
	hintUnsupported = "set source: live"
	hintURL         = "write an http or https address without user name and password; credentials go into headers"
	hintHeader      = "remove it from the policy's headers"
)

// errClosed is the cause of the cancellation of captures at Close.
var errClosed = errors.New("crawler is closed")

// newFailure makes a FetchError; the URL is filled in by the chain.
func newFailure(reason policy.FetchReason, hint string, err error) *policy.FetchError {
	return &policy.FetchError{Reason: reason, Hint: hint, Err: err}
}

// phase is how far an exchange had come when it failed.
type phase int

const (
	phaseHeader phase = iota // no answer yet
	phaseTLS                 // the TLS handshake failed
	phaseBody                // the header was there
)

// classify turns what net/http, the dialler or a body reader returned into a
// FetchError. ctx is the caller's context, without the crawler's deadlines.
func classify(ctx context.Context, err error, at phase) *policy.FetchError {
	if fe, ok := errors.AsType[*policy.FetchError](err); ok {
		return fe
	}
	if ctx.Err() != nil {
		return ended(ctx)
	}
	var denied *deniedError
	var dns *net.DNSError
	var way *proxyError
	switch {
	case errors.As(err, &denied):
		return newFailure(policy.FetchSSRF, hintSSRF, err)
	case errors.Is(err, context.DeadlineExceeded):
		return newFailure(policy.FetchTimeout, hintTimeout, err)
	case errors.As(err, &way):
		return newFailure(policy.FetchConnect, hintProxyDown, err)
	case errors.As(err, &dns):
		return newFailure(policy.FetchDNS, hintDNS, err)
	case isTimeout(err):
		return newFailure(policy.FetchTimeout, hintTimeout, err)
	case at == phaseBody:
		return newFailure(policy.FetchTruncated, "", err)
	case isCertificate(err), at == phaseTLS && !isDropped(err):
		return newFailure(policy.FetchTLS, hintTLS, err)
	case isDropped(err), isNetwork(err):
		return newFailure(policy.FetchConnect, hintConnect, err)
	}
	return newFailure(policy.FetchOther, "", err)
}

// ended says why the caller's context is over: the caller's own deadline is a
// timeout, everything else a cancellation.
func ended(ctx context.Context) *policy.FetchError {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return newFailure(policy.FetchTimeout, hintTimeout, ctx.Err())
	}
	return newFailure(policy.FetchCanceled, "", context.Cause(ctx))
}

func isTimeout(err error) bool {
	var ne net.Error
	return errors.As(err, &ne) && ne.Timeout()
}

func isCertificate(err error) bool {
	var cert *tls.CertificateVerificationError
	var alert tls.AlertError
	var record tls.RecordHeaderError
	return errors.As(err, &cert) || errors.As(err, &alert) || errors.As(err, &record)
}

// isDropped reports that the other side went away without an answer.
func isDropped(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// streamError has the shape of net/http's own HTTP/2 stream error, which
// converts itself to any such struct in errors.As.
type streamError struct {
	StreamID uint32
	Code     uint32
	Cause    error
}

func (streamError) Error() string { return "http/2 stream error" }

func isNetwork(err error) bool {
	var op *net.OpError
	var stream streamError
	return errors.As(err, &op) || errors.As(err, &stream)
}
