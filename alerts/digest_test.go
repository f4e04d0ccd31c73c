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
			checkOthers(t, m)
			names := strings.Join(newView(m, slackMaxItems).Lines, " ")
			for _, member := range members {
				if !strings.Contains(names, string(member.Event.Policy.ID)) {
					t.Errorf("%s is not named among %d", member.Event.Policy.ID, n)
				}
			}
		}
	}
}

// checkOthers proves that a digest fits into a card, whole names included.
func checkOthers(t *testing.T, m Message) {
	t.Helper()
	card, err := teamsCard(m)
	if err != nil || len(card) > teamsMaxBytes {
		t.Fatalf("card of %d bytes, %v", len(card), err)
	}
	mailer, err := NewEmail(EmailOptions{Server: "mail.example.org:25", TLS: NoTLS, From: "w@example.org", To: []string{"a@example.org"}})
	if err != nil {
		t.Fatal(err)
	}
	page, err := mailer.HTML(m)
	if err != nil || len(page) > mailHTMLBytes || strings.Contains(page, "<!channel>") {
		t.Errorf("mail of %d bytes, %v", len(page), err)
	}
	for _, member := range m.Members {
		if !strings.Contains(page, string(member.Event.Policy.ID)) {
			t.Errorf("%s is not in the mail", member.Event.Policy.ID)
		}
		if !strings.Contains(string(card), string(member.Event.Policy.ID)) {
			t.Errorf("%s is not on the card", member.Event.Policy.ID)
		}
	}
}

// TestWhoGetsDigests: people do, programs do not.
func TestWhoGetsDigests(t *testing.T) {
	for _, s := range []Sender{&Slack{}, &Email{}, &Teams{}} {
		if !Digests(s) {
			t.Errorf("%T gets none", s)
		}
	}
	for _, s := range []Sender{&Webhook{}, &Alertmanager{}, &SavePage{}, &Log{}} {
		if Digests(s) {
			t.Errorf("%T gets digests", s)
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
