package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"

	"watcher/history"
)

// Search has the daemon look through its texts, and hands every result to emit
// as it comes.
func (c *Client) Search(ctx context.Context, q history.Query, emit func(history.Result) error) (history.SearchEnd, error) {
	var end history.SearchEnd
	ended := false
	err := c.lines(ctx, http.MethodGet, c.address(searchValues(q), "api", "v1", "search"), nil, func(line []byte) error {
		result, last, err := readResult(line)
		switch {
		case err != nil:
			return err
		case last != nil:
			end, ended = *last, true
			return nil
		}
		return emit(result)
	})
	if err == nil && !ended {
		err = fmt.Errorf("the daemon broke off in the middle of a search: %w (its log has the reason)", io.ErrUnexpectedEOF)
	}
	return end, err
}

func searchValues(q history.Query) url.Values {
	v := url.Values{"q": {q.Text}, "in": q.In}
	for _, id := range q.Policies {
		v.Add("policy", string(id))
	}
	for name, value := range map[string]string{"vendor": q.Vendor, "kind": string(q.Kind)} {
		if value != "" {
			v.Set(name, value)
		}
	}
	if q.Limit > 0 {
		v.Set("limit", strconv.Itoa(q.Limit))
	}
	if q.Timeout > 0 {
		v.Set("timeout", q.Timeout.String())
	}
	return v
}

// readResult decodes a line: a result, the end, or the error that ends a stream.
func readResult(line []byte) (r history.Result, end *history.SearchEnd, err error) {
	var kind struct{ Schema, Error, Type string }
	if err := json.Unmarshal(line, &kind); err != nil {
		return r, nil, fmt.Errorf("a line of the daemon is no result: %w", err)
	}
	switch {
	case kind.Schema == history.SearchSchema:
		err = json.Unmarshal(line, &r)
	case kind.Schema == history.SearchEndSchema:
		end = &history.SearchEnd{}
		err = json.Unmarshal(line, end)
	case kind.Error != "":
		return r, nil, &remoteError{detail: kind.Error, is: sentinel(kind.Type)}
	default:
		return r, nil, errors.New("a line of the daemon is no result: it has no schema (is the daemon older than this program?)")
	}
	if err != nil {
		return r, nil, fmt.Errorf("a line of the daemon is no result: %w", err)
	}
	return r, end, nil
}
