package app

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"
)

// RunFile says how to reach the daemon that holds a store. It stands beside
// the store, readable by its owner only, for as long as the daemon runs.
type RunFile struct {
	PID     int       `json:"pid"`
	Address string    `json:"address"`
	Token   string    `json:"token"`
	Started time.Time `json:"started"`
}

// RunFilePath returns the run file's path for a store.
func RunFilePath(storagePath string) string { return storagePath + ".run" }

// ReadRunFile reads the run file of a store.
func ReadRunFile(storagePath string) (RunFile, error) {
	var r RunFile
	b, err := os.ReadFile(RunFilePath(storagePath))
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(b, &r); err != nil {
		return r, fmt.Errorf("%s: %w", RunFilePath(storagePath), err)
	}
	return r, nil
}

// write puts the run file in place in one step, so that no reader ever meets
// half of it.
func (r RunFile) write(storagePath string) error {
	b, err := json.Marshal(r)
	if err != nil {
		return err
	}
	tmp := RunFilePath(storagePath) + ".tmp"
	if err := os.WriteFile(tmp, b, 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, RunFilePath(storagePath))
}

func removeRunFile(storagePath string) error {
	err := os.Remove(RunFilePath(storagePath))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// newToken returns a secret of 130 random bits.
func newToken() string { return rand.Text() }
