package web

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"watcher/policy"
	"watcher/storage"
	"watcher/triage"
)

// checksOnPage is how many checks the page of a policy lists, runsRead how many
// runs of them it reads for the picture of a year.
const (
	checksOnPage = 15
	runsRead     = 1500
)

// policyView is the page of one policy.
type policyView struct {
	Shell        shell
	ID           string
	Vendor, Kind string
	Tags         []string
	Address      foreign
	MovedTo      *foreign
	Status       status
	Checked      moment
	Next         moment
	Added        moment
	Current      currentView
	Strip        stripView
	Coverage     stripView
	Frequency    *chartView
	Timeline     []versionRow
	Pager        pager
	Compare      compareForm
	Rules        []ruleRow
	Concerns     []status
	Checks       []checkRow
	Explained    explainedView
	Acting       acting
	CheckURL     string
	HeldURL      string
	Notice       string
	Feed         string
}

// explainedView says why the last check ended as it did, and what was left out
// of the page of the text in force.
type explainedView struct {
	Why, ForAlert, Evidence string
	Normalizer              string
	Dropped                 []policy.Drop
}

// currentView is the text in force.
type currentView struct {
	Number int
	URL    string
	Words  int
	SHA256 string
	Dates  []dateView
	Text   textView
	// Problem says why the text cannot be read, "" when it can.
	Problem string
	// normalizer and dropped are how the text was made.
	normalizer string
	dropped    []policy.Drop
}

// versionRow is an entry of the timeline.
type versionRow struct {
	Number               int
	Kind                 string
	Head                 bool
	Seen, LastSeen       moment
	Claimed              string
	Grade                badge
	Summary              string
	EqualTo              int
	Words                int
	VersionURL           string
	ChangeURL, ChangeWhy string
}

// checkRow is an entry of the coverage ledger.
type checkRow struct {
	At                      moment
	Outcome                 status
	Why, Source, Took, Code string
}

func (s *server) policyPage(r *http.Request) (policyView, error) {
	id, err := pathID(r)
	if err != nil {
		return policyView{}, err
	}
	page, err := intParam(r.URL.Query(), "page", 1, 1, maxPage)
	if err != nil {
		return policyView{}, err
	}
	ctx := r.Context()
	st, err := s.opt.Store.State(ctx, id)
	if err != nil {
		return policyView{}, fmt.Errorf("policy %s: %w", id, err)
	}
	versions, err := s.opt.Store.Versions(ctx, id)
	if err != nil {
		return policyView{}, fmt.Errorf("versions of %s: %w", id, err)
	}
	c := s.calendar()
	checks, err := s.opt.Store.Checks(ctx, id, storage.CheckQuery{Limit: checksOnPage})
	if err != nil {
		return policyView{}, fmt.Errorf("checks of %s: %w", id, err)
	}
	ledger, err := s.opt.Store.Runs(ctx, id, storage.RunQuery{Since: c.yearAgo(), Limit: runsRead})
	if err != nil {
		return policyView{}, fmt.Errorf("ledger of %s: %w", id, err)
	}
	current := s.current(ctx, st)
	view := policyView{
		Shell: s.shell(st.Vendor.Name+", "+kindName(st.Kind, st.Lang), "", c),
		ID:    string(id), Vendor: st.Vendor.Name, Kind: kindName(st.Kind, st.Lang), Tags: st.Vendor.Tags,
		Address: foreignURL(st.URL), MovedTo: movedTo(st), Status: statusOf(st, s.disabled()[id], c),
		Checked: c.at(st.LastCheck), Next: c.at(st.NextCheck), Added: c.at(st.Added),
		Current: current, Strip: c.yearStrip(st, marksOf(versions)), Coverage: c.coverageStrip(ledger), Frequency: c.frequency(versions),
		Checks: checkRows(checks, c), Explained: explained(checks, current),
		Rules: s.rulesOf(st), Concerns: concerns(st), Acting: s.acting(r), Notice: notice(r.URL.Query().Get("done")), Feed: s.urls.policyFeed(id),
	}
	view.Shell.Feeds = append(view.Shell.Feeds, feedLink{"Changes of this policy", view.Feed})
	if len(versions) > 1 {
		view.Compare = s.compareForm(id, versions, 0, st.Head, c)
	}
	if s.opt.Actions != nil && !st.Retired {
		view.CheckURL = s.urls.check(id)
	}
	if s.opt.Held != nil && st.Waits() {
		view.HeldURL = s.urls.held(id)
	}
	versions = slices.Clone(versions)
	slices.Reverse(versions)
	versions, view.Pager = pageOf(versions, page, func(n int) string { return fmt.Sprintf("%s?page=%d#timeline", s.urls.policy(id), n) })
	view.Timeline = s.timeline(ctx, st, versions, c)
	return view, nil
}

// movedTo returns where a policy is said to be now, nil while it was not told.
func movedTo(st policy.State) *foreign {
	if st.Moved == nil || !st.Moved.Told {
		return nil
	}
	f := foreignURL(st.Moved.To)
	return &f
}

// explained says of the newest check what "watcher explain" says.
func explained(checks []policy.Check, current currentView) explainedView {
	view := explainedView{Normalizer: current.normalizer, Dropped: current.dropped}
	if len(checks) > 0 {
		view.Why, view.ForAlert = triage.ExplainCheck(checks[0])
		view.Evidence = checks[0].Detail
	}
	return view
}

// current reads the text in force. A text that cannot be read is said so on
// the page: the rest of the page is the way to find out more.
func (s *server) current(ctx context.Context, st policy.State) currentView {
	if st.Head == 0 {
		return currentView{}
	}
	view := currentView{
		Number: st.Head, URL: s.urls.version(st.ID, st.Head), Words: st.HeadWords, SHA256: st.HeadSHA256.String(),
	}
	doc, err := s.opt.Store.Document(ctx, st.ID, st.Head)
	if err != nil {
		s.log.Error("current text cannot be read", "policy", st.ID, "version", st.Head, "err", err)
		view.Problem = err.Error()
		return view
	}
	view.Dates, view.normalizer, view.dropped = dateViews(doc.Dates), doc.Normalizer, doc.Dropped
	view.Text = viewText(doc)
	return view
}

// timeline lists versions in the order given, with what each claims of its date.
func (s *server) timeline(ctx context.Context, st policy.State, versions []policy.Version, c calendar) []versionRow {
	rows := make([]versionRow, 0, len(versions))
	for _, v := range versions {
		row := versionRow{
			Number: v.Number, Kind: versionKindName(v.Kind), Head: v.Number == st.Head,
			Seen: c.at(v.FirstSeenAt), LastSeen: c.at(v.LastSeenAt), Grade: gradeBadge(v.Significance),
			Summary: v.Summary, EqualTo: v.EqualTo, Words: v.Words, VersionURL: s.urls.version(v.Policy, v.Number),
		}
		if v.From > 0 {
			row.ChangeURL = s.urls.change(v.Policy, v.Number)
			row.ChangeWhy = fmt.Sprintf("What changed since version %d", v.From)
			if change, err := s.opt.Store.Change(ctx, v.Policy, v.Number); err == nil {
				row.Claimed = claimed(change.Dates.To)
			}
		} else if doc, err := s.opt.Store.Document(ctx, v.Policy, v.Number); err == nil {
			row.Claimed = claimed(doc.Dates)
		}
		rows = append(rows, row)
	}
	return rows
}

// claimed says the dates that a text claims in one line.
func claimed(dates []policy.Date) string {
	var words []string
	for _, d := range dateViews(dates) {
		if d.Value != "" {
			words = append(words, strings.ToLower(d.Kind)+" "+joinNonEmpty(" ", d.Value, parenthesized(d.Note)))
		}
	}
	return strings.Join(words, ", ")
}

func parenthesized(s string) string {
	if s == "" {
		return ""
	}
	return "(" + s + ")"
}

func checkRows(checks []policy.Check, c calendar) []checkRow {
	rows := make([]checkRow, 0, len(checks))
	for _, ck := range checks {
		row := checkRow{
			At: c.at(ck.At), Outcome: outcomeView(ck.Outcome), Why: checkReason(ck),
			Source: plain(string(ck.Source)), Took: took(ck.Duration),
		}
		if ck.Status > 0 {
			row.Code = fmt.Sprintf("HTTP %d", ck.Status)
		}
		rows = append(rows, row)
	}
	return rows
}

// checkReason says why a check ended as it did: the error, else the rule with
// its evidence, else the version that it brought.
func checkReason(ck policy.Check) string {
	switch {
	case ck.Error != "":
		return ck.Error
	case ck.Rule != "" && ck.Detail != "":
		return plain(ck.Rule) + ": " + ck.Detail
	case ck.Rule != "":
		return plain(ck.Rule)
	case ck.Detail != "":
		return ck.Detail
	case ck.Version > 0 && ck.Outcome != policy.OutcomeUnchanged && ck.Outcome != policy.OutcomeNotModified:
		return fmt.Sprintf("Version %d", ck.Version)
	}
	return ""
}
