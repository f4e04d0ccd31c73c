package alerts

import (
	"slices"
	"strings"
	"time"

	"watcher/policy"
)

// The groups that alerts wait in. Those of a vendor end in its slug.
const (
	groupVendor = "vendor:"
	groupDigest = "digest:"
	// groupMass is of what the breaker held.
	groupMass = "mass"
)

const (
	// lateAfter is the age from which alerts that a person reads become one
	// message: after an outage nobody wants them one by one.
	lateAfter = time.Hour
	// farAhead is further than any digest waits: a clock was set back.
	farAhead = 8 * 24 * time.Hour
)

// unit is what goes out as one message: an alert, or several of one group. Its
// id is that of the alert, or is made of those of its members. Once it was
// tried its members and its id stay the same, so that a receiver that has it
// already can drop the repeat.
type unit struct {
	id     string
	alerts []policy.Alert
}

func (u unit) ids() []string {
	ids := make([]string, len(u.alerts))
	for i, a := range u.alerts {
		ids[i] = a.ID
	}
	return ids
}

// batch is what is written on the members: "" for an alert on its own.
func (u unit) batch() string {
	if u.id == u.alerts[0].ID {
		return ""
	}
	return u.id
}

// gathering says how alerts become messages.
type gathering struct {
	now time.Time
	// together is set for receivers that show several alerts in one message.
	together bool
	// hasty ignores the waits of groups; a digest still waits for its hour.
	hasty bool
}

// next returns the unit whose turn it is, or the wait for the first one. rows
// are the pending alerts of a receiver, oldest first; without any both are
// zero.
//
// The oldest alert that is due leads. What failed already goes out as it was:
// the oldest one probes the receiver while the others wait.
func (g gathering) next(rows []policy.Alert) (unit, time.Duration) {
	lead := slices.IndexFunc(rows, g.due)
	if lead < 0 {
		return unit{}, g.wait(rows)
	}
	a := rows[lead]
	if members := g.members(rows, a); len(members) > 1 || a.Batch != "" {
		u := unit{id: a.Batch, alerts: members}
		if u.id == "" {
			u.id = policy.BatchID(u.ids())
		}
		return u, 0
	}
	return unit{id: a.ID, alerts: []policy.Alert{a}}, 0
}

// members returns the alerts that go out together with a, which is one of them.
func (g gathering) members(rows []policy.Alert, a policy.Alert) []policy.Alert {
	var same func(policy.Alert) bool
	switch {
	case a.Batch != "":
		same = func(b policy.Alert) bool { return b.Batch == a.Batch }
	case !g.free(a):
		return []policy.Alert{a}
	case g.late(a):
		same = func(b policy.Alert) bool { return g.free(b) && g.late(b) }
	case a.Group != "" && !(g.hasty && strings.HasPrefix(a.Group, groupVendor)):
		same = func(b policy.Alert) bool { return g.free(b) && b.Group == a.Group }
	default:
		return []policy.Alert{a}
	}
	return slices.DeleteFunc(slices.Clone(rows), func(b policy.Alert) bool { return !same(b) })
}

// free reports whether an alert may still become part of a message. One that
// was tried keeps the id it was tried under, and one that a person asked for
// goes out by itself.
func (g gathering) free(a policy.Alert) bool {
	return g.together && a.Batch == "" && (a.Attempts == 0 || a.Group == groupMass) && a.Group != policy.GroupAlone
}

// late reports whether an alert has been due for so long that there was an
// outage.
func (g gathering) late(a policy.Alert) bool {
	since := a.CreatedAt
	if a.NotBefore.After(since) {
		since = a.NotBefore
	}
	return g.now.Sub(since) >= lateAfter
}

// due reports whether an alert's group waits no more. Whether the receiver is
// to be left alone for a while is another question.
func (g gathering) due(a policy.Alert) bool {
	ahead := a.NotBefore.Sub(g.now)
	return ahead <= 0 || ahead > farAhead || !g.together || g.hasty && !strings.HasPrefix(a.Group, groupDigest)
}

// wait returns the time until the first group is due.
func (g gathering) wait(rows []policy.Alert) time.Duration {
	var first time.Duration
	for _, a := range rows {
		if ahead := a.NotBefore.Sub(g.now); first == 0 || ahead < first {
			first = ahead
		}
	}
	return first
}

// digestSender is a Sender that people read: it can show several alerts in one
// message, and shows them well. A sender that programs read gets each alert.
type digestSender interface {
	// Digests reports whether Send takes messages with Members.
	Digests() bool
}

// Digests reports whether a sender shows several alerts in one message.
func Digests(s Sender) bool {
	d, ok := s.(digestSender)
	return ok && d.Digests()
}

// Digests implements digestSender.
func (s *Slack) Digests() bool { return true }

// Digests implements digestSender.
func (e *Email) Digests() bool { return true }

// Digests implements digestSender.
func (t *Teams) Digests() bool { return true }
