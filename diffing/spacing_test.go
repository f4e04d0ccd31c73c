package diffing

import (
	"testing"

	"watcher/policy"
)

func TestSameLetters(t *testing.T) {
	for _, tc := range []struct {
		was, is string
		want    bool
		heading bool
	}{
		{"You find it at https://acme.example/privacyor in the app", "You find it at https://acme.example/privacy or in the app", true, true},
		{"1 Right to Use Services.", "5.1 Right to Use Services.", true, true},
		{"USE OF PLATFORM.", "2. USE OF PLATFORM", true, true},
		{"We keep it for 1 month", "We keep it for 11 month", false, false},
		{"12 Months after the account was closed", "24 Months after the account was closed", false, false},
		{"Fees: 5 €", "Fees: 5 $", false, false},
		{"a share of 5 %", "a share of 5", false, true},
		{"30 Tagen nach Vertragsende", "90 Tagen nach Vertragsende", false, false},
		{"25 EUR per request", "50 EUR per request", false, true},
		{"16 Countries where we store data", "40 Countries where we store data", false, true},
		{"1. Retention", "2. Retention", true, true},
		{"1. Item of a list", "2. Item of a list", false, false},
		{"We may share it", "We will share it", false, false},
		{"1.5 percent", "15 percent", false, false},
	} {
		e := policy.Edit{Op: policy.Reworded, Old: tc.was, New: tc.is, Heading: tc.heading}
		if got := sameLetters(&e); got != tc.want {
			t.Errorf("%q -> %q: %t, want %t", tc.was, tc.is, got, tc.want)
		}
	}
}
