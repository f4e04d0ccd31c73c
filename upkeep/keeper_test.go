package upkeep

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"watcher/storage"
)

// store is a store whose copies are files of a word.
type store struct {
	mu       sync.Mutex
	content  string
	verified time.Time
	pruned   []time.Time
	stats    storage.Stats
	err      error
}

func (s *store) Backup(_ context.Context, path string) error {
	if s.err != nil {
		return s.err
	}
	if _, err := os.Stat(path); err == nil {
		return fs.ErrExist
	}
	return os.WriteFile(path, []byte(s.content), 0o600)
}

func (s *store) Prune(_ context.Context, before time.Time) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pruned = append(s.pruned, before)
	return 1, nil
}

func (s *store) VerifiedAt(context.Context) (time.Time, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.verified, nil
}

func (s *store) MarkVerified(_ context.Context, at time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.verified = at
	return nil
}

func (s *store) Stats(context.Context) (storage.Stats, error) { return s.stats, nil }

// world is a keeper with everything around it.
type world struct {
	*Keeper
	store  *store
	dir    string
	plan   Plan
	room   int64
	damage []storage.Problem
	scrubs int
	reg    *prometheus.Registry
	log    *strings.Builder
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{
		store: &store{content: "whole"}, dir: filepath.Join(t.TempDir(), "copies"), room: 1 << 40, reg: prometheus.NewPedanticRegistry(), log: &strings.Builder{},
	}
	w.plan = Plan{BackupDir: w.dir, BackupEvery: 24 * time.Hour, BackupKeep: 3, VerifyEvery: 7 * 24 * time.Hour, Rejected: 400 * 24 * time.Hour, MinFree: 1 << 20}
	k, err := New(Options{
		Store: w.store, Path: filepath.Join(t.TempDir(), "watcher.db"), Plan: func() Plan { return w.plan },
		Verify: func(_ context.Context, emit func(storage.Problem) error) (storage.Report, error) {
			w.scrubs++
			for _, p := range w.damage {
				if err := emit(p); err != nil {
					return storage.Report{}, err
				}
			}
			return storage.Report{Values: 7, Problems: len(w.damage)}, nil
		},
		VerifyFile: func(_ context.Context, path string, emit func(storage.Problem) error) (storage.Report, error) {
			got, err := os.ReadFile(path)
			if err == nil && string(got) != "whole" {
				return storage.Report{Problems: 1}, emit(storage.Problem{What: "it says " + string(got)})
			}
			return storage.Report{}, err
		},
		Free:  func(string) (int64, bool) { return w.room, w.room >= 0 },
		Clock: time.Now, Logger: slog.New(slog.NewTextHandler(w.log, nil)), Registerer: w.reg,
	})
	if err != nil {
		t.Fatal(err)
	}
	w.Keeper = k
	return w
}

// during runs the keeper for a while.
func (w *world) during(t *testing.T, d time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	if err := w.Run(ctx); err != nil {
		t.Error(err)
	}
}

func names(t *testing.T, dir string) (out []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

// TestAWeek: copies, verifications and old bodies, each at its pace, also over
// restarts.
func TestAWeek(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		other := filepath.Join(w.dir, "watcher-of-mine.db")
		if err := errors.Join(os.MkdirAll(w.dir, 0o700), os.WriteFile(other, nil, 0o600)); err != nil {
			t.Fatal(err)
		}
		start := time.Now().UTC()
		for range 10 {
			w.during(t, 24*time.Hour+time.Minute)
		}
		want := []string{}
		for day := 8; day <= 10; day++ {
			want = append(want, copyPrefix+start.Add(time.Duration(day)*24*time.Hour).Format("20060102"))
		}
		got := names(t, w.dir)
		if len(got) != 4 || got[3] != filepath.Base(other) {
			t.Fatalf("%v", got)
		}
		for i := range want {
			if !strings.HasPrefix(got[i], want[i]) {
				t.Errorf("%v, want %v", got, want)
			}
		}
		if w.scrubs != 2 {
			t.Errorf("verified %d times in ten days", w.scrubs)
		}
		if n := len(w.store.pruned); n != 11 || !w.store.pruned[0].Equal(start.Add(-400*24*time.Hour)) {
			t.Errorf("pruned %v", w.store.pruned)
		}
		if len(w.Notes()) > 0 || w.Low() != nil {
			t.Error(w.Notes(), w.Low())
		}
		last, err := Copies(w.dir)
		if v := testutil.ToFloat64(w.metrics.backup); err != nil || v != float64(last[2].At.Unix()) {
			t.Errorf("the metric says %v", v)
		}
	})
}

// TestBadCopy: a copy that is not whole replaces nothing, and is tried again.
func TestBadCopy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.during(t, time.Minute)
		good := names(t, w.dir)
		w.store.content = "rotten"
		w.during(t, 25*time.Hour)
		if got := names(t, w.dir); !slices.Equal(got, good) {
			t.Errorf("%v, want %v", got, good)
		}
		notes := w.Notes()
		if len(notes) != 1 || !strings.Contains(notes[0], "not whole and was dropped: it says rotten") {
			t.Errorf("%v", notes)
		}
		w.store.content = "whole"
		w.during(t, time.Hour+time.Minute)
		if got := names(t, w.dir); len(got) != 2 || len(w.Notes()) > 0 {
			t.Errorf("%v, %v", got, w.Notes())
		}
	})
}

func TestNoRoomForACopy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.store.stats.SizeBytes, w.room = 5<<20, 6<<20-1
		w.during(t, time.Minute)
		if notes := w.Notes(); len(notes) != 1 || !strings.Contains(notes[0], "6.0 MiB are needed") {
			t.Errorf("%v", notes)
		}
		if got := names(t, w.dir); len(got) > 0 {
			t.Errorf("%v", got)
		}
	})
}

// TestDamage: it is told until it is gone, and the store counts as verified only
// when it is.
func TestDamage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		for i := range 50 {
			w.damage = append(w.damage, storage.Problem{Bucket: "bodies", Key: strconv.Itoa(i), What: "rot"})
		}
		w.during(t, 3*time.Hour-time.Minute)
		if notes := w.Notes(); len(notes) != 1 || !strings.Contains(notes[0], "50 damaged values") || w.scrubs != 3 || !w.store.verified.IsZero() {
			t.Errorf("%v, %d times, verified %v", notes, w.scrubs, w.store.verified)
		}
		if n := strings.Count(w.log.String(), `problem="bucket \"bodies\"`); n != 3*maxTold {
			t.Errorf("%d lines in the log", n)
		}
		w.damage = nil
		w.during(t, time.Hour+time.Minute)
		if w.store.verified.IsZero() || len(w.Notes()) > 0 {
			t.Error(w.store.verified, w.Notes())
		}
	})
}

// TestLow: checks stop below the floor and go on above it, and both are said once.
func TestLow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.plan.BackupDir = ""
		w.room = 1<<20 - 1
		w.during(t, time.Hour)
		if err := w.Low(); !errors.Is(err, ErrLow) || !strings.Contains(err.Error(), "1024.0 KiB are free, storage.min_free asks for 1.0 MiB") {
			t.Error(err)
		}
		w.room = 1 << 20
		w.during(t, time.Hour)
		if err := w.Low(); err != nil {
			t.Error(err)
		}
		if n := strings.Count(w.log.String(), "nearly full"); n != 1 || strings.Count(w.log.String(), "checks go on") != 1 {
			t.Errorf("said %d times: %s", n, w.log)
		}
		w.room, w.plan.MinFree = 0, 0
		if err := w.Look(); err != nil {
			t.Errorf("switched off: %v", err)
		}
		w.room, w.plan.MinFree = -1, 1<<20
		if err := w.Look(); err != nil {
			t.Errorf("where nobody can tell: %v", err)
		}
	})
}

func TestCompactAdvice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.plan.BackupDir = ""
		w.store.stats = storage.Stats{SizeBytes: 300 << 20, FreeBytes: 200 << 20}
		w.during(t, time.Minute)
		if notes := w.Notes(); len(notes) != 1 || !strings.Contains(notes[0], "200.0 MiB of the store's 300.0 MiB are free pages") {
			t.Errorf("%v", notes)
		}
		w.store.stats.FreeBytes = 1
		w.during(t, 25*time.Hour)
		if notes := w.Notes(); len(notes) > 0 {
			t.Errorf("%v", notes)
		}
	})
}

// TestClockSetBack: a wrong clock delays nothing for years.
func TestClockSetBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		ahead := 10 * 365 * 24 * time.Hour
		w.Clock = func() time.Time { return time.Now().Add(ahead) }
		w.during(t, time.Minute)
		ahead = 0
		w.during(t, time.Minute)
		if got := names(t, w.dir); len(got) != 2 || w.scrubs != 2 || len(w.store.pruned) != 2 {
			t.Errorf("%v, %d, %v", got, w.scrubs, w.store.pruned)
		}
	})
}

func TestFree(t *testing.T) {
	n, ok := Free(t.TempDir())
	if !ok || n <= 0 {
		t.Skipf("this system does not tell (%d)", n)
	}
	if _, ok := Free(filepath.Join(t.TempDir(), "none")); ok {
		t.Error("room in a directory that is not there")
	}
}
