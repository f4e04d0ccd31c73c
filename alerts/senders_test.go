package alerts

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"watcher/policy"
)

var testTime = time.Date(2025, 5, 12, 4, 12, 9, 0, time.UTC)

const testSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// answers is a transport that answers every request in the same way.
type answers struct {
	status int
	body   string
	header http.Header
	err    error
}

func (a answers) RoundTrip(r *http.Request) (*http.Response, error) {
	if a.err != nil {
		return nil, a.err
	}
	h := a.header
	if h == nil {
		h = http.Header{}
	}
	return &http.Response{StatusCode: a.status, Header: h, Body: io.NopCloser(strings.NewReader(a.body)), Request: r}, nil
}

func webhookTo(t *testing.T, url string, client *http.Client) *Webhook {
	t.Helper()
	w, err := NewWebhook(WebhookOptions{URL: url, Secret: testSecret, Client: client, Clock: func() time.Time { return testTime }})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// httpSenders are all receivers that speak HTTP in their native form, at url.
func httpSenders(t *testing.T, url string, client *http.Client) map[string]Sender {
	t.Helper()
	teams, err := NewTeams(TeamsOptions{URL: url, Client: client})
	if err != nil {
		t.Fatal(err)
	}
	manager, err := NewAlertmanager(AlertmanagerOptions{URL: url, Client: client, Username: "watcher", Password: "canary-password"})
	if err != nil {
		t.Fatal(err)
	}
	events, err := NewWebhook(WebhookOptions{URL: url, CloudEvents: true, Client: client, Clock: func() time.Time { return testTime }})
	if err != nil {
		t.Fatal(err)
	}
	return map[string]Sender{
		"webhook": webhookTo(t, url, client), "cloudevents": events, "slack": NewSlack(SlackOptions{URL: url, Client: client}),
		"teams": teams, "alertmanager": manager,
	}
}

// sendError returns the *SendError of err, or nil for a delivery.
func sendError(t *testing.T, err error) *SendError {
	t.Helper()
	if err == nil {
		return nil
	}
	var se *SendError
	if !errors.As(err, &se) {
		t.Fatalf("error %v is no *SendError", err)
	}
	return se
}

// wantKind is the classification of every status, written down a second time.
func wantKind(status int) (ErrorKind, string) {
	special := map[int][2]string{
		400: {"payload_dead", "payload"}, 401: {"receiver_dead", "auth"}, 403: {"receiver_dead", "auth"},
		404: {"receiver_dead", "gone"}, 407: {"receiver_dead", "auth"}, 408: {"retry", "timeout"},
		409: {"payload_dead", "payload"}, 410: {"receiver_dead", "gone"}, 413: {"payload_dead", "payload"},
		414: {"payload_dead", "payload"}, 422: {"payload_dead", "payload"}, 425: {"retry", "client_error"},
		429: {"retry", "rate_limited"}, 431: {"payload_dead", "payload"},
	}
	if s, ok := special[status]; ok {
		return ErrorKind(s[0]), s[1]
	}
	switch status / 100 {
	case 2:
		return "", ""
	case 3:
		return ReceiverDead, "gone"
	case 4:
		return ReceiverDead, "client_error"
	case 5:
		return Retry, "server_error"
	}
	return Retry, "other"
}

func TestEveryStatus(t *testing.T) {
	for status := 100; status <= 599; status++ {
		client := &http.Client{Transport: answers{status: status}}
		for name, s := range httpSenders(t, "http://hook.example/x", client) {
			kind, reason := wantKind(status)
			if name == "slack" && status == 200 { // an empty body is not "ok"
				kind, reason = Retry, "other"
			}
			err := sendError(t, s.Send(t.Context(), TestMessage(testTime)))
			switch {
			case err == nil && kind != "":
				t.Errorf("%s %d: delivered, want %s", name, status, kind)
			case err != nil && (err.Kind != kind || err.Reason != reason || err.Status != status):
				t.Errorf("%s %d: %s %s (status %d), want %s %s", name, status, err.Kind, err.Reason, err.Status, kind, reason)
			}
		}
	}
}

func TestSlackWords(t *testing.T) {
	for _, tc := range []struct {
		status int
		body   string
		kind   ErrorKind
	}{
		{200, "ok", ""},
		{200, "ok\n", ""},
		{200, `{"ok":true}`, ""},
		{200, `{"ok":false}`, Retry},
		{200, "<html>login</html>", Retry},
		{200, "no_service", ReceiverDead},
		{400, "invalid_blocks", PayloadDead},
		{400, "invalid_payload", PayloadDead},
		{400, "user_not_found", ReceiverDead},
		{400, "msg_blocks_too_long", PayloadDead},
		{403, "invalid_token", ReceiverDead},
		{403, "action_prohibited", ReceiverDead},
		{404, "channel_not_found", ReceiverDead},
		{404, "no_service", ReceiverDead},
		{410, "channel_is_archived", ReceiverDead},
		{500, "rollup_error", Retry},
		{500, "channel_is_archived", ReceiverDead},
	} {
		s := NewSlack(SlackOptions{URL: "http://slack.example/x", Client: &http.Client{Transport: answers{status: tc.status, body: tc.body}}})
		err := sendError(t, s.Send(t.Context(), TestMessage(testTime)))
		switch {
		case err == nil && tc.kind != "":
			t.Errorf("%d %q: delivered, want %s", tc.status, tc.body, tc.kind)
		case err != nil && err.Kind != tc.kind:
			t.Errorf("%d %q: %s, want %s", tc.status, tc.body, err.Kind, tc.kind)
		}
	}
}

func TestRetryAfterHeader(t *testing.T) {
	date := testTime.Format(http.TimeFormat)
	for _, tc := range []struct {
		value, date string
		want        time.Duration
	}{
		{"", date, 0},
		{"30", "", 30 * time.Second},
		{" 30 ", "", 30 * time.Second},
		{"-5", "", 0},
		{"86400", "", time.Hour},
		{"99999999999999999999999", "", time.Hour},
		{"-99999999999999999999999", "", 0},
		{testTime.Add(2 * time.Minute).Format(http.TimeFormat), date, 2 * time.Minute},
		{testTime.Add(-2 * time.Minute).Format(http.TimeFormat), date, 0},
		{testTime.Add(9 * time.Hour).Format(http.TimeFormat), date, time.Hour},
		{testTime.Add(2 * time.Minute).Format(http.TimeFormat), "", 0},
		{"soon", date, 0},
		{"1.5", date, 0},
	} {
		h := http.Header{}
		h.Set("Retry-After", tc.value)
		h.Set("Date", tc.date)
		client := &http.Client{Transport: answers{status: 429, header: h}}
		for _, s := range httpSenders(t, "http://h.example/", client) {
			if err := sendError(t, s.Send(t.Context(), TestMessage(testTime))); err.RetryAfter != tc.want {
				t.Errorf("%T: Retry-After %q: %v, want %v", s, tc.value, err.RetryAfter, tc.want)
			}
		}
	}
}

func TestNetworkFailures(t *testing.T) {
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	hanging := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // a server sees the client go away only after that
		<-r.Context().Done()
	}))
	defer hanging.Close()
	short := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = w.Write([]byte("ok"))
	}))
	defer short.Close()
	for _, tc := range []struct{ name, url, reason string }{
		{"refused", closed.URL, "network"}, {"hangs", hanging.URL, "timeout"}, {"cut short", short.URL, "network"},
	} {
		for _, s := range httpSenders(t, tc.url+"/T0/canary-secret", &http.Client{Timeout: 100 * time.Millisecond}) {
			err := sendError(t, s.Send(t.Context(), TestMessage(testTime)))
			if err == nil || err.Kind != Retry || err.Reason != tc.reason {
				t.Errorf("%T, %s: %v, want a retry for %s", s, tc.name, err, tc.reason)
			} else if strings.Contains(err.Error(), "canary") {
				t.Errorf("%T, %s: the error shows the URL: %v", s, tc.name, err)
			}
		}
	}
}

// TestSecretsStaySecret: neither a URL nor what a server echoes of it is shown.
func TestSecretsStaySecret(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "nothing at "+r.URL.String()+" path "+r.URL.Path+" token canarytoken\x1b[2J", http.StatusNotFound)
	}))
	defer server.Close()
	url := server.URL + "/services/T000/canarysecret?token=canarytoken"
	for _, s := range httpSenders(t, url, server.Client()) {
		err := s.Send(t.Context(), TestMessage(testTime))
		if err == nil || strings.Contains(err.Error(), "canary") || strings.Contains(err.Error(), "\x1b") {
			t.Errorf("%T: %v", s, err)
		}
	}
	for _, bad := range []string{"canary", "ftp://canary.example/", "http://", "http://[canary", "https://canary.example/%zz"} {
		if _, err := NewWebhook(WebhookOptions{URL: bad, Clock: time.Now}); err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("NewWebhook(%q): %v", bad, err)
		}
		err := sendError(t, NewSlack(SlackOptions{URL: bad}).Send(t.Context(), TestMessage(testTime)))
		if err == nil || err.Kind != ReceiverDead || strings.Contains(err.Error(), "canary") {
			t.Errorf("Slack %q: %v", bad, err)
		}
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	reached := false
	target := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	defer target.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		server := httptest.NewServer(http.RedirectHandler(target.URL, status))
		for name, s := range httpSenders(t, server.URL, server.Client()) {
			err := sendError(t, s.Send(t.Context(), TestMessage(testTime)))
			if err == nil || err.Status != status || err.Kind != ReceiverDead || !strings.Contains(err.Error(), "configure the final address") || reached {
				t.Errorf("%s %d: %v, target reached: %v", name, status, err, reached)
			}
		}
		server.Close()
	}
}

// TestRedirectParksAtOnce: a one-shot run does not knock again at an address
// that only a person can correct.
func TestRedirectParksAtOnce(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		var knocks atomic.Int32
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			knocks.Add(1)
			http.Redirect(w, r, "/elsewhere", status)
		}))
		s := newMemStore()
		s.add("team", 2, time.Now())
		d := newTestDispatcher(s, map[string]Sender{"team": webhookTo(t, server.URL, server.Client())})
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		got, err := d.Drain(ctx)
		cancel()
		server.Close()
		if n := knocks.Load(); err != nil || n != 1 || got != (DrainResult{Failed: 2}) || s.count("team", policy.AlertParked) != 2 {
			t.Errorf("%d: %d requests, %+v, %v", status, n, got, err)
		}
	}
}

func TestEndlessAnswerIsCapped(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusInternalServerError)
		for r.Context().Err() == nil {
			if _, err := w.Write(bytes.Repeat([]byte("x"), 1<<16)); err != nil {
				return
			}
		}
	}))
	defer server.Close()
	err := sendError(t, webhookTo(t, server.URL, server.Client()).Send(t.Context(), TestMessage(testTime)))
	if err == nil || err.Status != 500 || len(err.Error()) > 1000 {
		t.Errorf("endless answer: %v", err)
	}
}

func TestWebhookSignature(t *testing.T) {
	now := time.Now() // the library verifies against the real clock
	verifier, err := standardwebhooks.NewWebhook(testSecret)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		if err := verifier.Verify(body, r.Header); err != nil {
			t.Errorf("signature: %v", err)
		}
		if err := verifier.Verify(append(body, ' '), r.Header); err == nil {
			t.Error("an altered body verifies")
		}
		ids = append(ids, r.Header.Get("webhook-id"))
	}))
	defer server.Close()
	m := TestMessage(testTime)
	for _, secret := range []string{testSecret, strings.TrimPrefix(testSecret, "whsec_"), testSecret + "\n"} {
		w, err := NewWebhook(WebhookOptions{URL: server.URL, Secret: secret, Client: server.Client(), Clock: func() time.Time { return now }})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		now = now.Add(time.Second)
	}
	if diff := cmp.Diff([]string{m.AlertID, m.AlertID, m.AlertID}, ids); diff != "" {
		t.Errorf("ids (-want +got):\n%s", diff)
	}
}

func TestWebhookSecret(t *testing.T) {
	for _, bad := range []string{"whsec_", "not base64!", "whsec_canary%"} {
		_, err := NewWebhook(WebhookOptions{URL: "https://h.example/", Secret: bad, Clock: time.Now})
		if err == nil || !strings.Contains(err.Error(), "openssl") || strings.Contains(err.Error(), "canary") {
			t.Errorf("secret %q: %v, want an error with a hint", bad, err)
		}
	}
	var got http.Header
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.Header }))
	defer server.Close()
	w, err := NewWebhook(WebhookOptions{URL: server.URL, Clock: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Send(t.Context(), TestMessage(testTime)); err != nil {
		t.Fatal(err)
	}
	if got.Get("webhook-id") == "" || got.Get("webhook-signature") != "" {
		t.Errorf("unsigned webhook: headers %v", got)
	}
}

// hugeMessage is a change that no receiver could take whole.
func hugeMessage(text string) Message {
	m := TestMessage(testTime)
	m.Test, m.Event.Type = false, policy.EventPolicyChanged
	m.Event.Summary, m.Event.Policy.Vendor, m.Event.Detail = text, text, text
	m.Change.Edits = []policy.Edit{
		{ID: "a", Op: policy.Added, Section: text, New: text, Significance: policy.Minor, Reasons: []string{text, text}},
		{ID: "b", Op: policy.Removed, Section: "B", Old: text, Significance: policy.Material},
		{ID: "c", Op: policy.Reworded, Section: "C", FromSection: text, Old: text + " old", New: text + " new", Significance: policy.Minor},
		{ID: "d", Op: policy.Reworded, Old: text, New: text, Redline: []policy.Span{
			{Op: policy.SpanEqual, Text: text}, {Op: policy.SpanDelete, Text: text}, {Op: policy.SpanInsert, Text: text}, {Op: policy.SpanEqual, Text: text},
		}},
	}
	for i := range 300 {
		m.Change.Edits = append(m.Change.Edits, policy.Edit{ID: strconv.Itoa(i), Op: policy.Added, New: strings.Repeat("w ", 1000), Significance: policy.Cosmetic})
	}
	for range 100 {
		m.Change.Links = append(m.Change.Links, policy.LinkEdit{Section: text, Text: text, Old: text, New: text})
	}
	return m
}

func TestWebhookBodyIsBounded(t *testing.T) {
	for _, text := range []string{strings.Repeat("<&>", 700_000), strings.Repeat("word ", 400_000), strings.Repeat("\U0001f984", 500_000), "short"} {
		body, err := webhookBody(hugeMessage(text), maxWebhookBody)
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			Data struct {
				Edits []struct {
					ID string `json:"id"`
				} `json:"edits"`
				Omitted int `json:"edits_omitted"`
			} `json:"data"`
		}
		if err := json.Unmarshal(body, &got); err != nil {
			t.Fatal(err)
		}
		if len(body) > maxWebhookBody {
			t.Errorf("body of %d bytes", len(body))
		}
		if n := len(got.Data.Edits); n == 0 || n+got.Data.Omitted != 304 {
			t.Errorf("%d edits kept and %d omitted, want 304 in all", n, got.Data.Omitted)
		}
		kept := false
		for _, e := range got.Data.Edits {
			kept = kept || e.ID == "b"
		}
		if !kept {
			t.Error("the most significant edit was left out")
		}
		minimal, err := webhookBody(hugeMessage(text), 0)
		if err != nil {
			t.Fatal(err)
		}
		if len(minimal) > 40<<10 || bytes.Contains(minimal, []byte(`"op"`)) {
			t.Errorf("minimal body of %d bytes", len(minimal))
		}
	}
}

func TestWebhookListsAreNeverNull(t *testing.T) {
	for _, m := range []Message{
		{Event: policy.Event{Type: policy.EventPolicyUnreachable}},
		{Event: policy.Event{Type: policy.EventPolicyChanged}, Change: &policy.Change{Edits: []policy.Edit{{Op: policy.Added}}}},
	} {
		body, err := webhookBody(m, maxWebhookBody)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(body, []byte("null")) {
			t.Errorf("null in %s", body)
		}
	}
}

// TestSlackPost proves what arrives at a server.
func TestSlackPost(t *testing.T) {
	var got []slack.WebhookMessage
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var m slack.WebhookMessage
		if err := json.NewDecoder(r.Body).Decode(&m); err != nil {
			t.Error(err)
		}
		got = append(got, m)
		_, _ = w.Write([]byte("ok"))
	}))
	defer server.Close()
	for _, minimal := range []bool{false, true} {
		s := NewSlack(SlackOptions{URL: server.URL, Client: server.Client(), Minimal: minimal})
		if err := s.Send(context.Background(), TestMessage(testTime)); err != nil {
			t.Fatal(err)
		}
	}
	if len(got) != 2 || got[0].Blocks == nil || len(got[0].Blocks.BlockSet) < 5 || got[1].Blocks != nil || got[1].Text == "" {
		t.Errorf("got %+v", got)
	}
}
