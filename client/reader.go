package client

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"watcher/policy"
	"watcher/storage"
)

// at returns the path of a policy, or policy.ErrNotFound for what is no id:
// nothing else may become part of a path.
func at(id policy.ID, more ...string) ([]string, error) {
	if _, err := policy.ParseID(string(id)); err != nil {
		return nil, fmt.Errorf("policy %w: %w", policy.ErrNotFound, err)
	}
	vendor, kind, _ := strings.Cut(string(id), "/")
	return append([]string{"api", "v1", "policies", vendor, kind}, more...), nil
}

func one[T any](ctx context.Context, c *Client, id policy.ID, more ...string) (T, error) {
	path, err := at(id, more...)
	if err != nil {
		var none T
		return none, err
	}
	return get[T](ctx, c, nil, path...)
}

// States implements storage.Reader.
func (c *Client) States(ctx context.Context) ([]policy.State, error) {
	list, err := get[struct {
		Policies []policy.State `json:"policies"`
	}](ctx, c, nil, "api", "v1", "policies")
	return list.Policies, err
}

// State implements storage.Reader.
func (c *Client) State(ctx context.Context, id policy.ID) (policy.State, error) {
	return one[policy.State](ctx, c, id)
}

// Versions implements storage.Reader.
func (c *Client) Versions(ctx context.Context, id policy.ID) ([]policy.Version, error) {
	list, err := one[struct {
		Versions []policy.Version `json:"versions"`
	}](ctx, c, id, "versions")
	return list.Versions, err
}

// Version implements storage.Reader.
func (c *Client) Version(ctx context.Context, id policy.ID, number int) (policy.Version, error) {
	return one[policy.Version](ctx, c, id, "versions", strconv.Itoa(number))
}

// Document implements storage.Reader.
func (c *Client) Document(ctx context.Context, id policy.ID, number int) (policy.Document, error) {
	return one[policy.Document](ctx, c, id, "versions", strconv.Itoa(number), "document")
}

// Change implements storage.Reader.
func (c *Client) Change(ctx context.Context, id policy.ID, to int) (policy.Change, error) {
	return one[policy.Change](ctx, c, id, "changes", strconv.Itoa(to))
}

// Capture implements storage.Reader.
func (c *Client) Capture(ctx context.Context, id policy.ID, capture policy.CaptureID) (policy.Capture, error) {
	return one[policy.Capture](ctx, c, id, "captures", captureNumber(capture))
}

func captureNumber(id policy.CaptureID) string { return strconv.FormatUint(uint64(id), 10) }

// Body implements storage.Reader. The digest is that of the capture's own
// record, asked for separately: what a cache or a proxy mangled is
// policy.ErrDamaged.
func (c *Client) Body(ctx context.Context, id policy.ID, capture policy.CaptureID) ([]byte, error) {
	record, err := c.Capture(ctx, id, capture)
	if err != nil {
		return nil, err
	}
	path, err := at(id, "captures", captureNumber(capture), "body")
	if err != nil {
		return nil, err
	}
	resp, err := c.send(ctx, http.MethodGet, c.address(nil, path...), nil)
	if err != nil {
		return nil, err
	}
	body, err := c.read(resp)
	if err != nil {
		return nil, err
	}
	if !record.Digest.IsZero() && policy.Sum(body) != record.Digest {
		return nil, fmt.Errorf("body of capture %d of %s as received from %s: %w", capture, id, c.base.Redacted(), policy.ErrDamaged)
	}
	return body, nil
}

// Recent implements storage.Reader.
func (c *Client) Recent(ctx context.Context, q storage.RecentQuery) ([]policy.Version, error) {
	return paged(q.Limit, func(v policy.Version) string { return fmt.Sprintf("%s@%d", v.Policy, v.Number) },
		func(offset, limit int) ([]policy.Version, error) {
			list, err := get[struct {
				Changes []policy.Version `json:"changes"`
			}](ctx, c, window(q.Since, offset, limit), "api", "v1", "changes")
			return list.Changes, err
		})
}

// Checks implements storage.Reader.
func (c *Client) Checks(ctx context.Context, id policy.ID, q storage.CheckQuery) ([]policy.Check, error) {
	path, err := at(id, "checks")
	if err != nil {
		return nil, err
	}
	return paged(q.Limit, func(ck policy.Check) string { return fmt.Sprintf("%d %s %d", ck.At.UnixNano(), ck.Outcome, ck.Capture) },
		func(offset, limit int) ([]policy.Check, error) {
			list, err := get[struct {
				Checks []policy.Check `json:"checks"`
			}](ctx, c, until(window(q.Since, offset, limit), q.Until), path...)
			return list.Checks, err
		})
}

// Runs implements storage.Reader.
func (c *Client) Runs(ctx context.Context, id policy.ID, q storage.RunQuery) ([]policy.Run, error) {
	path, err := at(id, "runs")
	if err != nil {
		return nil, err
	}
	return paged(q.Limit, func(r policy.Run) string { return fmt.Sprintf("%d %s %d", r.First.UnixNano(), r.Outcome, r.Count) },
		func(offset, limit int) ([]policy.Run, error) {
			list, err := get[struct {
				Runs []policy.Run `json:"runs"`
			}](ctx, c, until(window(q.Since, offset, limit), q.Until), path...)
			return list.Runs, err
		})
}

// Uptime implements storage.Reader.
func (c *Client) Uptime(ctx context.Context, q storage.UptimeQuery) ([]policy.Stretch, error) {
	return paged(q.Limit, func(s policy.Stretch) string { return fmt.Sprintf("%d %d", s.Session, s.Began.UnixNano()) },
		func(offset, limit int) ([]policy.Stretch, error) {
			list, err := get[struct {
				Uptime []policy.Stretch `json:"uptime"`
			}](ctx, c, window(q.Since, offset, limit), "api", "v1", "uptime")
			return list.Uptime, err
		})
}

// Alerts implements storage.Reader.
func (c *Client) Alerts(ctx context.Context, q storage.AlertQuery) ([]policy.Alert, error) {
	return paged(q.Limit, func(a policy.Alert) string { return a.ID },
		func(offset, limit int) ([]policy.Alert, error) {
			query := window(time.Time{}, offset, limit)
			if q.Receiver != "" {
				query.Set("receiver", q.Receiver)
			}
			if q.Policy != "" {
				query.Set("policy", string(q.Policy))
			}
			for _, s := range q.States {
				query.Add("state", string(s))
			}
			list, err := get[struct {
				Alerts []policy.Alert `json:"alerts"`
			}](ctx, c, query, "api", "v1", "alerts")
			return list.Alerts, err
		})
}

// Alert implements storage.Reader.
func (c *Client) Alert(ctx context.Context, id string) (policy.Alert, error) {
	if err := segment("alert", id); err != nil {
		return policy.Alert{}, err
	}
	return get[policy.Alert](ctx, c, nil, "api", "v1", "alerts", id)
}

// segment refuses names that a server would read as a step in the path.
func segment(what, name string) error {
	if name == "" || name == "." || name == ".." {
		return fmt.Errorf("%s %q: %w", what, name, policy.ErrNotFound)
	}
	return nil
}

// Stats implements storage.Reader.
func (c *Client) Stats(ctx context.Context) (storage.Stats, error) {
	return get[storage.Stats](ctx, c, nil, "api", "v1", "stats")
}

func until(query url.Values, t time.Time) url.Values {
	if !t.IsZero() {
		query.Set("until", t.UTC().Format(time.RFC3339Nano))
	}
	return query
}

func window(since time.Time, offset, limit int) url.Values {
	query := url.Values{"limit": {strconv.Itoa(limit)}}
	if offset > 0 {
		query.Set("offset", strconv.Itoa(offset))
	}
	if !since.IsZero() {
		query.Set("since", since.UTC().Format(time.RFC3339Nano))
	}
	return query
}
