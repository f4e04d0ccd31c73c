package watch

import (
	"context"
	"errors"
	"testing"
	"time"

	"watcher/policy"
)

type parrot struct {
	err   error
	asked int
}

func (p *parrot) Summarize(_ context.Context, c policy.Change) (policy.MachineSummary, error) {
	p.asked++
	return policy.MachineSummary{Text: "So: " + c.Summary, Model: "parrot"}, p.err
}

// A machine's summary is kept beside that of the rules; one that fails holds
// nothing back, and cosmetic changes are not shown to it.
func TestMachineSummary(t *testing.T) {
	w := newWorld(t)
	p := &parrot{}
	w.settings.Summarizer = p
	w.say(page(12))
	w.want(0, policy.OutcomeBaseline, "")
	w.say(page(24))
	c := w.want(time.Hour, policy.OutcomeChanged, policy.EventPolicyChanged)
	change, err := w.store.Change(t.Context(), w.policy.ID, c.Version)
	if err != nil || change.Machine == nil || change.Machine.Text != "So: "+change.Summary {
		t.Fatalf("change %+v, %v", change.Machine, err)
	}
	p.err = errors.New("model is asleep")
	w.say(page(36))
	c = w.want(time.Hour, policy.OutcomeChanged, policy.EventPolicyChanged)
	if change, err = w.store.Change(t.Context(), w.policy.ID, c.Version); err != nil || change.Machine != nil || change.Summary == "" {
		t.Errorf("change %+v, %v", change.Machine, err)
	}
	if p.asked != 2 {
		t.Errorf("asked %d times", p.asked)
	}
}
