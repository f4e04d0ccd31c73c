package web

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"watcher/diffing"
	"watcher/policy"
)

// maxVersionChoices bounds the versions that a form offers.
const maxVersionChoices = 200

// compareView is the page on which two versions are chosen.
type compareView struct {
	Shell        shell
	Vendor, Kind string
	PolicyURL    string
	Form         compareForm
}

// compareForm chooses two versions.
type compareForm struct {
	Action   string
	From, To []choice
}

func (s *server) compareForm(id policy.ID, versions []policy.Version, from, to int, c calendar) compareForm {
	if from == 0 && len(versions) > 1 {
		from = versions[len(versions)-2].Number
	}
	form := compareForm{Action: s.urls.compare(id, 0, 0)}
	for i := len(versions) - 1; i >= max(0, len(versions)-maxVersionChoices); i-- {
		v := versions[i]
		n := strconv.Itoa(v.Number)
		word := "Version " + n + ", " + v.FirstSeenAt.In(c.zone).Format("2006-01-02")
		form.From = append(form.From, choice{n, word, v.Number == from})
		form.To = append(form.To, choice{n, word, v.Number == to})
	}
	return form
}

// compareParams reads ?from= and ?to=; both absent are 0.
func compareParams(q url.Values) (from, to int, err error) {
	const most = 1<<31 - 1
	if from, err = intParam(q, "from", 0, 1, most); err != nil {
		return 0, 0, err
	}
	if to, err = intParam(q, "to", 0, 1, most); err != nil {
		return 0, 0, err
	}
	if (from == 0) != (to == 0) {
		return 0, 0, badRequest("want both from and to: the numbers of two versions")
	}
	return from, to, nil
}

// compared returns what lies between two versions: the change on record where
// one follows the other, worked out now for any others.
func (s *server) compared(ctx context.Context, id policy.ID, from, to int) (policy.Version, policy.Change, error) {
	v, err := s.opt.Store.Version(ctx, id, to)
	if err != nil {
		return v, policy.Change{}, fmt.Errorf("version %d of %s: %w", to, id, err)
	}
	if v.From == from {
		change, err := s.opt.Store.Change(ctx, id, to)
		return v, change, err
	}
	before, err := s.opt.Store.Version(ctx, id, from)
	if err != nil {
		return v, policy.Change{}, fmt.Errorf("version %d of %s: %w", from, id, err)
	}
	old, err := s.opt.Store.Document(ctx, id, from)
	if err != nil {
		return v, policy.Change{}, fmt.Errorf("text of version %d of %s: %w", from, id, err)
	}
	text, err := s.opt.Store.Document(ctx, id, to)
	if err != nil {
		return v, policy.Change{}, fmt.Errorf("text of version %d of %s: %w", to, id, err)
	}
	if err := s.costs.take(ctx, s.opt.Clock()); err != nil {
		return v, policy.Change{}, err
	}
	defer s.costs.give()
	change := diffing.Compare(old, text, diffing.Options{SeenAt: v.FirstSeenAt})
	change.Policy, change.From, change.To = id, before.Ref(), v.Ref()
	return v, change, nil
}

func (s *server) comparePage(w http.ResponseWriter, r *http.Request) {
	from, to, err := compareParams(r.URL.Query())
	if err != nil {
		s.fail(w, r, err)
		return
	}
	if from == 0 {
		servePage(s, s.pages.compare, s.chooseVersions).ServeHTTP(w, r)
		return
	}
	servePage(s, s.pages.change, func(r *http.Request) (changeView, error) {
		id, err := pathID(r)
		if err != nil {
			return changeView{}, err
		}
		v, change, err := s.compared(r.Context(), id, from, to)
		if err != nil {
			return changeView{}, err
		}
		at := pageAddress{s.urls.compare(id, 0, 0), url.Values{"from": {strconv.Itoa(from)}, "to": {strconv.Itoa(to)}}}
		return s.changeOf(r, v, change, at)
	}).ServeHTTP(w, r)
}

func (s *server) chooseVersions(r *http.Request) (compareView, error) {
	id, err := pathID(r)
	if err != nil {
		return compareView{}, err
	}
	st, err := s.opt.Store.State(r.Context(), id)
	if err != nil {
		return compareView{}, fmt.Errorf("policy %s: %w", id, err)
	}
	versions, err := s.opt.Store.Versions(r.Context(), id)
	if err != nil {
		return compareView{}, fmt.Errorf("versions of %s: %w", id, err)
	}
	c := s.calendar()
	return compareView{
		Shell:  s.shell("Compare versions, "+st.Vendor.Name, "", c),
		Vendor: st.Vendor.Name, Kind: kindName(st.Kind, st.Lang), PolicyURL: s.urls.policy(id),
		Form: s.compareForm(id, versions, 0, st.Head, c),
	}, nil
}
