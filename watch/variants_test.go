package watch

import (
	"strings"
	"testing"
	"time"

	"watcher/policy"
)

// varying is a world whose page is known to serve two texts.
func varying(t *testing.T) *world {
	t.Helper()
	w := confirming(t)
	for _, extra := range []string{cyprus, nevada, cyprus, nevada, cyprus, nevada, cyprus} {
		w.say(served(12, extra))
		w.check(time.Hour)
	}
	if n := len(w.alerts()); n != 1 {
		t.Fatalf("%d alerts, want that of the variant", n)
	}
	return w
}

// believed shows a page twice and returns the event of the second sighting.
func (w *world) believed(body string) policy.EventType {
	w.t.Helper()
	w.say(body)
	w.check(time.Hour)
	return w.check(time.Hour).Event
}

// What the head itself did before is no repetition of another variant's change.
func TestChangeThatComesBackIsTold(t *testing.T) {
	w := varying(t)
	for _, p := range []struct {
		months int
		more   string
	}{{24, ""}, {24, " b."}, {12, " b."}, {12, " c."}, {24, " c."}} {
		if e := w.believed(served(p.months, cyprus+p.more)); e != policy.EventPolicyChanged {
			t.Fatalf("%d months%s: event %q", p.months, p.more, e)
		}
	}
}

// A clause that was told in one section is news in another.
func TestClauseInAnotherSectionIsTold(t *testing.T) {
	w := varying(t)
	const clause = "<p>We may sell your personal data to advertisers.</p>"
	sections := strings.Replace(served(12, cyprus), "<h2>Retention", "<h2>Customers</h2><p>This section is about the customers of our shop.</p>"+
		"<h2>Children</h2><p>This section is about visitors who are younger.</p><h2>Retention", 1)
	one := strings.Replace(sections, "<h2>Children", clause+"<h2>Children", 1)
	two := strings.Replace(one, "<h2>Retention", clause+"<h2>Retention", 1)
	for i, body := range []string{sections, one, two} {
		if e := w.believed(body); e != policy.EventPolicyChanged {
			t.Fatalf("step %d: event %q", i, e)
		}
	}
}

// A text that was there once is not believed because the page fails later.
func TestGlitchOnVaryingPage(t *testing.T) {
	w := varying(t)
	w.say(served(24, nevada))
	w.want(time.Hour, policy.OutcomeUnconfirmed, "")
	w.say(served(12, cyprus))
	w.want(12*time.Hour, policy.OutcomeUnchanged, "")
	w.vendor.err = errDown
	w.want(20*time.Hour, policy.OutcomeFailed, "")
	w.say(served(12, cyprus))
	w.want(time.Hour, policy.OutcomeUnchanged, "")
	if w.state().Pending != nil {
		t.Error("the glitch waits on after its hold")
	}
	w.say(served(12, nevada))
	w.want(time.Hour, policy.OutcomeUnchanged, "")
	if n := len(w.alerts()); n != 1 {
		t.Errorf("%d alerts, want none but that of the variant", n)
	}
}

// Two texts that differ in typography only are no event.
func TestCosmeticVariant(t *testing.T) {
	w := confirming(t)
	for i := range 6 {
		quote := `"so"`
		if i%2 == 1 {
			quote = "“so”"
		}
		w.say(served(12, "We call our visitors "+quote+" and do so throughout."))
		if c := w.check(time.Hour); c.Event != "" {
			t.Fatalf("step %d: event %q", i, c.Event)
		}
	}
}

// What an archive's past does to the budget is no matter of the present.
func TestQuietChecksSpendNoBudget(t *testing.T) {
	w := newWorld(t)
	colour := func(c string) string {
		return served(12, "The walls of our office are painted in the colour "+c+" at present.")
	}
	w.say(colour("red"))
	w.want(0, policy.OutcomeBaseline, "")
	for c := range strings.FieldsSeq("green blue white black brown beige grey") {
		w.say(colour(c))
		w.now = w.now.Add(time.Hour)
		if _, err := w.checkMode(w.claim(), Mode{Quiet: true}); err != nil {
			t.Fatal(err)
		}
	}
	w.say(colour("pink"))
	w.want(time.Hour, policy.OutcomeChanged, policy.EventPolicyChanged)
}
