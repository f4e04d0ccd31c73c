package web

import (
	"context"
	"net/http"

	"watcher/policy"
)

// Delivery are the things a request may change about how people are told.
type Delivery interface {
	// AddSilence stores a silence that is valid and returns it with its id.
	AddSilence(ctx context.Context, s policy.Silence) (policy.Silence, error)
	// ExpireSilence ends a silence now; an unknown one is policy.ErrNotFound.
	ExpireSilence(ctx context.Context, id string) error
	// CloseBreaker closes the mass-change breaker; when it is not open the
	// error is policy.ErrConflict.
	CloseBreaker(ctx context.Context, by string) error
	// ResumeReceiver makes the parked alerts of a receiver pending again and
	// returns how many there were; an unknown name is policy.ErrNotFound.
	ResumeReceiver(ctx context.Context, name string) (int, error)
}

type (
	silenceList struct {
		Silences []policy.Silence `json:"silences"`
	}
	// breakerClosing says who closes the breaker.
	breakerClosing struct {
		By string `json:"by"`
	}
	// resumed counts the alerts that are pending again.
	resumed struct {
		Alerts int `json:"alerts"`
	}
)

// deliveryRoutes adds the endpoints about delivery.
func (s *server) deliveryRoutes(handle func(pattern string, h http.Handler), api string) {
	handle("GET "+api+"/silences", s.answer(func(r *http.Request) (any, error) {
		list, err := s.opt.Store.Silences(r.Context())
		return silenceList{orEmpty(list)}, err
	}))
	handle("GET "+api+"/breaker", s.answer(func(r *http.Request) (any, error) { return s.opt.Store.Breaker(r.Context()) }))
	handle("POST "+api+"/silences", s.delivers(s.postSilence))
	handle("DELETE "+api+"/silences/{id}", s.delivers(s.deleteSilence))
	handle("POST "+api+"/breaker/close", s.delivers(s.postBreakerClose))
	handle("POST "+api+"/receivers/{name}/resume", s.delivers(s.postResume))
}

// delivers guards a mutation that needs Options.Delivery.
func (s *server) delivers(next func(http.ResponseWriter, *http.Request) error) http.Handler {
	return s.guarded(func(w http.ResponseWriter, r *http.Request) {
		err := errNotWired()
		if s.opt.Delivery != nil {
			err = next(w, r)
		}
		if err != nil {
			s.fail(w, r, err)
		}
	})
}

func (s *server) postSilence(w http.ResponseWriter, r *http.Request) error {
	silence, err := readBody[policy.Silence](r)
	if err != nil {
		return err
	}
	silence.CreatedAt = s.opt.Clock().UTC()
	if silence.StartsAt.IsZero() {
		silence.StartsAt = silence.CreatedAt
	}
	if err := silence.Validate(); err != nil {
		return badRequest(err.Error())
	}
	kept, err := s.opt.Delivery.AddSilence(r.Context(), silence)
	if err != nil {
		return err
	}
	s.writeJSON(w, http.StatusCreated, "application/json", kept)
	return nil
}

func (s *server) deleteSilence(w http.ResponseWriter, r *http.Request) error {
	if err := s.opt.Delivery.ExpireSilence(r.Context(), r.PathValue("id")); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *server) postBreakerClose(w http.ResponseWriter, r *http.Request) error {
	req, err := readBody[breakerClosing](r)
	if err == nil && req.By == "" {
		err = badRequest("request body: want who closes it, for example {\"by\": \"anna\"}")
	}
	if err != nil {
		return err
	}
	if err := s.opt.Delivery.CloseBreaker(r.Context(), req.By); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *server) postResume(w http.ResponseWriter, r *http.Request) error {
	n, err := s.opt.Delivery.ResumeReceiver(r.Context(), r.PathValue("name"))
	if err != nil {
		return err
	}
	s.writeJSON(w, http.StatusOK, "application/json", resumed{n})
	return nil
}
