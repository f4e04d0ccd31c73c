package snapshots

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"watcher/internal/otafake"
)

func day(n int) time.Time { return time.Date(2024, 1, n, 3, 4, 5, 0, time.UTC) }

// sample is a repository with whatever may be in one.
func sample(t *testing.T) *otafake.Repository {
	t.Helper()
	r := otafake.New(t)
	r.Commit(day(1), "Initial commit", otafake.File{Path: "README.md", Body: []byte("# x")})
	r.Commit(day(2), "Start tracking Acme Privacy Policy", otafake.File{Path: "Acme/Privacy Policy.html", Body: []byte("one")})
	r.Snapshot(day(4), "https://acme.example/p", "Acme/Privacy Policy.html", []byte("two"))
	r.Snapshot(day(3), "https://acme.example/t", "-rf/--output=\"x\" €.pdf", []byte("%PDF-1.4\x00\xff"))
	r.Commit(day(5), "Rename Acme", otafake.File{Path: "Acme Inc/Privacy Policy.html", Body: []byte("two")}, otafake.File{Path: "Acme/Privacy Policy.html"})
	r.Commit(day(6), "Update Acme\x01commit "+strings.Repeat("a", 40)+" 1", otafake.File{Path: "Acme/Terms #a.html", Body: []byte("terms")},
		otafake.File{Path: "Acme/link.html", Body: []byte("/etc/passwd"), Mode: "120000"}, otafake.File{Path: "Acme/new\n:line.html", Body: []byte("x")})
	r.Snapshot(day(7), "", "Acme/Privacy Policy.html", []byte("one"))
	r.Commit(day(8), "Update Acme Privacy Policy", otafake.File{Path: "Acme/Privacy Policy.html"})
	r.Commit(day(9), "Refilter Acme Terms", otafake.File{Path: "Acme/Terms #a.html", Body: []byte("refiltered")})
	r.Flush()
	return r
}

// open opens a repository for the time of a test.
func open(t *testing.T, dir string) *Repository {
	t.Helper()
	r, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// told returns a log with its contents, a line each.
func told(t *testing.T, r *Repository) []string {
	t.Helper()
	c := r.Content()
	defer c.Close()
	var out []string
	err := r.Log(t.Context(), func(s Snapshot) error {
		body, err := c.Read(t.Context(), s.Blob, 100)
		out = append(out, fmt.Sprintf("%s %s|%s|%s|%q", s.Time.Format(time.DateOnly), s.Name, s.Ext, s.URL, body))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func wantSample() []string {
	return []string{
		`2024-01-07 Acme/Privacy Policy|.html||"one"`,
		`2024-01-06 Acme/Terms #a|.html||"terms"`,
		`2024-01-03 -rf/--output="x" €|.pdf|https://acme.example/t|"%PDF-1.4\x00\xff"`,
		`2024-01-04 Acme/Privacy Policy|.html|https://acme.example/p|"two"`,
		`2024-01-02 Acme/Privacy Policy|.html||"one"`,
	}
}

func TestLog(t *testing.T) {
	made := sample(t)
	if diff := cmp.Diff(wantSample(), told(t, open(t, made.Dir))); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestForms: all forms in which a repository may lie on a disk read alike.
func TestForms(t *testing.T) {
	made := sample(t)
	dir := t.TempDir()
	clone := filepath.Join(dir, "clone")
	made.Git("clone", "--quiet", made.Dir, clone)
	tree := filepath.Join(dir, "tree")
	made.Git("-C", clone, "worktree", "add", "--quiet", tree)
	detached := filepath.Join(dir, "detached")
	made.Git("clone", "--quiet", made.Dir, detached)
	made.Git("-C", detached, "checkout", "--quiet", "--detach")
	packed := filepath.Join(dir, "packed")
	made.Git("clone", "--quiet", "--bare", made.Dir, packed)
	made.Git("-C", packed, "pack-refs", "--all")
	borrowing := filepath.Join(dir, "borrowing")
	made.Git("clone", "--quiet", "--shared", made.Dir, borrowing)
	for _, form := range []string{clone, tree, detached, packed, borrowing} {
		if diff := cmp.Diff(wantSample(), told(t, open(t, form))); diff != "" {
			t.Errorf("%s (-want +got)\n%s", filepath.Base(form), diff)
		}
	}
	shallow := filepath.Join(dir, "shallow")
	made.Git("clone", "--quiet", "--depth=4", "file://"+made.Dir, shallow)
	if got := told(t, open(t, shallow)); len(got) == 0 || len(got) >= 5+1 || got[0] != wantSample()[0] {
		t.Errorf("shallow: %q", got)
	}
}

func TestCurrent(t *testing.T) {
	var got []string
	err := open(t, sample(t).Dir).Current(t.Context(), func(s Snapshot) error {
		got = append(got, s.Name+s.Ext)
		return nil
	})
	slices.Sort(got)
	want := []string{`-rf/--output="x" €.pdf`, "Acme Inc/Privacy Policy.html", "Acme/Terms #a.html"}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
}

// TestHostile: nothing that a repository's configuration, hooks, attributes or
// references ask for happens.
func TestHostile(t *testing.T) {
	made := sample(t)
	clone := filepath.Join(t.TempDir(), "clone")
	made.Git("clone", "--quiet", made.Dir, clone)
	proof := filepath.Join(t.TempDir(), "proof")
	script := filepath.Join(clone, "evil")
	if err := os.WriteFile(script, []byte("#!/bin/sh\ntouch "+proof+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	git := filepath.Join(clone, ".git")
	head := made.Git("-C", clone, "rev-parse", "HEAD")
	blob := made.Git("-C", clone, "rev-parse", "HEAD:Acme/Terms #a.html")
	made.Git("-C", clone, "update-ref", "refs/replace/"+blob, made.Git("-C", clone, "rev-parse", "HEAD:README.md"))
	for name, content := range map[string]string{
		"config": "[core]\n\trepositoryformatversion = 1\n\tfsmonitor = " + script + "\n\tpager = " + script + "\n\thooksPath = " + clone + "\n" +
			"\tsshCommand = " + script + "\n\tworktree = /\n[extensions]\n\tpartialClone = origin\n\tnonsense = true\n" +
			"[remote \"origin\"]\n\turl = ext::" + script + "\n\tpromisor = true\n\tuploadpack = " + script + "\n" +
			"[diff]\n\texternal = " + script + "\n[log]\n\tshowSignature = true\n[gpg]\n\tprogram = " + script + "\n[include]\n\tpath = /dev/zero\n",
		"info/attributes": "*.html diff=evil filter=evil\n",
		"info/grafts":     head + "\n",
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(git, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(git, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r := open(t, clone)
	if diff := cmp.Diff(wantSample(), told(t, r)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	c := r.Content()
	defer c.Close()
	if _, err := c.Read(t.Context(), strings.Repeat("1", 40), 10); !errors.Is(err, ErrMissing) {
		t.Errorf("an object that a promisor would have: %v", err)
	}
	if _, err := os.Stat(proof); err == nil {
		t.Error("something ran")
	}
}

func TestNoRepository(t *testing.T) {
	dir := t.TempDir()
	made := otafake.New(t)
	write := func(name, content string) string {
		t.Helper()
		at := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Join(at, "objects"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(at, "HEAD"), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return at
	}
	circle := write("circle", "ref: refs/heads/a")
	if err := os.MkdirAll(filepath.Join(circle, "refs", "heads"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(circle, "refs", "heads", "a"), []byte("ref: refs/heads/a\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, at := range []string{
		t.TempDir(), made.Dir, circle, write("outside", "ref: refs/../../../etc/passwd"), write("option", "--upload-pack=x"),
		write("reftable", "ref: refs/heads/.invalid"), write("long", strings.Repeat("x", maxSmall+1)), write("short", "abcdef"),
	} {
		if _, err := Open(at); !errors.Is(err, ErrNotRepository) {
			t.Errorf("%s: %v", at, err)
		}
	}
	if _, err := Open(filepath.Join(dir, "nowhere")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("nowhere: %v", err)
	}
	r := open(t, write("gone", strings.Repeat("a", 40)))
	if err := r.Log(t.Context(), func(Snapshot) error { return nil }); err == nil || !strings.Contains(err.Error(), "git log") {
		t.Errorf("a head that is not there: %v", err)
	}
	t.Setenv("PATH", t.TempDir())
	if _, err := Open(made.Dir); !errors.Is(err, ErrNoGit) {
		t.Errorf("without git: %v", err)
	}
}

func TestContent(t *testing.T) {
	made := otafake.New(t)
	big := bytes.Repeat([]byte("0123456789\n"), 1<<18)
	made.Snapshot(day(1), "", "Acme/Big.html", big)
	made.Snapshot(day(2), "", "Acme/Small.html", []byte("small"))
	made.Snapshot(day(3), "", "Acme/Empty.html", []byte{})
	made.Flush()
	r := open(t, made.Dir)
	ids := map[string]string{}
	if err := r.Log(t.Context(), func(s Snapshot) error { ids[s.Name] = s.Blob; return nil }); err != nil {
		t.Fatal(err)
	}
	c := r.Content()
	defer c.Close()
	for _, tc := range []struct {
		id    string
		limit int64
		want  []byte
		err   error
	}{
		{ids["Acme/Small"], 5, []byte("small"), nil},
		{ids["Acme/Big"], 100, nil, ErrTooLarge},
		{ids["Acme/Small"], 5, []byte("small"), nil}, // after the process was given up
		{ids["Acme/Small"], 4, nil, ErrTooLarge},
		{ids["Acme/Empty"], 0, []byte{}, nil},
		{strings.Repeat("0", 40), 5, nil, ErrMissing},
		{ids["Acme/Big"], 1 << 23, big, nil},
		{"--batch-all-objects", 5, nil, ErrMissing},
		{ids["Acme/Small"] + "\n" + ids["Acme/Big"], 5, nil, ErrMissing},
	} {
		if got, err := c.Read(t.Context(), tc.id, tc.limit); !errors.Is(err, tc.err) || !bytes.Equal(got, tc.want) {
			t.Errorf("%.50q up to %d: %d bytes, %v", tc.id, tc.limit, len(got), err)
		}
	}
	if _, err := c.Read(t.Context(), r.Head(), 1<<20); err == nil {
		t.Error("a commit passes for content")
	}
}

// TestCancel: the end of the context ends git, and an error of the caller too.
func TestCancel(t *testing.T) {
	made := otafake.New(t)
	for i := range 300 {
		made.Snapshot(day(1).AddDate(0, 0, i), "https://acme.example/"+strings.Repeat("x", 2000), "Acme/Privacy Policy.html", fmt.Appendf(nil, "%d", i))
	}
	made.Flush()
	r := open(t, made.Dir)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n := 0
	if err := r.Log(ctx, func(Snapshot) error { n++; cancel(); return nil }); !errors.Is(err, context.Canceled) || n == 0 {
		t.Errorf("cancelled: %v after %d", err, n)
	}
	stop := errors.New("enough")
	if err := r.Log(t.Context(), func(Snapshot) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("stopped: %v", err)
	}
	c := r.Content()
	defer c.Close()
	if _, err := c.Read(ctx, r.Head(), 10); !errors.Is(err, context.Canceled) {
		t.Errorf("content: %v", err)
	}
}

func TestToken(t *testing.T) {
	long := strings.Repeat("x", maxToken+70000)
	r := bufio.NewReaderSize(strings.NewReader("a\x00"+long+"\x00\x00end"), 16)
	for i, want := range []string{"a", long[:maxToken], "", "end"} {
		if got, err := token(r); err != nil || got != want {
			t.Errorf("token %d has %d bytes, %v, want %d", i, len(got), err, len(want))
		}
	}
}

// FuzzReadLog: whatever git prints, a snapshot has a name, a time and two ids.
func FuzzReadLog(f *testing.F) {
	id := strings.Repeat("a", 40)
	f.Add([]byte("\x00commit " + id + " 1700000000\x00Update a b\x00\x00\n:100644 100644 " + id + " " + id + " M\x00a/b.html\x00"))
	f.Add([]byte("\x00commit " + id + " 99999999999999\x00Update a b\x00\x00\n:100644 120000 " + id + " " + id + " M\x00:a/b.html"))
	f.Fuzz(func(t *testing.T, src []byte) {
		err := readLog(bufio.NewReader(bytes.NewReader(src)), func(s Snapshot) error {
			if s.Name == "" || s.Time.Unix() <= 0 || s.Time.Year() > 9999 || !objectID.MatchString(s.Blob) || !objectID.MatchString(s.Commit) {
				t.Errorf("%+v", s)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}
