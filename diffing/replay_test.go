package diffing

import (
	"archive/tar"
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"watcher/normalize"
	"watcher/policy"
)

// TestReplay compares neighbouring texts of real page histories, checks what
// must hold of every change and reports the time it takes. It is a measurement
// of minutes, so it runs only when WATCHER_REPLAY names documents ("demo/" or
// "all").
func TestReplay(t *testing.T) {
	only := os.Getenv("WATCHER_REPLAY")
	if only == "" {
		t.Skip("set WATCHER_REPLAY=all (or part of a path) to compare the page histories in ../../shared/replay/dev")
	}
	dirs, err := filepath.Glob(filepath.Join("..", "..", "shared", "replay", "dev", "*", "*"))
	if err != nil || len(dirs) == 0 {
		t.Skip("no page histories in ../../shared/replay/dev")
	}
	norm, err := normalize.New(normalize.Rules{})
	if err != nil {
		t.Fatal(err)
	}
	var times []time.Duration
	ops, grades := map[policy.EditOp]int{}, map[policy.Significance]int{}
	for _, dir := range dirs {
		if only != "all" && !strings.Contains(dir, only) {
			continue
		}
		var last *policy.Document
		for _, d := range history(t, norm, dir) {
			if last != nil && last.Text() != d.Text() {
				start := cpuTime(t)
				c := Compare(*last, d, Options{})
				times = append(times, cpuTime(t)-start)
				checkChange(t, *last, d, c)
				grades[c.Significance]++
				for _, e := range c.Edits {
					ops[e.Op]++
				}
				if testing.Verbose() {
					fmt.Printf("%s\t%s\t%d edits\t%s\n", filepath.Base(dir), c.Significance, len(c.Edits), c.Summary)
				}
			}
			last = &d
		}
	}
	if len(times) == 0 {
		t.Skip("no changed pairs")
	}
	slices.Sort(times)
	at := func(q float64) time.Duration { return times[int(q*float64(len(times)-1))] }
	t.Logf("%d changed pairs: CPU p50 %v, p90 %v, p99 %v, max %v; edits %v; grades %v",
		len(times), at(0.5), at(0.9), at(0.99), at(1), ops, grades)
}

// cpuTime is the time that the process has computed: the clock on the wall
// says more about the machine's other work.
func cpuTime(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// history returns the documents of a page in time order, one per body that can
// be normalised.
func history(t *testing.T, norm *normalize.Normalizer, dir string) []policy.Document {
	t.Helper()
	bodies := readBodies(t, dir)
	f, err := os.Open(filepath.Join(dir, "manifest.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []policy.Document
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var m struct{ URL, Mime, SHA256, Label string }
		if err := json.Unmarshal(lines.Bytes(), &m); err != nil {
			t.Fatal(err)
		}
		if m.Label == "blocked" || m.Label == "technical" {
			continue
		}
		d, err := norm.Document(normalize.Input{Body: bodies[m.SHA256], ContentType: m.Mime, URL: m.URL})
		if err == nil {
			out = append(out, d)
		}
	}
	return out
}

func readBodies(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "xz", "-dc", filepath.Join(dir, "bodies.tar.xz"))
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Skip("xz is not installed")
	}
	out := map[string][]byte{}
	for r := tar.NewReader(pipe); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if out[filepath.Base(h.Name)], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	return out
}
