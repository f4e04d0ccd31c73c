package watch

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"watcher/normalize"
	"watcher/policy"
	"watcher/triage"
)

// gather gets what a document is made of: mostly one page, else the file that
// the page links to, or several pages as one bundle. Where a part is refused, it
// is what is returned, with its verdict: a document that lacks a part must not
// pass for the policy.
func (r *run) gather(ctx context.Context, o policy.Origin, headers map[string]string) (policy.Capture, error) {
	c, err := r.captureFrom(ctx, o.URL, o, headers)
	if err != nil || o.Follow == "" && o.Also == "" || c.NotModified {
		return c, err
	}
	if v := triage.Screen(c); v.Kind != policy.Accepted {
		return c, nil // as without parts
	}
	if o.Follow != "" {
		if c, err = r.follow(ctx, o, c, headers); err != nil || c.Verdict.Kind != "" {
			return c, err
		}
	}
	if o.Also == "" {
		return c, nil
	}
	return r.combine(ctx, o, c, headers)
}

// follow gets the document that a page links to. The page stays in the record as
// the hop that led there.
func (r *run) follow(ctx context.Context, o policy.Origin, page policy.Capture, headers map[string]string) (policy.Capture, error) {
	target, err := normalize.Link(input(page), o.Follow)
	if err != nil || target == "" {
		evidence := fmt.Sprintf("nothing on the page matches %q with a link", o.Follow)
		if err != nil {
			evidence = err.Error()
		}
		page.Verdict = policy.Verdict{Kind: policy.Quarantined, Rule: triage.RuleFollow, Evidence: evidence}
		return page, nil
	}
	own := headers
	if !sameHost(target, o.URL) {
		own = nil // they may be credentials
	}
	c, err := r.captureFrom(ctx, target, o, own)
	if err != nil {
		return c, err
	}
	hops := page.Hops
	if n := len(hops); n > 0 {
		hops = append([]policy.Hop(nil), hops...)
		hops[n-1].Location = target
	}
	c.URL, c.Hops = page.URL, append(hops, c.Hops...)
	c.StartedAt, c.Duration, c.Attempts = page.StartedAt, page.Duration+c.Duration, page.Attempts+c.Attempts
	return c, nil
}

// combine gets the further pages of a document and makes a bundle of all.
func (r *run) combine(ctx context.Context, o policy.Origin, c policy.Capture, headers map[string]string) (policy.Capture, error) {
	pages := []normalize.Input{input(c)}
	if v := r.screenPart(c, o.URL); v.Kind != "" {
		c.Verdict = v
		return c, nil
	}
	for address := range strings.FieldsSeq(o.Also) {
		own := headers
		if !sameHost(address, o.URL) {
			own = nil
		}
		part, err := r.captureFrom(ctx, address, o, own)
		if err != nil {
			return c, err
		}
		if part.Verdict = r.screenPart(part, address); part.Verdict.Kind != "" {
			return part, nil
		}
		pages = append(pages, input(part))
		c.Hops = append(slices.Clip(c.Hops), part.Hops...)
		c.WireBytes, c.Attempts, c.Duration, c.CapturedAt = c.WireBytes+part.WireBytes, c.Attempts+part.Attempts, c.Duration+part.Duration, part.CapturedAt
	}
	body, contentType, err := normalize.Bundle(pages)
	if err != nil {
		return c, fmt.Errorf("combine: %w", err)
	}
	c.Body, c.ContentType, c.MediaType = body, contentType, normalize.MediaBundle
	c.Size, c.Digest, c.ContentEncoding = int64(len(body)), policy.Sum(body), ""
	return c, nil
}

// screenPart judges one page of a document; the zero verdict accepts it.
func (r *run) screenPart(c policy.Capture, address string) policy.Verdict {
	v := triage.Screen(c)
	if v.Kind == policy.Accepted {
		n, err := r.reader(normalize.Rules{})
		if err != nil {
			return policy.Verdict{Kind: policy.Quarantined, Rule: ruleNormalize, Evidence: err.Error()}
		}
		doc, err := r.document(n, c)
		if err != nil {
			return policy.Verdict{Kind: policy.Quarantined, Rule: ruleNormalize, Evidence: address + ": " + err.Error()}
		}
		p := r.policy
		p.URL = address
		v = triage.GatePart(triage.Page{Policy: p, Capture: c, Document: doc})
	}
	if v.Kind == policy.Accepted {
		return policy.Verdict{}
	}
	v.Evidence = address + ": " + v.Evidence
	return v
}

// input is what the normaliser reads of a capture.
func input(c policy.Capture) normalize.Input {
	return normalize.Input{Body: c.Body, ContentType: c.ContentType, MediaType: c.MediaType, URL: c.FinalURL}
}

// sameHost says whether headers for one address may go to another.
func sameHost(a, b string) bool {
	x, err := url.Parse(a)
	if err != nil {
		return false
	}
	y, err := url.Parse(b)
	return err == nil && x.Scheme == y.Scheme && x.Host == y.Host
}
