package alerts

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
)

const shoutCanary = "Acanary.gotify_"

// shoutURLs are one URL of each service; host is that of those that have one.
func shoutURLs(host string) map[string]string {
	return map[string]string{
		"discord":  "discord://canarytokencanarytokencanarytokencanarytokencanarytokencanarytok@123456789012345678",
		"gotify":   "gotify://" + host + "/" + shoutCanary + "?disabletls=yes",
		"matrix":   "matrix://:canarymatrix@" + host + "/?rooms=!canaryroom:example.org&disableTLS=yes",
		"ntfy":     "ntfy://user:canary-ntfy@" + host + "/canarytopic?scheme=http",
		"pushover": "pushover://shoutrrr:canarycanarycanarycanarycanary@canaryusercanaryusercanaryuser",
		"telegram": "telegram://123456789:canarycanarycanarycanarycanarycanar@telegram?chats=42",
	}
}

func shoutAt(t *testing.T, raw string, client *http.Client) *Shoutrrr {
	t.Helper()
	s, err := NewShoutrrr(ShoutrrrOptions{URL: raw, Client: client})
	if err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	return s
}

// recorder answers as every service does, and keeps the last request.
type recorder struct {
	url, body string
	header    http.Header
}

func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	r.url, r.body, r.header = req.URL.String(), string(body), req.Header
	return &http.Response{
		StatusCode: http.StatusOK, Status: "200 OK", Header: http.Header{},
		Body: io.NopCloser(strings.NewReader(`{"ok":true,"result":{},"event_id":"x","room_id":"x","id":1}`)), Request: req,
	}, nil
}

func TestShoutrrrServices(t *testing.T) {
	want := map[string]string{
		"discord": "https://discord.com/api/webhooks/123456789012345678/", "gotify": "http://push.example/message",
		"matrix": "http://push.example/_matrix/client/", "ntfy": "http://push.example/canarytopic",
		"pushover": "https://api.pushover.net/1/messages.json", "telegram": "https://api.telegram.org/bot123456789:",
	}
	for name, raw := range shoutURLs("push.example") {
		r := &recorder{}
		if err := shoutAt(t, raw, &http.Client{Transport: r}).Send(t.Context(), changedMessage()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if !strings.HasPrefix(r.url, want[name]) || !strings.Contains(r.body, "Vendor") {
			t.Errorf("%s: %s got %.300s", name, r.url, r.body)
		}
	}
}

func TestShoutrrrLoopback(t *testing.T) {
	var bodies []string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		bodies = append(bodies, string(body))
		_, _ = io.WriteString(w, `{"id":"1"}`)
	}))
	defer srv.Close()
	s := shoutAt(t, shoutURLs(srv.Listener.Addr().String())["ntfy"], nil)
	if err := s.Send(t.Context(), changedMessage()); err != nil {
		t.Fatal(err)
	}
	if err := s.SendMinimal(t.Context(), changedMessage()); err != nil {
		t.Fatal(err)
	}
	preview, err := s.Preview(t.Context(), changedMessage())
	if err != nil || len(bodies) != 2 || strings.TrimSpace(preview) == "" {
		t.Fatalf("%d bodies, preview %q, %v", len(bodies), preview, err)
	}
	if !strings.Contains(bodies[0], strings.TrimSpace(preview)) && !strings.Contains(bodies[0], jsonText(preview)) {
		t.Errorf("sent %q, preview %q", bodies[0], preview)
	}
}

func jsonText(s string) string {
	b, _ := json.Marshal(strings.TrimSpace(s))
	return strings.Trim(string(b), `"`)
}

// TestShoutrrrAnswers: one request each, graded as with every receiver, and no
// word of the URL in the error though the server repeats it.
func TestShoutrrrAnswers(t *testing.T) {
	for name, raw := range shoutURLs("push.example") {
		for status := 300; status < 600; status++ {
			calls := 0
			client := &http.Client{Transport: roundTrip(func(req *http.Request) (*http.Response, error) {
				calls++
				return &http.Response{
					StatusCode: status, Header: http.Header{"Location": {req.URL.String()}, "Retry-After": {"7"}},
					Body: io.NopCloser(strings.NewReader(`{"error":"` + raw + `"}`)), Request: req,
				}, nil
			})}
			err := sendError(t, shoutAt(t, raw, client).Send(t.Context(), TestMessage(testTime)))
			kind, reason := classify(status)
			if err == nil || err.Kind != kind || err.Reason != reason || err.Status != status || calls != 1 {
				t.Fatalf("%s, %d: %+v after %d requests", name, status, err, calls)
			}
			if strings.Contains(strings.ToLower(err.Error()), "canary") {
				t.Fatalf("%s, %d: %v", name, status, err)
			}
		}
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestShoutrrrFailures(t *testing.T) {
	for name, raw := range shoutURLs("push.example") {
		synctest.Test(t, func(t *testing.T) {
			hangs := roundTrip(func(req *http.Request) (*http.Response, error) {
				<-req.Context().Done()
				return nil, req.Context().Err()
			})
			err := sendError(t, shoutAt(t, raw, &http.Client{Transport: hangs}).Send(t.Context(), TestMessage(testTime)))
			if err == nil || err.Kind != Retry || err.Reason != reasonTimeout {
				t.Errorf("%s hangs: %+v", name, err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			if err := shoutAt(t, raw, &http.Client{Transport: hangs}).Send(ctx, TestMessage(testTime)); !errors.Is(err, context.Canceled) {
				t.Errorf("%s cancelled: %v", name, err)
			}
		})
		broken := roundTrip(func(req *http.Request) (*http.Response, error) { return nil, errors.New("cannot reach " + raw) })
		err := sendError(t, shoutAt(t, raw, &http.Client{Transport: broken}).Send(t.Context(), TestMessage(testTime)))
		if err == nil || err.Kind != Retry || err.Reason != reasonNetwork || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s broken: %v", name, err)
		}
	}
}

func TestShoutrrrRefused(t *testing.T) {
	for _, raw := range []string{
		"smtp://u:canary@mail.example/?from=a@b.c&to=a@b.c", "logger://canary", "generic://canary.example", "mqtt://canary.example/t", "script://canary",
		"canary", "%zzcanary", "gotify://host/canary", "ntfy://canary.example", "telegram://canary@telegram?chats=1",
		shoutURLs("h")["discord"] + "?json=yes", shoutURLs("h")["telegram"] + "&Title=canary",
		"matrix://me:canary@host/", "ntfy://h/canary?disabletlsverification=yes",
	} {
		if _, err := NewShoutrrr(ShoutrrrOptions{URL: raw}); err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v", raw, err)
		}
	}
}

// TestShoutrrrHostile: no mention, no markup and no more than fits.
func TestShoutrrrHostile(t *testing.T) {
	for name, raw := range shoutURLs("push.example") {
		r := &recorder{}
		s := shoutAt(t, raw, &http.Client{Transport: r})
		for n := 0; n < hostileTexts; n += 7 {
			text := s.text(hostileMessage(n))
			if len(text) > s.service.limit || text == "" || clean(text) != text || strings.ContainsAny(text, "<>") {
				t.Fatalf("%s, %d: %d bytes: %.200q", name, n, len(text), text)
			}
			for _, mention := range []string{"@everyone", "@here", "@room"} {
				if strings.Contains(text, mention) {
					t.Fatalf("%s, %d: holds %s", name, n, mention)
				}
			}
			if name == "discord" && strings.Contains(text, "](") {
				t.Fatalf("%d: a link in %q", n, text)
			}
		}
		if err := s.Send(t.Context(), hostileMessage(8)); err != nil {
			t.Fatal(err)
		}
		form, _ := url.ParseQuery(r.body)
		if strings.Contains(r.body, "parse_mode\":\"") || strings.Contains(r.header.Get("Content-Type"), "markdown") || form.Get("html") != "" {
			t.Errorf("%s asks for markup: %.200s", name, r.body)
		}
	}
}
