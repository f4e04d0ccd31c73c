package client

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"watcher/policy"
	"watcher/web"
)

// switches records what it is asked for.
type switches struct {
	added   policy.Silence
	expired string
	closed  string
	resumed string
	err     error
}

func (s *switches) AddSilence(_ context.Context, one policy.Silence) (policy.Silence, error) {
	one.ID = "sil_1"
	s.added = one
	return one, s.err
}

func (s *switches) ExpireSilence(_ context.Context, id string) error { s.expired = id; return s.err }

func (s *switches) CloseBreaker(_ context.Context, by string) error { s.closed = by; return s.err }

func (s *switches) ResumeReceiver(_ context.Context, name string) (int, error) {
	s.resumed = name
	return 3, s.err
}

func TestDelivery(t *testing.T) {
	s := &switches{}
	c := daemon(t, &shelf{}, func(o *web.Options) { o.Delivery = s })
	ctx := t.Context()
	silence := policy.Silence{
		Matchers: []policy.Matcher{{Name: "vendor", Values: []string{"acme"}}}, EndsAt: noon().Add(time.Hour), Author: "anna", Comment: "a move",
	}
	got, err := c.AddSilence(ctx, silence)
	if err != nil {
		t.Fatal(err)
	}
	want := silence
	want.ID, want.StartsAt, want.CreatedAt = "sil_1", noon(), noon() // by the daemon's clock
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for what, bad := range map[string]func(*policy.Silence){
		"matcher":            func(s *policy.Silence) { s.Matchers = nil },
		"author":             func(s *policy.Silence) { s.Author = " " },
		"ends after":         func(s *policy.Silence) { s.EndsAt = noon() },
		"the names are":      func(s *policy.Silence) { s.Matchers = []policy.Matcher{{Name: "colour", Values: []string{"red"}}} },
		"want a value":       func(s *policy.Silence) { s.Matchers = []policy.Matcher{{Name: "vendor"}} },
		"at most 1000 bytes": func(s *policy.Silence) { s.Comment = strings.Repeat("x", 1001) },
	} {
		one := silence
		bad(&one)
		if _, err := c.AddSilence(ctx, one); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("a silence without %s: %v", what, err)
		}
	}
	if err := c.ExpireSilence(ctx, "sil_1"); err != nil || s.expired != "sil_1" {
		t.Errorf("expired %q, %v", s.expired, err)
	}
	if err := c.CloseBreaker(ctx, "anna"); err != nil || s.closed != "anna" {
		t.Errorf("closed by %q, %v", s.closed, err)
	}
	if err := c.CloseBreaker(ctx, ""); err == nil {
		t.Error("the breaker was closed by nobody")
	}
	if n, err := c.ResumeReceiver(ctx, "team/slack"); err != nil || n != 3 || s.resumed != "team/slack" {
		t.Errorf("resumed %q, %d, %v", s.resumed, n, err)
	}
	for _, name := range []string{"", ".", ".."} {
		if err := c.ExpireSilence(ctx, name); !errors.Is(err, policy.ErrNotFound) {
			t.Errorf("ExpireSilence(%q): %v", name, err)
		}
		if _, err := c.ResumeReceiver(ctx, name); !errors.Is(err, policy.ErrNotFound) {
			t.Errorf("ResumeReceiver(%q): %v", name, err)
		}
	}
}

// TestDeliveryErrors: what the daemon says no to arrives as what it is.
func TestDeliveryErrors(t *testing.T) {
	for _, want := range []error{policy.ErrNotFound, policy.ErrConflict} {
		c := daemon(t, &shelf{}, func(o *web.Options) { o.Delivery = &switches{err: want} })
		if err := c.ExpireSilence(t.Context(), "sil_1"); !errors.Is(err, want) {
			t.Errorf("expire: %v, want %v", err, want)
		}
		if err := c.CloseBreaker(t.Context(), "anna"); !errors.Is(err, want) {
			t.Errorf("close: %v, want %v", err, want)
		}
		if _, err := c.ResumeReceiver(t.Context(), "team"); !errors.Is(err, want) {
			t.Errorf("resume: %v, want %v", err, want)
		}
	}
	c := daemon(t, &shelf{})
	if err := c.CloseBreaker(t.Context(), "anna"); err == nil || !strings.Contains(err.Error(), "cannot do that") {
		t.Errorf("a server without the part: %v", err)
	}
}
