package wayback

import (
	"context"
	"crypto/sha1" //nolint:gosec // the archive's digests are SHA-1
	"encoding/base32"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"watcher/policy"
)

// mementoHeader proves that an answer is archived content.
const mementoHeader = "Memento-Datetime"

// DigestHeader says in a capture's header whether its bytes have the digest that
// the archive's list gives: "sha1:<base32> verified", "differs" or, where the
// origin sent them compressed, "unverifiable".
const DigestHeader = "X-Watcher-Archive-Digest"

// maxHops bounds the redirects that are followed in the archive.
const maxHops = 6

// maxAside is how far from the wanted time a capture may be that the archive
// offers in its place.
const maxAside = 24 * time.Hour

// place is where a memento is played back.
type place struct {
	at       time.Time
	stamp    string
	original string
}

// Play returns a capture as it was, in the bytes that the archive got. An
// archived error is a capture with its status. The error wraps ErrMissing when
// the archive does not have it, or has nothing near it, and ErrExcluded when it
// may not show it.
func (c *Client) Play(ctx context.Context, m Memento) (policy.Capture, error) {
	p := place{m.Time, m.Timestamp, m.Original}
	var hops []policy.Hop
	seen := map[string]bool{}
	for range maxHops {
		address := c.playURL(p)
		if seen[address] {
			return policy.Capture{}, fmt.Errorf("%w: redirects lead in a circle at %s", ErrMissing, p.original)
		}
		seen[address] = true
		got, err := c.get(ctx, address, &c.playPace)
		if err != nil {
			return policy.Capture{}, err
		}
		proof := headerOf(got.Header, mementoHeader)
		hops = append(hops, policy.Hop{URL: address, Status: got.Status, Location: headerOf(got.Header, "Location"), RemoteAddr: got.RemoteAddr})
		next, moved := c.locate(got)
		switch {
		case moved && proof == "" && distance(next.at, m.Time) > maxAside:
			return policy.Capture{}, fmt.Errorf("%w: the nearest capture of %s is of %s", ErrMissing, m.Original, next.at.Format(time.DateOnly))
		case moved:
			p = next
			continue
		case proof == "":
			return policy.Capture{}, c.unproved(got, m)
		}
		return c.capture(got, p, m, hops, proof)
	}
	return policy.Capture{}, fmt.Errorf("%w: more than %d redirects from %s", ErrMissing, maxHops, m.Original)
}

func distance(a, b time.Time) time.Duration { return max(a.Sub(b), b.Sub(a)) }

func (c *Client) playURL(p place) string {
	return c.base + "/web/" + p.stamp + "id_/" + p.original
}

// playPath is the path of a playback: time, mode and the captured URL.
var playPath = regexp.MustCompile(`/web/(\d{1,14})(?:[a-z]{2}_)?/(.+)$`)

// locate returns where a redirect within the archive leads.
func (c *Client) locate(got policy.Capture) (place, bool) {
	if got.Status < http.StatusMultipleChoices || got.Status >= http.StatusBadRequest {
		return place{}, false
	}
	m := playPath.FindStringSubmatch(headerOf(got.Header, "Location"))
	if m == nil {
		return place{}, false
	}
	at, ok := parseStamp(m[1])
	return place{at, m[1], unescapeOriginal(m[2])}, ok
}

// unescapeOriginal undoes the escaping of a captured URL that is escaped as a
// whole; others keep theirs.
func unescapeOriginal(s string) string {
	if low := strings.ToLower(s); strings.HasPrefix(low, "http%3a") || strings.HasPrefix(low, "https%3a") {
		if out, err := url.PathUnescape(s); err == nil {
			return out
		}
	}
	return s
}

// unproved says why an answer is no archived content.
func (c *Client) unproved(got policy.Capture, m Memento) error {
	if err := blocked(got.Body, got.Header); err != nil {
		return err
	}
	head := strings.ToLower(string(got.Body[:min(len(got.Body), 20_000)]))
	switch {
	case strings.Contains(head, "excluded from the wayback machine"):
		return fmt.Errorf("%w by the archive: %s", ErrExcluded, m.Original)
	case got.Status == http.StatusNotFound:
		return fmt.Errorf("%w: %s of %s", ErrMissing, m.Original, m.Time.Format(time.DateOnly))
	}
	return &policy.FetchError{
		Reason: policy.FetchOther, URL: m.Original, Hint: "try again later",
		Err: fmt.Errorf("the archive answers with status %d and no %s", got.Status, mementoHeader),
	}
}

// capture makes the record of an archived answer: dated by the archive, with the
// headers of the origin.
func (c *Client) capture(got policy.Capture, p place, m Memento, hops []policy.Hop, proof string) (policy.Capture, error) {
	at, err := http.ParseTime(proof)
	if err != nil {
		return policy.Capture{}, fmt.Errorf("%w: its %s %q is no time", ErrMissing, mementoHeader, proof)
	}
	header := originHeader(got.Header)
	header.Set(mementoHeader, proof)
	if m.Digest != "" && p.original == m.Original {
		header.Set(DigestHeader, "sha1:"+m.Digest+" "+c.digestVerdict(got, header, m))
	}
	got.Source, got.FinalURL, got.Hops, got.Header = policy.SourceWayback, p.original, hops, header
	got.CapturedAt, got.TLS = at.UTC(), nil
	return got, nil
}

// digestVerdict compares a body with the list's digest. That is of the bytes as
// the origin sent them, which are gone where they were compressed.
func (c *Client) digestVerdict(got policy.Capture, origin http.Header, m Memento) string {
	sum := sha1.Sum(got.Body) //nolint:gosec // as above
	switch {
	case strings.EqualFold(base32.StdEncoding.EncodeToString(sum[:]), m.Digest):
		return "verified"
	case got.ContentEncoding != "" || origin.Get("Content-Encoding") != "":
		return "unverifiable"
	}
	return "differs"
}

// originPrefix precedes the names of the origin's headers.
const originPrefix = "x-archive-orig-"

// originHeader returns the headers that the origin sent.
func originHeader(h map[string][]string) http.Header {
	out := http.Header{}
	for name, values := range h {
		if low := strings.ToLower(name); strings.HasPrefix(low, originPrefix) {
			out[http.CanonicalHeaderKey(strings.TrimPrefix(low, originPrefix))] = slices.Clone(values)
		}
	}
	if out.Get("Content-Type") == "" {
		if t := headerOf(h, "Content-Type"); t != "" {
			out.Set("Content-Type", t)
		}
	}
	return out
}

// headerOf reads a header whatever the case of its name.
func headerOf(h map[string][]string, name string) string {
	for k, v := range h {
		if strings.EqualFold(k, name) && len(v) > 0 {
			return v[0]
		}
	}
	return ""
}

// The errors that callers tell apart.
var (
	// ErrMissing: the archive does not have the capture.
	ErrMissing = errors.New("not in the archive")
	// ErrExcluded: the archive may not show the site.
	ErrExcluded = errors.New("excluded from the archive")
	// ErrResting: the archive asked us to stop, and the breaker is open.
	ErrResting = errors.New("the archive asked for a pause")
)
