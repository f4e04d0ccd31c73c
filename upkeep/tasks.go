package upkeep

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"watcher/storage"
)

// stampForm is how the time stands in the name of a copy.
const stampForm = "20060102T150405Z"

const (
	copyPrefix = "watcher-"
	copySuffix = ".db"
)

// Copy is a copy of the store in the directory of copies.
type Copy struct {
	Path string
	At   time.Time
}

// Copies returns the copies in a directory, the oldest first. A directory that
// is missing has none.
func Copies(dir string) ([]Copy, error) {
	if dir == "" {
		return nil, nil
	}
	entries, err := os.ReadDir(dir) // sorted by name, and so by time
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var out []Copy
	for _, e := range entries {
		stamp, ok := strings.CutPrefix(e.Name(), copyPrefix)
		if !ok || !e.Type().IsRegular() {
			continue
		}
		at, perr := time.Parse(stampForm, strings.TrimSuffix(stamp, copySuffix))
		if perr == nil && strings.HasSuffix(stamp, copySuffix) {
			out = append(out, Copy{filepath.Join(dir, e.Name()), at})
		}
	}
	return out, err
}

func (k *Keeper) backupDue(_ context.Context, p Plan, now time.Time) (bool, error) {
	if p.BackupDir == "" {
		return false, nil
	}
	copies, err := Copies(p.BackupDir)
	if err != nil {
		return false, err
	}
	_, past := ahead(copies, now)
	return len(past) == 0 || now.Sub(past[len(past)-1].At) >= p.BackupEvery, nil
}

// ahead parts the copies that a clock made which was wrong from the others. They
// say nothing about when the next one is due, and are the first to go.
func ahead(copies []Copy, now time.Time) (wrong, past []Copy) {
	for _, c := range copies {
		if c.At.After(now) {
			wrong = append(wrong, c)
		} else {
			past = append(past, c)
		}
	}
	return wrong, past
}

// backup makes a copy, and believes in it once it was read again from beginning
// to end. Only then older ones go.
func (k *Keeper) backup(ctx context.Context, p Plan, now time.Time) error {
	if err := os.MkdirAll(p.BackupDir, 0o700); err != nil {
		return err
	}
	if err := k.RoomForCopy(ctx, p.BackupDir); err != nil {
		return err
	}
	path := filepath.Join(p.BackupDir, copyPrefix+now.Format(stampForm)+copySuffix)
	unproved := path + ".unproved"
	if err := os.Remove(unproved); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := k.Store.Backup(ctx, unproved); err != nil {
		return err
	}
	_, err := k.VerifyFile(ctx, unproved, firstProblem)
	if err == nil {
		err = os.Rename(unproved, path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("the copy is not whole and was dropped: %w", err), os.Remove(unproved))
	}
	k.metrics.backup.Set(float64(now.Unix()))
	k.Logger.Info("store copied", "file", path)
	return k.dropOld(p, now)
}

// RoomForCopy returns why a copy of the store would not fit into a directory, or
// would leave too little room there.
func (k *Keeper) RoomForCopy(ctx context.Context, dir string) error {
	free, ok := k.Free(dir)
	stats, err := k.Store.Stats(ctx)
	if err != nil || !ok {
		return err
	}
	if need := stats.SizeBytes + k.Plan().MinFree; free < need {
		return fmt.Errorf("no room for a copy in %s: %s are free, %s are needed (storage.backup.keep says how many copies stay)", dir, Size(free), Size(need))
	}
	return nil
}

// firstProblem ends a verification of which only the result matters.
func firstProblem(p storage.Problem) error { return errors.New(p.String()) }

func (k *Keeper) dropOld(p Plan, now time.Time) error {
	copies, err := Copies(p.BackupDir)
	if err != nil {
		return err
	}
	wrong, past := ahead(copies, now)
	copies = slices.Concat(wrong, past)
	var errs []error
	for _, c := range copies[:max(0, len(copies)-p.BackupKeep)] {
		errs = append(errs, os.Remove(c.Path))
	}
	return errors.Join(errs...)
}

func (k *Keeper) verifyDue(ctx context.Context, p Plan, now time.Time) (bool, error) {
	if p.VerifyEvery <= 0 {
		return false, nil
	}
	last, err := k.Store.VerifiedAt(ctx)
	since := now.Sub(last)
	return since >= p.VerifyEvery || since < 0, err
}

// maxTold bounds how many damaged values of one verification go to the log.
const maxTold = 20

// verify reads everything. While there is damage it is looked for, and told, again
// and again.
func (k *Keeper) verify(ctx context.Context, _ Plan, now time.Time) error {
	told := 0
	r, err := k.Verify(ctx, func(p storage.Problem) error {
		if told++; told <= maxTold {
			k.Logger.Error("the store is damaged", "problem", p.String())
		}
		return nil
	})
	if err != nil {
		return err
	}
	if r.Problems > 0 {
		return fmt.Errorf("the store has %d damaged values; `watcher db verify` names them, none is served (restore a backup)", r.Problems)
	}
	k.metrics.verified.Set(float64(now.Unix()))
	k.Logger.Info("store verified", "values", r.Values, "bodies", r.Bodies, "bytes", r.Bytes)
	return k.Store.MarkVerified(ctx, now)
}

// A file is worth compacting when more than half of it, and no less than this,
// is free.
const compactable = 64 << 20

func (k *Keeper) prune(ctx context.Context, p Plan, now time.Time) error {
	if p.Rejected > 0 {
		n, err := k.Store.Prune(ctx, now.Add(-p.Rejected))
		if err != nil {
			return err
		}
		if n > 0 {
			k.Logger.Info("bodies of refused captures taken away", "bodies", n, "older_than", p.Rejected)
		}
	}
	s, err := k.Store.Stats(ctx)
	if err != nil {
		return err
	}
	advice := ""
	if s.FreeBytes > compactable && s.FreeBytes > s.SizeBytes/2 {
		advice = fmt.Sprintf("%s of the store's %s are free pages: `watcher db compact` gives them back, with the daemon stopped", Size(s.FreeBytes), Size(s.SizeBytes))
		k.Logger.Warn("the store is mostly free pages", "advice", advice)
	}
	k.note("room", advice)
	return nil
}
