package crawler

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"time"

	"golang.org/x/net/publicsuffix"

	"watcher/policy"
)

// maxRedirects bounds the redirects of one try, as browsers and curl's
// defaults of old do it more generously (20 and 50).
const maxRedirects = 10

// chain follows the redirects of one try. Connections and cookies live as long
// as it does: each try looks at the page with fresh eyes.
type chain struct {
	v         *visit
	transport *http.Transport
	jar       http.CookieJar
	lease     lease
	// patience is how long the chain may still wait for hosts that rest.
	patience time.Duration
	hops     []policy.Hop
	// seen holds URL and cookies of every hop. A page that redirects to
	// itself once to set a cookie is common and no loop.
	seen map[string]bool
	// away is set for good once the chain has left the original host.
	away    bool
	started time.Time
}

// try makes one attempt at the capture, from the first URL to the final answer.
func (v *visit) try(ctx context.Context, start *url.URL) (policy.Capture, error) {
	jar, err := cookiejar.New(&cookiejar.Options{PublicSuffixList: publicsuffix.List})
	if err != nil {
		return policy.Capture{}, newFailure(policy.FetchOther, "", err)
	}
	ch := &chain{
		v: v, transport: v.newTransport(), jar: jar,
		lease: lease{pacer: v.c.pacer}, patience: v.req.MaxWait, seen: map[string]bool{},
	}
	defer ch.transport.CloseIdleConnections()
	defer ch.lease.end()

	u := start
	for {
		a, err := ch.hop(ctx, u)
		if err != nil {
			return policy.Capture{}, v.located(err, u)
		}
		next, err := ch.next(u, a)
		if err != nil {
			return policy.Capture{}, v.located(err, u)
		}
		if next == nil {
			return ch.capture(u, a), nil
		}
		ch.away = ch.away || !sameHost(start, next)
		u = next
	}
}

// located completes err with the URL at which it happened.
func (v *visit) located(err error, u *url.URL) error {
	var fe *policy.FetchError
	if !errors.As(err, &fe) {
		fe = newFailure(policy.FetchOther, "", err)
	}
	fe.URL = v.redactor.text(u.Redacted())
	return fe
}

// hop makes one request of the chain, when it is the host's turn, and records it.
func (ch *chain) hop(ctx context.Context, u *url.URL) (answer, error) {
	if err := checkURL(u); err != nil {
		return answer{}, newFailure(policy.FetchOther, hintURL, err)
	}
	if err := ch.turn(ctx, u); err != nil {
		return answer{}, err
	}
	if err := ch.mayFetch(ctx, u); err != nil {
		return answer{}, err
	}
	if len(ch.hops) == 0 {
		ch.started = ch.v.c.opts.Clock()
	}
	r, err := ch.newRequest(ctx, u)
	if err != nil {
		return answer{}, newFailure(policy.FetchOther, hintURL, err)
	}
	if err := ch.mark(r); err != nil {
		return answer{}, err
	}
	a, err := ch.send(ctx, r)
	if err != nil {
		return answer{}, err
	}
	if a.status == http.StatusNotModified && !conditional(r) {
		return answer{}, newFailure(policy.FetchOther, "", errors.New("304 in answer to an unconditional request"))
	}
	ch.jar.SetCookies(u, a.cookies)
	ch.hops = append(ch.hops, policy.Hop{
		URL: ch.v.redactor.text(u.String()), Status: a.status,
		Location: ch.v.redactor.text(a.location), RemoteAddr: a.remote,
	})
	return a, nil
}

// mark fails when the very same request was made before in this chain.
func (ch *chain) mark(r *http.Request) error {
	bare := *r.URL
	bare.Fragment, bare.RawFragment = "", ""
	key := bare.String() + "\n" + r.Header.Get("Cookie")
	if ch.seen[key] {
		return newFailure(policy.FetchRedirect, hintRedirect, fmt.Errorf("redirect loop after %d hops", len(ch.hops)))
	}
	ch.seen[key] = true
	return nil
}

// next returns where the answer a of u redirects to, nil when it is final.
func (ch *chain) next(u *url.URL, a answer) (*url.URL, error) {
	if !a.redirects() {
		return nil, nil
	}
	if len(ch.hops) > maxRedirects {
		return nil, newFailure(policy.FetchRedirect, hintRedirect, fmt.Errorf("more than %d redirects", maxRedirects))
	}
	next, err := u.Parse(a.location)
	if err != nil {
		return nil, newFailure(policy.FetchRedirect, hintRedirect, errors.New("the Location of a redirect is malformed"))
	}
	if err := checkURL(next); err != nil {
		return nil, newFailure(policy.FetchRedirect, hintRedirect, fmt.Errorf("redirect refused: %w", err))
	}
	if u.Scheme == "https" && next.Scheme == "http" {
		return nil, newFailure(policy.FetchRedirect, hintDowngrade, fmt.Errorf("redirect from https to http on %s", next.Host))
	}
	return next, nil
}

// capture makes the record of the final answer.
func (ch *chain) capture(u *url.URL, a answer) policy.Capture {
	v := ch.v
	now := v.c.opts.Clock()
	got := policy.Capture{
		Policy: v.req.Policy, Source: policy.SourceLive, URL: v.req.URL,
		FinalURL: v.redactor.text(u.String()), Hops: ch.hops,
		Status: a.status, Header: v.redactor.header(a.header), RemoteAddr: a.remote, TLS: tlsFacts(a.tls),
		StartedAt: ch.started.UTC(), CapturedAt: now.UTC(), Duration: max(0, now.Sub(ch.started)),
		ContentType: a.header.Get("Content-Type"), ContentEncoding: a.body.coding,
		WireBytes: a.body.wire, Size: int64(len(a.body.data)), Attempts: v.attempts,
		Proxy: proxyName(v.proxy), RobotsIgnored: v.ignoresRobots(),
	}
	if a.status == http.StatusNotModified {
		got.NotModified = true
		return got
	}
	got.Body, got.Digest = a.body.data, policy.Sum(a.body.data)
	got.MediaType = mediaType(got.Body, got.ContentType, got.FinalURL)
	return got
}
