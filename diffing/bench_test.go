package diffing

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"watcher/policy"
)

// randomPolicy makes a policy of n words from its own vocabulary and the
// common one, in sections of 12 sentences.
func randomPolicy(seed uint64, n int) policy.Document {
	rnd := rand.New(rand.NewPCG(seed, 1))
	common := strings.Fields("we may use your personal data to provide the service and share it with partners for purposes of marketing")
	d := policy.Document{Lang: "en"}
	for words := 0; words < n; {
		sec := policy.Section{Heading: fmt.Sprintf("%d. Topic %d of %d", len(d.Sections)+1, rnd.IntN(1000), seed), Level: 2}
		for range 12 {
			var b strings.Builder
			for k := range 15 + rnd.IntN(15) {
				if k > 0 {
					b.WriteByte(' ')
				}
				if rnd.IntN(2) == 0 {
					b.WriteString(common[rnd.IntN(len(common))])
				} else {
					fmt.Fprintf(&b, "w%d", rnd.IntN(3000))
				}
				words++
			}
			sec.Blocks = append(sec.Blocks, policy.Block{Kind: policy.Paragraph, Text: "The " + b.String() + "."})
		}
		d.Sections = append(d.Sections, sec)
	}
	return d
}

// BenchmarkUnrelated is the worst case that the budget names: two policies of
// 10,000 words that have nothing in common, at most 200 ms.
func BenchmarkUnrelated(b *testing.B) {
	from, to := randomPolicy(1, 10000), randomPolicy(2, 10000)
	for b.Loop() {
		Compare(from, to, Options{})
	}
}

// BenchmarkSize is the curve: policies of so many words of which one sentence in
// thirty was replaced, reworded, or moved to the next section.
func BenchmarkSize(b *testing.B) {
	for _, n := range []int{1_000, 10_000, 100_000} {
		from := randomPolicy(11, n)
		to := edited(from, randomPolicy(12, n/10+300))
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			for b.Loop() {
				Compare(from, to, Options{})
			}
		})
	}
}

// edited changes every thirtieth block.
func edited(from, fresh policy.Document) policy.Document {
	to := policy.Document{Lang: from.Lang, Sections: make([]policy.Section, len(from.Sections))}
	n := 0
	var carried *policy.Block
	for i, s := range from.Sections {
		to.Sections[i] = policy.Section{Heading: s.Heading, Level: s.Level}
		out := &to.Sections[i].Blocks
		if carried != nil {
			*out, carried = append(*out, *carried), nil
		}
		for _, bl := range s.Blocks {
			n++
			switch n % 90 {
			case 0:
				f := fresh.Sections[n/90%len(fresh.Sections)]
				bl.Text = f.Blocks[n%len(f.Blocks)].Text
			case 30:
				bl.Text = strings.Replace(bl.Text, " ", " perhaps not ", 4)
			case 60:
				moved := bl
				carried = &moved
				continue
			}
			*out = append(*out, bl)
		}
	}
	return to
}

// BenchmarkUnrelated50k is two texts of 50,000 words without anything in common.
func BenchmarkUnrelated50k(b *testing.B) {
	from, to := randomPolicy(1, 50_000), randomPolicy(2, 50_000)
	for b.Loop() {
		Compare(from, to, Options{})
	}
}

// BenchmarkSeeds compares every sample policy with itself after small edits.
func BenchmarkSeeds(b *testing.B) {
	docs := seedDocs(b)
	edited := make([]policy.Document, len(docs))
	for k := range docs {
		s := newSynth(docs, k, 7)
		s.run()
		headings := map[string]bool{}
		for _, u := range s.units {
			headings[u.text] = headings[u.text] || u.heading
		}
		edited[k] = oneUnitEach(s.output, headings)
	}
	for b.Loop() {
		for k := range docs {
			Compare(docs[k], edited[k], Options{})
		}
	}
	b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N*len(docs)), "ms/pair")
}

// BenchmarkSeedsAcross compares unrelated real policies.
func BenchmarkSeedsAcross(b *testing.B) {
	docs := seedDocs(b)
	for b.Loop() {
		Compare(docs[0], docs[2], Options{})
	}
}

// BenchmarkShuffled is hostile: the same 3,000 sentences in another order.
func BenchmarkShuffled(b *testing.B) {
	from := randomPolicy(3, 60000)
	to := policy.Document{Lang: "en", Sections: make([]policy.Section, len(from.Sections))}
	rnd := rand.New(rand.NewPCG(5, 5))
	for i, k := range rnd.Perm(len(from.Sections)) {
		to.Sections[i] = from.Sections[k]
		to.Sections[i].Blocks = append([]policy.Block(nil), to.Sections[i].Blocks...)
		rnd.Shuffle(len(to.Sections[i].Blocks), func(x, y int) {
			bl := to.Sections[i].Blocks
			bl[x], bl[y] = bl[y], bl[x]
		})
	}
	for b.Loop() {
		Compare(from, to, Options{})
	}
}

func BenchmarkClassify(b *testing.B) {
	d := randomPolicy(1, 10000)
	for b.Loop() {
		Classify(&d)
	}
}
