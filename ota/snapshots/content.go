package snapshots

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
)

// Content reads the content of snapshots. It holds one process of git, which
// ends with the context that it was made with. It must be closed, and is for
// one goroutine.
type Content struct {
	repo   *Repository
	cmd    *exec.Cmd
	stderr *tail
	in     io.WriteCloser
	out    *bufio.Reader
	cancel context.CancelFunc
}

// Content returns a reader of content.
func (r *Repository) Content() *Content { return &Content{repo: r} }

// Read returns the content with the given id, of at most limit bytes. Errors
// wrap ErrTooLarge or ErrMissing, or are git's or the context's.
func (c *Content) Read(ctx context.Context, id string, limit int64) ([]byte, error) {
	if !objectID.MatchString(id) {
		return nil, fmt.Errorf("%w: %q is no id", ErrMissing, id)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if c.cmd == nil {
		if err := c.start(ctx); err != nil {
			return nil, err
		}
	}
	body, err := c.ask(id, limit)
	if err == nil || errors.Is(err, ErrMissing) {
		return body, err
	}
	stderr := c.stderr
	c.stop() // what follows in the pipe is of no use
	if errors.Is(err, ErrTooLarge) {
		return nil, err
	}
	return nil, failed(ctx, "cat-file", stderr, err)
}

// Close ends the process.
func (c *Content) Close() { c.stop() }

func (c *Content) start(ctx context.Context) error {
	ctx, c.cancel = context.WithCancel(ctx)
	c.cmd, c.stderr = c.repo.command(ctx, "cat-file", "--batch")
	var err error
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		return err
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	c.out = bufio.NewReaderSize(out, 1<<16)
	if err := c.cmd.Start(); err != nil {
		c.cancel()
		c.cmd = nil
		return err
	}
	return nil
}

func (c *Content) stop() {
	if c.cmd == nil {
		return
	}
	_ = c.in.Close()
	c.cancel()
	_ = c.cmd.Wait() // it was killed
	c.cmd = nil
}

// ask asks for one object and reads the answer: a line with its size, the
// bytes, and a line break.
func (c *Content) ask(id string, limit int64) ([]byte, error) {
	if _, err := io.WriteString(c.in, id+"\n"); err != nil {
		return nil, err
	}
	line, err := c.out.ReadSlice('\n')
	if err != nil {
		return nil, err
	}
	words := strings.Fields(string(line))
	switch {
	case len(words) == 2 && words[1] == "missing":
		return nil, fmt.Errorf("%w: %s (is it a partial clone?)", ErrMissing, id)
	case len(words) != 3 || words[0] != id || words[1] != "blob":
		return nil, fmt.Errorf("it answers %q", strings.Join(words, " "))
	}
	size, err := strconv.ParseInt(words[2], 10, 64)
	if err != nil || size < 0 {
		return nil, fmt.Errorf("it answers with a size of %q", words[2])
	}
	if size > limit {
		return nil, fmt.Errorf("%w: %d bytes, at most %d", ErrTooLarge, size, limit)
	}
	body := make([]byte, size)
	if _, err := io.ReadFull(c.out, body); err != nil {
		return nil, err
	}
	_, err = c.out.Discard(1)
	return body, err
}
