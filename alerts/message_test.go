package alerts

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"watcher/policy"
)

func TestChangeIsJoined(t *testing.T) {
	changed := func(s *memStore, now time.Time) {
		s.add("team", 2, now)
		s.rows[0].Event.Type = policy.EventPolicyChanged
		s.rows[0].Event.To = &policy.VersionRef{Version: 2}
	}
	t.Run("found", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s, sender := newMemStore(), &fakeSender{}
			changed(s, time.Now())
			s.changes[2] = policy.Change{Summary: "joined"}
			d := newTestDispatcher(s, map[string]Sender{"team": sender})
			d.external = "https://watch.example/base/"
			stop := running(t, d)
			synctest.Wait()
			stop()
			m := sender.seen()[0].message
			if m.Change == nil || m.Change.Summary != "joined" {
				t.Errorf("change = %v", m.Change)
			}
			want := Links{Policy: "https://watch.example/base/policies/acme/privacy", After: "https://watch.example/base/policies/acme/privacy/versions/2", Change: "https://watch.example/base/policies/acme/privacy/changes/2"}
			if diff := cmp.Diff(want, m.Links); diff != "" {
				t.Errorf("links (-want +got):\n%s", diff)
			}
			if m := sender.seen()[1].message; m.Change != nil {
				t.Error("a health event has a change")
			}
		})
	})
	t.Run("missing", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s, sender := newMemStore(), &fakeSender{}
			changed(s, time.Now())
			stop := running(t, newTestDispatcher(s, map[string]Sender{"team": sender}))
			synctest.Wait()
			stop()
			m := sender.seen()[0].message
			if m.Change != nil || !strings.Contains(logBlock(m), "could not be read back") {
				t.Errorf("an alert without its change does not say so:\n%s", logBlock(m))
			}
		})
	})
	t.Run("damaged", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s, sender := newMemStore(), &fakeSender{}
			changed(s, time.Now())
			s.broken = policy.ErrDamaged
			stop := running(t, newTestDispatcher(s, map[string]Sender{"team": sender}))
			synctest.Wait()
			if n := len(sender.seen()); n != 0 {
				t.Errorf("sent %d at once, want a later try", n)
			}
			advance(time.Hour)
			stop()
			seen := sender.seen()
			if len(seen) != 2 {
				t.Fatalf("%d sent after an hour, want both: one damaged record must not hold up the rest", len(seen))
			}
			if !strings.Contains(logBlock(seen[0].message), "damaged") {
				t.Error("the alert does not say that the record is damaged")
			}
		})
	})
}

func TestMachineSummaryIsMarked(t *testing.T) {
	m := TestMessage(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	m.Change.Machine = &policy.MachineSummary{Text: "Kept longer.\nNow.", Model: "small"}
	v := newView(m, 3)
	if want := "In a machine's words (small, unchecked): Kept longer. Now."; !slices.Contains(v.Lines, want) {
		t.Errorf("lines %q lack %q", v.Lines, want)
	}
	body, err := webhookBody(m, 1<<20)
	if err != nil || !bytes.Contains(body, []byte(`"machine_summary":{"text":"Kept longer.`)) {
		t.Errorf("body %s, %v", body, err)
	}
}
