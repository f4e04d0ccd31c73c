package watch

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"watcher/policy"
	"watcher/storage"
	"watcher/triage"
)

// older makes the history of a program whose ruleset left a line in the text that
// the rules of now leave out: a version for each number of months, the second of
// which differed by that line alone.
func older(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.now = w.now.Add(time.Hour)
	for i, line := range []string{"Share this page", "Share this page with your friends"} {
		c := w.claim()
		n, err := (&run{Checker: w.checker, settings: w.settings, policy: w.policy}).normalizer()
		if err != nil {
			t.Fatal(err)
		}
		capture, err := w.vendor.Capture(t.Context(), policy.Request{URL: w.policy.URL})
		if err != nil {
			t.Fatal(err)
		}
		capture.Verdict.Kind = policy.Accepted
		doc, err := n.Document(input(capture))
		if err != nil {
			t.Fatal(err)
		}
		doc.Normalizer = "n1-0"
		last := &doc.Sections[len(doc.Sections)-1]
		last.Blocks = append(last.Blocks, policy.Block{Kind: policy.Paragraph, Text: line})
		v := newVersion(w.policy, policy.VersionBaseline, capture, doc, triage.Decision{FirstSeenAt: capture.CapturedAt})
		o := storage.Observation{Claim: c, Expect: c.State.HeadRef(), Capture: &capture, State: c.State, Check: policy.Check{Outcome: policy.OutcomeBaseline, At: w.now}}
		o.State.Normalizer, o.State.HeadFirstSeenAt, o.State.HeadSeenAt, o.State.HeadOrigin = "n1-0", w.now, w.now, w.policy.Origin()
		nv := storage.NewVersion{Version: v, Document: doc, Head: true}
		if i > 0 {
			nv.Version.Kind, nv.Version.Significance, nv.Version.Event, o.Check.Outcome = policy.VersionChange, policy.Minor, string(policy.EventPolicyChanged), policy.OutcomeChanged
		}
		o.Versions = []storage.NewVersion{nv}
		if _, err := w.store.Commit(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		w.now = w.now.Add(time.Hour)
	}
	return w
}

func (w *world) renormalize(req policy.RenormalizeRequest) []policy.Renormalized {
	w.t.Helper()
	loop := NewLoop(w.checker, w.plan, "test", time.Second)
	var out []policy.Renormalized
	if err := loop.Renormalize(w.t.Context(), req, func(r policy.Renormalized) error { out = append(out, r); return nil }); err != nil {
		w.t.Fatal(err)
	}
	return out
}

func (w *world) plan() Plan {
	return Plan{Settings: w.settings, Policies: map[policy.ID]policy.Policy{w.policy.ID: w.policy}, Concurrency: 1}
}

func TestRenormalize(t *testing.T) {
	w := older(t)
	id := w.policy.ID
	dry := w.renormalize(policy.RenormalizeRequest{DryRun: true})
	if len(dry) != 2 || len(w.versions()) != 2 {
		t.Fatalf("%d lines, %d versions", len(dry), len(w.versions()))
	}
	first, second := dry[0], dry[1]
	if first.Result != policy.RereadDiffers || first.Difference.Removed != 3 || first.Difference.Added != 0 || first.FromNormalizer != "n1-0" || first.Head || first.Event != "" {
		t.Errorf("the baseline: %+v", first)
	}
	if second.Result != policy.RereadDiffers || !second.Head || second.Before != policy.Minor || second.After != policy.None || second.Event != policy.EventVanishes || second.Stored != 0 {
		t.Errorf("a change that was but the line: %+v", second)
	}
	checks, err := w.store.Checks(t.Context(), id, storage.CheckQuery{})
	if err != nil {
		t.Fatal(err)
	}

	real := w.renormalize(policy.RenormalizeRequest{Policies: []policy.ID{id}})
	if len(real) != 2 || real[1].Stored != 3 || real[0].Stored != 0 {
		t.Fatalf("%+v", real)
	}
	v := w.versions()[2]
	if v.Kind != policy.VersionTechnical || v.From != 2 || v.SHA256 == w.versions()[1].SHA256 || len(w.alerts()) != 0 {
		t.Errorf("stored: %+v", v)
	}
	after, err := w.store.Checks(t.Context(), id, storage.CheckQuery{})
	if err != nil || len(after) != len(checks) {
		t.Errorf("the ledger has %d checks, had %d: nobody looked at the page", len(after), len(checks))
	}
	if again := w.renormalize(policy.RenormalizeRequest{}); len(again) != 3 || again[2].Stored != 0 || again[2].Result != policy.RereadSame {
		t.Errorf("a second time: %+v", again)
	}
	w.want(time.Hour, policy.OutcomeUnchanged, "")
	if n := len(w.versions()); n != 3 {
		t.Errorf("%d versions after the next check", n)
	}
	w.say(page(24))
	if c := w.want(time.Hour, policy.OutcomeChanged, policy.EventPolicyChanged); c.FromVersion != 3 {
		t.Errorf("the change is from version %d", c.FromVersion)
	}
}

// A new ruleset alone makes a technical version and tells nobody; one that comes
// with a change tells of the change alone.
func TestNewRulesetIsTechnical(t *testing.T) {
	t.Run("alone", func(t *testing.T) {
		w := older(t)
		if c := w.want(time.Hour, policy.OutcomeTechnical, ""); c.Kind != policy.VersionTechnical || c.Rule != ruleNormalizer || c.FromVersion != 2 {
			t.Errorf("%+v", c)
		}
		if len(w.alerts()) != 0 {
			t.Error("it was told of")
		}
	})
	t.Run("with a change", func(t *testing.T) {
		w := older(t)
		w.say(page(24))
		c := w.want(time.Hour, policy.OutcomeChanged, policy.EventPolicyChanged)
		if c.FromVersion != 3 || c.Version != 4 || len(w.alerts()) != 1 || w.versions()[2].Kind != policy.VersionTechnical {
			t.Fatalf("%+v, versions %+v", c, w.versions())
		}
		change, err := w.store.Change(t.Context(), w.policy.ID, 4)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range change.Edits {
			if strings.Contains(e.Old+e.New, "Share this page") {
				t.Errorf("the ruleset's doing was told of: %+v", e)
			}
		}
	})
}

// A selector is read by the same means as a ruleset; where it matches nothing the
// capture is read without it, and nothing is stored.
func TestRenormalizeSelectors(t *testing.T) {
	w := newWorld(t)
	w.want(0, policy.OutcomeBaseline, "")
	w.policy.Remove = policy.CSS("h2")
	if got := w.renormalize(policy.RenormalizeRequest{DryRun: true}); len(got) != 1 || got[0].Result != policy.RereadDiffers || got[0].Difference.Removed != 1 {
		t.Errorf("a heading less: %+v", got)
	}
	w.policy.Remove, w.policy.Select = nil, policy.CSS(".nowhere")
	if got := w.renormalize(policy.RenormalizeRequest{}); len(got) != 1 || got[0].Note == "" || got[0].Stored != 0 {
		t.Errorf("a selector that matches nothing: %+v", got)
	}
}

// A text that is read without the selectors because they match nothing is no text
// to put in force.
func TestRenormalizeKeepsNothingDegraded(t *testing.T) {
	w := older(t)
	w.policy.Select = policy.CSS(".nowhere")
	got := w.renormalize(policy.RenormalizeRequest{})
	if len(got) != 2 || got[1].Result != policy.RereadDiffers || got[1].Note == "" || got[1].Stored != 0 || len(w.versions()) != 2 {
		t.Errorf("%+v", got)
	}
}

func TestRenormalizeGoesOnAndStops(t *testing.T) {
	w := older(t)
	loop := NewLoop(w.checker, w.plan, "test", time.Second)
	enough := errors.New("enough")
	n := 0
	err := loop.Renormalize(t.Context(), policy.RenormalizeRequest{DryRun: true}, func(policy.Renormalized) error { n++; return enough })
	if !errors.Is(err, enough) || n != 1 {
		t.Errorf("%d lines, %v", n, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := loop.Renormalize(ctx, policy.RenormalizeRequest{}, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("called off: %v", err)
	}
	if err := loop.Renormalize(t.Context(), policy.RenormalizeRequest{Policies: []policy.ID{"a/b"}}, nil); !errors.Is(err, policy.ErrNotFound) {
		t.Errorf("unknown: %v", err)
	}
	w.claim() // a check is under way
	got := w.renormalize(policy.RenormalizeRequest{})
	if got[1].Stored != 0 || !strings.Contains(got[1].Note, "being checked") {
		t.Errorf("%+v", got[1])
	}
}
