package snapshots

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// The errors that callers tell apart.
var (
	// ErrNoGit means that there is no git program.
	ErrNoGit = errors.New("there is no git program in PATH")
	// ErrNotRepository marks a directory that is no git repository, or one of a
	// form that is not understood.
	ErrNotRepository = errors.New("not a git repository")
	// ErrTooLarge and ErrMissing mark content that is larger than asked for,
	// and content that the repository does not have.
	ErrTooLarge = errors.New("the content is too large")
	ErrMissing  = errors.New("the repository does not have the content")
)

// maxSmall bounds the files of a repository that are read as a whole, in bytes;
// maxRefs the list of packed references.
const (
	maxSmall = 64 << 10
	maxRefs  = 64 << 20
)

// Repository is a repository that is open for reading. It must be closed.
type Repository struct {
	git string
	// own is the empty repository in which git runs, objects the directory that
	// it borrows, head the commit that the history ends with.
	own, objects, head string
}

// Open opens the repository at dir, a checkout or a bare one. Errors wrap
// ErrNoGit or ErrNotRepository, or are of the file system.
func Open(dir string) (*Repository, error) {
	git, err := exec.LookPath("git")
	if err != nil {
		return nil, ErrNoGit
	}
	dir, err = filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	private, common, err := gitDirs(dir)
	if err != nil {
		return nil, err
	}
	head, err := resolve(private, common)
	if err != nil {
		return nil, err
	}
	r := &Repository{git: git, objects: filepath.Join(common, "objects"), head: head}
	if r.own, err = os.MkdirTemp("", "watcher-git-"); err != nil {
		return nil, err
	}
	if err := r.prepare(common); err != nil {
		_ = r.Close()
		return nil, err
	}
	return r, nil
}

// Close removes what was made for reading.
func (r *Repository) Close() error { return os.RemoveAll(r.own) }

// Head returns the id of the commit that the history ends with.
func (r *Repository) Head() string { return r.head }

// gitDirs finds the directory of a repository and, for one of several working
// trees, the one that they share.
func gitDirs(dir string) (private, common string, err error) {
	if _, err := os.Stat(dir); err != nil {
		return "", "", err
	}
	private = filepath.Join(dir, ".git")
	info, err := os.Stat(private)
	switch {
	case err != nil:
		private = dir // bare
	case !info.IsDir():
		link, err := small(private)
		if err != nil {
			return "", "", err
		}
		target, found := strings.CutPrefix(link, "gitdir: ")
		if !found {
			return "", "", fmt.Errorf("%w: %s", ErrNotRepository, dir)
		}
		private = within(dir, target)
	}
	common = private
	if rel, err := small(filepath.Join(private, "commondir")); err == nil {
		common = within(private, rel)
	}
	if info, err := os.Stat(filepath.Join(common, "objects")); err != nil || !info.IsDir() {
		return "", "", fmt.Errorf("%w: %s", ErrNotRepository, dir)
	}
	return private, common, nil
}

func within(dir, name string) string {
	if filepath.IsAbs(name) {
		return filepath.Clean(name)
	}
	return filepath.Join(dir, name)
}

// small reads a small regular file without the white space around it.
func small(name string) (string, error) {
	f, err := regular(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxSmall+1))
	if err != nil {
		return "", err
	}
	if len(b) > maxSmall {
		return "", fmt.Errorf("%s is too large", name)
	}
	return string(bytes.TrimSpace(b)), nil
}

// regular opens a file that is one: to open a pipe would wait for ever.
func regular(name string) (*os.File, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no regular file", name)
	}
	return os.Open(name) //nolint:gosec // within the repository that the user names
}

var (
	objectID = regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`)
	refName  = regexp.MustCompile(`^refs/[^\x00-\x20\x7f]+$`)
)

// maxSymbolic bounds how many references may lead to one another.
const maxSymbolic = 5

// resolve returns the commit that HEAD stands for.
func resolve(private, common string) (string, error) {
	at, err := small(filepath.Join(private, "HEAD"))
	if err != nil {
		return "", fmt.Errorf("%w: HEAD: %w", ErrNotRepository, err)
	}
	for range maxSymbolic {
		if objectID.MatchString(at) {
			return at, nil
		}
		ref, found := strings.CutPrefix(at, "ref: ")
		if ref = strings.TrimSpace(ref); !found || !refName.MatchString(ref) || !filepath.IsLocal(filepath.FromSlash(ref)) {
			return "", fmt.Errorf("%w: its HEAD is of no known form", ErrNotRepository)
		}
		if ref == "refs/heads/.invalid" {
			return "", fmt.Errorf("%w: its references are kept as a reftable (hint: `git clone --ref-format=files` makes one that works)", ErrNotRepository)
		}
		if at, err = reference(private, common, ref); err != nil {
			return "", err
		}
	}
	return "", fmt.Errorf("%w: its HEAD leads in a circle", ErrNotRepository)
}

func reference(private, common, ref string) (string, error) {
	for _, dir := range []string{private, common} {
		if at, err := small(filepath.Join(dir, filepath.FromSlash(ref))); err == nil {
			return at, nil
		}
	}
	f, err := regular(filepath.Join(common, "packed-refs"))
	if err != nil {
		return "", fmt.Errorf("%w: it has no commits", ErrNotRepository)
	}
	defer f.Close()
	lines := bufio.NewScanner(io.LimitReader(f, maxRefs))
	for lines.Scan() {
		if id, name, _ := strings.Cut(lines.Text(), " "); name == ref {
			return id, nil
		}
	}
	return "", fmt.Errorf("%w: it has no commits", ErrNotRepository)
}

// prepare makes the repository in which git runs. Whether the history was cut
// off (a shallow clone) is all that it takes over beside the objects.
func (r *Repository) prepare(common string) error {
	config := "[core]\n\tbare = true\n\tcommitGraph = false\n\tbigFileThreshold = 32m\n\trepositoryFormatVersion = "
	if len(r.head) == 64 {
		config += "1\n[extensions]\n\tobjectFormat = sha256\n"
	} else {
		config += "0\n"
	}
	files := map[string]string{"HEAD": r.head + "\n", "config": config}
	if shallow, err := small(filepath.Join(common, "shallow")); err == nil {
		for line := range strings.SplitSeq(shallow, "\n") {
			if !objectID.MatchString(line) {
				return fmt.Errorf("%w: its list of cut-off commits is damaged", ErrNotRepository)
			}
		}
		files["shallow"] = shallow + "\n"
	}
	for _, dir := range []string{"objects", "refs"} {
		if err := os.Mkdir(filepath.Join(r.own, dir), 0o700); err != nil {
			return err
		}
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(r.own, name), []byte(content), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// killWait is how long the pipes of a killed git may stay open.
const killWait = 5 * time.Second

// command returns a command of git that is killed with the context. Its
// environment is ours alone.
func (r *Repository) command(ctx context.Context, args ...string) (*exec.Cmd, *tail) {
	c := exec.CommandContext(ctx, r.git, args...) //nolint:gosec // constants, but for the program itself
	c.Dir = r.own
	c.WaitDelay = killWait
	c.Env = []string{
		"PATH=" + os.Getenv("PATH"), "SYSTEMROOT=" + os.Getenv("SYSTEMROOT"), "LC_ALL=C", "HOME=" + r.own, "XDG_CONFIG_HOME=" + r.own,
		"GIT_DIR=" + r.own, "GIT_OBJECT_DIRECTORY=" + r.objects,
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_SYSTEM=" + os.DevNull, "GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_ATTR_NOSYSTEM=1",
		"GIT_ALLOW_PROTOCOL=", "GIT_NO_LAZY_FETCH=1", "GIT_TERMINAL_PROMPT=0", "GIT_OPTIONAL_LOCKS=0", "GIT_NO_REPLACE_OBJECTS=1",
	}
	stderr := &tail{}
	c.Stderr = stderr
	return c, stderr
}

// tail keeps the beginning of what git says of an error.
type tail struct{ b []byte }

const maxTail = 400

// Write implements io.Writer.
func (t *tail) Write(p []byte) (int, error) {
	t.b = append(t.b, p[:min(len(p), maxTail-len(t.b))]...)
	return len(p), nil
}

// failed makes an error of how a command of git ended.
func failed(ctx context.Context, what string, stderr *tail, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	said := strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(string(stderr.b), "?"))
	return fmt.Errorf("git %s: %w: %s", what, err, strings.TrimSpace(said))
}
