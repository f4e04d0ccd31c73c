package alerts

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// cloudEventsType is the media type of a structured CloudEvent, and
// cloudEventsSource the URI that, with the id, makes one unique.
const (
	cloudEventsType   = "application/cloudevents+json; charset=utf-8"
	cloudEventsSource = "urn:watcher"
	cloudEventsPrefix = "watcher."
)

// cloudEvent is a CloudEvent 1.0 in structured JSON.
type cloudEvent struct {
	SpecVersion string          `json:"specversion"`
	ID          string          `json:"id"`
	Source      string          `json:"source"`
	Type        string          `json:"type"`
	Subject     string          `json:"subject,omitempty"`
	Time        time.Time       `json:"time"`
	ContentType string          `json:"datacontenttype"`
	Data        json.RawMessage `json:"data"`
}

// useTemplate compiles and tries the template of the body.
func (w *Webhook) useTemplate(o WebhookOptions) error {
	if o.Body.Text == "" {
		return nil
	}
	if o.CloudEvents {
		return errors.New("a webhook has either a template or the form of CloudEvents (leave out one of them)")
	}
	form, err := o.Body.textForm()
	if err != nil {
		return err
	}
	w.body = form
	for _, m := range samples() {
		for _, limit := range []int{maxWebhookBody, 0} {
			if _, err := w.render(m, limit); err != nil {
				return templateError(err)
			}
		}
	}
	return nil
}

// render makes the body in the form that is configured.
func (w *Webhook) render(m Message, limit int) ([]byte, error) {
	switch {
	case w.body != nil:
		return w.templated(m, limit)
	case w.cloudEvents:
		return cloudEventBody(m, limit)
	}
	return webhookBody(m, limit)
}

// templated makes the body by the user's template. What says that it is JSON
// has to be.
func (w *Webhook) templated(m Message, limit int) ([]byte, error) {
	items := slackMaxItems
	if limit == 0 {
		items = 0
	}
	body, err := execute(w.body, newView(m, items))
	if err != nil {
		return nil, fmt.Errorf("template of a body: %w", err)
	}
	if (w.contentType == "" || strings.Contains(w.contentType, "json")) && !json.Valid(body) {
		return nil, errors.New("the template does not make JSON (use {{json .Field}} for texts, or set another content type)")
	}
	return body, nil
}

// cloudEventBody wraps the data of a webhook into a CloudEvent.
func cloudEventBody(m Message, limit int) ([]byte, error) {
	body, err := webhookBody(m, limit)
	if err != nil {
		return nil, err
	}
	var inner struct {
		Data json.RawMessage `json:"data"`
	}
	if err := json.Unmarshal(body, &inner); err != nil {
		return nil, fmt.Errorf("cloud event: %w", err)
	}
	body, err = json.Marshal(cloudEvent{
		SpecVersion: "1.0", ID: m.AlertID, Source: cloudEventsSource, Type: cloudEventsPrefix + string(m.Event.Type),
		Subject: cleanLine(string(m.Event.Policy.ID)), Time: m.Event.At.UTC(), ContentType: "application/json", Data: inner.Data,
	})
	if err != nil {
		return nil, fmt.Errorf("cloud event: %w", err)
	}
	return body, nil
}

// Preview returns the headers and the body as they would be sent.
func (w *Webhook) Preview(_ context.Context, m Message) (string, error) {
	body, err := w.render(m, maxWebhookBody)
	if err != nil {
		return "", err
	}
	header, err := w.sign(m.AlertID, body)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(header)) {
		fmt.Fprintf(&b, "%s: %s\n", strings.ToLower(name), header.Get(name))
	}
	b.WriteByte('\n')
	var pretty bytes.Buffer
	if json.Indent(&pretty, body, "", "  ") == nil {
		body = pretty.Bytes()
	}
	b.Write(body)
	b.WriteByte('\n')
	return b.String(), nil
}
