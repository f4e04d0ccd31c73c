package triage

import (
	"fmt"
	"testing"
	"time"

	"watcher/policy"
)

func reworded(was, is string, categories ...policy.Category) policy.Edit {
	return policy.Edit{Op: policy.Reworded, Section: "S", Old: was, New: is, Significance: policy.Minor, Categories: categories}
}

func TestSlotIsLearnedFromThreeValues(t *testing.T) {
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	var slots []policy.Slot
	var volatile bool
	for i, want := range []bool{false, true, true} {
		edits := []policy.Edit{reworded("1204 people like this page", fmt.Sprint(1205+i, " people like this page"))}
		if slots, volatile = Learn(slots, edits, at); volatile != want {
			t.Errorf("value %d: volatile %t, want %t", i+2, volatile, want)
		}
	}
	edits := []policy.Edit{
		reworded("1204 people like this page", "9 people like this page"),
		{Op: policy.Added, New: "We sell your data.", Significance: policy.Material},
	}
	if _, volatile = Learn(slots, edits, at); volatile {
		t.Error("a volatile line hides the edit beside it")
	}
	if _, volatile = Learn(slots, []policy.Edit{{Op: policy.Reworded, Old: "a", New: "A", Significance: policy.Cosmetic}}, at); volatile {
		t.Error("a difference without a slot is volatile")
	}
}

// What a policy says with a number is never a slot, however often it changes.
func TestNoSlotInWhatAPolicySays(t *testing.T) {
	for _, e := range []policy.Edit{
		reworded("We keep it for 12 months", "We keep it for 24 months"),
		reworded("Last updated 3.4.2026", "Last updated 4.4.2026"),
		reworded("3 March 2026", "4 March 2026"),
		reworded("Visitors under 13 are not served", "Visitors under 16 are not served"),
		reworded("The fee is €5", "The fee is €6"),
		reworded("by Article 6 of the GDPR", "by Article 9 of the GDPR"),
		reworded("dpo1@acme.example", "dpo2@acme.example"),
		reworded("Aufbewahrung: 3 Monate", "Aufbewahrung: 6 Monate"),
		reworded("Conservation : 3 ans", "Conservation : 5 ans"),
		reworded("We share it with 113 partners", "We share it with 114 partners", policy.ThirdPartySharing),
		reworded("You must be at least 13 to use this.", "You must be at least 14 to use this."),
		reworded("保存期間は13日間です。", "保存期間は14日間です。"),
		reworded("Dane przechowujemy przez 13 dni.", "Dane przechowujemy przez 14 dni."),
		reworded("A copy costs 5 CHF for each request.", "A copy costs 6 CHF for each request."),
		reworded("We rely on 13 other companies for this.", "We rely on 14 other companies for this."),
		reworded("Our office is at Main Street 13.", "Our office is at Main Street 14."),
		reworded("We are certified under ISO 27001.", "We are certified under ISO 27002."),
		reworded("Room 12", "Hall 12"),
		{Op: policy.Added, New: "12", Significance: policy.Minor},
		{Op: policy.Reworded, Old: "7 of them", New: "8 of them", Significance: policy.Material},
	} {
		if _, ok := SlotOf(e); ok {
			t.Errorf("%q -> %q is taken for a counter", e.Old, e.New)
		}
	}
}

func TestSlotsAreBounded(t *testing.T) {
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	var slots []policy.Slot
	for i := range 3 * maxSlots {
		line := string(rune('a'+i%26)) + string(rune('a'+i/26)) + " seen in views "
		slots, _ = Learn(slots, []policy.Edit{reworded(line+"1", line+"2")}, at)
	}
	if len(slots) != maxSlots {
		t.Errorf("%d slots, want %d", len(slots), maxSlots)
	}
}

func TestBudget(t *testing.T) {
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	var n policy.Noise
	var tell, began bool
	told, notices := 0, 0
	for range 20 {
		at = at.Add(6 * time.Hour)
		n, tell, began = Budget(n, policy.Minor, at)
		if tell {
			told++
		}
		if began {
			notices++
		}
	}
	if told != noiseBudget || notices != 1 {
		t.Errorf("%d changes and %d notices told, want %d and 1", told, notices, noiseBudget)
	}
	if _, tell, _ = Budget(n, policy.Material, at); !tell {
		t.Error("the budget suppresses a material change")
	}
	at = at.Add(noiseWindow)
	if n, tell, _ = Budget(n, policy.Minor, at); !tell || n.Noisy {
		t.Error("a page that was quiet for a week stays noisy")
	}
}

// A counter that moves once a year is told each time.
func TestSlowCounterIsNoSlot(t *testing.T) {
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	var slots []policy.Slot
	for i := range 5 {
		var volatile bool
		at = at.Add(300 * 24 * time.Hour)
		edits := []policy.Edit{reworded(fmt.Sprint(10+i, " people like this page"), fmt.Sprint(11+i, " people like this page"))}
		if slots, volatile = Learn(slots, edits, at); volatile {
			t.Fatalf("value %d is taken for volatile", i+2)
		}
	}
}
