package alerts

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// WebhookOptions configures a Webhook.
type WebhookOptions struct {
	// URL is where messages are posted. It is treated as a secret.
	URL string
	// Secret signs messages: base64, with or without the prefix "whsec_". Empty
	// means unsigned.
	Secret string
	// Client makes the requests; nil means one of its own. Redirects are not
	// followed and a request ends after 20 s in either case.
	Client *http.Client
	// Clock gives the time of the signature.
	Clock func() time.Time
	// Logger, when set, is told of a secret of unusual length.
	Logger *slog.Logger
}

// Webhook posts messages as JSON, signed as Standard Webhooks 1.0.0 has it:
// webhook-id is the alert's id and constant over retries, webhook-timestamp the
// time of the attempt, webhook-signature an HMAC-SHA256 over both and the body.
type Webhook struct {
	poster *poster
	signer *standardwebhooks.Webhook
	clock  func() time.Time
}

// The length that Standard Webhooks recommends for a secret, in bytes.
const (
	minSecretBytes = 24
	maxSecretBytes = 64
)

// NewWebhook returns a sender for o.URL. It fails on a URL or a secret that
// cannot be used; the error shows neither.
func NewWebhook(o WebhookOptions) (*Webhook, error) {
	p, err := newPoster(o.URL, o.Client)
	if err != nil {
		return nil, err
	}
	if o.Clock == nil {
		return nil, errors.New("a webhook needs a clock")
	}
	w := &Webhook{poster: p, clock: o.Clock}
	secret := strings.TrimSpace(o.Secret) // files end in a line feed
	if secret == "" {
		return w, nil
	}
	key, err := decodeSecret(secret)
	if err != nil {
		return nil, err
	}
	if n := len(key); o.Logger != nil && (n < minSecretBytes || n > maxSecretBytes) {
		o.Logger.Warn("webhook secret has an unusual length", "bytes", n, "recommended_min", minSecretBytes, "recommended_max", maxSecretBytes)
	}
	if w.signer, err = standardwebhooks.NewWebhookRaw(key); err != nil {
		return nil, fmt.Errorf("webhook secret: %w", err)
	}
	p.secrets = append(p.secrets, secret, strings.TrimPrefix(secret, "whsec_"))
	return w, nil
}

func decodeSecret(secret string) ([]byte, error) {
	text := strings.TrimRight(strings.TrimPrefix(secret, "whsec_"), "=")
	key, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil || len(key) == 0 {
		return nil, errors.New("the webhook secret is not base64 (want whsec_ and 24 to 64 bytes in base64; make one with: openssl rand -base64 32)")
	}
	return key, nil
}

// Send implements Sender.
func (w *Webhook) Send(ctx context.Context, m Message) error {
	return w.send(ctx, m, maxWebhookBody)
}

// SendMinimal sends the message without its edits.
func (w *Webhook) SendMinimal(ctx context.Context, m Message) error {
	return w.send(ctx, m, 0)
}

func (w *Webhook) send(ctx context.Context, m Message, limit int) error {
	body, err := webhookBody(m, limit)
	if err != nil {
		return &SendError{Kind: PayloadDead, Reason: reasonPayload, Err: err}
	}
	header, err := w.sign(m.AlertID, body)
	if err != nil {
		return &SendError{Kind: ReceiverDead, Reason: reasonOther, Err: err}
	}
	resp, answer, err := w.poster.post(ctx, body, header) //nolint:bodyclose // post reads and closes it
	if err != nil {
		return err
	}
	if resp.StatusCode/100 == 2 {
		return nil
	}
	return statusError(resp, w.poster.note(answer))
}

// sign returns the headers of Standard Webhooks; an unsigned webhook still has
// the id and the time.
func (w *Webhook) sign(id string, body []byte) (http.Header, error) {
	now := w.clock()
	header := http.Header{}
	header.Set(standardwebhooks.HeaderWebhookID, id)
	header.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(now.Unix(), 10))
	if w.signer == nil {
		return header, nil
	}
	signature, err := w.signer.Sign(id, now, body)
	if err != nil {
		return nil, fmt.Errorf("signing: %w", err)
	}
	header.Set(standardwebhooks.HeaderWebhookSignature, signature)
	return header, nil
}
