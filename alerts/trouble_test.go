package alerts

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"watcher/policy"
)

// TestEverySlackWord: the documented errors of incoming webhooks, each with the
// status that it comes with, and with 200, as imitations send them.
func TestEverySlackWord(t *testing.T) {
	for _, tc := range []struct {
		status int
		word   string
		kind   ErrorKind
		reason string
	}{
		{500, "rollup_error", Retry, "server_error"},
		{429, "rate_limited", Retry, "rate_limited"},
		{429, "ratelimited", Retry, "rate_limited"},
		{400, "invalid_payload", PayloadDead, "payload"},
		{400, "invalid_blocks", PayloadDead, "payload"},
		{400, "invalid_blocks_format", PayloadDead, "payload"},
		{400, "invalid_attachments", PayloadDead, "payload"},
		{400, "no_text", PayloadDead, "payload"},
		{400, "msg_too_long", PayloadDead, "payload"},
		{400, "msg_blocks_too_long", PayloadDead, "payload"},
		{400, "too_many_attachments", PayloadDead, "payload"},
		{400, "user_not_found", ReceiverDead, "auth"},
		{403, "action_prohibited", ReceiverDead, "auth"},
		{403, "invalid_token", ReceiverDead, "auth"},
		{403, "posting_to_general_channel_denied", ReceiverDead, "auth"},
		{404, "no_service", ReceiverDead, "gone"},
		{404, "no_service_id", ReceiverDead, "gone"},
		{404, "no_active_hooks", ReceiverDead, "gone"},
		{404, "no_team", ReceiverDead, "gone"},
		{403, "team_disabled", ReceiverDead, "gone"},
		{404, "channel_not_found", ReceiverDead, "gone"},
		{410, "channel_is_archived", ReceiverDead, "gone"},
	} {
		for _, status := range []int{tc.status, http.StatusOK} {
			for _, body := range []string{tc.word, tc.word + "\n"} {
				s := NewSlack(SlackOptions{URL: "http://slack.example/x", Client: &http.Client{Transport: answers{status: status, body: body}}})
				err := sendError(t, s.Send(t.Context(), TestMessage(testTime)))
				if err == nil || err.Kind != tc.kind || err.Reason != tc.reason {
					t.Errorf("%d %q: %v, want %s for %s", status, body, err, tc.kind, tc.reason)
				}
			}
		}
	}
}

// TestBrokenAnswers: what is no answer is tried again, and costs no more than
// the time that an attempt has.
func TestBrokenAnswers(t *testing.T) {
	for _, tc := range []struct {
		name, reason string
		serve        func(net.Conn)
	}{
		{"reset at once", "network", reset},
		{"reset after the request", "network", func(c net.Conn) { readSome(c); reset(c) }},
		{"reset within the header", "network", func(c net.Conn) { readSome(c); say(c, "HTTP/1.1 200 OK\r\nConte"); reset(c) }},
		{"no HTTP", "network", func(c net.Conn) { readSome(c); say(c, "220 mail.example ESMTP\r\n") }},
		{"slow header", "timeout", func(c net.Conn) { readSome(c); say(c, "HTTP/1.1 200 OK\r\nX: "); drip(c) }},
		{"slow body", "timeout", func(c net.Conn) {
			readSome(c)
			say(c, "HTTP/1.1 200 OK\r\nContent-Length: 3000\r\n\r\n")
			drip(c)
		}},
		{"body without end", "", func(c net.Conn) {
			readSome(c)
			say(c, "HTTP/1.1 500 Oh\r\nContent-Length: 100000000\r\n\r\n")
			drip(c)
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			url := "http://" + listen(t, tc.serve) + "/T0/canary"
			for name, s := range httpSenders(t, url, &http.Client{Timeout: 250 * time.Millisecond, Transport: &http.Transport{DisableKeepAlives: true}}) {
				start := time.Now()
				err := sendError(t, s.Send(t.Context(), TestMessage(testTime)))
				if err == nil || err.Kind != Retry || tc.reason != "" && err.Reason != tc.reason {
					t.Errorf("%s: %v, want a retry for %s", name, err, tc.reason)
				}
				if took := time.Since(start); took > 10*time.Second {
					t.Errorf("%s: took %v", name, took)
				}
			}
		})
	}
}

func readSome(c net.Conn) { _, _ = c.Read(make([]byte, 64<<10)) }

func say(c net.Conn, text string) { _, _ = io.WriteString(c, text) }

// reset ends a connection by RST instead of FIN.
func reset(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = c.Close()
}

// TestCancelledAttempt: the end of the caller's context ends the attempt.
func TestCancelledAttempt(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	}))
	defer server.Close()
	for name, s := range httpSenders(t, server.URL, server.Client()) {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		err := sendError(t, s.Send(ctx, TestMessage(testTime)))
		cancel()
		if err == nil || err.Kind != Retry || err.Reason != "timeout" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestRefusedForm: a receiver that refuses the pretty form gets the minimal one
// in the same attempt, under the same id, and nothing is lost.
func TestRefusedForm(t *testing.T) {
	for _, status := range []int{http.StatusBadRequest, http.StatusRequestEntityTooLarge} {
		var bodies []string
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
			}
			bodies = append(bodies, string(body))
			if strings.Contains(string(body), "account records for") { // words of an edit
				http.Error(w, "invalid_blocks", status)
				return
			}
			_, _ = io.WriteString(w, "ok")
		}))
		for name, sender := range httpSenders(t, server.URL, server.Client()) {
			bodies = nil
			s := newMemStore()
			event := changedMessage().Event
			change := *changedMessage().Change
			s.changes[event.To.Version] = change
			alert := policy.NewAlert(event, "team", time.Now())
			s.rows = append(s.rows, alert)
			got, err := newTestDispatcher(s, map[string]Sender{"team": sender}).Drain(t.Context())
			if err != nil || got.Delivered != 1 || len(bodies) != 2 || s.get(t, alert.ID).State != policy.AlertDelivered {
				t.Errorf("%s %d: %+v after %d requests, %v", name, status, got, len(bodies), err)
				continue
			}
			if !strings.Contains(bodies[1], "Example Vendor") || len(bodies[1]) >= len(bodies[0]) {
				t.Errorf("%s %d: the minimal form is %s", name, status, bodies[1])
			}
		}
		server.Close()
	}
}

// TestMailThroughTheOutbox: what a mail server says reaches the outbox.
func TestMailThroughTheOutbox(t *testing.T) {
	server := newMailServer(t, NoTLS)
	for _, tc := range []struct {
		stage string
		code  int
		want  policy.AlertState
	}{{"", 0, policy.AlertDelivered}, {"rcpt", 550, policy.AlertParked}, {"data", 554, policy.AlertDead}} {
		server.set(tc.stage, tc.code)
		s := newMemStore()
		ids := s.add("team", 1, time.Now())
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		_, err := newTestDispatcher(s, map[string]Sender{"team": emailTo(t, server, NoTLS)}).Drain(ctx)
		cancel()
		if got := s.get(t, ids[0]).State; err != nil || got != tc.want {
			t.Errorf("%s %d: %s, %v, want %s", tc.stage, tc.code, got, err, tc.want)
		}
	}
	if n := len(server.mails()); n != 1 {
		t.Errorf("%d mails arrived", n)
	}
}
