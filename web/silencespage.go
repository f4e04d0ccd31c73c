package web

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"watcher/policy"
)

// silencesOnPage bounds the silences that the page of alerts lists.
const silencesOnPage = 50

// delivery is what mutes and holds alerts.
type delivery struct {
	// Wired says that the program can change any of it.
	Wired    bool
	Breaker  breakerView
	Silences []silenceRow
	AddURL   string
	Names    string
}

// breakerView is the mass-change breaker while it is open.
type breakerView struct {
	Open     bool
	Reason   string
	Opened   moment
	CloseURL string
}

// silenceRow is a silence that mutes now or will.
type silenceRow struct {
	Matchers        []string
	Author, Comment string
	Starts, Ends    moment
	Active          bool
	ExpireURL       string
}

func (s *server) delivery(ctx context.Context, c calendar) (delivery, error) {
	view := delivery{Wired: s.opt.Delivery != nil, AddURL: s.urls.silences(), Names: strings.Join(policy.MatcherNames(), ", ")}
	b, err := s.opt.Store.Breaker(ctx)
	if err != nil {
		return view, fmt.Errorf("read the breaker: %w", err)
	}
	view.Breaker = breakerView{b.Open, b.Reason, c.at(b.OpenedAt), s.urls.closeBreaker()}
	silences, err := s.opt.Store.Silences(ctx)
	if err != nil {
		return view, fmt.Errorf("read silences: %w", err)
	}
	for _, sil := range silences {
		if !c.now.Before(sil.EndsAt) || len(view.Silences) == silencesOnPage {
			continue
		}
		row := silenceRow{
			Author: sil.Author, Comment: sil.Comment, Starts: c.at(sil.StartsAt), Ends: c.at(sil.EndsAt),
			Active: sil.Active(c.now), ExpireURL: s.urls.expireSilence(sil.ID),
		}
		for _, m := range sil.Matchers {
			row.Matchers = append(row.Matchers, m.String())
		}
		view.Silences = append(view.Silences, row)
	}
	return view, nil
}

// author is who a form speaks for: the user that authentication gave, else the
// name that was typed in.
func author(r *http.Request) string {
	if user, _, ok := r.BasicAuth(); ok && user != "" {
		return user
	}
	return strings.TrimSpace(r.PostFormValue("author"))
}

// silenceTimes are how long a silence from the page may last.
func silenceTimes() []string { return []string{"1h", "8h", "24h", "168h", "720h"} }

// silenceOf reads the form of a silence.
func silenceOf(r *http.Request, now time.Time) (policy.Silence, error) {
	sil := policy.Silence{Author: author(r), Comment: strings.TrimSpace(r.PostFormValue("comment")), CreatedAt: now, StartsAt: now}
	for word := range strings.FieldsSeq(r.PostFormValue("matchers")) {
		m, err := policy.ParseMatcher(word)
		if err != nil {
			return sil, badRequest(err.Error())
		}
		sil.Matchers = append(sil.Matchers, m)
	}
	if !slices.Contains(silenceTimes(), r.PostFormValue("for")) {
		return sil, badRequest("for: want one of " + strings.Join(silenceTimes(), ", "))
	}
	d, err := time.ParseDuration(r.PostFormValue("for"))
	if err != nil {
		return sil, badRequest(err.Error())
	}
	sil.EndsAt = now.Add(d)
	if err := sil.Validate(); err != nil {
		return sil, badRequest(err.Error())
	}
	return sil, nil
}

// formDelivery serves a form that needs Options.Delivery and leads back to the
// alerts with the word that do returns.
func (s *server) formDelivery(do func(*http.Request) (string, error)) http.Handler {
	return s.guardedForm(func(w http.ResponseWriter, r *http.Request) {
		word, err := "", errNotWired()
		if s.opt.Delivery != nil {
			word, err = do(r)
		}
		if err != nil {
			s.fail(w, r, err)
			return
		}
		s.done(w, r, s.urls.alerts(), word)
	})
}

func (s *server) formSilence(r *http.Request) (string, error) {
	sil, err := silenceOf(r, s.opt.Clock().UTC())
	if err != nil {
		return "", err
	}
	_, err = s.opt.Delivery.AddSilence(r.Context(), sil)
	return "silenced", err
}

func (s *server) formExpire(r *http.Request) (string, error) {
	return "expired", s.opt.Delivery.ExpireSilence(r.Context(), r.PathValue("id"))
}

func (s *server) formCloseBreaker(r *http.Request) (string, error) {
	by := author(r)
	if by == "" {
		return "", badRequest("want the name of who closes the breaker")
	}
	return "closed", s.opt.Delivery.CloseBreaker(r.Context(), by)
}

func (s *server) formResume(r *http.Request) (string, error) {
	_, err := s.opt.Delivery.ResumeReceiver(r.Context(), r.PathValue("name"))
	return "resumed", err
}
