package alerts

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"watcher/policy"
)

// AlertmanagerOptions configures an Alertmanager receiver.
type AlertmanagerOptions struct {
	// URL is the base of the Alertmanager's, without /api.
	URL string
	// Username and Password are sent by basic authentication when the first is
	// set.
	Username, Password string
	// Client makes the requests; nil means one of its own. Redirects are not
	// followed and a request ends after 20 s in either case.
	Client *http.Client
	// ChangeFor is how long an alert about something that happened, such as a
	// change, stays up; 0 means 24 h.
	ChangeFor time.Duration
}

// Alertmanager posts alerts to a Prometheus Alertmanager.
//
// What has happened (a change) is an alert with an end time. What is so (a
// policy that cannot be reached) is an alert that stays up until the event that
// ends it, which has the same labels and an end in the past.
type Alertmanager struct {
	poster    *poster
	header    http.Header
	changeFor time.Duration
}

const (
	alertmanagerPath = "/api/v2/alerts"
	defaultChangeFor = 24 * time.Hour
	// stateFor bounds an alert whose end is never told, as that of a policy
	// that was taken out of the configuration while it could not be reached.
	stateFor = 30 * 24 * time.Hour
	testFor  = 5 * time.Minute

	// Bounds of annotations, which chat receivers of an Alertmanager show.
	maxAnnotation        = 500
	maxDescription       = 3000
	alertmanagerMaxItems = 10
)

// NewAlertmanager returns a sender for o.URL. It fails on a URL that cannot be
// used; the error does not show it.
func NewAlertmanager(o AlertmanagerOptions) (*Alertmanager, error) {
	p, err := newPoster(strings.TrimSuffix(strings.TrimRight(strings.TrimSpace(o.URL), "/"), alertmanagerPath)+alertmanagerPath, o.Client)
	if err != nil {
		return nil, err
	}
	a := &Alertmanager{poster: p, header: http.Header{}, changeFor: o.ChangeFor}
	if a.changeFor <= 0 {
		a.changeFor = defaultChangeFor
	}
	if o.Username != "" {
		token := base64.StdEncoding.EncodeToString([]byte(o.Username + ":" + o.Password))
		a.header.Set("Authorization", "Basic "+token)
		p.secrets = append([]string{token, o.Password}, p.secrets...)
	}
	return a, nil
}

// postableAlert is an alert in the form of the API (openapi.yaml of
// Alertmanager, postableAlert).
type postableAlert struct {
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations,omitempty"`
	StartsAt     time.Time         `json:"startsAt"`
	EndsAt       time.Time         `json:"endsAt"`
	GeneratorURL string            `json:"generatorURL,omitempty"`
}

// Send implements Sender.
func (a *Alertmanager) Send(ctx context.Context, m Message) error { return a.post(ctx, m, true) }

// SendMinimal sends the alert without its edits.
func (a *Alertmanager) SendMinimal(ctx context.Context, m Message) error {
	return a.post(ctx, m, false)
}

func (a *Alertmanager) post(ctx context.Context, m Message, full bool) error {
	body, err := json.Marshal(a.alerts(m, full))
	if err != nil {
		return &SendError{Kind: PayloadDead, Reason: reasonPayload, Err: fmt.Errorf("alert: %w", err)}
	}
	resp, answer, err := a.poster.post(ctx, body, a.header) //nolint:bodyclose // post reads and closes it
	if err != nil {
		return err
	}
	if resp.StatusCode/100 == 2 {
		return nil
	}
	return statusError(resp, a.poster.note(answer))
}

// alerts returns what an event is to an Alertmanager: one alert, or for a
// recovery the ends of the alerts that may be up.
func (a *Alertmanager) alerts(m Message, full bool) []postableAlert {
	e := m.Event
	now := later(e.At, m.SentAt) // an alert that is delivered late must still be seen
	start := e.At
	if !e.FirstSeenAt.IsZero() && e.FirstSeenAt.Before(start) {
		start = e.FirstSeenAt
	}
	one := func(t policy.EventType, ends time.Time) postableAlert {
		return postableAlert{
			Labels: alertLabels(m, t), Annotations: alertAnnotations(m, full),
			StartsAt: start.UTC(), EndsAt: ends.UTC(), GeneratorURL: m.Links.best(),
		}
	}
	switch e.Type {
	case policy.EventPolicyRecovered:
		var ended []postableAlert
		for _, t := range []policy.EventType{policy.EventPolicyUnreachable, policy.EventPolicyQuarantined} {
			ended = append(ended, one(t, later(e.At, start.Add(time.Second))))
		}
		return ended
	case policy.EventPolicyUnreachable, policy.EventPolicyQuarantined:
		return []postableAlert{one(e.Type, now.Add(stateFor))}
	case policy.EventTest:
		return []postableAlert{one(e.Type, now.Add(testFor))}
	default:
		return []postableAlert{one(e.Type, now.Add(a.changeFor))}
	}
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// alertLabels are the identity of an alert. Those of a state hold nothing that
// may differ between its begin and its end but for the policy's own words.
func alertLabels(m Message, t policy.EventType) map[string]string {
	e := m.Event
	labels := map[string]string{"alertname": alertName(t), "job": "watcher", "severity": alertSeverity(t, e.Significance)}
	for name, value := range map[string]string{
		"policy": string(e.Policy.ID), "vendor": e.Policy.Vendor, "kind": string(e.Policy.Kind),
	} {
		if value = inert(shortText(value)); value != "" {
			labels[name] = value
		}
	}
	if e.Policy.ID == "" { // a mass change, a broken receiver: each is one of its own
		labels["event"] = inert(shortText(e.ID))
	}
	if hasVersions(t) {
		if e.Significance != "" {
			labels["significance"] = inert(shortText(string(e.Significance)))
		}
		if e.To != nil && e.To.Version > 0 {
			labels["version"] = strconv.Itoa(e.To.Version)
		}
	}
	if m.Test {
		labels["alertname"] = alertName(policy.EventTest)
		labels["test"] = "true"
	}
	return labels
}

func hasVersions(t policy.EventType) bool {
	return t == policy.EventPolicyChanged || t == policy.EventPolicyReverted || t == policy.EventTest
}

// alertName is "WatcherPolicyChanged" for "policy_changed".
func alertName(t policy.EventType) string {
	var b strings.Builder
	b.WriteString("Watcher")
	for part := range strings.SplitSeq(cleanLine(string(t)), "_") {
		if part != "" {
			b.WriteString(strings.ToUpper(part[:1]) + part[1:])
		}
	}
	return b.String()
}

func alertSeverity(t policy.EventType, s policy.Significance) string {
	switch t {
	case policy.EventPolicyUnreachable, policy.EventPolicyQuarantined, policy.EventExtractionDegraded, policy.EventMassChange, policy.EventReceiverBroken:
		return "warning"
	case policy.EventPolicyChanged, policy.EventPolicyReverted:
		if s == policy.Material {
			return "warning"
		}
	default:
	}
	return "info"
}

// alertAnnotations are what people read. Receivers of an Alertmanager put them
// into markup without escaping.
func alertAnnotations(m Message, full bool) map[string]string {
	items := 0
	if full {
		items = alertmanagerMaxItems
	}
	v := newView(m, items)
	out := map[string]string{"alert_id": v.ID}
	for name, text := range map[string]string{
		"summary": v.Title, "message": v.Summary, "policy_url": v.PolicyURL, "link": v.Links.best(), "facts": v.Facts,
	} {
		if text != "" {
			out[name] = inert(cutHead(text, maxAnnotation))
		}
	}
	if full {
		out["description"] = inert(cutHead(plainItems(v), maxDescription))
	}
	return out
}

// plainItems is the message without its title as plain text.
func plainItems(v view) string {
	lines := append([]string(nil), v.Lines...)
	for _, it := range v.Items {
		lines = append(lines, "• "+it.Head, "  "+wordDiff(it.Spans))
	}
	if rest := v.Rest(); rest != "" {
		lines = append(lines, rest)
	}
	return strings.Join(lines, "\n")
}

// inert keeps text from being a mention or a tag in Slack's markup and in HTML.
func inert(s string) string { return strings.NewReplacer("<", "‹", ">", "›").Replace(s) }

// Preview returns the request as it would be sent.
func (a *Alertmanager) Preview(_ context.Context, m Message) (string, error) {
	body, err := json.Marshal(a.alerts(m, true))
	if err != nil {
		return "", err
	}
	return previewJSON(body)
}
