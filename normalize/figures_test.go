package normalize

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"watcher/policy"
)

// BenchmarkDocument normalises one page of the middle of the road: two hundred
// sections of lists, links and a table, about 350 kB.
func BenchmarkDocument(b *testing.B) {
	n, err := New(Rules{})
	if err != nil {
		b.Fatal(err)
	}
	part := "<section><h2 id=s%d>Section %d of it</h2><p>" + strings.Repeat(longSentence, 8) + `<a href="/a?utm_source=b">more</a></p>` +
		"<ul class='list list--plain'><li>one of the things<li>another of the things</ul><table><tr><td>Data<td>Purpose</table></section>"
	var body strings.Builder
	for i := range 200 {
		fmt.Fprintf(&body, part, i, i)
	}
	in := Input{Body: wrapPage("<header><nav><a href=/>Home</a></nav></header><main>" + body.String() + "</main>"), ContentType: "text/html"}
	b.SetBytes(int64(len(in.Body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := n.Document(in); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkReplay normalises the first body of every document of the corpus
// and reports the spread in milliseconds per page, and how much longer it takes
// than to parse the same pages and walk over them.
func BenchmarkReplay(b *testing.B) {
	n, err := New(Rules{})
	if err != nil {
		b.Fatal(err)
	}
	var inputs []Input
	for _, dir := range replayDocs(b) {
		l := readManifest(b, dir)[0]
		inputs = append(inputs, Input{Body: readBodies(b, dir)[l.SHA256], ContentType: l.Mime, URL: l.URL})
	}
	var times []time.Duration
	var parse, all time.Duration
	var size, allocated uint64
	runtime.LockOSThread() // cpuTime is the thread's
	defer runtime.UnlockOSThread()
	for b.Loop() {
		for _, in := range inputs {
			begin := cpuTime()
			bareParse(b, in.Body)
			parse += cpuTime() - begin
			size += uint64(len(in.Body))
			before := allocations()
			begin = cpuTime()
			if _, err := n.Document(in); err != nil && !errors.Is(err, ErrUnsupported) {
				b.Fatal(err)
			}
			took := cpuTime() - begin
			allocated += allocations() - before
			all += took
			times = append(times, took)
		}
	}
	slices.Sort(times)
	for _, p := range []int{50, 90, 99} {
		b.ReportMetric(float64(times[len(times)*p/100].Microseconds())/1000, fmt.Sprintf("p%d-ms/page", p))
	}
	b.ReportMetric(float64(all)/float64(max(parse, 1)), "x-parse")
	b.ReportMetric(float64(allocated)/float64(max(size, 1)), "allocated-bytes/byte")
	b.ReportMetric(float64(times[len(times)-1].Microseconds())/1000, "worst-ms/page")
}

// allocations returns the bytes allocated so far: more than are in use at any
// one time.
func allocations() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

// bareParse parses a page and walks over its text.
func bareParse(b *testing.B, body []byte) {
	b.Helper()
	root, err := html.Parse(bytes.NewReader(body))
	if err != nil {
		b.Fatal(err)
	}
	letters := 0
	for h := range root.Descendants() {
		if h.Type == html.TextNode {
			letters += len(h.Data)
		}
	}
	if letters == 0 && len(body) > 1000 {
		b.Logf("a page of %d bytes without text", len(body))
	}
}

// TestReplay reads real pages: no error but ErrUnsupported for PDF. In short
// form it takes the first two bodies of every document; WATCHER_REPLAY=full
// takes all of them and prints figures.
func TestReplay(t *testing.T) {
	full := os.Getenv("WATCHER_REPLAY") == "full"
	if testing.Short() && !full {
		t.Skip("short")
	}
	auto, err := New(Rules{})
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range replayDocs(t) {
		bodies := readBodies(t, dir)
		for i, l := range readManifest(t, dir) {
			if i >= 2 && !full {
				break
			}
			body := bodies[l.SHA256]
			_, err := auto.Document(Input{Body: body, ContentType: l.Mime, URL: l.URL})
			if isPDF := strings.HasPrefix(string(body), "%PDF"); isPDF != errors.Is(err, ErrUnsupported) || err != nil && !isPDF {
				t.Errorf("%s %s: %v", docName(dir), l.SHA256[:12], err)
			}
		}
	}
}

// minPageWords is the gate's floor: shorter pages are no policies.
const minPageWords = 50

// figures are what TestReplayFigures measures.
type figures struct {
	pairs, same int
	// allPairs and allSame count every pair labelled noise; pairs and same only
	// those whose both sides have minPageWords.
	allPairs, allSame int
	failed            int
	recall            []float64
	low               []string
	precision         []float64
	times             []time.Duration
	worst             string
	byDoc             map[string][2]int
	headless, all     int
	// changed counts the shingles that real changes brought into the text that
	// people selected, covered those of them that are in ours.
	changed, covered int
	dated            int
}

// TestReplayFigures prints stability, recall and speed over the replay corpus.
// It asserts nothing by the clock. Run it with WATCHER_REPLAY=full and -v.
func TestReplayFigures(t *testing.T) {
	if os.Getenv("WATCHER_REPLAY") != "full" {
		t.Skip("set WATCHER_REPLAY=full to measure")
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	f := figures{byDoc: map[string][2]int{}}
	for _, dir := range replayDocs(t) {
		f.measure(t, dir)
	}
	f.print(t)
}

func (f *figures) measure(t *testing.T, dir string) {
	auto, err := New(Rules{})
	if err != nil {
		t.Fatal(err)
	}
	name := docName(dir)
	bodies := readBodies(t, dir)
	prev, prevAll, compared := "", "", map[string]bool{}
	var before *Input
	for i, l := range readManifest(t, dir) {
		in := Input{Body: bodies[l.SHA256], ContentType: l.Mime, URL: l.URL}
		begin := cpuTime()
		doc, err := auto.Document(in)
		took := cpuTime() - begin
		if err != nil {
			prev, prevAll = "", ""
			f.failed++
			continue
		}
		if len(f.times) == 0 || took > f.max() {
			f.worst = fmt.Sprintf("%s seq %d (%d kB)", name, l.Seq, len(in.Body)>>10)
		}
		f.times = append(f.times, took)
		text := doc.Text()
		if l.Label == "real" && before != nil && l.Declaration != nil && len(l.Declaration.Select) > 0 {
			f.cover(l, *before, in, doc)
		}
		if l.Label != "blocked" {
			before = &in
		}
		if l.Label == "noise" && prevAll != "" {
			f.allPairs++
			if text == prevAll {
				f.allSame++
			}
		}
		prevAll = text
		if l.Label == "noise" && prev != "" && doc.Words() >= minPageWords {
			d := f.byDoc[name]
			f.pairs++
			d[1]++
			if text == prev {
				f.same++
			} else {
				d[0]++
				if os.Getenv("WATCHER_REPLAY_DIFF") != "" && d[0] <= 2 {
					showDiff(t, name, l.Seq, prev, text)
				}
			}
			f.byDoc[name] = d
		}
		if prev = text; doc.Words() < minPageWords {
			prev = "" // an error page in status 200, which the gate rejects
		}
		if i%12 == 0 && l.Declaration != nil && len(l.Declaration.Select) > 0 && l.Label != "blocked" && !compared[l.SHA256] {
			compared[l.SHA256] = true
			f.compare(t, name, l, in, doc)
		}
	}
}

func (f *figures) max() time.Duration {
	var m time.Duration
	for _, d := range f.times {
		m = max(m, d)
	}
	return m
}

// compare measures how much of the hand-selected text is in the automatic one.
func (f *figures) compare(t *testing.T, name string, l manifestLine, in Input, doc policy.Document) {
	n, err := New(Rules{Select: policy.CSS(l.Declaration.Select...), Remove: policy.CSS(l.Declaration.Remove...)})
	if err != nil {
		t.Logf("%s: %v", name, err)
		return
	}
	want, err := n.Document(in)
	if err != nil || want.Words() < 50 {
		return
	}
	if unmatched(want) {
		return
	}
	a, b := shingles(want), shingles(doc)
	r, p := contained(a, b), contained(b, a)
	f.recall = append(f.recall, r)
	f.precision = append(f.precision, p)
	f.all++
	if len(doc.Dates) > 0 {
		f.dated++
	}
	if len(doc.Sections) < 3 {
		f.headless++
	}
	if r < 0.9 || p < 0.5 {
		f.low = append(f.low, fmt.Sprintf("%s seq %d recall %.2f precision %.2f words %d/%d", name, l.Seq, r, p, doc.Words(), want.Words()))
	}
}

// cover measures how much of what a real change brought is in our text. What
// was new is known from the text that people selected.
func (f *figures) cover(l manifestLine, before, in Input, doc policy.Document) {
	n, err := New(Rules{Select: policy.CSS(l.Declaration.Select...), Remove: policy.CSS(l.Declaration.Remove...)})
	if err != nil {
		return
	}
	old, err1 := n.Document(before)
	cur, err2 := n.Document(in)
	if err1 != nil || err2 != nil || unmatched(old) || unmatched(cur) {
		return
	}
	was, ours := shingles(old), shingles(doc)
	for s := range shingles(cur) {
		if !was[s] {
			f.changed++
			if ours[s] {
				f.covered++
			}
		}
	}
}

func unmatched(d policy.Document) bool {
	return slices.ContainsFunc(d.Dropped, func(drop policy.Drop) bool { return drop.Rule == ruleUnmatched })
}

// shingles returns the runs of five words of a document.
func shingles(d policy.Document) map[string]bool {
	var words []string
	for _, s := range d.Sections {
		words = append(words, strings.Fields(strings.ToLower(s.Heading))...)
		for _, b := range s.Blocks {
			words = append(words, strings.Fields(strings.ToLower(b.Text))...)
		}
	}
	out := map[string]bool{}
	for i := 0; i+5 <= len(words); i++ {
		out[strings.Join(words[i:i+5], " ")] = true
	}
	return out
}

func contained(a, b map[string]bool) float64 {
	if len(a) == 0 {
		return 1
	}
	n := 0
	for s := range a {
		if b[s] {
			n++
		}
	}
	return float64(n) / float64(len(a))
}

func (f *figures) print(t *testing.T) {
	t.Logf("stability, every noise pair: %d of %d identical = %.4f", f.allSame, f.allPairs, float64(f.allSame)/float64(max(f.allPairs, 1)))
	t.Logf("stability, both sides of %d words or more: %d of %d identical = %.4f", minPageWords, f.same, f.pairs, float64(f.same)/float64(max(f.pairs, 1)))
	var names []string
	for n, d := range f.byDoc {
		if d[0] > 0 {
			names = append(names, n)
		}
	}
	sort.Slice(names, func(i, k int) bool { return f.byDoc[names[i]][0] > f.byDoc[names[k]][0] })
	for _, n := range names {
		t.Logf("  unstable %3d of %3d  %s", f.byDoc[n][0], f.byDoc[n][1], n)
	}
	sort.Float64s(f.recall)
	t.Logf("recall: n %d mean %.4f p10 %.3f p50 %.3f min %.3f; precision mean %.3f", len(f.recall), mean(f.recall), at(f.recall, 10), at(f.recall, 50), at(f.recall, 0), mean(f.precision))
	for _, s := range f.low {
		t.Logf("  low %s", s)
	}
	t.Logf("of what real changes brought %d of %d shingles are in our text = %.4f", f.covered, f.changed, float64(f.covered)/float64(max(f.changed, 1)))
	t.Logf("bodies without a document: %d", f.failed)
	t.Logf("dated %d, fewer than 3 sections %d, of %d", f.dated, f.headless, f.all)
	slices.Sort(f.times)
	n := len(f.times)
	t.Logf("cpu time: n %d p50 %v p90 %v p99 %v max %v (%s)", n, f.times[n/2], f.times[n*90/100], f.times[n*99/100], f.times[n-1], f.worst)
}

func mean(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x
	}
	return sum / float64(max(len(v), 1))
}

func at(sorted []float64, percent int) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)*percent/100, len(sorted)-1)]
}

// showDiff logs the lines in which two texts differ.
func showDiff(t *testing.T, name string, seq int, a, b string) {
	in := func(s string) map[string]bool {
		m := map[string]bool{}
		for l := range strings.SplitSeq(s, "\n") {
			m[l] = true
		}
		return m
	}
	old, cur := in(a), in(b)
	n := 0
	for _, side := range []struct {
		sign  string
		text  string
		other map[string]bool
	}{{"-", a, cur}, {"+", b, old}} {
		for l := range strings.SplitSeq(side.text, "\n") {
			if !side.other[l] && n < 12 {
				t.Logf("%s %d %s %s", name, seq, side.sign, clip(l, 160))
				n++
			}
		}
		n = 0
	}
}
