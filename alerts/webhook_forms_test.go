package alerts

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

const formerSecret = "whsec_Zm9ybWVyLWtleS1mb3JtZXIta2V5LWZvcm1lcg=="

// received is what a webhook sends for m.
func received(t *testing.T, o WebhookOptions, m Message) (http.Header, []byte) {
	t.Helper()
	var header http.Header
	var body []byte
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		header = r.Header.Clone()
		body, _ = io.ReadAll(r.Body)
	}))
	defer server.Close()
	o.URL, o.Clock = server.URL, time.Now // the library verifies against the real clock
	w, err := NewWebhook(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	return header, body
}

// TestKeyRotation: receivers verify with the new key and with each before.
func TestKeyRotation(t *testing.T) {
	header, body := received(t, WebhookOptions{Secret: testSecret + "\n", Former: []string{formerSecret, ""}}, changedMessage())
	if n := len(strings.Fields(header.Get("webhook-signature"))); n != 2 {
		t.Errorf("%d signatures", n)
	}
	for _, secret := range []string{testSecret, formerSecret} {
		verifier, err := standardwebhooks.NewWebhook(secret)
		if err != nil {
			t.Fatal(err)
		}
		if err := verifier.Verify(body, header); err != nil {
			t.Errorf("%s…: %v", secret[:10], err)
		}
	}
	other, err := standardwebhooks.NewWebhook("whsec_b3RoZXIta2V5LW90aGVyLWtleS1vdGhlci1rZXk=")
	if err != nil {
		t.Fatal(err)
	}
	if other.Verify(body, header) == nil {
		t.Error("a key that signed nothing verifies")
	}
	if _, err := NewWebhook(WebhookOptions{URL: "http://h.example/", Former: []string{"canary!"}, Clock: time.Now}); err == nil || strings.Contains(err.Error(), "canary") {
		t.Errorf("bad former key: %v", err)
	}
}

func TestCloudEvents(t *testing.T) {
	m := changedMessage()
	header, body := received(t, WebhookOptions{Secret: testSecret, CloudEvents: true}, m)
	if got := header.Get("Content-Type"); got != "application/cloudevents+json; charset=utf-8" {
		t.Errorf("content type %q", got)
	}
	verifier, err := standardwebhooks.NewWebhook(testSecret)
	if err != nil {
		t.Fatal(err)
	}
	if err := verifier.Verify(body, header); err != nil {
		t.Error(err)
	}
	var event map[string]any
	if err := json.Unmarshal(body, &event); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"specversion": "1.0", "id": m.AlertID, "source": "urn:watcher", "type": "watcher.policy_changed",
		"subject": "example-vendor/privacy", "datacontenttype": "application/json", "time": testTime.Format(time.RFC3339),
	} {
		if event[name] != want {
			t.Errorf("%s is %v, want %s", name, event[name], want)
		}
	}
	if event["id"] != header.Get("webhook-id") {
		t.Error("two ids")
	}
	data, _ := event["data"].(map[string]any)
	if edits, _ := data["edits"].([]any); len(edits) != 2 {
		t.Errorf("data: %v", event["data"])
	}
}

func TestWebhookTemplate(t *testing.T) {
	m := changedMessage()
	m.Event.Summary = `"quoted" {{.Title}} <b>`
	header, body := received(t, WebhookOptions{Body: Template{"b", `{"text": {{json .Summary}}, "n": {{len .Items}}}`}}, m)
	var got struct {
		Text string `json:"text"`
		N    int    `json:"n"`
	}
	if err := json.Unmarshal(body, &got); err != nil || got.Text != m.Event.Summary || got.N != 3 || header.Get("Content-Type") != "application/json" {
		t.Errorf("%s, %v, %s", body, err, header.Get("Content-Type"))
	}
	header, body = received(t, WebhookOptions{Body: Template{"b", "{{.Vendor}}:{{range $i, $e := .Items}}{{if not $i}} {{redline $e.Spans}}{{end}}{{end}}"}, ContentType: "text/plain"}, m)
	if string(body) != "Example Vendor: We keep account records for [-24-]{+36+} months after the last order." || header.Get("Content-Type") != "text/plain" {
		t.Errorf("%s, %s", body, header.Get("Content-Type"))
	}
	for name, o := range map[string]WebhookOptions{
		"not JSON":    {Body: Template{"b", `{"text": "{{.Summary}}",}`}},
		"both":        {Body: Template{"b", `{}`}, CloudEvents: true},
		"no such":     {Body: Template{"b", `{"a": {{json .Nope}}}`}},
		"no function": {Body: Template{"b", `{{env "HOME"}}`}},
	} {
		o.URL, o.Clock = "http://h.example/", time.Now
		if _, err := NewWebhook(o); err == nil || !strings.Contains(err.Error(), "(") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSlackTemplate(t *testing.T) {
	s := NewSlack(SlackOptions{URL: "http://s.example/", Text: Template{"t", "{{.Title}} <!channel> {{range .Items}}{{redline .Spans}}\n{{end}}{{range 3000}}0123456789 {{end}}"}})
	if err := s.TemplateError(); err != nil {
		t.Fatal(err)
	}
	msg, err := s.message(changedMessage())
	if err != nil {
		t.Fatal(err)
	}
	checkSlack(t, msg, slackFallbackChars)
	if len(msg.Blocks.BlockSet) < 4 {
		t.Errorf("%d blocks", len(msg.Blocks.BlockSet))
	}
	if NewSlack(SlackOptions{URL: "http://s.example/", Text: Template{"t", "{{.Nope}}"}}).TemplateError() == nil {
		t.Error("a template without sense is taken")
	}
}
