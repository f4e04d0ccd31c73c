package web

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"watcher/policy"
	"watcher/storage"
)

// A feed has the newest changes, with their redlines as far as there is room:
// readers of feeds keep what they saw, and none wants megabytes.
const (
	feedEntries = 30
	feedRead    = 2000
	feedBody    = 64 << 10
)

// feedOf is what a feed is about.
type feedOf struct {
	title string
	// self is the path of the feed, page that of the page for people, id what the
	// feed is called for ever.
	self, page, id string
	grades         []policy.Significance
}

func (s *server) feedAll(w http.ResponseWriter, r *http.Request) {
	s.feed(w, r, feedOf{title: "Changes of all policies", self: s.urls.feed(), page: s.urls.home(), id: "urn:watcher:feed"},
		func(ctx context.Context) ([]policy.Version, error) {
			return s.opt.Store.Recent(ctx, storage.RecentQuery{Limit: feedRead})
		})
}

func (s *server) feedVendor(w http.ResponseWriter, r *http.Request) {
	slug := r.PathValue("vendor")
	states, err := s.states(r.Context())
	if err != nil {
		s.fail(w, r, err)
		return
	}
	own := map[policy.ID]bool{}
	var name string
	for _, st := range states {
		if head, _, _ := strings.Cut(string(st.ID), "/"); head == slug {
			own[st.ID], name = true, st.Vendor.Name
		}
	}
	if len(own) == 0 {
		s.fail(w, r, fmt.Errorf("vendor %q: %w", slug, policy.ErrNotFound))
		return
	}
	of := feedOf{title: "Changes of policies of " + name, self: s.urls.vendorFeed(slug), page: s.urls.home(), id: "urn:watcher:feed:vendor:" + slug}
	s.feed(w, r, of, func(ctx context.Context) ([]policy.Version, error) {
		var all []policy.Version
		for id := range own {
			versions, err := s.opt.Store.Versions(ctx, id)
			if err != nil {
				return nil, err
			}
			all = append(all, versions...)
		}
		return all, nil
	})
}

func (s *server) feedPolicy(w http.ResponseWriter, r *http.Request) {
	id, err := pathID(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	st, err := s.opt.Store.State(r.Context(), id)
	if err != nil {
		s.fail(w, r, fmt.Errorf("policy %s: %w", id, err))
		return
	}
	of := feedOf{
		title: "Changes of " + st.Vendor.Name + ", " + kindName(st.Kind, st.Lang), self: s.urls.policyFeed(id), page: s.urls.policy(id),
		id: "urn:watcher:feed:policy:" + string(id),
	}
	s.feed(w, r, of, func(ctx context.Context) ([]policy.Version, error) { return s.opt.Store.Versions(ctx, id) })
}

// gradeParams reads ?significance=, repeated or separated by commas.
func gradeParams(raw []string) ([]policy.Significance, error) {
	var grades []policy.Significance
	for _, list := range raw {
		for word := range strings.SplitSeq(list, ",") {
			g := policy.Significance(word)
			switch {
			case word == "":
			case !slices.Contains(policy.Significances(), g):
				return nil, badRequest(fmt.Sprintf("significance=%q: want material, minor, cosmetic or none", word))
			case !slices.Contains(grades, g):
				grades = append(grades, g)
			}
		}
	}
	slices.SortFunc(grades, func(a, b policy.Significance) int { return b.Rank() - a.Rank() })
	return grades, nil
}

// feed serves the changes that read returns, newest first.
func (s *server) feed(w http.ResponseWriter, r *http.Request, of feedOf, read func(context.Context) ([]policy.Version, error)) {
	var err error
	if of.grades, err = gradeParams(r.URL.Query()["significance"]); err != nil {
		s.fail(w, r, err)
		return
	}
	versions, err := read(r.Context())
	if err != nil {
		s.fail(w, r, fmt.Errorf("read changes: %w", err))
		return
	}
	versions = newsOf(versions, of.grades)
	f, err := s.atom(r.Context(), of, versions)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	body, err := f.encode()
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.write(w, http.StatusOK, "application/atom+xml; charset=utf-8", body)
}

// newsOf keeps the newest changes of the given grades: what only the program's own
// rules changed is none.
func newsOf(versions []policy.Version, grades []policy.Significance) []policy.Version {
	versions = slices.DeleteFunc(slices.Clone(versions), func(v policy.Version) bool {
		return v.From == 0 || v.Kind == policy.VersionTechnical || len(grades) > 0 && !slices.Contains(grades, v.Significance)
	})
	slices.SortStableFunc(versions, func(a, b policy.Version) int { return b.CapturedAt.Compare(a.CapturedAt) })
	return versions[:min(feedEntries, len(versions))]
}

func (s *server) atom(ctx context.Context, of feedOf, versions []policy.Version) (atomFeed, error) {
	f := atomFeed{
		Lang: "en", ID: of.id, Title: visibleText(of.title), Author: atomAuthor{"watcher"}, Generator: "watcher",
		Updated: atomTime(time.Unix(0, 0)),
	}
	self := of.self
	if len(of.grades) > 0 {
		words := make([]string, len(of.grades))
		for i, g := range of.grades {
			words[i] = string(g)
		}
		list := strings.Join(words, ",")
		f.ID, f.Title, self = f.ID+":"+list, f.Title+" ("+list+")", self+"?significance="+list
	}
	f.Links = []atomLink{
		{Rel: "self", Type: "application/atom+xml", Href: s.absolute(self)},
		{Rel: "alternate", Type: "text/html", Href: s.absolute(of.page)},
	}
	names := map[policy.ID]policy.State{}
	for i, v := range versions {
		st, ok := names[v.Policy]
		if !ok {
			var err error
			if st, err = s.opt.Store.State(ctx, v.Policy); err != nil {
				return f, fmt.Errorf("policy %s: %w", v.Policy, err)
			}
			names[v.Policy] = st
		}
		entry, err := s.entry(ctx, st, v)
		if err != nil {
			return f, err
		}
		if i == 0 {
			f.Updated = entry.Updated
		}
		f.Entries = append(f.Entries, entry)
	}
	return f, nil
}

// entry is a change in a feed. Its id is made of what never changes: the policy
// and the number that its version was given.
func (s *server) entry(ctx context.Context, st policy.State, v policy.Version) (atomEntry, error) {
	page := s.urls.change(v.Policy, v.Number)
	entry := atomEntry{
		ID:    fmt.Sprintf("urn:watcher:change:%s:%d", escapeID(v.Policy), v.Number),
		Title: visibleText(fmt.Sprintf("%s, %s: %s", st.Vendor.Name, kindName(st.Kind, st.Lang), gradeTitle(v))), Author: atomAuthor{visibleText(st.Vendor.Name)},
		Published: atomTime(v.FirstSeenAt), Updated: atomTime(v.CapturedAt), Summary: visibleText(v.Summary),
		Links:      []atomLink{{Rel: "alternate", Type: "text/html", Href: s.absolute(page)}},
		Categories: []atomCategory{{Term: visibleText(string(v.Kind))}},
	}
	if v.Significance != "" {
		entry.Categories = append(entry.Categories, atomCategory{Term: visibleText(string(v.Significance))})
	}
	change, err := s.opt.Store.Change(ctx, v.Policy, v.Number)
	if errors.Is(err, policy.ErrNotFound) {
		return entry, nil
	}
	if err != nil {
		return entry, fmt.Errorf("change to version %d of %s: %w", v.Number, v.Policy, err)
	}
	for _, c := range change.Categories {
		entry.Categories = append(entry.Categories, atomCategory{Term: visibleText(string(c)), Label: visibleText(categoryNames([]policy.Category{c})[0])})
	}
	html, err := s.entryBody(change, s.absolute(page))
	entry.Content = &atomContent{Type: "html", Lang: langTag(v.Lang), Body: html}
	return entry, err
}

func gradeTitle(v policy.Version) string {
	if v.Kind == policy.VersionRevert {
		return "return to an earlier text"
	}
	switch v.Significance {
	case policy.Material, policy.Minor, policy.Cosmetic:
		return string(v.Significance) + " change"
	case policy.None:
	}
	return "change"
}

// feedView is the body of an entry.
type feedView struct {
	Summary string
	Facts   []string
	Edits   []editView
	More    string
	URL     string
}

// entryBody renders the redline of a change, its heaviest edits first, until there
// is no room for more.
func (s *server) entryBody(change policy.Change, page string) (string, error) {
	view := feedView{Summary: change.Summary, URL: page}
	for _, f := range change.Dates.Facts {
		view.Facts = append(view.Facts, factText(f))
	}
	room, left := feedBody, 0
	for _, group := range groupEdits(change.Edits) {
		for _, e := range group.Edits {
			size := 200
			for _, sp := range e.Spans {
				size += len(sp.Text)
			}
			if room -= size; room < 0 {
				left++
				continue
			}
			view.Edits = append(view.Edits, e)
		}
	}
	if left > 0 {
		view.More = count(left, "more edit")
	}
	var buf bytes.Buffer
	if err := s.pages.feed.Execute(&buf, view); err != nil {
		return "", fmt.Errorf("render feed entry: %w", err)
	}
	return visibleText(buf.String()), nil
}

var langPattern = regexp.MustCompile(`^[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*$`)

// langTag returns what is a tag of a language, "" for anything else.
func langTag(s string) string {
	if !langPattern.MatchString(s) {
		return ""
	}
	return s
}

// visibleText is visible for a string.
func visibleText(s string) string { return strings.Map(visible, s) }
