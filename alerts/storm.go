package alerts

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"watcher/policy"
	"watcher/storage"
)

// storm reports which policies changed in the window and, when they are too
// many or too much alike, why alerts about them are to be held.
func (b *breaker) storm(ctx context.Context, state policy.Breaker, now time.Time) ([]policy.ID, string, error) {
	since := now.Add(-breakerWindow)
	if state.ClosedAt.After(since) && !state.ClosedAt.After(now) {
		since = state.ClosedAt
	}
	recent, err := b.d.store.Recent(ctx, storage.RecentQuery{Since: since})
	if err != nil {
		return nil, "", err
	}
	recent = slices.DeleteFunc(recent, func(v policy.Version) bool { return !told(v) || !v.CapturedAt.After(since) })
	changed := policiesOf(recent)
	active := b.opts.Active()
	if n := len(changed); n >= breakerPolicies && float64(n) >= breakerShare*float64(active) {
		return changed, fmt.Sprintf("%d of %d policies changed within a day", n, active), nil
	}
	vendors, err := b.alike(ctx, recent)
	if err != nil || len(vendors) < breakerVendors {
		return nil, "", err
	}
	alike := slices.DeleteFunc(changed, func(id policy.ID) bool { return !vendors[id.VendorSlug()] })
	return alike, fmt.Sprintf("the same new paragraph appeared at %d vendors within a day", len(vendors)), nil
}

// told reports whether a version is one that people are told of.
func told(v policy.Version) bool {
	return (v.Kind == policy.VersionChange || v.Kind == policy.VersionRevert) && v.Significance.Rank() >= policy.Minor.Rank()
}

func policiesOf(versions []policy.Version) []policy.ID {
	var ids []policy.ID
	seen := map[policy.ID]bool{}
	for _, v := range versions {
		if !seen[v.Policy] {
			seen[v.Policy] = true
			ids = append(ids, v.Policy)
		}
	}
	slices.Sort(ids)
	return ids
}

// alike returns the vendors that share the paragraph that most have in common
// among those that were added.
func (b *breaker) alike(ctx context.Context, recent []policy.Version) (map[string]bool, error) {
	by, current := map[policy.Digest]map[string]bool{}, map[changeKey][]policy.Digest{}
	for _, v := range recent {
		k := changeKey{v.Policy, v.Number}
		paragraphs, known := b.added[k]
		if !known {
			c, err := b.d.store.Change(ctx, v.Policy, v.Number)
			if err != nil {
				b.d.logger.Error("a change cannot be read for the mass-change breaker", "policy", v.Policy, "version", v.Number, "error", err)
				continue // it counts as a change all the same
			}
			paragraphs = addedParagraphs(c)
		}
		current[k] = paragraphs
		for _, p := range paragraphs {
			if by[p] == nil {
				by[p] = map[string]bool{}
			}
			by[p][v.Policy.VendorSlug()] = true
		}
	}
	b.added = current
	var most map[string]bool
	for _, vendors := range by {
		if len(vendors) > len(most) {
			most = vendors
		}
	}
	return most, ctx.Err()
}

// addedParagraphs returns the digests of what a change added, letters' case and
// spaces aside.
func addedParagraphs(c policy.Change) []policy.Digest {
	var out []policy.Digest
	for _, e := range c.Edits {
		text := strings.ToLower(strings.Join(strings.Fields(e.New), " "))
		if e.Op != policy.Added || len(text) < minShared {
			continue
		}
		if sum := policy.Sum([]byte(text)); !slices.Contains(out, sum) {
			out = append(out, sum)
		}
	}
	return out
}
