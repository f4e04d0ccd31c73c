package bolt

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"watcher/policy"
	"watcher/storage"
)

// batched commits through bbolt's own Batch what Commit commits through the group:
// the same rows, by the same code.
func batched(ctx context.Context, db *DB, o storage.Observation) error {
	p, err := db.prepareObservation(ctx, o)
	if err != nil {
		return err
	}
	return db.bolt.Batch(func(b *bbolt.Tx) error {
		t := db.tx(b)
		k, s, err := p.check(t)
		if err != nil {
			return err
		}
		return (&committer{tx: t, prepared: p, codec: db.codec, key: k, old: s, state: p.State}).write()
	})
}

// BenchmarkGroupCommit holds the group commit against bbolt's Batch, with fsync.
func BenchmarkGroupCommit(b *testing.B) {
	for _, writers := range []int{8, 64, 256} {
		for name, commit := range map[string]func(context.Context, *DB, storage.Observation) error{
			"group": func(ctx context.Context, db *DB, o storage.Observation) error {
				_, err := db.Commit(ctx, o)
				return err
			},
			"batch": batched,
		} {
			b.Run(fmt.Sprintf("writers=%d/%s", writers, name), func(b *testing.B) {
				db := open(b)
				policies := make([]policy.Policy, b.N)
				for i := range policies {
					policies[i].ID = policy.ID(fmt.Sprintf("acme/p%d", i))
				}
				if err := db.Sync(b.Context(), policies, testTime(0)); err != nil {
					b.Fatal(err)
				}
				claims, err := db.Claim(b.Context(), storage.ClaimQuery{Owner: "bench", Now: testTime(0), For: 24 * time.Hour})
				if err != nil || len(claims) != b.N {
					b.Fatal(len(claims), err)
				}
				b.ResetTimer()
				inParallel(writers, b.N, func(i int) {
					s := claims[i].State
					s.LastCheck = testTime(1)
					o := storage.Observation{
						Claim: claims[i], Expect: s.HeadRef(), State: s,
						Check: policy.Check{Policy: s.ID, Outcome: policy.OutcomeUnchanged, At: testTime(1), CapturedAt: testTime(1)},
					}
					if err := commit(b.Context(), db, o); err != nil {
						b.Error(err)
					}
				})
				b.StopTimer()
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commits/s")
			})
		}
	}
}

// inParallel calls f with every number below n, from so many goroutines.
func inParallel(goroutines, n int, f func(i int)) {
	var next atomic.Int64
	var all sync.WaitGroup
	for range goroutines {
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				f(i)
			}
		})
	}
	all.Wait()
}

// The environment of the test of large stores.
const (
	bigEnv     = "WATCHER_BIG_STORE"
	bigPathEnv = "WATCHER_BIG_STORE_PATH"
)

const bigPolicies = 20_000

func bigID(i int) policy.ID { return policy.ID(fmt.Sprintf("vendor-%d/privacy", i)) }

// TestBigStore fills a store with as many versions as it is told to, has another
// process open and read it, and copies it while checks go on. It prints figures.
func TestBigStore(t *testing.T) {
	versions, err := strconv.Atoi(os.Getenv(bigEnv))
	if err != nil {
		t.Skip("set " + bigEnv + "=1000000 to measure a store with as many versions; it takes minutes and gigabytes")
	}
	path := filepath.Join(t.TempDir(), "big.db")
	fillBig(t, path, versions)
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe, "-test.run=^TestBigChild$", "-test.v")
	cmd.Env = append(os.Environ(), bigPathEnv+"="+path)
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Fatal(err)
	}
	backupUnderLoad(t, path)
}

func fillBig(t *testing.T, path string, versions int) {
	t.Helper()
	db, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	policies := make([]policy.Policy, min(bigPolicies, versions))
	for i := range policies {
		policies[i].ID = bigID(i)
	}
	if err := db.Sync(t.Context(), policies, testTime(0)); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	db.bolt.NoSync = true // what is measured is the store once it is there
	// A policy belongs to one goroutine: its versions follow each other.
	inParallel(256, len(policies), func(i int) {
		for n := range versions / len(policies) {
			if err := tellBig(t.Context(), db, policies[i].ID, n+1); err != nil {
				t.Error(err)
				return
			}
		}
	})
	took := time.Since(began)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	size, err := sizeOf(path)
	t.Logf("%d versions in %v, %.0f/s; the file has %.1f MB (%v)", versions, took.Round(time.Second), float64(versions)/took.Seconds(), float64(size)/1e6, err)
}

// tellBig commits a version. Every tenth page is kept, and has ten kilobytes that
// do not compress.
func tellBig(ctx context.Context, db *DB, id policy.ID, n int) error {
	claims, err := db.Claim(ctx, storage.ClaimQuery{Now: testTime(n), For: time.Second, IDs: []policy.ID{id}})
	if err != nil || len(claims) != 1 {
		return errors.Join(err, fmt.Errorf("%d claims", len(claims)))
	}
	o := testNews(claims[0], n)
	if n%10 == 1 {
		noise := make([]byte, 10_000)
		_, _ = rand.NewChaCha8([32]byte{byte(n), byte(n >> 8), id[7], id[len(id)-9]}).Read(noise)
		o.Capture.Body = append(o.Capture.Body, noise...)
		o.Capture.Digest = policy.Sum(o.Capture.Body)
	} else {
		o.Capture.Body = nil
	}
	_, err = db.Commit(ctx, o)
	return err
}

// TestBigChild opens a large store in a process that did not write it.
func TestBigChild(t *testing.T) {
	path := os.Getenv(bigPathEnv)
	if path == "" {
		t.Skip("started by TestBigStore only")
	}
	began := time.Now()
	db := openAt(t, path, Options{})
	opened := time.Since(began)
	anon, file := resident(t)
	t.Logf("opened in %v; %d MB of memory of its own, %d MB of the file mapped", opened.Round(time.Millisecond), anon, file)
	reads := map[string]func(id policy.ID) error{
		"state": func(id policy.ID) error { _, err := db.State(t.Context(), id); return err },
		"head version": func(id policy.ID) error {
			s, err := db.State(t.Context(), id)
			return errors.Join(err, headOf(t, db, id, s.Head))
		},
		"head text": func(id policy.ID) error {
			s, err := db.State(t.Context(), id)
			_, derr := db.Document(t.Context(), id, s.Head)
			return errors.Join(err, derr)
		},
	}
	for name, read := range reads {
		const n = 20_000
		for range 2 { // the first time warms
			took := make([]time.Duration, n)
			for i := range took {
				id := bigID(rand.IntN(bigPolicies))
				began := time.Now()
				if err := read(id); err != nil {
					t.Fatal(err)
				}
				took[i] = time.Since(began)
			}
			slices.Sort(took)
			t.Logf("%s: p50 %v, p99 %v", name, took[n/2], took[n*99/100])
		}
	}
	anon, file = resident(t)
	t.Logf("after reading: %d MB of memory of its own, %d MB of the file mapped", anon, file)
}

func headOf(t *testing.T, db *DB, id policy.ID, n int) error {
	t.Helper()
	_, err := db.Version(t.Context(), id, n)
	return err
}

// resident returns the memory of this process in MB: its own, and pages of files.
func resident(t *testing.T) (anon, file int) {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Skip(err)
	}
	for line := range strings.Lines(string(status)) {
		f := strings.Fields(line)
		switch f[0] {
		case "RssAnon:":
			anon, _ = strconv.Atoi(f[1])
		case "RssFile:":
			file, _ = strconv.Atoi(f[1])
		}
	}
	return anon / 1024, file / 1024
}

// backupUnderLoad copies a store while checks are committed, and prints how long
// the slowest of those took.
func backupUnderLoad(t *testing.T, path string) {
	t.Helper()
	db := openAt(t, path, Options{})
	var stop atomic.Bool
	var slowest time.Duration
	commits := 0
	done := make(chan struct{})
	go func() {
		defer close(done)
		for n := 1_000_000; !stop.Load(); n++ {
			began := time.Now()
			if err := tellBig(t.Context(), db, bigID(n%bigPolicies), n); err != nil {
				t.Error(err)
				return
			}
			slowest = max(slowest, time.Since(began))
			commits++
		}
	}()
	began := time.Now()
	copied := filepath.Join(t.TempDir(), "copy.db")
	if err := db.Backup(t.Context(), copied); err != nil {
		t.Error(err)
	}
	took := time.Since(began)
	stop.Store(true)
	<-done
	size, err := sizeOf(copied)
	t.Logf("%.1f MB copied in %v (%v) beside %d claims and commits, the slowest pair took %v", float64(size)/1e6, took.Round(time.Millisecond), err, commits, slowest.Round(time.Millisecond))
	began = time.Now()
	r, err := testVerifier(t).File(t.Context(), copied, func(p storage.Problem) error { return errors.New(p.String()) })
	t.Logf("the copy was verified in %v: %+v, %v", time.Since(began).Round(time.Millisecond), r, err)
}
