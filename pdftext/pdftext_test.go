package pdftext

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

const asChild = "PDFTEXT_TEST_CHILD"

// TestMain makes the test binary be the child that Reader runs: it is told so
// by its argument, because a child gets no environment of ours.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == asChild {
		if err := Child(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// makePDF writes a PDF with one text line per line of each page.
func makePDF(pages ...[]string) []byte {
	var b bytes.Buffer
	var offsets []int
	object := func(format string, args ...any) {
		offsets = append(offsets, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n"+format+"\nendobj\n", append([]any{len(offsets)}, args...)...)
	}
	b.WriteString("%PDF-1.4\n")
	var kids []string
	for i := range pages {
		kids = append(kids, fmt.Sprintf("%d 0 R", 4+2*i))
	}
	object("<< /Type /Catalog /Pages 2 0 R >>")
	object("<< /Type /Pages /Kids [%s] /Count %d >>", strings.Join(kids, " "), len(pages))
	object("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding /FirstChar 32 /LastChar 126 /Widths [%s] >>", strings.Repeat("500 ", 95))
	for i, lines := range pages {
		var content strings.Builder
		content.WriteString("BT /F1 10 Tf 14 TL 50 780 Td\n")
		for _, l := range lines {
			fmt.Fprintf(&content, "(%s) Tj T*\n", l)
		}
		content.WriteString("ET")
		object("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >> /Contents %d 0 R >>", 5+2*i)
		object("<< /Length %d >>\nstream\n%s\nendstream", content.Len(), content.String())
	}
	at := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(offsets)+1)
	for _, o := range offsets {
		fmt.Fprintf(&b, "%010d 00000 n \n", o)
	}
	fmt.Fprintf(&b, "trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(offsets)+1, at)
	return b.Bytes()
}

func reader(t *testing.T) func([]byte) ([]string, error) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return newReader(5*time.Second, self, asChild)
}

func TestReader(t *testing.T) {
	pages, err := reader(t)(makePDF(
		[]string{"Privacy Policy", "We keep personal data for 12 months."},
		[]string{"You may ask for access."},
	))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"Privacy Policy\nWe keep personal data for 12 months.\n", "You may ask for access.\n"}
	if fmt.Sprintf("%q", pages) != fmt.Sprintf("%q", want) {
		t.Errorf("pages = %q, want %q", pages, want)
	}
}

// TestHostile: whatever the file, the answer is an error and not the end.
func TestHostile(t *testing.T) {
	good := makePDF([]string{"Privacy Policy"})
	for name, body := range map[string][]byte{
		"empty":        nil,
		"garbage":      []byte("%PDF-1.7\nnothing of the sort"),
		"cut":          good[:len(good)/2],
		"page loop":    bytes.Replace(good, []byte("/Kids [4 0 R]"), []byte("/Kids [2 0 R]"), 1),
		"wrong offset": bytes.Replace(good, []byte("startxref\n"), []byte("startxref\n9"), 1),
		"too many":     bytes.Replace(good, []byte("/Count 1"), []byte("/Count 99999999"), 1),
	} {
		t.Run(name, func(t *testing.T) {
			if pages, err := reader(t)(body); !errors.Is(err, ErrPDF) && len(pages) > 1 {
				t.Errorf("pages = %q, %v", pages, err)
			}
		})
	}
	if _, err := Reader("/nonexistent/program")(good); !errors.Is(err, ErrPDF) {
		t.Errorf("without a program: %v", err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(makePDF([]string{"Privacy Policy", "We keep data."}))
	f.Fuzz(func(_ *testing.T, body []byte) {
		_, _ = read(body)
	})
}
