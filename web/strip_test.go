package web

import (
	"testing"
	"time"

	"watcher/policy"
)

func TestCoverageStrip(t *testing.T) {
	c := calendar{now: now(), zone: time.UTC}
	run := func(outcome policy.Outcome, from, to, gap time.Duration) policy.Run {
		return policy.Run{Outcome: outcome, First: ago(from), Last: ago(to), LongestGap: gap, Count: 2}
	}
	for name, tc := range map[string]struct {
		ledger []policy.Run
		label  string
		paths  []pathView
	}{
		"nothing": {nil, "seen on 0 days, looked for in vain on 0 days of the past year", nil},
		"steady": {
			[]policy.Run{run(policy.OutcomeUnchanged, 9*day, 0, 12*hour)},
			"seen on 10 days, looked for in vain on 0 days of the past year",
			[]pathView{{"on", "M356 8H366"}},
		},
		"with a pause": {
			[]policy.Run{run(policy.OutcomeUnchanged, 9*day, 0, 5*day)},
			"seen on 2 days, looked for in vain on 0 days of the past year",
			[]pathView{{"on", "M356 8H357M365 8H366"}},
		},
		"failed in between": {
			[]policy.Run{run(policy.OutcomeUnchanged, day, 0, hour), run(policy.OutcomeFailed, 3*day, day, hour), run(policy.OutcomeUnchanged, 500*day, 4*day, hour)},
			"seen on 364 days, looked for in vain on 2 days of the past year",
			[]pathView{{"on", "M0 8H362M364 8H366"}, {"off", "M362 8H364"}},
		},
	} {
		got := c.coverageStrip(tc.ledger)
		if got.Label != tc.label || len(got.Paths) != len(tc.paths) {
			t.Errorf("%s: %+v", name, got)
			continue
		}
		for i := range tc.paths {
			if got.Paths[i] != tc.paths[i] {
				t.Errorf("%s: %+v, want %+v", name, got.Paths[i], tc.paths[i])
			}
		}
	}
}

func TestFrequency(t *testing.T) {
	c := calendar{now: now(), zone: time.UTC}
	list := []policy.Version{
		{Number: 1, FirstSeenAt: ago(70 * day)},
		{Number: 2, From: 1, FirstSeenAt: ago(40 * day), Significance: policy.Material},
		{Number: 3, From: 2, FirstSeenAt: ago(2 * day), Significance: policy.Minor},
		{Number: 4, From: 3, FirstSeenAt: ago(day), Significance: policy.Cosmetic},
		{Number: 5, From: 4, FirstSeenAt: ago(day), Kind: policy.VersionTechnical},
		{Number: 6, From: 5, FirstSeenAt: ago(900 * day), Significance: policy.Material},
	}
	got := c.frequency(list)
	if got == nil || got.Label != "3 changes in two years, at most 2 in a month" || len(got.Rows) != 2 || got.Rows[1] != (chartRow{"March 2026", 0, 1, 1}) {
		t.Fatalf("%+v", got)
	}
	if c.frequency(list[:1]) != nil {
		t.Error("a baseline makes a chart")
	}
}
