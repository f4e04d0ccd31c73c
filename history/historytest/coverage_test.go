package historytest

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"watcher/history"
	"watcher/policy"
	"watcher/storage"
)

func short(list []history.Interval) []string {
	out := []string{}
	for _, v := range list {
		what := v.Kind
		if v.Kind == history.Checked {
			what = fmt.Sprintf("%s v%d n=%d", v.Outcome, v.Version, v.Checks)
		}
		out = append(out, fmt.Sprintf("%s %s..%s", what, v.From.Format("02T15"), v.To.Format("02T15")))
	}
	return out
}

// story: watched from the 1st; the vendor is down on the 3rd; the watcher is
// stopped from the 5th to the 8th; a change is found on the 8th; then the machine
// sleeps within a session from the 9th to the 11th.
func story(t *testing.T) *world {
	w := newWorld(t, acme)
	w.watched(day(1), day(5))
	w.tell(acme, day(1), "We keep names.")
	for _, at := range []time.Time{day(1, 12), day(2), day(2, 12)} {
		w.look(acme, policy.OutcomeUnchanged, at)
	}
	for _, at := range []time.Time{day(3), day(3, 12)} {
		w.look(acme, policy.OutcomeFailed, at)
	}
	w.look(acme, policy.OutcomeUnchanged, day(4))
	w.look(acme, policy.OutcomeUnchanged, day(4, 12))
	w.reopen(w.store.Path())
	w.watched(day(8), day(9, 6))
	w.tell(acme, day(8), "We keep names and addresses.")
	w.look(acme, policy.OutcomeUnchanged, day(8, 12))
	w.look(acme, policy.OutcomeUnchanged, day(9))
	w.watched(day(11), day(11, 12))
	w.look(acme, policy.OutcomeUnchanged, day(11))
	w.look(acme, policy.OutcomeUnchanged, day(11, 12))
	return w
}

func options() history.CoverageOptions {
	return history.CoverageOptions{Now: day(11, 13), Every: 12 * time.Hour}
}

func TestCoverage(t *testing.T) {
	w := story(t)
	got, err := history.Coverage(t.Context(), w.store, acme, options())
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"baseline v1 n=1 01T00..01T00", "unchanged v1 n=3 01T12..02T12", "failed v1 n=2 03T00..03T12",
		"unchanged v1 n=2 04T00..04T12", "nobody_looked 04T12..05T00", "not_running 05T00..08T00",
		"changed v2 n=1 08T00..08T00", "unchanged v2 n=2 08T12..09T00", "nobody_looked 09T00..09T06",
		"not_running 09T06..11T00", "unchanged v2 n=2 11T00..11T12",
	}
	if diff := cmp.Diff(want, short(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	o := options()
	o.Since, o.Until = day(3), day(4)
	got, err = history.Coverage(t.Context(), w.store, acme, o)
	if diff := cmp.Diff([]string{"failed v1 n=2 03T00..03T12", "unchanged v1 n=2 04T00..04T12"}, short(got)); err != nil || diff != "" {
		t.Errorf("%v, a part (-want +got):\n%s", err, diff)
	}
	o = options()
	o.Now = day(14)
	got, err = history.Coverage(t.Context(), w.store, acme, o)
	if n := len(got); err != nil || n != 12 || short(got)[11] != "not_running 11T12..14T00" {
		t.Errorf("%v, stopped since: %v", err, short(got))
	}
}

// Without marks in the store nobody can say that the watcher did not run.
func TestCoverageWithoutMarks(t *testing.T) {
	w := newWorld(t, acme)
	w.look(acme, policy.OutcomeFailed, day(1))
	w.look(acme, policy.OutcomeFailed, day(4))
	got, err := history.Coverage(t.Context(), w.store, acme, history.CoverageOptions{Now: day(4)})
	want := []string{"failed v0 n=1 01T00..01T00", "nobody_looked 01T00..04T00", "failed v0 n=1 04T00..04T00"}
	if diff := cmp.Diff(want, short(got)); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if _, err := history.Coverage(t.Context(), w.store, "acme/nothing", options()); !errors.Is(err, policy.ErrNotFound) {
		t.Errorf("unknown policy: %v", err)
	}
}

func TestAt(t *testing.T) {
	w := story(t)
	for _, tc := range []struct {
		name, want, between string
		at                  time.Time
	}{
		{"before anything", "unknown v0 - - next 1", "", day(1).Add(-time.Hour)},
		{"seen at that very time", "proved v1 02T00 02T00 next 2", "", day(2)},
		{"between two good checks", "proved v1 02T00 02T12 next 2", "", day(2, 6)},
		{"while the vendor was down", "proved v1 02T12 04T00 next 2", "failed v1 n=2 03T00..03T12", day(3, 6)},
		{"while the watcher was down", "changed_between v1 04T12 - next 2", "nobody_looked 04T12..05T00, not_running 05T00..08T00", day(6)},
		{"after the change", "proved v2 08T00 08T12 next 0", "", day(8, 1)},
		{"while the machine slept", "proved v2 09T00 11T00 next 0", "nobody_looked 09T00..09T06, not_running 09T06..11T00", day(10)},
		{"now, an hour after it stopped", "last_known v2 11T12 - next 0", "not_running 11T12..11T13", day(11, 13)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			m, err := history.At(t.Context(), w.store, acme, tc.at, options())
			if err != nil {
				t.Fatal(err)
			}
			got := fmt.Sprintf("%s v%d %s %s next %d", m.Certainty, m.Version, brief(m.ConfirmedBefore), brief(m.ConfirmedAfter), m.Next)
			if got != tc.want {
				t.Errorf("got %s\nwant %s", got, tc.want)
			}
			if between := strings.Join(short(m.Between), ", "); between != tc.between {
				t.Errorf("between: %s\nwant %s", between, tc.between)
			}
		})
	}
	if _, err := history.At(t.Context(), w.store, acme, day(12), options()); err == nil {
		t.Error("a time to come has an answer")
	}
}

func brief(at time.Time) string {
	if at.IsZero() {
		return "-"
	}
	return at.Format("02T15")
}

// An archive's capture speaks of its own time, a variant of nothing, and a
// technical version is the same text read by other rules.
func TestAtLooksAtWhatWasSeen(t *testing.T) {
	w := newWorld(t, acme)
	w.tell(acme, day(1), "We keep names.")
	c := w.claim(acme)
	w.commit(storage.Observation{Claim: c, Expect: c.State.HeadRef(), State: c.State, Check: policy.Check{
		Outcome: policy.OutcomeUnchanged, At: day(9), CapturedAt: day(4), Source: policy.SourceWayback,
	}})
	c = w.claim(acme)
	w.commit(storage.Observation{Claim: c, Expect: c.State.HeadRef(), State: c.State, Check: policy.Check{
		Outcome: policy.OutcomeUnchanged, At: day(9, 12), CapturedAt: day(9, 12), Rule: policy.RuleVariant,
	}})
	c = w.claim(acme)
	doc := document("We keep names, read otherwise.")
	w.commit(storage.Observation{Claim: c, Expect: c.State.HeadRef(), State: c.State, Versions: []storage.NewVersion{{
		Document: doc, Head: true, Version: policy.Version{
			Kind: policy.VersionTechnical, CapturedAt: day(1), FirstSeenAt: day(1), SHA256: doc.Digest(),
		},
	}}})
	w.look(acme, policy.OutcomeUnchanged, day(12))
	o := history.CoverageOptions{Now: day(13), Every: 12 * time.Hour}
	for at, want := range map[time.Time]string{
		day(2): "proved v2 01T00 04T00", day(6): "proved v2 04T00 12T00", day(12, 1): "last_known v2 12T00 -",
	} {
		m, err := history.At(t.Context(), w.store, acme, at, o)
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprintf("%s v%d %s %s", m.Certainty, m.Version, brief(m.ConfirmedBefore), brief(m.ConfirmedAfter)); got != want {
			t.Errorf("at %s: got %s, want %s", brief(at), got, want)
		}
	}
}

// What an archive has of the time before a policy was watched leaves no gaps, and
// a text that only the archive saw is in the way of any proof.
func TestArchivesPast(t *testing.T) {
	w := newWorld(t, acme) // added on the 1st
	w.tell(acme, day(2), "We keep names.")
	for _, at := range []time.Time{day(1).AddDate(0, -3, 0), day(1).AddDate(0, -2, 0)} {
		w.look(acme, policy.OutcomeFailed, at)
	}
	c := w.claim(acme)
	doc := document("We keep what nobody else saw.")
	w.commit(storage.Observation{Claim: c, Expect: c.State.HeadRef(), State: c.State, Versions: []storage.NewVersion{{
		Document: doc, Version: policy.Version{Kind: policy.VersionBackfill, CapturedAt: day(5), FirstSeenAt: day(5), SHA256: doc.Digest()},
	}}})
	w.look(acme, policy.OutcomeUnchanged, day(10))
	o := history.CoverageOptions{Now: day(10), Every: 12 * time.Hour}
	got, err := history.Coverage(t.Context(), w.store, acme, o)
	if err != nil || len(got) != 5 || got[0].Checks != 2 || got[1].Kind != history.NobodyLooked || got[1].From != day(1) {
		t.Errorf("%v: %v", err, short(got))
	}
	m, err := history.At(t.Context(), w.store, acme, day(3), o)
	if err != nil || m.Certainty != history.ChangedBetween || m.Version != 1 || m.Next != 2 || !m.ConfirmedAfter.IsZero() {
		t.Errorf("%+v, %v", m, err)
	}
}
