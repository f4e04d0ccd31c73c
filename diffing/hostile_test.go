package diffing

import (
	"strings"
	"testing"

	"watcher/policy"
)

// hostileTexts are pieces that, repeated, tempt a scanner to look at the same
// bytes again and again.
func hostileTexts() []string {
	return []string{
		"(", ")", "www.", "http://", "a.", "a@", "1/", "May ", "X", "中", "e.g. ", "1 ", "'a", "| ", "\n", "A b. ", "word ", "¡", "XX/05/",
	}
}

// TestHostile compares long repetitions; were any step quadratic, they
// would not come back before the deadline of the test.
func TestHostile(t *testing.T) {
	const size = 1 << 17
	for _, piece := range hostileTexts() {
		build := func(prefix string) policy.Document {
			return policy.Document{Sections: []policy.Section{{
				Heading: "H", Level: 1,
				Blocks: []policy.Block{{Kind: policy.Paragraph, Text: prefix + strings.Repeat(piece, size/len(piece))}},
			}}}
		}
		from, to := build("Old text. "), build("New words here. ")
		c := Compare(from, to, Options{})
		checkChange(t, from, to, c)
		Classify(&to)
	}
}

// BenchmarkHostile shows the time for a megabyte of each.
func BenchmarkHostile(b *testing.B) {
	for _, piece := range hostileTexts() {
		b.Run(strings.TrimSpace(piece), func(b *testing.B) {
			mk := func(p string) policy.Document {
				return policy.Document{Sections: []policy.Section{{Blocks: []policy.Block{{Kind: policy.Paragraph, Text: p + strings.Repeat(piece, (1<<20)/len(piece))}}}}}
			}
			from, to := mk("Old text. "), mk("New words here. ")
			for b.Loop() {
				Compare(from, to, Options{})
			}
		})
	}
}
