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

// slotWindow is the time within which the values of a volatile line were seen: a
// number that changes once a year counts nothing.
const slotWindow = 7 * 24 * time.Hour

// maxSlots bounds how many volatile lines of a policy are remembered.
const maxSlots = 32

// number matches what varies in a slot: digits with what joins them, and ids in
// hexadecimal.
var number = regexp.MustCompile(`(?i)\b[0-9a-f]*\d[0-9a-f]*(?:[.,:\-][0-9a-f]+)*\b`)

// counting matches the words of lines that count what happens on a page, and of
// ids of builds and requests. Only such lines are ever volatile: any other number
// may be what a policy says.
var counting = regexp.MustCompile(`(?i)\b(?:views?|visitors?|likes?|liked|votes?|voted|comments?|replies|readers?|followers?|downloads?|members online|` +
	`people (?:like|liked|found|viewed|read|are)|found this|(?:trace|request|ray|session|revision|commit) id|build \S*\d|` +
	`aufrufe|besucher|kommentare|gefällt|vues?|visiteurs|commentaires|visitas|comentarios|visualizzazioni|weergaven)\b`)

// telling matches what makes a number part of what the policy says: units of
// time, age, money and shares, and the words of dates.
var telling = regexp.MustCompile(`(?i)\b(?:seconds?|minutes?|hours?|days?|weeks?|months?|years?|old|age[ds]?|under|over|` +
	`tage?n?|wochen?|monate?n?|jahre?n?|jours?|semaines?|mois|ans?|années?|días?|semanas?|mes(?:es)?|años?|giorni|mesi|anni|dagen|maanden|jaar|` +
	`usd|eur|gbp|dollars?|euros?|percent|articles?|sections?|art|clause|regulation|directive|law|act|` +
	`date[ds]?|updated?|effective|revised|modified|published|version|stand|gültig|` +
	`jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:t|tember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b|[€$£%§@]|[+]\d`)

// SlotOf returns the slot that an edit shows, its values old and new: a line that
// counts something of the page, in which nothing but numbers differs. A
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
	if !counting.MatchString(e.Old) || !counting.MatchString(e.New) || telling.MatchString(e.Old) || telling.MatchString(e.New) {
		return slot, false
	}
	was, is := number.ReplaceAllString(e.Old, "0"), number.ReplaceAllString(e.New, "0")
	if was != is {
		return slot, false
	}
	slot.Line = policy.Sum([]byte(e.Section + "\x00" + is))
	for _, s := range []string{e.Old, e.New} {
		slot.Values = append(slot.Values, policy.SlotValue{SHA256: policy.Sum([]byte(strings.Join(number.FindAllString(s, -1), " ")))})
	}
	return slot, true
}

// Learn adds what the edits of a difference show of slots. volatile is set when
// every edit is a slot whose numbers are known to change by themselves.
func Learn(slots []policy.Slot, edits []policy.Edit, at time.Time) (next []policy.Slot, volatile bool) {
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
		if next, known = addSlot(next, s, at); !known {
			volatile = false
		}
	}
	return next[max(0, len(next)-maxSlots):], volatile && found
}

// addSlot adds the values of a slot, seen at a time, and says whether it is
// volatile.
func addSlot(slots []policy.Slot, s policy.Slot, at time.Time) ([]policy.Slot, bool) {
	i := slices.IndexFunc(slots, func(known policy.Slot) bool { return known.Line == s.Line })
	if i < 0 {
		slots, i = append(slots, policy.Slot{Line: s.Line}), len(slots)
	}
	merged := policy.Slot{Line: s.Line}
	for _, v := range slots[i].Values {
		if age := at.Sub(v.SeenAt); age >= 0 && age <= slotWindow {
			merged.Values = append(merged.Values, v)
		}
	}
	for _, v := range s.Values {
		known := func(k policy.SlotValue) bool { return k.SHA256 == v.SHA256 }
		merged.Values = append(slices.DeleteFunc(merged.Values, known), policy.SlotValue{SHA256: v.SHA256, SeenAt: at})
	}
	merged.Values = merged.Values[max(0, len(merged.Values)-policy.SlotValues):]
	slots[i] = merged
	return slots, merged.Volatile()
}
