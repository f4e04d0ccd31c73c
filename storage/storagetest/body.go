package storagetest

import (
	"bytes"
	"fmt"

	"watcher/policy"
	"watcher/storage"
)

func bodyCases() []Case {
	return []Case{
		{"equal bodies keep their captures", equalBodies},
		{"a capture without a body", noBody},
		{"an empty body is a body", emptyBody},
		{"a body that is not the digest's is refused", wrongDigest},
		{"a large body", largeBody},
	}
}

// see commits a capture of alpha that finds nothing new.
func (p *probe) see(c policy.Capture, h int) policy.CaptureID {
	o := observation(p.claim(alpha, at(h)), policy.OutcomeUnchanged, at(h))
	o.Capture = &c
	return p.commit(o).Capture
}

func (p *probe) body(n policy.CaptureID) []byte {
	return get[[]byte](p, fmt.Sprintf("body %d", n))(p.store.Body(p.ctx, alpha, n))
}

func equalBodies(p *probe) {
	p.sync(at(0), alpha)
	one, two := page(alpha, "one", at(1)), page(alpha, "two", at(1))
	for i, c := range []*policy.Capture{one, one, two, one, one} {
		c := *c
		c.CapturedAt = at(i + 1)
		p.equal("capture id", p.see(c, i+1), policy.CaptureID(i+1))
	}
	for i, want := range []*policy.Capture{one, one, two, one, one} {
		n := policy.CaptureID(i + 1)
		p.equal("body", p.body(n), want.Body)
		c := get[policy.Capture](p, "capture")(p.store.Capture(p.ctx, alpha, n))
		p.equal("capture time", c.CapturedAt, at(i+1))
		p.equal("digest", c.Digest, want.Digest)
	}
}

func noBody(p *probe) {
	p.sync(at(0), alpha)
	full := page(alpha, "one", at(1))
	p.see(*full, 1)
	same := policy.Capture{Policy: alpha, Status: 304, NotModified: true, CapturedAt: at(2), Digest: full.Digest}
	p.equal("body of a 304 that names it", p.body(p.see(same, 2)), full.Body)
	none := policy.Capture{Policy: alpha, Status: 304, NotModified: true, CapturedAt: at(3)}
	n := p.see(none, 3)
	_, err := p.store.Body(p.ctx, alpha, n)
	p.refused("body of a 304", err, policy.ErrNotFound)
	none.ID = n
	p.equal("capture", get[policy.Capture](p, "capture")(p.store.Capture(p.ctx, alpha, n)), none)
	p.equal("body before", p.body(1), full.Body)
}

func emptyBody(p *probe) {
	p.sync(at(0), alpha)
	c := policy.Capture{Policy: alpha, Status: 200, CapturedAt: at(1), Digest: policy.Sum(nil), Body: []byte{}}
	p.equal("body", p.body(p.see(c, 1)), []byte{})
}

func wrongDigest(p *probe) {
	p.sync(at(0), alpha)
	o := news(p.claim(alpha, at(1)), "your name", at(1))
	c := *o.Capture
	c.Body = append(bytes.Clone(c.Body), '!')
	bad := o
	bad.Capture = &c
	before := p.dump()
	if _, err := p.store.Commit(p.ctx, bad); err == nil {
		p.failf("a capture was stored although its body does not match its digest")
	}
	p.equal("what is stored", p.dump(), before)
	p.commit(o)
}

func largeBody(p *probe) {
	p.sync(at(0), alpha)
	body := make([]byte, 8<<20) // noise that no compressor makes smaller
	x := uint64(88172645463325252)
	for i := range body {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		body[i] = byte(x) //nolint:gosec // the low bits will do
	}
	c := policy.Capture{Policy: alpha, Status: 200, CapturedAt: at(1), Digest: policy.Sum(body), Body: body}
	n := p.see(c, 1)
	if !bytes.Equal(p.body(n), body) {
		p.failf("a body of %d bytes came back another", len(body))
	}
	s := get[storage.Stats](p, "stats")(p.store.Stats(p.ctx))
	p.equal("captures", s.Captures, 1)
}
