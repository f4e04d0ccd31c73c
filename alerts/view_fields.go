package alerts

import (
	"errors"
	"sort"
	"strings"
	"time"

	"watcher/policy"
)

// ViewSchema names the version of the view that templates of users see
// (docs/ALERTS.md). Fields are added under the same name; one that goes or
// changes its meaning makes another name.
const ViewSchema = "watcher.alert/1"

// viewFields are the facts of a message one by one, for templates and for
// receivers that have a place for each. All texts are clean single lines.
type viewFields struct {
	Schema string
	// ID is the alert's id, constant over retries; EventID that of the event.
	ID, EventID string
	// Type is the event's, such as "policy_changed".
	Type string
	// Test marks a message that reports nothing real.
	Test bool
	// At is when the event was decided, FirstSeenAt when its cause was seen.
	At, FirstSeenAt time.Time
	Vendor          string
	// Policy is the policy's id, Kind its kind and KindName that in words.
	Policy, Kind, KindName string
	Tags                   []string
	Significance           string
	Summary                string
	// Machine is the summary of a language model, "" for none.
	Machine    string
	Categories []string
	DateFacts  []dateView
	// From and To are nil for events about a policy's health.
	From, To *versionView
	// Edits and LinkEdits count all of the change, Words its words.
	Edits, LinkEdits int
	Words            policy.WordCounts
	Rule, Detail     string
	NewURL           string
}

// dateView is a date fact by its name and in a sentence.
type dateView struct{ Fact, Text string }

// versionView is one of the two versions of a change.
type versionView struct {
	Version    int
	CapturedAt time.Time
	SHA256     string
}

// itemFields are the facts of an edit one by one.
type itemFields struct {
	// Op is "added", "removed", "reworded", "moved", "renumbered" or "link".
	Op, Section, Significance string
	Categories                []string
}

func newViewFields(m Message) viewFields {
	e := m.Event
	f := viewFields{
		Schema: ViewSchema, ID: cleanLine(m.AlertID), EventID: cleanLine(e.ID), Type: string(e.Type), Test: m.Test,
		At: e.At.UTC(), FirstSeenAt: e.FirstSeenAt.UTC(),
		Vendor: shortText(e.Policy.Vendor), Policy: cleanLine(string(e.Policy.ID)),
		Kind: cleanLine(string(e.Policy.Kind)), KindName: cleanLine(kindName(e.Policy.Kind)), Tags: shortTexts(e.Policy.Tags),
		Significance: cleanLine(string(e.Significance)), Summary: cutHead(cleanLine(e.Summary), maxLine),
		Categories: cleanWords(e.Categories), From: newVersionView(e.From), To: newVersionView(e.To),
		Rule: shortText(e.Rule), Detail: cutHead(cleanLine(e.Detail), maxLine), NewURL: cutHead(cleanLine(e.NewURL), maxLine),
	}
	for _, fact := range e.DateFacts {
		f.DateFacts = append(f.DateFacts, dateView{string(fact), dateFact(fact)})
	}
	if c := m.Change; c != nil {
		f.Edits, f.LinkEdits, f.Words = len(c.Edits), len(c.Links), c.Words
		if c.Machine != nil {
			f.Machine = cutHead(cleanLine(c.Machine.Text), maxLine)
		}
	}
	return f
}

func newVersionView(v *policy.VersionRef) *versionView {
	if v == nil {
		return nil
	}
	return &versionView{Version: v.Version, CapturedAt: v.CapturedAt.UTC(), SHA256: v.SHA256.String()}
}

func newItemFields(e policy.Edit, section string) itemFields {
	return itemFields{
		Op: cleanLine(string(e.Op)), Section: section, Significance: cleanLine(string(e.Significance)),
		Categories: cleanWords(e.Categories),
	}
}

func cleanWords[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, w := range list {
		out[i] = cleanLine(string(w))
	}
	return out
}

// visible says so where a redline has nothing that can be shown: an edit whose
// characters all were invisible must not look like an empty one.
func visible(spans []policy.Span) []policy.Span {
	for _, s := range spans {
		if strings.TrimSpace(s.Text) != "" {
			return spans
		}
	}
	return []policy.Span{{Op: policy.SpanEqual, Text: "(only characters that cannot be seen)"}}
}

// shown returns the view with at most n items; those that go are counted.
func (v view) shown(n int) view {
	if n < len(v.Items) {
		v.More += len(v.Items) - n
		v.Items = v.Items[:n]
	}
	return v
}

// fitItems renders v with as many items as fit into limit bytes, at least one:
// an alert shows what it is about. It returns the view that it rendered.
func fitItems(v view, limit int, render func(view) ([]byte, error)) ([]byte, view, error) {
	out, err := render(v)
	if err != nil || len(out) <= limit || len(v.Items) <= 1 {
		return out, v, err
	}
	// The least number of items to leave out, among all but the first.
	drop := sort.Search(len(v.Items)-1, func(i int) bool {
		out, failed := render(v.shown(len(v.Items) - 1 - i))
		err = errors.Join(err, failed)
		return failed != nil || len(out) <= limit
	})
	if err != nil {
		return nil, v, err
	}
	v = v.shown(max(len(v.Items)-1-drop, 1))
	out, err = render(v)
	return out, v, err
}

// Rest says what is not listed, "" for nothing.
func (v view) Rest() string { return v.rest(v.More) }
