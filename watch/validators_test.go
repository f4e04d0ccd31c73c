package watch

import (
	"context"
	"net/http"
	"testing"
	"time"

	"watcher/policy"
)

// tagged is a vendor whose server knows validators. It answers 304 to the tag of
// the page it has, and to any tag when it is broken.
type tagged struct {
	*vendor
	tag    string
	broken bool
	asked  []policy.Request
}

func (v *tagged) Capture(ctx context.Context, req policy.Request) (policy.Capture, error) {
	v.asked = append(v.asked, req)
	c, err := v.vendor.Capture(ctx, req)
	c.Header = map[string][]string{"Etag": {v.tag}, "Last-Modified": {"Mon, 02 Mar 2026 10:00:00 GMT"}, "Date": {"Mon, 02 Mar 2026 12:00:00 GMT"}}
	if req.ETag != "" && (req.ETag == v.tag || v.broken) {
		c.Status, c.NotModified, c.Body, c.Size, c.WireBytes, c.Digest = http.StatusNotModified, true, nil, 0, 0, policy.Digest{}
	}
	return c, err
}

// TestConditional: a page that has not changed is not sent again, and what else
// matters still comes through.
func TestConditional(t *testing.T) {
	w := newWorld(t)
	w.vendor.at = w.policy.URL + "/en"
	v := &tagged{vendor: w.vendor, tag: `"1"`}
	w.settings.Fetcher, w.settings.Triage = v, confirm
	last := func() policy.Request { return v.asked[len(v.asked)-1] }
	w.want(0, policy.OutcomeBaseline, "")
	if last().ETag != "" {
		t.Error("the first request was conditional")
	}
	w.want(12*time.Hour, policy.OutcomeNotModified, "")
	if r := last(); r.ETag != `"1"` || r.LastModified == "" || r.ValidatorsURL != w.vendor.at {
		t.Errorf("asked with %+v", r)
	}
	if s := w.state(); !s.HeadSeenAt.Equal(w.now) {
		t.Error("a page that is the same does not count as seen")
	}
	// A change waits for its second sighting, which must not be asked for by tag.
	w.say(page(24))
	v.tag = `"2"`
	w.want(12*time.Hour, policy.OutcomeUnconfirmed, "")
	w.want(time.Hour, policy.OutcomeChanged, policy.EventPolicyChanged)
	if last().ETag != "" {
		t.Error("a text that waits was asked for by tag")
	}
	w.want(time.Hour, policy.OutcomeNotModified, "")
	if last().ETag != `"2"` {
		t.Errorf("tag %s", last().ETag)
	}
	// Another selector reads the page anew.
	w.policy.Select = policy.CSS("main")
	w.want(time.Hour, policy.OutcomeUnchanged, "")
	w.want(time.Hour, policy.OutcomeNotModified, "")
	// A page that was down is the same as before.
	w.vendor.err = errDown
	w.want(time.Hour, policy.OutcomeFailed, "")
	w.vendor.err = nil
	w.want(time.Hour, policy.OutcomeNotModified, "")
}

// TestBrokenValidators: a server that says "not modified" whatever happened
// hides a change for a week, and no longer.
func TestBrokenValidators(t *testing.T) {
	w := newWorld(t)
	v := &tagged{vendor: w.vendor, tag: `"1"`, broken: true}
	w.settings.Fetcher = v
	w.want(0, policy.OutcomeBaseline, "")
	w.say(page(24))
	for range 13 {
		w.want(12*time.Hour, policy.OutcomeNotModified, "")
	}
	w.want(12*time.Hour, policy.OutcomeChanged, policy.EventPolicyChanged)
}

func TestStrongDate(t *testing.T) {
	const modified = "Mon, 02 Mar 2026 10:00:00 GMT"
	for date, want := range map[string]string{
		"Mon, 02 Mar 2026 10:01:00 GMT": modified, "Mon, 02 Mar 2026 10:00:59 GMT": "", "Mon, 02 Mar 2026 09:00:00 GMT": "", "": "", "soon": "",
	} {
		if got := strongDate(http.Header{"Last-Modified": {modified}, "Date": {date}}); got != want {
			t.Errorf("with date %q: %q, want %q", date, got, want)
		}
	}
}
