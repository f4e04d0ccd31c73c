package crawler

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/temoto/robotstxt"

	"watcher/policy"
)

// The rules of RFC 9309 for robots.txt, and ours where it leaves room.
const (
	// robotsAge is how long a file is remembered (2.4: not more than a day);
	// robotsRetry is how long a server that cannot give it is left alone.
	robotsAge   = 24 * time.Hour
	robotsRetry = time.Hour
	// maxRobots is how much of a file is read, in bytes; 2.5 asks for 500 KiB.
	maxRobots = 512 << 10
	// maxRobotsHops is how many redirects to a file are followed (2.3.1.2).
	maxRobotsHops = 5
	// maxCrawlDelay bounds the pause that a file may ask for between requests.
	maxCrawlDelay = time.Minute
	// maxRobotsHosts bounds the files that are remembered.
	maxRobotsHosts = 4096
)

const hintRobots = "the site asks programs to stay away from this page; if you may read it all the same, set ignore_robots: true for the policy"

// robotsTable remembers the robots.txt files of hosts. Clients that follow one
// another over a reload share it.
type robotsTable struct {
	mu    sync.Mutex
	hosts map[string]robotsEntry
}

// robotsEntry is what a host's file says for us; group is nil where everything
// is allowed. denied is why nothing is, "" otherwise.
type robotsEntry struct {
	group  *robotstxt.Group
	denied string
	until  time.Time
}

func newRobotsTable() *robotsTable { return &robotsTable{hosts: map[string]robotsEntry{}} }

func (t *robotsTable) get(host string, now time.Time) (robotsEntry, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e, ok := t.hosts[host]
	return e, ok && now.Before(e.until)
}

func (t *robotsTable) put(host string, e robotsEntry) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.hosts) >= maxRobotsHosts {
		clear(t.hosts) // rather ask again than grow for ever
	}
	t.hosts[host] = e
}

// mayFetch asks the robots.txt of u's host, within the turn that the chain has
// at the host. Where the file cannot be had because the network fails, that
// failure is returned: the page could not be had either.
func (ch *chain) mayFetch(ctx context.Context, u *url.URL) error {
	v := ch.v
	if v.ignoresRobots() {
		return nil
	}
	host := u.Scheme + "://" + hostKey(u)
	e, ok := v.c.robots.get(host, v.c.opts.Clock())
	if !ok {
		var err error
		if e, err = ch.readRobots(ctx, u); err != nil {
			return err
		}
		v.c.robots.put(host, e)
		// The file may lie elsewhere, and the turn with it.
		if err := ch.turn(ctx, u); err != nil {
			return err
		}
	}
	if e.group != nil && e.group.CrawlDelay > 0 {
		ch.lease.linger = min(e.group.CrawlDelay, maxCrawlDelay)
	}
	switch {
	case e.denied != "":
		return newFailure(policy.FetchRobots, hintRobots, errors.New(e.denied))
	case e.group != nil && !e.group.Test(pathOf(u)):
		return newFailure(policy.FetchRobots, hintRobots, errors.New("robots.txt disallows the page"))
	}
	return nil
}

func (v *visit) ignoresRobots() bool { return v.req.IgnoreRobots || v.c.opts.IgnoreRobots }

func pathOf(u *url.URL) string {
	if u.RawQuery == "" {
		return u.EscapedPath()
	}
	return u.EscapedPath() + "?" + u.RawQuery
}

// readRobots fetches the file of u's host. 2.3.1: no file (4xx) allows all, a
// server in trouble (5xx) disallows all.
func (ch *chain) readRobots(ctx context.Context, u *url.URL) (robotsEntry, error) {
	at := &url.URL{Scheme: u.Scheme, Host: u.Host, Path: "/robots.txt"}
	now := ch.v.c.opts.Clock()
	everything := robotsEntry{until: now.Add(robotsAge)}
	for range maxRobotsHops + 1 {
		if err := ch.turn(ctx, at); err != nil {
			return robotsEntry{}, err
		}
		a, err := ch.askRobots(ctx, at)
		if err != nil {
			if lost(err) {
				return robotsEntry{}, err
			}
			return everything, nil // an answer, but no file
		}
		if a.redirects() {
			next, err := at.Parse(a.location)
			if err != nil || checkURL(next) != nil {
				return everything, nil //nolint:nilerr // as above
			}
			at = next
			continue
		}
		return ch.v.c.judgeRobots(a, now), nil
	}
	return everything, nil // 2.3.1.2: as if there were none
}

// askRobots makes one request for a robots.txt file. A host that is too busy
// even for that, and says for how long, is left alone.
func (ch *chain) askRobots(ctx context.Context, at *url.URL) (answer, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
	if err != nil {
		return answer{}, newFailure(policy.FetchRedirect, "", err) // a redirect to no address: there is no file
	}
	r.Header.Set("User-Agent", ch.v.c.opts.UserAgent)
	r.Header.Set("Accept", "text/plain,*/*;q=0.5")
	r.Header.Set("Accept-Encoding", acceptEncoding)
	a, err := ch.send(ctx, r)
	if err != nil {
		return answer{}, err
	}
	if asked, ok := retryAfter(a.header, ch.v.c.opts.Clock()); ok && asked > 0 && a.status == http.StatusTooManyRequests {
		fe := newFailure(policy.FetchRateLimited, hintRest, errors.New("robots.txt answers with status 429"))
		fe.RetryAfter = asked
		return answer{}, fe
	}
	return a, nil
}

// lost reports whether a failure is the network's, so that a page of the host
// would fail as well.
func lost(err error) bool {
	fe, ok := errors.AsType[*policy.FetchError](err)
	if !ok {
		return true
	}
	switch fe.Reason {
	case policy.FetchTooLarge, policy.FetchEncoding, policy.FetchRedirect, policy.FetchOther:
		return false
	case policy.FetchOK, policy.FetchNotModified, policy.FetchHTTP4xx, policy.FetchHTTP5xx, policy.FetchRateLimited, policy.FetchDNS, policy.FetchConnect,
		policy.FetchTLS, policy.FetchTimeout, policy.FetchTruncated, policy.FetchSSRF, policy.FetchRobots, policy.FetchUnsupported, policy.FetchCanceled:
	}
	return true
}

// judgeRobots makes an entry of the answer.
func (c *Client) judgeRobots(a answer, now time.Time) robotsEntry {
	switch {
	case a.status >= http.StatusInternalServerError:
		return robotsEntry{denied: fmt.Sprintf("robots.txt answers with status %d, which disallows everything (RFC 9309)", a.status), until: now.Add(robotsRetry)}
	case a.status != http.StatusOK:
		return robotsEntry{until: now.Add(robotsAge)}
	}
	data, err := robotstxt.FromBytes(wholeLines(a.body.data))
	if err != nil {
		return robotsEntry{until: now.Add(robotsAge)} // not a robots.txt: a page of the site
	}
	return robotsEntry{group: data.FindGroup(productToken(c.opts.UserAgent)), until: now.Add(robotsAge)}
}

// wholeLines is what is read of a file. Half a line would be another rule.
func wholeLines(data []byte) []byte {
	if len(data) <= maxRobots {
		return data
	}
	return data[:bytes.LastIndexByte(data[:maxRobots], '\n')+1]
}

// productToken is the name by which robots.txt files know a program.
func productToken(agent string) string {
	token, _, _ := strings.Cut(agent, "/")
	token, _, _ = strings.Cut(token, " ")
	return strings.ToLower(token)
}
