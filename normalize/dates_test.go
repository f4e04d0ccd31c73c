package normalize

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"watcher/policy"
)

func TestDayOfMonth(t *testing.T) {
	for _, s := range []string{"1st day of March, 2024", "the 1st of March 2024", "1st March, 2024"} {
		if d, ok := ParseDate(s, "en"); !ok || d.Value != "2024-03-01" {
			t.Errorf("%s: %+v, %v", s, d, ok)
		}
	}
}

func TestParseDate(t *testing.T) {
	day := func(v string) policy.Date {
		return policy.Date{Kind: policy.DateUnspecified, Value: v, Precision: policy.PrecisionDay}
	}
	month := func(v string) policy.Date {
		return policy.Date{Kind: policy.DateUnspecified, Value: v, Precision: policy.PrecisionMonth}
	}
	with := func(d policy.Date, f func(*policy.Date)) policy.Date { f(&d); return d }
	guessed := func(d *policy.Date) { d.Guessed = true }
	placeholder := func(d *policy.Date) { d.Placeholder = true }
	impossible := func(d *policy.Date) { d.Impossible = true }
	none := policy.Date{Kind: policy.DateUnspecified}
	for _, tc := range []struct {
		in, lang string
		want     policy.Date
	}{
		{"19/01/2024", "en", day("2024-01-19")},
		{"01/19/2024", "en", day("2024-01-19")},
		{"04/05/2024", "en", with(day("2024-04-05"), guessed)},
		{"04/05/2024", "fr", day("2024-05-04")},
		{"04.05.2024", "en", day("2024-05-04")},
		{"05/05/2024", "en", day("2024-05-05")},
		{"3/5/24", "de", day("2024-05-03")},
		{"2024-05-04", "", day("2024-05-04")},
		{"2024-05-04T10:11:12+02:00", "", day("2024-05-04")},
		{"2024/5/4", "", day("2024-05-04")},
		{"november 10th, 2021", "en", day("2021-11-10")},
		{"02nd October 2024", "en", day("2024-10-02")},
		{"Friday, 3 May 2024", "en", day("2024-05-03")},
		{"the 3rd of May, 2024", "en", day("2024-05-03")},
		{"September, 2015", "en", month("2015-09")},
		{"June 2024", "en", month("2024-06")},
		{"05/2025", "en", month("2025-05")},
		{"2024", "en", policy.Date{Kind: policy.DateUnspecified, Value: "2024", Precision: policy.PrecisionYear}},
		{"5. März 2024", "de", day("2024-03-05")},
		{"1er janvier 2024", "fr", day("2024-01-01")},
		{"25 mai 2018", "fr", day("2018-05-25")},
		{"12 de septiembre de 2023", "es", day("2023-09-12")},
		{"12 settembre 2023", "it", day("2023-09-12")},
		{"7 augustus 2023", "nl", day("2023-08-07")},
		{"7 de março de 2023", "pt", day("2023-03-07")},
		{"25 maja 2018 r.", "pl", day("2018-05-25")},
		{"25. maj 2018", "da", day("2018-05-25")},
		{"den 25 maj 2018", "sv", day("2018-05-25")},
		{"25. května 2018", "cs", day("2018-05-25")},
		{"2024年4月1日", "ja", day("2024-04-01")},
		{"2024年4月", "zh", month("2024-04")},
		{"XX/05/2025", "en", with(month("2025-05"), placeholder)},
		{"XX May 2025", "en", with(month("2025-05"), placeholder)},
		{"00/00/0000", "en", with(none, placeholder)},
		{"DD/MM/YYYY", "en", with(none, placeholder)},
		{"TBD", "en", with(none, placeholder)},
		{"[date]", "en", with(none, placeholder)},
		{"[insert date]", "en", with(none, placeholder)},
		{"30 February 2024", "en", with(month("2024-02"), impossible)},
		{"31/04/2024", "en", with(month("2024-04"), impossible)},
		{"29 February 2024", "en", day("2024-02-29")},
	} {
		tc.want.Raw = tc.in
		got, ok := ParseDate(tc.in, tc.lang)
		if diff := cmp.Diff(tc.want, got); !ok || diff != "" {
			t.Errorf("ParseDate(%q, %q) ok %v (-want +got):\n%s", tc.in, tc.lang, ok, diff)
		}
	}
	for _, bad := range []string{"", "privacy", "12", "1.2.3.4", "v2.10.3", "10:30", "May", "May 2024 to June 2024", "3 of 2024 people", "99999999999999999999"} {
		if d, ok := ParseDate(bad, "en"); ok {
			t.Errorf("ParseDate(%q) = %+v, want none", bad, d)
		}
	}
}

func TestFindDates(t *testing.T) {
	for _, tc := range []struct {
		name, text, lang string
		want             []string
	}{
		{"label and date", "Last updated: 3 May 2024", "en", []string{"updated 2024-05-03 Last updated: 3 May 2024"}},
		{"two lines", "Effective date\nMay 3, 2024", "en", []string{"effective 2024-05-03 Effective date: May 3, 2024"}},
		{"sentence", "This notice is effective as of May 3, 2024 and was last updated on June 1, 2024.", "en", []string{
			"effective 2024-05-03 This notice is effective as of May 3, 2024", "updated 2024-06-01 was last updated on June 1, 2024",
		}},
		{"two dates", "Last updated 1 June 2024 | Effective 1 July 2024", "en", []string{
			"updated 2024-06-01 Last updated 1 June 2024", "effective 2024-07-01 Last updated 1 June 2024 | Effective 1 July 2024",
		}},
		{"order from the document", "Last updated: 04/05/2024\nVersion of 23/04/2024", "en", []string{
			"updated 2024-05-04 Last updated: 04/05/2024", "updated 2024-04-23 Version of 23/04/2024",
		}},
		{"german", "Stand: 1. Februar 2024", "de", []string{"updated 2024-02-01 Stand: 1. Februar 2024"}},
		{"french", "Dernière mise à jour le 1er février 2024", "fr", []string{"updated 2024-02-01 Dernière mise à jour le 1er février 2024"}},
		{"spanish", "Última actualización: 1 de febrero de 2024", "es", []string{"updated 2024-02-01 Última actualización: 1 de febrero de 2024"}},
		{"italian", "Ultimo aggiornamento: 1 febbraio 2024", "it", []string{"updated 2024-02-01 Ultimo aggiornamento: 1 febbraio 2024"}},
		{"dutch", "Laatst bijgewerkt op 1 februari 2024", "nl", []string{"updated 2024-02-01 Laatst bijgewerkt op 1 februari 2024"}},
		{"portuguese", "Última atualização: 1 de fevereiro de 2024", "pt", []string{"updated 2024-02-01 Última atualização: 1 de fevereiro de 2024"}},
		{"polish", "Ostatnia aktualizacja: 1 lutego 2024 r.", "pl", []string{"updated 2024-02-01 Ostatnia aktualizacja: 1 lutego 2024"}},
		{"danish", "Sidst opdateret: 1. februar 2024", "da", []string{"updated 2024-02-01 Sidst opdateret: 1. februar 2024"}},
		{"swedish", "Senast uppdaterad den 1 februari 2024", "sv", []string{"updated 2024-02-01 Senast uppdaterad den 1 februari 2024"}},
		{"czech", "Poslední aktualizace: 1. února 2024", "cs", []string{"updated 2024-02-01 Poslední aktualizace: 1. února 2024"}},
		{"japanese", "最終更新日：2024年2月1日", "ja", []string{"updated 2024-02-01 最終更新日：2024年2月1日"}},
		{"japanese after", "2024年2月1日 改定", "ja", []string{"updated 2024-02-01 2024年2月1日 改定"}},
		{"chinese", "更新日期：2024年2月1日", "zh", []string{"updated 2024-02-01 更新日期：2024年2月1日"}},
		{"open", "Effective date: TBD", "en", []string{"effective ? Effective date: TBD"}},
		{"year", "Last updated: 2024", "en", []string{"updated 2024 Last updated: 2024"}},
		{"law", "The GDPR, effective 25 May 2018, grants you further rights that we describe in this section of the page.", "en", nil},
		{"deadline", "We kept server logs of visits made before 25 May 2018 and have deleted them.", "en", nil},
		{"as of", "As of 16 July 2020, we no longer rely on that framework for transfers of your data.", "en", nil},
		{"copyright", "© 2024 Example Ltd. All rights reserved.", "en", nil},
		{"older edition", "Our previous privacy policy, effective 3 May 2019, is kept here.", "en", nil},
		{"archive", "This text was extracted from the page archived on 2017-02-17 by the Wayback Machine.", "en", nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var units []unit
			for l := range strings.SplitSeq(tc.text, "\n") {
				units = append(units, unit{kind: policy.Paragraph, text: l})
			}
			units, _ = dropLines(units)
			var got []string
			for _, d := range findDates(units, orderHint(units, tc.lang, "")) {
				v := d.Value
				if d.Placeholder && v == "" {
					v = "?"
				}
				got = append(got, string(d.Kind)+" "+v+" "+d.Raw)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestMonthNamesAgree(t *testing.T) {
	// A form that two languages use for different months would silently
	// overwrite one of them.
	for form, want := range map[string]int{"mar": 3, "marca": 3, "marzo": 3, "listopada": 11, "listopadu": 11, "června": 6, "července": 7, "set": 9, "mai": 5, "maj": 5} {
		if got := monthNames[form]; got != want {
			t.Errorf("month %q = %d, want %d", form, got, want)
		}
	}
}

func FuzzParseDate(f *testing.F) {
	for _, s := range []string{"XX/05/2025", "november 10th, 2021", "2024年4月1日", "31.02.2024", "[date]", "1er mai 2024", "2024-05-04T10:11:12Z"} {
		f.Add(s, "en")
	}
	f.Fuzz(func(t *testing.T, s, lang string) {
		d, ok := ParseDate(s, lang)
		if !ok {
			return
		}
		want := map[policy.Precision]int{policy.PrecisionDay: 10, policy.PrecisionMonth: 7, policy.PrecisionYear: 4, "": 0}[d.Precision]
		if len(d.Value) != want {
			t.Errorf("ParseDate(%q): value %q of precision %q", s, d.Value, d.Precision)
		}
		if d.Value == "" && !d.Placeholder && !d.Impossible {
			t.Errorf("ParseDate(%q): a date without a value that is no placeholder: %+v", s, d)
		}
		findDates([]unit{{text: s}, {text: "Last updated: " + s}}, dayOrder{})
	})
}
