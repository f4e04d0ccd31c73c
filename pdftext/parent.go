package pdftext

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"watcher/normalize"
)

// Timeout is how long a child may take for one file. The slowest of 29 real
// policies took 0.8 s.
const Timeout = 30 * time.Second

// maxChildren is how many files are read at a time: each may take maxMemory.
const maxChildren = 2

// Reader returns a function that reads the pages of a PDF by running a command
// whose main is Child. It is safe for concurrent use; no more than two files
// are read at a time. Its errors wrap ErrPDF, and ErrEncrypted where a password
// is asked for.
func Reader(command string, args ...string) func(body []byte) ([]normalize.PDFPage, error) {
	p := newParent(Timeout, command, args...)
	return func(body []byte) ([]normalize.PDFPage, error) { return p.read(context.Background(), body) }
}

// parent runs children.
type parent struct {
	timeout time.Duration
	command string
	args    []string
	slots   chan struct{}
	// ended is told how a child ended; nil tells nobody.
	ended func(*os.ProcessState)
}

func newParent(timeout time.Duration, command string, args ...string) *parent {
	return &parent{timeout: timeout, command: command, args: args, slots: make(chan struct{}, maxChildren)}
}

func (p *parent) read(ctx context.Context, body []byte) ([]normalize.PDFPage, error) {
	p.slots <- struct{}{}
	defer func() { <-p.slots }()
	ctx, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, p.command, p.args...) //nolint:gosec // the program itself
	cmd.Stdin = bytes.NewReader(body)
	cmd.Env = []string{"GOMAXPROCS=1"}
	out, complaint := &bounded{limit: maxOutput}, &bounded{limit: 4 << 10}
	cmd.Stdout, cmd.Stderr = out, complaint
	err := cmd.Run()
	if p.ended != nil && cmd.ProcessState != nil {
		p.ended(cmd.ProcessState)
	}
	if err != nil {
		return nil, p.explain(ctx, err, firstLine(complaint.b.String()))
	}
	var pages []normalize.PDFPage
	if err := json.Unmarshal(out.b.Bytes(), &pages); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPDF, err)
	}
	return pages, nil
}

// explain says why a child failed. What the child said itself begins with
// ErrPDF; a child that was ended by a bound says nothing of use.
func (p *parent) explain(ctx context.Context, err error, said string) error {
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("%w: it took longer than %v", ErrPDF, p.timeout)
	case strings.Contains(said, ErrEncrypted.Error()):
		return fmt.Errorf("%w: %w", ErrPDF, ErrEncrypted)
	}
	if _, rest, ok := strings.Cut(said, ErrPDF.Error()+": "); ok {
		return fmt.Errorf("%w: %s", ErrPDF, rest)
	}
	if _, ok := errors.AsType[*exec.ExitError](err); ok {
		return fmt.Errorf("%w: its reader went beyond its bounds (%w: %s)", ErrPDF, err, said)
	}
	return fmt.Errorf("%w: %w", ErrPDF, err)
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return line
}

// bounded keeps what is written to it, up to a limit; a writer of more is
// stopped.
type bounded struct {
	b     bytes.Buffer
	limit int
}

func (w *bounded) Write(p []byte) (int, error) {
	if w.b.Len()+len(p) > w.limit {
		return 0, io.ErrShortWrite
	}
	return w.b.Write(p)
}
