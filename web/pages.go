package web

import (
	"bytes"
	"fmt"
	"html/template"
	"net/http"
)

// page is a template and the type of its view: handing one page another
// page's view does not compile, and a misspelt field fails instead of
// rendering nothing, as a map would.
type page[V any] struct{ t *template.Template }

// pages are all templates, parsed once.
type pages struct {
	overview page[overviewView]
	policy   page[policyView]
	change   page[changeView]
	version  page[versionView]
	alerts   page[alertsView]
	inbox    page[inboxView]
	held     page[heldView]
	compare  page[compareView]
	status   page[statusView]
	search   page[searchView]
	topics   page[topicsView]
	unlock   page[unlockView]
	failure  page[failureView]
	// feed is the body of an entry of a feed: a piece of HTML, not a page.
	feed *template.Template
}

func parsePages() (pages, error) {
	var p pages
	base, err := template.New("layout.html").ParseFS(templateFiles, "templates/layout.html", "templates/parts.html")
	if err != nil {
		return p, fmt.Errorf("templates: %w", err)
	}
	for file, t := range map[string]**template.Template{
		"overview.html": &p.overview.t, "policy.html": &p.policy.t, "change.html": &p.change.t,
		"version.html": &p.version.t, "alerts.html": &p.alerts.t, "failure.html": &p.failure.t,
		"inbox.html": &p.inbox.t, "held.html": &p.held.t, "compare.html": &p.compare.t,
		"status.html": &p.status.t, "unlock.html": &p.unlock.t,
		"search.html": &p.search.t, "topics.html": &p.topics.t,
	} {
		clone, err := base.Clone()
		if err != nil {
			return p, fmt.Errorf("templates: %w", err)
		}
		if *t, err = clone.ParseFS(templateFiles, "templates/"+file); err != nil {
			return p, fmt.Errorf("templates: %w", err)
		}
	}
	if p.feed, err = template.New("entry.html").ParseFS(templateFiles, "templates/entry.html"); err != nil {
		return p, fmt.Errorf("templates: %w", err)
	}
	return p, nil
}

// render returns the whole page or an error, never half a page.
func (p page[V]) render(view V) ([]byte, error) {
	var buf bytes.Buffer
	if err := p.t.Execute(&buf, view); err != nil {
		return nil, fmt.Errorf("render page: %w", err)
	}
	return bytes.Map(visible, buf.Bytes()), nil
}

// visible drops the characters with which a text can make a page show
// something else than it says: direction overrides ("Trojan Source",
// CVE-2021-42574) and control characters. They are no part of any template,
// so dropping them from the finished page forgets no place; the stored text
// and the API keep them.
func visible(r rune) rune {
	switch {
	case r >= '\u202a' && r <= '\u202e', r >= '\u2066' && r <= '\u2069':
		return -1
	case r < ' ' && r != '\n' && r != '\t', r >= 0x7f && r <= 0x9f:
		return -1
	}
	return r
}

// shell is what the layout needs on every page.
type shell struct {
	Title         string
	Home, Inbox   string
	Search        string
	Topics        string
	Alerts        string
	StatusURL     string
	CSS, Icon, JS string
	Feeds         []feedLink
	Here          string
	Version, Zone string
	Generated     moment
}

// shell returns the frame of a page; here names the place in the navigation.
func (s *server) shell(title, here string, c calendar) shell {
	return shell{
		Title: title, Here: here, Home: s.urls.home(), Alerts: s.urls.alerts(),
		Inbox: s.urls.inbox(), Search: s.urls.search(), Topics: s.urls.topics(), StatusURL: s.urls.status(),
		CSS: s.urls.base + s.assets.css, Icon: s.urls.base + s.assets.icon, JS: s.urls.base + s.assets.js,
		Feeds:   []feedLink{{"All changes", s.urls.feed()}},
		Version: s.opt.Version, Zone: c.zone.String(), Generated: c.at(c.now),
	}
}

// feedLink is a feed that a page names.
type feedLink struct{ Title, URL string }

// absolute returns the address of a path of this server as others reach it.
func (s *server) absolute(path string) string {
	return s.origin + path
}

// servePage joins a page and what builds its view.
func servePage[V any](s *server, p page[V], build func(*http.Request) (V, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		view, err := build(r)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		html, err := p.render(view)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		s.write(w, http.StatusOK, "text/html; charset=utf-8", html)
	})
}

// failureView is the view of an error.
type failureView struct {
	Shell   shell
	Heading string
	Detail  string
	Damaged bool
}

func (s *server) errorPage(w http.ResponseWriter, p problem) {
	view := failureView{
		Shell: s.shell(p.Title, "", s.calendar()), Heading: p.Title, Detail: p.Detail, Damaged: p.Type == typeDamaged,
	}
	html, err := s.pages.failure.render(view)
	if err != nil {
		s.log.Error("error page could not be rendered", "err", err)
		http.Error(w, p.Title, p.Status)
		return
	}
	s.write(w, p.Status, "text/html; charset=utf-8", html)
}
