// Package waybackfake is a stand-in of the Wayback Machine for tests: its list of
// captures and its playback, with the oddities that real clients meet there. It
// was written from recordings that the EDGI wayback project publishes, which say
// what the real one did; none of their text is in it.
package waybackfake

import (
	"crypto/sha1" //nolint:gosec // the archive's digests are SHA-1
	"encoding/base32"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Capture is what the archive has of a page at a time.
type Capture struct {
	URL    string
	Time   time.Time
	Status int
	Header http.Header
	Body   string
}

// Archive is a stand-in. Its fields are set before the first request.
type Archive struct {
	Captures []Capture
	// Excluded and Robots are hosts that may not be shown, by the archive's and
	// by the site's will.
	Excluded, Robots map[string]bool
	// Twice prints every line of the list twice, Garbage adds lines of other
	// forms, PageSize cuts the list into pages (0: as the client asks).
	Twice, Garbage bool
	PageSize       int
	// Revisits lists a capture with the payload of the one before as a revisit.
	Revisits bool
	// Missing are timestamps that the list has and playback has not.
	Missing map[string]bool
	// Trouble, when set, answers a request in the archive's place when it
	// returns true.
	Trouble func(w http.ResponseWriter, r *http.Request) bool

	mu       sync.Mutex
	requests []string
}

// Stamp is how the archive writes times.
const Stamp = "20060102150405"

// Serve starts the stand-in and returns its address; stop it with the server.
func (a *Archive) Serve() *httptest.Server {
	slices.SortStableFunc(a.Captures, func(x, y Capture) int { return x.Time.Compare(y.Time) })
	return httptest.NewServer(a)
}

// Requests returns the paths asked for so far, in order.
func (a *Archive) Requests() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.requests)
}

// ServeHTTP implements http.Handler.
func (a *Archive) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	a.requests = append(a.requests, r.URL.Path)
	a.mu.Unlock()
	switch {
	case a.Trouble != nil && a.Trouble(w, r):
	case r.URL.Path == "/cdx/search/cdx":
		a.list(w, r)
	default:
		a.play(w, r)
	}
}

// Digest is the archive's digest of a payload.
func Digest(body string) string {
	sum := sha1.Sum([]byte(body)) //nolint:gosec // as above
	return base32.StdEncoding.EncodeToString(sum[:])
}

// key is what two addresses of one page share in the archive's eyes.
func key(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return raw
	}
	host := strings.TrimPrefix(strings.ToLower(u.Hostname()), "www.")
	return host + ")" + strings.TrimRight(strings.ToLower(u.EscapedPath()), "/")
}

func (a *Archive) list(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	w.Header().Set("Content-Type", "text/plain;charset=UTF-8")
	host := hostOf(q.Get("url"))
	switch {
	case a.Excluded[host]:
		const text = "org.archive.util.io.RuntimeIOException: org.archive.wayback.exception.AdministrativeAccessControlException: Blocked Site Error"
		w.Header().Set("X-Archive-Wayback-Runtime-Error", text)
		http.Error(w, text, http.StatusForbidden)
		return
	case a.Robots[host]:
		fmt.Fprintln(w, "org.archive.util.io.RuntimeIOException: org.archive.wayback.exception.RobotAccessControlException: Blocked By Robots")
		return
	}
	lines := a.lines(q)
	limit := len(lines)
	if n, err := strconv.Atoi(q.Get("limit")); err == nil && n > 0 {
		limit = n
	} else if err == nil && n < 0 {
		lines = lines[max(0, len(lines)+n):]
	}
	if a.PageSize > 0 {
		limit = min(limit, a.PageSize)
	}
	from := 0
	if k := q.Get("resumeKey"); k != "" {
		from, _ = strconv.Atoi(strings.TrimPrefix(k, "com,example)/ +"))
	}
	for i := from; i < min(len(lines), from+limit); i++ {
		fmt.Fprintln(w, lines[i])
		if a.Twice {
			fmt.Fprintln(w, lines[i])
		}
	}
	if q.Get("showResumeKey") == "true" && from+limit < len(lines) {
		fmt.Fprintf(w, "\n%s\n", url.QueryEscape(fmt.Sprintf("com,example)/ +%d", from+limit)))
	}
}

func hostOf(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	return strings.TrimPrefix(u.Hostname(), "www.")
}

func (a *Archive) lines(q url.Values) []string {
	var out []string
	last := ""
	for _, c := range a.Captures {
		ts := c.Time.UTC().Format(Stamp)
		if key(c.URL) != key(q.Get("url")) || q.Get("from") > ts || q.Get("to") != "" && q.Get("to") < ts || c.Status != http.StatusOK {
			continue
		}
		mime, status, digest := "text/html", strconv.Itoa(c.Status), Digest(c.Body)
		if a.Revisits && digest == last {
			mime, status = "warc/revisit", "-"
		}
		last = digest
		out = append(out, fmt.Sprintf("com,example)/ %s %s %s %s %s %d", ts, c.URL, mime, status, digest, len(c.Body)))
	}
	if a.Garbage && len(out) > 0 {
		out = append(out, "com,example)/ 20240102030405 http://mailto:a@b.example/ text/html 200 "+Digest("x")+" 12",
			"com,example)/ 99999999999999 https://a.example/ text/html 200 "+Digest("x")+" -", "com,example)/ too short",
			"com,example)/ 20240102030405 some/not/even/url/thing text/html 200 "+Digest("x")+" -")
	}
	return out
}

var playPath = regexp.MustCompile(`^/web/(\d{1,14})id_/(.+)$`)

func (a *Archive) play(w http.ResponseWriter, r *http.Request) {
	path := r.URL.EscapedPath()
	if r.URL.RawQuery != "" {
		path += "?" + r.URL.RawQuery
	}
	m := playPath.FindStringSubmatch(path)
	if m == nil {
		http.NotFound(w, r)
		return
	}
	if a.Excluded[hostOf(m[2])] {
		fmt.Fprint(w, "<html><title>Internet Archive</title><p>Sorry.</p><p>This URL has been excluded from the Wayback Machine.</p>")
		return
	}
	c, exact := a.nearest(m[2], m[1])
	switch {
	case c == nil:
		http.Error(w, "<html><p>Hrm. The Wayback Machine has not archived that URL.</p>", http.StatusNotFound)
	case !exact:
		w.Header().Set("X-Archive-Redirect-Reason", "found capture at "+c.Time.UTC().Format(Stamp))
		w.Header().Set("Location", "/web/"+c.Time.UTC().Format(Stamp)+"id_/"+c.URL)
		w.WriteHeader(http.StatusFound)
	default:
		a.replay(w, c)
	}
}

// nearest returns the capture at a time, or else the nearest one.
func (a *Archive) nearest(page, ts string) (best *Capture, exact bool) {
	at, err := time.Parse(Stamp, ts)
	if err != nil {
		return nil, false
	}
	for i := range a.Captures {
		c := &a.Captures[i]
		if key(c.URL) != key(page) || a.Missing[c.Time.UTC().Format(Stamp)] {
			continue
		}
		if c.Time.Equal(at) {
			return c, true
		}
		if best == nil || c.Time.Sub(at).Abs() < best.Time.Sub(at).Abs() {
			best = c
		}
	}
	return best, false
}

// replay answers as at the time of the capture.
func (a *Archive) replay(w http.ResponseWriter, c *Capture) {
	h := w.Header()
	h.Set("memento-datetime", c.Time.UTC().Format(http.TimeFormat))
	h.Set("x-archive-src", "CRAWL-20240101.warc.gz")
	h.Set("x-archive-orig-server", "nginx")
	for k, values := range c.Header {
		for _, v := range values {
			h.Add("x-archive-orig-"+k, v)
			switch http.CanonicalHeaderKey(k) {
			case "Content-Encoding":
				h.Add("Content-Encoding", "") // as recorded: an empty one before the real one
				h.Add("Content-Encoding", v)
			case "Location":
				h.Set("Location", "/web/"+c.Time.UTC().Format(Stamp)+"id_/"+v)
			}
		}
	}
	if h.Get("Content-Type") == "" {
		h.Set("Content-Type", "text/html; charset=utf-8")
	}
	w.WriteHeader(c.Status)
	_, _ = w.Write([]byte(c.Body))
}
