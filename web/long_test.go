package web

import (
	"fmt"
	"strings"
	"testing"

	"watcher/policy"
)

// longChange is a change of so many words, in sentences of twenty.
func longChange(words int) policy.Change {
	change := fixtureChange([]policy.Document{textOne(), textTwo()})
	change.Edits = nil
	grades := policy.Significances()
	for n := range words / 20 {
		old := fmt.Sprintf("Sentence %d says what we keep of you, why we keep it and for how many days we do. ", n)
		now := strings.Replace(old, "days", "months", 1)
		change.Edits = append(change.Edits, policy.Edit{
			ID: fmt.Sprintf("e%d", n), Op: policy.Reworded, Section: fmt.Sprintf("Section %d", n/40), Old: old, New: now,
			Significance: grades[1+n%3], Categories: []policy.Category{policy.DataRetention}, Reasons: []string{"a period changed"},
			Redline: []policy.Span{
				{Op: policy.SpanEqual, Text: strings.TrimSuffix(old, "days we do. ")},
				{Op: policy.SpanDelete, Text: "days"},
				{Op: policy.SpanInsert, Text: "months"},
				{Op: policy.SpanEqual, Text: " we do. "},
			},
		})
	}
	return change
}

func BenchmarkLongRedline(b *testing.B) {
	store := fixture()
	store.changes[key(changedID, 2)] = longChange(100_000)
	h, err := New(options(store))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		w := call(h, "GET", "/policies/northlight-imaging/privacy/changes/2", "")
		b.ReportMetric(float64(w.Body.Len()), "bytes")
	}
}
