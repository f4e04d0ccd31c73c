package triage

import (
	"testing"
	"time"

	"watcher/policy"
)

// site is a page that is looked at every few minutes, with what triage knows.
type site struct {
	t       *testing.T
	history History
	at      time.Time
}

func newSite(t *testing.T) *site {
	return &site{t: t, at: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), history: History{Known: map[policy.Digest]int{}}}
}

func digest(s string) policy.Digest { return policy.Sum([]byte(s)) }

// shows runs one sighting and keeps what a store would keep of it.
func (s *site) shows(after time.Duration, text string) Decision {
	s.at = s.at.Add(after)
	h := &s.history
	h.Base = h.Head
	d := Decide(*h, digest(text), s.at, Settings{ConfirmAfter: 10 * time.Minute, Hold: 24 * time.Hour})
	h.Pending, h.Texts = d.Pending, d.Texts
	switch {
	case d.Outcome == policy.OutcomeBaseline, d.Outcome == policy.OutcomeChanged, d.Outcome == policy.OutcomeReverted:
		if !h.Head.IsZero() {
			h.Known[h.Head] = len(h.Known) + 1
		}
		h.Head, h.HeadFirstSeenAt, h.HeadSeenAt = digest(text), d.FirstSeenAt, s.at
		h.Reverted = d.Outcome == policy.OutcomeReverted
		delete(h.Known, h.Head)
	case digest(text) == h.Head:
		h.HeadSeenAt = s.at
	}
	return d
}

func (s *site) want(after time.Duration, text string, outcome policy.Outcome, rule string) Decision {
	s.t.Helper()
	d := s.shows(after, text)
	if d.Outcome != outcome || d.Rule != rule {
		s.t.Fatalf("%s: %s by %q, want %s by %q", text, d.Outcome, d.Rule, outcome, rule)
	}
	return d
}

const step = 12 * time.Hour

func TestVariantOfFlappingPage(t *testing.T) {
	s := newSite(t)
	s.want(0, "A", policy.OutcomeBaseline, "")
	s.want(step, "B", policy.OutcomeUnconfirmed, RuleFirstSighting)
	s.want(step, "A", policy.OutcomeUnchanged, RuleReturned)
	s.want(step, "B", policy.OutcomeUnconfirmed, RuleSeenBefore)
	s.want(step, "A", policy.OutcomeUnchanged, RuleReturned)
	if d := s.want(step, "B", policy.OutcomeUnchanged, RuleVariant); !d.NewVariant {
		t.Error("the variant is not told of")
	}
	for range 3 {
		s.want(step, "A", policy.OutcomeUnchanged, "")
		if d := s.want(step, "B", policy.OutcomeUnchanged, RuleVariant); d.NewVariant {
			t.Error("the variant is told of twice")
		}
	}
}

// reverted is a site whose text A gave way to B and returned.
func reverted(t *testing.T) *site {
	t.Helper()
	s := newSite(t)
	s.want(0, "A", policy.OutcomeBaseline, "")
	s.want(step, "B", policy.OutcomeUnconfirmed, RuleFirstSighting)
	s.want(step, "B", policy.OutcomeChanged, RuleConfirmed)
	s.want(step, "A", policy.OutcomeUnconfirmed, RuleFirstSighting)
	s.want(step, "A", policy.OutcomeReverted, RuleConfirmed)
	return s
}

func TestVariantAfterRevert(t *testing.T) {
	s := reverted(t)
	if d := s.want(step, "B", policy.OutcomeUnchanged, RuleVariant); !d.NewVariant {
		t.Error("a text that takes turns with the head is no variant")
	}
}

func TestRevertOfLongAgoIsNoVariant(t *testing.T) {
	s := reverted(t)
	s.want(40*24*time.Hour, "A", policy.OutcomeUnchanged, "")
	s.want(step, "B", policy.OutcomeUnconfirmed, RuleFirstSighting)
	s.want(step, "B", policy.OutcomeReverted, RuleConfirmed)
}

// One stale answer while a change is rolled out makes no variant: the change is
// told once, when it has stood for a hold.
func TestStaleAnswer(t *testing.T) {
	s := newSite(t)
	s.want(0, "A", policy.OutcomeBaseline, "")
	s.want(step, "B", policy.OutcomeUnconfirmed, RuleFirstSighting)
	s.want(time.Minute, "A", policy.OutcomeUnchanged, RuleReturned)
	s.want(step, "B", policy.OutcomeUnconfirmed, RuleSeenBefore)
	again := s.at
	s.want(step, "B", policy.OutcomeUnconfirmed, RuleSeenBefore)
	if d := s.want(step, "B", policy.OutcomeChanged, RuleConfirmed); !d.FirstSeenAt.Equal(again) {
		t.Errorf("first seen %s, want %s: the page has shown nothing else since", d.FirstSeenAt, again)
	}
	for range 10 {
		s.want(step, "B", policy.OutcomeUnchanged, "")
	}
}

func TestVariantDisplacesTheHead(t *testing.T) {
	s := newSite(t)
	s.want(0, "A", policy.OutcomeBaseline, "")
	s.want(step, "B", policy.OutcomeUnconfirmed, RuleFirstSighting)
	s.want(step, "A", policy.OutcomeUnchanged, RuleReturned)
	s.want(step, "B", policy.OutcomeUnconfirmed, RuleSeenBefore)
	s.want(step, "A", policy.OutcomeUnchanged, RuleReturned)
	back := s.at.Add(step)
	for range 6 {
		s.want(step, "B", policy.OutcomeUnchanged, RuleVariant)
	}
	d := s.want(step, "B", policy.OutcomeChanged, RuleDisplaced)
	if !d.FirstSeenAt.Equal(back) {
		t.Errorf("first seen %s, want %s: the page has shown nothing else since", d.FirstSeenAt, back)
	}
	s.want(step, "B", policy.OutcomeUnchanged, "")
	s.want(step, "A", policy.OutcomeUnchanged, RuleVariant)
}

// A change of a page with variants waits on while the other variant is shown.
func TestPendingSurvivesTheOtherVariant(t *testing.T) {
	s := newSite(t)
	s.want(0, "A", policy.OutcomeBaseline, "")
	s.want(step, "B", policy.OutcomeUnconfirmed, RuleFirstSighting)
	s.want(step, "A", policy.OutcomeUnchanged, RuleReturned)
	s.want(step, "B", policy.OutcomeUnconfirmed, RuleSeenBefore)
	s.want(step, "A", policy.OutcomeUnchanged, RuleReturned)
	s.want(step, "B", policy.OutcomeUnchanged, RuleVariant)
	d := s.want(step, "B2", policy.OutcomeUnconfirmed, RuleFirstSighting)
	s.history.Pending.Base = digest("B") // what the caller found it to be like
	s.want(time.Minute, "A", policy.OutcomeUnchanged, "")
	if s.history.Pending == nil || s.history.Pending.SHA256 != d.Pending.SHA256 {
		t.Fatal("the head of another variant ended the wait")
	}
	s.want(step, "B2", policy.OutcomeChanged, RuleConfirmed)
}

func TestTextsAreBounded(t *testing.T) {
	s := newSite(t)
	s.want(0, "A", policy.OutcomeBaseline, "")
	for i := range 3 * maxTexts {
		s.shows(time.Hour, "B"+string(rune('a'+i)))
		s.want(time.Hour, "A", policy.OutcomeUnchanged, RuleReturned)
	}
	if n := len(s.history.Texts); n != maxTexts {
		t.Errorf("%d texts are remembered, want %d", n, maxTexts)
	}
	s.want(31*24*time.Hour, "A", policy.OutcomeUnchanged, "")
	if n := len(s.history.Texts); n != 0 {
		t.Errorf("%d texts are remembered after a month", n)
	}
}
