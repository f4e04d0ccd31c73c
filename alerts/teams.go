package alerts

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// TeamsOptions configures a Teams receiver.
type TeamsOptions struct {
	// URL is that of a workflow with the trigger "When a Teams webhook request
	// is received". It is a secret.
	URL string
	// Client makes the requests; nil means one of its own. Redirects are not
	// followed and a request ends after 20 s in either case.
	Client *http.Client
	// Text replaces the built-in form of the card.
	Text Template
}

// Teams posts Adaptive Cards to a workflow of Microsoft Teams.
type Teams struct {
	poster *poster
	text   executer
}

// teamsPace keeps below the four requests a second above which Teams throttles.
const teamsPace = 500 * time.Millisecond

// NewTeams returns a sender for o.URL. It fails on a URL or a template that
// cannot be used; the error does not show the URL.
func NewTeams(o TeamsOptions) (*Teams, error) {
	p, err := newPoster(o.URL, o.Client)
	if err != nil {
		return nil, err
	}
	t := &Teams{poster: p}
	if o.Text.Text != "" {
		if t.text, err = o.Text.textForm(); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// Pace is the least time between two messages.
func (t *Teams) Pace() time.Duration { return teamsPace }

// Send implements Sender.
func (t *Teams) Send(ctx context.Context, m Message) error {
	body, err := t.body(m)
	return t.post(ctx, body, err)
}

// SendMinimal sends a card of plain text with a link.
func (t *Teams) SendMinimal(ctx context.Context, m Message) error {
	body, err := teamsMinimal(m)
	return t.post(ctx, body, err)
}

func (t *Teams) body(m Message) ([]byte, error) {
	if t.text == nil {
		return teamsCard(m)
	}
	v := newView(m, teamsMaxItems)
	text, err := execute(t.text, v)
	if err != nil {
		return nil, fmt.Errorf("template of a card: %w", err)
	}
	return teamsText(v, clean(string(text)))
}

func (t *Teams) post(ctx context.Context, body []byte, err error) error {
	if err != nil {
		return &SendError{Kind: PayloadDead, Reason: reasonPayload, Err: err}
	}
	resp, answer, err := t.poster.post(ctx, body, nil) //nolint:bodyclose // post reads and closes it
	if err != nil {
		return err
	}
	return t.judge(resp, answer)
}

// judge reads the answer. A workflow says 202 and nothing else; the connectors
// before it said 200 also where Teams had refused the message, and put the
// status of Teams into the text.
func (t *Teams) judge(resp *http.Response, answer []byte) error {
	text := string(answer)
	if resp.StatusCode/100 == 2 {
		_, after, failed := strings.Cut(text, "returned HTTP error ")
		if !failed && !strings.Contains(text, "delivery failed") {
			return nil
		}
		status, err := strconv.Atoi(strings.TrimSpace(after[:min(len(after), 3)]))
		if err != nil || status < 300 || status > 599 {
			status = http.StatusInternalServerError
		}
		inner := *resp
		inner.StatusCode = status
		return statusError(&inner, t.poster.note(answer))
	}
	e := statusError(resp, t.poster.note(answer))
	if kind, reason, known := teamsCode(text); known {
		e.Kind, e.Reason = kind, reason
	}
	return e
}

// teamsCode classifies the error codes of Power Automate that say more than
// their status (Microsoft Learn, "Troubleshoot workflows").
func teamsCode(text string) (ErrorKind, string, bool) {
	for _, c := range []struct {
		code, reason string
		kind         ErrorKind
	}{
		{"WorkflowTriggerIsNotEnabled", reasonGone, ReceiverDead},
		{"WorkflowNotFound", reasonGone, ReceiverDead},
		{"DirectApiAuthorizationRequired", reasonAuth, ReceiverDead},
		{"DirectApiRequestHasMoreThanOneAuthorization", reasonAuth, ReceiverDead},
		{"TriggerInputSchemaMismatch", reasonPayload, PayloadDead},
	} {
		if strings.Contains(text, c.code) {
			return c.kind, c.reason, true
		}
	}
	return "", "", false
}

// Preview returns the request as it would be sent.
func (t *Teams) Preview(_ context.Context, m Message) (string, error) {
	body, err := t.body(m)
	if err != nil {
		return "", err
	}
	return previewJSON(body)
}
