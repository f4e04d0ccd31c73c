package diffing

import (
	"testing"

	"watcher/policy"
)

func TestSameLetters(t *testing.T) {
	for _, tc := range []struct {
		was, is string
		want    bool
	}{
		{"You find it at https://acme.example/privacyor in the app", "You find it at https://acme.example/privacy or in the app", true},
		{"1 Right to Use Services.", "5.1 Right to Use Services.", true},
		{"USE OF PLATFORM.", "2. USE OF PLATFORM", true},
		{"We keep it for 1 month", "We keep it for 11 month", false},
		{"12 Months after the account was closed", "24 Months after the account was closed", false},
		{"Fees: 5 €", "Fees: 5 $", false},
		{"a share of 5 %", "a share of 5", false},
		{"We may share it", "We will share it", false},
		{"1.5 percent", "15 percent", false},
	} {
		e := policy.Edit{Op: policy.Reworded, Old: tc.was, New: tc.is}
		if got := sameLetters(&e); got != tc.want {
			t.Errorf("%q -> %q: %t, want %t", tc.was, tc.is, got, tc.want)
		}
	}
}
