// Package otafake makes git repositories as Open Terms Archive does, for tests.
package otafake

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Repository is a repository under construction.
type Repository struct {
	// Dir is where it lies.
	Dir string

	tb     testing.TB
	stream bytes.Buffer
}

// New makes an empty bare repository. The test is skipped where there is no git,
// but never in CI.
func New(tb testing.TB) *Repository {
	tb.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		if os.Getenv("CI") == "true" {
			tb.Fatal("there is no git")
		}
		tb.Skip("there is no git")
	}
	r := &Repository{Dir: tb.TempDir(), tb: tb}
	r.Git("init", "--quiet", "--bare", "--initial-branch=main", ".")
	return r
}

// Git runs git in the repository and returns what it prints.
func (r *Repository) Git(args ...string) string {
	r.tb.Helper()
	return r.run(nil, args...)
}

func (r *Repository) run(stdin []byte, args ...string) string {
	r.tb.Helper()
	c := exec.CommandContext(r.tb.Context(), "git", args...) //nolint:gosec // of the tests
	c.Dir, c.Stdin = r.Dir, bytes.NewReader(stdin)
	c.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1")
	out, err := c.CombinedOutput()
	if err != nil {
		r.tb.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// File is a file of a commit; without Mode it is a regular one. A nil Body
// deletes it.
type File struct {
	Path string
	Body []byte
	Mode string
}

// Commit adds a commit; Flush writes it.
func (r *Repository) Commit(at time.Time, message string, files ...File) {
	if r.stream.Len() == 0 {
		r.stream.WriteString("reset refs/heads/main\n")
		if head := r.Git("for-each-ref", "--format=%(objectname)", "refs/heads/main"); head != "" {
			fmt.Fprintf(&r.stream, "from %s\n\n", head)
		}
	}
	fmt.Fprintf(&r.stream, "commit refs/heads/main\nauthor A <a@example> %[1]d +0200\ncommitter C <c@example> %[1]d +0000\ndata %[2]d\n%[3]s\n", at.Unix(), len(message), message)
	for _, f := range files {
		mode := f.Mode
		if mode == "" {
			mode = "100644"
		}
		if f.Body == nil {
			fmt.Fprintf(&r.stream, "D %s\n", quote(f.Path))
			continue
		}
		fmt.Fprintf(&r.stream, "M %s inline %s\ndata %d\n%s\n", mode, quote(f.Path), len(f.Body), f.Body)
	}
	r.stream.WriteString("\n")
}

// quote writes a path as git reads it.
func quote(path string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(path) + `"`
}

// Snapshot adds a commit as the engine makes it; url may be "", as it was before
// 2024.
func (r *Repository) Snapshot(at time.Time, url, path string, body []byte) {
	message := "Record new changes of " + path
	if url != "" {
		message += "\n\n\n\nX-engine-version: 2.0.0\nX-fetcher: htmlOnly\nX-source-document-location: " + url
	}
	r.Commit(at, message, File{Path: path, Body: body})
}

// Flush writes the commits and returns the id of the last.
func (r *Repository) Flush() string {
	r.tb.Helper()
	r.run(r.stream.Bytes(), "fast-import", "--quiet")
	r.stream.Reset()
	return r.Git("rev-parse", "refs/heads/main")
}

// Page is a page with enough words for a policy, and a number that tells its
// versions apart.
func Page(months int) []byte {
	var b strings.Builder
	b.WriteString("<!doctype html><html lang=en><head><title>Privacy Policy</title></head><body><main><h1>Privacy Policy</h1>")
	for i, what := range []string{"name and postal address", "e-mail address", "orders and invoices", "device and browser", "requests to our support"} {
		fmt.Fprintf(&b, "<h2>%d. Your %s</h2><p>We process your %s as personal data when you use our services, in order to perform the contract "+
			"with you, and we disclose it to nobody but the processors that help us with that. You may object at any time.</p>", i+1, what, what)
	}
	b.WriteString("<h2>6. Retention</h2><p>We keep personal data for " + strconv.Itoa(months) + " months after the contract ended, and delete it then.</p></main></body></html>")
	return []byte(b.String())
}
