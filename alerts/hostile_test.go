package alerts

import (
	"encoding/json"
	"math/rand/v2"
	"mime"
	"strconv"
	"strings"
	"testing"

	"watcher/policy"
)

// hostileParts are what a policy may say to do harm.
func hostileParts() []string {
	return []string{
		"<!channel>", "<!here>", "<!everyone|x>", "<@U012AB3CD>", "<#C024BE7LR>", "<!subteam^S1>", "<https://evil.example|click>", "<at>Everyone</at>",
		"@everyone", "[click](https://evil.example)", "![x](https://evil.example/p.png)", "`code`", "*bold*", "~gone~", "_it_", "> quote",
		"<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "</p></div><a href=javascript:alert(1)>x</a>", "\"><svg onload=alert(1)>",
		"<style>body{display:none}</style>", "&lt;b&gt; &amp; &#60;script&#62;", "<!--", "]]>", "{{.Title}}", "{{range .Items}}", "{{template \"x\"}}", "${HOME}", "%s%n", "$(reboot)",
		"\r\nBcc: evil@example.org\r\n\r\n", "\nX-Evil: 1", "\r\n.\r\nMAIL FROM:<evil@example.org>\r\n", "=?utf-8?q?=0d=0aBcc:_x?=",
		"\u202egnihtemos\u202c", "\u2066x\u2069", "\u200f", "\ufeff", "\U000e0041\U000e0042", "\x00", "\x1b[2J\x1b]0;owned\x07", "\u2028", "\u0085",
		"\xff\xfe", "\xc3\x28", "\U0001f984", "e\u0301\u0301\u0301", "Straße", "プライバシー", "سياسة", " ", "\t", "plain words of a policy", "24 months", "'\"\\",
	}
}

// hostileText makes text number n: the same in every run.
func hostileText(n int) string {
	r := rand.New(rand.NewPCG(uint64(n), 7)) //nolint:gosec // texts, not secrets
	parts := hostileParts()
	if n < len(parts) {
		return parts[n]
	}
	var b strings.Builder
	for range 1 + r.IntN(12) {
		b.WriteString(parts[r.IntN(len(parts))])
		if r.IntN(2) == 0 {
			b.WriteByte(' ')
		}
	}
	if n%100 == 0 { // a word of 100 KB
		b.WriteString(strings.Repeat(parts[r.IntN(len(parts))], 100<<10/4))
	}
	return b.String()
}

// hostileMessage puts hostile text wherever a vendor's words can come to stand.
func hostileMessage(n int) Message {
	text := func(k int) string { return hostileText(n*7 + k) }
	if n < len(hostileParts()) {
		text = func(int) string { return hostileText(n) }
	}
	m := TestMessage(testTime)
	types := policy.EventTypes()
	m.Test, m.Event.Type = n%9 == 0, policy.EventPolicyChanged
	if n%4 == 3 {
		m.Event.Type = types[n/4%len(types)]
	}
	m.Event.Policy.Vendor, m.Event.Policy.URL = text(0), "https://vendor.example/"+text(1)
	if n%3 == 0 {
		m.Event.Policy.URL = "javascript:" + text(1)
	}
	m.Event.Summary, m.Event.Rule, m.Event.Detail, m.Event.NewURL = text(2), text(3), text(4), text(5)
	m.Change.Machine = &policy.MachineSummary{Text: text(6), Model: text(0)}
	m.Change.Edits = nil
	ops := []policy.EditOp{policy.Added, policy.Removed, policy.Reworded, policy.Moved, policy.Renumbered}
	edits := 1 + n%6
	if n%50 == 0 {
		edits = 60
	}
	for i := range edits {
		m.Change.Edits = append(m.Change.Edits, policy.Edit{
			Op: ops[i%len(ops)], Section: text(i), FromSection: text(i + 1), Old: text(i + 2), New: text(i + 3),
			Reasons: []string{text(i + 4)}, Significance: policy.Significances()[i%4],
		})
	}
	m.Change.Links = []policy.LinkEdit{{Section: text(1), Text: text(2), Old: text(3), New: text(4)}}
	m.Links = linksFor("https://watch.example", m.Event)
	return m
}

const hostileTexts = 2000

// TestHostilePolicies: whatever a policy says, no receiver mentions anybody,
// sends active HTML, a header of the vendor's, broken JSON or more than it may.
func TestHostilePolicies(t *testing.T) {
	e := emailTo(t, &mailServer{addr: "127.0.0.1:25"}, NoTLS)
	a := managerAt(t, "http://am.example/")
	for n := range hostileTexts {
		m := hostileMessage(n)
		ok := t.Run(strconv.Itoa(n), func(t *testing.T) {
			checkSlack(t, slackMessage(m), slackTotalChars)
			checkSlack(t, slackMinimal(m), minimalChars)
			checkHostileCards(t, m)
			checkHostileMail(t, e, m)
			checkHostileAlerts(t, a, m)
			checkHostileWebhooks(t, m)
			if text := logBlock(m); clean(text) != text {
				t.Error("control characters in the log block")
			}
		})
		if !ok {
			return // one is enough to read
		}
	}
}

func checkHostileCards(t *testing.T, m Message) {
	t.Helper()
	for _, make := range []func(Message) ([]byte, error){teamsCard, teamsMinimal} {
		body, err := make(m)
		if err != nil {
			t.Fatal(err)
		}
		checkTeams(t, body)
	}
}

func checkHostileMail(t *testing.T, e *Email, m Message) {
	t.Helper()
	for _, items := range []int{mailMaxItems, 0} {
		msg, err := e.message(m, items)
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		if _, err := msg.WriteTo(&b); err != nil {
			t.Fatal(err)
		}
		p := parseMail(t, []byte(b.String()))
		for name := range p.header {
			switch name {
			case "From", "To", "Subject", "Date", "Message-Id", "In-Reply-To", "References", "Mime-Version", "Content-Type",
				"Content-Transfer-Encoding", "Auto-Submitted", "X-Auto-Response-Suppress", "X-Watcher-Event", "X-Watcher-Policy":
			default:
				t.Errorf("header %s: %s", name, p.header.Get(name))
			}
		}
		subject, err := new(mime.WordDecoder).DecodeHeader(p.header.Get("Subject"))
		if err != nil || subject == "" || textLen(subject) > mailSubject || strings.ContainsAny(subject, "\r\n") {
			t.Errorf("subject %q, %v", subject, err)
		}
		if clean(p.text) != p.text || strings.TrimSpace(p.text) == "" || items == 0 && textLen(p.text) > minimalChars {
			t.Errorf("text part of %d characters", textLen(p.text))
		}
		if len(p.html) > mailHTMLBytes || clean(p.html) != p.html {
			t.Errorf("HTML part of %d bytes", len(p.html))
		}
		checkInert(t, p.html)
	}
}

func checkHostileAlerts(t *testing.T, a *Alertmanager, m Message) {
	t.Helper()
	for _, p := range a.alerts(m, true) {
		for name, text := range p.Annotations {
			if strings.ContainsAny(text, "<>") || clean(text) != text || textLen(text) > maxDescription {
				t.Errorf("annotation %s: %.200q", name, text)
			}
		}
		for name, text := range p.Labels {
			if text == "" || strings.ContainsAny(text, "<>\n") || textLen(text) > maxShortText {
				t.Errorf("label %s: %.200q", name, text)
			}
		}
		if p.Annotations["summary"] == "" || p.Annotations["description"] == "" {
			t.Errorf("annotations %v", p.Annotations)
		}
		if p.GeneratorURL != "" && !isHTTP(p.GeneratorURL) {
			t.Errorf("link %q", p.GeneratorURL)
		}
	}
}

func checkHostileWebhooks(t *testing.T, m Message) {
	t.Helper()
	for _, make := range []func(Message, int) ([]byte, error){webhookBody, cloudEventBody} {
		for _, limit := range []int{maxWebhookBody, 0} {
			body, err := make(m, limit)
			if err != nil {
				t.Fatal(err)
			}
			if !json.Valid(body) || len(body) > maxWebhookBody+1024 {
				t.Errorf("webhook of %d bytes", len(body))
			}
			for _, mention := range []string{"<!", "<@", "<#"} {
				if strings.Contains(string(body), mention) {
					t.Errorf("webhook holds %q", mention)
				}
			}
		}
	}
}

// TestNoEmptyDiff: a receiver of a change always shows an edit, whatever the
// edit is made of, and with 2 MB of it.
func TestNoEmptyDiff(t *testing.T) {
	e := emailTo(t, &mailServer{addr: "127.0.0.1:25"}, NoTLS)
	a := managerAt(t, "http://am.example/")
	for name, edit := range map[string]policy.Edit{
		"invisible": {Op: policy.Reworded, Old: "\u202e", New: "\u200f"},
		"blank":     {Op: policy.Added, New: " \n "},
		"nothing":   {Op: policy.Reworded},
		"huge":      {Op: policy.Reworded, Old: strings.Repeat("old ", 512<<10), New: strings.Repeat("new ", 512<<10)},
		"one word":  {Op: policy.Added, New: strings.Repeat("x", 2<<20)},
		"markup":    {Op: policy.Added, New: strings.Repeat("<!channel>", 200<<10)},
		"usual":     {Op: policy.Removed, Old: "We sell nothing."},
	} {
		m := changedMessage()
		m.Change.Links, m.Change.Edits = nil, []policy.Edit{edit}
		v := newView(m, 5)
		if len(v.Items) != 1 || len(v.Items[0].Spans) == 0 {
			t.Fatalf("%s: %+v", name, v.Items)
		}
		want := firstWords(v.Items[0].Spans)
		if want == "" {
			t.Fatalf("%s: the redline is empty", name)
		}
		slackJSON, err := json.Marshal(slackMessage(m))
		if err != nil {
			t.Fatal(err)
		}
		checkSlack(t, slackMessage(m), slackTotalChars)
		card, err := teamsCard(m)
		if err != nil {
			t.Fatal(err)
		}
		checkTeams(t, card)
		mail, err := e.renderer.render(m, mailMaxItems)
		if err != nil {
			t.Fatal(err)
		}
		checkInert(t, mail.html)
		wantJSON, _ := json.Marshal(want)
		for receiver, text := range map[string]string{
			"slack": string(slackJSON), "teams": string(card), "mail": mail.text, "log": logBlock(m),
			"alertmanager": a.alerts(m, true)[0].Annotations["description"],
		} {
			if !strings.Contains(text, want) && !strings.Contains(text, strings.Trim(string(wantJSON), `"`)) && !strings.Contains(text, inert(want)) {
				t.Errorf("%s: %s shows no edit (want %q)", name, receiver, want)
			}
		}
		body, err := webhookBody(m, maxWebhookBody)
		if err != nil || !strings.Contains(string(body), `"op":"`+string(edit.Op)+`"`) || len(body) > maxWebhookBody {
			t.Errorf("%s: webhook of %d bytes, %v", name, len(body), err)
		}
	}
}

// firstWords is the begin of the first text that can be seen.
func firstWords(spans []policy.Span) string {
	for _, s := range spans {
		if text := strings.TrimSpace(s.Text); text != "" {
			return text[:min(len(text), 4)]
		}
	}
	return ""
}
