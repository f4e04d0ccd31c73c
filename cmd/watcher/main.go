// Watcher tells when a vendor's privacy policy changes, what changed, and
// proves it. The command line is a thin layer: flags in, text or JSON out, and
// an exit code. Everything else happens in package app and below.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	_ "time/tzdata" // time_zone must work on hosts without a zone database

	"watcher/config"
	"watcher/policy"
)

// The exit codes, as documented by "watcher help exit-codes".
const (
	exitOK          = 0
	exitFailure     = 1
	exitUsage       = 2
	exitSomeFailed  = 3
	exitChanged     = 10
	exitLocked      = 11
	exitDamaged     = 12
	exitInterrupted = 130
)

func main() { os.Exit(Main()) }

// Main runs the program on the process's own arguments and streams and
// returns its exit code.
func Main() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	e := &env{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr}
	return e.run(ctx, os.Args[1:])
}

// env is what a command sees of the process.
type env struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	flags          globalFlags
}

// run executes one command line.
func (e *env) run(ctx context.Context, args []string) int {
	root := newRootCommand(e)
	root.SetArgs(args)
	root.SetIn(e.stdin)
	root.SetOut(e.stdout)
	root.SetErr(e.stderr)
	err := root.ExecuteContext(ctx)
	code := exitCode(ctx, err)
	if err != nil {
		e.report(ctx, err)
	}
	return code
}

// report prints an error for a person. Results that are no errors, such as
// "changed" with --exit-code, print nothing.
func (e *env) report(ctx context.Context, err error) {
	var status *statusError
	if errors.As(err, &status) && status.quiet {
		return
	}
	if exitCode(ctx, err) == exitInterrupted {
		fmt.Fprintln(e.stderr, "watcher: interrupted")
		return
	}
	if bad, ok := errors.AsType[*config.Error](err); ok {
		fmt.Fprintln(e.stderr, strings.TrimRight(bad.Error(), "\n"))
		return
	}
	fmt.Fprintf(e.stderr, "watcher: %s\n", strings.TrimSpace(err.Error()))
	if h, ok := errors.AsType[*hintError](err); ok {
		fmt.Fprintf(e.stderr, "hint: %s\n", h.hint)
	}
}

// statusError carries an exit code of its own.
type statusError struct {
	code  int
	msg   string
	quiet bool
}

func (e *statusError) Error() string { return e.msg }

// usageError marks a misuse of the command line.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

// hintError adds what to do about an error.
type hintError struct {
	err  error
	hint string
}

func (e *hintError) Error() string { return e.err.Error() }
func (e *hintError) Unwrap() error { return e.err }

func withHint(err error, format string, args ...any) error {
	return &hintError{err: err, hint: fmt.Sprintf(format, args...)}
}

func usagef(format string, args ...any) error { return &usageError{fmt.Errorf(format, args...)} }

// exitCode maps an error to the exit code that scripts rely on.
func exitCode(ctx context.Context, err error) int {
	var status *statusError
	var usage *usageError
	var bad *config.Error
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &status):
		return status.code
	case ctx.Err() != nil:
		return exitInterrupted
	case errors.As(err, &usage), errors.As(err, &bad), strings.HasPrefix(err.Error(), "unknown command"):
		return exitUsage
	case errors.Is(err, policy.ErrLocked):
		return exitLocked
	case errors.Is(err, policy.ErrDamaged):
		return exitDamaged
	}
	return exitFailure
}
