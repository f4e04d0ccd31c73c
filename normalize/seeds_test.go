package normalize

import (
	"html"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"watcher/policy"
)

// seed says what must be found in one of the example policies.
type seed struct {
	file     string
	headings []string
	// text must be in the blocks and must not become headings.
	text []string
	// gone must not be in the policy text.
	gone  []string
	dates []policy.Date
}

func seeds() []seed {
	return []seed{
		{
			file: "3shape.txt",
			headings: []string{
				"1. General information", "About 3Shape", "Data Protection Officer", "2. How 3Shape collects and uses your personal data",
				"Contact forms", "Whistleblowing", "Personal data collected automatically", "3. With whom 3Shape may share your personal data",
				"4. Transfers to third countries", "7. Retention of personal data", "10. Social Media", "How to Exercise Your Rights?",
				"Right to lodge a complaint", "12. Changes to this Privacy Policy",
			},
			text: []string{"Last update: XX/05/2025", "The nature and sensitivity of the personal data", "Request data portability in a structured"},
			gone: []string{"Was this article helpful?", "Give feedback about this article"},
			dates: []policy.Date{
				{Kind: policy.DateUnspecified, Raw: "19/01/2024", Value: "2024-01-19", Precision: policy.PrecisionDay},
				{Kind: policy.DateUpdated, Raw: "Last update: XX/05/2025", Value: "2025-05", Precision: policy.PrecisionMonth, Placeholder: true},
			},
		},
		{
			file: "3d4medical.txt",
			headings: []string{
				"Introduction", "Acceptance of this Privacy Policy", "Subscribers", "Information that You Provide to Us", "Children",
				"Sharing of Information Collected", "Your Rights", "Note to Non-US Users", "Contact Us", "Marketing Communications",
			},
			text: []string{"The cookies we use fall into two broad types:", "Scope of this Privacy Policy: 3D4Medical takes"},
		},
		{
			file: "artec3d.txt",
			headings: []string{
				"Personal information we collect", "Non-personal information we collect", "Transactional Data", "How we protect your information",
				"Sharing of your information", "International Transfer of Personal Information", "Linked Sites", "Policy Regarding Children",
				"Contacting Us",
			},
			text: []string{"This Privacy Policy was posted in September, 2015", "privacy@artec-group.com"},
			gone: []string{"Wayback", "archived on", "](mailto"},
			dates: []policy.Date{
				{Kind: policy.DatePublished, Raw: "This Privacy Policy was posted in September, 2015", Value: "2015-09", Precision: policy.PrecisionMonth},
			},
		},
		{
			file: "materialise.txt",
			headings: []string{
				"1. PURPOSE OF THIS DATA PRIVACY NOTICE", "2. WHO CONTROLS YOUR PERSONAL DATA", "3.1 PERSONAL DATA WE COLLECT ABOUT YOU",
				"3.2 LEGAL GROUNDS FOR PROCESSING", "3.2.1 Your Personal Data", "3.3 CUSTOMER SUPPORT", "7. HOW LONG WE KEEP YOUR PERSONAL DATA",
				"8.1 RIGHT OF ACCESS", "8.2 RIGHT TO RECTIFICATION", "9. DATA PROTECTION OFFICER",
			},
			text: []string{"BE 0441.131.254.", "Because data privacy is of high importance", "(Section 3.1), what legal grounds", "(i.e., process)"},
			gone: []string{"Stereolithography", "Investor Relations", "Copyright and Trademarks", "Footer."},
		},
		{
			file: "3d-systems.txt",
			headings: []string{
				"3d systems - online privacy notice", "information we obtain", "how we use personal data we obtain", "information we share",
				"data transfers", "retention of personal data", "for california residents", "children's privacy", "how to contact us",
				"california consumer privacy statement", "2. sources of personal information", "5. california consumer privacy rights",
			},
			text: []string{"social networks", "inferences", "data brokers", "the types of personal data we may obtain include:", "comply with and enforce applicable legal requirements"},
			gone: []string{"« back to", "turbomachinery", "connect with us"},
			dates: []policy.Date{
				{Kind: policy.DateUpdated, Raw: "last updated: november 10th, 2021", Value: "2021-11-10", Precision: policy.PrecisionDay},
			},
		},
	}
}

func TestSeeds(t *testing.T) {
	for _, s := range seeds() {
		body, err := os.ReadFile(filepath.Join("../../shared/seeds", s.file))
		if err != nil {
			t.Skip("no seeds at ../../shared/seeds")
		}
		t.Run(s.file, func(t *testing.T) {
			s.check(t, document(t, Rules{}, Input{Body: body, ContentType: "text/plain; charset=utf-8"}))
		})
		if s.file == "artec3d.txt" {
			continue // Markdown has no meaning within HTML
		}
		t.Run(s.file+" as paragraphs", func(t *testing.T) {
			s.check(t, document(t, Rules{}, Input{Body: asParagraphs(string(body)), ContentType: "text/html; charset=utf-8"}))
		})
		t.Run(s.file+" as line breaks", func(t *testing.T) {
			paragraphs := document(t, Rules{}, Input{Body: asParagraphs(string(body)), ContentType: "text/html; charset=utf-8"})
			breaks := document(t, Rules{}, Input{Body: asLineBreaks(string(body)), ContentType: "text/html; charset=utf-8"})
			s.check(t, breaks)
			if diff := cmp.Diff(strings.Split(paragraphs.Text(), "\n"), strings.Split(breaks.Text(), "\n")); diff != "" {
				t.Errorf("another text than as paragraphs (-paragraphs +breaks):\n%s", diff)
			}
		})
		t.Run(s.file+" as preformatted text", func(t *testing.T) {
			page := "<!doctype html><title>x</title><pre>" + html.EscapeString(string(body)) + "</pre>"
			s.check(t, document(t, Rules{}, Input{Body: []byte(page), ContentType: "text/html; charset=utf-8"}))
		})
	}
}

func asParagraphs(text string) []byte {
	var b strings.Builder
	b.WriteString("<!doctype html><html lang=en><title>x</title><body>\n")
	for l := range strings.SplitSeq(text, "\n") {
		if strings.TrimSpace(l) != "" {
			b.WriteString("<p>" + html.EscapeString(l) + "</p>\n")
		}
	}
	return []byte(b.String())
}

func asLineBreaks(text string) []byte {
	lines := strings.ReplaceAll(html.EscapeString(text), "\n", "<br>\n")
	return []byte("<!doctype html><html lang=en><title>x</title><body><div>" + lines + "</div>")
}

func (s seed) check(t *testing.T, d policy.Document) {
	t.Helper()
	var headings []string
	for _, sec := range d.Sections {
		headings = append(headings, sec.Heading)
	}
	for _, want := range s.headings {
		if !slices.Contains(headings, want) {
			t.Errorf("heading %q not found", want)
		}
	}
	for _, want := range s.text {
		inBlock := false
		for _, sec := range d.Sections {
			for _, b := range sec.Blocks {
				inBlock = inBlock || strings.Contains(b.Text, want)
			}
		}
		if !inBlock {
			t.Errorf("text %q is in no block", want)
		}
		if slices.Contains(headings, want) {
			t.Errorf("text %q became a heading", want)
		}
	}
	text := d.Text()
	for _, gone := range s.gone {
		if strings.Contains(text, gone) {
			t.Errorf("text still holds %q", gone)
		}
		if gone != "](mailto" && !strings.Contains(d.Full, gone) {
			t.Errorf("full text lost %q", gone)
		}
	}
	if diff := cmp.Diff(s.dates, d.Dates); diff != "" {
		t.Errorf("dates (-want +got):\n%s", diff)
	}
	if d.Lang != "en" {
		t.Errorf("lang = %q, want en", d.Lang)
	}
}

// document normalises in or fails the test.
func document(tb testing.TB, rules Rules, in Input) policy.Document {
	tb.Helper()
	n, err := New(rules)
	if err != nil {
		tb.Fatal(err)
	}
	d, err := n.Document(in)
	if err != nil {
		tb.Fatal(err)
	}
	return d
}
