package upkeep

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"watcher/storage"
)

// Store is what the keeper needs of an engine that lies in a file.
type Store interface {
	// Backup copies the store as it is now to a new file.
	Backup(ctx context.Context, path string) error
	// Prune takes away the bodies of refused captures made before a time.
	Prune(ctx context.Context, before time.Time) (int, error)
	// VerifiedAt and MarkVerified keep when the store was last verified.
	VerifiedAt(ctx context.Context) (time.Time, error)
	MarkVerified(ctx context.Context, at time.Time) error
	Stats(ctx context.Context) (storage.Stats, error)
}

// Plan is what the configuration in force asks for.
type Plan struct {
	// BackupDir is where copies go, "" for none; BackupKeep is how many stay.
	BackupDir   string
	BackupEvery time.Duration
	BackupKeep  int
	// VerifyEvery is how often the store is verified, 0 for never.
	VerifyEvery time.Duration
	// Rejected is the age after which bodies of refused captures go.
	Rejected time.Duration
	// MinFree is the room in bytes that the store's disk must have.
	MinFree int64
}

// Options are what a Keeper needs. All but Registerer are required.
type Options struct {
	Store Store
	// Path is the store's file.
	Path string
	Plan func() Plan
	// Verify verifies the open store, VerifyFile a copy; what they find goes
	// to emit.
	Verify     func(ctx context.Context, emit func(storage.Problem) error) (storage.Report, error)
	VerifyFile func(ctx context.Context, path string, emit func(storage.Problem) error) (storage.Report, error)
	// Free returns the room in bytes on the disk of a directory; ok is false
	// where that cannot be told.
	Free       func(dir string) (n int64, ok bool)
	Clock      func() time.Time
	Logger     *slog.Logger
	Registerer prometheus.Registerer
}

// The keeper's own times.
const (
	// lookEvery is how often the room on the disk is looked at, and what is due.
	lookEvery = 15 * time.Second
	// retryAfter is the pause after something failed.
	retryAfter = time.Hour
	// pruneEvery is how often old bodies are looked for, and the file's free
	// pages counted.
	pruneEvery = 24 * time.Hour
)

// Keeper looks after a store.
type Keeper struct {
	Options
	metrics keeperMetrics

	mu sync.Mutex
	// free is the room as last seen; low is set from when there is too little
	// until there is enough again.
	free int64
	low  bool
	// notes are what is wrong, by task, for people to read.
	notes map[string]string
	// after is before when a task is not tried again.
	after map[string]time.Time
}

type keeperMetrics struct {
	backup, verified, free, low prometheus.Gauge
}

// New returns a keeper.
func New(o Options) (*Keeper, error) {
	k := &Keeper{Options: o, notes: map[string]string{}, after: map[string]time.Time{}}
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
	}
	k.metrics = keeperMetrics{
		backup:   gauge("watcher_storage_last_backup_timestamp_seconds", "Unix time of the last verified copy of the store, 0 when there is none."),
		verified: gauge("watcher_storage_last_verify_timestamp_seconds", "Unix time at which the store was last found whole, 0 when it never was."),
		free:     gauge("watcher_storage_disk_free_bytes", "Room on the store's disk as last seen, -1 when that cannot be told."),
		low:      gauge("watcher_storage_disk_low", "1 while no checks are made because the store's disk is nearly full, else 0."),
	}
	if o.Registerer == nil {
		return k, nil
	}
	for _, c := range []prometheus.Collector{k.metrics.backup, k.metrics.verified, k.metrics.free, k.metrics.low} {
		if err := o.Registerer.Register(c); err != nil {
			return nil, fmt.Errorf("register metrics: %w", err)
		}
	}
	return k, nil
}

// task is something that is done every so often.
type task struct {
	name string
	// due reports whether it is time.
	due func(ctx context.Context, p Plan, now time.Time) (bool, error)
	run func(ctx context.Context, p Plan, now time.Time) error
}

func (k *Keeper) tasks() []task {
	return []task{
		{"backup", k.backupDue, k.backup},
		{"verify", k.verifyDue, k.verify},
		{"prune", func(context.Context, Plan, time.Time) (bool, error) { return true, nil }, k.prune},
	}
}

// Run looks after the store until ctx ends.
func (k *Keeper) Run(ctx context.Context) error {
	k.begin(ctx)
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		_ = k.Look() // the loop asks for Low
		for _, t := range k.tasks() {
			k.attempt(ctx, t)
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
	return nil
}

// begin sets the metrics to what earlier runs left.
func (k *Keeper) begin(ctx context.Context) {
	if at, err := k.Store.VerifiedAt(ctx); err == nil && !at.IsZero() {
		k.metrics.verified.Set(float64(at.Unix()))
	}
	if copies, err := Copies(k.Plan().BackupDir); err == nil && len(copies) > 0 {
		k.metrics.backup.Set(float64(copies[len(copies)-1].At.Unix()))
	}
}

// attempt does a task when it is time for it. One that fails is tried again
// after a while, and people can read why.
func (k *Keeper) attempt(ctx context.Context, t task) {
	now := k.Clock().UTC()
	k.mu.Lock()
	wait := k.after[t.name].Sub(now)
	k.mu.Unlock()
	if wait > 0 && wait <= pruneEvery { // a longer one: the clock was set back
		return
	}
	p := k.Plan()
	due, err := t.due(ctx, p, now)
	if err == nil && !due {
		return
	}
	if err == nil {
		err = t.run(ctx, p, now)
	}
	if ctx.Err() != nil {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if err != nil {
		k.Logger.Error("looking after the store", "task", t.name, "err", err)
		k.notes[t.name], k.after[t.name] = fmt.Sprintf("%s: %v", t.name, err), now.Add(retryAfter)
		return
	}
	delete(k.notes, t.name)
	delete(k.after, t.name)
	if t.name == "prune" {
		k.after[t.name] = now.Add(pruneEvery)
	}
}

// Look measures the room on the store's disk, and returns why no check may be
// made now, nil when they may.
func (k *Keeper) Look() error {
	least := k.Plan().MinFree
	n, ok := k.Free(filepath.Dir(k.Path))
	k.mu.Lock()
	defer k.mu.Unlock()
	if !ok {
		n = -1
	}
	k.free = n
	k.metrics.free.Set(float64(n))
	low := ok && least > 0 && n < least
	if low != k.low {
		k.low = low
		k.metrics.low.Set(0)
		if low {
			k.metrics.low.Set(1)
			k.Logger.Error("checks are stopped: the store's disk is nearly full", "free_bytes", n, "min_free_bytes", least)
		} else {
			k.Logger.Info("checks go on: the store's disk has room again", "free_bytes", n)
		}
	}
	return k.lowError()
}

// ErrLow means that the store's disk has too little room for checks.
var ErrLow = errors.New("the store's disk is nearly full")

func (k *Keeper) lowError() error {
	if !k.low {
		return nil
	}
	return fmt.Errorf("%w: %s are free, storage.min_free asks for %s; checks go on by themselves when there is room", ErrLow, Size(k.free), Size(k.Plan().MinFree))
}

// Low returns why no check may be made, by the last look.
func (k *Keeper) Low() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.lowError()
}

// Notes returns what is wrong with the store or its copies, one sentence each.
func (k *Keeper) Notes() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	var out []string
	for _, name := range []string{"backup", "verify", "prune", "room"} {
		if n := k.notes[name]; n != "" {
			out = append(out, n)
		}
	}
	return out
}

func (k *Keeper) note(name, text string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.notes[name] = text
	if text == "" {
		delete(k.notes, name)
	}
}

// Size shows a number of bytes.
func Size(n int64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB"}
	x := float64(n)
	for x >= 1024 && len(units) > 1 {
		x, units = x/1024, units[1:]
	}
	if units[0] == "B" {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.1f %s", x, units[0])
}
