package alerts

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail"
)

// EmailTLS says how the connection to a mail server is protected.
type EmailTLS string

// The ways.
const (
	// StartTLS begins in the clear and insists on STARTTLS.
	StartTLS EmailTLS = "starttls"
	// ImplicitTLS speaks TLS from the first byte, as on port 465.
	ImplicitTLS EmailTLS = "implicit"
	// NoTLS is for a server on the same machine or network. No password is sent.
	NoTLS EmailTLS = "none"
)

// EmailOptions configures an Email receiver.
type EmailOptions struct {
	// Server is host:port of the server that takes the mail.
	Server string
	// TLS is empty for ImplicitTLS on port 465 and StartTLS on any other.
	TLS EmailTLS
	// Roots are trusted instead of those of the system, when set.
	Roots *x509.CertPool
	// Username and Password are used when the first is set.
	Username, Password string
	// From is the sender, To the recipients, as in "Watcher <watcher@example.org>".
	From string
	To   []string
	// Hello is the name given to the server; empty means the machine's.
	Hello string
	// Subject, HTML and Text replace the built-in forms.
	Subject, HTML, Text Template
}

// Email sends each message as one mail with a text and an HTML part.
//
// Its Message-ID is made from the alert's id, so that a repeat is the same
// mail, and all mails about a policy name the same ancestor, so that mail
// programs show them as one thread.
type Email struct {
	host     string
	port     int
	tls      EmailTLS
	config   *tls.Config
	options  EmailOptions
	domain   string
	renderer *mailRenderer
}

// emailTimeout bounds one mail with all of its conversation.
const emailTimeout = 25 * time.Second

// NewEmail returns a sender for o. It fails on addresses and templates that
// cannot be used.
func NewEmail(o EmailOptions) (*Email, error) {
	host, port, err := net.SplitHostPort(o.Server)
	number, bad := strconv.Atoi(port)
	if err != nil || bad != nil || host == "" || number < 1 || number > 65535 {
		return nil, fmt.Errorf("mail server %q is not host:port (for example mail.example.org:587)", o.Server)
	}
	from, err := netmail.ParseAddress(o.From)
	if err != nil {
		return nil, fmt.Errorf("sender %q is not a mail address: %w (for example watcher@example.org)", o.From, err)
	}
	if len(o.To) == 0 {
		return nil, errors.New("a mail needs a recipient (add one to to:)")
	}
	for _, to := range o.To {
		if _, err := netmail.ParseAddress(to); err != nil {
			return nil, fmt.Errorf("recipient %q is not a mail address: %w (for example privacy@example.org)", to, err)
		}
	}
	if o.TLS == "" && number == 465 {
		o.TLS = ImplicitTLS
	} else if o.TLS == "" {
		o.TLS = StartTLS
	}
	if o.TLS == NoTLS && o.Username != "" {
		return nil, errors.New("a password is not sent without TLS (set tls: starttls, or leave out username)")
	}
	e := &Email{host: host, port: number, tls: o.TLS, options: o, domain: headerWord(from.Address[strings.LastIndexByte(from.Address, '@')+1:])}
	e.config = &tls.Config{ServerName: host, RootCAs: o.Roots, MinVersion: tls.VersionTLS12}
	if e.renderer, err = newMailRenderer(o); err != nil {
		return nil, err
	}
	return e, nil
}

// Send implements Sender.
func (e *Email) Send(ctx context.Context, m Message) error {
	return e.send(ctx, m, mailMaxItems)
}

// SendMinimal sends plain text with a link.
func (e *Email) SendMinimal(ctx context.Context, m Message) error { return e.send(ctx, m, 0) }

func (e *Email) send(ctx context.Context, m Message, items int) error {
	msg, err := e.message(m, items)
	if err != nil {
		return &SendError{Kind: PayloadDead, Reason: reasonPayload, Err: err}
	}
	ctx, cancel := context.WithTimeout(ctx, emailTimeout)
	defer cancel()
	client, err := e.client(ctx)
	if err != nil {
		return &SendError{Kind: ReceiverDead, Reason: reasonOther, Err: err}
	}
	if err := client.DialWithContext(ctx); err != nil {
		return e.judge(ctx, err)
	}
	defer func() { _ = client.Close() }() // the mail is taken or not; QUIT changes nothing
	if err := client.Send(msg); err != nil && !msg.IsDelivered() {
		return e.judge(ctx, err)
	}
	return nil
}

// client returns one for one conversation, which ends with ctx whatever the
// server does.
func (e *Email) client(ctx context.Context) (*mail.Client, error) {
	policy := mail.TLSMandatory
	switch e.tls {
	case ImplicitTLS:
		policy = mail.TLSOpportunistic // the connection is protected already: there is no STARTTLS to insist on
	case NoTLS:
		policy = mail.NoTLS
	case StartTLS:
	}
	options := []mail.Option{
		mail.WithPort(e.port), mail.WithTimeout(emailTimeout), mail.WithTLSPolicy(policy), mail.WithTLSConfig(e.config.Clone()),
		mail.WithDialContextFunc(func(dialCtx context.Context, network, address string) (net.Conn, error) {
			return e.dial(dialCtx, ctx, network, address)
		}),
	}
	if e.options.Hello != "" {
		options = append(options, mail.WithHELO(e.options.Hello))
	}
	if e.options.Username != "" {
		options = append(options, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover),
			mail.WithUsername(e.options.Username), mail.WithPassword(e.options.Password))
	}
	return mail.NewClient(e.host, options...)
}

// dial connects within dialCtx; the connection lives no longer than ctx.
func (e *Email) dial(dialCtx, ctx context.Context, network, address string) (net.Conn, error) {
	raw, err := (&net.Dialer{}).DialContext(dialCtx, network, address)
	if err != nil {
		return nil, err
	}
	conn := &boundConn{Conn: raw}
	context.AfterFunc(ctx, func() { _ = raw.Close() })
	if e.tls != ImplicitTLS {
		return conn, nil
	}
	protected := tls.Client(conn, e.config.Clone())
	if err := protected.HandshakeContext(dialCtx); err != nil {
		_ = raw.Close()
		return nil, err
	}
	return protected, nil
}

// boundConn leaves its deadline to a context: the mail library prolongs
// deadlines with each command, so that a slow server could hold it for ever.
type boundConn struct{ net.Conn }

// SetDeadline does nothing.
func (*boundConn) SetDeadline(time.Time) error { return nil }

// threadID names the ancestor of all mails about one policy. It is a hash,
// because an id may hold what a header may not.
func (e *Email) threadID(m Message) string {
	about := string(m.Event.Policy.ID)
	if m.Test {
		about += " test" // trials do not belong among the news
	}
	sum := sha256.Sum256([]byte(about))
	return "<policy." + hex.EncodeToString(sum[:12]) + "@" + e.domain + ">"
}

// messageID is the alert's id in the form of a mail's.
func (e *Email) messageID(m Message) string {
	sum := sha256.Sum256([]byte(m.AlertID))
	local := m.AlertID
	if strings.Trim(local, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") != "" || local == "" || len(local) > 64 {
		local = "alt_" + hex.EncodeToString(sum[:16])
	}
	return local + "@" + e.domain
}
