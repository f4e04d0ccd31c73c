package watch

import (
	"fmt"
	"time"

	"watcher/policy"
	"watcher/storage"
)

// tell adds an event: its name on the check (a change outranks what came
// before it) and one alert for each receiver that the router names.
func (r *run) tell(o *storage.Observation, check *policy.Check, e policy.Event) {
	check.Event = e.Type
	if r.mode.Quiet || r.settings.Router == nil {
		return
	}
	o.Alerts = append(o.Alerts, r.settings.Router.Route(e, o.Check.At)...)
}

func changeEvent(p policy.Policy, t policy.EventType, now time.Time, v policy.Version, c policy.Change) policy.Event {
	from, to := c.From, c.To
	return policy.Event{
		ID:   policy.EventID(p.ID, t, from.SHA256, to.SHA256, v.FirstSeenAt),
		Type: t, Policy: p.Ref(), At: now, FirstSeenAt: v.FirstSeenAt, From: &from, To: &to,
		Significance: c.Significance, Summary: v.Summary, Categories: c.Categories, DateFacts: c.Dates.Facts,
	}
}

// healthEvent makes an event about a run of checks that began at since.
func (r *run) healthEvent(t policy.EventType, o *storage.Observation, since time.Time, summary string) policy.Event {
	detail := o.Check.Error
	if detail == "" {
		detail = o.Check.Detail
	}
	return policy.Event{
		ID:   policy.EventID(r.policy.ID, t, r.state.HeadSHA256, policy.Digest{}, since),
		Type: t, Policy: r.policy.Ref(), At: o.Check.At, FirstSeenAt: since,
		Summary: summary, Rule: o.Check.Rule, Detail: detail,
	}
}

// fail counts a check that saw no policy, and tells of the run once it is long
// enough. Failures and quarantines are separate runs: a page that is up but
// wrong is not unreachable.
func (r *run) fail(o *storage.Observation) {
	s, h := &o.State, r.settings.Health
	s.LastError = o.Check.Error
	if o.Check.Outcome == policy.OutcomeQuarantined {
		s.LastError = o.Check.Detail
		if d, ok := r.dismissal(o.Check.At); ok {
			o.Check.Detail += fmt.Sprintf("; dismissed by %s until %s: %s", by(d.Author), d.Until.Format(time.DateOnly), d.Reason)
			s.LastError = o.Check.Detail
			return
		}
		s.Quarantines++
		if s.QuarantinedSince.IsZero() {
			s.QuarantinedSince = o.Check.At
		}
		if !s.QuarantinedTold && due(s.Quarantines, h.QuarantinedCaptures, o.Check.At.Sub(s.QuarantinedSince), h.QuarantinedAfter) {
			s.QuarantinedTold = true
			r.tell(o, &o.Check, r.healthEvent(policy.EventPolicyQuarantined, o, s.QuarantinedSince,
				fmt.Sprintf("%d captures in a row do not look like the policy: %s", s.Quarantines, o.Check.Detail)))
		}
		return
	}
	s.Failures++
	if s.FailingSince.IsZero() {
		s.FailingSince = o.Check.At
	}
	if !s.UnreachableTold && due(s.Failures, h.UnreachableFailures, o.Check.At.Sub(s.FailingSince), h.UnreachableAfter) {
		s.UnreachableTold = true
		r.tell(o, &o.Check, r.healthEvent(policy.EventPolicyUnreachable, o, s.FailingSince,
			fmt.Sprintf("%d checks in a row failed: %s", s.Failures, o.Check.Error)))
	}
}

// due reports whether a run of n events over age is worth telling. A limit of
// 0 is never reached.
func due(n, limit int, age, after time.Duration) bool {
	return limit > 0 && n >= limit || after > 0 && age >= after
}

// succeed ends runs of bad checks, and tells of the recovery when the run
// itself was told.
func (r *run) succeed(o *storage.Observation) {
	s := &o.State
	s.LastSuccess, s.LastError = o.Check.At, ""
	if s.UnreachableTold || s.QuarantinedTold {
		since := s.FailingSince
		if since.IsZero() || !s.QuarantinedSince.IsZero() && s.QuarantinedSince.Before(since) {
			since = s.QuarantinedSince
		}
		r.tell(o, &o.Check, r.healthEvent(policy.EventPolicyRecovered, o, since,
			"the policy can be read again, for the first time since "+since.Format(time.RFC3339)))
	}
	s.Failures, s.FailingSince, s.UnreachableTold = 0, time.Time{}, false
	s.Quarantines, s.QuarantinedSince, s.QuarantinedTold = 0, time.Time{}, false
}
