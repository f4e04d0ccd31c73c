package alerts

import (
	"bytes"
	"context"
	"encoding/json"
	"net/url"
)

// Previewer is a Sender that shows what it would send, without an address or a
// secret.
type Previewer interface {
	Preview(ctx context.Context, m Message) (string, error)
}

// namedLink is a link with its words.
type namedLink struct{ Text, URL string }

// links are those of a message that lead to the web, in the order of use.
func (v view) links() []namedLink {
	var out []namedLink
	for _, l := range []namedLink{
		{"All of the change", v.Links.Change},
		{"The text before", v.Links.Before},
		{"The text now", v.Links.After},
		{"History of the policy", v.Links.Policy},
		{"The vendor's page", v.PolicyURL},
	} {
		if u, err := url.Parse(l.URL); err == nil && isHTTP(l.URL) && u.Host != "" {
			out = append(out, l)
		}
	}
	return out
}

func previewJSON(body []byte) (string, error) {
	var b bytes.Buffer
	if err := json.Indent(&b, body, "", "  "); err != nil {
		return "", err
	}
	b.WriteByte('\n')
	return b.String(), nil
}

// Preview returns the message as it would be sent.
func (s *Slack) Preview(_ context.Context, m Message) (string, error) {
	msg, err := s.message(m)
	if err != nil {
		return "", err
	}
	body, err := json.Marshal(msg)
	if err != nil {
		return "", err
	}
	return previewJSON(body)
}

// Preview returns the block as it would be printed.
func (l *Log) Preview(_ context.Context, m Message) (string, error) { return logBlock(m), nil }

// Preview says which capture would be asked for.
func (s *SavePage) Preview(_ context.Context, m Message) (string, error) {
	return "a capture of " + cleanLine(m.Event.Policy.URL) + "\n", nil
}
