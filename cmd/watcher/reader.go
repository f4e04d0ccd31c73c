package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"time"

	commoncfg "github.com/prometheus/common/config"

	"watcher/app"
	"watcher/client"
	"watcher/policy"
	"watcher/storage"
	"watcher/storage/bolt"
)

// lockWait is how long a reading command waits for the store before it asks
// the daemon that holds it.
const lockWait = 200 * time.Millisecond

// otherWait is how long it waits for another command that holds the store.
const otherWait = 10 * time.Second

// noStore reports whether there is neither a store nor a daemon that has one.
func (e *env) noStore() bool {
	_, err := os.Stat(e.flags.storagePath)
	return errors.Is(err, fs.ErrNotExist) && !e.hasRunFile()
}

func (e *env) hasRunFile() bool {
	_, err := app.ReadRunFile(e.flags.storagePath)
	return err == nil
}

// withReader runs f with a reader of the history: the daemon named by --url,
// else the store's file, else the daemon that holds the file.
func (e *env) withReader(f func(storage.Reader) error) error {
	if e.flags.url != "" {
		c, err := e.remote(e.flags.url)
		if err != nil {
			return err
		}
		return f(c)
	}
	if e.noStore() {
		return e.noStoreError()
	}
	store, err := bolt.Open(e.flags.storagePath, bolt.Options{ReadOnly: true, LockTimeout: lockWait})
	if errors.Is(err, policy.ErrLocked) && !e.hasRunFile() {
		// Another command is at work, not a daemon: it will soon be done.
		store, err = bolt.Open(e.flags.storagePath, bolt.Options{ReadOnly: true, LockTimeout: otherWait})
	}
	if errors.Is(err, policy.ErrLocked) {
		c, err := e.holder(err)
		if err != nil {
			return err
		}
		return f(c)
	}
	if err != nil {
		return storeHint(err, e.flags.storagePath)
	}
	return errors.Join(f(store), store.Close())
}

// holder returns a client of the daemon that holds the store. locked is the
// error that showed that somebody does.
func (e *env) holder(locked error) (*client.Client, error) {
	run, err := app.ReadRunFile(e.flags.storagePath)
	if err != nil {
		return nil, withHint(fmt.Errorf("%w, and its holder left no address (%w)", locked, err),
			"wait for the other command to end, or name a running daemon with --url")
	}
	// The daemon is on this machine: no proxy is to see its token.
	return client.New(run.Address, client.Options{HTTPClient: &http.Client{Transport: &http.Transport{}}, Token: run.Token})
}

// remote returns a client of a daemon.
func (e *env) remote(base string) (*client.Client, error) {
	hc := &http.Client{}
	if e.flags.httpConfigFile != "" {
		cfg, _, err := commoncfg.LoadHTTPConfigFile(e.flags.httpConfigFile)
		if err != nil {
			return nil, &usageError{fmt.Errorf("--http.config.file: %w", err)}
		}
		if hc, err = commoncfg.NewClientFromConfig(*cfg, "watcher"); err != nil {
			return nil, &usageError{fmt.Errorf("--http.config.file: %w", err)}
		}
	}
	c, err := client.New(base, client.Options{HTTPClient: hc})
	if err != nil {
		return nil, &usageError{err}
	}
	return c, nil
}

// storeHint adds what to do about a store that cannot be opened.
func storeHint(err error, path string) error {
	switch {
	case errors.Is(err, policy.ErrLocked):
		if run, rerr := app.ReadRunFile(path); rerr == nil {
			return withHint(err, "process %d holds it and answers at %s", run.PID, run.Address)
		}
		return err
	case errors.Is(err, policy.ErrDamaged):
		return withHint(err, "keep a copy of %s, then restore a backup", path)
	}
	return err
}

// findPolicy returns the id that a person wrote, or an error that names what
// there is.
func findPolicy(ctx context.Context, r storage.Reader, arg string) (policy.ID, error) {
	id, err := policy.ParseID(arg)
	if err != nil {
		return "", withHint(&usageError{err}, "'watcher list' shows the ids")
	}
	if _, err := r.State(ctx, id); errors.Is(err, policy.ErrNotFound) {
		return "", withHint(fmt.Errorf("policy %q: %w", id, err), "'watcher list' shows the ids")
	} else if err != nil {
		return "", err
	}
	return id, nil
}
