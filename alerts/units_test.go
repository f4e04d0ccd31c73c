package alerts

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"watcher/policy"
)

// chatFake is a receiver that people read.
type chatFake struct{ fakeSender }

func (*chatFake) Digests() bool { return true }

// put adds an alert about a policy and plans it.
func (s *memStore) put(receiver string, id policy.ID, n string, d Destination, now time.Time) policy.Alert {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := policy.Event{
		ID: "evt_" + string(id) + n, Type: policy.EventPolicyChanged, At: now, FirstSeenAt: now, Significance: policy.Minor,
		Policy:  policy.PolicyRef{ID: id, Vendor: id.VendorSlug(), Kind: policy.KindPrivacy, URL: "https://" + id.VendorSlug() + ".example/privacy"},
		Summary: "summary of " + string(id),
	}
	a := d.Plan(policy.NewAlert(e, receiver, now), Schedule{At: 8 * time.Hour, Zone: time.UTC})
	a.Seq = uint64(len(s.rows) + 1)
	s.rows = append(s.rows, a)
	return a
}

func memberIDs(m Message) []string {
	var ids []string
	for _, member := range m.Members {
		ids = append(ids, member.AlertID)
	}
	return ids
}

// TestVendorGroup: alerts of a vendor that come within the wait are one
// message, those of another are another one, and a webhook waits for nothing.
func TestVendorGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, chat, hook := newMemStore(), &chatFake{}, &fakeSender{}
		var told []string
		d := newTestDispatcher(s, map[string]Sender{"team": chat, "hook": hook})
		d.delivered = func(m Message, receiver string) {
			if receiver == "team" {
				told = append(told, m.AlertID)
			}
		}
		stop := running(t, d)
		wait := Destination{GroupWait: 30 * time.Second}
		start := time.Now()
		one := s.put("team", "acme/privacy", "", wait, start)
		s.put("hook", "acme/privacy", "", Destination{}, start)
		d.Wake()
		advance(20 * time.Second)
		two := s.put("team", "acme/cookies", "", wait, time.Now())
		other := s.put("team", "zeta/privacy", "", wait, time.Now())
		d.Wake()
		advance(time.Hour)
		stop()
		seen := chat.seen()
		if len(seen) != 2 {
			t.Fatalf("%d messages, want 2", len(seen))
		}
		if got := seen[0].at.Sub(start); got != 30*time.Second {
			t.Errorf("the group went out after %v", got)
		}
		if diff := cmp.Diff([]string{one.ID, two.ID}, memberIDs(seen[0].message)); diff != "" {
			t.Errorf("members (-want +got):\n%s", diff)
		}
		if want := policy.BatchID([]string{one.ID, two.ID}); seen[0].id != want {
			t.Errorf("id of the group is %s, want %s", seen[0].id, want)
		}
		if seen[1].id != other.ID || len(seen[1].message.Members) != 0 {
			t.Errorf("a group of one is %s with %d members, want the alert itself", seen[1].id, len(seen[1].message.Members))
		}
		if diff := cmp.Diff([]string{one.ID, two.ID, other.ID}, told); diff != "" {
			t.Errorf("told as delivered (-want +got):\n%s", diff)
		}
		for _, a := range []policy.Alert{one, two} {
			if got := s.get(t, a.ID); got.State != policy.AlertDelivered || got.Batch != seen[0].id || got.ID != a.ID {
				t.Errorf("member is %s in %q", got.State, got.Batch)
			}
		}
		if got := hook.seen(); len(got) != 1 || !got[0].at.Equal(start) {
			t.Errorf("the webhook had to wait: %+v", got)
		}
	})
}

// TestGroupKeepsItsMembers: a group that failed goes out again with the same
// members under the same id, whatever came meanwhile, and also after a restart.
func TestGroupKeepsItsMembers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, chat := newMemStore(), &chatFake{}
		chat.answer = func(n int, _ attempt) error {
			if n <= 3 {
				return retryError()
			}
			return nil
		}
		wait := Destination{GroupWait: 30 * time.Second}
		s.put("team", "acme/privacy", "", wait, time.Now())
		s.put("team", "acme/cookies", "", wait, time.Now())
		stop := running(t, newTestDispatcher(s, map[string]Sender{"team": chat}))
		advance(31 * time.Second)
		late := s.put("team", "acme/terms", "", wait, time.Now())
		stop()
		stop = running(t, newTestDispatcher(s, map[string]Sender{"team": chat}))
		advance(time.Hour)
		stop()
		seen := chat.seen()
		if len(seen) != 5 {
			t.Fatalf("%d attempts, want 5", len(seen))
		}
		for i := 1; i < 4; i++ {
			if seen[i].id != seen[0].id || !cmp.Equal(memberIDs(seen[i].message), memberIDs(seen[0].message)) {
				t.Errorf("attempt %d is %s with %v, want %s", i+1, seen[i].id, memberIDs(seen[i].message), seen[0].id)
			}
		}
		if seen[4].id != late.ID {
			t.Errorf("what came later went out as %s", seen[4].id)
		}
	})
}

// TestDigest: everything until the hour is one message, and a quiet day says
// nothing. What is not for the digest does not wait behind it.
func TestDigest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // the bubble begins at midnight UTC
		s, chat := newMemStore(), &chatFake{}
		stop := running(t, newTestDispatcher(s, map[string]Sender{"team": chat}))
		daily := Destination{Digest: DigestDaily}
		for _, id := range []policy.ID{"acme/privacy", "zeta/privacy", "beta/privacy"} {
			s.put("team", id, "", daily, time.Now())
			advance(time.Hour)
		}
		at := time.Now()
		urgent := s.put("team", "acme/terms", "", Destination{}, at)
		advance(2 * time.Minute)
		if got := chat.ids(); !cmp.Equal(got, []string{urgent.ID}) {
			t.Errorf("before the hour: %v", got)
		}
		advance(72 * time.Hour)
		s.put("team", "acme/privacy", "again", daily, time.Now())
		advance(24 * time.Hour)
		stop()
		seen := chat.seen()
		if len(seen) != 3 {
			t.Fatalf("%d messages in four days, want 3", len(seen))
		}
		if got := seen[1].at.UTC(); got.Hour() != 8 || got.Minute() != 0 || len(seen[1].message.Members) != 3 {
			t.Errorf("digest at %v with %d alerts", got, len(seen[1].message.Members))
		}
		if seen[2].at.UTC().Hour() != 8 {
			t.Errorf("second digest at %v", seen[2].at.UTC())
		}
	})
}

// TestOutageOfADayInChat: what a day without the receiver left behind is one
// message for people and every event for programs; the oldest alert probes.
func TestOutageOfADayInChat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, chat, hook := newMemStore(), &chatFake{}, &fakeSender{}
		back := time.Now().Add(24 * time.Hour)
		down := func(_ int, a attempt) error {
			if a.at.Before(back) {
				return retryError()
			}
			return nil
		}
		chat.answer, hook.answer = down, down
		d := newTestDispatcher(s, map[string]Sender{"team": chat, "hook": hook})
		stop := running(t, d)
		var oldest policy.Alert
		const alerts = 46
		for i := range alerts {
			n := string(rune('a' + i%26))
			id := policy.ID("v" + n + strings.Repeat("x", i/26) + "/privacy")
			a := s.put("team", id, "", Destination{GroupWait: 30 * time.Second}, time.Now())
			s.put("hook", id, "", Destination{}, time.Now())
			if i == 0 {
				oldest = a
			}
			d.Wake()
			advance(30 * time.Minute)
		}
		advance(3 * time.Hour)
		stop()
		for name, sender := range map[string]*fakeSender{"team": &chat.fakeSender, "hook": hook} {
			probes, delivered := 0, map[string]bool{}
			var first time.Time
			for _, a := range sender.seen() {
				if a.at.Before(back) {
					probes++
					if name == "team" && a.id != oldest.ID {
						t.Errorf("probe with %s, want the oldest alert", a.id)
					}
					continue
				}
				if first.IsZero() {
					first = a.at
				}
				delivered[a.id] = true
			}
			t.Logf("%s: %d probes, first delivery %v after the recovery, %d messages", name, probes, first.Sub(back), len(delivered))
			if probes > 100 || first.Sub(back) > 15*time.Minute {
				t.Errorf("%s: %d probes, first delivery after %v", name, probes, first.Sub(back))
			}
			if n := s.count(name, policy.AlertDelivered); n != alerts {
				t.Errorf("%s: %d of %d delivered", name, n, alerts)
			}
		}
		var digests, members int
		for _, a := range chat.seen() {
			if len(a.message.Members) > 0 && !a.at.Before(back) {
				digests++
				members += len(a.message.Members)
			}
		}
		if digests != 1 || members < alerts-4 {
			t.Errorf("%d digests with %d alerts, want one with almost all of %d", digests, members, alerts)
		}
		if n := len(hook.seen()); n < alerts {
			t.Errorf("the webhook got %d events of %d", n, alerts)
		}
	})
}

// TestOneShotIgnoresGroupWaits: a run that somebody waits for delivers what is
// there; a digest waits for its hour all the same, and is no failure.
func TestOneShotIgnoresGroupWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, chat := newMemStore(), &chatFake{}
		one := s.put("team", "acme/privacy", "", Destination{GroupWait: time.Minute}, time.Now())
		digest := s.put("team", "acme/terms", "", Destination{Digest: DigestDaily}, time.Now())
		start := time.Now()
		got, err := newTestDispatcher(s, map[string]Sender{"team": chat}).Drain(t.Context())
		if err != nil || got != (DrainResult{Delivered: 1}) || !time.Now().Equal(start) {
			t.Errorf("Drain = %+v, %v after %v", got, err, time.Since(start))
		}
		if diff := cmp.Diff([]string{one.ID}, chat.ids()); diff != "" {
			t.Errorf("delivered (-want +got):\n%s", diff)
		}
		advance(9 * time.Hour)
		if got, err = newTestDispatcher(s, map[string]Sender{"team": chat}).Drain(t.Context()); err != nil || got != (DrainResult{Delivered: 1}) {
			t.Errorf("after the hour: %+v, %v", got, err)
		}
		if a := s.get(t, digest.ID); a.State != policy.AlertDelivered {
			t.Errorf("digest is %s", a.State)
		}
	})
}

// TestRedeliveredAlone: what a person asks for keeps its own id, although it is
// old and others wait.
func TestRedeliveredAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, chat := newMemStore(), &chatFake{}
		wait := Destination{GroupWait: time.Minute}
		a := s.put("team", "acme/privacy", "", wait, time.Now())
		b := s.put("team", "acme/cookies", "", wait, time.Now())
		d := newTestDispatcher(s, map[string]Sender{"team": chat})
		stop := running(t, d)
		advance(3 * time.Hour)
		for _, id := range []string{b.ID, a.ID} {
			if err := s.RequeueAlert(t.Context(), id, time.Now()); err != nil {
				t.Fatal(err)
			}
		}
		d.Wake()
		synctest.Wait()
		stop()
		if diff := cmp.Diff([]string{policy.BatchID([]string{a.ID, b.ID}), a.ID, b.ID}, chat.ids()); diff != "" {
			t.Errorf("messages (-want +got):\n%s", diff)
		}
	})
}

// TestDeadGroup: a group that is refused in both forms is given up whole, and
// its members can be had one by one.
func TestDeadGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, chat := newMemStore(), &chatFake{}
		chat.answer = func(n int, _ attempt) error {
			if n == 1 {
				return payloadError()
			}
			return nil
		}
		wait := Destination{GroupWait: time.Minute}
		a, b := s.put("team", "acme/privacy", "", wait, time.Now()), s.put("team", "acme/cookies", "", wait, time.Now())
		d := newTestDispatcher(s, map[string]Sender{"team": chat})
		stop := running(t, d)
		advance(2 * time.Minute)
		if n := s.count("team", policy.AlertDead); n != 2 {
			t.Errorf("%d dead, want 2", n)
		}
		if err := s.RequeueAlert(t.Context(), a.ID, time.Now()); err != nil {
			t.Fatal(err)
		}
		d.Wake()
		synctest.Wait()
		stop()
		if got := chat.ids(); got[len(got)-1] != a.ID || s.get(t, b.ID).State != policy.AlertDead {
			t.Errorf("redelivered %v, the other one is %s", got, s.get(t, b.ID).State)
		}
	})
}
