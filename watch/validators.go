package watch

import (
	"context"
	"net/http"
	"time"

	"watcher/policy"
	"watcher/triage"
)

const (
	// fullFetch is how long a page is believed when it says that it was not
	// modified. Validators are wrong now and then: a change that they hide is
	// found within this time.
	fullFetch = 7 * 24 * time.Hour
	// maxValidator bounds a tag that is remembered, in bytes.
	maxValidator = 1 << 10
	// minSettled is the age from which a modification date is trusted.
	minSettled = time.Minute
)

// fetch gets the page: only if it was modified, where "it was not" would say all
// there is to say.
func (r *run) fetch(ctx context.Context) (policy.Capture, error) {
	req := r.request(r.policy.Origin(), r.policy.Headers)
	if !r.conditional() {
		return r.capture(ctx, req)
	}
	asked := req
	asked.ETag, asked.LastModified = r.state.ETag, r.state.LastModified
	c, err := r.capture(ctx, asked)
	if err == nil && c.NotModified && c.FinalURL != r.state.ValidatorsURL {
		// Another page has the same tag: numbers are popular.
		return r.capture(ctx, req)
	}
	return c, err
}

// conditional says whether a 304 would mean that the head stands. It would not
// while another text waits, or was seen lately, or the head has to be read by
// other rules; and once a week the page is fetched in spite of its validators.
func (r *run) conditional() bool {
	s, p := r.state, r.policy
	if s.ETag == "" && s.LastModified == "" || p.Source != policy.SourceLive || len(p.Combine) > 0 || s.Head == 0 || s.HeadOrigin != p.Origin() {
		return false
	}
	if s.Pending != nil || s.Shrunk != nil || len(s.Texts) > 0 || s.Degraded > 0 || s.Failures > 0 || s.Quarantines > 0 {
		return false
	}
	if age := r.started.Sub(s.FullFetchAt); age < 0 || age >= fullFetch {
		return false
	}
	n, err := r.normalizer()
	return err == nil && s.Normalizer == n.ID()
}

// noteValidators remembers by what the page of the head can be recognised. Where
// the capture shows another text than the head's, the old validators stand.
func (r *run) noteValidators(s *policy.State, c policy.Capture, outcome policy.Outcome, rule string) {
	if c.NotModified || outcome == policy.OutcomeUnconfirmed || rule == triage.RuleVariant || c.Source != policy.SourceLive {
		return
	}
	h := http.Header(c.Header)
	s.ETag, s.LastModified = h.Get("ETag"), ""
	if len(s.ETag) > maxValidator {
		s.ETag = ""
	}
	// The crawler sends a date with the first request alone: that of a page
	// behind redirects would be compared with another one's.
	if modified := h.Get("Last-Modified"); len(c.Hops) <= 1 && settled(modified, h.Get("Date"), c.CapturedAt) {
		s.LastModified = modified
	}
	s.ValidatorsURL, s.FullFetchAt = c.FinalURL, c.CapturedAt
}

// settled says whether a modification is so long ago, by the server's clock,
// that one in the same second cannot have followed it (RFC 9110, 8.8.2.2).
func settled(modified, date string, captured time.Time) bool {
	at, err := http.ParseTime(modified)
	if err != nil {
		return false
	}
	if now, err := http.ParseTime(date); err == nil {
		captured = now
	}
	return captured.Sub(at) >= minSettled
}
