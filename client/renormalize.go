package client

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"watcher/policy"
)

// Renormalize has the daemon read stored captures by the rules of now, and hands
// what it finds to emit, version by version.
func (c *Client) Renormalize(ctx context.Context, req policy.RenormalizeRequest, emit func(policy.Renormalized) error) error {
	resp, err := c.send(ctx, http.MethodPost, c.address(nil, "api", "v1", "renormalize"), req)
	if err != nil {
		return err
	}
	// The body is read to its end or given up: nothing is left to report.
	defer func() { _ = resp.Body.Close() }()
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(make([]byte, 0, 4<<10), maxLine)
	for lines.Scan() {
		line, err := readRenormalized(lines.Bytes())
		if err != nil {
			return err
		}
		if err := emit(line); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return streamError(ctx, err)
	}
	return nil
}

func readRenormalized(line []byte) (policy.Renormalized, error) {
	var out struct {
		policy.Renormalized
		Type string `json:"type"`
	}
	if err := json.Unmarshal(line, &out); err != nil {
		return out.Renormalized, fmt.Errorf("a line of the daemon is no version: %w", err)
	}
	if out.Schema == policy.RenormalizeSchema {
		return out.Renormalized, nil
	}
	if out.Error == "" {
		return out.Renormalized, errors.New("a line of the daemon is no version: it has no schema (is the daemon older than this program?)")
	}
	return out.Renormalized, &remoteError{detail: out.Error, is: sentinel(out.Type)}
}
