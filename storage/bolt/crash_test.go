package bolt

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"watcher/policy"
	"watcher/storage"
)

// The environment of the crash test: the store that a child writes to, and
// how often a child is killed.
const (
	crashPathEnv  = "WATCHER_CRASH_STORE"
	crashCountEnv = "WATCHER_CRASHES"
)

// TestCrashChild is the child of TestCrash: it commits for ever, from several
// goroutines to a policy each, and prints every commit once it is acknowledged.
// Now and then it closes the store and opens it again.
func TestCrashChild(t *testing.T) {
	path := os.Getenv(crashPathEnv)
	if path == "" {
		t.Skip("started by TestCrash only")
	}
	acks := make(chan string)
	go func() {
		for line := range acks {
			fmt.Println("ack " + line)
		}
	}()
	for {
		db, err := Open(path, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Sync(t.Context(), crashPolicies(), testTime(0)); err != nil {
			t.Fatal(err)
		}
		var working sync.WaitGroup
		for _, p := range crashPolicies() {
			working.Go(func() { commitSome(t, db, p.ID, acks) })
		}
		working.Wait()
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func commitSome(t *testing.T, db *DB, id policy.ID, acks chan<- string) {
	t.Helper()
	for range 1 + rand.IntN(10) {
		s, err := db.State(t.Context(), id)
		n := s.Head + 1
		if err == nil {
			_, err = tell(t.Context(), db, id, n)
		}
		acks <- fmt.Sprintf("%s %d %v", id, n, err)
	}
}

func crashPolicies() []policy.Policy {
	out := make([]policy.Policy, 4)
	for i := range out {
		out[i].ID = policy.ID("acme/p" + strconv.Itoa(i))
	}
	return out
}

// TestCrash kills a writing child at random points and opens what it leaves
// behind, many times over on the same store.
func TestCrash(t *testing.T) {
	crashes := 25
	if testing.Short() || underRace {
		crashes = 5
	}
	if s := os.Getenv(crashCountEnv); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Fatalf("%s: %v", crashCountEnv, err)
		}
		crashes = n
	}
	var path string
	var acked map[policy.ID]int
	total := 0
	for i := range crashes {
		if i%storeCrashes == 0 {
			path, acked = filepath.Join(t.TempDir(), "watcher.db"), map[policy.ID]int{}
		}
		total += crash(t, path, acked)
		newest := crashNewest
		if i%crashAll == crashAll-1 || i == crashes-1 {
			newest = math.MaxInt
		}
		survived(t, path, acked, newest)
		if i%500 == 499 {
			fmt.Printf("%d kills, %d acknowledged commits\n", i+1, total) // t.Log would tell at the end
		}
	}
	t.Logf("%d kills, %d acknowledged commits, none lost", crashes, total)
	if total < crashes {
		t.Errorf("only %d commits were acknowledged in %d runs: the test kills too early", total, crashes)
	}
}

const (
	// storeCrashes is how many kills a store goes through before the next one
	// takes its turn.
	storeCrashes = 50
	// crashNewest is how many versions of a policy are read whole after a kill;
	// after every crashAll-th it is all of them.
	crashNewest = 25
	crashAll    = 10
)

// crash starts a child and kills it after a random number of acknowledged
// commits. What is in its pipe by then was acknowledged, too.
func crash(t *testing.T, path string, acked map[policy.ID]int) (acks int) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe, "-test.run=^TestCrashChild$")
	cmd.Env = append(os.Environ(), crashPathEnv+"="+path)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	killAfter := rand.IntN(40)
	lines := bufio.NewReader(out)
	for {
		if acks == killAfter {
			_ = cmd.Process.Kill()
		}
		line, err := lines.ReadString('\n')
		if errors.Is(err, io.EOF) || errors.Is(err, os.ErrClosed) {
			break // a torn last line counts as not acknowledged
		}
		if err != nil {
			t.Fatal(err)
		}
		fields := strings.Fields(line)
		if len(fields) != 4 || fields[0] != "ack" || fields[3] != "<nil>" {
			_ = cmd.Process.Kill()
			t.Fatalf("the child says %q", line)
		}
		n, err := strconv.Atoi(fields[2])
		if err != nil {
			t.Fatal(err)
		}
		acked[policy.ID(fields[1])] = n
		acks++
	}
	_ = cmd.Wait() // it was killed
	return acks
}

// survived checks that nothing acknowledged is lost, numbers are contiguous,
// digests right, and every version has its change, capture and alert. Of each
// policy so many versions are read whole.
func survived(t *testing.T, path string, acked map[policy.ID]int, newest int) {
	t.Helper()
	db, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	all, err := db.Alerts(t.Context(), storage.AlertQuery{})
	if err != nil {
		t.Error(err)
	}
	alerts := map[policy.ID]int{}
	for _, a := range all {
		alerts[a.Event.Policy.ID]++
	}
	for id, n := range acked {
		s, err := db.State(t.Context(), id)
		if err != nil || s.Head < n {
			t.Errorf("%s: version %d was acknowledged, the head is %d (%v)", id, n, s.Head, err)
		}
		versions, err := db.Versions(t.Context(), id)
		if err != nil || len(versions) != s.Versions || s.Head != s.Versions {
			t.Errorf("%s: %d versions, state says head %d of %d (%v)", id, len(versions), s.Head, s.Versions, err)
		}
		if alerts[id] != len(versions) {
			t.Errorf("%s: %d alerts for %d versions", id, alerts[id], len(versions))
		}
		for i, v := range versions {
			if i >= len(versions)-newest {
				wholeVersion(t, db, v, i+1)
			}
		}
	}
	if _, err := db.Recent(t.Context(), storage.RecentQuery{}); err != nil {
		t.Error(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func wholeVersion(t *testing.T, db *DB, v policy.Version, n int) {
	t.Helper()
	doc, docErr := db.Document(t.Context(), v.Policy, v.Number)
	_, changeErr := db.Change(t.Context(), v.Policy, v.Number)
	_, bodyErr := db.Body(t.Context(), v.Policy, v.Capture)
	if err := errors.Join(docErr, changeErr, bodyErr); err != nil {
		t.Errorf("%s@%d: %v", v.Policy, v.Number, err)
	}
	if v.Number != n || v.From != n-1 || doc.Digest() != v.SHA256 {
		t.Errorf("%s: version %d from %d at place %d, digest right: %v", v.Policy, v.Number, v.From, n, doc.Digest() == v.SHA256)
	}
}
