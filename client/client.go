package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"watcher/storage"
)

var _ storage.Reader = (*Client)(nil)

// maxAnswer bounds an answer in bytes: well above the largest body that the
// crawler stores (20 MiB by default), well below what would hurt.
const maxAnswer = 256 << 20

// Client speaks to one daemon. It is safe for concurrent use.
type Client struct {
	base  *url.URL
	token string
	http  *http.Client
	// limit is maxAnswer; tests lower it.
	limit int64
}

// Options are the optional parts of a client.
type Options struct {
	// HTTPClient sends the requests; it carries TLS and authentication for a
	// remote daemon. Nil means plain HTTP without a proxy. Its redirect
	// policy is replaced: redirects are refused.
	HTTPClient *http.Client
	// Token is the secret of the daemon's run file, "" for none. It is sent
	// with every request.
	Token string
}

// New returns a client of the daemon at base: "http://127.0.0.1:9847",
// "https://watcher.example.org/prefix", or a bare host and port. It sends
// nothing yet.
func New(base string, opt Options) (*Client, error) {
	if !strings.Contains(base, "://") {
		base = "http://" + base
	}
	u, err := url.Parse(base)
	if err != nil {
		return nil, fmt.Errorf("address of the daemon: %w", err)
	}
	if u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, fmt.Errorf("address of the daemon %q: want http:// or https:// with a host, for example http://127.0.0.1:9847", u.Redacted())
	}
	hc := http.Client{Transport: &http.Transport{}}
	if opt.HTTPClient != nil {
		hc = *opt.HTTPClient
	}
	hc.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	u.Path, u.RawPath, u.RawQuery, u.Fragment = strings.TrimRight(u.Path, "/"), "", "", ""
	return &Client{base: u, token: opt.Token, http: &hc, limit: maxAnswer}, nil
}

// address joins escaped path segments to the base. Every segment is data: a
// slash in one does not become a slash of the path.
func (c *Client) address(query url.Values, segments ...string) string {
	var b strings.Builder
	b.WriteString(strings.TrimRight(c.base.String(), "/"))
	for _, s := range segments {
		b.WriteByte('/')
		b.WriteString(url.PathEscape(s))
	}
	if len(query) > 0 {
		b.WriteByte('?')
		b.WriteString(query.Encode())
	}
	return b.String()
}

// request builds a request with the token. body, when set, is sent as JSON.
func (c *Client) request(ctx context.Context, method, address string, body any) (*http.Request, error) {
	var payload io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return nil, fmt.Errorf("encode request: %w", err)
		}
		payload = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, address, payload)
	if err != nil {
		return nil, fmt.Errorf("request to the daemon: %w", err)
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return req, nil
}

// send makes one request and returns the answer if its status is a success.
// Otherwise the body is read, closed and turned into an error.
func (c *Client) send(ctx context.Context, method, address string, body any) (*http.Response, error) {
	req, err := c.request(ctx, method, address, body)
	if err != nil {
		return nil, err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, c.unreachable(err)
	}
	if resp.StatusCode >= 200 && resp.StatusCode < 300 {
		return resp, nil
	}
	return nil, errors.Join(c.refusal(resp), resp.Body.Close())
}

// unreachable takes the repeated method and address out of a transport error
// and says what to do. Interruptions are passed on as they are.
func (c *Client) unreachable(err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if ue, ok := errors.AsType[*url.Error](err); ok {
		err = ue.Err
	}
	return fmt.Errorf("the daemon at %s cannot be reached: %w (is it running, and is the address right?)", c.base.Redacted(), err)
}

// read returns a whole body and closes it.
func (c *Client) read(resp *http.Response) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(resp.Body, c.limit+1))
	if cerr := resp.Body.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return nil, fmt.Errorf("read the answer of the daemon: %w", err)
	}
	if int64(len(body)) > c.limit {
		return nil, fmt.Errorf("the answer of the daemon is larger than %d bytes", c.limit)
	}
	return body, nil
}

// get reads one JSON value.
func get[T any](ctx context.Context, c *Client, query url.Values, segments ...string) (T, error) {
	var v T
	resp, err := c.send(ctx, http.MethodGet, c.address(query, segments...), nil)
	if err != nil {
		return v, err
	}
	body, err := c.read(resp)
	if err != nil {
		return v, err
	}
	if err := json.Unmarshal(body, &v); err != nil {
		var none T
		return none, fmt.Errorf("the answer of %s is not that of a watcher daemon: %w (is the address right?)", c.base.Redacted(), err)
	}
	return v, nil
}

// post makes a request whose answer has no content.
func (c *Client) post(ctx context.Context, segments ...string) error {
	resp, err := c.send(ctx, http.MethodPost, c.address(nil, segments...), nil)
	if err != nil {
		return err
	}
	_, err = c.read(resp)
	return err
}
