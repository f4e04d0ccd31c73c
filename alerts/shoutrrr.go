package alerts

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/discord"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/matrix"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/telegram"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/push/gotify"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/push/ntfy"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/push/pushover"
	shoutrrr "github.com/nicholas-fedor/shoutrrr/pkg/types"
)

// ShoutrrrOptions configures a receiver of one of the services of shoutrrr.
type ShoutrrrOptions struct {
	// URL is a service URL of shoutrrr, such as ntfy://ntfy.sh/topic. It is a
	// secret.
	URL string
	// Client makes the requests; nil means one of its own. Redirects are not
	// followed and a request ends after 20 s in either case.
	Client *http.Client
}

// Shoutrrr sends plain text to a service that the library shoutrrr knows.
type Shoutrrr struct {
	url     string
	poster  *poster // for its client and for taking secrets out of texts
	service shoutrrrService
}

// shoutrrrPace is that of the slowest of the services, Telegram in one chat.
const shoutrrrPace = time.Second

// shoutrrrService is what we know about a service. Only services are listed
// whose every request goes through the client that they are handed, which rules
// out what speaks SMTP or MQTT.
type shoutrrrService struct {
	make func() shoutrrrSender
	// limit is how many bytes a message may have.
	limit int
	// params ask for plain text, whatever the URL says.
	params shoutrrr.Params
	// refused are parameters of the URL that would undo that.
	refused string
	// markdown: the service has no plain text.
	markdown bool
}

type shoutrrrSender interface {
	shoutrrr.Service
	shoutrrr.HTTPClientSetter
}

func shoutrrrServices() map[string]shoutrrrService {
	return map[string]shoutrrrService{
		"discord": {
			make: func() shoutrrrSender { return &discord.Service{} }, limit: 1900,
			params: shoutrrr.Params{"splitlines": "No"}, refused: "json", markdown: true,
		},
		"gotify": {make: func() shoutrrrSender { return &gotify.Service{} }, limit: 8000, refused: "insecureskipverify"},
		"matrix": {make: func() shoutrrrSender { return &matrix.Service{} }, limit: 8000},
		"ntfy": {
			make: func() shoutrrrSender { return &ntfy.Service{} }, limit: 3900, // more becomes an attachment
			params: shoutrrr.Params{"markdown": "no"}, refused: "disabletlsverification",
		},
		"pushover": {make: func() shoutrrrSender { return &pushover.Service{} }, limit: 1000},
		"telegram": {
			make: func() shoutrrrSender { return &telegram.Service{} }, limit: 4000,
			params: shoutrrr.Params{"parsemode": "None", "preview": "No"}, refused: "title", // a title makes it HTML
		},
	}
}

// NewShoutrrr returns a sender for o.URL. It fails on a URL that the library
// does not take; the error does not show the URL.
func NewShoutrrr(o ShoutrrrOptions) (*Shoutrrr, error) {
	u, err := url.Parse(strings.TrimSpace(o.URL))
	if err != nil { // the error quotes the URL
		return nil, errors.New("the service URL is not valid (for example ntfy://ntfy.sh/topic; it is not shown here because it is a secret)")
	}
	service, known := shoutrrrServices()[u.Scheme]
	if !known {
		return nil, errors.New("the service is not supported (use discord, gotify, matrix, ntfy, pushover or telegram; email and webhook are receivers of their own)")
	}
	for name := range u.Query() {
		if service.refused != "" && strings.EqualFold(name, service.refused) {
			return nil, fmt.Errorf("leave %s out of the URL: messages are plain text over verified TLS", service.refused)
		}
	}
	if u.Scheme == "matrix" && u.User.Username() != "" {
		return nil, errors.New("want an access token instead of a login (matrix://:TOKEN@host/?rooms=…)")
	}
	s := &Shoutrrr{
		url: u.String(), service: service,
		poster: &poster{client: hardened(o.Client), secrets: urlSecrets(u)},
	}
	// Some services judge their URL only when they send, so one does, to nobody.
	trial := &shoutrrrClient{}
	sender, err := s.sender(trial)
	if err == nil {
		_ = sender.Send("trial", &shoutrrr.Params{}) // whether it came to a request says it all
	}
	if !trial.sent {
		return nil, fmt.Errorf("the URL is not one of %s (its form is in https://shoutrrr.nickfedor.com; it is not shown here because it is a secret)", u.Scheme)
	}
	return s, nil
}

// sender returns a service whose requests go through c.
func (s *Shoutrrr) sender(c *shoutrrrClient) (shoutrrrSender, error) {
	u, err := url.Parse(s.url)
	if err != nil {
		return nil, err
	}
	sender := s.service.make()
	sender.SetHTTPClient(c)
	if err := sender.Initialize(u, nil); err != nil {
		return nil, err
	}
	sender.SetHTTPClient(c) // some make a client of their own in between
	return sender, nil
}

// Pace is the least time between two messages.
func (s *Shoutrrr) Pace() time.Duration { return shoutrrrPace }

// Digests implements digestSender.
func (s *Shoutrrr) Digests() bool { return true }

// Send implements Sender.
func (s *Shoutrrr) Send(ctx context.Context, m Message) error { return s.send(ctx, s.text(m)) }

// SendMinimal sends a few lines with a link.
func (s *Shoutrrr) SendMinimal(ctx context.Context, m Message) error {
	return s.send(ctx, s.safe(cutHead(fallback(newView(m, 0)), minimalChars)))
}

// Preview returns the text as it would be sent.
func (s *Shoutrrr) Preview(_ context.Context, m Message) (string, error) {
	return s.text(m) + "\n", nil
}

// text is the block of the log with as many edits as fit. The first is cut.
func (s *Shoutrrr) text(m Message) string {
	for items := logMaxItems; ; items /= 2 {
		text := s.escape(unindent(logText(newView(m, items))))
		if len(text) <= s.service.limit {
			return text
		}
		if items <= 1 {
			return s.safe(unindent(logText(newView(m, 1))))
		}
	}
}

func unindent(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimSpace(line)
	}
	return strings.Join(lines, "\n")
}

// safe is escape within the limit: the text is cut before it is escaped, so
// that no escape is cut in two.
func (s *Shoutrrr) safe(text string) string {
	for limit := s.service.limit; ; limit = limit * 3 / 4 {
		if out := s.escape(cutHead(text, limit)); len(out) <= s.service.limit {
			return out
		}
	}
}

// escape keeps a vendor's words from being mentions ("@room", "<@1>"), and from
// being Markdown where that cannot be switched off.
func (s *Shoutrrr) escape(text string) string {
	text = strings.ReplaceAll(inert(text), "@", "@\u2060")
	if !s.service.markdown {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		if strings.ContainsRune("\\`*_~|[]()#", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// send delivers text. What the library says about a failure is not shown: its
// errors quote URLs and answers.
func (s *Shoutrrr) send(ctx context.Context, text string) error {
	c := &shoutrrrClient{ctx: ctx, poster: s.poster}
	sender, err := s.sender(c)
	if err != nil {
		return &SendError{Kind: ReceiverDead, Reason: reasonOther, Err: errors.New("the service URL is not valid")}
	}
	params := shoutrrr.Params{}
	maps.Copy(params, s.service.params)
	err = sender.Send(text, &params)
	switch {
	case c.failed != nil:
		return c.failed
	case err != nil && c.sent:
		return &SendError{Kind: Retry, Reason: reasonOther, Err: errors.New("the answer is not one of the service (is the address right?)")}
	case err != nil || !c.sent:
		return &SendError{Kind: Retry, Reason: reasonOther, Err: errors.New("the message was not sent")}
	}
	return nil
}

// shoutrrrClient makes the requests of one message and remembers what failed.
// The library is told of every failure as 400: it must neither repeat the
// request nor sleep, both of which are the dispatcher's.
type shoutrrrClient struct {
	ctx    context.Context //nolint:containedctx // the library has no place for one
	poster *poster
	sent   bool
	failed *SendError
}

// Do implements types.HTTPClient.
func (c *shoutrrrClient) Do(req *http.Request) (*http.Response, error) {
	if c.poster == nil {
		c.sent = true
		return refusal(req), nil
	}
	if c.failed != nil {
		return refusal(req), nil
	}
	resp, err := c.poster.client.Do(req.WithContext(c.ctx)) //nolint:gosec // the address is the operator's
	if err != nil {
		c.failed = networkError(c.poster.hide(err))
		return refusal(req), nil
	}
	defer func() { _ = resp.Body.Close() }() // nothing to do about it: the answer has been read
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 16*maxAnswer))
	switch {
	case resp.StatusCode/100 != 2:
		// Without the answer: it may quote a token that is not in the URL as such.
		c.failed = statusError(resp, "")
		return refusal(req), nil
	case err != nil:
		c.failed = networkError(c.poster.hide(fmt.Errorf("reading the answer: %w", err)))
		return refusal(req), nil
	}
	c.sent = true
	resp.Body = io.NopCloser(bytes.NewReader(answer))
	return resp, nil
}

func refusal(req *http.Request) *http.Response {
	return &http.Response{
		Status: "400 Bad Request", StatusCode: http.StatusBadRequest, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{}, Body: io.NopCloser(strings.NewReader("{}")), Request: req,
	}
}
