package bolt

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"

	"watcher/policy"
)

// bodies puts every body together again. A policy's are taken in order, so that
// most find the one they build on at hand.
func (v *verifier) bodies() {
	ids := slices.SortedFunc(maps.Keys(v.stored), func(a, b policy.CaptureID) int {
		return cmp.Or(cmp.Compare(v.captures[a].policy, v.captures[b].policy), cmp.Compare(a, b))
	})
	h := &heap{v: v, kept: newBodyCache()}
	for _, id := range ids {
		if err := errors.Join(v.failed, v.ctx.Err()); err != nil {
			v.failed = err
			return
		}
		v.body(h, id)
	}
}

func (v *verifier) body(h *heap, id policy.CaptureID) {
	key := number(uint64(id))
	c, known := v.captures[id]
	if !known {
		v.missing(captureBucket, key, "the capture is missing")
		return
	}
	body, err := h.get(id, 0)
	switch {
	case errors.Is(err, errGone):
	case err != nil:
		v.wrong(bodyBucket, key, "%v", err)
	case policy.Sum(body) != c.digest:
		v.wrong(bodyBucket, key, "the body does not match the capture's digest")
	default:
		v.report.Bodies++
		v.report.BodyBytes += int64(len(body))
	}
}

// heap puts bodies together, and keeps those that were used last: the next ones
// build on them.
type heap struct {
	v    *verifier
	kept *bodyCache
}

func (h *heap) get(id policy.CaptureID, depth int) ([]byte, error) {
	if body := h.kept.get(id); body != nil {
		return body, nil
	}
	base, frame, err := h.v.packed(id)
	if err != nil {
		return nil, err
	}
	var body []byte
	switch {
	case base == 0:
		body, err = h.v.codec.decompress(frame)
	case base >= id || depth > 2*maxChain:
		err = fmt.Errorf("%w: the body builds on a later one", policy.ErrDamaged)
	default:
		var under []byte
		if under, err = h.get(base, depth+1); err == nil {
			body, err = h.v.codec.unpackDelta(frame, under)
		}
	}
	if err != nil {
		return nil, err
	}
	h.kept.put(id, body)
	return body, nil
}

// packed reads a body as it is stored.
func (v *verifier) packed(id policy.CaptureID) (base policy.CaptureID, frame []byte, err error) {
	p, ok := v.stored[id]
	if !ok {
		return 0, nil, fmt.Errorf("%w: the body of capture %d, on which it builds, cannot be had", policy.ErrDamaged, id)
	}
	value := make([]byte, p.size)
	if _, err := v.file.ReadAt(value, p.at); err != nil {
		return 0, nil, fmt.Errorf("%w: read: %w", policy.ErrDamaged, err)
	}
	payload, err := unseal(bodyBucket, number(uint64(id)), value)
	if err != nil {
		return 0, nil, err
	}
	return parseBody(payload)
}
