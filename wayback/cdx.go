package wayback

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"watcher/policy"
)

// Memento is one line of the CDX server's list: a capture that can be played
// back.
type Memento struct {
	// Timestamp is the capture's name, 14 digits as the archive wrote them;
	// Time is what they mean.
	Timestamp string
	Time      time.Time
	// Original is the captured URL.
	Original string
	// Digest is the base32 SHA-1 of the payload, "" when the list has none.
	Digest string
	// Revisit is set for a capture whose payload was that of an earlier one.
	Revisit bool
}

// pageSize is how many lines are asked for at a time.
const pageSize = 1000

// maxLines bounds the lines read for one URL: the server's own cap.
const maxLines = 150_000

// Range bounds a list in time; zero values are open ends.
type Range struct{ From, To time.Time }

// List returns the captures of a URL in the order of time, each once. The error
// wraps ErrExcluded when the site is excluded from the archive.
func (c *Client) List(ctx context.Context, page string, r Range) ([]Memento, error) {
	var out []Memento
	seen := map[string]bool{}
	resume := ""
	for lines := 0; lines < maxLines; {
		body, err := c.cdx(ctx, c.listURL(page, r, resume))
		if err != nil {
			return nil, err
		}
		got, next, n := parseCDX(body)
		for _, m := range got {
			if key := m.Timestamp + " " + m.Original; !seen[key] {
				seen[key] = true
				out = append(out, m)
			}
		}
		if lines += n; next == "" || next == resume {
			return out, nil
		}
		resume = next
	}
	return out, fmt.Errorf("wayback: %s has more than %d captures (bound the time with --since)", page, maxLines)
}

// Latest returns the newest capture of a URL. The error wraps ErrMissing when
// there is none.
func (c *Client) Latest(ctx context.Context, page string) (Memento, error) {
	q := c.query(page, Range{})
	q.Set("limit", "-5") // the last lines: one of them may be no capture of a page
	body, err := c.cdx(ctx, c.base+"/cdx/search/cdx?"+q.Encode())
	if err != nil {
		return Memento{}, err
	}
	got, _, _ := parseCDX(body)
	if len(got) == 0 {
		return Memento{}, fmt.Errorf("%w: %s", ErrMissing, page)
	}
	newest := got[0]
	for _, m := range got {
		if m.Time.After(newest.Time) {
			newest = m
		}
	}
	return newest, nil
}

func (c *Client) query(page string, r Range) url.Values {
	q := url.Values{
		"url": {page}, "filter": {"statuscode:200|-"}, "gzip": {"false"},
		"fl": {"urlkey,timestamp,original,mimetype,statuscode,digest,length"},
	}
	if !r.From.IsZero() {
		q.Set("from", r.From.UTC().Format(stamp))
	}
	if !r.To.IsZero() {
		q.Set("to", r.To.UTC().Format(stamp))
	}
	return q
}

// listURL asks for a page of the list. The resume key is sent encoded once more
// than it came, as the server wants it.
func (c *Client) listURL(page string, r Range, resume string) string {
	q := c.query(page, r)
	q.Set("limit", strconv.Itoa(pageSize))
	q.Set("showResumeKey", "true")
	if resume != "" {
		q.Set("resumeKey", resume)
	}
	return c.base + "/cdx/search/cdx?" + q.Encode()
}

// cdx asks the CDX server.
func (c *Client) cdx(ctx context.Context, address string) ([]byte, error) {
	got, err := c.get(ctx, address, &c.cdxPace)
	if err != nil {
		return nil, err
	}
	if e := blocked(got.Body, got.Header); e != nil {
		return nil, e
	}
	if got.Status != http.StatusOK {
		return nil, &policy.FetchError{
			Reason: policy.FetchOther, URL: c.base, Hint: "see whether the archive answers in a browser",
			Err: fmt.Errorf("the archive's list answers with status %d", got.Status),
		}
	}
	return got.Body, nil
}

// blocked recognises the ways in which the archive says that a site is not to be
// seen: an exception's name in a header, in a 403, or in a line of text.
func blocked(body []byte, header http.Header) error {
	for name, values := range header {
		if strings.EqualFold(name, "X-Archive-Wayback-Runtime-Error") {
			body = append([]byte(strings.Join(values, " ")+" "), body[:min(len(body), 500)]...)
		}
	}
	head := body[:min(len(body), 1000)]
	switch {
	case bytes.Contains(head, []byte("AdministrativeAccessControlException")):
		return fmt.Errorf("%w by the archive", ErrExcluded)
	case bytes.Contains(head, []byte("RobotAccessControlException")):
		return fmt.Errorf("%w by the site's robots.txt", ErrExcluded)
	}
	return nil
}

// parseCDX reads the lines of a list. What is no capture of a page is passed
// over: garbage URLs, lines of another form. n counts all lines; next is the
// resume key behind an empty line, decoded.
func parseCDX(body []byte) (out []Memento, next string, n int) {
	lines := bufio.NewScanner(bytes.NewReader(body))
	lines.Buffer(nil, 1<<20)
	behind := false
	for lines.Scan() {
		text := strings.TrimSpace(lines.Text())
		switch {
		case text == "":
			behind = true
			continue
		case behind:
			if key, err := url.QueryUnescape(text); err == nil {
				return out, key, n
			}
			return out, text, n
		}
		n++
		if m, ok := parseLine(text); ok {
			out = append(out, m)
		}
	}
	return out, "", n
}

// cdxFields is how many fields a line of the list has.
const cdxFields = 7

func parseLine(text string) (Memento, bool) {
	f := strings.Fields(text)
	if len(f) != cdxFields {
		return Memento{}, false
	}
	at, ok := parseStamp(f[1])
	u, err := url.Parse(f[2])
	if !ok || err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil {
		return Memento{}, false
	}
	m := Memento{Timestamp: f[1], Time: at, Original: f[2], Digest: f[5], Revisit: f[3] == "warc/revisit"}
	if m.Digest == "-" {
		m.Digest = ""
	}
	return m, f[4] == "200" || f[4] == "-"
}

// stamp is how the archive writes times.
const stamp = "20060102150405"

// parseStamp reads a timestamp. Some have a month or day of 00 inserted: the
// zeros are dropped and appended, as the archive's own software reads them.
func parseStamp(s string) (time.Time, bool) {
	if len(s) != len(stamp) || strings.Trim(s, "0123456789") != "" {
		return time.Time{}, false
	}
	for _, at := range []int{4, 6} {
		if s[at:at+2] == "00" {
			s = s[:at] + s[at+2:] + "00"
		}
	}
	t, err := time.Parse(stamp, s)
	return t, err == nil
}
