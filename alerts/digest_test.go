package alerts

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"watcher/policy"
)

// hostileMember is an alert whose every text was written by somebody hostile.
func hostileMember(i int, text string) Message {
	id := policy.ID(fmt.Sprintf("vendor-%03d/privacy", i))
	change := policy.Change{Policy: id, Significance: policy.Material, Edits: []policy.Edit{{
		Op: policy.Reworded, Section: text, Old: text + " old", New: text + " new", Significance: policy.Material, Reasons: []string{text},
	}}}
	e := policy.Event{
		ID: fmt.Sprintf("evt_%d", i), Type: policy.EventPolicyChanged, Significance: policy.Material, Summary: text, Detail: text,
		Policy: policy.PolicyRef{ID: id, Vendor: text, Kind: policy.KindPrivacy, URL: "https://vendor.example/"},
		At:     time.Unix(1e9, 0), FirstSeenAt: time.Unix(1e9, 0), To: &policy.VersionRef{Version: 2},
	}
	return Message{AlertID: policy.AlertID(e.ID, "team"), Event: e, Change: &change, Links: linksFor("https://watch.example", e)}
}

// TestDigestInSlack holds Slack's limits for digests of every size, whatever
// their members say, and that each policy is named.
func TestDigestInSlack(t *testing.T) {
	for _, text := range []string{
		"Retention is now 36 months.", "<!channel> <@U123> <#C1> & *bold*", "\u202e\u0007\r\n" + strings.Repeat("word ", 5000),
		strings.Repeat("x", 100_000),
	} {
		for _, n := range []int{2, 5, 21, 60} {
			members := make([]Message, n)
			for i := range members {
				members[i] = hostileMember(i, text)
			}
			m := digest("msg_1", "https://watch.example", members, time.Unix(1e9, 0))
			checkSlack(t, slackMessage(m), slackFallbackChars)
			checkSlack(t, slackMinimal(m), minimalChars)
			names := strings.Join(newView(m, slackMaxItems).Lines, " ")
			for _, member := range members {
				if !strings.Contains(names, string(member.Event.Policy.ID)) {
					t.Errorf("%s is not named among %d", member.Event.Policy.ID, n)
				}
			}
		}
	}
}

// TestDigestShowsEdits: a small group shows what changed, not only that.
func TestDigestShowsEdits(t *testing.T) {
	m := digest("msg_1", "", []Message{hostileMember(1, "months"), hostileMember(2, "years")}, time.Unix(1e9, 0))
	v := newView(m, slackMaxItems)
	if v.Title != "2 alerts about 2 vendors (up to material)" || len(v.Items) != 4 {
		t.Errorf("title %q, %d items", v.Title, len(v.Items))
	}
	if !strings.Contains(v.Items[1].Head, "Reworded · months") {
		t.Errorf("the first edit is %q", v.Items[1].Head)
	}
	if !strings.Contains(v.Lines[0], "2 changed (2 material)") {
		t.Errorf("first line is %q", v.Lines[0])
	}
}

// TestDigestOfOneVendor says whose it is.
func TestDigestOfOneVendor(t *testing.T) {
	a, b := hostileMember(1, "Acme"), hostileMember(1, "Acme")
	b.Event.Type, b.Change, b.Event.Significance = policy.EventPolicyUnreachable, nil, ""
	m := digest("msg_1", "https://watch.example", []Message{a, b}, time.Unix(1e9, 0))
	if v := newView(m, slackMaxItems); v.Title != "Acme: 2 alerts (up to material)" || v.Links.Policy != "https://watch.example/policies/vendor-001/privacy" {
		t.Errorf("title %q, links %+v", v.Title, v.Links)
	}
}
