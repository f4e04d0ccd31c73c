package alerts

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"math/big"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	netmail "net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// mailServer is a real SMTP server in the process.
type mailServer struct {
	addr  string
	roots *x509.CertPool

	mu       sync.Mutex
	received []receivedMail
	// answers of the stages "mail", "rcpt", "data" and "auth"; nil: accepted.
	answers map[string]*smtp.SMTPError
}

type receivedMail struct {
	from, user string
	to         []string
	raw        []byte
}

const mailPassword = "canary-password"

func newMailServer(t *testing.T, way EmailTLS) *mailServer {
	t.Helper()
	s := &mailServer{answers: map[string]*smtp.SMTPError{}}
	cert, roots := selfSigned(t)
	s.roots = roots
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &mailSession{server: s, auth: way != NoTLS}, nil }))
	server.ErrorLog = quietSMTP{}
	server.Domain = "mail.test"
	server.AllowInsecureAuth = false
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	config := &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	switch way {
	case StartTLS:
		server.TLSConfig = config
	case ImplicitTLS:
		listener = tls.NewListener(listener, config)
	case NoTLS:
	}
	s.addr = listener.Addr().String()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(listener) // it ends with Close
	}()
	t.Cleanup(func() {
		_ = server.Close()
		<-done
	})
	return s
}

type quietSMTP struct{}

func (quietSMTP) Printf(string, ...any) {}
func (quietSMTP) Println(...any)        {}

func (s *mailServer) answer(stage string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.answers[stage]; e != nil {
		return e
	}
	return nil
}

func (s *mailServer) set(stage string, code int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.answers)
	if code != 0 {
		s.answers[stage] = &smtp.SMTPError{Code: code, EnhancedCode: smtp.NoEnhancedCode, Message: "no " + mailPassword}
	}
}

func (s *mailServer) mails() []receivedMail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]receivedMail(nil), s.received...)
}

type mailSession struct {
	server *mailServer
	auth   bool
	mail   receivedMail
}

func (m *mailSession) AuthMechanisms() []string {
	if m.auth {
		return []string{sasl.Plain}
	}
	return nil
}

func (m *mailSession) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if err := m.server.answer("auth"); err != nil {
			return err
		}
		if user != "watcher" || password != mailPassword {
			return smtp.ErrAuthFailed
		}
		m.mail.user = user
		return nil
	}), nil
}

func (m *mailSession) Mail(from string, _ *smtp.MailOptions) error {
	m.mail.from = from
	return m.server.answer("mail")
}

func (m *mailSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	m.mail.to = append(m.mail.to, to)
	return m.server.answer("rcpt")
}

func (m *mailSession) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if err := m.server.answer("data"); err != nil {
		return err
	}
	m.mail.raw = raw
	m.server.mu.Lock()
	defer m.server.mu.Unlock()
	m.server.received = append(m.server.received, m.mail)
	return nil
}

func (m *mailSession) Reset()        { m.mail = receivedMail{user: m.mail.user} }
func (m *mailSession) Logout() error { return nil }

func selfSigned(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mail.test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots
}

func emailTo(t *testing.T, s *mailServer, way EmailTLS) *Email {
	t.Helper()
	o := EmailOptions{Server: s.addr, TLS: way, Roots: s.roots, From: "Watcher <watcher@watch.example>", To: []string{"legal@acme.example", "Privacy Team <privacy@acme.example>"}}
	if way != NoTLS {
		o.Username, o.Password = "watcher", mailPassword
	}
	e, err := NewEmail(o)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// parsedMail is a mail as a mail program takes it apart.
type parsedMail struct {
	header     netmail.Header
	text, html string
}

func parseMail(t *testing.T, raw []byte) parsedMail {
	t.Helper()
	for line := range bytes.SplitSeq(raw, []byte("\n")) {
		if len(line) > 998 {
			t.Fatalf("line of %d bytes (RFC 5322 allows 998)", len(line))
		}
	}
	msg, err := netmail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	p := parsedMail{header: msg.Header}
	kind, params, err := mime.ParseMediaType(msg.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	if kind == "text/plain" {
		p.text = decodePart(t, msg.Header.Get("Content-Transfer-Encoding"), msg.Body)
		return p
	}
	if kind != "multipart/alternative" {
		t.Fatalf("the mail is %s", kind)
	}
	parts := multipart.NewReader(msg.Body, params["boundary"])
	for {
		part, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			return p
		}
		if err != nil {
			t.Fatal(err)
		}
		body := decodePart(t, part.Header.Get("Content-Transfer-Encoding"), part)
		if strings.HasPrefix(part.Header.Get("Content-Type"), "text/html") {
			p.html = body
		} else {
			p.text = body
		}
	}
}

func decodePart(t *testing.T, encoding string, r io.Reader) string {
	t.Helper()
	if encoding != "quoted-printable" {
		t.Fatalf("transfer encoding %q", encoding)
	}
	b, err := io.ReadAll(quotedprintable.NewReader(r))
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(b), "\r\n", "\n")
}
