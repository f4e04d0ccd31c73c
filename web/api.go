package web

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"

	"watcher/policy"
	"watcher/storage"
)

// The lists of the API.
type (
	policyList struct {
		Policies []policy.State `json:"policies"`
	}
	versionList struct {
		Versions []policy.Version `json:"versions"`
	}
	changeList struct {
		Changes []policy.Version `json:"changes"`
	}
	checkList struct {
		Checks []policy.Check `json:"checks"`
	}
	alertList struct {
		Alerts []policy.Alert `json:"alerts"`
	}
)

// answer serves what read returns as JSON.
// A list that may go on is a part, and gets a link to what follows.
func (s *server) answer(read func(*http.Request) (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v, err := read(r)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		if p, ok := v.(part); ok {
			p.link(w, r)
			v = p.value
		}
		s.writeJSON(w, http.StatusOK, "application/json", v)
	})
}

func (s *server) getStates(r *http.Request) (any, error) {
	asked, err := optionalWindow(r.URL.Query())
	if err != nil {
		return nil, err
	}
	states, err := s.opt.Store.States(r.Context())
	list := cut(states, asked)
	return part{policyList{list}, asked, len(list)}, err
}

func (s *server) getState(r *http.Request) (any, error) {
	id, err := pathID(r)
	if err != nil {
		return nil, err
	}
	return s.opt.Store.State(r.Context(), id)
}

func (s *server) getVersions(r *http.Request) (any, error) {
	id, err := pathID(r)
	if err != nil {
		return nil, err
	}
	asked, err := optionalWindow(r.URL.Query())
	if err != nil {
		return nil, err
	}
	versions, err := s.opt.Store.Versions(r.Context(), id)
	list := cut(versions, asked)
	return part{versionList{list}, asked, len(list)}, err
}

func (s *server) getVersion(r *http.Request) (any, error) {
	id, n, err := pathVersion(r)
	if err != nil {
		return nil, err
	}
	return s.opt.Store.Version(r.Context(), id, n)
}

func (s *server) getDocument(r *http.Request) (any, error) {
	id, n, err := pathVersion(r)
	if err != nil {
		return nil, err
	}
	return s.opt.Store.Document(r.Context(), id, n)
}

// getText serves the Markdown that a version's digest is taken over. It is
// labelled plain text: no browser renders it.
func (s *server) getText(w http.ResponseWriter, r *http.Request) {
	id, n, err := pathVersion(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	doc, err := s.opt.Store.Document(r.Context(), id, n)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.write(w, http.StatusOK, "text/plain; charset=utf-8", []byte(doc.Text()))
}

func (s *server) getChange(r *http.Request) (any, error) {
	id, n, err := pathVersion(r)
	if err != nil {
		return nil, err
	}
	return s.opt.Store.Change(r.Context(), id, n)
}

func (s *server) getCapture(r *http.Request) (any, error) {
	id, capture, err := pathCapture(r)
	if err != nil {
		return nil, err
	}
	return s.opt.Store.Capture(r.Context(), id, capture)
}

// getBody serves the bytes of a capture as a download and under a name that no
// system runs or renders: what a vendor sent is evidence, not a page of ours.
func (s *server) getBody(w http.ResponseWriter, r *http.Request) {
	id, capture, err := pathCapture(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	body, err := s.opt.Store.Body(r.Context(), id, capture)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	name := fmt.Sprintf("%s-capture-%d.bin", strings.ReplaceAll(string(id), "/", "-"), capture)
	sum := policy.Sum(body)
	h := w.Header()
	h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'; frame-ancestors 'none'")
	// RFC 9530: lets a client prove that the bytes arrived whole.
	h.Set("Repr-Digest", "sha-256=:"+base64.StdEncoding.EncodeToString(sum[:])+":")
	s.write(w, http.StatusOK, "application/octet-stream", body)
}

func (s *server) getChecks(r *http.Request) (any, error) {
	id, err := pathID(r)
	if err != nil {
		return nil, err
	}
	asked, err := parseWindow(r.URL.Query())
	if err != nil {
		return nil, err
	}
	since, until, err := spanParams(r.URL.Query())
	if err != nil {
		return nil, err
	}
	checks, err := s.opt.Store.Checks(r.Context(), id, storage.CheckQuery{Since: since, Until: until, Limit: asked.reach()})
	list := cut(checks, asked)
	return part{checkList{list}, asked, len(list)}, err
}

func (s *server) getRecent(r *http.Request) (any, error) {
	asked, err := parseWindow(r.URL.Query())
	if err != nil {
		return nil, err
	}
	since, err := sinceParam(r.URL.Query())
	if err != nil {
		return nil, err
	}
	versions, err := s.opt.Store.Recent(r.Context(), storage.RecentQuery{Since: since, Limit: asked.reach()})
	list := cut(versions, asked)
	return part{changeList{list}, asked, len(list)}, err
}

func (s *server) getAlerts(r *http.Request) (any, error) {
	query := r.URL.Query()
	asked, err := parseWindow(query)
	if err != nil {
		return nil, err
	}
	states, err := stateParams(query)
	if err != nil {
		return nil, err
	}
	id, err := policyParam(query)
	if err != nil {
		return nil, err
	}
	alerts, err := s.opt.Store.Alerts(r.Context(), storage.AlertQuery{
		Receiver: query.Get("receiver"), Policy: id, States: states, Limit: asked.reach(),
	})
	list := cut(alerts, asked)
	return part{alertList{list}, asked, len(list)}, err
}

func (s *server) getAlert(r *http.Request) (any, error) {
	return s.opt.Store.Alert(r.Context(), r.PathValue("id"))
}

func (s *server) getStats(r *http.Request) (any, error) {
	return s.opt.Store.Stats(r.Context())
}
