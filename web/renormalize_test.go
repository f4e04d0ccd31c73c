package web

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"watcher/policy"
)

func TestAPIRenormalize(t *testing.T) {
	var asked policy.RenormalizeRequest
	var fails error
	lines := []policy.Renormalized{{Schema: policy.RenormalizeSchema, Policy: changedID, Version: 1}}
	o := options(fixture())
	o.Renormalize = func(_ context.Context, req policy.RenormalizeRequest, emit func(policy.Renormalized) error) error {
		asked = req
		for _, l := range lines {
			if err := emit(l); err != nil {
				return err
			}
		}
		return fails
	}
	h := handler(t, o)
	const path = "/api/v1/renormalize"
	if w := call(h, "POST", path, `{"policies":["northlight-imaging/privacy"],"dry_run":true}`); w.Code != 200 || !strings.HasPrefix(w.Body.String(), `{"schema":"watcher.renormalize/1"`) ||
		!asked.DryRun || len(asked.Policies) != 1 {
		t.Errorf("%d %s, asked %+v", w.Code, w.Body, asked)
	}
	for body, status := range map[string]int{`{"policies":["A_B"]}`: 400, `{"dry":true}`: 400, `[`: 400} {
		if w := call(h, "POST", path, body); w.Code != status {
			t.Errorf("%s: %d %s", body, w.Code, w.Body)
		}
	}
	fails = policy.ErrDamaged
	if w := call(h, "POST", path, ""); w.Code != 200 || !strings.Contains(w.Body.String(), "\n{\"error\":\"") {
		t.Errorf("an error behind the first line: %d %s", w.Code, w.Body)
	}
	lines = nil
	if w := call(h, "POST", path, ""); w.Code != 500 {
		t.Errorf("an error at once: %d %s", w.Code, w.Body)
	}
	fails = errors.Join(policy.ErrNotFound)
	if w := call(h, "POST", path, ""); w.Code != 404 {
		t.Errorf("an unknown policy: %d %s", w.Code, w.Body)
	}
	if w := call(h, "POST", path, "", func(r *http.Request) { r.Header.Del("Authorization") }); w.Code != 401 {
		t.Errorf("without a token: %d", w.Code)
	}
	if w := call(handler(t, options(fixture())), "POST", path, ""); w.Code != 501 {
		t.Errorf("not wired: %d", w.Code)
	}
}
