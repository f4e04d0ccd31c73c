package config

import "strings"

// nearest returns the candidate that text is most likely a misspelling of, or
// "". Up to a third of the letters may be wrong, and never more than two.
func nearest(text string, candidates []string) string {
	best, bestDistance := "", 3
	folded := fold(text)
	for _, c := range candidates {
		limit := min(2, max(1, len(c)/3))
		if d := distance(folded, fold(c)); d <= limit && d < bestDistance {
			best, bestDistance = c, d
		}
	}
	return best
}

// fold makes spellings comparable that differ in case and separators only.
func fold(s string) string {
	return strings.NewReplacer("-", "_", " ", "_").Replace(strings.ToLower(s))
}

// distance is the optimal string alignment distance: insertions, deletions,
// substitutions and swaps of neighbours, each counting one (Damerau 1964).
func distance(a, b string) int {
	const longest = 64 // no key is longer; keeps hostile input cheap
	if len(a) > longest || len(b) > longest {
		return longest
	}
	var rows [3][longest + 1]int
	for j := 0; j <= len(b); j++ {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		row, up, upup := &rows[i%3], &rows[(i+2)%3], &rows[(i+1)%3]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(up[j]+1, row[j-1]+1, up[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], upup[j-2]+1)
			}
		}
	}
	return rows[len(a)%3][len(b)]
}

// didYouMean is the hint for a near miss, or instead when there is none.
func didYouMean(near, instead string) string {
	if near == "" {
		return instead
	}
	return "did you mean `" + near + "`?"
}

// list joins words for a sentence: "a, b or c".
func list(words []string, last string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	n := len(words) - 1
	return strings.Join(words[:n], ", ") + " " + last + " " + words[n]
}
