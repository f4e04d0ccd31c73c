package alerts

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/slack-go/slack"

	"watcher/policy"
)

// slackTexts is every text of a Slack message: those that Slack parses and
// those that it does not.
type slackTexts struct{ parsed, plain []string }

// gather walks decoded JSON, so that nothing depends on the code that made it.
func (s *slackTexts) gather(v any) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			s.gather(e)
		}
	case map[string]any:
		text, isText := v["text"].(string)
		kind, _ := v["type"].(string)
		switch {
		case isText && (kind == "" || kind == "mrkdwn"):
			s.parsed = append(s.parsed, text)
		case isText:
			s.plain = append(s.plain, text)
		}
		if u, ok := v["url"].(string); ok {
			s.plain = append(s.plain, u)
		}
		for name, e := range v {
			if name != "text" || !isText {
				s.gather(e)
			}
		}
	}
}

// checkSlack holds Slack's limits and that nobody can be mentioned.
func checkSlack(t *testing.T, msg *slack.WebhookMessage, maxText int) {
	t.Helper()
	raw, err := json.Marshal(msg)
	if err != nil {
		t.Fatal(err)
	}
	for _, mention := range []string{"<!", "<@", "<#"} {
		if strings.Contains(string(raw), mention) {
			t.Errorf("JSON holds %q", mention)
		}
	}
	var decoded map[string]any
	if err := json.Unmarshal(raw, &decoded); err != nil {
		t.Fatal(err)
	}
	var texts slackTexts
	texts.gather(decoded)
	total := 0
	for _, s := range texts.parsed {
		if strings.ContainsAny(s, "<>") {
			t.Errorf("parsed text is not escaped: %.200q", s)
		}
		total += textLen(s)
	}
	for _, s := range texts.plain {
		total += textLen(s)
		if s == "" {
			t.Error("empty text element: Slack refuses it")
		}
		if textLen(s) > slackSectionChars {
			t.Errorf("text element of %d characters", textLen(s))
		}
	}
	for _, s := range append(texts.parsed, texts.plain...) {
		if clean(s) != s {
			t.Errorf("control or direction characters in %.200q", s)
		}
	}
	if total > slackTotalChars {
		t.Errorf("%d characters in all", total)
	}
	if msg.Text == "" || textLen(msg.Text) > maxText {
		t.Errorf("fallback text of %d characters, want 1 to %d", textLen(msg.Text), maxText)
	}
	checkBlocks(t, msg)
}

func checkBlocks(t *testing.T, msg *slack.WebhookMessage) {
	t.Helper()
	if msg.Blocks == nil {
		return
	}
	if n := len(msg.Blocks.BlockSet); n == 0 || n > slackMaxBlocks {
		t.Errorf("%d blocks", n)
	}
	for _, b := range msg.Blocks.BlockSet {
		if h, ok := b.(*slack.HeaderBlock); ok && textLen(h.Text.Text) > slackHeaderChars {
			t.Errorf("header of %d characters", textLen(h.Text.Text))
		}
	}
}

func TestSlackLimits(t *testing.T) {
	for _, text := range []string{
		strings.Repeat("<!channel> ", 200_000), strings.Repeat("word ", 400_000), strings.Repeat("&", 2<<20),
		strings.Repeat("\U0001f984", 500_000), strings.Repeat("x", 2<<20), "\x00\u202e", "",
	} {
		m := hugeMessage(text)
		m.Links = linksFor("https://watch.example", m.Event)
		checkSlack(t, slackMessage(m), slackTotalChars)
		checkSlack(t, slackMinimal(m), minimalChars)
	}
}

// TestSlackShowsTheImportantFirst: the material edit stands before the minor
// ones, and what is left out is counted.
func TestSlackShowsTheImportantFirst(t *testing.T) {
	raw := string(indented(t, slackMessage(hugeMessage("some text"))))
	material, minor := strings.Index(raw, "material"), strings.Index(raw, "· minor")
	if material < 0 || minor < 0 || material > minor {
		t.Errorf("material at %d, minor at %d", material, minor)
	}
	if !strings.Contains(raw, "more and 300 cosmetic edits. ") {
		t.Error("what was left out is not counted")
	}
}

func FuzzSlack(f *testing.F) {
	f.Add("<!channel> & <@U123> <#C1>", "a\u202eb\x1b[0m", "Acme", uint8(3))
	f.Add(strings.Repeat("long ", 5000), "\xff\xfe", "", uint8(200))
	f.Add("", "", "<!here>", uint8(0))
	f.Fuzz(func(t *testing.T, a, b, vendor string, n uint8) {
		m := TestMessage(testTime)
		m.Test, m.Event.Type = n%2 == 0, policy.EventTypes()[int(n)%len(policy.EventTypes())]
		m.Event.Summary, m.Event.Policy.Vendor, m.Event.Detail, m.Event.Rule = a, vendor, b, vendor
		m.Event.Policy.URL = "https://vendor.example/" + a
		m.Change.Edits = nil
		for i := range int(n) {
			ops := []policy.EditOp{policy.Added, policy.Removed, policy.Reworded, policy.Moved, policy.Renumbered}
			m.Change.Edits = append(m.Change.Edits, policy.Edit{
				Op: ops[i%len(ops)], Section: vendor, FromSection: b, Old: a, New: b, Reasons: []string{a, b},
				Significance: policy.Significances()[i%4], Categories: []policy.Category{policy.Category(vendor)},
			})
		}
		m.Change.Links = []policy.LinkEdit{{Section: a, Text: b, Old: vendor, New: a}}
		checkSlack(t, slackMessage(m), slackTotalChars)
		checkSlack(t, slackMinimal(m), minimalChars)
		if _, err := webhookBody(m, maxWebhookBody); err != nil {
			t.Error(err)
		}
		if text := logBlock(m); clean(text) != text {
			t.Errorf("control characters in the log block")
		}
	})
}

func BenchmarkSlackMessage(b *testing.B) {
	m := TestMessage(testTime)
	b.ReportAllocs()
	for b.Loop() {
		slackMessage(m)
	}
}

func BenchmarkSlackMessageHuge(b *testing.B) {
	m := hugeMessage(strings.Repeat("word ", 400_000))
	b.ReportAllocs()
	for b.Loop() {
		slackMessage(m)
	}
}

func BenchmarkWebhookBodyHuge(b *testing.B) {
	m := hugeMessage(strings.Repeat("word ", 400_000))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := webhookBody(m, maxWebhookBody); err != nil {
			b.Fatal(err)
		}
	}
}
