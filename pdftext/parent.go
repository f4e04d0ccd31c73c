package pdftext

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"time"
)

// Timeout is how long a child may take for one file. The slowest of 29 real
// policies took 0.8 s.
const Timeout = 30 * time.Second

// Reader returns a function that reads the pages of a PDF by running a command
// whose main is Child. Its errors wrap ErrPDF.
func Reader(command string, args ...string) func(body []byte) ([]string, error) {
	return newReader(Timeout, command, args...)
}

func newReader(timeout time.Duration, command string, args ...string) func(body []byte) ([]string, error) {
	return func(body []byte) ([]string, error) {
		ctx, cancel := context.WithTimeout(context.Background(), timeout)
		defer cancel()
		cmd := exec.CommandContext(ctx, command, args...) //nolint:gosec // the program itself
		cmd.Stdin = bytes.NewReader(body)
		cmd.Env = []string{"GOMAXPROCS=1"}
		out, complaint := &bounded{limit: maxOutput}, &bounded{limit: 4 << 10}
		cmd.Stdout, cmd.Stderr = out, complaint
		if err := cmd.Run(); err != nil {
			if ctx.Err() != nil {
				return nil, fmt.Errorf("%w: it took longer than %v", ErrPDF, timeout)
			}
			return nil, fmt.Errorf("%w: %w: %s", ErrPDF, err, firstLine(complaint.b.String()))
		}
		var pages []string
		if err := json.Unmarshal(out.b.Bytes(), &pages); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrPDF, err)
		}
		return pages, nil
	}
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
