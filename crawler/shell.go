package crawler

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"runtime/debug"
	"time"

	"github.com/gocolly/colly/v2"

	"watcher/policy"
)

// visit is one capture in the making, and the http.RoundTripper under colly.
type visit struct {
	c        *Client
	req      policy.Request
	start    *url.URL
	proxy    *url.URL // nil for none
	redactor *redactor

	// spent is the time that the requests took so far.
	spent    time.Duration
	attempts int

	capture policy.Capture
	err     error
	done    bool
}

// newVisit checks what can be checked before any request.
func newVisit(c *Client, req policy.Request) (*visit, error) {
	if req.Source != policy.SourceLive && req.Source != "" {
		return nil, newFailure(policy.FetchUnsupported, hintUnsupported, fmt.Errorf("source %q cannot be fetched live", req.Source))
	}
	start, err := url.Parse(req.URL)
	if err != nil {
		return nil, newFailure(policy.FetchOther, hintURL, errors.New("the url is malformed"))
	}
	if err := checkURL(start); err != nil {
		return nil, newFailure(policy.FetchOther, hintURL, err)
	}
	if err := checkHeaders(req.Headers); err != nil {
		return nil, newFailure(policy.FetchOther, hintHeader, err)
	}
	v := &visit{c: c, req: req, start: start, redactor: newRedactor(req.Headers)}
	if req.Proxy != "" {
		if v.proxy, err = parseProxy(req.Proxy); err != nil {
			return nil, newFailure(policy.FetchOther, hintProxy, err)
		}
		v.redactor.hide(v.proxy)
	}
	return v, nil
}

// run makes the capture through colly. A panic, be it of colly or of a decoder
// under a hostile body, is the failure of this capture alone.
func (v *visit) run(ctx context.Context) (err error) {
	defer func() {
		if p := recover(); p != nil {
			v.c.opts.Logger.Error("capture panicked", slog.String("policy", string(v.req.Policy)),
				slog.Any("panic", p), slog.String("stack", string(debug.Stack())))
			err = newFailure(policy.FetchOther, "", fmt.Errorf("panic: %v", p))
		}
	}()
	err = newShell(ctx, v.c.opts.UserAgent, v).Request(http.MethodGet, v.start.String(), nil, nil, nil)
	switch {
	case v.err != nil:
		return v.err
	case err != nil:
		return newFailure(policy.FetchOther, "", err)
	case !v.done:
		return newFailure(policy.FetchOther, "", errors.New("no request was made"))
	}
	return nil
}

// newShell returns a collector that leaves everything to transport. It is made
// by Init and not by colly.NewCollector, which would let environment variables
// (COLLY_CACHE_DIR, COLLY_MAX_BODY_SIZE, …) change what is captured.
func newShell(ctx context.Context, agent string, transport http.RoundTripper) *colly.Collector {
	s := &colly.Collector{}
	s.Init()
	for _, option := range []colly.CollectorOption{
		colly.UserAgent(agent), colly.AllowURLRevisit(), colly.ParseHTTPErrorResponse(),
		colly.MaxBodySize(0), colly.IgnoreRobotsTxt(), colly.StdlibContext(ctx),
	} {
		option(s)
	}
	s.DisableCookies()
	s.SetRequestTimeout(0)
	s.WithTransport(transport)
	return s
}

// RoundTrip implements http.RoundTripper: a whole capture, with its retries and
// redirects, as one round trip.
func (v *visit) RoundTrip(r *http.Request) (*http.Response, error) {
	v.capture, v.err = v.tries(r.Context(), r.URL)
	if v.err != nil {
		return nil, v.err
	}
	v.done = true
	return v.forShell(r), nil
}

// forShell presents the capture as a response that leaves colly nothing to do:
// no Location to follow, no coding to undo (Uncompressed also switches off
// what it does for URLs in .xml.gz), no charset to convert.
func (v *visit) forShell(r *http.Request) *http.Response {
	h := http.Header{}
	if v.capture.MediaType != "" {
		h.Set("Content-Type", v.capture.MediaType)
	}
	return &http.Response{
		Status:     fmt.Sprintf("%d %s", v.capture.Status, http.StatusText(v.capture.Status)),
		StatusCode: v.capture.Status,
		Proto:      "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: h, Uncompressed: true, Request: r,
		ContentLength: v.capture.Size,
		Body:          io.NopCloser(bytes.NewReader(v.capture.Body)),
	}
}
