package diffing

import (
	"slices"
	"strings"

	"watcher/policy"
)

// sameNumbers reports whether nothing changed but how numbers are written:
// "twelve months", "12 months" and "twelve (12) months" promise the same.
func (d *draft) sameNumbers() bool {
	return d.line != nil && !slices.Equal(d.oldWords, d.newWords) && slices.Equal(inDigits(d.oldWords), inDigits(d.newWords))
}

// inDigits returns the words with numbers written in digits, each once.
func inDigits(words []string) []string {
	out := make([]string, 0, len(words))
	for i := 0; i < len(words); {
		v, n := numberAt(words, i)
		if n == 0 {
			out = append(out, words[i])
			i++
			continue
		}
		i += n
		if i < len(words) && n == 1 {
			if again, k := numberAt(words, i); k > 0 && again == v {
				i += k // "twelve (12)"
			}
		}
		out = append(out, v)
	}
	return out
}

// minRun is how many table rows in a row, added or removed alike, are told as
// one edit.
const minRun = 5

// joinRows makes one edit of every long run of rows that came, or went: a
// cookie table that was filled anew is one piece of news.
func joinRows(drafts []draft) []draft {
	var out []draft
	for k := 0; k < len(drafts); {
		end := k + 1
		for end < len(drafts) && sameRun(&drafts[k], &drafts[end]) {
			end++
		}
		if end-k >= minRun {
			d := joinRun(drafts[k:end])
			d.rows = end - k
			d.findWords()
			out = append(out, d)
		} else {
			out = append(out, drafts[k:end]...)
		}
		k = end
	}
	return out
}

// sameRun reports whether two drafts are rows of the same table with the same
// fate.
func sameRun(first, next *draft) bool {
	e, f := &first.edit, &next.edit
	return e.Kind == policy.TableRow && f.Kind == policy.TableRow && e.Op == f.Op && e.Section == f.Section &&
		(e.Op == policy.Added || e.Op == policy.Removed)
}

// firstCells names the first cells of rows.
func firstCells(rows []string, most int) string {
	var names []string
	for _, row := range rows {
		cell, _, _ := strings.Cut(row, policy.CellSeparator)
		if cell = strings.TrimSpace(cell); cell == "" {
			continue
		}
		if len(names) == most {
			names = append(names, "…")
			break
		}
		names = append(names, shorten(cell, 30))
	}
	return strings.Join(names, ", ")
}
