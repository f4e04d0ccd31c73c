package config

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func problemsOf(t *testing.T, src string) []Problem {
	t.Helper()
	_, err := Parse("x.yml", []byte(src), "testdata")
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want an *Error", err)
	}
	return e.Problems
}

// A few aliases can stand for millions of values: the work is bounded.
func TestAliasBomb(t *testing.T) {
	bomb := func(item, alias string, n int) string {
		return item + strings.Repeat(", "+alias, n)
	}
	src := `version: 1
vendors:
  - &v
    name: Acme
    policies: [` + bomb(`&p {kind: privacy, url: "https://acme.example/p", hosts: [`+bomb("&h h.example", "*h", 1000)+`]}`, "*p", 1000) + `]
` + strings.Repeat("  - *v\n", 1000)
	found := false
	for _, p := range problemsOf(t, src) {
		found = found || strings.Contains(p.Message, "aliases stand for more than")
	}
	if !found {
		t.Error("no problem names the aliases")
	}
}

// An anchor may hold an alias to itself.
func TestAliasCycle(t *testing.T) {
	for _, src := range []string{
		"version: 1\nvendors: &v [*v]\n",
		"version: 1\nvendors: &v [{name: a, policies: *v}]\n",
		"&x {version: 1, vendors: [*x], receivers: [*x], crawler: *x, unknown: *x}\n",
		"version: 1\nvendors: [{name: a, policies: [&p {kind: a, url: \"https://x\", select: [*p], headers: *p}]}]\n",
	} {
		if got := problemsOf(t, src); len(got) == 0 || len(got) > 20 {
			t.Errorf("%q: %d problems", src, len(got))
		}
	}
}

func TestDeepNesting(t *testing.T) {
	for _, src := range []string{
		strings.Repeat("[", 1<<20), strings.Repeat("{a: ", 1<<16), strings.Repeat("- ", 1<<16),
		"version: 1\nvendors: " + strings.Repeat("[", 9000) + strings.Repeat("]", 9000),
		"version: 1\nx: " + strings.Repeat("{a: ", 9000) + "1" + strings.Repeat("}", 9000),
	} {
		if got := problemsOf(t, src); len(got) == 0 {
			t.Errorf("%.20q: no problem", src)
		}
	}
}

func TestProblemsAreCapped(t *testing.T) {
	src := strings.Repeat("k: v\n", 1) + "version: 1\nvendors:\n" + strings.Repeat("  - x\n", 5000)
	got := problemsOf(t, src)
	if len(got) != maxProblems+1 {
		t.Fatalf("%d problems, want %d and a last word", len(got), maxProblems)
	}
	if last := got[len(got)-1]; !strings.Contains(last.Message, "more problems") {
		t.Errorf("the last problem is %v", last)
	}
}

func TestTooLarge(t *testing.T) {
	got := problemsOf(t, minimal+"#"+strings.Repeat("x", MaxFileSize))
	if len(got) != 1 || !strings.Contains(got[0].Message, "larger than 10MiB") {
		t.Errorf("got %v", got)
	}
}

func TestManyHeaders(t *testing.T) {
	var b strings.Builder
	for i := range maxHeaders + 1 {
		fmt.Fprintf(&b, "X-%d: a, ", i)
	}
	got := problemsOf(t, strings.Replace(minimal, "/privacy\"}", "/privacy\", headers: {"+b.String()+"}}", 1))
	if len(got) != 1 || got[0].Message != "more than 50 headers" {
		t.Errorf("got %v", got)
	}
}

// mutate makes one random edit of the kinds that people and disks make.
// The first three leave values beside their keys.
func mutate(r *rand.Rand, src []byte, kind int) []byte {
	i, j := r.IntN(len(src)), r.IntN(len(src))
	if i > j {
		i, j = j, i
	}
	switch kind {
	case 0: // a character lost
		return append(bytes.Clone(src[:i]), src[i+1:]...)
	case 1: // a character too many
		const extra = "\t :-#'\"{}[]&*!|>%@`\x00\xffäx1\n"
		return append(append(bytes.Clone(src[:i]), extra[r.IntN(len(extra))]), src[i:]...)
	case 2: // two lines in each other's place
		lines := bytes.SplitAfter(src, []byte("\n"))
		a, b := r.IntN(len(lines)), r.IntN(len(lines))
		lines[a], lines[b] = lines[b], lines[a]
		return bytes.Join(lines, nil)
	case 3: // cut off
		return bytes.Clone(src[:i])
	case 4: // a part lost
		return append(bytes.Clone(src[:i]), src[min(j, i+40):]...)
	}
	return append(bytes.Clone(src[:j]), src[i:]...) // a part twice
}

// Whatever happens to a file, it is refused in good order or it still works;
// and no message shows a secret that still stands beside its key.
func TestMutations(t *testing.T) {
	src := must(os.ReadFile(filepath.Join("testdata", "full.yml")))
	r := rand.New(rand.NewPCG(1, 2))
	refused := 0
	for i := range 1200 {
		kind := i % 6
		bad := mutate(r, src, kind)
		c, err := Parse("x.yml", bad, "testdata")
		if err == nil {
			checkRoundTrip(t, c)
			continue
		}
		refused++
		var e *Error
		if !errors.As(err, &e) || len(e.Problems) == 0 {
			t.Fatalf("%v is no *Error with problems, for:\n%s", err, bad)
		}
		for _, p := range e.Problems {
			if p.Line < 1 || p.Column < 1 || p.Message == "" || p.Hint == "" {
				t.Errorf("bad problem %+v for:\n%s", p, bad)
			}
		}
		if kind < 3 && strings.Contains(err.Error(), "canary") {
			t.Errorf("secret shown:\n%v", err)
		}
	}
	if refused < 100 {
		t.Errorf("only %d mutations were refused", refused)
	}
}

// checkRoundTrip wants the effective configuration to parse to itself.
func checkRoundTrip(t *testing.T, c *Config) {
	t.Helper()
	out := c.YAML()
	again, err := Parse("again.yml", out, "testdata")
	if err != nil {
		t.Fatalf("YAML() does not parse: %v\n%s", err, out)
	}
	if twice := again.YAML(); !bytes.Equal(out, twice) {
		t.Fatalf("YAML() is not stable:\n%s\n---\n%s", out, twice)
	}
}

func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"*.yml", filepath.Join("bad", "*.yml")} {
		for _, file := range must(filepath.Glob(filepath.Join("testdata", pattern))) {
			f.Add(must(os.ReadFile(file)))
		}
	}
	f.Add(Schema()) // JSON
	f.Fuzz(func(t *testing.T, src []byte) {
		c, err := Parse("x.yml", src, "testdata")
		if err == nil {
			checkRoundTrip(t, c)
		} else if err.Error() == "" {
			t.Error("an error without words")
		}
	})
}

// TestMisplacedReceiver: the address of a receiver is not shown because it stands
// in the wrong place.
func TestMisplacedReceiver(t *testing.T) {
	for _, name := range []string{"slack", "webhook", "teams", "alertmanager", "shoutrrr", "email", "save_page_now", "heartbeat"} {
		for _, where := range []string{"routes:\n  - receiver: x\n    %s: {url: http://canary.example/T0}", "%s: {where: canary}", "vendors:\n  - name: Acme\n    nested: {%s: {url: ntfy://canary/x}}"} {
			src := "version: 1\n" + fmt.Sprintf(where, name) + "\n"
			_, err := Parse("watcher.yml", []byte(src), ".")
			if err == nil || strings.Contains(err.Error(), "canary") {
				t.Errorf("%s\nis shown as\n%v", src, err)
			}
		}
	}
}
