package alerts

import (
	"testing"
	"time"
	_ "time/tzdata"

	"watcher/policy"
)

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// TestNextDigest: clocks go forward in Copenhagen on 2025-03-30 at 02:00, back
// on 2025-10-26 at 03:00; on Lord Howe by half an hour.
func TestNextDigest(t *testing.T) {
	for _, tc := range []struct {
		name, digest, zone, at, after, want string
	}{
		{"later today", DigestDaily, "Europe/Copenhagen", "08:00", "2025-06-02T05:59:59Z", "2025-06-02T06:00:00Z"},
		{"at the hour itself it is tomorrow", DigestDaily, "Europe/Copenhagen", "08:00", "2025-06-02T06:00:00Z", "2025-06-03T06:00:00Z"},
		{"over the change to summer", DigestDaily, "Europe/Copenhagen", "08:00", "2025-03-29T07:30:00Z", "2025-03-30T06:00:00Z"},
		{"over the change to winter", DigestDaily, "Europe/Copenhagen", "08:00", "2025-10-25T06:30:00Z", "2025-10-26T07:00:00Z"},
		{"an hour that is left out", DigestDaily, "Europe/Copenhagen", "02:30", "2025-03-30T00:00:00Z", "2025-03-30T01:30:00Z"},
		{"the day after it", DigestDaily, "Europe/Copenhagen", "02:30", "2025-03-30T01:30:00Z", "2025-03-31T00:30:00Z"},
		{"an hour that comes twice, before", DigestDaily, "Europe/Copenhagen", "02:30", "2025-10-25T23:00:00Z", "2025-10-26T00:30:00Z"},
		{"an hour that comes twice, between", DigestDaily, "Europe/Copenhagen", "02:30", "2025-10-26T00:45:00Z", "2025-10-27T01:30:00Z"},
		{"a midnight that is left out", DigestDaily, "Africa/Cairo", "00:00", "2025-04-24T12:00:00Z", "2025-04-24T22:00:00Z"},
		{"half an hour that is left out", DigestDaily, "Australia/Lord_Howe", "02:15", "2025-10-04T12:00:00Z", "2025-10-04T15:45:00Z"},
		{"half an hour that comes twice", DigestDaily, "Australia/Lord_Howe", "01:45", "2025-04-05T12:00:00Z", "2025-04-05T14:45:00Z"},
		{"west of Greenwich the day is another one", DigestDaily, "America/Los_Angeles", "20:00", "2025-06-02T02:00:00Z", "2025-06-02T03:00:00Z"},
		{"across the date line", DigestDaily, "Pacific/Auckland", "08:00", "2025-06-01T21:00:00Z", "2025-06-02T20:00:00Z"},
		{"weekly, on a Sunday", DigestWeekly, "Europe/Copenhagen", "08:00", "2025-06-01T12:00:00Z", "2025-06-02T06:00:00Z"},
		{"weekly, on Monday before the hour", DigestWeekly, "Europe/Copenhagen", "08:00", "2025-06-02T05:00:00Z", "2025-06-02T06:00:00Z"},
		{"weekly, on Monday after it", DigestWeekly, "Europe/Copenhagen", "08:00", "2025-06-02T07:00:00Z", "2025-06-09T06:00:00Z"},
		{"weekly, Monday here and Sunday in UTC", DigestWeekly, "Pacific/Auckland", "08:00", "2025-06-01T12:30:00Z", "2025-06-01T20:00:00Z"},
		{"weekly, over the turn of the year", DigestWeekly, "UTC", "08:00", "2025-12-30T00:00:00Z", "2026-01-05T08:00:00Z"},
		{"hourly", DigestHourly, "Europe/Copenhagen", "08:00", "2025-06-02T06:10:11.5Z", "2025-06-02T07:00:00Z"},
		{"hourly at the hour", DigestHourly, "Europe/Copenhagen", "08:00", "2025-06-02T06:00:00Z", "2025-06-02T07:00:00Z"},
		{"hourly where hours begin at half past", DigestHourly, "Asia/Kolkata", "08:00", "2025-06-02T06:00:00Z", "2025-06-02T06:30:00Z"},
		{"hourly into the summer", DigestHourly, "Europe/Copenhagen", "08:00", "2025-03-30T00:50:00Z", "2025-03-30T01:00:00Z"},
		{"hourly in the hour that comes twice", DigestHourly, "Europe/Copenhagen", "08:00", "2025-10-26T00:50:00Z", "2025-10-26T01:00:00Z"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			at, err := time.Parse("15:04", tc.at)
			if err != nil {
				t.Fatal(err)
			}
			s := Schedule{At: time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute, Zone: zone(t, tc.zone)}
			after, err := time.Parse(time.RFC3339Nano, tc.after)
			if err != nil {
				t.Fatal(err)
			}
			if got := s.Next(tc.digest, after).Format(time.RFC3339Nano); got != tc.want {
				t.Errorf("Next = %s, want %s", got, tc.want)
			}
		})
	}
}

// TestOneDigestADay: whatever the clocks do, a day has one digest and they are
// about a day apart.
func TestOneDigestADay(t *testing.T) {
	for _, name := range []string{"Europe/Copenhagen", "America/New_York", "Australia/Lord_Howe", "Asia/Tehran", "Africa/Casablanca", "Africa/Cairo", "America/Havana", "UTC"} {
		z := zone(t, name)
		for _, at := range []time.Duration{0, 90 * time.Minute, 2*time.Hour + 30*time.Minute, 8 * time.Hour, 23*time.Hour + 59*time.Minute} {
			s := Schedule{At: at, Zone: z}
			now := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
			last := ""
			for range 730 {
				next := s.Next(DigestDaily, now)
				day := next.In(z).Format(time.DateOnly)
				if gap := next.Sub(now); day == last || gap <= 0 || last != "" && (gap < 22*time.Hour || gap > 26*time.Hour) {
					t.Fatalf("%s at %v: after %s comes %s (%s)", name, at, now, next, day)
				}
				now, last = next, day
			}
		}
	}
}

func TestPlan(t *testing.T) {
	now := time.Date(2025, 6, 2, 5, 0, 0, 0, time.UTC)
	s := Schedule{At: 8 * time.Hour, Zone: time.UTC}
	change := policy.Event{ID: "evt_1", Type: policy.EventPolicyChanged, Policy: policy.PolicyRef{ID: "acme/privacy"}}
	for _, tc := range []struct {
		name  string
		d     Destination
		e     policy.Event
		group string
		wait  time.Duration
	}{
		{"alone", Destination{Receiver: "team"}, change, "", 0},
		{"group", Destination{Receiver: "team", GroupWait: time.Minute}, change, "vendor:acme", time.Minute},
		{"digest", Destination{Receiver: "team", Digest: DigestDaily}, change, "digest:daily", 3 * time.Hour},
		{"about no policy", Destination{Receiver: "team", GroupWait: time.Minute}, policy.Event{ID: "evt_2", Type: policy.EventMassChange}, "", 0},
	} {
		a := tc.d.Plan(policy.NewAlert(tc.e, "team", now), s)
		if a.Group != tc.group || a.NextAttempt.Sub(now) != tc.wait || tc.wait > 0 && !a.NotBefore.Equal(a.NextAttempt) {
			t.Errorf("%s: group %q, not before %v, next %v", tc.name, a.Group, a.NotBefore, a.NextAttempt)
		}
		if a.ID != policy.AlertID(tc.e.ID, "team") {
			t.Errorf("%s: the plan changed the id", tc.name)
		}
	}
}
