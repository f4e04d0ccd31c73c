package pdftext

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// mutantTime is how long a child may take for a mutant. Whole files take
// hundredths of a second.
const mutantTime = 2 * time.Second

// TestMutants reads damaged and malicious files: children may die, the parent
// lives and gets pages or a clear error, and no child takes more memory than it
// may. WATCHER_MUTANTS says how many are read ("make mutants").
func TestMutants(t *testing.T) {
	n := 50
	if s := os.Getenv("WATCHER_MUTANTS"); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil {
			t.Fatalf("WATCHER_MUTANTS: %v", err)
		}
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := newParent(mutantTime, self, asChild)
	// The system counts for a child what its parent once had: making the mutants
	// must take little.
	var peak int64
	p.ended = func(s *os.ProcessState) {
		if u, ok := s.SysUsage().(*syscall.Rusage); ok && runtime.GOOS == "linux" {
			peak = max(peak, u.Maxrss<<10) // kilobytes on Linux
		}
	}
	read, refused, ended := 0, 0, 0
	for i, m := range mutants(n) {
		pages, err := p.read(t.Context(), m.body)
		switch {
		case err == nil && len(pages) > maxPages:
			t.Errorf("mutant %d (%s): %d pages", i, m.how, len(pages))
		case err == nil:
			read++
		case !errors.Is(err, ErrPDF):
			t.Errorf("mutant %d (%s): %v", i, m.how, err)
		case strings.Contains(err.Error(), "beyond its bounds") || strings.Contains(err.Error(), "longer than"):
			ended++
			t.Logf("mutant %d (%s): %.150v", i, m.how, err)
		default:
			refused++
		}
	}
	// The program itself, its code and stacks, is beside the data.
	if limit := int64(maxMemory+128<<20) * raceFactor; peak > limit {
		t.Errorf("a child took %d MiB, at most %d are allowed", peak>>20, limit>>20)
	}
	t.Logf("%d mutants: %d read, %d refused, %d children ended by a bound; the largest child had %d MiB", n, read, refused, ended, peak>>20)
	if read == 0 || refused == 0 {
		t.Errorf("%d read, %d refused: the mutants are all alike", read, refused)
	}
	if pages, err := p.read(t.Context(), seeds()[0]); err != nil || len(pages) == 0 {
		t.Errorf("a whole file afterwards: %d pages, %v", len(pages), err)
	}
}

// mutant is a file and what was done to it.
type mutant struct {
	how  string
	body []byte
}

// mutants returns n files, always the same: first each attack on each seed as
// far as n goes, then random damage.
func mutants(n int) []mutant {
	r := rand.New(rand.NewPCG(1, 2))
	all := attacks()
	out := make([]mutant, 0, n)
	for i := range n {
		if i%2 == 0 && i/2 < len(all) {
			out = append(out, all[i/2])
			continue
		}
		whole := seeds()[r.IntN(len(seeds()))]
		how := damages()[r.IntN(len(damages()))]
		out = append(out, mutant{how.name, how.do(r, bytes.Clone(whole))})
	}
	return out
}

// seeds are whole files: one with a table of references, one with streams of
// them, with a form, tags and composite fonts.
func seeds() [][]byte {
	rich := func(stream bool) []byte {
		w := document("/XObject << /Fm 9 0 R >> /Font << /F3 10 0 R >>",
			"/P << /MCID 0 >> BDC "+textLines("Privacy Policy", "We keep personal data for 12 months.")+" EMC /Fm Do", textLines("You may ask for access."))
		w.objects[0] = "<< /Type /Catalog /Pages 2 0 R /StructTreeRoot 12 0 R >>"
		w.addStream("/Type /XObject /Subtype /Form /Resources << /Font << /F1 3 0 R >> >>", textLines("in a form"))
		w.add("<< /Type /Font /Subtype /Type0 /BaseFont /X /Encoding /Identity-H /DescendantFonts [<< /DW 500 /W [1 [600 700] 16 18 450] >>] /ToUnicode 11 0 R >>")
		w.addStream("", "1 begincodespacerange <0000> <FFFF> endcodespacerange 1 beginbfrange <0000> <FFFF> <0041> endbfrange")
		w.add("<< /Type /StructTreeRoot /K [13 0 R] >>")
		w.add("<< /S /P /P 12 0 R /Pg 5 0 R /K 0 >>")
		w.stream = stream
		return w.bytes()
	}
	return [][]byte{makePDF([]string{"Privacy Policy", "We keep data."}, []string{"You may ask."}), rich(false), rich(true)}
}

// damage changes a file at random.
type damage struct {
	name string
	do   func(r *rand.Rand, b []byte) []byte
}

var (
	integer   = regexp.MustCompile(`\d+`)
	refNumber = regexp.MustCompile(`\d+ 0 R`)
)

func damages() []damage {
	return []damage{
		{"flipped bytes", func(r *rand.Rand, b []byte) []byte {
			for range 1 + r.IntN(8) {
				b[r.IntN(len(b))] ^= byte(1 << r.IntN(8))
			}
			return b
		}},
		{"cut", func(r *rand.Rand, b []byte) []byte { return b[:r.IntN(len(b))] }},
		{"cut within", func(r *rand.Rand, b []byte) []byte {
			at := r.IntN(len(b))
			return append(b[:at], b[min(len(b), at+1+r.IntN(200)):]...)
		}},
		{"another number", func(r *rand.Rand, b []byte) []byte {
			huge := []string{"0", "1", "-1", "99999999", "2147483648", "9223372036854775807", "00000000000000000000"}
			return replaceOne(r, b, integer, huge[r.IntN(len(huge))])
		}},
		{"another reference", func(r *rand.Rand, b []byte) []byte {
			return replaceOne(r, b, refNumber, fmt.Sprintf("%d 0 R", r.IntN(15)))
		}},
		{"damaged references", func(r *rand.Rand, b []byte) []byte {
			at := max(bytes.LastIndex(b, []byte("xref")), 0)
			for range 4 {
				b[at+r.IntN(len(b)-at)] = "0123456789 nf"[r.IntN(13)]
			}
			return b
		}},
		{"doubled", func(r *rand.Rand, b []byte) []byte {
			at := r.IntN(len(b))
			return append(bytes.Clone(b[:at]), b[r.IntN(at+1):]...)
		}},
	}
}

func replaceOne(r *rand.Rand, b []byte, re *regexp.Regexp, with string) []byte {
	all := re.FindAllIndex(b, -1)
	if len(all) == 0 {
		return b
	}
	at := all[r.IntN(len(all))]
	return append(append(bytes.Clone(b[:at[0]]), with...), b[at[1]:]...)
}

// attacks are files that were made to do harm.
func attacks() []mutant {
	plain := textLines("Privacy Policy")
	edit := func(how string, resources, content string, change func(w *writer)) mutant {
		w := document(resources, content)
		change(w)
		return mutant{how, w.bytes()}
	}
	set := func(i int, s string) func(w *writer) { return func(w *writer) { w.objects[i-1] = s } }
	bomb := func(unit string, size int) func(w *writer) {
		return func(w *writer) {
			w.objects = w.objects[:5]
			w.addBomb("", "", unit, size/len(unit))
		}
	}
	cycle := func(w *writer) {
		w.addStream("/Type /XObject /Subtype /Form", "BT /F1 9 Tf (x) Tj ET"+strings.Repeat(" /Fm Do", 20))
	}
	tags := func(elem string) func(w *writer) {
		return func(w *writer) {
			w.objects[0] = "<< /Type /Catalog /Pages 2 0 R /StructTreeRoot 7 0 R >>"
			w.add("<< /Type /StructTreeRoot /RoleMap << /A /B /B /A >> /K 8 0 R >>")
			w.add("%s", elem)
		}
	}
	xref := func(from, to string) mutant {
		return mutant{"references: " + to, bytes.Replace(makeStream(), []byte(from), []byte(to), 1)}
	}
	return []mutant{
		edit("kids of their own", "", plain, set(2, "<< /Type /Pages /Kids [2 0 R 5 0 R 2 0 R] /Count 3 >>")),
		edit("a parent loop", "", plain, set(5, "<< /Type /Pages /Parent 5 0 R /Kids [2 0 R] /Count 1 >>")),
		edit("a huge count", "", plain, set(2, "<< /Type /Pages /Kids [5 0 R] /Count 999999999 >>")),
		edit("many pages", "", plain, set(2, "<< /Type /Pages /Kids ["+strings.Repeat("<< /Type /Page >> ", 100_000)+"] /Count 1 >>")),
		edit("a form that draws itself twentyfold", "/XObject << /Fm 7 0 R >>", "/Fm Do", cycle),
		edit("a bomb of text", "", plain, bomb("BT /F1 9 Tf (aaaaaaaaaaaaaaaaaaaa) Tj ET\n", 16<<20)),
		edit("a bomb of operands", "", plain, bomb("1 ", 32<<20)),
		edit("a bomb of brackets", "", plain, bomb("[", 8<<20)),
		edit("a bomb of dictionaries", "", plain, bomb("<</a", 8<<20)),
		edit("a bomb of states", "", plain, bomb("q ", 8<<20)),
		edit("a bomb of marks", "", plain, bomb("/P BMC ", 8<<20)),
		edit("a bomb of one string", "", plain, func(w *writer) {
			bomb("a", 1)(w)
			w.objects = w.objects[:5]
			w.addBomb("", "BT /F1 9 Tf (", "a", 32<<20)
		}),
		edit("a length that is its own", "", plain, set(6, "<< /Length 6 0 R >>\nstream\nBT ET\nendstream")),
		edit("contents of contents", "", plain, set(6, "[6 0 R 6 0 R]")),
		edit("tags in a circle", "", plain, tags("<< /S /A /K [8 0 R 8 0 R 8 0 R] >>")),
		edit("tags without a name in a circle", "", plain, tags("<< /S /P /K [<< /S /P /K 8 0 R >> << /S /P /K 8 0 R >>] >>")),
		edit("huge widths", "/Font << /F3 7 0 R >>", "BT /F3 9 Tf <0001> Tj ET", func(w *writer) {
			w.add("<< /Type /Font /Subtype /Type0 /DescendantFonts [<< /W [0 999999999 500 0 999999999 500] >>] /ToUnicode 8 0 R >>")
			w.addStream("", "999999999 beginbfrange <0000> <FFFF> <0041> 999999999 endbfrange"+strings.Repeat("<0001> <FFFF> [<0041>] endbfrange ", 1<<20))
		}),
		edit("coordinates without bounds", "", "BT /F1 1e300 Tf 1e300 0 0 1e300 1e300 1e300 Tm (a) Tj 99999999999999999999 0 Td (b) Tj ET", func(*writer) {}),
		xref("/Size 8", "/Size 9223372036854775807"),
		xref("/Size 8", "/Size 4294967296"),
		xref("/W [1 3 2]", "/W [1 999999999999 2]"),
		xref("/W [1 3 2]", "/W [1 -3 2]"),
		xref("/Size 8", "/Index [0 999999999999] /Size 8"),
		xref("/Size 8", "/Index [999999999 9] /Size 8"),
		{"references that lead to themselves", prevLoop()},
	}
}

func makeStream() []byte {
	w := document("", textLines("Privacy Policy"))
	w.stream = true
	return w.bytes()
}

// prevLoop is a file whose table names itself as the one before.
func prevLoop() []byte {
	body := makePDF([]string{"Privacy Policy"})
	at := bytes.LastIndex(body, []byte("xref\n0"))
	return bytes.Replace(body, []byte("/Root 1 0 R"), fmt.Appendf(nil, "/Prev %d /Root 1 0 R", at), 1)
}
