package web

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"watcher/policy"
)

// notices are what a page says after a form on it was sent, by the word that the
// redirect carries.
func notice(word string) string {
	switch word {
	case "accepted":
		return "Accepted. The text is the policy's now, and what changed is told."
	case "dismissed":
		return "Dismissed. The same text is no news for a week."
	case "redelivered":
		return "The alert is waiting again and goes out within moments."
	case "silenced":
		return "Muted. Alerts that match are kept, and not sent."
	case "expired":
		return "The silence is over."
	case "closed":
		return "The breaker is closed: alerts about changes go out again."
	case "resumed":
		return "The receiver's parked alerts are waiting again."
	case "tested":
		return "The test message was taken by every integration of the receiver."
	case "checked":
		return "Checked. What came of it is the first line under Last checks."
	}
	return ""
}

// done leads back to a page that says what was done.
func (s *server) done(w http.ResponseWriter, r *http.Request, path, word string) {
	http.Redirect(w, r, path+"?done="+url.QueryEscape(word), http.StatusSeeOther)
}

// formRuling accepts or dismisses a held capture.
func (s *server) formRuling(w http.ResponseWriter, r *http.Request) {
	id, err := pathID(r)
	if err == nil && s.opt.Actions == nil {
		err = errNotWired()
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	ruling, err := rulingOf(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	if _, err := s.opt.Actions.Rule(r.Context(), id, ruling); err != nil {
		s.fail(w, r, err)
		return
	}
	word := "dismissed"
	if ruling.Accept {
		word = "accepted"
	}
	s.done(w, r, s.urls.inbox(), word)
}

func rulingOf(r *http.Request) (policy.Ruling, error) {
	ruling := policy.Ruling{Reason: strings.TrimSpace(r.PostFormValue("reason")), Author: author(r)}
	if ruling.Reason == "" {
		return ruling, badRequest("a ruling wants a reason: it goes on record")
	}
	switch r.PostFormValue("ruling") {
	case "accept":
		ruling.Accept = true
	case "dismiss":
	default:
		return ruling, badRequest("ruling: want accept or dismiss")
	}
	n, err := strconv.ParseUint(r.PostFormValue("capture"), 10, 64)
	if err != nil || n == 0 {
		return ruling, badRequest("capture: want the number of the capture that was looked at")
	}
	ruling.Capture = policy.CaptureID(n)
	return ruling, nil
}

func (s *server) formRedeliver(w http.ResponseWriter, r *http.Request) {
	if s.opt.Requeue == nil {
		s.fail(w, r, errNotWired())
		return
	}
	if err := s.opt.Requeue(r.Context(), r.PathValue("id")); err != nil {
		s.fail(w, r, err)
		return
	}
	s.done(w, r, s.urls.alerts(), "redelivered")
}

func (s *server) formTest(w http.ResponseWriter, r *http.Request) {
	if s.opt.Actions == nil {
		s.fail(w, r, errNotWired())
		return
	}
	if err := s.opt.Actions.TestReceiver(r.Context(), r.PathValue("name")); err != nil {
		if p := problemOf(err); p.Status == http.StatusInternalServerError {
			err = &statusError{http.StatusBadGateway, "the test message was not taken: " + err.Error()}
		}
		s.fail(w, r, err)
		return
	}
	s.done(w, r, s.urls.alerts(), "tested")
}

// formCheck checks one policy now.
func (s *server) formCheck(w http.ResponseWriter, r *http.Request) {
	id, err := pathID(r)
	if err == nil && s.opt.Actions == nil {
		err = errNotWired()
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	ignore := func(policy.Check) error { return nil }
	if err := s.opt.Actions.Check(r.Context(), CheckRequest{Policies: []policy.ID{id}}, ignore); err != nil {
		s.fail(w, r, fmt.Errorf("check %s: %w", id, err))
		return
	}
	s.done(w, r, s.urls.policy(id), "checked")
}
