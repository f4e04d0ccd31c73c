package web

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"watcher/policy"
)

// rowsOnPage is how many rows a page of a list shows: with it the heaviest page
// stays under 100 KB.
const rowsOnPage = 50

// maxPage bounds the page that may be asked for.
const maxPage = 100_000

// listing is what the URL says of the list of policies.
type listing struct {
	Text, Tag, Kind, Status string
	page                    int
}

// needsPerson is the status filter for everything that a person has to look at.
const needsPerson = "attention"

func parseListing(q url.Values) (listing, error) {
	page, err := intParam(q, "page", 1, 1, maxPage)
	return listing{
		Text: strings.TrimSpace(q.Get("q")), Tag: q.Get("tag"), Kind: q.Get("kind"), Status: q.Get("status"), page: page,
	}, err
}

// active reports whether the list is narrowed at all.
func (l listing) active() bool { return l.Text+l.Tag+l.Kind+l.Status != "" }

// at returns the query of another page of the same list.
func (l listing) at(page int) string {
	q := url.Values{}
	for name, value := range map[string]string{"q": l.Text, "tag": l.Tag, "kind": l.Kind, "status": l.Status} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if page > 1 {
		q.Set("page", strconv.Itoa(page))
	}
	if len(q) == 0 {
		return ""
	}
	return "?" + q.Encode()
}

// holds reports whether a policy is on the list. Retired ones are on it only
// when they are asked for.
func (l listing) holds(st policy.State, now status) bool {
	word := statusWord(now)
	switch {
	case l.Status == needsPerson:
		if now.Tone != "bad" && now.Tone != "warn" && len(concerns(st)) == 0 {
			return false
		}
	case l.Status == "" && st.Retired, l.Status != "" && l.Status != word:
		return false
	}
	if l.Tag != "" && !slices.Contains(st.Vendor.Tags, l.Tag) || l.Kind != "" && string(st.Kind) != l.Kind {
		return false
	}
	if l.Text == "" {
		return true
	}
	hay := strings.ToLower(strings.Join([]string{st.Vendor.Name, string(st.ID), kindName(st.Kind, st.Lang), st.URL}, "\n"))
	for word := range strings.FieldsSeq(strings.ToLower(l.Text)) {
		if !strings.Contains(hay, word) {
			return false
		}
	}
	return true
}

func statusWord(s status) string { return strings.ReplaceAll(strings.ToLower(s.Word), " ", "_") }

// choice is an entry of a select.
type choice struct {
	Value, Word string
	Chosen      bool
}

// choices are the selects over the list.
type choices struct{ Tags, Kinds, Statuses []choice }

// maxChoices bounds the entries of a select.
const maxChoices = 60

func (l listing) choices(states []policy.State) choices {
	tags, kinds := map[string]bool{}, map[policy.Kind]bool{}
	for _, st := range states {
		for _, tag := range st.Vendor.Tags {
			tags[tag] = true
		}
		kinds[st.Kind] = true
	}
	var c choices
	for tag := range tags {
		c.Tags = append(c.Tags, choice{tag, tag, tag == l.Tag})
	}
	for kind := range kinds {
		c.Kinds = append(c.Kinds, choice{string(kind), kindName(kind, ""), string(kind) == l.Kind})
	}
	for _, list := range []*[]choice{&c.Tags, &c.Kinds} {
		slices.SortFunc(*list, func(a, b choice) int { return strings.Compare(a.Word, b.Word) })
		*list = (*list)[:min(len(*list), maxChoices)]
	}
	for _, s := range []choice{
		{needsPerson, "Needs a person", false},
		{"watched", "Watched", false},
		{"waiting", "Waiting", false},
		{"retrying", "Retrying", false},
		{"quarantined", "Quarantined", false},
		{"failing", "Failing", false},
		{"not_checked_yet", "Not checked yet", false},
		{"paused", "Paused", false},
		{"retired", "Retired", false},
	} {
		s.Chosen = s.Value == l.Status
		c.Statuses = append(c.Statuses, s)
	}
	return c
}

// pager leads through the pages of a list.
type pager struct {
	Older, Newer string
	Text         string
}

// pageOf returns the part of a list that a page shows, and the way to the others.
func pageOf[T any](list []T, page int, link func(int) string) ([]T, pager) {
	return pagedBy(list, rowsOnPage, page, link)
}

// pagedBy is pageOf with so many rows on a page.
func pagedBy[T any](list []T, rows, page int, link func(int) string) ([]T, pager) {
	total := len(list)
	from := min((page-1)*rows, total)
	to := min(from+rows, total)
	var p pager
	if page > 1 {
		p.Newer = link(page - 1)
	}
	if to < total {
		p.Older = link(page + 1)
	}
	if p.Newer != "" || p.Older != "" {
		p.Text = fmt.Sprintf("%d to %d of %d", min(from+1, to), to, total)
	}
	return list[from:to], p
}
