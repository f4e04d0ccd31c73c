package alerts

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/wneessen/go-mail"
)

const (
	// mailMaxItems bounds the edits of one mail, and mailHTMLBytes its HTML:
	// Gmail clips a mail above 102 kB. mailSubject bounds the subject.
	mailMaxItems  = 40
	mailHTMLBytes = 100_000
	mailSubject   = 150
)

//go:embed templates
var templateFiles embed.FS

// mailRenderer makes the parts of a mail.
type mailRenderer struct{ subject, html, text executer }

func newMailRenderer(o EmailOptions) (*mailRenderer, error) {
	var r mailRenderer
	for _, part := range []struct {
		to      *executer
		own     Template
		builtIn string
		form    func(Template) (executer, error)
	}{
		{&r.subject, o.Subject, "", Template.textForm},
		{&r.html, o.HTML, "mail.html", Template.htmlForm},
		{&r.text, o.Text, "mail.txt", Template.textForm},
	} {
		t := part.own
		if t.Text == "" && part.builtIn == "" {
			t = Template{Name: "subject", Text: "{{.Title}}"}
		} else if t.Text == "" {
			src, err := templateFiles.ReadFile("templates/" + part.builtIn)
			if err != nil {
				return nil, err // cannot happen: it is embedded
			}
			t = Template{Name: part.builtIn, Text: string(src)}
		}
		var err error
		if *part.to, err = part.form(t); err != nil {
			return nil, err
		}
	}
	return &r, nil
}

// mailParts is a mail without its headers.
type mailParts struct{ subject, html, text string }

// render makes the parts with as many of at most items edits as fit. No items
// means plain text alone.
func (r *mailRenderer) render(m Message, items int) (mailParts, error) {
	v := newView(m, items)
	subject, err := execute(r.subject, v)
	if err != nil {
		return mailParts{}, fmt.Errorf("subject of a mail: %w", err)
	}
	// What looks like an encoded word (RFC 2047) would be decoded by readers,
	// and could hold what was cleaned away here.
	p := mailParts{subject: cutHead(strings.ReplaceAll(cleanLine(string(subject)), "=?", "= ?"), mailSubject)}
	if items == 0 {
		p.text = cutHead(fallback(v), minimalChars)
		return p, nil
	}
	html, v, err := fitItems(v, mailHTMLBytes, func(v view) ([]byte, error) { return execute(r.html, v) })
	if err != nil {
		return mailParts{}, fmt.Errorf("HTML of a mail: %w", err)
	}
	p.html = string(html)
	text, err := execute(r.text, v)
	if err != nil {
		return mailParts{}, fmt.Errorf("text of a mail: %w", err)
	}
	p.text = string(text)
	return p, nil
}

// message makes the mail. The same alert has the same headers and parts
// whenever it is sent, so that a repeat can be told by its looks too.
func (e *Email) message(m Message, items int) (*mail.Msg, error) {
	parts, err := e.renderer.render(m, items)
	if err != nil {
		return nil, err
	}
	id := e.messageID(m)
	sum := sha256.Sum256([]byte(id))
	msg := mail.NewMsg(mail.WithNoDefaultUserAgent(), mail.WithBoundary("watcher-"+hex.EncodeToString(sum[:12])))
	if err := msg.From(e.options.From); err != nil {
		return nil, fmt.Errorf("sender: %w", err)
	}
	if err := msg.To(e.options.To...); err != nil {
		return nil, fmt.Errorf("recipients: %w", err)
	}
	msg.Subject(parts.subject)
	msg.SetMessageIDWithValue(id)
	thread := e.threadID(m)
	msg.SetGenHeaderPreformatted(mail.HeaderInReplyTo, thread)
	msg.SetGenHeaderPreformatted(mail.HeaderReferences, thread)
	msg.SetGenHeaderPreformatted("Auto-Submitted", "auto-generated") // RFC 3834: no holiday answers
	msg.SetGenHeaderPreformatted(mail.HeaderXAutoResponseSuppress, "All")
	msg.SetGenHeaderPreformatted("X-Watcher-Event", headerWord(string(m.Event.Type)))
	msg.SetGenHeaderPreformatted("X-Watcher-Policy", headerWord(string(m.Event.Policy.ID)))
	msg.SetDateWithValue(m.Event.At.UTC())
	if m.Event.At.IsZero() {
		msg.SetDateWithValue(m.SentAt.UTC())
	}
	msg.SetBodyString(mail.TypeTextPlain, parts.text)
	if parts.html != "" {
		msg.AddAlternativeString(mail.TypeTextHTML, parts.html)
	}
	return msg, nil
}

// headerWord keeps what may stand in a header without encoding.
func headerWord(s string) string {
	return strings.Map(func(r rune) rune {
		if r > ' ' && r < 0x7f {
			return r
		}
		return -1
	}, cutHead(s, maxShortText))
}

// Preview returns the mail as it would be sent.
func (e *Email) Preview(_ context.Context, m Message) (string, error) {
	msg, err := e.message(m, mailMaxItems)
	if err != nil {
		return "", err
	}
	var b bytes.Buffer
	if _, err := msg.WriteTo(&b); err != nil {
		return "", fmt.Errorf("writing the mail: %w", err)
	}
	return strings.ReplaceAll(b.String(), "\r\n", "\n"), nil
}

// HTML returns the HTML part of the mail alone.
func (e *Email) HTML(m Message) (string, error) {
	parts, err := e.renderer.render(m, mailMaxItems)
	if err == nil && parts.html == "" {
		err = errors.New("the mail has no HTML part")
	}
	return parts.html, err
}
