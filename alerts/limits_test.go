package alerts

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"github.com/slack-go/slack"

	"watcher/policy"
)

// sized is a change of n edits of size characters each.
func sized(n, size int, unit string) Message {
	m := changedMessage()
	m.Change.Edits, m.Change.Links = nil, nil
	for i := range n {
		m.Change.Edits = append(m.Change.Edits, policy.Edit{
			ID: strconv.Itoa(i), Op: policy.Added, Section: "S", New: strings.Repeat(unit, size/len(unit)), Significance: policy.Material,
		})
	}
	return m
}

// reach measures messages of growing size, wants none above limit and at least
// one within a tenth of it: a bound that is never reached is not tested.
func reach(t *testing.T, what string, limit int, measure func(yield func(int))) {
	t.Helper()
	largest := 0
	measure(func(size int) {
		if largest = max(largest, size); size > limit {
			t.Fatalf("%s: %d, limit %d", what, size, limit)
		}
	})
	if largest < limit*9/10 {
		t.Errorf("%s: the largest is %d of %d: the limit was not reached", what, largest, limit)
	}
}

// around are sizes below, at and above a limit, and 2 MB.
func around(limit int) []int { return []int{limit - 1, limit, limit + 1, 2 * limit, 2 << 20} }

// slackSizes are the sizes that Slack counts.
func slackSizes(t *testing.T, msg *slack.WebhookMessage) (header, section, total int) {
	t.Helper()
	raw, err := json.Marshal(msg)
	if err != nil {
		t.Fatal(err)
	}
	var decoded any
	if err := json.Unmarshal(raw, &decoded); err != nil {
		t.Fatal(err)
	}
	var texts slackTexts
	texts.gather(decoded)
	for _, s := range append(texts.parsed, texts.plain...) {
		total += textLen(s)
	}
	for _, b := range msg.Blocks.BlockSet {
		switch b := b.(type) {
		case *slack.HeaderBlock:
			header = textLen(b.Text.Text)
		case *slack.SectionBlock:
			section = max(section, textLen(b.Text.Text))
		}
	}
	return header, section, total
}

func TestSlackAtItsLimits(t *testing.T) {
	reach(t, "header", 150, func(yield func(int)) {
		for _, n := range around(150) {
			m := changedMessage()
			m.Event.Policy.Vendor, m.Event.Policy.Kind, m.Event.Type = "", "", policy.EventType(strings.Repeat("x", n))
			header, _, _ := slackSizes(t, slackMessage(m))
			yield(header)
		}
	})
	reach(t, "section", 3000, func(yield func(int)) {
		for _, n := range append(around(1500), 1480, 1485, 1490, 1495) {
			m := changedMessage()
			m.Event.Type, m.Event.Summary, m.Event.Detail = policy.EventPolicyMoved, strings.Repeat("s", 1500), strings.Repeat("d", n)
			_, section, _ := slackSizes(t, slackMessage(m))
			yield(section)
		}
	})
	reach(t, "total", 12000, func(yield func(int)) {
		for _, n := range append(around(12000/20), 300, 400, 450, 500, 550) {
			msg := slackMessage(sized(30, n, "word "))
			checkSlack(t, msg, slackTotalChars)
			_, _, total := slackSizes(t, msg)
			yield(total)
		}
	})
	for _, n := range []int{1, 19, 20, 21, 49, 50, 51, 3000} {
		msg := slackMessage(sized(n, 10, "x"))
		if got := len(msg.Blocks.BlockSet); got > 50 || got < min(n, 20) {
			t.Errorf("%d edits make %d blocks", n, got)
		}
	}
	reach(t, "template", 12000, func(yield func(int)) {
		for _, n := range around(12000) {
			msg := slackTemplated(newView(changedMessage(), 1), strings.Repeat("w ", n/2))
			_, section, total := slackSizes(t, msg)
			if section > 3000 {
				t.Errorf("section of %d", section)
			}
			yield(total)
		}
	})
}

func TestMailAtItsLimits(t *testing.T) {
	e := emailTo(t, &mailServer{addr: "127.0.0.1:25"}, NoTLS)
	render := func(m Message) mailParts {
		p, err := e.renderer.render(m, mailMaxItems)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	reach(t, "subject", 150, func(yield func(int)) {
		for _, n := range around(150) {
			m := changedMessage()
			m.Event.Policy.Vendor, m.Event.Policy.Kind, m.Event.Type = "", "", policy.EventType(strings.Repeat("x", n))
			yield(textLen(render(m).subject))
		}
	})
	reach(t, "HTML", 100_000, func(yield func(int)) {
		for _, n := range append(around(1200), 100, 400, 500, 600) {
			p := render(sized(60, n, `"<`))
			if strings.Count(p.html, "<ins") < 2 || !strings.Contains(p.html, "more") {
				t.Errorf("edits of %d: none is shown, or none is counted", n)
			}
			yield(len(p.html))
		}
	})
	reach(t, "minimal", 1000, func(yield func(int)) {
		for _, n := range around(1000) {
			m := changedMessage()
			m.Event.Summary = strings.Repeat("s", n)
			p, err := e.renderer.render(m, 0)
			if err != nil || p.html != "" {
				t.Errorf("minimal form: %v", err)
			}
			yield(textLen(p.text))
		}
	})
}

func TestCardsAndHooksAtTheirLimits(t *testing.T) {
	reach(t, "card", 27_000, func(yield func(int)) {
		for _, n := range append(around(27_000/15), 300, 350, 400) {
			body, err := teamsCard(sized(40, n, "<"))
			if err != nil {
				t.Fatal(err)
			}
			yield(len(body))
		}
	})
	// Edits leave room for long texts beside them.
	reach(t, "body", maxWebhookBody-webhookReserve+8<<10, func(yield func(int)) {
		for _, n := range append(around(16<<10), 1000, 2000) {
			body, err := webhookBody(sized(200, n, "word "), maxWebhookBody)
			if err != nil {
				t.Fatal(err)
			}
			yield(len(body))
		}
	})
	a := managerAt(t, "http://am.example/")
	reach(t, "annotation", 500, func(yield func(int)) {
		for _, n := range around(500) {
			m := changedMessage()
			m.Event.Summary = strings.Repeat("s", n)
			yield(textLen(a.alerts(m, true)[0].Annotations["message"]))
		}
	})
	reach(t, "description", 3000, func(yield func(int)) {
		for _, n := range around(3000 / 5) {
			yield(textLen(a.alerts(sized(10, n, "word "), true)[0].Annotations["description"]))
		}
	})
}
