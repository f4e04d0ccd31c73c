package snapshots

import (
	"bufio"
	"context"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"

	"watcher/ota"
)

// Snapshot is one recording of a page.
type Snapshot struct {
	ota.File
	ota.Record
	// Commit and Blob are the ids of the commit and of the content.
	Commit, Blob string
	// Time is the commit's own, to the second, in UTC.
	Time time.Time
}

// maxToken bounds a path or a message that is read, in bytes: what is longer is
// cut, and then matches nothing.
const maxToken = 256 << 10

// Log calls f with every snapshot of the history, the newest commits first.
// Commits that record nothing, merges, and files that a commit deletes are no
// snapshots. It stops at the first error, git's or f's, and when the context
// ends.
func (r *Repository) Log(ctx context.Context, f func(Snapshot) error) error {
	return r.read(ctx, func(out *bufio.Reader) error { return readLog(out, f) },
		"log", "-z", "--raw", "--no-abbrev", "--no-renames", "--no-merges", "--no-color", "--diff-filter=AMT",
		"--format=%x00commit %H %at%x00%B%x00", r.head, "--")
}

// Current calls f with every snapshot that the newest commit holds. They have no
// record and no time.
func (r *Repository) Current(ctx context.Context, f func(Snapshot) error) error {
	return r.read(ctx, func(out *bufio.Reader) error { return readTree(out, f) },
		"ls-tree", "-r", "-z", r.head)
}

// read runs a command of git and hands its output to f.
func (r *Repository) read(ctx context.Context, f func(*bufio.Reader) error, args ...string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c, stderr := r.command(ctx, args...)
	out, err := c.StdoutPipe()
	if err != nil {
		return err
	}
	if err := c.Start(); err != nil {
		return err
	}
	ferr := f(bufio.NewReaderSize(out, 1<<16))
	if ferr != nil {
		outer := ctx.Err()
		cancel() // f wants no more
		_ = c.Wait()
		if outer != nil {
			return outer
		}
		return ferr
	}
	if err := c.Wait(); err != nil {
		return failed(ctx, args[0], stderr, err)
	}
	return nil
}

// token reads up to the next NUL. It reports io.EOF at the end of the output.
func token(r *bufio.Reader) (string, error) {
	var b strings.Builder
	for {
		part, err := r.ReadSlice(0)
		if n := min(len(part), maxToken-b.Len()); n > 0 {
			b.Write(part[:n])
		}
		switch {
		case err == nil:
			return strings.TrimSuffix(b.String(), "\x00"), nil
		case errors.Is(err, io.EOF) && b.Len() > 0:
			return b.String(), nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return "", err
		}
	}
}

var (
	commitLine = regexp.MustCompile(`^commit ([0-9a-f]{40}|[0-9a-f]{64}) (\d{1,12})$`)
	// fileLine is a regular file that was added or changed; links and
	// submodules have other modes.
	fileLine = regexp.MustCompile(`^:\d{6} 100(?:644|755) [0-9a-f]+ ([0-9a-f]{40}|[0-9a-f]{64}) [AMT]$`)
	treeLine = regexp.MustCompile(`^100(?:644|755) blob ([0-9a-f]{40}|[0-9a-f]{64})\t`)
)

// endOfTime is the first second that has no four-digit year.
const endOfTime = 253402300800

// readLog reads the log. A line of one kind says what the token behind it is,
// so that no message or path can pass for a line.
func readLog(r *bufio.Reader, f func(Snapshot) error) error {
	var s Snapshot
	recorded := false
	for {
		line, err := token(r)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		line = strings.TrimPrefix(line, "\n")
		isCommit := strings.HasPrefix(line, "commit ")
		if !isCommit && !strings.HasPrefix(line, ":") {
			continue
		}
		next, err := token(r)
		if errors.Is(err, io.EOF) {
			return nil // git ended early, and says why when it is waited for
		}
		if err != nil {
			return err
		}
		if isCommit {
			s, recorded = commit(line, next)
			continue
		}
		m := fileLine.FindStringSubmatch(line)
		file, ok := ota.ParsePath(next)
		if m == nil || !ok || !recorded {
			continue
		}
		s.File, s.Blob = file, m[1]
		if err := f(s); err != nil {
			return err
		}
	}
}

// commit reads the line and the message of a commit. It reports false for one
// that is no recording, or has no time.
func commit(line, message string) (Snapshot, bool) {
	m := commitLine.FindStringSubmatch(line)
	if m == nil {
		return Snapshot{}, false
	}
	at, err := strconv.ParseInt(m[2], 10, 64)
	if err != nil || at <= 0 || at >= endOfTime {
		return Snapshot{}, false
	}
	record, ok := ota.ParseMessage(message)
	return Snapshot{Record: record, Commit: m[1], Time: time.Unix(at, 0).UTC()}, ok
}

func readTree(r *bufio.Reader, f func(Snapshot) error) error {
	for {
		line, err := token(r)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		m := treeLine.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		if file, ok := ota.ParsePath(line[len(m[0]):]); ok {
			if err := f(Snapshot{File: file, Blob: m[1]}); err != nil {
				return err
			}
		}
	}
}
