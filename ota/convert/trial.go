package convert

import (
	"context"
	"fmt"
	"slices"

	"watcher/normalize"
	"watcher/ota"
	"watcher/ota/snapshots"
	"watcher/policy"
)

// trial tries selectors on the newest snapshots of a repository.
type trial struct {
	repo    *snapshots.Repository
	content *snapshots.Content
	byName  map[string][]snapshots.Snapshot
	limit   int64
}

func newTrial(ctx context.Context, dir string, limit int64) (*trial, error) {
	repo, err := snapshots.Open(dir)
	if err != nil {
		return nil, err
	}
	t := &trial{repo: repo, content: repo.Content(), byName: map[string][]snapshots.Snapshot{}, limit: limit}
	err = repo.Current(ctx, func(s snapshots.Snapshot) error {
		t.byName[s.Name] = append(t.byName[s.Name], s)
		return nil
	})
	if err != nil {
		t.close()
		return nil, err
	}
	return t, nil
}

func (t *trial) close() {
	t.content.Close()
	_ = t.repo.Close()
}

// try notes which selectors of an entry match nothing. Its error is the
// context's.
func (t *trial) try(ctx context.Context, e *entry) error {
	for i, p := range e.pages {
		if len(p.Select)+len(p.Remove) == 0 {
			continue
		}
		name := e.names[i]
		dead, err := t.unmatched(ctx, name, p)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			e.Dead = append(e.Dead, clean(err.Error()))
		}
		for _, s := range dead {
			key := "remove"
			if slices.Contains(p.Select, s) {
				key = "select"
			}
			e.Dead = append(e.Dead, clean(fmt.Sprintf("%s %s matches nothing on the newest snapshot of %s", key, s, name)))
		}
	}
	return nil
}

// unmatched returns the selectors that match nothing on any of the files that a
// page's snapshots are in: a page that became a PDF leaves its HTML behind.
func (t *trial) unmatched(ctx context.Context, name string, p ota.Page) ([]policy.Selector, error) {
	files := t.byName[name]
	if len(files) == 0 {
		return nil, fmt.Errorf("there is no snapshot of %s", name)
	}
	var dead []policy.Selector
	for i, s := range files {
		body, err := t.content.Read(ctx, s.Blob, t.limit)
		if err != nil {
			return nil, fmt.Errorf("the snapshot of %s: %w", name, err)
		}
		got, err := normalize.Unmatched(normalize.Rules{Select: p.Select, Remove: p.Remove},
			normalize.Input{Body: body, ContentType: s.ContentType(), URL: p.URL})
		if err != nil {
			return nil, err
		}
		if i == 0 {
			dead = got
			continue
		}
		dead = slices.DeleteFunc(dead, func(s policy.Selector) bool { return !slices.Contains(got, s) })
	}
	return dead, nil
}
