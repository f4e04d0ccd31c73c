package client

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"watcher/storage"
)

// VerifyStore has the daemon verify its store, and hands what is damaged to emit.
func (c *Client) VerifyStore(ctx context.Context, emit func(storage.Problem) error) (storage.Report, error) {
	resp, err := c.send(ctx, http.MethodPost, c.address(nil, "api", "v1", "store", "verify"), nil)
	if err != nil {
		return storage.Report{}, err
	}
	defer func() { _ = resp.Body.Close() }() // read to its end or given up
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(make([]byte, 0, 4<<10), maxLine)
	for lines.Scan() {
		var l struct {
			Problem     *storage.Problem
			Report      *storage.Report
			Error, Type string
		}
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			return storage.Report{}, fmt.Errorf("a line of the daemon says nothing of its store: %w", err)
		}
		switch {
		case l.Error != "":
			return storage.Report{}, &remoteError{detail: l.Error, is: sentinel(l.Type)}
		case l.Report != nil:
			return *l.Report, nil
		case l.Problem != nil:
			if err := emit(*l.Problem); err != nil {
				return storage.Report{}, err
			}
		}
	}
	return storage.Report{}, streamError(ctx, errors.Join(io.ErrUnexpectedEOF, lines.Err()))
}

// CopyStore writes a copy of the daemon's store to w.
func (c *Client) CopyStore(ctx context.Context, w io.Writer) error {
	resp, err := c.send(ctx, http.MethodPost, c.address(nil, "api", "v1", "store", "backup"), nil)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }() // read to its end or given up
	n, err := io.Copy(w, resp.Body)
	if err == nil && resp.ContentLength >= 0 && n != resp.ContentLength {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return fmt.Errorf("copy the daemon's store: %w", err)
	}
	return nil
}
