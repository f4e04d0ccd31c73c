package alerts

import (
	"fmt"
	"slices"
	"strings"

	"watcher/policy"
)

// Step is what one route makes of an event.
type Step struct {
	// Number counts routes from 1; 0 stands for a configuration without routes,
	// in which everything goes to every receiver.
	Number int
	Destination
	// Taken is set when the route has the event. Repeated then says that the
	// receiver has it already, from a route above.
	Taken, Repeated bool
	// Why says in a sentence why it is taken, or not.
	Why string
}

// Explain goes through the routes as Route does and says of each what came of
// it.
func (r *Router) Explain(e policy.Event) []Step {
	var steps []Step
	var have []string
	ended := 0
	for i, route := range r.routes {
		s := Step{Number: i + 1, Destination: Destination{Receiver: route.Receiver, GroupWait: route.GroupWait, Digest: route.Digest}}
		bad := route.Match.mismatch(e)
		switch {
		case ended > 0:
			s.Why = fmt.Sprintf("not reached: route %d matched and does not say continue", ended)
		case bad != nil:
			s.Why = bad.text()
		default:
			s.Taken, s.Repeated = true, slices.Contains(have, route.Receiver)
			have = append(have, route.Receiver)
			s.Why = route.Match.summary()
			if !route.Continue {
				ended = i + 1
			}
		}
		if r.implied {
			s.Number, s.Why = 0, "there are no routes: everything goes to every receiver"
		}
		steps = append(steps, s)
	}
	return steps
}

// condition is one list of a match and what an event holds against it.
type condition struct {
	key    string
	wanted []string
	have   []string
}

func (c condition) holds() bool { return one(c.wanted, c.have...) }

func (c condition) text() string {
	have := slices.DeleteFunc(slices.Clone(c.have), func(s string) bool { return s == "" })
	if len(have) == 0 {
		return fmt.Sprintf("%s: the event has none, the route wants %s", c.key, strings.Join(c.wanted, ", "))
	}
	return fmt.Sprintf("%s is %s, the route wants %s", c.key, strings.Join(have, ", "), strings.Join(c.wanted, ", "))
}

func (m Match) conditions(e policy.Event) []condition {
	return []condition{
		{"vendor", m.Vendors, []string{e.Policy.Vendor, e.Policy.ID.VendorSlug()}},
		{"policy", m.Policies, []string{string(e.Policy.ID)}},
		{"tags", m.Tags, e.Policy.Tags},
		{"kind", m.Kinds, []string{string(e.Policy.Kind)}},
		{"event", m.Events, []string{string(e.Type)}},
		{"significance", m.Significance, []string{string(e.Significance)}},
		{"category", m.Categories, words(e.Categories)},
		{"dates", m.Dates, words(e.DateFacts)},
		{"lang", m.Langs, []string{idLang(e.Policy)}},
	}
}

// mismatch returns the first list that does not match e, or nil.
func (m Match) mismatch(e policy.Event) *condition {
	for _, c := range m.conditions(e) {
		if !c.holds() {
			return &c
		}
	}
	return nil
}

// summary says what a match asks for.
func (m Match) summary() string {
	var parts []string
	for _, c := range m.conditions(policy.Event{}) {
		if len(c.wanted) > 0 {
			parts = append(parts, c.key+" in ["+strings.Join(c.wanted, ", ")+"]")
		}
	}
	if len(parts) == 0 {
		return "the route takes everything"
	}
	return "matches " + strings.Join(parts, " and ")
}
