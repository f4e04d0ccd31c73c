package alerts

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	// httpTimeout bounds one request; Standard Webhooks 1.0.0 recommends 15 to
	// 30 s.
	httpTimeout = 20 * time.Second
	// maxAnswer bounds how much of an answer is read, and maxNote how much of it
	// is quoted in an error.
	maxAnswer = 4 << 10
	maxNote   = 200
)

// poster posts JSON to one URL, which is a secret: it is known to nobody else
// and taken out of every text that leaves.
type poster struct {
	url     string
	client  *http.Client
	secrets []string
}

func newPoster(raw string, client *http.Client) (*poster, error) {
	u, err := url.Parse(strings.TrimSpace(raw))
	// The error of url.Parse quotes the URL.
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, errors.New("the receiver's URL is not valid (want http:// or https:// and a host; it is not shown here because it is a secret)")
	}
	return &poster{url: u.String(), client: hardened(client), secrets: urlSecrets(u)}, nil
}

// hardened returns a copy of client (nil: a new one) that follows no redirect
// and gives up in time. A redirect would carry the message, and its signature,
// to an address that the operator has not chosen.
func hardened(client *http.Client) *http.Client {
	c := http.Client{}
	if client != nil {
		c = *client
	}
	if c.Transport == nil {
		c.Transport = &http.Transport{
			Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true,
			MaxIdleConns: 4, IdleConnTimeout: time.Minute, TLSHandshakeTimeout: httpTimeout / 2,
			MaxResponseHeaderBytes: 64 << 10,
		}
	}
	if c.Timeout <= 0 || c.Timeout > httpTimeout {
		c.Timeout = httpTimeout
	}
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &c
}

// urlSecrets returns the parts of u that must not be shown, longest first: the
// whole, its path and query, and every part of them that is long enough to be a
// token rather than a word of some sentence.
func urlSecrets(u *url.URL) []string {
	const tokenLen = 8
	all := []string{u.String(), u.RequestURI(), u.Path, u.RawQuery, u.User.String()}
	for _, part := range strings.FieldsFunc(u.Path+"&"+u.RawQuery+"&"+u.User.String(), isURLPunctuation) {
		if len(part) >= tokenLen {
			all = append(all, part)
		}
	}
	all = slices.DeleteFunc(all, func(s string) bool { return len(s) < 2 })
	slices.SortFunc(all, func(a, b string) int { return len(b) - len(a) })
	return all
}

func isURLPunctuation(r rune) bool { return strings.ContainsRune("/?&=:@", r) }

func (p *poster) redact(s string) string {
	for _, secret := range p.secrets {
		s = strings.ReplaceAll(s, secret, "<redacted>")
	}
	return s
}

// redactedError shows the redacted text of an error and keeps it in the chain.
type redactedError struct {
	text string
	err  error
}

func (e *redactedError) Error() string { return e.text }
func (e *redactedError) Unwrap() error { return e.err }

// post sends body and returns the answer with what was read of its body. An
// error means that no answer came.
func (p *poster) post(ctx context.Context, body []byte, header http.Header) (*http.Response, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url, bytes.NewReader(body))
	if err != nil {
		return nil, nil, &SendError{Kind: ReceiverDead, Reason: reasonOther, Err: errors.New("the receiver's URL is not valid")}
	}
	maps.Copy(req.Header, header)
	if req.Header.Get("Content-Type") == "" {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("User-Agent", "watcher")
	resp, err := p.client.Do(req)
	if err != nil {
		return nil, nil, networkError(p.hide(err))
	}
	defer func() { _ = resp.Body.Close() }() // nothing to do about it: the answer has been read
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil && resp.StatusCode/100 != 2 {
		return resp, answer, nil // the status says enough
	}
	if err != nil {
		return nil, nil, networkError(p.hide(fmt.Errorf("reading the answer: %w", err)))
	}
	return resp, answer, nil
}

// hide takes the URL out of an error of the HTTP client.
func (p *poster) hide(err error) error {
	text := err.Error()
	if ue, ok := errors.AsType[*url.Error](err); ok {
		text = ue.Err.Error()
	}
	return &redactedError{text: p.redact(text), err: err}
}

// note returns the start of an answer in a form that is safe to show and log.
func (p *poster) note(answer []byte) string {
	return cutHead(p.redact(cleanLine(string(answer))), maxNote)
}
