package bolt

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"

	"watcher/policy"
	"watcher/storage"
)

// job is what the child process is to verify; it comes on its standard input.
type job struct {
	Path string `json:"path"`
	// Held is set when the parent holds these pages of an open store.
	Held *Snapshot `json:"held,omitempty"`
}

// line is a line of the child's output: a problem, or the report at the end.
type line struct {
	Problem *storage.Problem `json:"problem,omitempty"`
	Report  *storage.Report  `json:"report,omitempty"`
	Error   string           `json:"error,omitempty"`
	Locked  bool             `json:"locked,omitempty"`
}

// maxErrors bounds what is read of the child's complaints, in bytes.
const maxErrors = 8 << 10

// VerifyChild is what the process does that Verifier starts: it reads from in
// what to verify, and writes what it finds to out.
func VerifyChild(ctx context.Context, in io.Reader, out io.Writer) error {
	var j job
	if err := json.NewDecoder(io.LimitReader(in, 1<<20)).Decode(&j); err != nil {
		return fmt.Errorf("read what to verify: %w", err)
	}
	w := bufio.NewWriter(out)
	enc := json.NewEncoder(w)
	emit := func(p storage.Problem) error { return errors.Join(enc.Encode(line{Problem: &p}), w.Flush()) }
	var r storage.Report
	var err error
	if j.Held != nil {
		r, err = InspectHeld(ctx, j.Path, *j.Held, emit)
	} else {
		r, err = Inspect(ctx, j.Path, emit)
	}
	last := line{Report: &r}
	if err != nil {
		last = line{Error: err.Error(), Locked: errors.Is(err, policy.ErrLocked)}
	}
	return errors.Join(enc.Encode(last), w.Flush())
}

// Verifier verifies stores in processes of their own: whatever a damaged file
// does to the one that reads it, this one lives.
type Verifier struct {
	// Command is the program that calls VerifyChild, and its arguments.
	Command []string
}

// File verifies a file that nobody writes to. A file in use is policy.ErrLocked.
func (v Verifier) File(ctx context.Context, path string, emit func(storage.Problem) error) (storage.Report, error) {
	return v.run(ctx, job{Path: path}, emit)
}

// Open verifies an open store as it is now, while checks go on.
func (v Verifier) Open(ctx context.Context, db *DB, emit func(storage.Problem) error) (r storage.Report, err error) {
	err = db.Hold(ctx, func(s Snapshot) error {
		r, err = v.run(ctx, job{Path: db.path, Held: &s}, emit)
		return err
	})
	if r.Problems > 0 {
		db.metrics.verify.Add(float64(r.Problems))
	}
	return r, err
}

func (v Verifier) run(ctx context.Context, j job, emit func(storage.Problem) error) (storage.Report, error) {
	if len(v.Command) == 0 {
		return storage.Report{}, errors.New("the program cannot find itself to start a second process (is its file still there?)")
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	in, err := json.Marshal(j)
	if err != nil {
		return storage.Report{}, err
	}
	cmd := exec.CommandContext(ctx, v.Command[0], v.Command[1:]...) //nolint:gosec // the program itself
	cmd.Stdin = bytes.NewReader(in)
	complaints := &head{max: maxErrors}
	cmd.Stderr = complaints
	out, err := cmd.StdoutPipe()
	if err != nil {
		return storage.Report{}, err
	}
	if err := cmd.Start(); err != nil {
		return storage.Report{}, fmt.Errorf("start a process to verify: %w", err)
	}
	r, err := readLines(out, emit)
	if err != nil {
		cancel()
	}
	if werr := cmd.Wait(); err == nil && r == nil {
		err = fmt.Errorf("%w: the process that verified %s died (%w): %s", policy.ErrDamaged, j.Path, orUnknown(werr), complaints)
	}
	if err != nil {
		return storage.Report{}, errors.Join(err, context.Cause(ctx))
	}
	return *r, nil
}

func orUnknown(err error) error {
	if err == nil {
		return errors.New("it said nothing")
	}
	return err
}

// readLines reads what a child says; its report is nil when it died before.
func readLines(out io.Reader, emit func(storage.Problem) error) (*storage.Report, error) {
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var l line
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			return nil, fmt.Errorf("a line of the process that verifies: %w", err)
		}
		switch {
		case l.Locked:
			return nil, fmt.Errorf("%w: %s", policy.ErrLocked, l.Error)
		case l.Error != "":
			return nil, errors.New(l.Error)
		case l.Report != nil:
			return l.Report, nil
		case l.Problem != nil:
			if err := emit(*l.Problem); err != nil {
				return nil, err
			}
		}
	}
	return nil, lines.Err()
}

// head keeps the beginning of what is written to it.
type head struct {
	b   strings.Builder
	max int
}

func (h *head) Write(p []byte) (int, error) {
	h.b.Write(p[:min(len(p), h.max-h.b.Len())])
	return len(p), nil
}

func (h *head) String() string { return h.b.String() }
