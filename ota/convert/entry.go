package convert

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"watcher/config"
	"watcher/normalize"
	"watcher/ota"
	"watcher/policy"
)

// entry is a document on its way into the configuration.
type entry struct {
	Entry
	vendor vendor
	kind   policy.Kind
	// pages are those that are taken; the first is the policy's url, the others
	// its combine.
	pages []ota.Page
	// names are those under which the pages' snapshots are kept.
	names          []string
	source         policy.Source
	sel, remove    []policy.Selector
	older, archive []string
}

func newEntry(v vendor, s ota.Service, d ota.Document, older []string, taken map[policy.Kind]bool) *entry {
	e := &entry{Entry: Entry{Service: clean(s.ID), Type: clean(d.Type)}, vendor: v, older: older}
	if d.Err != nil {
		e.Refused = clean(d.Err.Error())
		return e
	}
	if e.kind, _ = ota.Kind(d.Type); e.kind == "" {
		e.kind = "document"
	}
	for stem, n := e.kind, 2; taken[e.kind]; n++ {
		e.kind = stem + policy.Kind("-"+strconv.Itoa(n))
	}
	name := s.ID + "/" + d.Type
	for _, p := range d.Pages {
		if len(d.Pages) > 1 {
			name = ota.PageName(s.ID+"/"+d.Type, p.URL)
		}
		e.names = append(e.names, name)
	}
	// The snapshots of several pages are no history of one: each has its own.
	if len(d.Pages) == 1 {
		e.archive = e.names
	} else {
		e.older = nil
	}
	e.take(d.Pages)
	for _, key := range d.Unknown {
		e.lose("%q is a key without meaning here", key)
	}
	return e
}

// take takes pages and what they ask for together.
func (e *entry) take(pages []ota.Page) {
	e.pages, e.source, e.sel, e.remove = pages, "", nil, nil
	for _, p := range pages {
		e.sel, e.remove = union(e.sel, p.Select), union(e.remove, p.Remove)
		if p.Scripts != nil && *p.Scripts {
			e.source = policy.SourceBrowser
		}
	}
}

func union(a, b []policy.Selector) []policy.Selector {
	for _, s := range b {
		if !slices.Contains(a, s) {
			a = append(a, s)
		}
	}
	return a
}

// lose notes what could not be expressed, each thing once.
func (e *entry) lose(format string, args ...any) {
	if what := clean(fmt.Sprintf(format, args...)); !slices.Contains(e.Lost, what) {
		e.Lost = append(e.Lost, what)
	}
}

// maxRounds bounds how often an entry is read again with less in it.
const maxRounds = 10

// verify reads the entry by the rules of the configuration, and leaves out what
// they refuse until there is nothing to refuse; what cannot be left out refuses
// the entry.
func (e *entry) verify() {
	for range maxRounds {
		src, err := render([]*yaml.Node{e.vendor.node([]*yaml.Node{e.node(false)})}, "")
		if err != nil {
			e.Refused = clean(err.Error())
			return
		}
		cfg, err := config.Parse("entry", src, ".")
		if err == nil {
			e.accept(cfg.Policies[0])
			return
		}
		bad, ok := errors.AsType[*config.Error](err)
		if !ok {
			e.Refused = clean(err.Error())
			return
		}
		if e.leaveOut(bad.Problems); e.Refused != "" {
			return
		}
	}
	e.Refused = "too much of it is refused"
}

// accept takes the id, and says what is not expressed though nothing was
// refused.
func (e *entry) accept(p policy.Policy) {
	if _, err := normalize.New(normalize.Rules{Select: p.Select, Remove: p.Remove}); err != nil {
		e.Refused = clean(err.Error())
		return
	}
	e.ID = p.ID
	e.loseFilters()
	for _, page := range e.pages[1:] {
		if !slices.Equal(page.Select, e.pages[0].Select) || !slices.Equal(page.Remove, e.pages[0].Remove) {
			e.lose("its pages have selectors of their own: all of them apply to every page")
			return
		}
	}
}

// place is where in the entry a problem lies.
var place = regexp.MustCompile(`^vendors\[0\]\.policies\[0\]\.([a-z_]+)(?:\[(\d+)\])?`)

// leaveOut takes out of the entry what the problems name.
func (e *entry) leaveOut(problems []config.Problem) {
	drop := map[string]map[int]bool{}
	for _, p := range problems {
		why := clean(p.Message)
		m := place.FindStringSubmatch(p.Path)
		if m == nil || !slices.Contains([]string{"select", "remove", "source", "combine", "archive_urls", "ota"}, m[1]) {
			e.Refused = clean(strings.TrimPrefix(p.Path, "vendors[0].policies[0].") + ": " + p.Message)
			return
		}
		if drop[m[1]] == nil {
			drop[m[1]] = map[int]bool{}
		}
		i, err := strconv.Atoi(m[2])
		if err != nil {
			i = -1 // the key as a whole
		}
		if !drop[m[1]][i] {
			e.lose("%s", e.loss(m[1], i, why))
		}
		drop[m[1]][i] = true
	}
	e.drop(drop)
}

// loss says in words what is left out.
func (e *entry) loss(key string, i int, why string) string {
	switch {
	case key == "source":
		return "its scripts would have to run (executeClientScripts): " + why
	case key == "combine":
		return fmt.Sprintf("it is made of %d pages, of which only the first is watched: %s", len(e.pages), why)
	case key == "select" && i >= 0 && i < len(e.sel):
		return fmt.Sprintf("select %s: %s", e.sel[i], why)
	case key == "remove" && i >= 0 && i < len(e.remove):
		return fmt.Sprintf("remove %s: %s", e.remove[i], why)
	}
	return key + ": " + why
}

func (e *entry) drop(drop map[string]map[int]bool) {
	if drop["combine"] != nil {
		e.take(e.pages[:1])
		e.archive = e.names[:1]
		return // the places of the others are those of all pages
	}
	if drop["source"] != nil {
		e.source = ""
		for i := range e.pages {
			e.pages[i].Scripts = nil
		}
	}
	for key, list := range map[string]*[]policy.Selector{"select": &e.sel, "remove": &e.remove} {
		if drop[key][-1] {
			*list = nil
		}
		e.forget(key, *list, drop[key])
		*list = without(*list, drop[key])
	}
	for key, list := range map[string]*[]string{"archive_urls": &e.older, "ota": &e.archive} {
		if drop[key][-1] {
			*list = nil
		}
		*list = without(*list, drop[key])
	}
}

// forget takes selectors that are left out away from the pages, too.
func (e *entry) forget(key string, list []policy.Selector, drop map[int]bool) {
	for i := range drop {
		if i < 0 || i >= len(list) {
			continue
		}
		gone := func(s policy.Selector) bool { return s == list[i] }
		for k := range e.pages {
			if p := &e.pages[k]; key == "select" {
				p.Select = slices.DeleteFunc(slices.Clone(p.Select), gone)
			} else {
				p.Remove = slices.DeleteFunc(slices.Clone(p.Remove), gone)
			}
		}
	}
}

// loseFilters says which filters have no counterpart.
func (e *entry) loseFilters() {
	for _, p := range e.pages {
		for _, f := range p.Filters {
			switch f.Name {
			case "convertSpacesToStandard": // the normaliser always does
			case "removeQueryParams":
				if own := foreign(f.Params); len(own) > 0 {
					e.lose("filter removeQueryParams: links keep %s", strings.Join(own, ", "))
				}
			default:
				e.lose("filter %s is a script, and is not run", f.Name)
			}
		}
	}
}

// foreign returns the parameters of links that the normaliser keeps.
func foreign(params []string) []string {
	var out []string
	for _, p := range params {
		if !normalize.TrackingParameter(p) {
			out = append(out, p)
		}
	}
	return out
}

// node returns the entry as YAML.
func (e *entry) node(comments bool) *yaml.Node {
	n := mapping()
	put(n, "kind", text(string(e.kind)))
	put(n, "url", text(e.pages[0].URL))
	if e.source != "" {
		put(n, "source", text(string(e.source)))
	}
	var more []string
	for _, p := range e.pages[1:] {
		more = append(more, p.URL)
	}
	putTexts(n, "combine", more)
	putSelectors(n, "select", e.sel)
	putSelectors(n, "remove", e.remove)
	putTexts(n, "archive_urls", e.archiveURLs())
	putTexts(n, "ota", e.archive)
	if comments && len(e.Lost) > 0 {
		n.HeadComment = "not imported: " + strings.Join(e.Lost, "\nnot imported: ")
	}
	return n
}

// archiveURLs are the earlier addresses, but for those that it still has.
func (e *entry) archiveURLs() []string {
	return slices.DeleteFunc(slices.Clone(e.older), func(u string) bool {
		return slices.ContainsFunc(e.pages, func(p ota.Page) bool { return p.URL == u })
	})
}

func putSelectors(n *yaml.Node, key string, list []policy.Selector) {
	if len(list) == 0 {
		return
	}
	items := &yaml.Node{Kind: yaml.SequenceNode}
	for _, s := range list {
		if !s.IsRange() {
			items.Content = append(items.Content, text(s.CSS))
			continue
		}
		r := mapping()
		r.Style = yaml.FlowStyle
		for _, end := range []struct{ key, css string }{
			{"start_before", s.StartBefore}, {"start_after", s.StartAfter}, {"end_before", s.EndBefore}, {"end_after", s.EndAfter},
		} {
			if end.css != "" {
				put(r, end.key, text(end.css))
			}
		}
		items.Content = append(items.Content, r)
	}
	put(n, key, items)
}
