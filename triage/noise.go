package triage

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"watcher/policy"
)

// The noise budget: so many small changes within a window are told of one by
// one; the rest is recorded only, until the page has been quiet for a window.
const (
	noiseBudget = 4
	noiseWindow = 7 * 24 * time.Hour
)

// Budget charges a change to a policy's noise budget and says whether it is to
// be told of. A material change always is, and costs nothing. began is set for
// the change with which the page became noisy.
func Budget(n policy.Noise, s policy.Significance, at time.Time) (next policy.Noise, tell, began bool) {
	if s.Rank() >= policy.Material.Rank() {
		return n, true, false
	}
	next.Noisy = n.Noisy
	for _, t := range n.Told {
		if age := at.Sub(t); age >= 0 && age < noiseWindow {
			next.Told = append(next.Told, t)
		}
	}
	if len(next.Told) == 0 {
		next.Noisy = false
	}
	next.Told = append(next.Told, at)
	if len(next.Told) <= noiseBudget {
		// A page that has become noisy stays so until it was quiet.
		return next, !next.Noisy, false
	}
	next.Told = next.Told[1:]
	began, next.Noisy = !next.Noisy, true
	return next, false, began
}

// maxSlots bounds how many volatile lines of a policy are remembered.
const maxSlots = 32

// number matches what varies in a slot: digits with what joins them, and ids in
// hexadecimal.
var number = regexp.MustCompile(`(?i)\b[0-9a-f]*\d[0-9a-f]*(?:[.,:\-][0-9a-f]+)*\b`)

// telling matches what makes a number part of what the policy says: units of
// time, age, money and shares, and the words of dates.
var telling = regexp.MustCompile(`(?i)\b(?:seconds?|minutes?|hours?|days?|weeks?|months?|years?|old|age[ds]?|under|over|` +
	`tage?n?|wochen?|monate?n?|jahre?n?|jours?|semaines?|mois|ans?|années?|días?|semanas?|mes(?:es)?|años?|giorni|mesi|anni|dagen|maanden|jaar|` +
	`usd|eur|gbp|dollars?|euros?|percent|articles?|sections?|art|clause|regulation|directive|law|act|` +
	`date[ds]?|updated?|effective|revised|modified|published|version|stand|gültig|` +
	`jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:t|tember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b|[€$£%§@]|[+]\d`)

// SlotOf returns the slot that an edit shows: a reworded line in which nothing
// but numbers differs, and whose numbers are no part of what a policy says. A
// line that anything else about data decides (a category cue, a date, a number
// with a unit) is never a slot.
func SlotOf(e policy.Edit) (slot policy.Slot, ok bool) {
	if e.Op != policy.Reworded || e.Significance.Rank() >= policy.Material.Rank() || e.Heading || e.Old == e.New {
		return slot, false
	}
	for _, c := range e.Categories {
		if c != policy.OtherCategory {
			return slot, false
		}
	}
	if telling.MatchString(e.Old) || telling.MatchString(e.New) {
		return slot, false
	}
	was, is := number.ReplaceAllString(e.Old, "0"), number.ReplaceAllString(e.New, "0")
	if was != is {
		return slot, false
	}
	slot.Line = policy.Sum([]byte(e.Section + "\x00" + is))
	for _, s := range []string{e.Old, e.New} {
		slot.Values = append(slot.Values, policy.Sum([]byte(strings.Join(number.FindAllString(s, -1), " "))))
	}
	return slot, true
}

// Learn adds what the edits of a difference show of slots. volatile is set when
// every edit is a slot whose numbers are known to change by themselves.
func Learn(slots []policy.Slot, edits []policy.Edit) (next []policy.Slot, volatile bool) {
	next = append(next, slots...)
	volatile = true
	found := false
	for _, e := range edits {
		if e.Significance.Rank() <= policy.Cosmetic.Rank() {
			continue
		}
		s, ok := SlotOf(e)
		if !ok {
			volatile = false
			continue
		}
		var known bool
		found = true
		if next, known = addSlot(next, s); !known {
			volatile = false
		}
	}
	return next[max(0, len(next)-maxSlots):], volatile && found
}

// addSlot adds the values of a slot and says whether it is volatile.
func addSlot(slots []policy.Slot, s policy.Slot) ([]policy.Slot, bool) {
	for i := range slots {
		if slots[i].Line != s.Line {
			continue
		}
		merged := policy.Slot{Line: s.Line, Values: slots[i].Values}
		for _, v := range s.Values {
			merged = withValue(merged, v)
		}
		slots[i] = merged
		return slots, merged.Volatile()
	}
	return append(slots, s), false
}

func withValue(s policy.Slot, v policy.Digest) policy.Slot {
	if !slices.Contains(s.Values, v) && len(s.Values) < policy.SlotValues {
		s.Values = append(slices.Clip(s.Values), v)
	}
	return s
}
