package web

import (
	"fmt"
	"strings"

	"watcher/policy"
)

// ruleRow is a setting that says where a policy's text comes from.
type ruleRow struct {
	Name   string
	Values []string
}

// rulesOf lists what the configuration says of a policy, without headers and
// proxies, which may hold credentials.
func (s *server) rulesOf(st policy.State) []ruleRow {
	for _, p := range s.opt.Policies() {
		if p.ID == st.ID {
			return rulesOfPolicy(p)
		}
	}
	return nil
}

func rulesOfPolicy(p policy.Policy) []ruleRow {
	rows := []ruleRow{{"Source", []string{plain(string(p.Source))}}}
	add := func(name string, values ...string) {
		var kept []string
		for _, v := range values {
			if v != "" {
				kept = append(kept, v)
			}
		}
		if len(kept) > 0 {
			rows = append(rows, ruleRow{name, kept})
		}
	}
	if p.Interval > 0 {
		add("Checked every", strings.TrimSuffix(strings.TrimSuffix(p.Interval.String(), "0s"), "0m"))
	}
	add("Text selected by", selectors(p.Select)...)
	add("Left out", selectors(p.Remove)...)
	add("Must contain one of", p.Anchors...)
	add("Further hosts", p.Hosts...)
	add("Joined with", p.Combine...)
	add("Followed link", p.Follow)
	add("Older addresses", p.ArchiveURLs...)
	if p.MinWords > 0 {
		add("At least", count(p.MinWords, "word"))
	}
	if p.IgnoreRobots {
		add("robots.txt", "not heeded")
	}
	return rows
}

func selectors(list []policy.Selector) []string {
	words := make([]string, 0, len(list))
	for _, sel := range list {
		words = append(words, fmt.Sprint(sel))
	}
	return words
}
