package watch

import (
	"fmt"
	"strings"
	"time"

	"watcher/normalize"
	"watcher/policy"
	"watcher/storage"
	"watcher/triage"
)

// When failing selectors matter: a page that was only half there once is not
// worth telling of.
const (
	// degradedChecks is how many checks in a row they must fail in for the
	// automatic text to take the place of the selected one.
	degradedChecks = 2
	// A failing check adds degradedStep to a score and any other takes one away;
	// at degradedScore they are told of. That is two failures in a row, or the
	// third of selectors that fail every other time.
	degradedStep  = 2
	degradedScore = 4
)

// degrade reads a capture without the selectors that match nothing in it. The
// head is then read in the same way before the two are compared, so that what
// the selectors alone changed is technical.
func (r *run) degrade(c policy.Capture) (*normalize.Normalizer, policy.Document, error) {
	n, err := r.reader(normalize.Rules{Remove: r.policy.Remove})
	if err != nil {
		return nil, policy.Document{}, err
	}
	doc, err := r.document(n, c)
	r.degraded = err == nil
	return n, doc, err
}

// provisional says whether the selectors failed for the first time: the page may
// have been half there only, so the head stays read with them. Where a text is
// believed at its first sighting there is no second one to wait for.
func (r *run) provisional() bool {
	return r.degraded && r.state.Degraded+1 < degradedChecks && r.settings.Triage.ConfirmAfter > 0
}

// restored makes the first text that the selectors give again a technical
// version, when the page without them still reads as the head does.
func (r *run) restored(b *base, doc policy.Document) bool {
	if r.current.Body == nil || r.degraded {
		return false
	}
	defer func(was bool) { r.degraded = was }(r.degraded)
	_, plain, err := r.degrade(r.current)
	if err != nil || plain.Digest() != b.digest {
		return false
	}
	b.add(newVersion(r.policy, policy.VersionTechnical, r.current, doc, triage.Decision{FirstSeenAt: r.current.CapturedAt}), doc, ruleNormalizer)
	return true
}

// noteDegraded counts the checks in which the selectors failed and tells of
// them once.
func (r *run) noteDegraded(o *storage.Observation) {
	s := &o.State
	if !r.degraded {
		s.Degraded = 0
		if s.DegradedScore = max(s.DegradedScore-1, 0); s.DegradedScore == 0 {
			s.DegradedSince, s.DegradedTold = time.Time{}, false
		}
		return
	}
	detail := fmt.Sprintf("the selectors %q match nothing on the page; the automatic text is watched instead (see what \"watcher extract\" makes of the page)",
		selectors(r.policy.Select))
	if o.Check.Rule == "" {
		o.Check.Rule = triage.RuleSelect
	}
	o.Check.Detail = detail
	s.Degraded++
	s.DegradedScore = min(s.DegradedScore+degradedStep, degradedScore)
	if s.DegradedSince.IsZero() {
		s.DegradedSince = o.Check.At
	}
	if s.DegradedScore >= degradedScore && !s.DegradedTold && !r.mode.Quiet {
		s.DegradedTold = true
		r.tell(o, &o.Check, r.healthEvent(policy.EventExtractionDegraded, o, s.DegradedSince, "the configured selectors match nothing any more"))
	}
}

func selectors(list []policy.Selector) string {
	var texts []string
	for _, s := range list {
		texts = append(texts, s.String())
	}
	return strings.Join(texts, ", ")
}

// offending is how many lines a page_noisy event quotes.
const offending = 10

// charge charges a change to the noise budget and says whether it is told of.
// The change with which the budget is spent raises page_noisy instead.
func (r *run) charge(o *storage.Observation, check *policy.Check, change policy.Change) bool {
	if r.mode.Quiet {
		return true // an archive's past neither spends the budget nor tells of it
	}
	next, tell, began := triage.Budget(o.State.Noise, change.Significance, o.Check.At)
	o.State.Noise = next
	if tell {
		return true
	}
	r.suppressed, check.Rule = suppressedNoisy, triage.RuleNoisy
	if began {
		e := r.healthEvent(policy.EventPageNoisy, o, o.Check.At,
			"the page keeps changing in small ways; from now on only material changes are told, until it has been quiet for a week")
		e.Rule, e.Detail = triage.RuleNoisy, lines(change.Edits)
		r.tell(o, check, e)
	}
	return false
}

func lines(edits []policy.Edit) string {
	var out []string
	for _, e := range edits {
		if len(out) == offending {
			out = append(out, fmt.Sprintf("… and %d more", len(edits)-offending))
			break
		}
		if e.Old != "" && e.Op != policy.Moved {
			out = append(out, "- "+clip(e.Old))
		}
		if e.New != "" {
			out = append(out, "+ "+clip(e.New))
		}
	}
	return strings.Join(out, "\n")
}

// maxQuoted bounds a quoted line, in runes.
const maxQuoted = 160

func clip(s string) string {
	if r := []rune(s); len(r) > maxQuoted {
		return string(r[:maxQuoted-1]) + "…"
	}
	return s
}
