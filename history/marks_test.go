package history

import (
	"strings"
	"testing"
)

func TestMarks(t *testing.T) {
	for _, tc := range []struct{ query, text, want string }{
		{"retention", "Retention: the data-retention period.", "[Retention]: the data-[retention] period."},
		{"keep data", "We keep personal data; keepers keep datasets.", "We [keep] personal [data]; [keep]ers [keep] [data]sets."},
		{`"personal data"`, "Personal\n data and personal datasets", "[Personal\n data] and personal datasets"},
		{"tain", "retain what is tained", "retain what is [tain]ed"},
		{`data "data we"`, "the data we hold", "the [data we] hold"},
		{"don't", "We don\u2019t sell", "We [don\u2019t] sell"},
		{"straße", "Die STRASSE, die Straße", "Die STRASSE, die [Straße]"},
		{"データ", "個人データを", "個人[データ]を"},
		{"soft", "so\u00adft words", "[so\u00adft] words"},
		{"nowhere", "something", "something"},
		{`"`, "a \" b", "a \" b"},
	} {
		var b strings.Builder
		end := 0
		for _, s := range (Query{Text: tc.query}).Marks(tc.text) {
			b.WriteString(tc.text[end:s.From] + "[" + tc.text[s.From:s.To] + "]")
			end = s.To
		}
		b.WriteString(tc.text[end:])
		if got := b.String(); got != tc.want {
			t.Errorf("%s in %q: %q, want %q", tc.query, tc.text, got, tc.want)
		}
	}
}

// FuzzMarks: spans are in order, apart, and inside the text.
func FuzzMarks(f *testing.F) {
	f.Add("keep \"personal data\"", "We keep personal data.")
	f.Fuzz(func(t *testing.T, query, text string) {
		end := 0
		for i, s := range (Query{Text: query}).Marks(text) {
			if s.From < end || i > 0 && s.From == end || s.To <= s.From || s.To > len(text) {
				t.Fatalf("%q in %q: %+v after %d", query, text, s, end)
			}
			end = s.To
		}
	})
}
