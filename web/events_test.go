package web

import (
	"bufio"
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"

	"watcher/policy"
)

// listen returns the lines of an event stream as they come.
func listen(t *testing.T, base, lastID string) *bufio.Scanner {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/api/v1/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	if lastID != "" {
		r.Header.Set("Last-Event-ID", lastID)
	}
	resp, err := (&http.Client{}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = resp.Body.Close() })
	if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("%d %q", resp.StatusCode, resp.Header.Get("Content-Type"))
	}
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() && lines.Text() != "" { // the greeting
	}
	return lines
}

// next returns the lines of the next event.
func next(t *testing.T, lines *bufio.Scanner) string {
	t.Helper()
	var b strings.Builder
	for lines.Scan() && lines.Text() != "" {
		b.WriteString(lines.Text() + "\n")
	}
	return b.String()
}

func TestEvents(t *testing.T) {
	opt := options(fixture())
	opt.Events = NewEvents(now())
	base := serve(t, opt)
	opt.Events.Publish(fixtureChecks()[0])
	lines := listen(t, base, "1773480413-0")
	if got := next(t, lines); !strings.HasPrefix(got, "id: 1773480413-1\nevent: check\ndata: {\"policy\":\"northlight-imaging/privacy\",\"outcome\":\"not_modified\"") {
		t.Errorf("what was missed: %q", got)
	}
	opt.Events.Publish(fixtureChecks()[1])
	if got := next(t, lines); !strings.HasPrefix(got, "id: 1773480413-2\nevent: check\n") {
		t.Errorf("a check: %q", got)
	}
	if got := next(t, lines); !strings.HasPrefix(got, "id: 1773480413-2\nevent: change\ndata: {\"policy\":\"northlight-imaging/privacy\",\"version\":2,") {
		t.Errorf("a change: %q", got)
	}
	hostile := policy.Check{Policy: failingID, Outcome: policy.OutcomeFailed, Error: "a\n\nevent: change\ndata: {}\n\n"}
	opt.Events.Publish(hostile)
	if got := next(t, lines); strings.Count(got, "\n") != 3 {
		t.Errorf("a text makes an event of its own: %q", got)
	}
	opt.Events.Close()
	if lines.Scan() {
		t.Errorf("the stream goes on: %q", lines.Text())
	}
}

// A reader that takes nothing holds nobody up, and is cut off.
func TestSlowReadersAreCutOff(t *testing.T) {
	e := NewEvents(now())
	_, slow, err := e.follow("")
	if err != nil {
		t.Fatal(err)
	}
	for range 10 * eventsKept {
		e.Publish(policy.Check{})
	}
	n := 0
	for range slow {
		n++
	}
	if n != eventsWaiting || len(e.kept) > eventsKept || len(e.readers) != 0 {
		t.Errorf("%d waited, %d kept, %d readers", n, len(e.kept), len(e.readers))
	}
	for range eventReaders {
		if _, _, err := e.follow(""); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := e.follow(""); err == nil {
		t.Error("there is no bound to the readers")
	}
}

// The list of policies is new as soon as a check was announced.
func TestStatesAreNewAfterACheck(t *testing.T) {
	store := fixture()
	opt := options(store)
	opt.Events = NewEvents(now())
	h := handler(t, opt)
	has := func() bool { return strings.Contains(call(h, "GET", "/", "").Body.String(), "Newcomer") }
	if has() {
		t.Fatal("too early")
	}
	store.states = append(slices.Clip(store.states), policy.State{ID: "newcomer/privacy", Vendor: vendor("Newcomer"), Kind: policy.KindPrivacy})
	store.versions["newcomer/privacy"] = nil
	if has() {
		t.Error("nothing is kept between checks")
	}
	opt.Events.Publish(policy.Check{Policy: "newcomer/privacy", Outcome: policy.OutcomeBaseline})
	if !has() {
		t.Error("a check does not show")
	}
}
