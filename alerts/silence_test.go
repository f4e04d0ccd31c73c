package alerts

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"watcher/policy"
)

func TestSilenced(t *testing.T) {
	now := time.Date(2025, 6, 2, 12, 0, 0, 0, time.UTC)
	e := policy.Event{
		Type: policy.EventPolicyChanged, Significance: policy.Minor, Categories: []policy.Category{policy.DataRetention},
		DateFacts: []policy.DateFact{policy.SilentChange},
		Policy:    policy.PolicyRef{ID: "acme/privacy-de", Vendor: "Acme Inc", Kind: policy.KindPrivacy, Tags: []string{"eu"}},
	}
	for _, tc := range []struct {
		name     string
		matchers []string
		from, to time.Duration
		want     bool
	}{
		{"vendor by slug", []string{"vendor=acme"}, -1, 1, true},
		{"vendor by name", []string{"vendor=acme inc"}, -1, 1, true},
		{"another vendor", []string{"vendor=zeta"}, -1, 1, false},
		{"one of several", []string{"vendor=zeta,acme"}, -1, 1, true},
		{"all have to match", []string{"vendor=acme", "significance=material"}, -1, 1, false},
		{"all match", []string{"vendor=acme", "significance=minor", "category=data_retention", "dates=silent_change", "tags=eu", "lang=de", "kind=privacy", "event=policy_changed", "policy=acme/privacy-de"}, -1, 1, true},
		{"receiver", []string{"receiver=team"}, -1, 1, true},
		{"integration of a receiver", []string{"receiver=team/slack"}, -1, 1, true},
		{"another receiver", []string{"receiver=tea"}, -1, 1, false},
		{"not yet", []string{"vendor=acme"}, 1, 2, false},
		{"from its start on", []string{"vendor=acme"}, 0, 1, true},
		{"until its end", []string{"vendor=acme"}, -1, 0, false},
		{"the same name twice holds both, which nothing does", []string{"vendor=acme", "vendor=zeta"}, -1, 1, false},
		{"nothing mutes nothing", nil, -1, 1, false},
	} {
		s := policy.Silence{ID: "sil_1", StartsAt: now.Add(tc.from * time.Hour), EndsAt: now.Add(tc.to * time.Hour)}
		for _, text := range tc.matchers {
			m, err := policy.ParseMatcher(text)
			if err != nil {
				t.Fatal(err)
			}
			s.Matchers = append(s.Matchers, m)
		}
		if got := Silenced([]policy.Silence{s}, e, "team/slack", now) != nil; got != tc.want {
			t.Errorf("%s: %v, want %v", tc.name, got, tc.want)
		}
	}
	unknown := policy.Silence{StartsAt: now, EndsAt: now.Add(time.Hour), Matchers: []policy.Matcher{{Name: "colour", Values: []string{"red"}}}}
	if Silenced([]policy.Silence{unknown}, e, "team", now) != nil {
		t.Error("a matcher that nobody knows matches")
	}
}

// TestEveryMatcherIsUnderstood: what a person may write is what is looked at.
func TestEveryMatcherIsUnderstood(t *testing.T) {
	for _, name := range policy.MatcherNames() {
		if _, _, ok := matchOf([]policy.Matcher{{Name: name, Values: []string{"x"}}}); !ok {
			t.Errorf("matcher %s is not understood", name)
		}
	}
}

// TestSilenceMarks: what a silence matches is marked, kept and not sent, also
// when it waits already; what a person asks for again is sent.
func TestSilenceMarks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, chat, hook := newMemStore(), &chatFake{}, &fakeSender{}
		d := newTestDispatcher(s, map[string]Sender{"team": chat, "hook": hook})
		stop := running(t, d)
		wait := Destination{GroupWait: time.Minute}
		muted := s.put("team", "acme/privacy", "", wait, time.Now())
		loud := s.put("team", "zeta/privacy", "", wait, time.Now())
		advance(30 * time.Second)
		if err := s.PutSilence(t.Context(), policy.Silence{
			ID: "sil_1", Matchers: []policy.Matcher{{Name: "vendor", Values: []string{"acme"}}},
			StartsAt: time.Now(), EndsAt: time.Now().Add(time.Hour), Author: "anna", Comment: "a move",
		}); err != nil {
			t.Fatal(err)
		}
		hooked := s.put("hook", "acme/privacy", "", Destination{}, time.Now())
		hookLoud := s.put("hook", "zeta/privacy", "", Destination{}, time.Now())
		d.Wake()
		advance(2 * time.Minute)
		for _, id := range []string{muted.ID, hooked.ID} {
			if a := s.get(t, id); a.State != policy.AlertSilenced || a.SilencedBy != "sil_1" || a.Attempts != 0 {
				t.Errorf("%s is %s by %q after %d attempts", id, a.State, a.SilencedBy, a.Attempts)
			}
		}
		if !cmp.Equal(chat.ids(), []string{loud.ID}) || !cmp.Equal(hook.ids(), []string{hookLoud.ID}) {
			t.Errorf("sent %v and %v", chat.ids(), hook.ids())
		}
		if err := s.RequeueAlert(t.Context(), muted.ID, time.Now()); err != nil {
			t.Fatal(err)
		}
		d.Wake()
		synctest.Wait()
		if got := chat.ids(); !cmp.Equal(got, []string{loud.ID, muted.ID}) {
			t.Errorf("after redelivery by hand: %v", got)
		}
		advance(2 * time.Hour)
		after := s.put("hook", "acme/terms", "", Destination{}, time.Now())
		d.Wake()
		synctest.Wait()
		stop()
		if got := hook.ids(); got[len(got)-1] != after.ID {
			t.Errorf("after the silence: %v", got)
		}
	})
}
