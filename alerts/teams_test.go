package alerts

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"watcher/policy"
)

func TestTeamsAnswers(t *testing.T) {
	for _, tc := range []struct {
		status int
		body   string
		kind   ErrorKind
	}{
		{202, "", ""},
		{200, "1", ""},
		{200, "", ""},
		{200, "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 413 with ContextId x", PayloadDead},
		{200, "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429 with ContextId x", Retry},
		{200, "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 403 with ContextId x", ReceiverDead},
		{200, "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error", Retry},
		{400, `{"error":{"code":"WorkflowTriggerIsNotEnabled"}}`, ReceiverDead},
		{400, `{"error":{"code":"TriggerInputSchemaMismatch"}}`, PayloadDead},
		{400, `{"error":{"code":"DirectApiRequestHasMoreThanOneAuthorization"}}`, ReceiverDead},
		{401, `{"error":{"code":"DirectApiAuthorizationRequired"}}`, ReceiverDead},
		{404, `{"error":{"code":"WorkflowNotFound"}}`, ReceiverDead},
		{413, "", PayloadDead},
		{429, "", Retry},
		{502, "NoResponse", Retry},
	} {
		client := &http.Client{Transport: answers{status: tc.status, body: tc.body}}
		err := sendError(t, httpSenders(t, "http://teams.example/x", client)["teams"].Send(t.Context(), TestMessage(testTime)))
		switch {
		case err == nil && tc.kind != "":
			t.Errorf("%d %q: delivered, want %s", tc.status, tc.body, tc.kind)
		case err != nil && err.Kind != tc.kind:
			t.Errorf("%d %q: %s, want %q", tc.status, tc.body, err.Kind, tc.kind)
		}
	}
}

// checkTeams holds the bounds of a card, and that nothing in it is parsed.
func checkTeams(t *testing.T, body []byte) teamsLayout {
	t.Helper()
	if len(body) > teamsMaxBytes {
		t.Errorf("card of %d bytes", len(body))
	}
	for _, mention := range []string{"<!", "<@", "<#", "<at"} {
		if strings.Contains(string(body), mention) {
			t.Errorf("JSON holds %q", mention)
		}
	}
	var msg teamsMessage
	if err := json.Unmarshal(body, &msg); err != nil {
		t.Fatal(err)
	}
	if msg.Type != "message" || len(msg.Attachments) != 1 || msg.Attachments[0].ContentType != "application/vnd.microsoft.card.adaptive" {
		t.Fatalf("not a message with a card: %.300s", body)
	}
	card := msg.Attachments[0].Content
	if len(card.Body) == 0 || len(card.Actions) > 6 {
		t.Errorf("%d blocks, %d actions", len(card.Body), len(card.Actions))
	}
	for _, b := range card.Body {
		if b.Type != "RichTextBlock" || len(b.Inlines) == 0 {
			t.Errorf("block %s with %d runs", b.Type, len(b.Inlines))
		}
		for _, r := range b.Inlines {
			if r.Type != "TextRun" || r.Text == "" || clean(r.Text) != r.Text {
				t.Errorf("run %+v", r)
			}
		}
	}
	for _, a := range card.Actions {
		if a.Type != "Action.OpenUrl" || !isHTTP(a.URL) {
			t.Errorf("action %+v", a)
		}
	}
	return card
}

func TestTeamsRedline(t *testing.T) {
	body, err := teamsCard(changedMessage())
	if err != nil {
		t.Fatal(err)
	}
	var gone, come bool
	for _, b := range checkTeams(t, body).Body {
		for _, r := range b.Inlines {
			gone = gone || r.Text == "24" && r.Strikethrough
			come = come || r.Text == "36" && r.Underline
		}
	}
	if !gone || !come {
		t.Errorf("no redline: %s", body)
	}
}

// TestTeamsBound: cards of all sizes keep the bound, at it and above.
func TestTeamsBound(t *testing.T) {
	largest := 0
	for n := range 60 {
		m := changedMessage()
		m.Event.Summary = strings.Repeat("<", 20*n)
		for range n {
			m.Change.Edits = append(m.Change.Edits, policy.Edit{Op: policy.Added, Section: "S", New: strings.Repeat("é<", 10*n), Significance: policy.Material})
		}
		body, err := teamsCard(m)
		if err != nil {
			t.Fatal(err)
		}
		checkTeams(t, body)
		largest = max(largest, len(body))
	}
	if largest < teamsMaxBytes*9/10 {
		t.Errorf("the largest card has %d bytes: the bound was not reached", largest)
	}
}

func TestTeamsTemplate(t *testing.T) {
	teams, err := NewTeams(TeamsOptions{URL: "http://teams.example/", Text: Template{"t", "{{.Vendor}}\n\n{{.Summary}} <at>x</at>\n{{range 5000}}0123456789{{end}}"}})
	if err != nil {
		t.Fatal(err)
	}
	body, err := teams.body(changedMessage())
	if err != nil {
		t.Fatal(err)
	}
	if card := checkTeams(t, body); card.Body[0].Inlines[0].Text != "Example Vendor" || len(card.Body) != 3 {
		t.Errorf("%+v", card.Body)
	}
	if _, err := NewTeams(TeamsOptions{URL: "http://teams.example/", Text: Template{"t", "{{.Nope}}"}}); err == nil || !strings.Contains(err.Error(), "docs/ALERTS.md") {
		t.Errorf("bad template: %v", err)
	}
}
