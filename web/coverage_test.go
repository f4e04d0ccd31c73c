package web

import (
	"strings"
	"testing"
	"time"

	"watcher/history"
	"watcher/policy"
)

func TestAPICoverage(t *testing.T) {
	store := fixture()
	h := handler(t, options(store))
	for _, tc := range []struct {
		path, want string
		status     int
	}{
		{northlight + "/coverage", `"policy":"northlight-imaging/privacy","intervals":[{"kind":"checked"`, 200},
		{northlight + "/coverage?at=2026-03-13", `"certainty":"`, 200},
		{northlight + "/coverage?at=2026-03-14", `"at":"2026-03-14T09:26:53Z"`, 200},
		{northlight + "/coverage?at=2026-03-15", "has passed", 400},
		{northlight + "/coverage?at=soon", "want RFC 3339", 400},
		{northlight + "/coverage?since=soon", "want RFC 3339", 400},
		{northlight + "/runs?until=2001-01-01", `{"runs":[]}`, 200},
		{northlight + "/runs?limit=0", "limit", 400},
		{"/api/v1/policies/a/b/runs", "not found", 404},
		{"/api/v1/policies/a/b/coverage", "not found", 404},
		{"/api/v1/uptime", `{"uptime":[]}`, 200},
		{"/api/v1/uptime?since=x", "want RFC 3339", 400},
	} {
		w := call(h, "GET", tc.path, "")
		if w.Code != tc.status || !strings.Contains(w.Body.String(), tc.want) {
			t.Errorf("%s: %d %s, want %d with %s", tc.path, w.Code, w.Body, tc.status, tc.want)
		}
	}
}

// The interval by which a gap is told comes from the configuration.
func TestAPICoverageKnowsTheInterval(t *testing.T) {
	store := fixture()
	store.uptime = []policy.Stretch{{Session: 1, Began: ago(90 * day), Alive: ago(60 * day)}, {Session: 2, Began: ago(time.Minute), Alive: now()}}
	for i := range store.states {
		store.states[i].Added = ago(80 * day)
	}
	store.checks[changedID] = []policy.Check{
		{Policy: changedID, Outcome: policy.OutcomeUnchanged, At: now(), Version: 2},
		{Policy: changedID, Outcome: policy.OutcomeUnchanged, At: ago(70 * day), Version: 1},
	}
	o := options(store)
	every := 40 * day
	o.Policies = func() []policy.Policy { return []policy.Policy{{ID: changedID, Interval: every}} }
	h := handler(t, o)
	kinds := func() string {
		var out []string
		for _, v := range get[struct{ Intervals []history.Interval }](t, h, northlight+"/coverage").Intervals {
			out = append(out, v.Kind)
		}
		return strings.Join(out, " ")
	}
	if got := kinds(); got != "checked nobody_looked not_running nobody_looked checked" {
		t.Errorf("checked every 40 days: %s", got)
	}
	every = 50 * day
	if got := kinds(); got != "checked checked" {
		t.Errorf("checked every 50 days: %s", got)
	}
}
