package web

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"watcher/diffing"
	"watcher/policy"
	"watcher/storage"
)

// changeView is the page of one change.
type changeView struct {
	Shell        shell
	ID           string
	Address      foreign
	Permalink    string
	Vendor, Kind string
	PolicyURL    string
	From, To     sideView
	Grade        badge
	What         string
	Summary      string
	Machine      *policy.MachineSummary
	Categories   []string
	Facts        []string
	DatesFrom    []dateView
	DatesTo      []dateView
	Counts       []string
	Order, View  []filter
	InText       bool
	Groups       []editGroup
	Links        []linkView
	Empty        bool
	Alerts       []alertRow
	// Recorded says that the change is on record, and not worked out for this
	// page; Earlier and Later are its neighbours.
	Recorded       bool
	Earlier, Later string
	Compare        compareForm
}

// pageAddress is where a change is shown: the path, and the query without what
// chooses the layout.
type pageAddress struct {
	path  string
	query url.Values
}

// sideView is one side of a change.
type sideView struct {
	Number int
	URL    string
	Seen   moment
	SHA256 string
	Short  string
}

// editGroup holds the edits of one grade, or of one section.
type editGroup struct {
	ID string
	// Heading names a section, Grade a grade: one of them is set.
	Heading string
	Grade   badge
	Count   string
	Edits   []editView
}

// editView is one edit. Spans is its redline; FromSection is set when it stood
// elsewhere before.
type editView struct {
	Anchor      string
	Op, OpClass string
	Section     string
	FromSection string
	// FromURL leads to the place that a moved text left. There Stub is set, and
	// GoesTo leads back.
	FromURL               string
	Stub                  bool
	GoesTo, GoesToSection string
	moved                 bool
	// Side shows the two sides of the edit beside each other.
	Side       bool
	Spans      []spanView
	Categories []string
	Reasons    []string
	Note       string
	Heading    bool
}

// spanView is a run of words: Ins and Del say what happened to it.
type spanView struct {
	Text     string
	Ins, Del bool
	// Gap keeps an insertion apart from what it replaces, for those who copy both.
	Gap bool
}

// linkView is a hyperlink that points elsewhere now.
type linkView struct {
	Section, Text string
	Old, New      foreign
}

func (s *server) changePage(r *http.Request) (changeView, error) {
	id, n, err := pathVersion(r)
	if err != nil {
		return changeView{}, err
	}
	version, err := s.opt.Store.Version(r.Context(), id, n)
	if err != nil {
		return changeView{}, fmt.Errorf("version %d of %s: %w", n, id, err)
	}
	change, err := s.opt.Store.Change(r.Context(), id, n)
	if err != nil {
		return changeView{}, fmt.Errorf("change to version %d of %s: %w", n, id, err)
	}
	view, err := s.changeOf(r, version, change, pageAddress{path: s.urls.change(id, n)})
	if err != nil {
		return view, err
	}
	view.Recorded = true
	return view, s.around(r.Context(), &view, version)
}

// changeOf shows what lies between two versions.
func (s *server) changeOf(r *http.Request, version policy.Version, change policy.Change, at pageAddress) (changeView, error) {
	id := version.Policy
	st, err := s.opt.Store.State(r.Context(), id)
	if err != nil {
		return changeView{}, fmt.Errorf("policy %s: %w", id, err)
	}
	versions, err := s.opt.Store.Versions(r.Context(), id)
	if err != nil {
		return changeView{}, fmt.Errorf("versions of %s: %w", id, err)
	}
	c, layout := s.calendar(), parseReading(r.URL.Query())
	view := changeView{
		Shell: s.shell(fmt.Sprintf("Change from version %d to %d, %s, %s", change.From.Version, change.To.Version, st.Vendor.Name, kindName(st.Kind, st.Lang)), "", c),
		ID:    string(id), Address: foreignURL(st.URL), Permalink: s.absolute(at.path + reading{}.query(at.query)),
		Vendor: st.Vendor.Name, Kind: kindName(st.Kind, st.Lang), PolicyURL: s.urls.policy(id),
		From: s.side(id, change.From, c), To: s.side(id, change.To, c), What: "Compared for this page",
		Grade: gradeBadge(change.Significance), Summary: change.Summary, Categories: categoryNames(change.Categories),
		Machine: change.Machine, DatesFrom: dateViews(change.Dates.From), DatesTo: dateViews(change.Dates.To),
		Counts: wordCounts(change.Words), Links: linkViews(change.Links), Empty: change.Empty(), InText: layout.text,
		Groups:  layout.arrange(change.Edits, at.path+reading{side: layout.side, text: true}.query(at.query)),
		Compare: s.compareForm(id, versions, change.From.Version, change.To.Version, c),
	}
	if at.query == nil {
		view.What = versionKindName(version.Kind)
	}
	view.Order, view.View = layout.layouts(at.path, at.query)
	for _, f := range change.Dates.Facts {
		view.Facts = append(view.Facts, factText(f))
	}
	return view, nil
}

// around adds what stands beside a change on record: its neighbours, and the
// alerts that it caused.
func (s *server) around(ctx context.Context, view *changeView, version policy.Version) error {
	versions, err := s.opt.Store.Versions(ctx, version.Policy)
	if err != nil {
		return fmt.Errorf("versions of %s: %w", version.Policy, err)
	}
	passed := false
	for _, v := range versions {
		switch {
		case v.Number == version.Number:
			passed = true
		case v.From == 0:
		case !passed:
			view.Earlier = s.urls.change(v.Policy, v.Number)
		case view.Later == "":
			view.Later = s.urls.change(v.Policy, v.Number)
		}
	}
	alerts, err := s.opt.Store.Alerts(ctx, storage.AlertQuery{Policy: version.Policy})
	if err != nil {
		return fmt.Errorf("alerts of %s: %w", version.Policy, err)
	}
	c := s.calendar()
	for _, a := range alerts {
		if a.Event.From != nil && a.Event.To != nil && a.Event.To.Version == version.Number && len(view.Alerts) < alertsOfChange {
			view.Alerts = append(view.Alerts, s.alertRow(a, c))
		}
	}
	return nil
}

// alertsOfChange bounds the alerts that a change lists.
const alertsOfChange = 50

func (s *server) side(id policy.ID, ref policy.VersionRef, c calendar) sideView {
	view := sideView{
		Number: ref.Version, Seen: c.at(ref.FirstSeenAt), SHA256: ref.SHA256.String(), Short: short(ref.SHA256),
	}
	if ref.Version > 0 {
		view.URL = s.urls.version(id, ref.Version)
	}
	return view
}

func wordCounts(w policy.WordCounts) []string {
	return []string{
		count(w.Added, "word") + " added", count(w.Removed, "word") + " removed", count(w.Moved, "word") + " moved",
	}
}

// groupEdits puts the edits that matter most first. Inside a group the order
// of the document stays.
func groupEdits(edits []policy.Edit) []editGroup {
	var groups []editGroup
	grades := policy.Significances()
	for i, grade := range slices.Backward(grades) {
		group := editGroup{ID: "grade-" + string(grade), Grade: gradeBadge(grade)}
		for n, e := range edits {
			if e.Significance.Rank() == i {
				group.Edits = append(group.Edits, viewEdit(e, n))
			}
		}
		if len(group.Edits) > 0 {
			group.Count = count(len(group.Edits), "edit")
			groups = append(groups, group)
		}
	}
	return groups
}

var anchorPattern = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// viewEdit shows edit number n of a change. Its id makes the permalink; one
// that is not fit for a fragment is replaced by the number.
func viewEdit(e policy.Edit, n int) editView {
	view := editView{
		Anchor: "edit-" + e.ID, Op: opName(e.Op), OpClass: opClass(e.Op), Section: e.Section, Spans: spansOf(e),
		Categories: categoryNames(e.Categories), Reasons: e.Reasons, Heading: e.Heading,
	}
	if !anchorPattern.MatchString(e.ID) {
		view.Anchor = fmt.Sprintf("edit-n%d", n+1)
	}
	if e.FromSection != e.Section {
		view.FromSection = e.FromSection
	}
	switch e.Op {
	case policy.Moved:
		view.moved = true
		view.Note = "The same words stand in another place."
		if e.Old != e.New {
			view.Note = "Moved to another place and reworded."
		}
	case policy.Renumbered:
		view.Note = "Only the numbering changed."
	case policy.Added, policy.Removed, policy.Reworded:
	}
	return view
}

// opClass maps the operation to a class name; unknown ones have none.
func opClass(op policy.EditOp) string {
	switch op {
	case policy.Added, policy.Removed, policy.Reworded, policy.Moved, policy.Renumbered:
		return string(op)
	}
	return ""
}

// pairsOf shows a run of renumbered lines one below the other.
func pairsOf(old, now []string) []spanView {
	var spans []spanView
	for i := range old {
		if i > 0 {
			spans = append(spans, spanView{Text: "\n"})
		}
		spans = append(spans, spanView{Text: old[i], Del: true}, spanView{Text: " "}, spanView{Text: now[i], Ins: true})
	}
	return spans
}

// spansOf returns the redline of an edit: as stored, or made of the whole
// units when none is stored.
func spansOf(e policy.Edit) []spanView {
	if len(e.Redline) > 0 {
		spans := make([]spanView, 0, len(e.Redline))
		for _, sp := range diffing.Unpadded(e.Redline) {
			span := spanView{Text: sp.Text, Ins: sp.Op == policy.SpanInsert, Del: sp.Op == policy.SpanDelete}
			span.Gap = span.Ins && len(spans) > 0 && spans[len(spans)-1].Del
			spans = append(spans, span)
		}
		return spans
	}
	if e.Old == e.New {
		return []spanView{{Text: e.New}}
	}
	old, now := strings.Split(e.Old, "\n"), strings.Split(e.New, "\n")
	if e.Op == policy.Renumbered && len(old) == len(now) {
		return pairsOf(old, now)
	}
	var spans []spanView
	if e.Old != "" {
		spans = append(spans, spanView{Text: e.Old, Del: true})
	}
	if e.Old != "" && e.New != "" {
		spans = append(spans, spanView{Text: "\n"})
	}
	if e.New != "" {
		spans = append(spans, spanView{Text: e.New, Ins: true})
	}
	return spans
}

func linkViews(links []policy.LinkEdit) []linkView {
	views := make([]linkView, 0, len(links))
	for _, l := range links {
		views = append(views, linkView{
			Section: l.Section, Text: strings.TrimSpace(l.Text), Old: foreignURL(l.Old), New: foreignURL(l.New),
		})
	}
	return views
}
