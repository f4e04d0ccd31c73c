package pdftext

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"watcher/normalize"
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

func reader(t testing.TB) func([]byte) ([]normalize.PDFPage, error) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := newParent(10*time.Second, self, asChild)
	return func(body []byte) ([]normalize.PDFPage, error) { return p.read(t.Context(), body) }
}

func TestReader(t *testing.T) {
	pages, err := reader(t)(makePDF(
		[]string{"Privacy Policy", "We keep personal data for 12 months."},
		[]string{"You may ask for access."},
	))
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{{"Privacy Policy", "We keep personal data for 12 months."}, {"You may ask for access."}}
	if diff := cmp.Diff(want, texts(pages)); diff != "" {
		t.Error(diff)
	}
}

// texts returns the lines of pages.
func texts(pages []normalize.PDFPage) [][]string {
	var out [][]string
	for _, p := range pages {
		var lines []string
		for _, l := range p.Lines {
			lines = append(lines, l.Text)
		}
		out = append(out, lines)
	}
	return out
}

// TestHostile: whatever the file, the answer is an error and not the end.
func TestHostile(t *testing.T) {
	good := makePDF([]string{"Privacy Policy"})
	for name, body := range map[string][]byte{
		"empty":        nil,
		"garbage":      []byte("%PDF-1.7\nnothing of the sort"),
		"cut":          good[:len(good)/2],
		"page loop":    bytes.Replace(good, []byte("/Kids [5 0 R]"), []byte("/Kids [2 0 R]"), 1),
		"wrong offset": bytes.Replace(good, []byte("startxref\n"), []byte("startxref\n9"), 1),
	} {
		t.Run(name, func(t *testing.T) {
			if pages, err := reader(t)(body); !errors.Is(err, ErrPDF) {
				t.Errorf("pages = %v, %v", texts(pages), err)
			}
		})
	}
	if _, err := Reader("/nonexistent/program")(good); !errors.Is(err, ErrPDF) {
		t.Errorf("without a program: %v", err)
	}
}

// FuzzContent draws pages of any content with any character map. Whole files are
// for TestMutants: the library loops on some, which a process can be ended for
// and a goroutine cannot.
func FuzzContent(f *testing.F) {
	f.Add("BT /F1 10 Tf 14 TL 50 700 Td (We keep) Tj T* [(da) -300 (ta)] TJ ET", "1 begincodespacerange <00> <FF> endcodespacerange")
	f.Add("q 2 0 0 2 0 0 cm /P << /MCID 0 >> BDC BT /F5 9 Tf <00010010> Tj ET EMC Q /Fm Do", "2 beginbfrange <0000> <00FF> <0041> <0010> <0011> [<0061> <0062>] endbfrange")
	f.Fuzz(func(t *testing.T, page, codes string) {
		page += "\n>)>" // the library waits for the end of a string for ever
		w := document("/Font << /F1 3 0 R /F5 7 0 R >> /XObject << /Fm 9 0 R >>", page)
		w.add("<< /Type /Font /Subtype /Type0 /DescendantFonts [<< /W [0 9 500] >>] /ToUnicode 8 0 R >>")
		w.addStream("", codes)
		w.addStream("/Subtype /Form", page)
		pages, err := read(w.bytes())
		if err != nil && !errors.Is(err, ErrPDF) || err == nil && len(pages) != 1 {
			t.Errorf("%d pages, %v", len(pages), err)
		}
	})
}
