package alerts

import (
	"context"
	"fmt"
	"time"

	"watcher/policy"
	"watcher/storage"
)

// Silenced returns the first active silence that matches what is about to be
// told of e to a receiver, or nil.
func Silenced(silences []policy.Silence, e policy.Event, receiver string, now time.Time) *policy.Silence {
	for i, s := range silences {
		if s.Active(now) && silenceMatches(s, e, receiver) {
			return &silences[i]
		}
	}
	return nil
}

// silenceMatches reports whether all matchers match. A silence that lost its
// matchers mutes nothing rather than everything.
func silenceMatches(s policy.Silence, e policy.Event, receiver string) bool {
	m, outlets, ok := matchOf(s.Matchers)
	return ok && one(outlets, receiver, receiverName(receiver)) && m.matches(e)
}

// matchOf turns matchers into what routes are made of.
func matchOf(matchers []policy.Matcher) (m Match, receivers []string, ok bool) {
	for _, x := range matchers {
		list := map[string]*[]string{
			"receiver": &receivers, "vendor": &m.Vendors, "policy": &m.Policies, "tags": &m.Tags, "kind": &m.Kinds,
			"event": &m.Events, "significance": &m.Significance, "category": &m.Categories, "dates": &m.Dates, "lang": &m.Langs,
		}[x.Name]
		if list == nil || len(x.Values) == 0 {
			return m, nil, false
		}
		if len(*list) > 0 {
			return m, nil, false // the same name twice would have to hold both
		}
		*list = x.Values
	}
	return m, receivers, len(matchers) > 0
}

// mute marks the alerts among rows that a silence matches, and returns how
// many. One that was silenced before and is back was asked for by a person; so
// was a trial of a receiver.
func (d *Dispatcher) mute(ctx context.Context, rows []policy.Alert, now time.Time) (int, error) {
	if len(rows) == 0 {
		return 0, nil
	}
	silences, err := d.store.Silences(ctx)
	if err != nil || len(silences) == 0 {
		return 0, err
	}
	muted := 0
	for _, a := range rows {
		if a.SilencedBy != "" || a.Event.Type == policy.EventTest {
			continue
		}
		s := Silenced(silences, a.Event, a.Receiver, now)
		if s == nil {
			continue
		}
		err := d.store.SettleAlerts(ctx, []string{a.ID}, storage.Settlement{
			State: policy.AlertSilenced, Silence: s.ID, Error: fmt.Sprintf("silenced by %s until %s: %s", s.Author, s.EndsAt.Format(time.RFC3339), s.Comment),
		})
		if err != nil {
			return muted, err
		}
		muted++
		d.metrics.silenced.WithLabelValues(a.Receiver).Inc()
		d.logger.Info("alert silenced", "alert", a.ID, "receiver", a.Receiver, "policy", a.Event.Policy.ID,
			"event", a.Event.Type, "silence", s.ID)
	}
	return muted, nil
}
