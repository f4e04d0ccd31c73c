package alerts

import (
	"slices"
	"strings"
	"time"

	"watcher/policy"
)

// Router names the receivers of an event. It is immutable and safe for
// concurrent use.
type Router struct {
	routes []Route
	// implied is set when the routes are those of a configuration without any.
	implied bool
}

// Route sends the events that match to one receiver.
type Route struct {
	Receiver string
	Match    Match
	// Continue lets the routes below have the event too.
	Continue bool
	// GroupWait is how long alerts about one vendor wait for each other.
	GroupWait time.Duration
	// Digest is "" or one of the digests.
	Digest string
}

// Destination is a receiver of an event, and how it is to be told.
type Destination struct {
	Receiver  string
	GroupWait time.Duration
	Digest    string
}

// Match selects events. An empty list matches everything, any other list when
// one of its elements does; all lists have to match.
//
// An event that lacks what a list asks for does not match it: events about a
// policy's health carry neither significance nor categories, so that a route
// for material changes is not paged about an unreachable page. Give health
// events a route of their own by Events, or one without conditions.
type Match struct {
	// Vendors holds names or slugs, compared without regard to case.
	Vendors []string
	// Policies holds policy ids.
	Policies []string
	Tags     []string
	Kinds    []string
	// Events holds event types, for example "policy_unreachable".
	Events       []string
	Significance []string
	Categories   []string
	// Dates holds facts about the dates of a text, for example "silent_change".
	Dates []string
	// Langs holds languages as they end a policy's id ("de" for
	// "example/privacy-de").
	Langs []string
}

// NewRouter returns a router over routes, in order. Without routes every event
// goes to every one of receivers, in groups that wait for groupWait.
func NewRouter(routes []Route, receivers []string, groupWait time.Duration) *Router {
	if len(routes) == 0 {
		for _, name := range receivers {
			routes = append(routes, Route{Receiver: name, Continue: true, GroupWait: groupWait})
		}
		return &Router{routes: routes, implied: true}
	}
	return &Router{routes: slices.Clone(routes)}
}

// Route returns the receivers of e in the order of the routes, each once. The
// first route that matches wins unless it says Continue.
func (r *Router) Route(e policy.Event) []Destination {
	var out []Destination
	for _, step := range r.Explain(e) {
		if step.Taken && !step.Repeated {
			out = append(out, step.Destination)
		}
	}
	return out
}

// matches reports whether all lists match e.
func (m Match) matches(e policy.Event) bool { return m.mismatch(e) == nil }

// one reports whether wanted is empty or names one of values.
func one(wanted []string, values ...string) bool {
	if len(wanted) == 0 {
		return true
	}
	for _, w := range wanted {
		for _, v := range values {
			if v != "" && strings.EqualFold(w, v) {
				return true
			}
		}
	}
	return false
}

// idLang returns the language that ends the id of a policy, or "".
func idLang(p policy.PolicyRef) string {
	_, name, _ := strings.Cut(string(p.ID), "/")
	lang, ok := strings.CutPrefix(name, string(p.Kind)+"-")
	if !ok {
		return ""
	}
	return lang
}

// words returns the elements of a list of string-like values as strings.
func words[T ~string](values []T) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = string(v)
	}
	return out
}
