package client

import (
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
	return c.lines(ctx, http.MethodPost, c.address(nil, "api", "v1", "renormalize"), req, func(line []byte) error {
		v, err := readRenormalized(line)
		if err != nil {
			return err
		}
		return emit(v)
	})
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
