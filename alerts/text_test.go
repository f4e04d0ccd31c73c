package alerts

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"watcher/policy"
)

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"plain · “text” ä 日本 🦄":           "plain · “text” ä 日本 🦄",
		"a\x00b\x1b[31mc\x7fd\u009be":     "ab[31mcde",
		"pay\u202eyap\u2066x\u2069\u200f": "payyapx",
		"a\r\nb\u2028c":                   "a\n\nb\nc",
		"bad\xff\xfeutf":                  "bad\ufffdutf",
		"tag\U000e0041":                   "tag",
		"joiner\u200dstays":               "joiner\u200dstays",
	} {
		if got := clean(in); got != want {
			t.Errorf("clean(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestCut(t *testing.T) {
	for _, s := range []string{"", "a", "one two three four five six", strings.Repeat("🦄", 40), strings.Repeat("long", 40), "ends with space "} {
		for limit := range 60 {
			head, tail := cutHead(s, limit), cutTail(s, limit)
			for _, got := range []string{head, tail} {
				if textLen(got) > limit || !utf8.ValidString(got) {
					t.Errorf("%q cut to %d is %q (%d)", s, limit, got, textLen(got))
				}
			}
			if fits := textLen(s) <= limit; fits != (head == s) || fits != (tail == s) {
				t.Errorf("limit %d: %q became %q and %q", limit, s, head, tail)
			}
			if head != s && limit > 0 && !strings.HasSuffix(head, ellipsis) || tail != s && limit > 0 && !strings.HasPrefix(tail, ellipsis) {
				t.Errorf("limit %d: no sign that something is missing in %q or %q", limit, head, tail)
			}
		}
	}
}

func TestEscapeTo(t *testing.T) {
	for _, s := range []string{"", "a < b & c > d", "<!channel>", strings.Repeat("&", 30), strings.Repeat("🦄", 10)} {
		for limit := 1; limit < 80; limit++ {
			got := escapeTo(s, limit)
			if textLen(got) > limit {
				t.Errorf("%q at %d: %q", s, limit, got)
			}
			rest := strings.NewReplacer("&amp;", "", "&lt;", "", "&gt;", "").Replace(got)
			if strings.ContainsAny(rest, "<>&") {
				t.Errorf("%q at %d: %q holds half an entity", s, limit, got)
			}
		}
	}
	if got := escapeTo("a < b", 100); got != "a &lt; b" {
		t.Errorf("got %q", got)
	}
}

func TestRedline(t *testing.T) {
	long := strings.Repeat("same words again ", 100)
	for _, tc := range []struct {
		name string
		edit policy.Edit
		want string
	}{
		{"added", policy.Edit{Op: policy.Added, New: "new text"}, "{+new text+}"},
		{"removed", policy.Edit{Op: policy.Removed, Old: "old text"}, "[-old text-]"},
		{"moved", policy.Edit{Op: policy.Moved, Old: "text", New: "text"}, "text"},
		{"common ends", policy.Edit{Op: policy.Reworded, Old: "we keep it 24 months long", New: "we keep it 36 months long"}, "we keep it [-24-]{+36+} months long"},
		{"no word is cut", policy.Edit{Op: policy.Reworded, Old: "on 12/05/2025", New: "on 12/06/2025"}, "on [-12/05/2025-]{+12/06/2025+}"},
		{"appended", policy.Edit{Op: policy.Reworded, Old: "we sell", New: "we sell nothing"}, "we sell {+nothing+}"},
		{"renumbered", policy.Edit{Op: policy.Renumbered, Old: "3. Retention\n4. Rights", New: "4. Retention\n5. Rights"}, "[-3.-]{+4.+} Retention; [-4.-]{+5.+} Rights"},
		{"space in the data", policy.Edit{Op: policy.Reworded, Redline: []policy.Span{
			{Op: policy.SpanEqual, Text: "we use"}, {Op: policy.SpanInsert, Text: " de-identified"}, {Op: policy.SpanEqual, Text: " scans"},
		}}, "we use {+de-identified+} scans"},
		{"given", policy.Edit{Op: policy.Reworded, Old: "x", New: "y", Redline: []policy.Span{
			{Op: policy.SpanDelete, Text: "x"}, {Op: policy.SpanInsert, Text: "y"},
		}}, "[-x-]{+y+}"},
		{"long context", policy.Edit{Op: policy.Reworded, Redline: []policy.Span{
			{Op: policy.SpanEqual, Text: long},
			{Op: policy.SpanDelete, Text: "x"},
			{Op: policy.SpanEqual, Text: " " + long},
			{Op: policy.SpanInsert, Text: "y"},
			{Op: policy.SpanEqual, Text: " " + long},
		}}, "…same words again same words again same words again same words again same words again [-x-]" +
			" same words again same words again same words again same words again same words again … same words again same words again same words again same words again same words again {+y+}" +
			" same words again same words again same words again same words again same words again…"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, wordDiff(trimSpans(redline(tc.edit), maxRedline))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// FuzzRedline: the spans made from two texts join to these texts.
func FuzzRedline(f *testing.F) {
	f.Add("we keep it 24 months", "we keep it 36 months")
	f.Add("a b", "a b c")
	f.Add("", "ä ö")
	f.Add("b b", "b")
	f.Fuzz(func(t *testing.T, before, after string) {
		var gotOld, gotNew string
		var gotNewSb105 strings.Builder
		var gotOldSb105 strings.Builder
		for _, s := range redline(policy.Edit{Op: policy.Reworded, Old: before, New: after}) {
			if s.Op != policy.SpanInsert {
				gotOldSb105.WriteString(s.Text)
			}
			if s.Op != policy.SpanDelete {
				gotNewSb105.WriteString(s.Text)
			}
		}
		gotNew += gotNewSb105.String()
		gotOld += gotOldSb105.String()
		if gotOld != before || gotNew != after {
			t.Errorf("%q and %q became %q and %q", before, after, gotOld, gotNew)
		}
	})
}
