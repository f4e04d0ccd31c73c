package alerts

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"io"
	"strings"
	texttemplate "text/template"
	"time"

	"watcher/policy"
)

// maxTemplateOutput bounds what a template may make of one message.
const maxTemplateOutput = 256 << 10

// Template is text that a user wrote to replace the form of a message. It is a
// Go template over the view of docs/ALERTS.md.
type Template struct {
	// Name is shown in errors, such as the name of the file.
	Name string
	// Text is empty for the built-in form.
	Text string
}

// executer is a template of either kind.
type executer interface {
	Execute(w io.Writer, data any) error
}

// templateFuncs are the functions beside those of Go's template packages.
func templateFuncs() map[string]any {
	return map[string]any{
		"json": func(v any) (string, error) {
			b, err := json.Marshal(v)
			return string(b), err
		},
		"join":  func(sep string, list []string) string { return strings.Join(list, sep) },
		"upper": strings.ToUpper,
		"lower": strings.ToLower,
		"trunc": func(n int, s string) string { return cutHead(s, n) },
		"utc":   func(layout string, t time.Time) string { return t.UTC().Format(layout) },
		// redline shows [-deleted-] and {+inserted+} words.
		"redline": wordDiff,
		"apart":   apart,
		"isHTTP":  isHTTP,
		"spaces":  func(s string) string { return strings.ReplaceAll(s, "_", " ") },
	}
}

// textForm compiles t and tries it on samples.
func (t Template) textForm() (executer, error) {
	parsed, err := texttemplate.New(t.Name).Funcs(templateFuncs()).Parse(t.Text)
	if err != nil {
		return nil, templateError(err)
	}
	return parsed, try(parsed)
}

// htmlForm is textForm with the escaping of html/template.
func (t Template) htmlForm() (executer, error) {
	parsed, err := htmltemplate.New(t.Name).Funcs(templateFuncs()).Parse(t.Text)
	if err != nil {
		return nil, templateError(err)
	}
	return parsed, try(parsed)
}

// templateError ends in a hint: it is met by `watcher config check`.
func templateError(err error) error {
	return fmt.Errorf("%w (the fields and functions of templates are in docs/ALERTS.md)", err)
}

// try executes a template on messages of every shape.
func try(t executer) error {
	for _, m := range samples() {
		if _, err := execute(t, newView(m, logMaxItems)); err != nil {
			return templateError(err)
		}
	}
	return nil
}

// samples are messages of every shape: a change, its minimal form, an event
// about health.
func samples() []Message {
	at := time.Date(2025, 5, 12, 4, 12, 9, 0, time.UTC)
	change := TestMessage(at)
	bare := change
	bare.Change = nil
	health := Message{AlertID: change.AlertID, SentAt: at, Event: policy.Event{
		ID: change.Event.ID, Type: policy.EventPolicyUnreachable, Policy: change.Event.Policy, At: at, FirstSeenAt: at,
		Summary: "5 checks in a row failed: HTTP 503", Rule: "status", Detail: "HTTP 503",
	}}
	return []Message{change, bare, health}
}

// execute runs a template with a bound on its output.
func execute(t executer, v view) ([]byte, error) {
	var b cappedBuffer
	if err := t.Execute(&b, v); err != nil {
		return nil, err
	}
	if len(bytes.TrimSpace(b.Bytes())) == 0 {
		return nil, errors.New("the template makes an empty message")
	}
	return b.Bytes(), nil
}

type cappedBuffer struct{ bytes.Buffer }

func (b *cappedBuffer) Write(p []byte) (int, error) {
	if b.Len()+len(p) > maxTemplateOutput {
		return 0, fmt.Errorf("the template makes more than %d KiB", maxTemplateOutput>>10)
	}
	return b.Buffer.Write(p)
}

// WriteString keeps the bound where a template writes strings.
func (b *cappedBuffer) WriteString(s string) (int, error) { return b.Write([]byte(s)) }
