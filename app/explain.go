package app

import (
	"context"
	"errors"
	"strings"
	"time"

	"watcher/alerts"
	"watcher/config"
	"watcher/policy"
	"watcher/storage"
)

// Delivery is what would become of an event at one receiver, or why that has
// none of it.
type Delivery struct {
	// Route counts routes from 1; 0 where the configuration has none.
	Route    int    `json:"route"`
	Receiver string `json:"receiver"`
	// Told is set when the receiver would be told by this route.
	Told bool   `json:"told"`
	Why  string `json:"why"`
	// When says in words when it would go out, and what keeps it from that.
	When string `json:"when,omitempty"`
	// Silence is the id of the silence that mutes it.
	Silence string `json:"silence,omitempty"`
}

// ExplainRoute says who would be told of an event by a configuration, and why.
func ExplainRoute(ctx context.Context, cfg *config.Config, o Options, r storage.Reader, e policy.Event) ([]Delivery, error) {
	o = o.withDefaults()
	receivers, err := newReceivers(cfg, o)
	if err != nil {
		return nil, err
	}
	silences, err := r.Silences(ctx)
	if err != nil {
		return nil, err
	}
	breaker, err := r.Breaker(ctx)
	if err != nil {
		return nil, err
	}
	now := o.Clock().UTC()
	var out []Delivery
	for _, step := range receivers.router.Explain(e) {
		d := Delivery{Route: step.Number, Receiver: step.Receiver, Told: step.Taken && !step.Repeated, Why: step.Why}
		if step.Repeated {
			d.Why += "; the receiver has it already from a route above"
		}
		if !d.Told {
			out = append(out, d)
			continue
		}
		outlets := receivers.outletsFor(step.Receiver, e)
		if len(outlets) == 0 {
			d.Told, d.Why = false, "the receiver takes changes of texts only"
			out = append(out, d)
		}
		for _, outlet := range outlets {
			one := d
			one.Receiver = outlet
			one.When = receivers.when(step.Destination, outlet, e, now)
			if s := alerts.Silenced(silences, e, outlet, now); s != nil {
				one.Told, one.Silence = false, s.ID
				one.When = "silenced by " + s.Author + " until " + s.EndsAt.Format(time.RFC3339) + ": " + s.Comment
			} else if breaker.Open && e.Type.IsChange() {
				one.When = "held: " + breaker.Reason + "; " + one.When
			}
			out = append(out, one)
		}
	}
	return out, nil
}

// when says when an alert that is made now would go out.
func (r *receivers) when(d alerts.Destination, outlet string, e policy.Event, now time.Time) string {
	if !alerts.Digests(r.senders[outlet]) {
		return "at once, by itself"
	}
	a := d.Plan(policy.NewAlert(e, outlet, now), r.schedule)
	switch {
	case d.Digest != "" && !a.NotBefore.IsZero():
		return "in the " + d.Digest + " digest of " + a.NotBefore.Format(time.RFC3339)
	case d.GroupWait > 0 && !a.NotBefore.IsZero():
		return "after " + d.GroupWait.String() + ", with others about the vendor"
	}
	return "at once"
}

// FindEvent returns the event that a person means: that of an alert's id, of an
// event's own id, or for a policy's id the last change that is on record, else
// a minor change that did not happen. t and s, when set, take the place of what
// the event says.
func FindEvent(ctx context.Context, cfg *config.Config, r storage.Reader, id string, t policy.EventType, s policy.Significance) (policy.Event, error) {
	e, err := findEvent(ctx, cfg, r, id)
	if err != nil {
		return e, err
	}
	if t != "" {
		if e.Type = t; !t.IsChange() {
			e.Significance, e.Categories, e.DateFacts = "", nil, nil // health has none
		} else if e.Significance == "" {
			e.Significance = policy.Minor
		}
	}
	if s != "" {
		e.Significance = s
	}
	return e, nil
}

func findEvent(ctx context.Context, cfg *config.Config, r storage.Reader, id string) (policy.Event, error) {
	switch {
	case strings.HasPrefix(id, "alt_"):
		a, err := r.Alert(ctx, id)
		return a.Event, err
	case strings.HasPrefix(id, "evt_"):
		all, err := r.Alerts(ctx, storage.AlertQuery{})
		for _, a := range all {
			if a.Event.ID == id {
				return a.Event, nil
			}
		}
		return policy.Event{}, errors.Join(err, policy.ErrNotFound)
	}
	for _, p := range cfg.Policies {
		if string(p.ID) == id {
			return lastChange(ctx, r, p)
		}
	}
	return policy.Event{}, policy.ErrNotFound
}

// lastChange makes an event of a policy's newest change.
func lastChange(ctx context.Context, r storage.Reader, p policy.Policy) (policy.Event, error) {
	e := policy.Event{Type: policy.EventPolicyChanged, Policy: p.Ref(), Significance: policy.Minor}
	versions, err := r.Versions(ctx, p.ID)
	if err != nil && !errors.Is(err, policy.ErrNotFound) {
		return e, err
	}
	number := 0
	for _, v := range versions {
		if v.Kind == policy.VersionChange {
			number = max(number, v.Number)
		}
	}
	if number == 0 {
		return e, nil
	}
	c, err := r.Change(ctx, p.ID, number)
	if err != nil {
		return e, err
	}
	e.Significance, e.Categories, e.DateFacts = c.Significance, c.Categories, c.Dates.Facts
	e.From, e.To, e.Summary = &c.From, &c.To, c.Summary
	return e, nil
}
