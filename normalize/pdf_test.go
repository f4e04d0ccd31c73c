package normalize

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// laid sets lines on a page of A4, 14 points apart and 10 high. "#" at the
// front makes a line large, "*" bold, ">" sets it in, an empty one leaves a gap,
// and "_" moves it to the foot of the page.
func laid(lines ...string) PDFPage {
	p := PDFPage{Height: 842}
	base := 790.0
	for _, s := range lines {
		l := PDFLine{Left: 50, Size: 10, Base: base}
		for s != "" {
			switch s[0] {
			case '#':
				l.Size = 16
			case '*':
				l.Bold = true
			case '>':
				l.Left += 20
			case '_':
				l.Base = 30
			default:
				l.Text = s
			}
			if l.Text != "" {
				break
			}
			s = s[1:]
		}
		base -= 14
		if l.Text == "" {
			continue
		}
		l.Right = l.Left + float64(len([]rune(l.Text)))*0.5*l.Size
		p.Lines = append(p.Lines, l)
	}
	return p
}

func pdfText(t testing.TB, pages ...PDFPage) string {
	t.Helper()
	n, err := New(Rules{})
	if err != nil {
		t.Fatal(err)
	}
	d, err := n.WithPDF(func([]byte) ([]PDFPage, error) { return pages, nil }).Document(Input{Body: []byte("%PDF-1.7 …"), MediaType: mediaPDF})
	if err != nil {
		t.Fatal(err)
	}
	return d.Text()
}

func TestPDF(t *testing.T) {
	var pages []PDFPage
	for i, what := range []string{"orders", "visits", "letters", "calls"} {
		i++
		pages = append(pages, laid(
			"Acme Corporation – Privacy Policy", "",
			fmt.Sprintf("#%d. Section number %d", i, i), "",
			"In this part we say which personal data we collect when you use our services and infor-",
			"mation that is left to us by others, and for which purposes we process all of it here.",
			"",
			">• names and addresses of customers, and of all those to whom a customer lets us send",
			">parcels",
			">• "+what+" and payments",
			fmt.Sprintf("_Page %d of 4", i)))
	}
	text := pdfText(t, pages...)
	for _, want := range []string{
		"# 1. Section number 1", "# 4. Section number 4", "services and information that is left to us by others, and for which purposes we process all of it here.",
		"- names and addresses of customers, and of all those to whom a customer lets us send parcels\n", "- orders and payments",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing:\n%s", want, text)
		}
	}
	for _, gone := range []string{"Acme Corporation", "Page 2 of 4", "infor-"} {
		if strings.Contains(text, gone) {
			t.Errorf("%q is there:\n%s", gone, text)
		}
	}
}

func TestPDFErrors(t *testing.T) {
	n, err := New(Rules{})
	if err != nil {
		t.Fatal(err)
	}
	in := Input{Body: []byte("%PDF-1.7 …"), ContentType: "application/pdf"}
	if _, err := n.Document(in); !errors.Is(err, ErrUnsupported) {
		t.Errorf("without a reader: %v", err)
	}
	broken := errors.New("it loops")
	if _, err := n.WithPDF(func([]byte) ([]PDFPage, error) { return nil, broken }).Document(in); !errors.Is(err, broken) || !errors.Is(err, ErrUnsupported) {
		t.Errorf("error = %v", err)
	}
}

// TestPDFHyphens: a hyphen at the end of a line is part of a word when the
// document says so.
func TestPDFHyphens(t *testing.T) {
	for name, tc := range map[string]struct{ known, a, b, want string }{
		"a broken word":      {"", "for a reasonable pur-", "pose", "for a reasonable purpose"},
		"written with it":    {"A well-known firm", "of a well-", "known firm", "of a well-known firm"},
		"written without it": {"We email you", "and by e-", "mail or email", "and by email or email"},
		"both are words":     {"The data subject and the access request", "a subject-", "access form", "a subject-access form"},
		"third party":        {"", "passed on to third-", "party vendors", "passed on to third-party vendors"},
		"a name":             {"", "the Anglo-", "American firm", "the Anglo-American firm"},
		"a number":           {"", "under COVID-", "19 rules", "under COVID-19 rules"},
		"a chain":            {"", "the state-of-the-", "art way", "the state-of-the-art way"},
		"a dash is none":     {"", "we ask -", "and wait", "we ask - and wait"},
		"an address":         {"", "see https://a.example/legal/", "privacy for more", "see https://a.example/legal/privacy for more"},
	} {
		h := newHyphens([]PDFPage{laid(tc.known, "-", tc.a, tc.b)})
		if got := h.join(tc.a, tc.b); got != tc.want {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
}

// TestPDFFurniture: what stands in the margins of pages is no text.
func TestPDFFurniture(t *testing.T) {
	body := func(i int) string {
		return fmt.Sprintf("We keep the data of group %s for as long as the law asks.", strings.Repeat("x", i))
	}
	for name, tc := range map[string]struct{ head, foot func(i int) string }{
		"page of":      {func(int) string { return "Harbour Tools" }, func(i int) string { return fmt.Sprintf("Page %d of 12", i) }},
		"bare numbers": {func(int) string { return "" }, func(i int) string { return fmt.Sprintf("– %d –", i) }},
		"a date":       {func(int) string { return "3 May 2024" }, func(i int) string { return fmt.Sprintf("%d/12", i) }},
		"left, right": {
			func(i int) string { return []string{"Harbour Tools", "Privacy notice of 2024"}[i%2] },
			func(i int) string { return fmt.Sprintf("Seite %d von 12", i) },
		},
		"in ten":  {func(int) string { return "Version 3" }, func(i int) string { return strconv.Itoa(i + 8) }},
		"roman":   {func(int) string { return "" }, func(i int) string { return []string{"i", "ii", "iii", "iv"}[i-1] }},
		"imprint": {func(int) string { return "" }, func(int) string { return strings.Repeat("Harbour Tools Ltd registered in Hull ", 5) }},
	} {
		var pages []PDFPage
		var want []string
		for i := 1; i <= 4; i++ {
			pages = append(pages, laid(tc.head(i), "", body(i), "", "", "And this is what we do with it.", "_"+tc.foot(i)))
			want = append(want, body(i), "And this is what we do with it.")
		}
		if diff := cmp.Diff(strings.Join(want, "\n\n")+"\n", pdfText(t, pages...)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestPDFPageBreak: a paragraph goes on over the end of a page.
func TestPDFPageBreak(t *testing.T) {
	got := pdfText(t,
		laid("#Sharing", "", "We share your personal data with those who help us to run the shop, who may use it"),
		laid("for that alone, and with nobody else.", "", "You may object to that whenever you like, and we then stop it at once, free of charge."),
		laid("We answer within one month."))
	want := `# Sharing

We share your personal data with those who help us to run the shop, who may use it for that alone, and with nobody else.

You may object to that whenever you like, and we then stop it at once, free of charge.

We answer within one month.
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestPDFTagged: what a file says of its structure is believed.
func TestPDFTagged(t *testing.T) {
	page := func(lines ...PDFLine) PDFPage {
		for i := range lines {
			lines[i].Base, lines[i].Left, lines[i].Size = 700-float64(i)*14, 50, 10
		}
		return PDFPage{Height: 842, Lines: lines}
	}
	got := pdfText(t, page(
		PDFLine{Text: "Privacy notice", Tag: PDFTag{Role: PDFHeading, Block: 1, Level: 1}},
		PDFLine{Text: "We keep what you", Tag: PDFTag{Role: PDFParagraph, Block: 2}},
		PDFLine{Text: "give us, which is", Tag: PDFTag{Role: PDFParagraph, Block: 2}},
		PDFLine{Text: "● your name", Tag: PDFTag{Role: PDFItem, Block: 3}},
		PDFLine{Text: "your maiden name", Tag: PDFTag{Role: PDFItem, Block: 4, Level: 1}},
		PDFLine{Text: "Cookie", Tag: PDFTag{Role: PDFCell, Block: 5, Row: 1}},
		PDFLine{Text: "Kept for", Tag: PDFTag{Role: PDFCell, Block: 6, Row: 1}},
		PDFLine{Text: "sid", Tag: PDFTag{Role: PDFCell, Block: 7, Row: 2}},
		PDFLine{Text: "one", Tag: PDFTag{Role: PDFCell, Block: 8, Row: 2}},
	), page(
		PDFLine{Text: "month", Tag: PDFTag{Role: PDFCell, Block: 8, Row: 2}},
		PDFLine{Text: "The ofﬁce answers.", Tag: PDFTag{Role: PDFParagraph, Block: 9}},
	))
	want := `# Privacy notice

We keep what you give us, which is

- your name
  - your maiden name

| Cookie | Kept for |
| sid | one month |

The office answers.
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// FuzzPDF: whatever the layout, the document keeps its promises.
func FuzzPDF(f *testing.F) {
	f.Add("Privacy\n#1. Data\nWe keep infor-\nmation\n>• a\n_Page 1 of 2\f*Head\na\tb\nc\td")
	n, err := New(Rules{})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var pages []PDFPage
		for p := range strings.SplitSeq(s, "\f") {
			pages = append(pages, laid(strings.Split(p, "\n")...))
		}
		d, err := n.WithPDF(func([]byte) ([]PDFPage, error) { return pages, nil }).Document(Input{Body: []byte("%PDF-"), MediaType: mediaPDF})
		if err != nil {
			t.Fatal(err)
		}
		checkInvariants(t, d)
	})
}
