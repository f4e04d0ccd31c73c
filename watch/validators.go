package watch

import (
	"net/http"
	"time"

	"watcher/policy"
)

// fullFetch is how long a page may say "not modified" before it is asked for
// whole: a server whose validators are broken would hide every change.
const fullFetch = 7 * 24 * time.Hour

// maxValidator bounds a tag that is remembered, in bytes.
const maxValidator = 1 << 10

// conditional says whether to ask only for what changed since. That takes a page
// that shows its head and nothing else, read in the way it is read now: a 304
// says "the same as then", and no more.
func (r *run) conditional(o policy.Origin) bool {
	s := r.state
	if s.Head == 0 || s.ETag == "" && s.LastModified == "" || o.Source != policy.SourceLive || o.Follow != "" || o.Also != "" {
		return false
	}
	if s.HeadOrigin != o || s.Pending != nil || s.Shrunk != nil || len(s.Texts) > 0 || s.Degraded > 0 || s.Moved != nil {
		return false
	}
	n, err := r.normalizer()
	if err != nil || n.ID() != s.Normalizer {
		return false
	}
	age := r.started.Sub(s.FullFetchAt)
	return age >= 0 && age < fullFetch
}

// noteValidators keeps what a page that showed the head said of its state.
func (r *run) noteValidators(s *policy.State, c policy.Capture) {
	if c.NotModified {
		return
	}
	h := http.Header(c.Header)
	if c.Source != policy.SourceLive {
		h = nil // what an archive or a browser says of a page is not the server's word
	}
	s.ETag, s.LastModified, s.ValidatorsURL, s.FullFetchAt = h.Get("ETag"), strongDate(h), c.FinalURL, c.CapturedAt
	if len(s.ETag) > maxValidator {
		s.ETag = ""
	}
}

// strongDate returns Last-Modified if it can tell two states of a page apart. Its
// unit is a second, so a page that had just changed may change again and keep it:
// RFC 9110, 8.8.2.2, wants a minute between it and the answer.
func strongDate(h http.Header) string {
	modified := h.Get("Last-Modified")
	at, err := http.ParseTime(modified)
	if err != nil {
		return ""
	}
	if date, err := http.ParseTime(h.Get("Date")); err != nil || date.Sub(at) < time.Minute {
		return ""
	}
	return modified
}
