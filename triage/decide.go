package triage

import (
	"time"

	"watcher/policy"
)

// The rules of Decide.
const (
	RuleFirstSighting = "first_sighting"
	RuleWaiting       = "waiting"
	RuleConfirmed     = "confirmed"
	RuleHoldExpired   = "hold_expired"
	RuleReturned      = "returned"
	// RuleSeenBefore: a text that came and went lately is there again.
	RuleSeenBefore = "seen_before"
	RuleUnstable   = "unstable"
	// RuleVariant: a text that some visitors are served beside the head.
	RuleVariant = policy.RuleVariant
	// RuleDisplaced: a variant that took the head's place.
	RuleDisplaced = "displaced"
	// RuleVolatile: nothing differs but numbers that change by themselves.
	RuleVolatile = "volatile"
	// RuleNoisy: a small change of a page that has too many of them.
	RuleNoisy = "noisy"
)

// Settings say how much proof a new text needs.
type Settings struct {
	// ConfirmAfter is how long after its first sighting a text must be seen
	// again to be believed. 0 believes the first sighting.
	ConfirmAfter time.Duration
	// Hold bounds the wait: when the page has not shown a known text for that
	// long, the text that waits is believed although it was not seen again.
	Hold time.Duration
}

// History is what Decide knows of a policy.
type History struct {
	// Head is the digest of the text in force; zero before the baseline.
	Head policy.Digest
	// Known maps the texts of earlier versions to their numbers.
	Known map[policy.Digest]int
	// Pending is the text that waits, nil when none does.
	Pending *policy.Pending
	// Texts are what the page showed beside the head lately.
	Texts []policy.Text
	// Reverted is set when the head's text is itself one that returned;
	// HeadFirstSeenAt and HeadSeenAt are when it was first and last seen.
	Reverted                    bool
	HeadFirstSeenAt, HeadSeenAt time.Time
	// Base is the text that the sighted one is compared with: the head, or the
	// variant that is most like it.
	Base policy.Digest
}

// Decision is what a sighting of a text means.
type Decision struct {
	// Outcome is baseline, unchanged, unconfirmed, changed or reverted.
	Outcome policy.Outcome
	Rule    string
	// FirstSeenAt is when the decided text was first seen.
	FirstSeenAt time.Time
	// EqualTo is the earlier version whose text returned, for a revert.
	EqualTo int
	// Pending is what waits after this sighting, nil when nothing does.
	Pending *policy.Pending
	// NewVariant is set when the text has just been found to be a variant.
	NewVariant bool
	// Texts are the History's after this sighting.
	Texts []policy.Text
	// Late is the text that waited until now and is to be believed first: its
	// hold has passed, and the page shows yet another text. The rest of the
	// decision is about the sighting, compared with that text.
	Late *policy.Pending
}

// Decide says whether text, seen at a time, is news. A wait that lies in the
// future of at begins anew.
func Decide(h History, text policy.Digest, at time.Time, s Settings) Decision {
	h.Texts = fresh(h.Texts, at)
	d := h.decide(text, at, s)
	if d.Pending != nil && d.Pending.SHA256 == text {
		d.Pending.Base = h.Base
	}
	d.Texts = h.remember(d, text, at)
	return d
}

func (h History) decide(text policy.Digest, at time.Time, s Settings) Decision {
	switch seen := h.seen(text); {
	case h.Head.IsZero():
		return Decision{Outcome: policy.OutcomeBaseline, FirstSeenAt: at}
	case text == h.Head:
		return h.returned(Decision{Outcome: policy.OutcomeUnchanged, FirstSeenAt: at}, text, at, s)
	case s.ConfirmAfter <= 0:
		return h.believe(text, at, "")
	case seen != nil && seen.Variant && seen.displaces(at, s):
		return Decision{Outcome: policy.OutcomeChanged, Rule: RuleDisplaced, FirstSeenAt: seen.RunSince}
	case seen != nil && seen.Variant:
		return h.returned(Decision{Outcome: policy.OutcomeUnchanged, Rule: RuleVariant, FirstSeenAt: seen.FirstSeenAt}, text, at, s)
	case seen != nil && seen.Gone < minGone && s.Hold > 0:
		return h.again(*seen, at, s)
	case seen != nil:
		return Decision{Outcome: policy.OutcomeUnchanged, Rule: RuleVariant, FirstSeenAt: seen.FirstSeenAt, NewVariant: true}
	case h.alternates(text, at):
		return Decision{Outcome: policy.OutcomeUnchanged, Rule: RuleVariant, FirstSeenAt: at, NewVariant: true}
	}
	return h.weigh(text, at, s)
}

// again decides about a text that came and went before. It may be a variant,
// which goes again, or a change whose first answer was followed by a stale one:
// that stands, and is believed once it has stood for a hold.
func (h History) again(seen text, at time.Time, s Settings) Decision {
	p := h.Pending
	if p == nil || p.SHA256 != seen.SHA256 || p.Since.After(at) {
		return wait(RuleSeenBefore, policy.Pending{SHA256: seen.SHA256, FirstSeenAt: at, Since: at, Sightings: 1})
	}
	if at.Sub(p.Since) >= s.Hold {
		return h.believe(p.SHA256, p.FirstSeenAt, RuleConfirmed)
	}
	next := *p
	next.Sightings++
	return wait(RuleSeenBefore, next)
}

// weigh decides about a text that differs from the head and needs proof.
func (h History) weigh(text policy.Digest, at time.Time, s Settings) Decision {
	p := h.Pending
	if p != nil && (p.FirstSeenAt.After(at) || p.Since.After(at)) {
		p = nil // noted under a clock that was wrong: the wait begins anew
	}
	switch {
	case p == nil:
		return wait(RuleFirstSighting, policy.Pending{SHA256: text, FirstSeenAt: at, Since: at, Sightings: 1})
	case p.SHA256 == text && at.Sub(p.FirstSeenAt) >= s.ConfirmAfter:
		return h.believe(text, p.FirstSeenAt, RuleConfirmed)
	case p.SHA256 == text && s.Hold > 0 && at.Sub(p.Since) >= s.Hold:
		return h.believe(text, p.FirstSeenAt, RuleHoldExpired)
	case p.SHA256 == text:
		next := *p
		next.Sightings++
		return wait(RuleWaiting, next)
	case h.Known[text] > 0:
		// Back to a text of old: what waited was an accident on the way.
		return wait(RuleFirstSighting, policy.Pending{SHA256: text, FirstSeenAt: at, Since: at, Sightings: 1})
	case s.Hold > 0 && at.Sub(p.Since) >= s.Hold:
		d := wait(RuleFirstSighting, policy.Pending{SHA256: text, FirstSeenAt: at, Since: at, Sightings: 1})
		d.Late = p
		return d
	}
	return wait(RuleUnstable, policy.Pending{SHA256: text, FirstSeenAt: at, Since: p.Since, Sightings: 1})
}

// Expire says what becomes of a text that waits when no further sighting will
// come: it is believed.
func Expire(h History) Decision {
	return h.believe(h.Pending.SHA256, h.Pending.FirstSeenAt, RuleHoldExpired)
}

func wait(rule string, p policy.Pending) Decision {
	return Decision{Outcome: policy.OutcomeUnconfirmed, Rule: rule, FirstSeenAt: p.FirstSeenAt, Pending: &p}
}

func (h History) believe(text policy.Digest, firstSeenAt time.Time, rule string) Decision {
	d := Decision{Outcome: policy.OutcomeChanged, Rule: rule, FirstSeenAt: firstSeenAt}
	if n, ok := h.Known[text]; ok {
		d.Outcome, d.EqualTo = policy.OutcomeReverted, n
	}
	return d
}
