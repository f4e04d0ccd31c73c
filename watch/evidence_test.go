package watch

import (
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"watcher/policy"
)

// TestEvidenceOnChange: of pages that bring nothing new only the digest is kept,
// and whatever a text was or may yet be made from is kept whole.
func TestEvidenceOnChange(t *testing.T) {
	w := newWorld(t)
	w.settings.Triage = confirm
	w.policy.Evidence = policy.EvidenceOnChange
	visit := 0
	token := func(s string) string {
		visit++
		return strings.Replace(s, "<nav>home", "<nav data-token="+strconv.Itoa(visit)+">home", 1)
	}
	body := func(c policy.Check) error {
		t.Helper()
		_, err := w.store.Body(t.Context(), w.policy.ID, c.Capture)
		return err
	}
	w.say(token(page(12)))
	first := w.want(0, policy.OutcomeBaseline, "")
	w.say(token(page(12)))
	same := w.want(12*time.Hour, policy.OutcomeUnchanged, "")
	w.say(token(page(24)))
	waits := w.want(12*time.Hour, policy.OutcomeUnconfirmed, "")
	w.say(token(page(24)))
	changed := w.want(time.Hour, policy.OutcomeChanged, policy.EventPolicyChanged)
	w.say("<h1>Just a moment...</h1>")
	junk := w.want(12*time.Hour, policy.OutcomeQuarantined, "")
	for name, c := range map[string]policy.Check{"baseline": first, "unconfirmed": waits, "changed": changed, "quarantined": junk} {
		if err := body(c); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := body(same); !errors.Is(err, policy.ErrNotFound) {
		t.Errorf("the body of a page with nothing new: %v", err)
	}
	if c, err := w.store.Capture(t.Context(), w.policy.ID, same.Capture); err != nil || c.Digest.IsZero() || c.Size == 0 {
		t.Errorf("%+v, %v", c, err)
	}
}
