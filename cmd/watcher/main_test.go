package main

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// asWatcher makes the test binary run as the program itself, for tests that
// need a process of its own to kill.
const asWatcher = "WATCHER_TEST_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(asWatcher) != "" {
		os.Exit(Main())
	}
	testscript.Main(m, map[string]func(){"watcher": func() { os.Exit(Main()) }})
}
