package web

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"watcher/policy"
	"watcher/storage"
)

// recentOnOverview is how many changes the front page lists, attentionOnPage how
// many things that need a person.
const (
	recentOnOverview = 12
	attentionOnPage  = 12
)

// overviewView is the front page.
type overviewView struct {
	Shell     shell
	Attention []attention
	// MoreAttention leads to what Attention has no room for.
	MoreAttention, MoreText string
	Listing                 listing
	Choices                 choices
	Rows                    []policyRow
	Pager                   pager
	Found                   string
	// Retired counts the policies that left the configuration.
	Retired    int
	RetiredURL string
	Recent     []changeRow
	// Counts is one line of totals; FirstRun explains a store that has no
	// check yet. Any says that there is a policy at all.
	Counts, FirstRun string
	Any              bool
	// Events is where the script listens for changes, "" for nowhere.
	Events string
}

// attention is a line of the strip of things that need a person.
type attention struct {
	Status status
	Title  string
	Detail string
	URL    string
}

// policyRow is a policy in the table.
type policyRow struct {
	Vendor, Kind, URL string
	Tags              []string
	Status            status
	Confirmed         moment
	Changed           moment
	Grade             badge
	ChangeURL         string
	Strip             stripView
}

// changeRow is a change in a list.
type changeRow struct {
	Vendor, Kind string
	URL          string
	Seen         moment
	Grade        badge
	What         string
	Summary      string
}

func (s *server) overview(r *http.Request) (overviewView, error) {
	ctx := r.Context()
	c := s.calendar()
	view := overviewView{Shell: s.shell("Overview", "overview", c)}
	var err error
	if view.Listing, err = parseListing(r.URL.Query()); err != nil {
		return view, err
	}
	states, err := s.states(ctx)
	if err != nil {
		return view, err
	}
	recent, err := s.opt.Store.Recent(ctx, storage.RecentQuery{Limit: recentOnOverview})
	if err != nil {
		return view, fmt.Errorf("read changes: %w", err)
	}
	stats, err := s.opt.Store.Stats(ctx)
	if err != nil {
		return view, fmt.Errorf("read stats: %w", err)
	}
	if err := s.fillRows(ctx, &view, states, c); err != nil {
		return view, err
	}
	view.attend(append(s.systemAttention(stats), s.policyAttention(states, c)...), s.urls)
	view.Recent = s.changeRows(recent, states, c)
	view.Counts = countsLine(len(states)-view.Retired, stats)
	view.FirstRun = firstRun(states, c)
	if s.opt.Events != nil {
		view.Events = s.urls.base + "/api/v1/events"
	}
	return view, nil
}

// attend puts what needs a person on top, as far as there is room.
func (v *overviewView) attend(list []attention, urls urlSpace) {
	v.Attention = list[:min(len(list), attentionOnPage)]
	if more := len(list) - len(v.Attention); more > 0 {
		v.MoreAttention, v.MoreText = urls.home()+"?status="+needsPerson, fmt.Sprintf("%d more", more)
	}
}

// disabled returns the policies that the configuration switches off.
func (s *server) disabled() map[policy.ID]bool {
	off := map[policy.ID]bool{}
	for _, p := range s.opt.Policies() {
		off[p.ID] = p.Disabled
	}
	return off
}

// fillRows lists the policies that the URL asks for.
func (s *server) fillRows(ctx context.Context, view *overviewView, states []policy.State, c calendar) error {
	off := s.disabled()
	var chosen []policy.State
	for _, st := range states {
		if st.Retired {
			view.Retired++
		}
		if view.Listing.holds(st, statusOf(st, off[st.ID], c)) {
			chosen = append(chosen, st)
		}
	}
	view.Any, view.RetiredURL = len(states) > view.Retired, s.urls.home()+"?status=retired"
	view.Choices = view.Listing.choices(states)
	if view.Listing.active() {
		view.Found = fmt.Sprintf("%d found.", len(chosen))
	}
	chosen, view.Pager = pageOf(chosen, view.Listing.page, func(n int) string { return s.urls.home() + view.Listing.at(n) })
	for _, st := range chosen {
		changes, err := s.marks(ctx, st)
		if err != nil {
			return err
		}
		view.Rows = append(view.Rows, s.policyRow(st, changes, off[st.ID], c))
	}
	return nil
}

func (s *server) policyRow(st policy.State, changes []mark, off bool, c calendar) policyRow {
	row := policyRow{
		Vendor: st.Vendor.Name, Kind: kindName(st.Kind, st.Lang), URL: s.urls.policy(st.ID), Tags: st.Vendor.Tags,
		Status: statusOf(st, off, c), Confirmed: c.at(st.LastSuccess), Changed: c.at(st.LastChange),
		Strip: c.yearStrip(st, changes),
	}
	if len(changes) > 0 {
		last := changes[len(changes)-1]
		row.Changed, row.Grade, row.ChangeURL = c.at(last.seen), gradeBadge(last.grade), s.urls.change(st.ID, last.number)
	}
	return row
}

// systemAttention lists what is wrong with the program itself.
func (s *server) systemAttention(stats storage.Stats) []attention {
	var list []attention
	if state := s.opt.Ready(); !state.ConfigOK {
		list = append(list, attention{
			Status: status{Icon: iconBad, Tone: "bad", Word: "Configuration"},
			Title:  "The configuration file on disk is not valid; the one read before is still in force.",
			Detail: strings.Join(state.Detail, " "),
		})
	}
	for _, o := range stats.Outbox {
		if o.Dead > 0 {
			list = append(list, attention{
				Status: status{Icon: iconBad, Tone: "bad", Word: "Alerts"}, URL: s.urls.alerts() + "?state=dead",
				Title: count(o.Dead, "alert") + " for " + o.Receiver + " could not be delivered",
			})
		}
		if o.Parked > 0 {
			list = append(list, attention{
				Status: status{Icon: iconWarn, Tone: "warn", Word: "Alerts"}, URL: s.urls.alerts() + "?state=parked",
				Title: count(o.Parked, "alert") + " for " + o.Receiver + " parked",
			})
		}
	}
	return list
}

// policyAttention lists the policies that need a person, worst first.
func (s *server) policyAttention(states []policy.State, c calendar) []attention {
	var bad, warn []attention
	off := s.disabled()
	for _, st := range states {
		now := statusOf(st, off[st.ID], c)
		item := attention{
			Status: now, URL: s.urls.policy(st.ID), Detail: joinNonEmpty(" ", now.Why, now.Detail),
			Title: st.Vendor.Name + ", " + kindName(st.Kind, st.Lang),
		}
		if st.Waits() && s.opt.Held != nil && now.Tone == "warn" {
			item.URL = s.urls.held(st.ID)
		}
		for _, concern := range concerns(st) {
			warn = append(warn, attention{Status: concern, URL: item.URL, Title: item.Title, Detail: concern.Why})
		}
		switch now.Tone {
		case "bad":
			bad = append(bad, item)
		case "warn":
			warn = append(warn, item)
		}
	}
	return append(bad, warn...)
}

// concerns are what a person has to look at although the policy is watched.
func concerns(st policy.State) []status {
	var list []status
	if st.Retired {
		return nil
	}
	if st.Moved != nil && st.Moved.Told {
		list = append(list, status{Icon: iconWarn, Tone: "warn", Word: "Moved", Why: "The policy seems to be at " + st.Moved.To + " now."})
	}
	if st.DegradedTold {
		list = append(list, status{Icon: iconWarn, Tone: "warn", Word: "Degraded", Why: "The configured selectors match nothing; the text is found without them."})
	}
	if st.Noise.Noisy {
		list = append(list, status{Icon: iconWarn, Tone: "warn", Word: "Noisy", Why: "Small changes come so often that they are recorded only."})
	}
	return list
}

// changeRows lists versions that carry a change, under the names of their
// policies.
func (s *server) changeRows(versions []policy.Version, states []policy.State, c calendar) []changeRow {
	byID := map[policy.ID]policy.State{}
	for _, st := range states {
		byID[st.ID] = st
	}
	rows := make([]changeRow, 0, len(versions))
	for _, v := range versions {
		st := byID[v.Policy]
		rows = append(rows, changeRow{
			Vendor: st.Vendor.Name, Kind: kindName(st.Kind, st.Lang), URL: s.urls.change(v.Policy, v.Number),
			Seen: c.at(v.FirstSeenAt), Grade: gradeBadge(v.Significance), What: versionKindName(v.Kind), Summary: v.Summary,
		})
	}
	return rows
}

func countsLine(policies int, stats storage.Stats) string {
	noun := "policies"
	if policies == 1 {
		noun = "policy"
	}
	return fmt.Sprintf("%d %s, %s on record", policies, noun, count(stats.Versions, "version"))
}

// firstRun explains what happens next while no policy was ever checked.
func firstRun(states []policy.State, c calendar) string {
	var next policy.State
	for _, st := range states {
		if !st.LastCheck.IsZero() {
			return ""
		}
		if !st.Retired && (next.NextCheck.IsZero() || st.NextCheck.Before(next.NextCheck)) {
			next = st
		}
	}
	if len(states) == 0 {
		return ""
	}
	return firstCheck(next, c) + " The first text of each policy is the baseline: it is stored and raises no alert."
}
