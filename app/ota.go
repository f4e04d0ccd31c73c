package app

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"watcher/normalize"
	"watcher/ota/snapshots"
	"watcher/policy"
	"watcher/watch"
)

// backfillOTA gives policies their past out of repositories of Open Terms
// Archive's snapshots.
func (a *App) backfillOTA(ctx context.Context, l *live, wanted []policy.ID, o BackfillOptions, emit func(policy.Check) error) error {
	x, err := newOTAArchive(l, wanted)
	if err != nil {
		return err
	}
	defer x.close()
	x.since, x.until, x.now = o.Since, o.Until, a.opts.Clock()
	for _, dir := range o.Files {
		if err := x.read(ctx, dir); err != nil {
			return fmt.Errorf("%s: %w", dir, err)
		}
	}
	x.tell(o)
	past := watch.Past{Checker: a.checker, Settings: l.plan.Settings, Owner: owner()}
	for _, id := range wanted {
		p := l.plan.Policies[id]
		if len(p.Combine) > 0 && len(x.rows[id]) > 0 {
			// Each page has snapshots of its own; one of them is not the document.
			x.note(o, "%s is made of several pages: their snapshots are not put together, and were left out", id)
			continue
		}
		known, err := a.capturedAt(ctx, id)
		if err != nil {
			return fmt.Errorf("%s: %w", id, err)
		}
		src := &otaPast{rows: x.ordered(id), policy: p, known: known, limit: l.config.Crawler.MaxDecoded, progress: o.Progress}
		if err := past.Run(ctx, p, src.captures(ctx), emit); err != nil {
			return fmt.Errorf("%s: %w", id, err)
		}
	}
	return nil
}

// otaArchive is the snapshots of some repositories by policy.
type otaArchive struct {
	since, until, now time.Time

	byURL, byName map[string][]policy.ID
	rows          map[policy.ID][]otaRow
	open          []*snapshots.Repository
	contents      []*snapshots.Content
	// future counts snapshots from after now.
	future int
}

// otaRow is a snapshot and what reads its content.
type otaRow struct {
	snapshots.Snapshot
	content *snapshots.Content
}

func newOTAArchive(l *live, ids []policy.ID) (*otaArchive, error) {
	x := &otaArchive{byURL: map[string][]policy.ID{}, byName: map[string][]policy.ID{}, rows: map[policy.ID][]otaRow{}}
	for _, id := range ids {
		p, ok := l.plan.Policies[id]
		if !ok {
			return nil, fmt.Errorf("policy %q is not in the configuration: %w", id, policy.ErrNotFound)
		}
		for _, u := range append([]string{p.URL}, p.ArchiveURLs...) {
			key := archiveKey(u)
			x.byURL[key] = append(x.byURL[key], id)
		}
		for _, name := range p.OTA {
			x.byName[name] = append(x.byName[name], id)
		}
	}
	return x, nil
}

func (x *otaArchive) close() {
	for _, c := range x.contents {
		c.Close()
	}
	for _, r := range x.open {
		_ = r.Close()
	}
}

// read takes in the snapshots of a repository that belong to one of the
// policies: by the address that the commit names, or by the name of the file.
func (x *otaArchive) read(ctx context.Context, dir string) error {
	repo, err := snapshots.Open(dir)
	if err != nil {
		return err
	}
	content := repo.Content()
	x.open, x.contents = append(x.open, repo), append(x.contents, content)
	return repo.Log(ctx, func(s snapshots.Snapshot) error {
		ids := slices.Clone(x.byName[s.Name])
		if s.URL != "" {
			ids = append(ids, x.byURL[archiveKey(s.URL)]...)
		}
		switch {
		case len(ids) == 0, s.Time.Before(x.since), !x.until.IsZero() && s.Time.After(x.until):
			return nil
		case s.Time.After(x.now):
			x.future++
			return nil
		}
		slices.Sort(ids)
		for _, id := range slices.Compact(ids) {
			x.rows[id] = append(x.rows[id], otaRow{s, content})
		}
		return nil
	})
}

// tell says what was left out, and which policy that was asked for has nothing.
func (x *otaArchive) tell(o BackfillOptions) {
	if x.future > 0 {
		x.note(o, "%d snapshots bear a time that is yet to come, and were left out", x.future)
	}
	for _, id := range o.IDs {
		if len(x.rows[id]) == 0 {
			x.note(o, "%s: no snapshot has its address; `ota: Service/Document Type` at the policy finds them by name", id)
		}
	}
	if len(o.IDs) == 0 && len(x.rows) == 0 {
		x.note(o, "no snapshot has the address of a policy; `ota: Service/Document Type` at a policy finds them by name")
	}
}

func (*otaArchive) note(o BackfillOptions, format string, args ...any) {
	if o.Note != nil {
		o.Note(fmt.Sprintf(format, args...))
	}
}

// ordered returns the snapshots of a policy in the order of time. The time names
// a capture: of two in one second the second comes a nanosecond later.
func (x *otaArchive) ordered(id policy.ID) []otaRow {
	rows := x.rows[id]
	slices.Reverse(rows) // the log begins with the newest
	slices.SortStableFunc(rows, func(a, b otaRow) int { return a.Time.Compare(b.Time) })
	for i := 1; i < len(rows); i++ {
		if !rows[i].Time.After(rows[i-1].Time) {
			rows[i].Time = rows[i-1].Time.Add(time.Nanosecond)
		}
	}
	return rows
}

// otaPast turns the snapshots of a policy into captures, one when it is asked
// for.
type otaPast struct {
	rows     []otaRow
	policy   policy.Policy
	known    map[int64]bool
	limit    int64
	progress func(id policy.ID, done, total int)
}

func (s *otaPast) captures(ctx context.Context) iter.Seq2[policy.Capture, error] {
	return func(yield func(policy.Capture, error) bool) {
		for i, row := range s.rows {
			if !yield(s.capture(ctx, row)) { // which looks at the context itself
				return
			}
			if s.progress != nil {
				s.progress(s.policy.ID, i+1, len(s.rows))
			}
		}
	}
}

// capture makes a capture of a snapshot. Its error is one of the content, which
// is then a failed check. Only pages that came with status 200 are recorded.
func (s *otaPast) capture(ctx context.Context, row otaRow) (policy.Capture, error) {
	address := row.URL
	if address == "" {
		address = s.policy.URL
	}
	c := policy.Capture{
		Policy: s.policy.ID, Source: policy.SourceOTA, URL: address, FinalURL: address, Status: 200,
		StartedAt: row.Time, CapturedAt: row.Time, ContentType: row.ContentType(), Header: provenance(row),
		Hops: []policy.Hop{{URL: address, Status: 200}}, Attempts: 1,
	}
	if s.known[row.Time.UnixNano()] {
		return c, nil // passed over
	}
	body, err := row.content.Read(ctx, row.Blob, s.limit)
	switch {
	case errors.Is(err, snapshots.ErrTooLarge):
		return c, &policy.FetchError{Reason: policy.FetchTooLarge, URL: address, Hint: "raise `max_decoded` under `crawler:`", Err: err}
	case err != nil:
		return c, &policy.FetchError{Reason: policy.FetchOther, URL: address, Hint: "see what `git fsck` says of the repository", Err: err}
	}
	c.Body, c.Size, c.WireBytes, c.Digest = body, int64(len(body)), int64(len(body)), policy.Sum(body)
	c.MediaType = normalize.Sniff(body, c.ContentType, address)
	return c, nil
}

// provenance is what the repository says of a snapshot, in the form of headers:
// those of the answer were not kept.
func provenance(row otaRow) map[string][]string {
	h := map[string][]string{"X-Ota-Commit": {row.Commit}, "X-Ota-Name": {row.Name + row.Ext}}
	if row.ContentType() != "" {
		h["Content-Type"] = []string{row.ContentType()}
	}
	for key, value := range map[string]string{"X-Fetcher": row.Fetcher, "X-Engine-Version": row.Engine} {
		if value != "" {
			h[key] = []string{value}
		}
	}
	return h
}
