package web

import (
	_ "embed"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"watcher/policy"
)

//go:embed openapi.json
var openAPI []byte

type (
	heldList struct {
		Held []heldItem `json:"held"`
	}
	// heldItem is a held capture without its text.
	heldItem struct {
		Policy      policy.ID    `json:"policy"`
		Quarantines int          `json:"quarantines"`
		Check       policy.Check `json:"check"`
	}
	receiverList struct {
		Receivers []string `json:"receivers"`
	}
	configAnswer struct {
		// YAML is the configuration in force, defaults filled in and secrets redacted.
		YAML string `json:"yaml"`
	}
)

func (s *server) getOpenAPI(w http.ResponseWriter, _ *http.Request) {
	s.write(w, http.StatusOK, "application/json", openAPI)
}

func (s *server) getCompare(r *http.Request) (any, error) {
	id, err := pathID(r)
	if err != nil {
		return nil, err
	}
	from, to, err := compareParams(r.URL.Query())
	if err != nil {
		return nil, err
	}
	if from == 0 {
		return nil, badRequest("want from and to: the numbers of two versions")
	}
	_, change, err := s.compared(r.Context(), id, from, to)
	return change, err
}

func (s *server) getAllHeld(r *http.Request) (any, error) {
	held, err := s.allHeld(r.Context())
	list := heldList{Held: []heldItem{}}
	for _, h := range held {
		list.Held = append(list.Held, heldItem{h.state.ID, h.state.Quarantines, h.Check})
	}
	return list, err
}

func (s *server) getHeld(r *http.Request) (any, error) {
	_, h, err := s.heldOne(r)
	return h, err
}

func (s *server) getReceivers(*http.Request) (any, error) {
	return receiverList{orEmpty(s.opt.Receivers())}, nil
}

func (s *server) getConfig(*http.Request) (any, error) {
	if s.opt.Config == nil {
		return nil, errNotWired()
	}
	return configAnswer{string(s.opt.Config())}, nil
}

// part is a list that may go on behind its end.
type part struct {
	value  any
	window window
	length int
}

// link adds a Link header to what follows where the part fills its window: where
// the list ends exactly there, that is empty.
func (p part) link(w http.ResponseWriter, r *http.Request) {
	if p.length < p.window.limit {
		return
	}
	q := r.URL.Query()
	q.Set("limit", strconv.Itoa(p.window.limit))
	q.Set("offset", strconv.Itoa(p.window.offset+p.window.limit))
	w.Header().Set("Link", fmt.Sprintf("<?%s>; rel=\"next\"", q.Encode()))
}

// optionalWindow is the window of a list that is whole unless a part is asked
// for: the commands of this program read it whole.
func optionalWindow(q url.Values) (window, error) {
	if q.Get("limit") == "" && q.Get("offset") == "" {
		return window{limit: 1 << 30}, nil
	}
	return parseWindow(q)
}
