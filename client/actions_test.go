package client

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"watcher/policy"
	"watcher/web"
)

func with(w *worker) func(*web.Options) { return func(o *web.Options) { o.Actions = w } }

func TestCheck(t *testing.T) {
	sent := []policy.Check{
		{Policy: "a/b", Outcome: policy.OutcomeUnchanged, At: noon()},
		{Policy: "a/c", Outcome: policy.OutcomeFailed, At: noon(), Error: "no such host"},
	}
	var asked web.CheckRequest
	stop := error(nil)
	c := daemon(t, &shelf{}, with(&worker{check: func(_ context.Context, req web.CheckRequest, emit func(policy.Check) error) error {
		asked = req
		for _, check := range sent {
			if err := emit(check); err != nil {
				return err
			}
		}
		return stop
	}}))
	var got []policy.Check
	emit := func(check policy.Check) error { got = append(got, check); return nil }
	if err := c.Check(t.Context(), CheckRequest{Policies: []policy.ID{"a/b", "a/c"}, DryRun: true, NoAlerts: true}, emit); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sent, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(web.CheckRequest{Policies: []policy.ID{"a/b", "a/c"}, DryRun: true, NoAlerts: true}, asked); diff != "" {
		t.Error(diff)
	}

	stop = policy.ErrDamaged
	got = nil
	if err := c.Check(t.Context(), CheckRequest{}, emit); !errors.Is(err, policy.ErrDamaged) || len(got) != 2 {
		t.Errorf("after %d checks: %v", len(got), err)
	}
	enough := errors.New("enough")
	if err := c.Check(t.Context(), CheckRequest{}, func(policy.Check) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("the error of emit arrives as %v", err)
	}
}

func TestCheckRefusedBeforeItStarts(t *testing.T) {
	c := daemon(t, &shelf{}, with(&worker{check: func(context.Context, web.CheckRequest, func(policy.Check) error) error {
		return policy.ErrNotFound
	}}))
	if err := c.Check(t.Context(), CheckRequest{}, nil); !errors.Is(err, policy.ErrNotFound) {
		t.Errorf("error is %v", err)
	}
}

// A check arrives when it ends, not when the pass does.
func TestCheckStreams(t *testing.T) {
	seen := make(chan struct{})
	c := daemon(t, &shelf{}, with(&worker{check: func(ctx context.Context, _ web.CheckRequest, emit func(policy.Check) error) error {
		if err := emit(policy.Check{Policy: "a/b", Outcome: policy.OutcomeUnchanged}); err != nil {
			return err
		}
		select {
		case <-seen:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}}))
	if err := c.Check(t.Context(), CheckRequest{}, func(policy.Check) error { close(seen); return nil }); err != nil {
		t.Error(err)
	}
}

func TestCheckIsInterruptible(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	stopped := make(chan struct{})
	c := daemon(t, &shelf{}, with(&worker{check: func(ctx context.Context, _ web.CheckRequest, emit func(policy.Check) error) error {
		defer close(stopped)
		if err := emit(policy.Check{Policy: "a/b", Outcome: policy.OutcomeUnchanged}); err != nil {
			return err
		}
		<-ctx.Done()
		return ctx.Err()
	}}))
	err := c.Check(ctx, CheckRequest{}, func(policy.Check) error { cancel(); return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
	<-stopped // the daemon stops too when its caller is gone
}

// A daemon that dies in the middle is an error, never a shorter pass.
func TestBrokenStream(t *testing.T) {
	const line = `{"policy":"a/b","outcome":"unchanged","at":"2026-03-14T12:00:00Z"}` + "\n"
	for _, tc := range []struct {
		name   string
		answer http.HandlerFunc
		want   string
	}{
		{"cut", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, line)
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}, "broke off"},
		{"no check", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, line+"{}\n") }, "no outcome"},
		{"no json", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, line+"oops\n") }, "is no check"},
		{"endless line", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, line+strings.Repeat("x", 2*maxLine))
		}, "too long"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			n := 0
			err := clientOf(t, tc.answer).Check(t.Context(), CheckRequest{}, func(policy.Check) error { n++; return nil })
			if err == nil || !strings.Contains(err.Error(), tc.want) || n != 1 {
				t.Errorf("after %d checks: %v, want %q", n, err, tc.want)
			}
		})
	}
}

func TestRule(t *testing.T) {
	w := &worker{}
	c := daemon(t, &shelf{}, with(w))
	got, err := c.Rule(t.Context(), "acme/privacy", policy.Ruling{Accept: true, Capture: 7, Author: "Ada", Reason: "it is"})
	if err != nil || len(got) != 1 || got[0].Policy != "acme/privacy" || got[0].Capture != 7 || got[0].Detail != "Ada: it is" {
		t.Errorf("%+v, %v", got, err)
	}
	w.err = policy.ErrNotFound
	if _, err := c.Rule(t.Context(), "acme/privacy", policy.Ruling{Reason: "x"}); !errors.Is(err, policy.ErrNotFound) {
		t.Errorf("%v", err)
	}
}

func TestOtherActions(t *testing.T) {
	w := &worker{}
	var requeued string
	c := daemon(t, &shelf{}, with(w), func(o *web.Options) {
		o.Requeue = func(_ context.Context, id string) error { requeued = id; return w.err }
	})
	for name, do := range map[string]func() error{
		"requeue": func() error { return c.RequeueAlert(t.Context(), "alt_1") },
		"test":    func() error { return c.TestReceiver(t.Context(), "team/two ?#%") },
		"reload":  func() error { return c.Reload(t.Context()) },
	} {
		w.err = nil
		if err := do(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		w.err = policy.ErrConflict
		if err := do(); !errors.Is(err, policy.ErrConflict) {
			t.Errorf("%s refused: %v", name, err)
		}
	}
	if requeued != "alt_1" || w.tested != "team/two ?#%" || w.reloaded != 2 {
		t.Errorf("requeued %q, tested %q, reloaded %d", requeued, w.tested, w.reloaded)
	}
}

func TestMutationsNeedTheToken(t *testing.T) {
	w := &worker{}
	c := daemon(t, &shelf{}, with(w))
	c.token = "another"
	if err := c.Reload(t.Context()); err == nil || w.reloaded != 0 || strings.Contains(err.Error(), token) {
		t.Errorf("reload with another token: %v", err)
	}
}

func TestReady(t *testing.T) {
	want := Readiness{Ready: false, ConfigOK: true, Detail: []string{"starting"}}
	c := daemon(t, &shelf{}, func(o *web.Options) { o.Ready = func() web.Readiness { return web.Readiness(want) } })
	got, err := c.Ready(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if _, err := clientOf(t, http.NotFoundHandler()).Ready(t.Context()); err == nil {
		t.Error("another server passes for a daemon")
	}
}
