package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"watcher/config"
	"watcher/storage"
	"watcher/storage/bolt"
	"watcher/upkeep"
	"watcher/watch"
)

// newKeeper makes the part that looks after the store.
func (a *App) newKeeper() (*upkeep.Keeper, error) {
	o := a.opts
	return upkeep.New(upkeep.Options{
		Store: a.store, Path: o.StoragePath, Plan: a.upkeepPlan, Verify: a.VerifyStore, VerifyFile: a.verifyFile,
		Free: o.Free, Clock: o.Clock, Logger: o.Logger, Registerer: o.Registry,
	})
}

func (a *App) upkeepPlan() upkeep.Plan {
	cfg := a.Config()
	s := cfg.Storage
	return upkeep.Plan{
		BackupDir: backupDir(cfg), BackupEvery: s.Backup.Every, BackupKeep: s.Backup.Keep,
		VerifyEvery: s.VerifyEvery, Rejected: cfg.Retention.Rejected, MinFree: s.MinFree,
	}
}

// backupDir is the directory of copies, which stands in the configuration relative
// to its file.
func backupDir(cfg *config.Config) string {
	dir := cfg.Storage.Backup.Directory
	if dir == "" || filepath.IsAbs(dir) {
		return dir
	}
	return filepath.Join(filepath.Dir(cfg.Path), dir)
}

// plan is what the loop works by: nothing while the disk is nearly full.
func (a *App) plan() watch.Plan {
	p := a.live.Load().plan
	if a.keeper.Low() != nil {
		p.Concurrency = 0
	}
	return p
}

// VerifyStore implements web.Upkeep.
func (a *App) VerifyStore(ctx context.Context, emit func(storage.Problem) error) (storage.Report, error) {
	if len(a.opts.VerifyCommand) > 0 {
		return bolt.Verifier{Command: a.opts.VerifyCommand}.Open(ctx, a.store, emit)
	}
	return a.store.VerifyHere(ctx, emit)
}

func (a *App) verifyFile(ctx context.Context, path string, emit func(storage.Problem) error) (storage.Report, error) {
	return VerifyFile(ctx, a.opts.VerifyCommand, path, emit)
}

// VerifyFile verifies a store that nobody writes to, in a process that command
// starts, or in this one when there is no command.
func VerifyFile(ctx context.Context, command []string, path string, emit func(storage.Problem) error) (storage.Report, error) {
	if len(command) > 0 {
		return bolt.Verifier{Command: command}.File(ctx, path, emit)
	}
	return bolt.Inspect(ctx, path, emit)
}

// CopyStore implements web.Upkeep. The copy has no name any more when this
// returns: whatever happens, nothing of it is left behind.
func (a *App) CopyStore(ctx context.Context) (body io.ReadCloser, size int64, err error) {
	if err := a.keeper.RoomForCopy(ctx, filepath.Dir(a.opts.StoragePath)); err != nil {
		return nil, 0, err
	}
	dir, err := os.MkdirTemp(filepath.Dir(a.opts.StoragePath), ".backup-*")
	if err != nil {
		return nil, 0, fmt.Errorf("copy the store: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	path := filepath.Join(dir, "watcher.db")
	if err := a.store.Backup(ctx, path); err != nil {
		return nil, 0, err
	}
	f, err := os.Open(path) //nolint:gosec // made here
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, 0, errors.Join(err, f.Close())
	}
	return f, info.Size(), nil
}
