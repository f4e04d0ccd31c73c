package config

import (
	"fmt"
	"strings"
	"testing"
)

// manyPolicies is a file with n policies of n/4 vendors.
func manyPolicies(n int) []byte {
	var b strings.Builder
	b.WriteString("version: 1\nvendors:\n")
	for i := range n {
		if i%4 == 0 {
			fmt.Fprintf(&b, "  - name: Vendor %d\n    tags: [a, b]\n    policies:\n", i/4)
		}
		fmt.Fprintf(&b, "      - kind: kind-%d\n        url: https://www.vendor-%d.example/legal/privacy-policy\n"+
			"        interval: 6h\n        lang: en\n        select: [\"main article\", \"#policy\"]\n        anchors: [personal data]\n", i%4, i/4)
	}
	return []byte(b.String())
}

func BenchmarkParse(b *testing.B) {
	for _, n := range []int{5, 500, 10_000} {
		b.Run(fmt.Sprintf("policies=%d", n), func(b *testing.B) {
			src := manyPolicies(n)
			b.SetBytes(int64(len(src)))
			b.ReportAllocs()
			for b.Loop() {
				c, err := Parse("x.yml", src, ".")
				if err != nil || len(c.Policies) != n {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkYAML(b *testing.B) {
	c := must(Parse("x.yml", manyPolicies(10_000), "."))
	b.ReportAllocs()
	for b.Loop() {
		c.YAML()
	}
}

func BenchmarkErrors(b *testing.B) {
	src := []byte(strings.ReplaceAll(string(manyPolicies(10_000)), "interval:", "intervall:"))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse("x.yml", src, "."); err == nil || err.Error() == "" {
			b.Fatal("no problems")
		}
	}
}
