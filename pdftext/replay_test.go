package pdftext

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"watcher/normalize"
	"watcher/policy"
)

const replayRoot = "../../shared/replay/dev"

// minShared is the part of poppler's runs of five words that must be in ours.
const minShared = 0.95

// TestReplay holds the text of every PDF of the corpus against that of poppler
// in the order of the file. In the order that poppler makes of the layout, which
// goes astray among cells and columns, poppler itself has only 0.88 to 0.97 of
// those runs: there we must do as well.
func TestReplay(t *testing.T) {
	for _, program := range []string{"xz", "pdftotext"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip(program + " is not installed")
		}
	}
	archives, err := filepath.Glob(filepath.Join(replayRoot, "*", "*", "bodies.tar.xz"))
	if err != nil || len(archives) == 0 {
		t.Skip("no replay corpus at " + replayRoot)
	}
	files, worst := 0, 1.0
	for _, archive := range archives {
		if raceFactor > 1 && !namesPDF(t, archive) {
			continue // unpacking everything takes minutes then
		}
		first := true
		eachPDF(t, archive, func(name string, body []byte) {
			if raceFactor > 1 && !first {
				return // the race detector makes this slow: one file of each document
			}
			first = false
			files++
			want, laid := shingles(poppler(t, body, "-raw")), shingles(poppler(t, body))
			doc := documentOf(t, body)
			ours := shingles(wordsOf(doc))
			without := contained(want, ours)
			for k := range shingles(bareWords(doc.Full)) {
				ours[k] = true // headers, footers and numbers of pages
			}
			share := contained(want, ours)
			worst = min(worst, share)
			if share < minShared || without < minShared-0.02 {
				t.Errorf("%s: %.4f of poppler's shingles, want %v", name, share, minShared)
			}
			own, mine := contained(laid, want), contained(laid, ours)
			if mine < min(own, minShared)-0.03 {
				t.Errorf("%s: %.4f of the shingles by layout, poppler's other order has %.4f", name, mine, own)
			}
			t.Logf("%s: %.4f of %d (%.4f without furniture), by layout %.4f of %d (poppler itself %.4f)", name, share, len(want), without, mine, len(laid), own)
		})
	}
	if files == 0 {
		t.Fatal("the corpus has no PDF files")
	}
	t.Logf("%d files, the worst %.4f", files, worst)
}

// namesPDF says whether the manifest beside an archive has a PDF.
func namesPDF(t *testing.T, archive string) bool {
	t.Helper()
	manifest, err := os.ReadFile(filepath.Join(filepath.Dir(archive), "manifest.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Contains(manifest, []byte("application/pdf"))
}

// eachPDF calls f with the PDF files of an archive.
func eachPDF(t *testing.T, archive string, f func(name string, body []byte)) {
	t.Helper()
	packed := exec.Command("xz", "-dc", archive)
	out, err := packed.Output()
	if err != nil {
		t.Fatalf("%s: %v", archive, err)
	}
	for tr := tar.NewReader(bytes.NewReader(out)); ; {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(tr)
		if err != nil {
			t.Fatal(err)
		}
		if normalize.Sniff(body, "", "") == "application/pdf" {
			f(filepath.Base(filepath.Dir(archive))+" "+filepath.Base(h.Name)[:12], body)
		}
	}
}

func documentOf(t testing.TB, body []byte) policy.Document {
	t.Helper()
	n, err := normalize.New(normalize.Rules{})
	if err != nil {
		t.Fatal(err)
	}
	doc, err := n.WithPDF(read).Document(normalize.Input{Body: body, ContentType: "application/pdf"})
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func poppler(t *testing.T, body []byte, flags ...string) []string {
	t.Helper()
	cmd := exec.Command("pdftotext", append(flags, "-enc", "UTF-8", "-", "-")...)
	cmd.Stdin = bytes.NewReader(body)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("pdftotext: %v", err)
	}
	return bareWords(string(out))
}

func wordsOf(doc policy.Document) []string {
	var b strings.Builder
	for _, s := range doc.Sections {
		b.WriteString(s.Heading + "\n")
		for _, x := range s.Blocks {
			b.WriteString(x.Marker + " " + x.Text + "\n")
		}
	}
	return bareWords(b.String())
}

// bareWords returns the words of a text in lower case without what stands
// around them: bullets and bars are no words.
func bareWords(s string) []string {
	var out []string
	for w := range strings.FieldsSeq(strings.ToLower(s)) {
		w = strings.TrimFunc(w, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
		if w != "" {
			out = append(out, w)
		}
	}
	return out
}

func shingles(words []string) map[string]bool {
	out := map[string]bool{}
	for i := 0; i+5 <= len(words); i++ {
		out[strings.Join(words[i:i+5], " ")] = true
	}
	return out
}

func contained(a, b map[string]bool) float64 {
	n := 0
	for s := range a {
		if b[s] {
			n++
		}
	}
	return float64(n) / float64(max(len(a), 1))
}
