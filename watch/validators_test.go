package watch

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"watcher/policy"
)

// tagged is a vendor whose pages have validators, and that answers 304 to them.
type tagged struct {
	*vendor
	etag, modified string
	asked          []policy.Request
	// always answers 304 to every condition, as broken servers do.
	always bool
	// elsewhere is where a 304 is found, "" for where the page is.
	elsewhere string
}

func (v *tagged) Capture(ctx context.Context, req policy.Request) (policy.Capture, error) {
	v.asked = append(v.asked, req)
	c, err := v.vendor.Capture(ctx, req)
	if err != nil {
		return c, err
	}
	h := http.Header{}
	h.Set("Date", v.clock().Format(http.TimeFormat))
	h.Set("ETag", v.etag)
	h.Set("Last-Modified", v.modified)
	c.Header = h
	asks := req.ETag != "" || req.LastModified != ""
	fits := v.etag != "" && req.ETag == v.etag || v.modified != "" && req.LastModified == v.modified
	if asks && (fits || v.always) {
		c.Status, c.NotModified, c.Body, c.Size, c.WireBytes, c.Digest = http.StatusNotModified, true, nil, 0, 0, policy.Digest{}
		if v.elsewhere != "" {
			c.FinalURL = v.elsewhere
		}
	}
	return c, nil
}

// last returns the validators of the last request, "-" for none.
func (v *tagged) last() string {
	req := v.asked[len(v.asked)-1]
	if s := strings.TrimSpace(req.ETag + " " + req.LastModified); s != "" {
		return s
	}
	return "-"
}

func newTagged(t *testing.T) (*world, *tagged) {
	w := newWorld(t)
	v := &tagged{vendor: w.vendor, etag: `"v1"`}
	w.settings.Fetcher = v
	return w, v
}

// TestNotModified: a page that says it was not modified is the head seen again,
// at the price of a header.
func TestNotModified(t *testing.T) {
	w, v := newTagged(t)
	w.want(0, policy.OutcomeBaseline, "")
	if v.last() != "-" {
		t.Errorf("the first request has validators: %s", v.last())
	}
	c := w.want(12*time.Hour, policy.OutcomeNotModified, "")
	if s := w.state(); v.last() != `"v1"` || c.Version != 1 || !s.HeadSeenAt.Equal(w.now) || s.Failures != 0 {
		t.Errorf("asked with %s, version %d, head seen at %v", v.last(), c.Version, s.HeadSeenAt)
	}
	w.say(page(24))
	v.etag = `"v2"`
	w.want(12*time.Hour, policy.OutcomeChanged, policy.EventPolicyChanged)
	w.want(12*time.Hour, policy.OutcomeNotModified, "")
	if v.last() != `"v2"` {
		t.Errorf("after the change asked with %s", v.last())
	}
	v.etag, v.modified = "", "Mon, 02 Mar 2026 10:00:00 GMT"
	w.want(12*time.Hour, policy.OutcomeUnchanged, "")
	w.want(12*time.Hour, policy.OutcomeNotModified, "")
	if v.last() != v.modified {
		t.Errorf("asked with %s, want the date", v.last())
	}
}

// TestBrokenValidators: a server that says "not modified" whatever happens hides
// a change for a week and no longer.
func TestBrokenValidators(t *testing.T) {
	w, v := newTagged(t)
	v.always = true
	w.want(0, policy.OutcomeBaseline, "")
	w.say(page(24))
	for hidden := 12 * time.Hour; hidden < fullFetch; hidden += 12 * time.Hour {
		w.want(12*time.Hour, policy.OutcomeNotModified, "")
	}
	w.want(12*time.Hour, policy.OutcomeChanged, policy.EventPolicyChanged)
	w.want(12*time.Hour, policy.OutcomeNotModified, "")
}

// TestUnconditional: wherever a 304 would not say that the head stands, the page
// is asked for without conditions.
func TestUnconditional(t *testing.T) {
	for name, spoil := range map[string]func(w *world, v *tagged){
		"other selectors":  func(w *world, _ *tagged) { w.policy.Select = []string{"main"} },
		"another language": func(w *world, _ *tagged) { w.policy.Lang = "de" },
		"another address":  func(w *world, _ *tagged) { w.policy.URL += "-2" },
		"further pages":    func(w *world, _ *tagged) { w.policy.Combine = []string{"https://acme.example/more"} },
		"an archive":       func(w *world, _ *tagged) { w.policy.Source = policy.SourceWayback },
		"a text that waits": func(w *world, v *tagged) {
			w.settings.Triage = confirm
			w.say(page(24))
			v.etag = `"v2"`
			w.want(time.Hour, policy.OutcomeUnconfirmed, "")
			if tag := w.state().ETag; tag != `"v1"` {
				w.t.Errorf("the tag of the waiting text %s counts as the head's", tag)
			}
		},
		"a clock that was ahead": func(w *world, _ *tagged) { w.now = w.now.AddDate(0, 0, -30) },
		"a tag without end":      func(w *world, v *tagged) { v.etag = strings.Repeat("x", maxValidator+1); w.check(time.Hour) },
		"a date of just now": func(w *world, v *tagged) {
			v.etag, v.modified = "", w.now.Add(time.Hour-minSettled+time.Second).Format(http.TimeFormat)
			w.check(time.Hour)
		},
		"no tag any more": func(w *world, v *tagged) { v.etag = ""; w.check(time.Hour) },
	} {
		t.Run(name, func(t *testing.T) {
			w, v := newTagged(t)
			w.want(0, policy.OutcomeBaseline, "")
			w.want(time.Hour, policy.OutcomeNotModified, "")
			spoil(w, v)
			w.sync()
			w.check(time.Hour)
			if v.last() != "-" {
				t.Errorf("asked with %.20s", v.last())
			}
		})
	}
}

// TestTagOfAnotherPage: a 304 of another page than the one that gave the tag says
// nothing.
func TestTagOfAnotherPage(t *testing.T) {
	w, v := newTagged(t)
	w.want(0, policy.OutcomeBaseline, "")
	v.elsewhere = "https://acme.example/privacy-2026"
	w.want(time.Hour, policy.OutcomeUnchanged, "")
	if n := len(v.asked); n != 3 || v.last() != "-" {
		t.Errorf("%d requests, the last with %s", n, v.last())
	}
}

// TestDateBehindRedirects is never sent: the first request is for another page.
func TestDateBehindRedirects(t *testing.T) {
	w, v := newTagged(t)
	v.etag, v.modified, v.hops = "", "Sun, 01 Feb 2026 10:00:00 GMT", []policy.Hop{{Status: 302}, {Status: 200}}
	w.want(0, policy.OutcomeBaseline, "")
	w.want(time.Hour, policy.OutcomeUnchanged, "")
	if v.last() != "-" {
		t.Errorf("asked with %s", v.last())
	}
}

// TestRequestIsThePolicys: what the configuration says of a policy's requests is
// in each of them.
func TestRequestIsThePolicys(t *testing.T) {
	w, v := newTagged(t)
	w.policy.Proxy, w.policy.Lang, w.policy.IgnoreRobots = "socks5://proxy.example:1080", "de", true
	w.policy.Headers = map[string]string{"X-Key": "k"}
	w.want(0, policy.OutcomeBaseline, "")
	w.policy.URL += "-2" // the old address is asked, too
	w.say(page(24))
	w.check(time.Hour)
	if len(v.asked) != 3 {
		t.Errorf("%d requests, want three", len(v.asked))
	}
	for i, req := range v.asked {
		if req.Proxy != w.policy.Proxy || req.Lang != "de" || !req.IgnoreRobots || (req.Headers["X-Key"] == "k") != (i < 2) {
			t.Errorf("request %d: %+v", i, req)
		}
	}
}
