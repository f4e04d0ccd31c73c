package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"watcher/crawler"
	"watcher/evidence"
	"watcher/normalize"
	"watcher/policy"
	"watcher/watch"
)

// BackfillOptions say what a backfill reads.
type BackfillOptions struct {
	// IDs are the policies to fill; none means all of the configuration.
	IDs []policy.ID
	// Files are WARC files; with OTA they are repositories of Open Terms
	// Archive's snapshots. With Wayback the captures are the web archive's.
	Files        []string
	Wayback, OTA bool
	// Since and Until leave out captures before and after.
	Since, Until time.Time
	// Progress, when set, is told how many of a policy's captures are done.
	Progress func(id policy.ID, done, total int)
	// Note, when set, is told in words what was left out.
	Note func(what string)
}

// Backfill runs the captures of an archive through the pipeline, policy by
// policy and in the order of their times, and hands the results to emit.
// Nobody is told of what comes of it.
func (a *App) Backfill(ctx context.Context, o BackfillOptions, emit func(policy.Check) error) error {
	l := a.live.Load()
	wanted, err := a.fillable(l, o.IDs)
	if err != nil {
		return err
	}
	if o.OTA {
		return a.backfillOTA(ctx, l, wanted, o, emit)
	}
	if o.Wayback {
		for _, id := range wanted {
			p, ok := l.plan.Policies[id]
			if !ok {
				return fmt.Errorf("policy %q is not in the configuration: %w", id, policy.ErrNotFound)
			}
			if err := a.backfillWayback(ctx, l, p, o, emit); err != nil {
				return fmt.Errorf("%s: %w", id, err)
			}
		}
		return nil
	}
	index, err := newArchive(l, wanted)
	if err != nil {
		return err
	}
	defer index.close()
	for _, name := range o.Files {
		if err := index.read(name, o.Since, o.Until); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	past := watch.Past{Checker: a.checker, Settings: l.plan.Settings, Owner: owner()}
	for _, id := range wanted {
		p := l.plan.Policies[id]
		if err := past.Run(ctx, p, index.captures(ctx, p, l.config.Crawler.MaxDecoded), emit); err != nil {
			return fmt.Errorf("%s: %w", id, err)
		}
	}
	return nil
}

// fillable returns the policies to fill. One that is made of several pages has no
// past in an archive: its pages were not captured together.
func (a *App) fillable(l *live, ids []policy.ID) ([]policy.ID, error) {
	if len(ids) > 0 {
		for _, id := range ids {
			if p := l.plan.Policies[id]; p.Follow != "" || len(p.Combine) > 0 {
				return nil, fmt.Errorf("policy %q is made of several pages (`combine:` or `follow:`), which no archive captured together", id)
			}
		}
		return ids, nil
	}
	for _, p := range l.config.Policies {
		if p.Follow != "" || len(p.Combine) > 0 {
			a.opts.Logger.Warn("left out of the backfill: no archive captures several pages together", "policy", p.ID)
			continue
		}
		ids = append(ids, p.ID)
	}
	return ids, nil
}

// archive is the captures of some WARC files by policy. Bodies are spooled to
// a file, so that they can be read in the order of time and not of the files.
type archive struct {
	spool *os.File
	size  int64
	byURL map[string][]policy.ID
	rows  map[policy.ID][]archived
	// payloads finds the body that a revisit record refers to.
	payloads map[string]archived
}

// archived is one capture of an archive; its body is at [at, at+size).
type archived struct {
	record   evidence.Record
	at, size int64
}

func newArchive(l *live, ids []policy.ID) (*archive, error) {
	x := &archive{byURL: map[string][]policy.ID{}, rows: map[policy.ID][]archived{}, payloads: map[string]archived{}}
	for _, id := range ids {
		p, ok := l.plan.Policies[id]
		if !ok {
			return nil, fmt.Errorf("policy %q is not in the configuration: %w", id, policy.ErrNotFound)
		}
		for _, u := range append([]string{p.URL}, p.ArchiveURLs...) {
			key := archiveKey(u)
			x.byURL[key] = append(x.byURL[key], id)
		}
	}
	var err error
	if x.spool, err = os.CreateTemp("", "watcher-backfill-"); err != nil {
		return nil, err
	}
	return x, nil
}

func (x *archive) close() {
	_ = x.spool.Close()
	_ = os.Remove(x.spool.Name())
}

// archiveKey is what two addresses of one page share in an archive's eyes:
// http and https, a "www." and a last slash make no difference (SURT).
func archiveKey(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return raw
	}
	key := strings.TrimPrefix(strings.ToLower(u.Hostname()), "www.") + strings.TrimRight(u.EscapedPath(), "/")
	if u.RawQuery != "" {
		key += "?" + u.RawQuery
	}
	return key
}

// read takes in the records of a file that belong to one of the policies.
func (x *archive) read(name string, since, until time.Time) error {
	f, err := os.Open(name) //nolint:gosec // the user names it
	if err != nil {
		return err
	}
	defer f.Close()
	return evidence.ReadWARC(f, func(r evidence.Record) error {
		ids := x.byURL[archiveKey(r.URL)]
		if len(ids) == 0 || r.Date.Before(since) || !until.IsZero() && r.Date.After(until) {
			return nil
		}
		row := archived{at: x.size, size: int64(len(r.Body))}
		if before, ok := x.payloads[r.PayloadDigest]; r.Revisit && ok {
			row = before
			r.Status, r.Header = before.record.Status, before.record.Header
		} else if _, err := x.spool.Write(r.Body); err != nil {
			return fmt.Errorf("spool: %w", err)
		} else {
			x.size += row.size
		}
		r.Body, row.record = nil, r
		if r.PayloadDigest != "" && !r.Revisit {
			x.payloads[r.PayloadDigest] = row
		}
		for _, id := range ids {
			x.rows[id] = append(x.rows[id], row)
		}
		return nil
	})
}

// captures returns the captures of a policy in the order of time.
func (x *archive) captures(ctx context.Context, p policy.Policy, limit int64) iter.Seq2[policy.Capture, error] {
	rows := x.rows[p.ID]
	slices.SortStableFunc(rows, func(a, b archived) int { return cmp.Compare(a.record.Date.UnixNano(), b.record.Date.UnixNano()) })
	return func(yield func(policy.Capture, error) bool) {
		for _, row := range rows {
			if !yield(x.capture(ctx, row, limit)) {
				return
			}
		}
	}
}

// capture makes a capture of a row. Its error is one of the record, which is
// then a failed check.
func (x *archive) capture(ctx context.Context, row archived, limit int64) (policy.Capture, error) {
	r := row.record
	c := policy.Capture{
		Source: policy.SourceWARC, URL: r.URL, FinalURL: r.URL, Status: r.Status, Header: crawler.Redact(r.Header),
		StartedAt: r.Date, CapturedAt: r.Date, ContentType: r.Header.Get("Content-Type"),
		WireBytes: row.size, Hops: []policy.Hop{{URL: r.URL, Status: r.Status}}, Attempts: 1,
	}
	switch {
	case r.Truncated != "":
		return c, &policy.FetchError{Reason: policy.FetchTruncated, URL: r.URL, Err: fmt.Errorf("the archive cut the record (%s)", r.Truncated)}
	case r.Revisit && row.size == 0:
		return c, &policy.FetchError{Reason: policy.FetchOther, URL: r.URL, Err: errors.New("a revisit of a record that is not in the files")}
	}
	raw := make([]byte, row.size)
	if _, err := x.spool.ReadAt(raw, row.at); err != nil && !errors.Is(err, io.EOF) {
		return c, fmt.Errorf("spool: %w", err)
	}
	body, coding, err := crawler.Archived(ctx, r.Header, raw, limit)
	if err != nil {
		return c, err
	}
	c.Body, c.Size, c.Digest, c.ContentEncoding = body, int64(len(body)), policy.Sum(body), coding
	c.MediaType = normalize.Sniff(body, c.ContentType, r.URL)
	return c, nil
}
