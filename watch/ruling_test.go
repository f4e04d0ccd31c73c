package watch

import (
	"errors"
	"strings"
	"testing"
	"time"

	"watcher/policy"
	"watcher/triage"
)

func (w *world) loop() *Loop {
	return NewLoop(w.checker, func() Plan {
		return Plan{Settings: w.settings, Policies: map[policy.ID]policy.Policy{w.policy.ID: w.policy}, Concurrency: 1}
	}, "test", time.Second)
}

func (w *world) rule(accept bool) ([]policy.Check, error) {
	w.t.Helper()
	return w.loop().Rule(w.t.Context(), w.policy.ID, policy.Ruling{Accept: accept, Author: "Ada", Reason: "looked at it"})
}

// shortPage is a genuine notice, but too short for the gate.
const shortPage = `<html lang="en"><title>Privacy</title><main><h1>Privacy</h1><p>Acme is part of Initech now. Its privacy policy applies to personal data.</p></main>`

// TestAccept: what a person accepts is told once, with who said so, and the page
// may go on showing it.
func TestAccept(t *testing.T) {
	w := newWorld(t)
	w.settings.Triage = confirm
	w.want(0, policy.OutcomeBaseline, "")
	if _, err := w.rule(true); !errors.Is(err, ErrNothingHeld) {
		t.Fatalf("nothing is held: %v", err)
	}
	w.say(shortPage)
	w.want(time.Hour, policy.OutcomeQuarantined, "")
	w.now = w.now.Add(time.Hour)
	checks, err := w.rule(true)
	if err != nil || len(checks) != 1 {
		t.Fatal(checks, err)
	}
	c := checks[0]
	if c.Outcome != policy.OutcomeChanged || c.Rule != triage.RuleOperatorAccept || c.Version != 2 ||
		!strings.Contains(c.Detail, "Ada: looked at it") || !strings.Contains(c.Detail, triage.RuleTooShort) || !c.FirstSeenAt.Equal(w.now.Add(-time.Hour)) {
		t.Errorf("check = %+v", c)
	}
	got, err := w.store.Capture(t.Context(), w.policy.ID, c.Capture)
	if err != nil || got.Verdict.Kind != policy.Accepted || got.Verdict.Rule != triage.RuleOperatorAccept {
		t.Errorf("capture = %+v, %v", got.Verdict, err)
	}
	w.want(time.Hour, policy.OutcomeUnchanged, "")
	if a := w.alerts(); len(a) != 1 || a[0].Event.Type != policy.EventPolicyChanged {
		t.Errorf("alerts = %+v", a)
	}
	if s := w.state(); s.Quarantines != 0 || s.Head != 2 {
		t.Errorf("state = %+v", s)
	}
	if _, err := w.rule(true); !errors.Is(err, ErrNothingHeld) {
		t.Errorf("accepted twice: %v", err)
	}
}

func TestAcceptFirst(t *testing.T) {
	w := newWorld(t)
	w.say(shortPage)
	w.want(0, policy.OutcomeQuarantined, "")
	if checks, err := w.rule(true); err != nil || checks[0].Outcome != policy.OutcomeBaseline {
		t.Fatal(checks, err)
	}
	w.want(time.Hour, policy.OutcomeUnchanged, "")
}

// TestDismiss: what a person dismissed is not told of for a week, other junk is,
// and the page stays to be seen as one that cannot be read.
func TestDismiss(t *testing.T) {
	w := newWorld(t)
	w.settings.Health.QuarantinedAfter = 0
	w.want(0, policy.OutcomeBaseline, "")
	w.say("<p>We are rebuilding our house. Come again.</p>")
	w.want(time.Hour, policy.OutcomeQuarantined, "")
	w.now = w.now.Add(time.Minute)
	checks, err := w.rule(false)
	if err != nil || checks[0].Outcome != policy.OutcomeSkipped || checks[0].Rule != triage.RuleOperatorDismiss {
		t.Fatal(checks, err)
	}
	for range 5 {
		if c := w.want(12*time.Hour, policy.OutcomeQuarantined, ""); !strings.Contains(c.Detail, "dismissed by Ada") {
			t.Errorf("check = %+v", c)
		}
	}
	if s := w.state(); s.LastOutcome != policy.OutcomeQuarantined || s.Quarantines != 0 {
		t.Errorf("state = %+v", s)
	}
	w.say("<p>Quite another page that is no policy.</p>")
	w.want(time.Hour, policy.OutcomeQuarantined, "")
	w.want(time.Hour, policy.OutcomeQuarantined, policy.EventPolicyQuarantined)
	// A dismissal ends: a policy that cannot be read is told of again.
	if _, err := w.rule(false); err != nil {
		t.Fatal(err)
	}
	w.want(6*24*time.Hour, policy.OutcomeQuarantined, "")
	w.want(2*24*time.Hour, policy.OutcomeQuarantined, "")
	w.want(time.Hour, policy.OutcomeQuarantined, policy.EventPolicyQuarantined)
	w.say(page(12))
	w.want(time.Hour, policy.OutcomeUnchanged, policy.EventPolicyRecovered)
}

func TestRulingsAreChecked(t *testing.T) {
	w := newWorld(t)
	for _, r := range []policy.Ruling{{Accept: true}, {Reason: strings.Repeat("x", maxReason+1)}} {
		if _, err := w.loop().Rule(t.Context(), w.policy.ID, r); err == nil {
			t.Errorf("%+v is carried out", r)
		}
	}
	if _, err := w.loop().Rule(t.Context(), "acme/nothing", policy.Ruling{Reason: "x"}); !errors.Is(err, policy.ErrNotFound) {
		t.Errorf("unknown policy: %v", err)
	}
	w.say("")
	w.vendor.body = "<html></html>"
	w.want(0, policy.OutcomeQuarantined, "")
	if _, err := w.rule(true); err == nil {
		t.Error("a page without text was accepted")
	}
	w.want(time.Hour, policy.OutcomeQuarantined, policy.EventPolicyQuarantined) // the claim was given back
}
