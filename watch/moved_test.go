package watch

import (
	"strings"
	"testing"
	"time"

	"watcher/policy"
)

const newHome = "https://acme.example/legal/privacy"

// told returns the one policy_moved event that was told.
func (w *world) told() policy.Event {
	w.t.Helper()
	var out []policy.Event
	for _, a := range w.alerts() {
		if a.Event.Type == policy.EventPolicyMoved {
			out = append(out, a.Event)
		}
	}
	if len(out) != 1 {
		w.t.Fatalf("%d moves told, want one", len(out))
	}
	return out[0]
}

// A permanent redirect that the page did not have before is told once, when it
// was seen twice; one that was there from the start is where the policy is.
func TestMovedByRedirect(t *testing.T) {
	w := newWorld(t)
	w.vendor.at = "https://www.acme.example/privacy/"
	w.vendor.hops = []policy.Hop{{URL: w.policy.URL, Status: 301, Location: w.vendor.at}}
	w.say(page(12))
	w.want(0, policy.OutcomeBaseline, "")
	w.want(time.Hour, policy.OutcomeUnchanged, "")
	w.vendor.at = newHome
	w.want(time.Hour, policy.OutcomeUnchanged, "")
	w.want(time.Hour, policy.OutcomeUnchanged, policy.EventPolicyMoved)
	w.want(time.Hour, policy.OutcomeUnchanged, "")
	if e := w.told(); e.NewURL != newHome || e.Rule != ruleRedirect || !strings.Contains(e.Detail, "www.acme.example/privacy") {
		t.Errorf("event %+v", e)
	}
	w.policy.URL, w.vendor.at, w.vendor.hops = newHome, "", nil
	w.sync()
	w.want(time.Hour, policy.OutcomeUnchanged, "")
	if s := w.state(); s.Moved != nil || s.FoundAt != newHome {
		t.Errorf("after the configuration followed: found at %q, moved %+v", s.FoundAt, s.Moved)
	}
}

// A temporary redirect, or one that is gone with the next check, is no move.
func TestNoMove(t *testing.T) {
	w := newWorld(t)
	w.say(page(12))
	w.want(0, policy.OutcomeBaseline, "")
	w.vendor.at, w.vendor.hops = newHome, []policy.Hop{{URL: w.policy.URL, Status: 302, Location: newHome}}
	for range 3 {
		w.want(time.Hour, policy.OutcomeUnchanged, "")
	}
	w.vendor.at, w.vendor.hops = "", nil
	w.want(time.Hour, policy.OutcomeUnchanged, "")
	w.vendor.at, w.vendor.hops = "https://acme.example/other", []policy.Hop{{URL: w.policy.URL, Status: 301, Location: "https://acme.example/other"}}
	w.want(time.Hour, policy.OutcomeUnchanged, "")
	w.vendor.at, w.vendor.hops = "", nil
	w.want(time.Hour, policy.OutcomeUnchanged, "")
	w.want(time.Hour, policy.OutcomeUnchanged, "")
}

// A page that is gone, on a site that links the policy elsewhere.
func TestMovedAway(t *testing.T) {
	w := newWorld(t)
	w.say(page(12))
	w.want(0, policy.OutcomeBaseline, "")
	w.vendor.status, w.vendor.body = 404, "<h1>Not found</h1><footer><a href=/legal/privacy>Privacy policy</a></footer>"
	if c := w.check(time.Hour); c.Outcome != policy.OutcomeFailed || c.Event != "" {
		t.Fatalf("first 404: %+v", c)
	}
	if c := w.check(time.Hour); c.Event != policy.EventPolicyMoved {
		t.Fatalf("second 404: %+v", c)
	}
	if e := w.told(); e.NewURL != newHome || e.Rule != ruleGone {
		t.Errorf("event %+v", e)
	}
}

// A page that says where the policy went.
func TestMovedNotice(t *testing.T) {
	w := newWorld(t)
	w.say(page(12))
	w.want(0, policy.OutcomeBaseline, "")
	w.say("<h1>Privacy</h1><p>This page has moved. Please read our <a href='https://trust.acme.example/privacy'>privacy policy</a> there.</p>")
	w.check(time.Hour)
	if c := w.check(time.Hour); c.Event != policy.EventPolicyMoved {
		t.Fatalf("%+v", c)
	}
	if e := w.told(); e.NewURL != "https://trust.acme.example/privacy" || e.Rule != ruleMoved {
		t.Errorf("event %+v", e)
	}
}
