package web

import (
	"fmt"
	"time"
)

// moment is a time as a page shows it. The zero moment means "never".
type moment struct {
	// ISO is RFC 3339 in UTC, for the datetime attribute.
	ISO string
	// Relative is "3 hours ago", Local the time in the zone of the pages, Full
	// the same with UTC beside it when that is another zone.
	Relative, Local, Full string
}

// calendar turns times into moments as of one instant and in one zone.
type calendar struct {
	now  time.Time
	zone *time.Location
}

func (s *server) calendar() calendar {
	zone := s.opt.TimeZone()
	if zone == nil {
		zone = time.UTC
	}
	return calendar{now: s.opt.Clock(), zone: zone}
}

const minuteLayout = "2006-01-02 15:04 MST"

func (c calendar) at(t time.Time) moment {
	if t.IsZero() {
		return moment{}
	}
	local, utc := t.In(c.zone).Format(minuteLayout), t.UTC().Format(minuteLayout)
	m := moment{ISO: t.UTC().Format(time.RFC3339), Relative: relative(t.Sub(c.now)), Local: local, Full: local}
	if local != utc {
		m.Full += " (" + utc + ")"
	}
	return m
}

// relative says a distance in time in one unit, rounded down.
func relative(d time.Duration) string {
	const day = 24 * time.Hour
	past := d <= 0
	if past {
		d = -d
	}
	var span string
	switch {
	case d < time.Minute:
		if past {
			return "just now"
		}
		return "in a moment"
	case d < time.Hour:
		span = count(int(d/time.Minute), "minute")
	case d < 2*day:
		span = count(int(d/time.Hour), "hour")
	case d < 60*day:
		span = count(int(d/day), "day")
	case d < 2*365*day:
		span = count(int(d/(30*day)), "month")
	default:
		span = count(int(d/(365*day)), "year")
	}
	if past {
		return span + " ago"
	}
	return "in " + span
}

// count writes "1 minute", "2 minutes".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// took writes a duration as a person would: milliseconds under a second.
func took(d time.Duration) string {
	switch {
	case d <= 0:
		return ""
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	}
	return d.Round(100 * time.Millisecond).String()
}
