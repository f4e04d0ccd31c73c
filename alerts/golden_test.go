package alerts

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"watcher/policy"
)

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got; UPDATE_GOLDEN=1 rewrites it):\n%s", path, diff)
	}
}

func indented(t *testing.T, v any) []byte {
	t.Helper()
	raw, ok := v.([]byte)
	if !ok {
		var err error
		if raw, err = json.Marshal(v); err != nil {
			t.Fatal(err)
		}
	}
	var b bytes.Buffer
	if err := json.Indent(&b, raw, "", " "); err != nil {
		t.Fatal(err)
	}
	b.WriteByte('\n')
	return b.Bytes()
}

// TestGolden shows what people see. Every message is rendered for every
// receiver.
func TestGolden(t *testing.T) {
	changed := TestMessage(testTime)
	changed.Test, changed.Event.Type = false, policy.EventPolicyChanged
	changed.Event.DateFacts = []policy.DateFact{policy.PlaceholderResolved, policy.EffectiveInFuture}
	changed.Links = linksFor("https://watch.example", changed.Event)
	changed.Change.Links = []policy.LinkEdit{{Section: "Contact", Text: "our partners", Old: "https://vendor.example/a", New: "https://vendor.example/b"}}
	unreachable := Message{
		AlertID: "alt_1", SentAt: testTime,
		Event: policy.Event{
			ID: "evt_1", Type: policy.EventPolicyUnreachable, At: testTime, FirstSeenAt: testTime.Add(-24 * time.Hour),
			Policy:  policy.PolicyRef{ID: "example-vendor/cookies", Vendor: "Example Vendor", Kind: policy.KindCookies, URL: "https://vendor.example/cookies"},
			Summary: "5 checks in a row failed: HTTP 503", Rule: "status", Detail: "HTTP 503",
		},
	}
	for name, m := range map[string]Message{"changed": changed, "test": TestMessage(testTime), "unreachable": unreachable} {
		t.Run(name, func(t *testing.T) {
			body, err := webhookBody(m, maxWebhookBody)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, name+".webhook.json", indented(t, body))
			golden(t, name+".slack.json", indented(t, slackMessage(m)))
			golden(t, name+".slack-minimal.json", indented(t, slackMinimal(m)))
			golden(t, name+".log.txt", []byte(logBlock(m)))
			card, err := teamsCard(m)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, name+".teams.json", indented(t, card))
			golden(t, name+".alertmanager.json", indented(t, managerAt(t, "http://am.example").alerts(m, true)))
			mail, err := emailTo(t, &mailServer{addr: "127.0.0.1:25"}, NoTLS).renderer.render(m, mailMaxItems)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, name+".mail.html", []byte(mail.html))
			golden(t, name+".mail.txt", []byte("Subject: "+mail.subject+"\n\n"+mail.text))
		})
	}
}

// TestEveryEventHasWords: no event reaches people as an identifier.
func TestEveryEventHasWords(t *testing.T) {
	for _, e := range append(policy.EventTypes(), policy.EventTest) {
		m := Message{AlertID: "alt_1", Event: policy.Event{
			Type: e, Policy: policy.PolicyRef{ID: "acme/privacy", Vendor: "Acme", Kind: policy.KindPrivacy, URL: "https://acme.example/"},
			FirstSeenAt: testTime, Rule: "some_rule", Detail: "some detail",
		}}
		text := logBlock(m)
		if strings.Contains(text, string(e)+"\n") || strings.Contains(text, "_changed") {
			t.Errorf("%s is shown as an identifier:\n%s", e, text)
		}
		for _, want := range []string{"some_rule", "some detail", "acme/privacy", "https://acme.example/"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s does not say %q:\n%s", e, want, text)
			}
		}
	}
}

func TestLogSender(t *testing.T) {
	var b bytes.Buffer
	m := TestMessage(testTime)
	m.Event.Summary = "title\x1b]0;owned\x07 \u202egnihton"
	if err := NewLog(&b, silent()).Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(b.String(), "\x1b\x07\u202e") {
		t.Errorf("control characters reach the terminal: %q", b.String())
	}
	if err := NewLog(nil, nil).Send(t.Context(), m); err != nil {
		t.Error(err)
	}
	if err := sendError(t, NewLog(failingWriter{}, nil).Send(t.Context(), m)); err == nil || err.Kind != Retry {
		t.Errorf("broken pipe: %v", err)
	}
}

type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }
