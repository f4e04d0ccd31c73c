package alerts

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/slack-go/slack"
)

// SlackOptions configures a Slack receiver.
type SlackOptions struct {
	// URL is that of an incoming webhook. It is a secret.
	URL string
	// Client makes the requests; nil means one of its own. Redirects are not
	// followed and a request ends after 20 s in either case.
	Client *http.Client
	// Minimal always sends plain text without blocks, for servers that speak
	// Slack's webhook but not Block Kit.
	Minimal bool
	// Text replaces the built-in form. What it makes is shown as plain text.
	Text Template
}

// Slack posts messages to an incoming webhook of Slack.
type Slack struct {
	poster  *poster
	broken  error
	minimal bool
	text    executer
	unfit   error // what is wrong with the template
}

// slackPace is what Slack allows: one message a second for each channel.
const slackPace = time.Second

// NewSlack returns a sender for o.URL. A URL that cannot be used is reported by
// Send, as a receiver that is dead.
func NewSlack(o SlackOptions) *Slack {
	s := &Slack{minimal: o.Minimal}
	s.poster, s.broken = newPoster(o.URL, o.Client)
	if o.Text.Text != "" {
		if s.text, s.unfit = o.Text.textForm(); s.unfit != nil {
			s.text = nil
		}
	}
	return s
}

// TemplateError says what is wrong with the template, nil for nothing. Such a
// sender uses the built-in form: an alert matters more than its looks.
func (s *Slack) TemplateError() error { return s.unfit }

// Pace is the least time between two messages: Slack takes one a second.
func (s *Slack) Pace() time.Duration { return slackPace }

// Send implements Sender.
func (s *Slack) Send(ctx context.Context, m Message) error {
	if s.minimal {
		return s.SendMinimal(ctx, m)
	}
	msg, err := s.message(m)
	if err != nil {
		return &SendError{Kind: PayloadDead, Reason: reasonPayload, Err: err}
	}
	return s.post(ctx, msg)
}

// message renders m in the built-in form or by the template.
func (s *Slack) message(m Message) (*slack.WebhookMessage, error) {
	if s.text == nil {
		return slackMessage(m), nil
	}
	v := newView(m, slackMaxItems)
	text, err := execute(s.text, v)
	if err != nil {
		return nil, fmt.Errorf("template of a message: %w", err)
	}
	return slackTemplated(v, clean(string(text))), nil
}

// SendMinimal sends plain text with a link, without blocks.
func (s *Slack) SendMinimal(ctx context.Context, m Message) error {
	return s.post(ctx, slackMinimal(m))
}

func (s *Slack) post(ctx context.Context, msg *slack.WebhookMessage) error {
	if s.broken != nil {
		return &SendError{Kind: ReceiverDead, Reason: reasonOther, Err: s.broken}
	}
	body, err := json.Marshal(msg)
	if err != nil {
		return &SendError{Kind: PayloadDead, Reason: reasonPayload, Err: fmt.Errorf("slack message: %w", err)}
	}
	resp, answer, err := s.poster.post(ctx, body, nil) //nolint:bodyclose // post reads and closes it
	if err != nil {
		return err
	}
	return s.judge(resp, answer)
}

// judge reads Slack's answer, which is "ok" or the word of an error. The word
// says more than the status. A success that is not "ok" is a failure too.
func (s *Slack) judge(resp *http.Response, answer []byte) error {
	word := strings.ToLower(strings.TrimSpace(string(answer)))
	if resp.StatusCode/100 == 2 && accepted(resp.StatusCode, word) {
		return nil
	}
	e := statusError(resp, s.poster.note(answer))
	if kind, reason, known := slackWord(word); known {
		e.Kind, e.Reason = kind, reason
	}
	return e
}

// accepted reports whether the body of a 2xx answer means success. Slack says
// "ok"; servers that imitate it also say {"ok":true} or nothing at all with a
// status other than 200.
func accepted(status int, word string) bool {
	var answer struct {
		OK bool `json:"ok"`
	}
	return word == "ok" || status != http.StatusOK && word == "" ||
		json.Unmarshal([]byte(word), &answer) == nil && answer.OK
}

// slackWord classifies the error words of incoming webhooks. Source: Slack's
// "Changes to errors from incoming webhooks" (2016-05-17) and "Sending messages
// using incoming webhooks"; msg_blocks_too_long is undocumented and comes above
// about 13,200 characters over all blocks.
func slackWord(word string) (ErrorKind, string, bool) {
	switch word {
	case "rollup_error":
		return Retry, reasonServer, true
	case "rate_limited", "ratelimited":
		return Retry, reasonRateLimited, true
	case "invalid_payload", "invalid_blocks", "invalid_blocks_format", "invalid_attachments", "no_text",
		"msg_too_long", "msg_blocks_too_long", "too_many_attachments":
		return PayloadDead, reasonPayload, true
	case "action_prohibited", "invalid_token", "user_not_found", "posting_to_general_channel_denied":
		return ReceiverDead, reasonAuth, true
	case "no_service", "no_service_id", "no_active_hooks", "no_team", "team_disabled", "channel_not_found", "channel_is_archived":
		return ReceiverDead, reasonGone, true
	}
	return "", "", false
}
