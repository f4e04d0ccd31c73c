package client

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"watcher/storage"
)

// VerifyStore has the daemon verify its store, and hands what is damaged to emit.
func (c *Client) VerifyStore(ctx context.Context, emit func(storage.Problem) error) (storage.Report, error) {
	var report *storage.Report
	err := c.lines(ctx, http.MethodPost, c.address(nil, "api", "v1", "store", "verify"), nil, func(line []byte) error {
		var l struct {
			Problem     *storage.Problem
			Report      *storage.Report
			Error, Type string
		}
		if err := json.Unmarshal(line, &l); err != nil {
			return fmt.Errorf("a line of the daemon says nothing of its store: %w", err)
		}
		switch {
		case l.Error != "":
			return &remoteError{detail: l.Error, is: sentinel(l.Type)}
		case l.Report != nil:
			report = l.Report
		case l.Problem != nil:
			return emit(*l.Problem)
		}
		return nil
	})
	switch {
	case err != nil:
		return storage.Report{}, err
	case report == nil:
		return storage.Report{}, streamError(ctx, io.ErrUnexpectedEOF)
	}
	return *report, nil
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
