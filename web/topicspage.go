package web

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"watcher/policy"
)

// The page of one topic reads whole texts, so it shows few policies at a time.
const (
	topicsOnPage = 12
	topicBlocks  = 6
	topicRunes   = 700
)

// topicsView is what several vendors say about one thing, one beside the other.
type topicsView struct {
	Shell      shell
	Action     string
	Categories []choice
	Choices    choices
	Topic      string
	Rows       []topicRow
	Pager      pager
}

// topicRow is what one policy says about the topic.
type topicRow struct {
	Vendor, Kind, URL string
	Lang              string
	Passages          []passage
	More              string
	Problem           string
}

// passage is a paragraph with the heading that it stands under.
type passage struct{ Heading, Text string }

// categories are the topics, in the order of OPP-115.
func categories() []policy.Category {
	return []policy.Category{
		policy.FirstPartyCollection, policy.ThirdPartySharing, policy.UserChoice, policy.UserAccess, policy.DataRetention,
		policy.DataSecurity, policy.PolicyChange, policy.DoNotTrack, policy.InternationalSpecificAudiences,
	}
}

func (s *server) topicsPage(r *http.Request) (topicsView, error) {
	q, c := r.URL.Query(), s.calendar()
	l, err := parseListing(q)
	if err != nil {
		return topicsView{}, err
	}
	l.Status, l.Text = "", ""
	if l.Kind == "" {
		l.Kind = string(policy.KindPrivacy)
	}
	topic := policy.Category(q.Get("topic"))
	if !slices.Contains(categories(), topic) {
		topic = policy.DataRetention
	}
	view := topicsView{Shell: s.shell("Vendors side by side", "topics", c), Action: s.urls.topics(), Topic: categoryNames([]policy.Category{topic})[0]}
	for _, category := range categories() {
		view.Categories = append(view.Categories, choice{string(category), categoryNames([]policy.Category{category})[0], category == topic})
	}
	states, err := s.states(r.Context())
	if err != nil {
		return view, err
	}
	view.Choices = l.choices(states)
	var chosen []policy.State
	for _, st := range states {
		if st.Head > 0 && l.holds(st, status{}) {
			chosen = append(chosen, st)
		}
	}
	chosen, view.Pager = pagedBy(chosen, topicsOnPage, l.page, func(n int) string {
		return s.urls.topics() + "?" + url.Values{"topic": {string(topic)}, "kind": {l.Kind}, "tag": {l.Tag}, "page": {strconv.Itoa(n)}}.Encode()
	})
	if err := s.costs.take(r.Context(), s.opt.Clock()); err != nil {
		return view, err
	}
	defer s.costs.give()
	for _, st := range chosen {
		view.Rows = append(view.Rows, s.topicRow(r, st, topic))
	}
	return view, nil
}

// topicRow reads the text in force. One that cannot be read does not hide the
// others.
func (s *server) topicRow(r *http.Request, st policy.State, topic policy.Category) topicRow {
	row := topicRow{Vendor: st.Vendor.Name, Kind: kindName(st.Kind, st.Lang), URL: s.urls.version(st.ID, st.Head)}
	doc, err := s.opt.Store.Document(r.Context(), st.ID, st.Head)
	if err != nil {
		row.Problem = err.Error()
		return row
	}
	row.Lang = langTag(doc.Lang)
	more := 0
	for _, sec := range doc.Sections {
		for _, b := range sec.Blocks {
			switch {
			case !slices.Contains(b.Categories, topic):
			case len(row.Passages) == topicBlocks:
				more++
			default:
				row.Passages = append(row.Passages, passage{sec.Heading, cutRunes(b.Text, topicRunes)})
			}
		}
	}
	if more > 0 {
		row.More = count(more, "more passage")
	}
	return row
}

// cutRunes returns the beginning of a text.
func cutRunes(s string, most int) string {
	for i := range s {
		if most--; most < 0 {
			return s[:i] + "…"
		}
	}
	return s
}
