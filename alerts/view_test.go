package alerts

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"watcher/policy"
)

// drowned is a change with one new section behind many cosmetic edits.
func drowned(cosmetic int) Message {
	m := TestMessage(testTime)
	m.Test, m.Event.Type = false, policy.EventPolicyChanged
	m.Change.Edits = nil
	for i := range cosmetic {
		m.Change.Edits = append(m.Change.Edits, policy.Edit{
			ID: fmt.Sprintf("r%d", i), Op: policy.Renumbered, Section: fmt.Sprintf("%d. Clause", i+2), Heading: true,
			Old: fmt.Sprintf("%d. Clause", i+1), New: fmt.Sprintf("%d. Clause", i+2), Significance: policy.Cosmetic,
		})
	}
	m.Change.Edits = append(
		m.Change.Edits,
		policy.Edit{ID: "w", Op: policy.Reworded, Section: "1. Terms", Old: "old words", New: "new words", Significance: policy.Minor},
		policy.Edit{ID: "h", Op: policy.Added, Section: "8. Cookies", Heading: true, New: "8. Cookies", Significance: policy.Minor},
		policy.Edit{ID: "t", Op: policy.Added, Section: "8. Cookies", New: "We set cookies.", Significance: policy.Material},
	)
	return m
}

// TestCosmeticEditsAreOnlyCounted: they never stand before or instead of news.
func TestCosmeticEditsAreOnlyCounted(t *testing.T) {
	for n, want := range map[int]string{0: "", 1: "… and 1 cosmetic edit", 6: "… and 6 cosmetic edits", 50: "… and 50 cosmetic edits"} {
		m := drowned(n)
		raw, err := json.Marshal(slackMessage(m))
		if err != nil {
			t.Fatal(err)
		}
		checkSlack(t, slackMessage(m), slackTotalChars)
		for name, text := range map[string]string{"log": logBlock(m), "slack": string(raw)} {
			if strings.Contains(text, "Renumbered") {
				t.Errorf("%s lists a renumbering:\n%s", name, text)
			}
			if want != "" && !strings.Contains(text, want) || want == "" && strings.Contains(text, "cosmetic edit") {
				t.Errorf("%s does not say %q:\n%s", name, want, text)
			}
			heading, news, minor := strings.Index(text, "8. Cookies · minor"), strings.Index(text, "We set cookies."), strings.Index(text, "1. Terms")
			if heading < 0 || news < heading || minor < news {
				t.Errorf("%s: heading at %d, its text at %d, minor edit at %d", name, heading, news, minor)
			}
		}
	}
}

// TestOnlyCosmeticEdits: a message about nothing else shows them.
func TestOnlyCosmeticEdits(t *testing.T) {
	m := drowned(2)
	m.Change.Edits = m.Change.Edits[:2]
	if text := logBlock(m); strings.Count(text, "• Renumbered") != 2 || strings.Contains(text, "cosmetic edit") {
		t.Errorf("the only edits are not shown:\n%s", text)
	}
	m.Change.Links = []policy.LinkEdit{{Text: "here", Old: "https://a.example/", New: "https://b.example/"}}
	if text := logBlock(m); strings.Contains(text, "• Renumbered") || !strings.Contains(text, "… and 2 cosmetic edits") {
		t.Errorf("cosmetic edits beside a link:\n%s", text)
	}
}

func TestRest(t *testing.T) {
	for _, tc := range []struct {
		more, cosmetic int
		want           string
	}{
		{0, 0, ""}, {3, 0, "… and 3 more"}, {0, 1, "… and 1 cosmetic edit"}, {3, 6, "… and 3 more and 6 cosmetic edits"},
	} {
		v := view{Cosmetic: tc.cosmetic}
		if got := v.rest(tc.more); got != tc.want {
			t.Errorf("%d more, %d cosmetic: %q, want %q", tc.more, tc.cosmetic, got, tc.want)
		}
	}
}

// TestWebhookPutsCosmeticEditsLast: it keeps them all.
func TestWebhookPutsCosmeticEditsLast(t *testing.T) {
	body, err := webhookBody(drowned(3), maxWebhookBody)
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Data struct {
			Edits []struct {
				ID string `json:"id"`
			} `json:"edits"`
		} `json:"data"`
	}
	if err := json.Unmarshal(body, &got); err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, e := range got.Data.Edits {
		ids = append(ids, e.ID)
	}
	if diff := cmp.Diff([]string{"w", "h", "t", "r0", "r1", "r2"}, ids); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
}
