package web

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"watcher/history"
	"watcher/policy"
)

// A page waits for all results, so it searches for less long than the API.
const (
	searchOnPage  = 25
	searchTimeout = 5 * time.Second
)

// searchView is the page that searches texts and changes.
type searchView struct {
	Shell   shell
	Action  string
	Text    string
	In      []choice
	Kinds   []choice
	Asked   bool
	Problem string
	Groups  []resultGroup
	// Found says what was looked through, Stopped why it was not all.
	Found, Stopped string
}

// resultGroup holds the results of one kind.
type resultGroup struct {
	ID, Heading string
	Rows        []resultRow
}

// resultRow is one place where the words stand.
type resultRow struct {
	Vendor, URL, What string
	Section           string
	Snippet           []snippetPart
	Seen              moment
	Grade             badge
}

// snippetPart is a part of a snippet; what was searched for is marked.
type snippetPart struct {
	Text   string
	Marked bool
}

// snippetParts cuts a snippet where the words of the query begin and end.
func snippetParts(q history.Query, text string) (parts []snippetPart) {
	end := 0
	for _, s := range q.Marks(text) {
		if s.From > end {
			parts = append(parts, snippetPart{Text: text[end:s.From]})
		}
		parts = append(parts, snippetPart{text[s.From:s.To], true})
		end = s.To
	}
	return append(parts, snippetPart{Text: text[end:]})
}

// searchPage searches when there is something to search for. The words live in the
// URL.
func (s *server) searchPage(r *http.Request) (searchView, error) {
	q, c := r.URL.Query(), s.calendar()
	view := searchView{Shell: s.shell("Search", "search", c), Action: s.urls.search(), Text: q.Get("q")}
	states, err := s.states(r.Context())
	if err != nil {
		return view, err
	}
	view.Kinds = (listing{Kind: q.Get("kind")}).choices(states).Kinds
	for _, in := range []choice{{history.Current, "Texts in force", false}, {history.Past, "Earlier texts", false}, {history.Changes, "Changes", false}} {
		in.Chosen = q.Get("in") == in.Value
		view.In = append(view.In, in)
	}
	if strings.TrimSpace(view.Text) == "" {
		return view, nil
	}
	view.Asked = true
	query, err := searchParams(url.Values{"q": {view.Text}, "kind": {q.Get("kind")}, "in": {q.Get("in")}})
	if err != nil {
		return view, err
	}
	query.Limit, query.Timeout = searchOnPage, searchTimeout
	kinds := map[policy.ID]string{}
	for _, st := range states {
		kinds[st.ID] = kindName(st.Kind, st.Lang)
	}
	return view, s.fillResults(r, &view, query, kinds, c)
}

func (s *server) fillResults(r *http.Request, view *searchView, query history.Query, kinds map[policy.ID]string, c calendar) error {
	select {
	case s.searches <- struct{}{}:
		defer func() { <-s.searches }()
	default:
		return errTooMany()
	}
	end, err := history.Search(r.Context(), s.opt.Store, query, func(res history.Result) error {
		row := s.resultRow(res, kinds[res.Policy], c)
		row.Snippet = snippetParts(query, res.Snippet)
		view.add(res, row)
		return nil
	})
	if errors.Is(err, history.ErrQuery) {
		view.Problem = err.Error()
		return nil
	}
	if err != nil {
		return fmt.Errorf("search: %w", err)
	}
	view.Found = fmt.Sprintf("%s, the best %d shown. Looked through %s and %s.",
		counted(end.Matches, "match", "matches"), end.Results, count(end.Texts, "text"), count(end.Changes, "change"))
	view.Stopped = end.Stopped
	return nil
}

func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func (v *searchView) add(res history.Result, row resultRow) {
	heading := plain(res.Kind)
	for _, in := range v.In {
		if in.Value == res.Kind {
			heading = in.Word
		}
	}
	if n := len(v.Groups); n == 0 || v.Groups[n-1].Heading != heading {
		v.Groups = append(v.Groups, resultGroup{ID: fmt.Sprintf("results-%d", n+1), Heading: heading})
	}
	last := &v.Groups[len(v.Groups)-1]
	last.Rows = append(last.Rows, row)
}

func (s *server) resultRow(res history.Result, kind string, c calendar) resultRow {
	row := resultRow{
		Vendor: res.Vendor + ", " + kind, URL: s.urls.version(res.Policy, res.Version),
		What: fmt.Sprintf("version %d", res.Version), Section: res.Section, Seen: c.at(res.FirstSeenAt),
	}
	if res.Kind == history.Changes {
		row.URL, row.What, row.Grade = s.urls.change(res.Policy, res.Version), strings.ToLower(plain(string(res.Op))), gradeBadge(res.Significance)
	}
	return row
}
