package web

import (
	"net/http"
	"time"

	"watcher/policy"
)

// postRenormalize reads stored captures by the rules of now and answers with a
// line per version.
func (s *server) postRenormalize(w http.ResponseWriter, r *http.Request) {
	if s.opt.Renormalize == nil {
		s.fail(w, r, errNotWired())
		return
	}
	req, err := readBody[policy.RenormalizeRequest](r)
	for _, id := range req.Policies {
		if _, perr := policy.ParseID(string(id)); perr != nil && err == nil {
			err = badRequest(perr.Error())
		}
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	control := http.NewResponseController(w)
	_ = control.SetWriteDeadline(time.Time{}) // it takes as long as the history is
	out := &lines{w: w, flush: control.Flush}
	err = s.opt.Renormalize(r.Context(), req, func(line policy.Renormalized) error { return out.emit(line) })
	switch {
	case err == nil:
		out.begin()
	case !out.begun:
		s.fail(w, r, err)
	default:
		if err := out.emit(lineError{err.Error(), problemOf(err).Type}); err != nil {
			s.log.Debug("client went away", "err", err)
		}
	}
}
