package main

import (
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"watcher/app"
)

// TestScripts runs the command line the way a user does. Beside testscript's
// own commands there are:
//
//	site DIR        serves DIR over loopback as $SITE; a file "name.status" holds
//	                the HTTP status to answer "name" with
//	code N CMD...   runs a command and wants exit code N
//	terminate RUN   sends SIGTERM to the daemon that left the run file RUN
//	await FILE      waits until a file exists
//	awaitgone FILE  waits until it does not
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"site":      cmdSite,
			"code":      cmdCode,
			"terminate": cmdTerminate,
			"await":     func(ts *testscript.TestScript, _ bool, args []string) { awaitFile(ts, args, true) },
			"awaitgone": func(ts *testscript.TestScript, _ bool, args []string) { awaitFile(ts, args, false) },
		},
	})
}

func cmdSite(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: site DIR")
	}
	dir := ts.MkAbs(args[0])
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := filepath.Join(dir, filepath.Base(r.URL.Path))
		if b, err := os.ReadFile(name + ".status"); err == nil {
			if status, err := strconv.Atoi(string(b[:3])); err == nil {
				http.Error(w, http.StatusText(status), status)
				return
			}
		}
		http.ServeFile(w, r, name)
	}))
	ts.Defer(srv.Close)
	ts.Setenv("SITE", srv.URL)
}

func cmdCode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N command [args...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

func cmdTerminate(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: terminate RUN")
	}
	run, err := app.ReadRunFile(strings.TrimSuffix(ts.MkAbs(args[0]), ".run"))
	ts.Check(err)
	p, err := os.FindProcess(run.PID)
	ts.Check(err)
	ts.Check(p.Signal(syscall.SIGTERM))
}

func awaitFile(ts *testscript.TestScript, args []string, want bool) {
	if len(args) != 1 {
		ts.Fatalf("usage: await FILE")
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.NewTimer(30 * time.Second)
	defer deadline.Stop()
	for {
		_, err := os.Stat(ts.MkAbs(args[0]))
		if errors.Is(err, fs.ErrNotExist) != want {
			return
		}
		select {
		case <-tick.C:
		case <-deadline.C:
			ts.Fatalf("waited 30 s for %s", args[0])
		}
	}
}
