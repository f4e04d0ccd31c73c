package bolt

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"watcher/policy"
	"watcher/storage"
)

// The environment of the child whose system calls are recorded or made to fail:
// the store, the file to which it writes what was acknowledged, how many commits
// it makes, and how many bytes that do not compress each of them has.
const (
	tracePathEnv  = "WATCHER_TRACE_STORE"
	traceAckEnv   = "WATCHER_TRACE_ACKS"
	traceCountEnv = "WATCHER_TRACE_COMMITS"
	traceNoiseEnv = "WATCHER_TRACE_NOISE"
	imagesEnv     = "WATCHER_IMAGES"
)

// TestTraceChild is the child of TestPowerLoss and TestFailingCalls. It commits
// from several goroutines, and goes on when a commit fails.
func TestTraceChild(t *testing.T) {
	path := os.Getenv(tracePathEnv)
	if path == "" {
		t.Skip("started by other tests only")
	}
	acks, err := os.OpenFile(os.Getenv(traceAckEnv), os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	count, err := strconv.Atoi(os.Getenv(traceCountEnv))
	if err != nil {
		t.Fatal(err)
	}
	var db *DB
	insist(acks, "open", func() (err error) {
		db, err = Open(path, Options{InitialMmapSize: 1 << 20}) // so that it must grow
		return err
	})
	insist(acks, "sync", func() error { return db.Sync(t.Context(), crashPolicies(), testTime(0)) })
	var all sync.WaitGroup
	for _, p := range crashPolicies() {
		all.Go(func() { commitAndTell(t, db, p.ID, count, acks) })
	}
	all.Wait()
	_ = db.Close() // what counts is in the file
}

// maxFailures is after how many the child gives up. strace counts calls by thread:
// each thread has its own n-th one.
const maxFailures = 25

// insist tries something until it works.
func insist(acks *os.File, what string, try func() error) {
	for n := range maxFailures {
		err := try()
		if err == nil {
			return
		}
		word := "fail"
		if n == maxFailures-1 {
			word = "stuck"
		}
		fmt.Fprintf(acks, "%s %s %q\n", word, what, err.Error())
	}
	os.Exit(0) // it was said
}

func commitAndTell(t *testing.T, db *DB, id policy.ID, count int, acks *os.File) {
	failures := 0
	for range count {
		s, err := db.State(t.Context(), id)
		n := s.Head + 1
		if err == nil {
			err = tellLater(t, db, id, n, failures)
		}
		if err == nil {
			fmt.Fprintf(acks, "ack %s %d\n", id, n)
			continue
		}
		fmt.Fprintf(acks, "fail %s %d %q\n", id, n, err.Error())
		if failures++; failures > maxFailures {
			fmt.Fprintf(acks, "stuck %s %d %q\n", id, n, err.Error())
			return
		}
	}
}

// tellLater is tell when leases that failed commits left behind have expired.
func tellLater(t *testing.T, db *DB, id policy.ID, n, tries int) error {
	now := testTime(n).Add(time.Duration(tries) * 2 * time.Second)
	claims, err := db.Claim(t.Context(), storage.ClaimQuery{Owner: "test", Now: now, For: time.Second, IDs: []policy.ID{id}})
	if err != nil || len(claims) != 1 {
		return errors.Join(err, fmt.Errorf("%d claims", len(claims)))
	}
	o := testNews(claims[0], n)
	size, err := strconv.Atoi(os.Getenv(traceNoiseEnv))
	if err != nil {
		return err
	}
	noise := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{byte(n), id[len(id)-1]}).Read(noise)
	o.Capture.Body = append(o.Capture.Body, noise...)
	o.Capture.Digest = policy.Sum(o.Capture.Body)
	_, err = db.Commit(t.Context(), o)
	return err
}

// traced runs the child under strace.
func traced(t *testing.T, path, acks string, commits, noise int, args ...string) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	args = append([]string{"-f", "--seccomp-bpf", "-qq", "-P", path, "-P", acks}, args...)
	cmd := exec.CommandContext(t.Context(), "strace", append(args, exe, "-test.run=^TestTraceChild$")...)
	cmd.Env = append(os.Environ(), tracePathEnv+"="+path, traceAckEnv+"="+acks, traceCountEnv+"="+strconv.Itoa(commits), traceNoiseEnv+"="+strconv.Itoa(noise))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("strace: %v\n%s", err, out)
	}
}

func needStrace(t *testing.T) {
	t.Helper()
	if underRace {
		t.Skip("the process that is traced would take minutes under the race detector; make test runs this without it, too")
	}
	if _, err := exec.LookPath("strace"); err != nil {
		t.Skip("LEFT OUT: power loss and failing system calls: strace is missing")
	}
	if err := exec.CommandContext(t.Context(), "strace", "-qq", "-o", os.DevNull, "true").Run(); err != nil {
		t.Skipf("LEFT OUT: power loss and failing system calls: strace cannot trace here: %v", err)
	}
}

// step is what the recording knows of one system call.
type step struct {
	write  []byte // with at, bytes that were written
	at     int64
	size   int64 // a new size of the file, when resize is set
	resize bool
	synced bool
	ack    string // a line that the child wrote for us
}

var (
	callLine    = regexp.MustCompile(`^(\d+) +(\w+)\(\d+(?:, )?(.*)$`)
	resumedLine = regexp.MustCompile(`^(\d+) +<\.\.\. (\w+) resumed>(.*)$`)
	hexBytes    = regexp.MustCompile(`^"((?:\\x[0-9a-f]{2})*)"`)
)

// readTrace returns the steps in the order in which they ended; an
// acknowledgement counts from when it began.
func readTrace(t *testing.T, file string) (steps []step) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	open := map[string]step{}
	in := bufio.NewScanner(f)
	in.Buffer(nil, 256<<20)
	for in.Scan() {
		line := in.Text()
		if m := resumedLine.FindStringSubmatch(line); m != nil {
			s, ok := open[m[1]]
			if delete(open, m[1]); ok && !failedCall(line) {
				steps = append(steps, s)
			}
			continue
		}
		m := callLine.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		s, ok := readCall(t, m[2], m[3])
		switch {
		case !ok:
		case s.ack != "":
			steps = append(steps, s)
		case strings.HasSuffix(line, "<unfinished ...>"):
			open[m[1]] = s
		case !failedCall(line):
			steps = append(steps, s)
		}
	}
	if err := in.Err(); err != nil {
		t.Fatal(err)
	}
	return steps
}

func failedCall(line string) bool { return strings.Contains(line, ") = -1 ") }

func readCall(t *testing.T, name, args string) (s step, ok bool) {
	t.Helper()
	switch name {
	case "fdatasync", "fsync":
		return step{synced: true}, true
	case "ftruncate":
		n, err := strconv.ParseInt(strings.FieldsFunc(args, func(r rune) bool { return r < '0' || r > '9' })[0], 10, 64)
		if err != nil {
			t.Fatalf("ftruncate(%s", args)
		}
		return step{resize: true, size: n}, true
	case "write":
		return step{ack: string(unhex(t, args))}, true
	case "pwrite64":
		data := unhex(t, args)
		rest := args[strings.Index(args[1:], `"`)+2:]
		fields := strings.FieldsFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
		at, err := strconv.ParseInt(fields[1], 10, 64)
		if n := strconv.Itoa(len(data)); err != nil || fields[0] != n {
			t.Fatalf("pwrite64 of %s bytes: %s", n, rest)
		}
		return step{write: data, at: at}, true
	}
	return s, false
}

func unhex(t *testing.T, args string) []byte {
	t.Helper()
	m := hexBytes.FindStringSubmatch(args)
	if m == nil {
		t.Fatalf("not the bytes of a write: %.80s", args)
	}
	out := make([]byte, 0, len(m[1])/4)
	for i := 0; i < len(m[1]); i += 4 {
		n, err := strconv.ParseUint(m[1][i+2:i+4], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, byte(n))
	}
	return out
}

// disk is what a disk may hold: what was synced is there, and of what came later
// any sector may be there or not.
type disk struct {
	durable []byte
	pending []step
	acked   map[policy.ID]int
}

const sector = 512

func (d *disk) apply(s step) {
	switch {
	case s.ack != "":
		for line := range strings.Lines(s.ack) {
			if f := strings.Fields(line); f[0] == "ack" {
				n, _ := strconv.Atoi(f[2])
				d.acked[policy.ID(f[1])] = n
			}
		}
	case s.synced:
		for _, p := range d.pending {
			d.durable = p.onto(d.durable, func(int64) bool { return true })
		}
		d.pending = nil
	default:
		d.pending = append(d.pending, s)
	}
}

// onto returns the bytes with those sectors of a write that chance keeps.
func (s step) onto(b []byte, keep func(sector int64) bool) []byte {
	if s.resize {
		if !keep(-1) {
			return b
		}
		return slices.Concat(b[:min(int64(len(b)), s.size)], make([]byte, max(0, s.size-int64(len(b)))))
	}
	for from := s.at; from < s.at+int64(len(s.write)); {
		to := min((from/sector+1)*sector, s.at+int64(len(s.write)))
		if keep(from / sector) {
			if int64(len(b)) < to {
				b = append(b, make([]byte, to-int64(len(b)))...)
			}
			copy(b[from:to], s.write[from-s.at:to-s.at])
		}
		from = to
	}
	return b
}

// image is what may be there after the power failed now.
func (d *disk) image(rng *rand.Rand) []byte {
	b := bytes.Clone(d.durable)
	p := []float64{0, .5, .9, 1}[rng.IntN(4)]
	for _, s := range d.pending {
		whole := rng.Float64() < p
		b = s.onto(b, func(int64) bool {
			if rng.IntN(2) == 0 {
				return whole
			}
			return rng.Float64() < p
		})
	}
	return b
}

// TestPowerLoss records what a writing process asks of the system, and makes of it
// what may be on the disk when the power fails at any point: everything that was
// synced, and of the rest any sectors. Whatever is left opens, holds every version
// that was acknowledged, and is whole.
func TestPowerLoss(t *testing.T) {
	needStrace(t)
	images := 60
	if s := os.Getenv(imagesEnv); s != "" {
		var err error
		if images, err = strconv.Atoi(s); err != nil {
			t.Fatalf("%s: %v", imagesEnv, err)
		}
	}
	dir := t.TempDir()
	path, acks, trace := filepath.Join(dir, "watcher.db"), filepath.Join(dir, "acks"), filepath.Join(dir, "trace")
	if err := os.WriteFile(acks, nil, 0o600); err != nil { // strace resolves names at its start
		t.Fatal(err)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	traced(t, path, acks, 40, 3000, "-xx", "-s", "100000000", "-e", "trace=pwrite64,write,ftruncate,fdatasync,fsync", "-o", trace)
	steps := readTrace(t, trace)
	final, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	whole := disk{acked: map[policy.ID]int{}}
	for _, s := range append(slices.Clone(steps), step{synced: true}) {
		whole.apply(s)
	}
	if !bytes.Equal(whole.durable, final) {
		t.Fatalf("the recording is not whole: %d steps make %d bytes, the file has %d", len(steps), len(whole.durable), len(final))
	}
	rng := rand.New(rand.NewPCG(uint64(images), rand.Uint64()))
	points := make([]int, images)
	for i := range points {
		points[i] = rng.IntN(len(steps) + 1)
	}
	slices.Sort(points)
	d := disk{acked: map[policy.ID]int{}}
	done, unborn := 0, 0
	for _, k := range points {
		for ; done < k; done++ {
			d.apply(steps[done])
		}
		if !afterPowerLoss(t, filepath.Join(dir, "image.db"), d.image(rng), d.acked) {
			unborn++
		}
		if t.Failed() {
			t.Fatalf("the image after %d of %d steps", k, len(steps))
		}
	}
	t.Logf("%d images of %d steps with %d acknowledged policies; %d from before the store was made", images, len(steps), len(whole.acked), unborn)
	if len(whole.acked) != len(crashPolicies()) || unborn > images/2 {
		t.Error("the recording holds too little")
	}
}

// afterPowerLoss opens an image and looks at it. A store that never was
// acknowledged anything may be unborn.
func afterPowerLoss(t *testing.T, path string, image []byte, acked map[policy.ID]int) (born bool) {
	t.Helper()
	if err := os.WriteFile(path, image, 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := Open(path, Options{InitialMmapSize: 1 << 20})
	if err != nil && len(acked) == 0 && errors.Is(err, policy.ErrDamaged) {
		return false
	}
	if err != nil {
		t.Error(err)
		return false
	}
	if _, err := tellSomebody(t, db); err != nil {
		t.Errorf("writing after it: %v", err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
	survived(t, path, acked, math.MaxInt)
	if _, problems := inspect(t, path); len(problems) > 0 {
		t.Error(problems)
	}
	return true
}

// tellSomebody commits the next version of the first policy.
func tellSomebody(t *testing.T, db *DB) (storage.Receipt, error) {
	t.Helper()
	if err := db.Sync(t.Context(), crashPolicies(), testTime(0)); err != nil {
		return storage.Receipt{}, err
	}
	s, err := db.State(t.Context(), crashPolicies()[0].ID)
	if err != nil {
		return storage.Receipt{}, err
	}
	return tell(t.Context(), db, s.ID, s.Head+1)
}

// TestFailingCalls has the n-th call of every kind fail that a store makes, for
// every n (in make test, for some of them) until a run meets no failure any
// more. What was acknowledged is there
// in every case, what was not is there whole or not at all, and the same process
// goes on writing.
func TestFailingCalls(t *testing.T) {
	needStrace(t)
	step := 1
	if os.Getenv(imagesEnv) == "" {
		step = 19 // the whole takes minutes: make crash
	}
	for _, tc := range []struct{ call, errno string }{
		{"pwrite64", "EIO"}, {"pwrite64", "ENOSPC"}, {"fdatasync", "EIO"}, {"fsync", "EIO"}, {"ftruncate", "ENOSPC"}, {"mmap", "ENOMEM"},
	} {
		t.Run(tc.call+" "+tc.errno, func(t *testing.T) {
			runs, failures, stuck := 0, 0, 0
			for n := 1; ; n += step {
				f, s, hit := failNth(t, tc.call, tc.errno, n)
				if runs++; !hit {
					break
				}
				failures += f
				stuck += s
				if t.Failed() {
					t.Fatalf("with call %d failing", n)
				}
			}
			t.Logf("%d runs, %d commits refused, %d times the process could not go on", runs, failures, stuck)
		})
	}
}

// failNth runs a child of which one call fails, and looks at what it leaves.
func failNth(t *testing.T, call, errno string, n int) (failures, stuck int, hit bool) {
	t.Helper()
	dir := t.TempDir()
	path, acks, trace := filepath.Join(dir, "watcher.db"), filepath.Join(dir, "acks"), filepath.Join(dir, "trace")
	if err := errors.Join(os.WriteFile(acks, nil, 0o600), os.WriteFile(path, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	traced(t, path, acks, 4, 120_000, "-e", "trace="+call, "-e", fmt.Sprintf("inject=%s:error=%s:when=%d", call, errno, n), "-o", trace)
	calls, err := os.ReadFile(trace)
	if err != nil {
		t.Fatal(err)
	}
	said, err := os.ReadFile(acks)
	if err != nil {
		t.Fatal(err)
	}
	acked := map[policy.ID]int{}
	for line := range strings.Lines(string(said)) {
		f := strings.Fields(line)
		switch f[0] {
		case "ack":
			acked[policy.ID(f[1])], err = strconv.Atoi(f[2])
		case "fail":
			failures++
		case "stuck":
			// Without its map bbolt can do nothing more; the process must be started
			// again, as the error says.
			if stuck++; call != "mmap" || !strings.Contains(line, "restart") {
				t.Errorf("%s %d: %s", call, n, line)
			}
		}
		if err != nil {
			t.Fatal(line)
		}
	}
	if info, err := os.Stat(path); err == nil && info.Size() > 0 {
		image, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		afterPowerLoss(t, filepath.Join(dir, "image.db"), image, acked)
	}
	return failures, stuck, bytes.Contains(calls, []byte("(INJECTED)"))
}
