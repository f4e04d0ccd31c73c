package bolt

import (
	"time"

	"watcher/policy"
)

// The functions of this file return copies whose times are UTC. Pointers are
// copied, too, so that a caller's value is never changed.

func toUTC(times ...*time.Time) {
	for _, t := range times {
		*t = t.UTC()
	}
}

func utcState(s policy.State) policy.State {
	toUTC(&s.HeadSeenAt, &s.Added, &s.LastCheck, &s.LastSuccess, &s.LastChange, &s.NextCheck,
		&s.FailingSince, &s.QuarantinedSince, &s.FullFetchAt)
	if s.Pending != nil {
		p := *s.Pending
		toUTC(&p.FirstSeenAt, &p.Since)
		s.Pending = &p
	}
	return s
}

func utcVersion(v policy.Version) policy.Version {
	toUTC(&v.CapturedAt, &v.FirstSeenAt, &v.LastSeenAt)
	return v
}

func utcRef(r policy.VersionRef) policy.VersionRef {
	toUTC(&r.CapturedAt, &r.FirstSeenAt)
	return r
}

func utcCheck(c policy.Check) policy.Check {
	toUTC(&c.At, &c.CapturedAt, &c.FirstSeenAt)
	return c
}

func utcCapture(c policy.Capture) policy.Capture {
	toUTC(&c.StartedAt, &c.CapturedAt)
	if c.TLS != nil {
		s := *c.TLS
		toUTC(&s.NotAfter)
		c.TLS = &s
	}
	return c
}

func utcAlert(a policy.Alert) policy.Alert {
	toUTC(&a.CreatedAt, &a.NextAttempt, &a.LastAttempt, &a.DeliveredAt, &a.NotBefore, &a.Event.At, &a.Event.FirstSeenAt)
	for _, ref := range []**policy.VersionRef{&a.Event.From, &a.Event.To} {
		if *ref != nil {
			r := utcRef(**ref)
			*ref = &r
		}
	}
	return a
}
