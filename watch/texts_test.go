package watch

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"watcher/policy"
)

// served is a page with a paragraph of its own for each group of visitors.
func served(months int, extra string) string {
	return strings.Replace(page(months), "</main>", "<p>"+extra+"</p></main>", 1)
}

const (
	cyprus = "The controller for visitors from Europe is Acme Europe Limited, who may be reached by letter."
	nevada = "Visitors from elsewhere deal with Acme Incorporated, whose office answers to telephone calls only."
)

func confirming(t *testing.T) *world {
	w := newWorld(t)
	w.settings.Triage = confirm
	return w
}

// A page that serves two texts in turns is told of once; a change that comes to
// both is told once, too, and compared like with like.
func TestVariants(t *testing.T) {
	w := confirming(t)
	w.say(served(12, cyprus))
	w.want(0, policy.OutcomeBaseline, "")
	w.say(served(12, nevada))
	w.want(time.Hour, policy.OutcomeUnconfirmed, "")
	w.say(served(12, cyprus))
	w.want(time.Hour, policy.OutcomeUnchanged, "")
	w.say(served(12, nevada))
	w.want(time.Hour, policy.OutcomeUnconfirmed, "")
	w.say(served(12, cyprus))
	w.want(time.Hour, policy.OutcomeUnchanged, "")
	w.say(served(12, nevada))
	w.want(time.Hour, policy.OutcomeUnchanged, policy.EventPolicyVariant)
	for range 3 {
		w.say(served(12, cyprus))
		w.want(time.Hour, policy.OutcomeUnchanged, "")
		w.say(served(12, nevada))
		if c := w.want(time.Hour, policy.OutcomeUnchanged, ""); c.Rule != "variant" {
			t.Errorf("rule %q, want variant", c.Rule)
		}
	}
	head := w.state().Head

	w.say(served(24, nevada))
	w.want(time.Hour, policy.OutcomeUnconfirmed, "")
	w.say(served(12, cyprus))
	w.want(time.Hour, policy.OutcomeUnchanged, "")
	w.say(served(24, nevada))
	c := w.want(time.Hour, policy.OutcomeChanged, policy.EventPolicyChanged)
	change, err := w.store.Change(t.Context(), w.policy.ID, c.Version)
	if err != nil {
		t.Fatal(err)
	}
	if len(change.Edits) != 1 || !strings.Contains(change.Edits[0].New, "24 months") {
		t.Errorf("the change was not compared with its own variant: %+v", change.Edits)
	}
	if w.state().Head != head {
		t.Error("a change of a variant moved the head")
	}
	w.say(served(24, cyprus))
	w.want(time.Hour, policy.OutcomeUnconfirmed, "")
	if c := w.want(time.Hour, policy.OutcomeChanged, ""); c.Rule != "variant" {
		t.Errorf("the same change is told again: %+v", c)
	}
	if n := len(w.alerts()); n != 2 {
		t.Errorf("%d alerts, want the variant and the change", n)
	}
}

func TestVolatileNumber(t *testing.T) {
	w := confirming(t)
	likes := func(n int) string {
		line := fmt.Sprint("<h1>Privacy Policy</h1><p>", n, " people found this page to their liking.</p>")
		return strings.Replace(page(12), "<h1>Privacy Policy</h1>", line, 1)
	}
	w.say(likes(100))
	w.want(0, policy.OutcomeBaseline, "")
	w.say(likes(101))
	w.want(time.Hour, policy.OutcomeUnconfirmed, "")
	for n := range 5 {
		w.say(likes(102 + n))
		if c := w.want(time.Hour, policy.OutcomeUnchanged, ""); c.Rule != "volatile" {
			t.Fatalf("rule %q, want volatile", c.Rule)
		}
	}
	// A real change is confirmed although the number never stands still.
	real := func(n int) string { return strings.Replace(likes(n), "12 months", "24 months", 1) }
	w.say(real(110))
	w.want(time.Hour, policy.OutcomeUnconfirmed, "")
	w.say(real(111))
	w.want(time.Hour, policy.OutcomeChanged, policy.EventPolicyChanged)
}

func TestNoisyPage(t *testing.T) {
	w := newWorld(t)
	w.say(served(12, "The walls of our office are painted in the colour red at present."))
	w.want(0, policy.OutcomeBaseline, "")
	colours := strings.Fields("green blue white black brown beige grey")
	events := map[policy.EventType]int{}
	for _, c := range colours {
		w.say(served(12, "The walls of our office are painted in the colour "+c+" at present."))
		events[w.check(time.Hour).Event]++
	}
	if events[policy.EventPolicyChanged] != 4 || events[policy.EventPageNoisy] != 1 {
		t.Errorf("events %v, want 4 changes and one notice", events)
	}
	for _, a := range w.alerts() {
		if a.Event.Type == policy.EventPageNoisy && !strings.Contains(a.Event.Detail, "painted") {
			t.Errorf("the notice does not quote the lines: %q", a.Event.Detail)
		}
	}
	w.say(served(99, "The walls of our office are painted in the colour grey at present."))
	w.want(time.Hour, policy.OutcomeChanged, policy.EventPolicyChanged)
}

// A selector that stops matching falls back to the automatic text, and comes
// back from there, without a false alert and without missing a change.
func TestDegradedSelector(t *testing.T) {
	w := newWorld(t)
	w.policy.Select = policy.CSS("#policy")
	w.sync()
	marked := func(months int) string {
		return strings.Replace(page(months), "<main>", `<main id="policy">`, 1)
	}
	w.say(marked(12))
	w.want(0, policy.OutcomeBaseline, "")
	w.say(strings.Replace(page(12), "<nav>home</nav>", "<p>Welcome to our new site, dear visitor.</p>", 1))
	c := w.check(time.Hour)
	if c.Event != "" || c.Outcome != policy.OutcomeTechnical && c.Outcome != policy.OutcomeUnchanged {
		t.Fatalf("a selector that matches nothing: %+v", c)
	}
	w.want(time.Hour, policy.OutcomeUnchanged, policy.EventExtractionDegraded)
	w.want(time.Hour, policy.OutcomeUnchanged, "")
	w.say(page(24))
	w.want(time.Hour, policy.OutcomeChanged, policy.EventPolicyChanged)
	w.say(marked(24))
	if c := w.check(time.Hour); c.Event != "" {
		t.Errorf("the selector's return is told of: %+v", c)
	}
	w.say(marked(36))
	w.want(time.Hour, policy.OutcomeChanged, policy.EventPolicyChanged)
	for range degradedScore {
		w.want(time.Hour, policy.OutcomeUnchanged, "")
	}
	if s := w.state(); s.Degraded != 0 || s.DegradedTold {
		t.Errorf("still degraded: %+v", s)
	}
}

// Selectors that match every other time are told of once, make no versions, and
// a change of the text that they select is told.
func TestSelectorThatMatchesNowAndThen(t *testing.T) {
	w := confirming(t)
	w.policy.Select = policy.CSS("#policy")
	w.sync()
	marked := func(months int) string {
		return strings.Replace(page(months), "<main>", `<p>Welcome to our new site, dear visitor.</p><main id="policy">`, 1)
	}
	w.say(marked(12))
	w.want(0, policy.OutcomeBaseline, "")
	var told []policy.EventType
	for range 6 {
		for _, body := range []string{strings.Replace(marked(12), `id="policy"`, "", 1), marked(12)} {
			w.say(body)
			if c := w.check(time.Hour); c.Event != "" {
				told = append(told, c.Event)
			}
		}
	}
	if s := w.state(); s.Versions != 1 || len(told) != 1 || told[0] != policy.EventExtractionDegraded {
		t.Errorf("%d versions and %v, want one and that the selectors fail", s.Versions, told)
	}
	w.say(marked(24))
	w.want(time.Hour, policy.OutcomeUnconfirmed, "")
	w.want(time.Hour, policy.OutcomeChanged, policy.EventPolicyChanged)
}

// New rules for reading a page with variants tell nobody, and a change of a
// variant that comes after them is still told.
func TestVariantsUnderNewRules(t *testing.T) {
	w := confirming(t)
	footed := func(months int, extra string) string {
		return strings.Replace(served(months, extra), "</main>", `<p class="imp">This page was printed with care by our print shop in town.</p></main>`, 1)
	}
	w.say(footed(12, cyprus))
	w.want(0, policy.OutcomeBaseline, "")
	w.say(footed(12, nevada))
	w.want(time.Hour, policy.OutcomeUnconfirmed, "")
	w.say(footed(12, cyprus))
	w.want(time.Hour, policy.OutcomeUnchanged, "")
	w.say(footed(12, nevada))
	w.want(time.Hour, policy.OutcomeUnconfirmed, "")
	w.say(footed(12, cyprus))
	w.want(time.Hour, policy.OutcomeUnchanged, "")
	w.say(footed(12, nevada))
	w.want(time.Hour, policy.OutcomeUnchanged, policy.EventPolicyVariant)

	w.policy.Remove = policy.CSS(".imp")
	w.sync()
	for range 3 {
		for _, extra := range []string{cyprus, nevada} {
			w.say(footed(12, extra))
			if c := w.check(time.Hour); c.Event != "" || c.Outcome != policy.OutcomeTechnical && c.Outcome != policy.OutcomeUnchanged {
				t.Fatalf("new rules: %s by %q with event %q", c.Outcome, c.Rule, c.Event)
			}
		}
	}
	w.say(footed(24, nevada))
	w.want(time.Hour, policy.OutcomeUnconfirmed, "")
	w.want(time.Hour, policy.OutcomeChanged, policy.EventPolicyChanged)
}
