package history

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"watcher/evidence"
	"watcher/policy"
	"watcher/storage"
)

// warc writes a record per capture that a check of the policies brought, with the
// bytes of the page. A page that came with the same bytes as the time before is a
// revisit.
func (x *exporter) warc(ctx context.Context) error {
	states, err := x.states(ctx)
	if err != nil {
		return err
	}
	w := evidence.NewWARCWriter(x.out)
	if err := w.Info(map[string]string{"software": "watcher", "format": "WARC File Format 1.1", "description": "captures of policies; header fields with secrets are redacted, content coding is undone"}, time.Time{}); err != nil {
		return err
	}
	for _, s := range states {
		checks, err := x.reader.Checks(ctx, s.ID, storage.CheckQuery{})
		if err != nil {
			if err := x.missing("the checks of "+string(s.ID), err); err != nil {
				return err
			}
			continue
		}
		x.done.Policies++
		before := map[policy.Digest]policy.Capture{}
		for _, c := range slices.Backward(checks) {
			if c.Capture == 0 {
				continue
			}
			if err := x.record(ctx, w, s.ID, c.Capture, before); err != nil {
				return err
			}
		}
	}
	return nil
}

// record writes one capture; before holds the last one that was written with its
// bytes.
func (x *exporter) record(ctx context.Context, w *evidence.WARCWriter, id policy.ID, n policy.CaptureID, before map[policy.Digest]policy.Capture) error {
	what := fmt.Sprintf("capture %d of %s", n, id)
	if err := ctx.Err(); err != nil {
		return err
	}
	c, err := x.reader.Capture(ctx, id, n)
	if err != nil {
		return x.missing(what, err)
	}
	rec := evidence.Record{URL: c.FinalURL, Date: c.CapturedAt, Status: c.Status, Header: httpHeader(c), PayloadDigest: "sha256:" + c.Digest.String()}
	origin := fmt.Sprintf("%s %d", id, n)
	same, known := before[c.Digest]
	switch {
	case c.NotModified || c.Digest.IsZero():
		return nil // there is nothing of the page in it
	case known:
		rec.Revisit = true
		err = w.Revisit(rec, origin, same.FinalURL, same.CapturedAt)
	default:
		if rec.Body, err = x.reader.Body(ctx, id, n); errors.Is(err, policy.ErrNotFound) {
			return nil // a refused page, whose time is over
		}
		if err != nil {
			return x.missing(what, err)
		}
		clear(before)
		before[c.Digest] = c
		err = w.Response(rec, origin)
	}
	if err == nil {
		x.done.Captures++
	}
	return err
}

// httpHeader makes the header of a response whose coding was undone; what it said
// of the coding is kept under another name.
func httpHeader(c policy.Capture) http.Header {
	out := http.Header{}
	for name, values := range redacted(c.Header) {
		switch key := http.CanonicalHeaderKey(name); key {
		case "Content-Encoding", "Transfer-Encoding", "Content-Length":
			out["X-Archive-Orig-"+key] = values
		default:
			out[key] = values
		}
	}
	if c.ContentType != "" {
		out.Set("Content-Type", c.ContentType)
	}
	return out
}
