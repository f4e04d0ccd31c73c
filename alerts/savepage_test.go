package alerts

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"watcher/policy"
)

// saveService is Save Page Now: a capture is done after so many questions.
type saveService struct {
	mu      sync.Mutex
	refuse  string // the status_ext of a refusal
	fail    string // that of a capture that fails
	after   int
	asked   int
	saved   []url.Values
	bearers []string
}

func (s *saveService) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bearers = append(s.bearers, r.Header.Get("Authorization"))
	w := httptest.NewRecorder()
	answer := map[string]any{}
	switch {
	case r.Method == http.MethodPost && r.URL.Path == "/save" && s.refuse != "":
		answer = map[string]any{"status": "error", "status_ext": s.refuse, "message": "no"}
	case r.Method == http.MethodPost && r.URL.Path == "/save":
		if err := r.ParseForm(); err != nil {
			return nil, err
		}
		s.saved = append(s.saved, r.PostForm)
		answer = map[string]any{"url": r.PostForm.Get("url"), "job_id": fmt.Sprintf("spn2-%d", len(s.saved))}
	case r.URL.Path == "/save/status/user":
		answer = map[string]any{"available": 12, "processing": 0}
	case strings.HasPrefix(r.URL.Path, "/save/status/spn2-"):
		if s.asked++; s.asked <= s.after {
			answer["status"] = "pending"
			break
		}
		answer = map[string]any{"status": "success", "timestamp": "20260512041209", "original_url": "https://acme.example/privacy/"}
		if s.fail != "" {
			answer = map[string]any{"status": "error", "status_ext": s.fail, "message": "it did not work"}
		}
	default:
		w.WriteHeader(http.StatusNotFound)
	}
	_ = json.NewEncoder(w).Encode(answer)
	return w.Result(), nil
}

func saver(t *testing.T, s *saveService) *SavePage {
	t.Helper()
	out, err := NewSavePage(SavePageOptions{BaseURL: "https://archive.example/", Key: "access:secret\n", Client: &http.Client{Transport: s}})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func changed(id string) Message {
	return Message{AlertID: id, Event: policy.Event{Type: policy.EventPolicyChanged, Policy: policy.PolicyRef{ID: "acme/privacy", URL: "https://acme.example/privacy"}}}
}

// TestSavePage: a capture that takes longer than one attempt is asked for once,
// and its address is the receipt.
func TestSavePage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &saveService{after: 9}
		sender := saver(t, s)
		tries := 0
		for {
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			err := sender.Send(ctx, changed("a1"))
			cancel()
			if tries++; err == nil {
				break
			}
			if se := sendError(t, err); se.Kind != Retry || se.RetryAfter == 0 || tries > 3 {
				t.Fatalf("attempt %d: %v", tries, err)
			}
		}
		if tries != 2 || len(s.saved) != 1 || s.saved[0].Get("url") != "https://acme.example/privacy" || s.saved[0].Get("if_not_archived_within") != "1h" {
			t.Errorf("%d attempts, saved %v", tries, s.saved)
		}
		if got := sender.Receipt("a1"); got != "https://archive.example/web/20260512041209/https://acme.example/privacy/" {
			t.Errorf("receipt %q", got)
		}
		if sender.Receipt("a1") != "" {
			t.Error("a receipt is given twice")
		}
		for _, b := range s.bearers {
			if b != "LOW access:secret" {
				t.Errorf("authorization %q", b)
			}
		}
	})
}

func TestSavePageFailures(t *testing.T) {
	for ext, want := range map[string]ErrorKind{
		"error:too-many-requests": Retry, "error:user-session-limit": Retry, "error:service-unavailable": Retry, "error:proxy-error": Retry,
		"error:blocked-url": PayloadDead, "error:invalid-url-syntax": PayloadDead, "error:not-found": PayloadDead, "": Retry,
	} {
		synctest.Test(t, func(t *testing.T) {
			sender := saver(t, &saveService{refuse: ext, fail: ext})
			if ext == "" {
				sender = saver(t, &saveService{fail: "error:unknown"})
			}
			se := sendError(t, sender.Send(t.Context(), changed("a1")))
			if se == nil || se.Kind != want || strings.Contains(se.Error(), "secret") {
				t.Errorf("%s: %v, want %s", ext, se, want)
			}
		})
	}
}

// TestSavePageTest: trying the receiver captures nothing.
func TestSavePageTest(t *testing.T) {
	s := &saveService{}
	m := changed("t1")
	m.Test = true
	if err := saver(t, s).Send(t.Context(), m); err != nil || len(s.saved) != 0 {
		t.Errorf("%v, saved %v", err, s.saved)
	}
	if _, err := NewSavePage(SavePageOptions{Key: "only-one"}); err == nil || strings.Contains(err.Error(), "only-one") {
		t.Errorf("%v", err)
	}
}
