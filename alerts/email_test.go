package alerts

import (
	"context"
	"io"
	"mime"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"watcher/policy"
)

// TestEmailDelivery: a real server gets the mail over each kind of connection,
// with a login where there is TLS, and a repeat is the same mail.
func TestEmailDelivery(t *testing.T) {
	for _, way := range []EmailTLS{StartTLS, ImplicitTLS, NoTLS} {
		t.Run(string(way), func(t *testing.T) {
			s := newMailServer(t, way)
			e := emailTo(t, s, way)
			m := changedMessage()
			for range 2 {
				if err := e.Send(t.Context(), m); err != nil {
					t.Fatal(err)
				}
			}
			mails := s.mails()
			if len(mails) != 2 {
				t.Fatalf("%d mails", len(mails))
			}
			one, two := parseMail(t, mails[0].raw), parseMail(t, mails[1].raw)
			if diff := cmp.Diff(one.header, two.header); diff != "" || one.text != two.text || one.html != two.html {
				t.Errorf("a repeat is another mail: %s", diff)
			}
			got := mails[0]
			if got.from != "watcher@watch.example" || !slices.Equal(got.to, []string{"legal@acme.example", "privacy@acme.example"}) {
				t.Errorf("from %s to %v", got.from, got.to)
			}
			if (got.user == "watcher") != (way != NoTLS) {
				t.Errorf("logged in as %q", got.user)
			}
			p := parseMail(t, got.raw)
			for _, want := range []string{"XX/05/2025", "12/05/2025", "How long we keep records"} {
				if !strings.Contains(p.text, want) || !strings.Contains(p.html, want) {
					t.Errorf("a part does not say %q", want)
				}
			}
			if !strings.Contains(p.html, "line-through") || !strings.Contains(p.html, "underline") || !strings.Contains(p.text, "[-24-]{+36+}") {
				t.Errorf("no redline:\n%s\n%s", p.text, p.html)
			}
		})
	}
}

// TestEmailThreads: mails about a policy have one ancestor and ids of their own.
func TestEmailThreads(t *testing.T) {
	e := emailTo(t, &mailServer{addr: "127.0.0.1:25"}, NoTLS)
	header := func(m Message) (id, parent string) {
		raw, err := e.Preview(t.Context(), m)
		if err != nil {
			t.Fatal(err)
		}
		h := parseMail(t, []byte(raw)).header
		if h.Get("References") != h.Get("In-Reply-To") {
			t.Errorf("References %q, In-Reply-To %q", h.Get("References"), h.Get("In-Reply-To"))
		}
		return h.Get("Message-Id"), h.Get("In-Reply-To")
	}
	first, second, other, trial := changedMessage(), changedMessage(), changedMessage(), changedMessage()
	second.AlertID, other.AlertID, other.Event.Policy.ID, trial.Test = "alt_2", "alt_3", "acme/terms", true
	later := first
	later.SentAt = later.SentAt.Add(time.Hour)
	id1, thread1 := header(first)
	id2, thread2 := header(second)
	id3, thread3 := header(other)
	_, thread4 := header(trial)
	idLater, _ := header(later)
	if id1 != "<"+first.AlertID+"@watch.example>" || idLater != id1 || id2 == id1 || id3 == id1 {
		t.Errorf("ids %s %s %s, later %s", id1, id2, id3, idLater)
	}
	if thread1 != thread2 || thread1 == thread3 || thread4 == thread1 || !strings.HasPrefix(thread1, "<policy.") {
		t.Errorf("threads %s %s %s %s", thread1, thread2, thread3, thread4)
	}
}

// wantSMTP is the classification of every reply, written down a second time.
func wantSMTP(stage string, code int) (ErrorKind, string) {
	switch {
	case code < 500:
		return Retry, "server_error"
	case code == 530 || code == 534 || code == 535 || code == 538:
		return ReceiverDead, "auth"
	}
	switch stage {
	case "data":
		return PayloadDead, "payload"
	case "mail":
		if code == 552 {
			return PayloadDead, "payload"
		}
		return ReceiverDead, "auth"
	case "rcpt":
		return ReceiverDead, "gone"
	}
	return ReceiverDead, "client_error" // auth
}

// TestEveryReply: what each reply means at each point of the conversation, and
// that no error shows the password.
func TestEveryReply(t *testing.T) {
	servers := map[bool]*mailServer{false: newMailServer(t, NoTLS), true: newMailServer(t, ImplicitTLS)}
	for _, stage := range []string{"mail", "rcpt", "data", "auth"} {
		login := stage == "auth"
		s, way := servers[login], NoTLS
		if login {
			way = ImplicitTLS
		}
		e := emailTo(t, s, way)
		for code := 400; code <= 599; code++ {
			s.set(stage, code)
			err := sendError(t, e.Send(t.Context(), TestMessage(testTime)))
			kind, reason := wantSMTP(stage, code)
			if err == nil || err.Kind != kind || err.Reason != reason {
				t.Errorf("%s %d: %v (want %s, %s)", stage, code, err, kind, reason)
			} else if login && strings.Contains(err.Error(), "canary") {
				t.Errorf("%s %d: shows the password: %v", stage, code, err)
			}
		}
		s.set(stage, 0)
		if err := e.Send(t.Context(), TestMessage(testTime)); err != nil {
			t.Errorf("%s: %v", stage, err)
		}
	}
}

// TestEmailTrouble: what is no SMTP at all.
func TestEmailTrouble(t *testing.T) {
	for _, tc := range []struct {
		name   string
		way    EmailTLS
		serve  func(net.Conn)
		kind   ErrorKind
		reason string
	}{
		{"silent", NoTLS, func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }, Retry, "timeout"},
		{"closes at once", NoTLS, func(net.Conn) {}, Retry, "network"},
		{"not TLS", ImplicitTLS, func(c net.Conn) { _, _ = c.Write([]byte("220 mail.test\r\n")) }, Retry, "network"},
		{"no STARTTLS", StartTLS, func(c net.Conn) { converse(c, "220 mail.test", "250 mail.test", "221 bye") }, ReceiverDead, "auth"},
		{"HTTP", NoTLS, func(c net.Conn) { _, _ = c.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n")) }, Retry, "network"},
		{"goes away", NoTLS, func(c net.Conn) { converse(c, "220 mail.test", "250 mail.test", "250 ok") }, Retry, "network"},
		{"full stop", NoTLS, func(c net.Conn) { converse(c, "421 too busy") }, Retry, "server_error"},
		{"drips", NoTLS, drip, Retry, "timeout"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			addr := listen(t, tc.serve)
			e := emailTo(t, &mailServer{addr: addr}, tc.way)
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			err := sendError(t, e.Send(ctx, TestMessage(testTime)))
			if err == nil || err.Kind != tc.kind || err.Reason != tc.reason {
				t.Errorf("%v, want %s for %s", err, tc.kind, tc.reason)
			}
		})
	}
	closed := listen(t, func(net.Conn) {})
	e := emailTo(t, &mailServer{addr: closed[:strings.LastIndex(closed, ":")] + ":1"}, NoTLS)
	if err := sendError(t, e.Send(t.Context(), TestMessage(testTime))); err == nil || err.Kind != Retry || err.Reason != "network" {
		t.Errorf("refused: %v", err)
	}
	untrusted := newMailServer(t, ImplicitTLS)
	untrusted.roots = nil
	if err := sendError(t, emailTo(t, untrusted, ImplicitTLS).Send(t.Context(), TestMessage(testTime))); err == nil || err.Kind != Retry {
		t.Errorf("certificate of nobody: %v", err)
	}
	wrong := emailTo(t, newMailServer(t, NoTLS), NoTLS)
	if err := wrong.SendMinimal(t.Context(), changedMessage()); err != nil {
		t.Errorf("minimal form: %v", err)
	}
}

// listen serves connections one by one until the end of the test.
func listen(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			serve(c)
			_ = c.Close()
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		<-done
	})
	return l.Addr().String()
}

// converse answers each line with the next of lines, and then no more.
func converse(c net.Conn, lines ...string) {
	buffer := make([]byte, 4096)
	for _, line := range lines {
		if _, err := c.Write([]byte(line + "\r\n")); err != nil {
			return
		}
		if _, err := c.Read(buffer); err != nil {
			return
		}
	}
}

// drip sends a greeting without end, a byte at a time.
func drip(c net.Conn) {
	for {
		if _, err := c.Write([]byte("2")); err != nil {
			return
		}
		timer := time.NewTimer(20 * time.Millisecond)
		<-timer.C
	}
}

// TestEmailOptions: what cannot work is refused, with a hint.
func TestEmailOptions(t *testing.T) {
	good := EmailOptions{Server: "mail.example:587", From: "a@b.example", To: []string{"c@d.example"}}
	if e, err := NewEmail(good); err != nil || e.tls != StartTLS {
		t.Errorf("%v, %v", e, err)
	}
	implicit := good
	implicit.Server = "mail.example:465"
	if e, err := NewEmail(implicit); err != nil || e.tls != ImplicitTLS {
		t.Errorf("port 465: %v", err)
	}
	for name, spoil := range map[string]func(*EmailOptions){
		"server": func(o *EmailOptions) { o.Server = "mail.example" }, "port": func(o *EmailOptions) { o.Server = "mail.example:0" },
		"from": func(o *EmailOptions) { o.From = "a" }, "nobody": func(o *EmailOptions) { o.To = nil },
		"to":       func(o *EmailOptions) { o.To = []string{"a@b\r\nBcc: x@y"} },
		"password": func(o *EmailOptions) { o.TLS, o.Username = NoTLS, "a" },
		"syntax":   func(o *EmailOptions) { o.Text = Template{"t", "{{.Title"} },
		"field":    func(o *EmailOptions) { o.HTML = Template{"t", "{{.Nothing}}"} },
		"empty":    func(o *EmailOptions) { o.Subject = Template{"t", "{{if false}}x{{end}}"} },
		"nil":      func(o *EmailOptions) { o.Text = Template{"t", "{{.From.Version}}"} }, // health events have none
		"long":     func(o *EmailOptions) { o.Text = Template{"t", "{{range 100000}}0123456789{{end}}"} },
	} {
		o := good
		spoil(&o)
		if _, err := NewEmail(o); err == nil || !strings.Contains(err.Error(), "(") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestEmailTemplates: a user's templates replace each part; what a policy says
// stays inert in them.
func TestEmailTemplates(t *testing.T) {
	e, err := NewEmail(EmailOptions{
		Server: "mail.example:587", From: "a@b.example", To: []string{"c@d.example"},
		Subject: Template{"s", "{{.Vendor}}\r\nBcc: evil@example.org\r\n\r\n{{.Summary}}"},
		HTML:    Template{"h", `<h1 title="{{.Title}}">{{.Summary}}</h1><a href="{{.PolicyURL}}">x</a>{{.Schema}}`},
		Text:    Template{"t", "{{.Schema}} {{len .Items}} {{range .Items}}{{.Op}} {{.Section}}; {{end}}{{json .Summary}}"},
	})
	if err != nil {
		t.Fatal(err)
	}
	m := changedMessage()
	m.Event.Summary = `<script>alert(1)</script> {{.Title}}`
	m.Event.Policy.URL = "javascript:alert(1)"
	raw, err := e.Preview(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	p := parseMail(t, []byte(raw))
	subject, err := new(mime.WordDecoder).DecodeHeader(p.header.Get("Subject"))
	if err != nil || p.header.Get("Bcc") != "" || !strings.HasPrefix(subject, "Example Vendor Bcc: evil") {
		t.Errorf("subject %q, Bcc %q, %v", subject, p.header.Get("Bcc"), err)
	}
	if !strings.Contains(p.text, ViewSchema+" 3 reworded") || !strings.Contains(p.html, ViewSchema) {
		t.Errorf("text %s\nHTML %s", p.text, p.html)
	}
	checkInert(t, p.html)
}

// checkInert finds active HTML.
func checkInert(t *testing.T, page string) {
	t.Helper()
	z := html.NewTokenizer(strings.NewReader(page))
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			return
		}
		token := z.Token()
		if kind != html.StartTagToken && kind != html.SelfClosingTagToken {
			continue
		}
		switch token.Data {
		case "html", "head", "meta", "title", "body", "div", "table", "tr", "td", "h1", "p", "ins", "del", "a":
		default:
			t.Errorf("element <%s> comes from a policy", token.Data)
		}
		for _, a := range token.Attr {
			if strings.HasPrefix(a.Key, "on") || a.Key == "src" || a.Key == "href" && !isHTTP(a.Val) && a.Val != "#ZgotmplZ" {
				t.Errorf("<%s %s=%q>", token.Data, a.Key, a.Val)
			}
		}
	}
}

// changedMessage is the sample as if it were real.
func changedMessage() Message {
	m := TestMessage(testTime)
	m.Test, m.Event.Type = false, policy.EventPolicyChanged
	m.Event.DateFacts = []policy.DateFact{policy.PlaceholderResolved, policy.EffectiveInFuture}
	m.Links = linksFor("https://watch.example", m.Event)
	m.Change.Links = []policy.LinkEdit{{Section: "Contact", Text: "our partners", Old: "https://vendor.example/a", New: "https://vendor.example/b"}}
	return m
}
