package alerts

import (
	"time"

	"watcher/policy"
)

// The digests.
const (
	DigestHourly = "hourly"
	DigestDaily  = "daily"
	DigestWeekly = "weekly"
)

// Schedule says when digests go out.
type Schedule struct {
	// At is the time of day of daily and weekly ones, as the time since
	// midnight on a clock of Zone; weekly ones go out on Mondays.
	At   time.Duration
	Zone *time.Location
}

// Next returns when the next digest after a moment is due. Every day and every
// hour has one, whatever happens to the clocks: an hour that the spring leaves
// out is the one after it, and one that comes twice in autumn counts once for
// a day.
func (s Schedule) Next(digest string, after time.Time) time.Time {
	zone := s.Zone
	if zone == nil {
		zone = time.UTC
	}
	local := after.In(zone)
	if digest == DigestHourly {
		// In the time that passes, not on the clock, which may jump.
		into := time.Duration(local.Minute())*time.Minute + time.Duration(local.Second())*time.Second + time.Duration(local.Nanosecond())
		return after.Add(time.Hour - into).UTC()
	}
	for day := 0; ; day++ {
		at := s.on(local.Year(), local.Month(), local.Day()+day, zone)
		if at.After(after) && (digest != DigestWeekly || s.weekday(local, day) == time.Monday) {
			return at.UTC()
		}
	}
}

// on returns the moment of the digest on a day.
func (s Schedule) on(year int, month time.Month, day int, zone *time.Location) time.Time {
	hour, minute := int(s.At/time.Hour), int(s.At%time.Hour/time.Minute)
	at := time.Date(year, month, day, hour, minute, 0, 0, zone)
	// time.Date does not say which side it takes of a time that the clocks leave
	// out or show twice. Of two it is to be the first.
	for _, jump := range []time.Duration{time.Hour, 30 * time.Minute} {
		if earlier := at.Add(-jump); sameClock(earlier, at) {
			return earlier
		}
	}
	// Of none it is to be the later side: a digest is never early.
	wanted := time.Date(year, month, day, hour, minute, 0, 0, time.UTC)
	if shown := time.Date(at.Year(), at.Month(), at.Day(), at.Hour(), at.Minute(), 0, 0, time.UTC); shown.Before(wanted) {
		at = at.Add(time.Hour)
	}
	return at
}

func sameClock(a, b time.Time) bool {
	return a.Day() == b.Day() && a.Hour() == b.Hour() && a.Minute() == b.Minute()
}

func (s Schedule) weekday(local time.Time, day int) time.Weekday {
	return time.Date(local.Year(), local.Month(), local.Day()+day, 12, 0, 0, 0, time.UTC).Weekday()
}

// Plan gives a fresh alert its place in a group or a digest.
func (d Destination) Plan(a policy.Alert, s Schedule) policy.Alert {
	switch {
	case a.Event.Policy.ID == "": // about no policy: it belongs to no group
	case d.Digest != "":
		a.Group, a.NotBefore = groupDigest+d.Digest, s.Next(d.Digest, a.CreatedAt)
	case d.GroupWait > 0:
		a.Group, a.NotBefore = groupVendor+a.Event.Policy.ID.VendorSlug(), a.CreatedAt.Add(d.GroupWait).UTC()
	}
	if !a.NotBefore.IsZero() {
		a.NextAttempt = a.NotBefore
	}
	return a
}
