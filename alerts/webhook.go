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
	// Former are secrets that receivers may still verify with: during a
	// rotation each of them signs too.
	Former []string
	// CloudEvents sends structured CloudEvents 1.0.
	CloudEvents bool
	// Body replaces the body, and ContentType says what it is; empty means JSON.
	Body        Template
	ContentType string
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
// time of the attempt, webhook-signature an HMAC-SHA256 over both and the body,
// one for each secret.
type Webhook struct {
	poster      *poster
	signers     []*standardwebhooks.Webhook
	clock       func() time.Time
	cloudEvents bool
	body        executer
	contentType string
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
	w := &Webhook{poster: p, clock: o.Clock, cloudEvents: o.CloudEvents, contentType: o.ContentType}
	if err := w.useTemplate(o); err != nil {
		return nil, err
	}
	for _, secret := range append([]string{o.Secret}, o.Former...) {
		if secret = strings.TrimSpace(secret); secret == "" { // files end in a line feed
			continue
		}
		if err := w.addSecret(secret, o.Logger); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// addSecret adds a signature. The first secret is the present one.
func (w *Webhook) addSecret(secret string, logger *slog.Logger) error {
	key, err := decodeSecret(secret)
	if err != nil {
		return err
	}
	if n := len(key); logger != nil && (n < minSecretBytes || n > maxSecretBytes) {
		logger.Warn("webhook secret has an unusual length", "bytes", n, "recommended_min", minSecretBytes, "recommended_max", maxSecretBytes)
	}
	signer, err := standardwebhooks.NewWebhookRaw(key)
	if err != nil {
		return fmt.Errorf("webhook secret: %w", err)
	}
	w.signers = append(w.signers, signer)
	w.poster.secrets = append(w.poster.secrets, secret, strings.TrimPrefix(secret, "whsec_"))
	return nil
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
	body, err := w.render(m, limit)
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
	if w.cloudEvents {
		header.Set("Content-Type", cloudEventsType)
	} else if w.contentType != "" {
		header.Set("Content-Type", w.contentType)
	}
	var signatures []string
	for _, signer := range w.signers {
		signature, err := signer.Sign(id, now, body)
		if err != nil {
			return nil, fmt.Errorf("signing: %w", err)
		}
		signatures = append(signatures, signature)
	}
	if len(signatures) > 0 {
		header.Set(standardwebhooks.HeaderWebhookSignature, strings.Join(signatures, " "))
	}
	return header, nil
}
