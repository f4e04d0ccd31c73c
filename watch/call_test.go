package watch

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"watcher/policy"
)

// TestPassOutlivesAnother: who joined a check whose caller left checks alone.
func TestPassOutlivesAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, fetcher, loop := loopWorld(t, 1, 1)
		hasty, leave := context.WithCancel(t.Context())
		ended, joined := make(chan error), make(chan error)
		go func() { ended <- loop.Pass(hasty, PassOptions{}, func(policy.Check) error { return nil }) }()
		synctest.Wait()
		var got []policy.Check
		go func() {
			joined <- loop.Pass(t.Context(), PassOptions{}, func(c policy.Check) error { got = append(got, c); return nil })
		}()
		synctest.Wait()
		leave()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("err = %v", err)
		}
		if err := <-joined; err != nil || len(got) != 1 || got[0].Outcome != policy.OutcomeBaseline || fetcher.total != 2 {
			t.Errorf("%d captures, checks %+v, %v", fetcher.total, got, err)
		}
		if len(loop.calls) != 0 {
			t.Errorf("%d calls are left", len(loop.calls))
		}
	})
}

// TestPassBesideARuling: a ruling says nothing of the page, so a pass waits for it
// and checks.
func TestPassBesideARuling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, fetcher, loop := loopWorld(t, 1, 1)
		p := loop.Plan().Policies["vendor-0/privacy"]
		claim, err := loop.claimOne(t.Context(), []policy.Policy{p})
		if err != nil {
			t.Fatal(err)
		}
		joined := make(chan error)
		var got []policy.Check
		go func() {
			joined <- loop.Pass(t.Context(), PassOptions{}, func(c policy.Check) error { got = append(got, c); return nil })
		}()
		synctest.Wait()
		loop.release(t.Context(), claim.Claim)
		claim.call.ruling = true
		loop.end(claim, []policy.Check{{Outcome: policy.OutcomeSkipped}}, nil)
		if err := <-joined; err != nil || len(got) != 1 || got[0].Outcome != policy.OutcomeBaseline || fetcher.total != 1 {
			t.Errorf("%d captures, checks %+v, %v", fetcher.total, got, err)
		}
	})
}

// TestRulingPanics: a fault in a ruling is told, and the policy is free again.
func TestRulingPanics(t *testing.T) {
	w := newWorld(t)
	w.settings.Triage = confirm
	w.want(0, policy.OutcomeBaseline, "")
	w.say(shortPage)
	w.want(time.Hour, policy.OutcomeQuarantined, "")
	w.settings.Router = panicky{}
	loop := w.loop()
	if _, err := loop.Rule(t.Context(), w.policy.ID, policy.Ruling{Accept: true, Author: "Ada", Reason: "x"}); err == nil {
		t.Fatal("a panic is no error")
	}
	if len(loop.calls) != 0 {
		t.Errorf("%d calls are left", len(loop.calls))
	}
	w.claim()
}

type panicky struct{}

func (panicky) Route(policy.Event, time.Time) []policy.Alert { panic("boom") }

// TestClaimOneGivesUp: a caller that leaves while it waits gets no claim.
func TestClaimOneGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, _, loop := loopWorld(t, 1, 1)
		p := loop.Plan().Policies["vendor-0/privacy"]
		claim, err := loop.claimOne(t.Context(), []policy.Policy{p})
		if err != nil {
			t.Fatal(err)
		}
		ctx, leave := context.WithCancel(t.Context())
		waiting := make(chan error)
		go func() {
			_, err := loop.claimOne(ctx, []policy.Policy{p})
			waiting <- err
		}()
		synctest.Wait()
		leave()
		if err := <-waiting; !errors.Is(err, context.Canceled) {
			t.Errorf("err = %v", err)
		}
		loop.release(t.Context(), claim.Claim)
		loop.end(claim, nil, nil)
	})
}
