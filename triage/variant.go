package triage

import (
	"slices"
	"time"

	"watcher/policy"
)

// How pages that show several texts are told from pages that change. In public
// histories of policies 14 to 38 % of the recorded changes went back to a text
// that had been seen before, nearly all of them within a month.
const (
	// flapWindow is how long a text that came and went is remembered.
	flapWindow = 30 * 24 * time.Hour
	// maxTexts bounds how many are remembered.
	maxTexts = 16
	// minGone is how often a text must have gone again to be a variant: the
	// third time that it is there. A text that was there once before the page
	// changed to it for good was a stale answer's doing, not a variant.
	minGone = 2
	// A variant takes the head's place when it was seen displacedSightings
	// times in a row, over displacedHolds times the hold.
	displacedSightings = 4
	displacedHolds     = 3
)

// text is a policy.Text with the questions that triage asks of it.
type text struct{ policy.Text }

// fresh leaves out the texts that were not seen for long.
func fresh(texts []policy.Text, at time.Time) []policy.Text {
	var out []policy.Text
	for _, t := range texts {
		if at.Sub(t.LastSeenAt) <= flapWindow && !t.FirstSeenAt.After(at) {
			out = append(out, t)
		}
	}
	return out
}

// seen returns what is remembered of a text, nil when nothing is.
func (h History) seen(sha policy.Digest) *text {
	for _, t := range h.Texts {
		if t.SHA256 == sha {
			return &text{t}
		}
	}
	return nil
}

// displaces says whether a sighting makes a variant the policy's text: the
// head has not been seen for long, and this text all the time.
func (t text) displaces(at time.Time, s Settings) bool {
	return s.Hold > 0 && t.Run+1 >= displacedSightings && at.Sub(t.RunSince) >= displacedHolds*s.Hold
}

// alternates says whether a text of old and the head take turns: the head
// returned lately, and now the text that it had replaced is back as well.
func (h History) alternates(sha policy.Digest, at time.Time) bool {
	return h.Reverted && h.Known[sha] > 0 && at.Sub(h.HeadFirstSeenAt) <= flapWindow
}

// returned ends the wait of a text when the page shows the one again that it
// differs from. On a page with variants the others do not speak against it.
func (h History) returned(d Decision, sha policy.Digest, at time.Time, s Settings) Decision {
	switch p := h.Pending; {
	case p == nil:
	case s.Hold > 0 && at.Sub(p.Since) >= s.Hold, sha == p.Base || p.Base.IsZero() && sha == h.Head || !h.varies():
		if d.Rule == "" {
			d.Rule = RuleReturned
		}
	default:
		d.Pending = p
	}
	return d
}

// gone notes that a text that waited is not there any more.
func gone(texts []policy.Text, p policy.Pending) []policy.Text {
	for i := range texts {
		if t := &texts[i]; t.SHA256 == p.SHA256 {
			t.Gone++
			return texts
		}
	}
	return append(texts, policy.Text{SHA256: p.SHA256, FirstSeenAt: p.FirstSeenAt, LastSeenAt: p.FirstSeenAt, Gone: 1})
}

// varies says whether the page is known to have variants.
func (h History) varies() bool {
	return slices.ContainsFunc(h.Texts, func(t policy.Text) bool { return t.Variant })
}

// remember notes a sighting, and what it did to the text that waited and to
// the head.
func (h History) remember(d Decision, sha policy.Digest, at time.Time) []policy.Text {
	texts := slices.Clone(h.Texts)
	for i := range texts {
		t := &texts[i]
		if t.SHA256 != sha {
			t.Run, t.RunSince = 0, time.Time{}
			continue
		}
		t.LastSeenAt, t.Variant = at, t.Variant || d.NewVariant
		if t.Run++; t.Run == 1 {
			t.RunSince = at
		}
	}
	switch {
	case d.NewVariant && h.seen(sha) == nil:
		texts = append(texts, policy.Text{SHA256: sha, FirstSeenAt: d.FirstSeenAt, LastSeenAt: at, Variant: true, Run: 1, RunSince: at})
	case d.Outcome == policy.OutcomeChanged || d.Outcome == policy.OutcomeReverted:
		texts = slices.DeleteFunc(texts, func(t policy.Text) bool { return t.SHA256 == sha })
		if d.Rule == RuleDisplaced {
			texts = append(texts, policy.Text{SHA256: h.Head, FirstSeenAt: h.HeadFirstSeenAt, LastSeenAt: h.HeadSeenAt, Variant: true})
		}
	case d.Outcome == policy.OutcomeUnchanged && h.Pending != nil && d.Pending == nil && h.Pending.SHA256 != sha:
		texts = gone(texts, *h.Pending)
	}
	slices.SortStableFunc(texts, func(a, b policy.Text) int {
		if a.Variant != b.Variant { // variants are forgotten last
			if a.Variant {
				return -1
			}
			return 1
		}
		return b.LastSeenAt.Compare(a.LastSeenAt)
	})
	return texts[:min(len(texts), maxTexts)]
}
