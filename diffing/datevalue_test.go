package diffing

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"watcher/policy"
)

func TestReadDate(t *testing.T) {
	for in, want := range map[string]dateReading{
		"March 12, 2024":     {value: "2024-03-12"},
		"March 12th, 2024":   {value: "2024-03-12"},
		"12 March 2024":      {value: "2024-03-12"},
		"12th of March 2024": {value: "2024-03-12"},
		"12. März 2024":      {value: "2024-03-12"},
		"12 de mayo de 2024": {value: "2024-05-12"},
		"1er janvier 2024":   {value: "2024-01-01"},
		"2024-03-12":         {value: "2024-03-12"},
		"2024/3/12":          {value: "2024-03-12"},
		"12.03.2024":         {value: "2024-03-12"},
		"12.03.24":           {value: "2024-03-12"},
		"03/31/2024":         {value: "2024-03-31"},
		"31/03/2024":         {value: "2024-03-31"},
		"04/04/2024":         {value: "2024-04-04"},
		"12/03/2024":         {value: "2024-03-12", swapped: "2024-12-03"},
		"12/03/24":           {value: "2024-03-12", swapped: "2024-12-03"},
		"March 2024":         {value: "2024-03"},
		"XX/05/2025":         {},
		"XX May 2025":        {},
		"[DD/MM/YYYY]":       {},
		"30/02/2024":         {},
		"32 March 2024":      {},
		"31/31/2024":         {},
	} {
		toks := tokenize(in)
		if len(toks) != 1 || toks[0].kind != tokDate {
			t.Errorf("%q is no date token", in)
		}
		if got := readDate(in); got != want {
			t.Errorf("readDate(%q) = %+v, want %+v", in, got, want)
		}
	}
}

// TestSameDateInAnotherForm: a date that only looks different is no news, on a
// date line as well as in a sentence.
func TestSameDateInAnotherForm(t *testing.T) {
	for _, tc := range []struct {
		name             string
		oldDate, newDate string // claimed, "" for none
		old, new         string
		want             policy.Significance
	}{
		{"month first to day first", "2024-03-12", "2024-03-12", "Last updated: March 12, 2024", "Last updated: 12 March 2024", policy.Cosmetic},
		{"ISO to words", "2024-03-12", "2024-03-12", "Effective date: 2024-03-12", "Effective date: March 12th, 2024", policy.Cosmetic},
		{"the document knows the order", "2024-03-12~", "2024-03-12", "Last updated: 12/03/2024", "Last updated: 12 March 2024", policy.Cosmetic},
		{"the month first", "2024-12-03~", "2024-12-03", "Last updated: 12/03/2024", "Last updated: 3 December 2024", policy.Cosmetic},
		{"the document reads another day", "2024-12-03~", "2024-03-12", "Last updated: 12/03/2024", "Last updated: 12 March 2024", policy.Minor},
		{"another day", "2024-03-12", "2024-03-13", "Last updated: March 12, 2024", "Last updated: 13 March 2024", policy.Minor},
		{"another precision", "2024-03-12", "2024-03", "Last updated: March 12, 2024", "Last updated: March 2024", policy.Minor},
		{"in a sentence", "", "", "Contracts signed before March 12, 2024 stay as they are.", "Contracts signed before 12 March 2024 stay as they are.", policy.Cosmetic},
		{"two, an “and” between", "", "", "Orders from March 12, 2024 and April 1, 2024 stay as they are.", "Orders from 12 March 2024 and 2024-04-01 stay as they are.", policy.Cosmetic},
		{"two, swapped", "", "", "Orders from March 12, 2024 and April 1, 2024 stay as they are.", "Orders from 1 April 2024 and 12 March 2024 stay as they are.", policy.Minor},
		{"separators", "", "", "Contracts signed before 12/03/2024 stay as they are.", "Contracts signed before 12-03-2024 stay as they are.", policy.Cosmetic},
		{"nobody knows the order", "", "", "Contracts signed before 12/03/2024 stay as they are.", "Contracts signed before 12 March 2024 stay as they are.", policy.Minor},
		{"with other words", "", "", "Contracts signed before March 12, 2024 stay as they are.", "Contracts made before 12 March 2024 stay as they are.", policy.Minor},
	} {
		t.Run(tc.name, func(t *testing.T) {
			build := func(date, line string) policy.Document {
				if date != "" {
					date = "@updated " + date + " " + line + "\n"
				}
				return doc(t, "# Policy\n"+date+line+"\nWe keep logs for 12 months.\n")
			}
			from, to := build(tc.oldDate, tc.old), build(tc.newDate, tc.new)
			c := Compare(from, to, Options{})
			checkChange(t, from, to, c)
			if len(c.Edits) != 1 || c.Edits[0].Significance != tc.want {
				t.Fatalf("edits %q, want one that is %s", briefs(c), tc.want)
			}
			cosmetic := tc.want == policy.Cosmetic
			if said := strings.HasPrefix(c.Edits[0].Reasons[0], "the same date in another form: "); said != cosmetic {
				t.Errorf("reasons %q", c.Edits[0].Reasons)
			}
			if said := strings.HasPrefix(c.Summary, "The same date in another form: "); said != cosmetic {
				t.Errorf("summary %q", c.Summary)
			}
			if undated := []policy.DateFact{policy.Undated}; cosmetic && len(c.Dates.Facts) > 0 && !slices.Equal(c.Dates.Facts, undated) {
				t.Errorf("facts %v", c.Dates.Facts)
			}
		})
	}
}

// TestDateComesAndGoes: a date that is removed or added did not change.
func TestDateComesAndGoes(t *testing.T) {
	const with = "# Policy\n@updated 2024-03-12 Last updated: March 12, 2024\nLast updated: March 12, 2024\nWe keep logs for 12 months.\n"
	const without = "# Policy\nWe keep logs for 12 months.\n"
	for _, tc := range []struct {
		name, from, to, summary string
		facts                   []policy.DateFact
	}{
		{"removed", with, without, "The stated date was removed: March 12, 2024.", []policy.DateFact{policy.DateRemoved, policy.Undated}},
		{"removed, label kept", with, "# Policy\nLast updated:\nWe keep logs for 12 months.\n", "The stated date was removed: March 12, 2024.", []policy.DateFact{policy.DateRemoved, policy.Undated}},
		{"added", without, with, "A date was added: March 12, 2024.", []policy.DateFact{}},
		{"one of two", strings.Replace(with, "We keep", "Last updated: March 12, 2024\nWe keep", 1), with, "A date line was removed: March 12, 2024.", []policy.DateFact{}},
		{"label only", with, strings.ReplaceAll(with, "Last updated", "Last revised"), "The date line was reworded.", []policy.DateFact{}},
		{"changed", with, strings.NewReplacer("2024-03-12", "2024-03-13", "March 12", "March 13").Replace(with), "Only the stated date changed: March 12, 2024 → March 13, 2024.", []policy.DateFact{policy.DateBumpedTextSame}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			from, to := doc(t, tc.from), doc(t, tc.to)
			c := Compare(from, to, Options{})
			checkChange(t, from, to, c)
			if c.Summary != tc.summary || c.Significance != policy.Minor {
				t.Errorf("%s, summary %q, want %q\nedits %q", c.Significance, c.Summary, tc.summary, briefs(c))
			}
			if diff := cmp.Diff(tc.facts, c.Dates.Facts); diff != "" {
				t.Errorf("facts (-want +got):\n%s", diff)
			}
		})
	}
}

// TestEveryDateHasAForm: any two ways to write a day are the same day.
func TestEveryDateHasAForm(t *testing.T) {
	forms := []string{"2006-01-02", "2006/1/2", "02.01.2006", "2 January 2006", "January 2, 2006", "Jan 2, 2006", "2. January 2006"}
	rapid.Check(t, func(rt *rapid.T) {
		day := testDay(rapid.IntRange(0, 20000).Draw(rt, "day"))
		a, b := rapid.SampledFrom(forms).Draw(rt, "a"), rapid.SampledFrom(forms).Draw(rt, "b")
		if x, y := readDate(day.Format(a)), readDate(day.Format(b)); x != y || x.value != day.Format("2006-01-02") {
			rt.Fatalf("%q is %+v, %q is %+v", day.Format(a), x, day.Format(b), y)
		}
	})
}

func FuzzReadDate(f *testing.F) {
	f.Add("March 12th, 2024")
	f.Add("99/99/9999")
	f.Fuzz(func(t *testing.T, s string) {
		for _, r := range []dateReading{readDate(s), readDate(strings.ToLower(s))} {
			if n := len(r.value); n != 0 && n != len("2006-01") && n != len("2006-01-02") {
				t.Errorf("%q is %+v", s, r)
			}
		}
	})
}

// testDay returns the n-th day from 1970.
func testDay(n int) time.Time { return time.Unix(0, 0).UTC().AddDate(0, 0, n) }
