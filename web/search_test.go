package web

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"

	"watcher/policy"
)

func TestAPISearch(t *testing.T) {
	store := fixture()
	h := handler(t, options(store))
	for _, tc := range []struct {
		query, want string
		status      int
	}{
		{"q=scans+months", `"kind":"current","policy":"northlight-imaging/privacy"`, 200},
		{"q=scans+months", `"schema":"watcher.search_end/1"`, 200},
		{"q=%2230+days%22&in=past,change", `"kind":"past"`, 200},
		{"q=months&kind=cookies", `"results":0`, 200},
		{"q=", "no word in it", 400},
		{"q=" + strings.Repeat("x", 401), "search for less", 400},
		{"q=x&limit=1000", "limit", 400},
		{"q=x&timeout=1h", "at most", 400},
		{"q=x&timeout=soon", "want a time", 400},
		{"q=x&policy=A_B", "", 400},
		{"q=x&policy=a/b", "not found", 404},
		{"q=x&in=future", "no kind of result", 400},
	} {
		w := call(h, "GET", "/api/v1/search?"+tc.query, "")
		if w.Code != tc.status || !strings.Contains(w.Body.String(), tc.want) {
			t.Errorf("%.60s: %d %s, want %d with %s", tc.query, w.Code, w.Body, tc.status, tc.want)
		}
	}
	if w := call(h, "GET", "/api/v1/search?q=scans", ""); w.Header().Get("Content-Type") != "application/x-ndjson" {
		t.Errorf("Content-Type %q", w.Header().Get("Content-Type"))
	}
}

// stuckStore keeps searches waiting.
type stuckStore struct {
	*fakeStore
	entered chan struct{}
	release chan struct{}
}

func (s stuckStore) Document(ctx context.Context, id policy.ID, n int) (policy.Document, error) {
	s.entered <- struct{}{}
	<-s.release
	return s.fakeStore.Document(ctx, id, n)
}

func TestAPISearchesAreFew(t *testing.T) {
	store := stuckStore{fixture(), make(chan struct{}), make(chan struct{})}
	o := options(store.fakeStore)
	o.Store = store
	h := handler(t, o)
	done := make(chan *httptest.ResponseRecorder)
	for range maxSearches {
		go func() {
			done <- call(h, "GET", "/api/v1/search?q=scans&in=current&policy="+string(changedID), "")
		}()
		<-store.entered
	}
	if w := call(h, "GET", "/api/v1/search?q=scans", ""); w.Code != 429 || w.Header().Get("Retry-After") == "" {
		t.Errorf("one too many: %d %s", w.Code, w.Body)
	}
	close(store.release)
	for range maxSearches {
		if w := <-done; w.Code != 200 {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	}
}
