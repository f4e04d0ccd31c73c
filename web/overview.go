package web

import (
	"fmt"
	"net/http"
	"strings"

	"watcher/policy"
	"watcher/storage"
)

// recentOnOverview is how many changes the front page lists; recentRead is how
// far back it looks for the last change of each policy.
const (
	recentOnOverview = 12
	recentRead       = 1000
)

// overviewView is the front page.
type overviewView struct {
	Shell     shell
	Attention []attention
	Rows      []policyRow
	// Retired lists policies that left the configuration.
	Retired []policyRow
	Recent  []changeRow
	// Counts is one line of totals; FirstRun explains a store that has no
	// check yet.
	Counts, FirstRun string
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
	Checked, Changed  moment
	Grade             badge
	ChangeURL         string
	Versions          int
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
	states, err := s.opt.Store.States(ctx)
	if err != nil {
		return view, fmt.Errorf("read policies: %w", err)
	}
	recent, err := s.opt.Store.Recent(ctx, storage.RecentQuery{Limit: recentRead})
	if err != nil {
		return view, fmt.Errorf("read changes: %w", err)
	}
	stats, err := s.opt.Store.Stats(ctx)
	if err != nil {
		return view, fmt.Errorf("read stats: %w", err)
	}
	s.fillRows(&view, states, newestByPolicy(recent), c)
	view.Attention = append(s.systemAttention(stats), s.policyAttention(states, c)...)
	view.Recent = s.changeRows(recent[:min(recentOnOverview, len(recent))], states, c)
	view.Counts = countsLine(len(view.Rows), stats)
	view.FirstRun = firstRun(states, c)
	return view, nil
}

// newestByPolicy keeps the first of each policy in a list that is newest first.
func newestByPolicy(recent []policy.Version) map[policy.ID]policy.Version {
	newest := map[policy.ID]policy.Version{}
	for _, v := range recent {
		if _, ok := newest[v.Policy]; !ok {
			newest[v.Policy] = v
		}
	}
	return newest
}

// disabled returns the policies that the configuration switches off.
func (s *server) disabled() map[policy.ID]bool {
	off := map[policy.ID]bool{}
	for _, p := range s.opt.Policies() {
		off[p.ID] = p.Disabled
	}
	return off
}

func (s *server) fillRows(view *overviewView, states []policy.State, newest map[policy.ID]policy.Version, c calendar) {
	off := s.disabled()
	for _, st := range states {
		row := policyRow{
			Vendor: st.Vendor.Name, Kind: kindName(st.Kind, st.Lang), URL: s.urls.policy(st.ID), Tags: st.Vendor.Tags,
			Status: statusOf(st, off[st.ID], c), Checked: c.at(st.LastCheck), Changed: c.at(st.LastChange),
			Versions: st.Versions,
		}
		if v, ok := newest[st.ID]; ok {
			row.Changed, row.Grade, row.ChangeURL = c.at(v.FirstSeenAt), gradeBadge(v.Significance), s.urls.change(st.ID, v.Number)
		}
		if st.Retired {
			view.Retired = append(view.Retired, row)
			continue
		}
		view.Rows = append(view.Rows, row)
	}
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
		switch now.Tone {
		case "bad":
			bad = append(bad, item)
		case "warn":
			warn = append(warn, item)
		}
	}
	return append(bad, warn...)
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
