package demo

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// clock is moved by the test while servers read it.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) get() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

// TestTimeline: everything happens when the timeline says, and not before.
func TestTimeline(t *testing.T) {
	c := &clock{now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	s, err := Start(t.Context(), c.get, 2)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	url := map[string]string{}
	for _, v := range s.Vendors {
		url[v.Name] = v.URL
		if code, body := get(t, v.URL); code != http.StatusOK || !strings.Contains(strings.ToLower(body), "privacy") {
			t.Errorf("%s: %d", v.Name, code)
		}
	}
	if len(url) != 5 {
		t.Fatalf("%d vendors, want 5", len(url))
	}
	resolved := func() bool { _, b := get(t, url["Dentacore"]); return strings.Contains(b, "12/05/2026") }
	up := func() bool { code, _ := get(t, url["ScanForge"]); return code == http.StatusOK }
	moved := func() bool { _, b := get(t, url["Anatomia"]); return strings.Contains(b, "36 months") }
	for _, step := range []struct {
		at                  time.Duration
		resolved, up, moved bool
	}{
		{0, false, true, false},
		{resolveAfter, true, true, false},
		{downAfter, true, false, false},
		{upAfter, true, true, false},
		{moveAfter, true, true, true},
	} {
		// The pace is 2: the clock moves half of what the timeline does.
		c.add((step.at - s.Elapsed()) / 2)
		if resolved() != step.resolved || up() != step.up || moved() != step.moved {
			t.Errorf("at %v: resolved %v, up %v, moved %v, want %+v", step.at, resolved(), up(), moved(), step)
		}
	}
	steps := Timeline()
	for i, step := range steps {
		if step.What == "" || step.After >= Length || i > 0 && step.After <= steps[i-1].After {
			t.Errorf("step %d is out of order: %+v", i, step)
		}
	}
}
