package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"watcher/policy"
)

// Silences implements storage.Reader.
func (c *Client) Silences(ctx context.Context) ([]policy.Silence, error) {
	list, err := get[struct {
		Silences []policy.Silence `json:"silences"`
	}](ctx, c, nil, "api", "v1", "silences")
	return list.Silences, err
}

// Breaker implements storage.Reader.
func (c *Client) Breaker(ctx context.Context) (policy.Breaker, error) {
	return get[policy.Breaker](ctx, c, nil, "api", "v1", "breaker")
}

// AddSilence has the daemon keep a silence and returns it with its id.
func (c *Client) AddSilence(ctx context.Context, s policy.Silence) (policy.Silence, error) {
	return sendJSON[policy.Silence](ctx, c, http.MethodPost, s, "api", "v1", "silences")
}

// ExpireSilence ends a silence now.
func (c *Client) ExpireSilence(ctx context.Context, id string) error {
	if err := segment("silence", id); err != nil {
		return err
	}
	resp, err := c.send(ctx, http.MethodDelete, c.address(nil, "api", "v1", "silences", id), nil)
	if err != nil {
		return err
	}
	_, err = c.read(resp)
	return err
}

// CloseBreaker closes the mass-change breaker and releases what it holds.
func (c *Client) CloseBreaker(ctx context.Context, by string) error {
	resp, err := c.send(ctx, http.MethodPost, c.address(nil, "api", "v1", "breaker", "close"), struct {
		By string `json:"by"`
	}{by})
	if err != nil {
		return err
	}
	_, err = c.read(resp)
	return err
}

// ResumeReceiver makes the parked alerts of a receiver pending again and
// returns how many there were.
func (c *Client) ResumeReceiver(ctx context.Context, name string) (int, error) {
	if err := segment("receiver", name); err != nil {
		return 0, err
	}
	out, err := sendJSON[struct {
		Alerts int `json:"alerts"`
	}](ctx, c, http.MethodPost, nil, "api", "v1", "receivers", name, "resume")
	return out.Alerts, err
}

// sendJSON makes a request with a JSON body and reads the JSON answer.
func sendJSON[T any](ctx context.Context, c *Client, method string, body any, segments ...string) (T, error) {
	var v T
	resp, err := c.send(ctx, method, c.address(nil, segments...), body)
	if err != nil {
		return v, err
	}
	answer, err := c.read(resp)
	if err != nil {
		return v, err
	}
	if err := json.Unmarshal(answer, &v); err != nil {
		var none T
		return none, fmt.Errorf("the answer of %s is not that of a watcher daemon: %w (is the address right?)", c.base.Redacted(), err)
	}
	return v, nil
}
