package client

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"watcher/policy"
)

// maxLine bounds a line of a check stream in bytes. A check holds no text of a
// page, but an error or the evidence of a rule.
const maxLine = 1 << 20

// CheckRequest says what to check. The zero value checks every policy of the
// daemon's configuration.
type CheckRequest struct {
	Policies []policy.ID `json:"policies"`
	// DryRun commits nothing.
	DryRun bool `json:"dry_run"`
	// NoAlerts leaves alerts in the outbox for the daemon's own pace.
	NoAlerts bool `json:"no_alerts"`
}

// Readiness is what the daemon says of itself.
type Readiness struct {
	Ready bool `json:"ready"`
	// ConfigOK is false while the configuration on disk is not valid and the
	// daemon goes on with the one before.
	ConfigOK bool     `json:"config_ok"`
	Detail   []string `json:"detail"`
}

// Check asks the daemon for one pass and hands every check to emit as it ends,
// one at a time. It returns the first error of emit, or what made the daemon
// stop; a stream that breaks off is io.ErrUnexpectedEOF.
func (c *Client) Check(ctx context.Context, req CheckRequest, emit func(policy.Check) error) error {
	return c.stream(ctx, req, emit, "api", "v1", "check")
}

// Rule has the daemon carry out what a person says of a held capture, and returns
// what came of it.
func (c *Client) Rule(ctx context.Context, id policy.ID, r policy.Ruling) ([]policy.Check, error) {
	path, err := at(id, "quarantine")
	if err != nil {
		return nil, err
	}
	var out []policy.Check
	err = c.stream(ctx, r, func(check policy.Check) error { out = append(out, check); return nil }, path...)
	return out, err
}

// stream posts a request whose answer is a check per line.
func (c *Client) stream(ctx context.Context, req any, emit func(policy.Check) error, path ...string) error {
	return c.lines(ctx, http.MethodPost, c.address(nil, path...), req, func(line []byte) error {
		if len(line) == 0 {
			return nil
		}
		check, err := readLine(line)
		if err != nil {
			return err
		}
		return emit(check)
	})
}

// lines makes a request and hands its answer to each line by line. It ends with
// the first error of each, or what broke the answer off.
func (c *Client) lines(ctx context.Context, method, address string, req any, each func(line []byte) error) error {
	resp, err := c.send(ctx, method, address, req)
	if err != nil {
		return err
	}
	// The body is read to its end or given up: nothing is left to report.
	defer func() { _ = resp.Body.Close() }()
	in := bufio.NewScanner(resp.Body)
	in.Buffer(make([]byte, 0, 4<<10), maxLine)
	for in.Scan() {
		if err := each(in.Bytes()); err != nil {
			return err
		}
	}
	if err := in.Err(); err != nil {
		return streamError(ctx, err)
	}
	return nil
}

// streamError names what broke a stream. When the caller gave up, its own
// reason comes first.
func streamError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("the daemon broke off in the middle of the checks: %w (its log has the reason)", err)
	}
	return fmt.Errorf("read the checks: %w", err)
}

// readLine decodes a check, or the error that ends a stream. A check always
// has an outcome; the line of an error has none.
func readLine(line []byte) (policy.Check, error) {
	var check policy.Check
	if err := json.Unmarshal(line, &check); err != nil {
		return check, fmt.Errorf("a line of the daemon is no check: %w", err)
	}
	if check.Outcome != "" {
		return check, nil
	}
	var failure struct{ Error, Type string }
	if err := json.Unmarshal(line, &failure); err != nil || failure.Error == "" {
		return check, errors.New("a line of the daemon is no check: it has no outcome")
	}
	return check, &remoteError{detail: failure.Error, is: sentinel(failure.Type)}
}

// RequeueAlert makes a delivered, dead or parked alert pending again under the
// same id.
func (c *Client) RequeueAlert(ctx context.Context, id string) error {
	if err := segment("alert", id); err != nil {
		return err
	}
	return c.post(ctx, "api", "v1", "alerts", id, "redeliver")
}

// TestReceiver sends a test message through a receiver.
func (c *Client) TestReceiver(ctx context.Context, name string) error {
	if err := segment("receiver", name); err != nil {
		return err
	}
	return c.post(ctx, "api", "v1", "receivers", name, "test")
}

// Reload asks the daemon to read its configuration again. On error the running
// configuration stays.
func (c *Client) Reload(ctx context.Context) error { return c.post(ctx, "-", "reload") }

// Ready asks the daemon how it is. A daemon that is not ready is no error.
func (c *Client) Ready(ctx context.Context) (Readiness, error) {
	var state Readiness
	req, err := c.request(ctx, http.MethodGet, c.address(nil, "-", "ready"), nil)
	if err != nil {
		return state, err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return state, c.unreachable(err)
	}
	if resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusServiceUnavailable {
		return state, errors.Join(c.strange(resp), resp.Body.Close())
	}
	body, err := c.read(resp)
	if err != nil {
		return state, err
	}
	if err := json.Unmarshal(body, &state); err != nil {
		return Readiness{}, c.strange(resp)
	}
	return state, nil
}
