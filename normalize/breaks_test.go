package normalize

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestLineBreaks checks which breaks divide paragraphs and which lay out text.
func TestLineBreaks(t *testing.T) {
	const one = "This notice tells you what we do with personal data when you order from our shop."
	const two = "We answer every letter within a month, and we take no fee for the answer to it."
	for _, tc := range []struct {
		name  string
		lines []string
		want  []string
	}{
		{"titles of a text", []string{one, "Your Rights", two, "Where we are", one, two}, []string{one, "Your Rights", two, "Where we are", one, two}},
		{"address in a text", []string{one, two, "Harbour Tools", "12 Quay Street", "CA 94107", one}, []string{one, two, "Harbour Tools 12 Quay Street CA 94107", one}},
		{"numbered title above an address", []string{one, two, "7. Contact", "Harbour Tools", "1017 HL Amsterdam", one}, []string{one, two, "7. Contact", "Harbour Tools 1017 HL Amsterdam", one}},
		{"items with pictograms", []string{one, two, "📍 Quay Street, 2500 Valby", "🌐 www.shop.example", one, two}, []string{one, two, "📍 Quay Street, 2500 Valby", "🌐 www.shop.example", one, two}},
		{"break within a sentence", []string{one, two, one, two, "We send nothing to those who sell lists of names and of addresses to", "other shops"}, []string{one, two, one, two, "We send nothing to those who sell lists of names and of addresses to other shops"}},
		{"large imprint without sentences", []string{"Harbour Tools Ltd", "Court of Bristol", "Director: A. Keel", "Number 4711", "Tax number 0815", "Open on weekdays", "Closed on holidays"}, []string{"Harbour Tools Ltd Court of Bristol Director: A. Keel Number 4711 Tax number 0815 Open on weekdays Closed on holidays"}},
		{"few words", []string{one, "Your Rights", two}, []string{one, "Your Rights " + two}},
		{"few lines, many words", []string{strings.Repeat(two+" ", 4) + one, "Your Rights", strings.Repeat(two+" ", 4) + one}, []string{strings.Repeat(two+" ", 4) + one, "Your Rights", strings.Repeat(two+" ", 4) + one}},
		{"wrapped at one width", []string{
			"This notice tells you what we do with personal data, and why, when you", "order something from our shop, write to us or call. We keep the data as",
			"long as the law asks for it; then it is erased from all of our systems", "and from the tapes in the cellar as well, which takes up to two months", "at the most. Nothing of it is sold to anybody, whatever they offer for", "it.",
		}, []string{
			"This notice tells you what we do with personal data, and why, when you order something from our shop, write to us or call. We keep the data as " +
				"long as the law asks for it; then it is erased from all of our systems and from the tapes in the cellar as well, which takes up to two months at the most. Nothing of it is sold to anybody, whatever they offer for it.",
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			lines := make([]span, len(tc.lines))
			for i, l := range tc.lines {
				lines[i] = span{text: l, letters: len(l)}
			}
			var got []string
			for _, s := range joinLines(lines, false, false) {
				got = append(got, s.text)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
