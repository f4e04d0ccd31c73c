package bolt

import (
	"cmp"
	"context"
	"slices"

	"watcher/policy"
)

// Pages of one site are alike: menus, styles and footers are most of them, and the
// text is the least. So the first body of a policy may build on that of another
// policy of the vendor, if that is stored whole. A third of what first bodies take
// is saved by it; what is paid is that such a value, once damaged, takes the
// bodies of several policies along.
const (
	// maxSiblings is how many other policies are looked at.
	maxSiblings = 50
	// siblingTries is how many of their bodies are tried, the most alike in size.
	siblingTries = 3
)

// siblings returns the bodies that are stored whole of other policies of the
// vendor, those first whose size is closest to the given one.
func (t *tx) siblings(id policy.ID, size int) ([]policy.CaptureID, error) {
	type root struct {
		id  policy.CaptureID
		off int
	}
	var roots []root
	err := t.scan(idBucket, []byte(id.VendorSlug()+"/"), func(key, payload []byte) error {
		n, err := parseNumber(payload)
		if err != nil || policy.ID(key) == id {
			return err
		}
		b, err := t.lastBody(policyKey(n))
		if err != nil {
			return ignoreDamaged(err)
		}
		if b.Root != 0 {
			roots = append(roots, root{b.Root, max(b.Whole-size, size-b.Whole)})
		}
		if len(roots) == maxSiblings {
			return errStop
		}
		return nil
	})
	if err := ignoreDamaged(err); err != nil {
		return nil, err // a damaged id is told of when its policy is asked for
	}
	slices.SortFunc(roots, func(a, b root) int { return cmp.Or(cmp.Compare(a.off, b.off), cmp.Compare(a.id, b.id)) })
	var ids []policy.CaptureID
	for _, r := range roots[:min(len(roots), siblingTries)] {
		ids = append(ids, r.id)
	}
	return ids, nil
}

// packFirst returns the first body of a policy in its stored form.
func (db *DB) packFirst(ctx context.Context, body []byte, id policy.ID) (packed, error) {
	data, err := db.codec.packBody(body)
	if err != nil {
		return packed{}, err
	}
	bases, err := query(ctx, db, func(t *tx) ([]policy.CaptureID, error) { return t.siblings(id, len(data)) })
	if err != nil {
		return packed{}, err
	}
	p, err := db.smallest(ctx, body, bases, 0)
	if err != nil || p.data != nil && isWorthwhile(len(p.data), len(data)) {
		p.whole = len(data)
		return p, err
	}
	return packed{data: data}, nil
}
