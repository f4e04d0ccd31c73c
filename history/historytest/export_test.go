package historytest

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"watcher/evidence"
	"watcher/history"
	"watcher/policy"
	"watcher/storage"
)

func export(t *testing.T, r storage.Reader, format string, ids ...policy.ID) ([]byte, history.Exported) {
	t.Helper()
	var out, again bytes.Buffer
	done, err := history.Export(t.Context(), r, format, ids, &out)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := history.Export(t.Context(), r, format, ids, &again); err != nil || !bytes.Equal(out.Bytes(), again.Bytes()) {
		t.Errorf("%s: the same store gives other bytes, %v", format, err)
	}
	return out.Bytes(), done
}

func TestExportJSONL(t *testing.T) {
	w := library(t)
	out, done := export(t, w.store, "jsonl")
	if done.Versions != 5 || done.Policies != 3 {
		t.Errorf("%+v", done)
	}
	var got []string
	for line := range strings.Lines(string(out)) {
		var v struct {
			Schema  string
			Policy  struct{ ID string }
			Version policy.Version
			Text    string
			Capture *policy.Capture
			Change  *policy.Change
		}
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%s@%d change=%v", v.Policy.ID, v.Version.Number, v.Change != nil))
		if v.Schema != history.ExportSchema || policy.Sum([]byte(v.Text)) != v.Version.SHA256 || v.Capture == nil || v.Capture.Digest != v.Version.RawSHA256 {
			t.Errorf("%s", line)
		}
	}
	want := []string{"acme/privacy@1 change=false", "acme/privacy@2 change=true", "acme/privacy@3 change=true", "bolt/privacy@1 change=false", "cedar/terms@1 change=false"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, done := export(t, w.store, "jsonl", "bolt/privacy"); done.Versions != 1 {
		t.Errorf("one policy: %+v", done)
	}
}

func TestExportCSV(t *testing.T) {
	w := library(t)
	out, _ := export(t, w.store, "csv")
	rows, err := csv.NewReader(bytes.NewReader(out)).ReadAll()
	if err != nil || len(rows) != 6 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	if got := strings.Join(rows[2], ","); !strings.HasPrefix(got, "acme/privacy,Acme,privacy,,https://acme.example/privacy,2,change,1,2026-05-02T00:00:00Z,") {
		t.Errorf("row: %s", got)
	}
}

func TestCell(t *testing.T) {
	for text, want := range map[string]string{
		"plain": "plain", "=1+1": "'=1+1", "+1": "'+1", "-1": "'-1", "@sum": "'@sum", "\t=1": "'=1", "\r\n=1": "'=1", "  =1": "'=1", "＝1": "'＝1",
		"a\nb": "a b", "\u202e=x": "'=x", "\u200b=x": "'=x", "\x00=x": "'=x", "|cmd": "'|cmd", "%0a": "'%0a", "\xff": "\ufffd", "": "", "a=1": "a=1",
	} {
		if got := history.Cell(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func FuzzCell(f *testing.F) {
	f.Add(" \t\u202e=cmd|'/c calc'!A0")
	f.Fuzz(func(t *testing.T, text string) {
		got := history.Cell(text)
		if strings.ContainsAny(got, "\r\n\t\x00") || got != "" && strings.ContainsAny(got[:1], "=+-@ ") {
			t.Errorf("%q becomes %q", text, got)
		}
	})
}

// git runs git on a repository.
func git(t *testing.T, dir, stdin string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", append([]string{"--git-dir", dir}, args...)...)
	cmd.Stdin = strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return string(out)
}

func TestExportGit(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	w := library(t)
	dir := filepath.Join(t.TempDir(), "x.git")
	git(t, dir, "", "init", "--bare", "-q", dir)
	stream, done := export(t, w.store, "git")
	if done.Versions != 5 {
		t.Errorf("%+v", done)
	}
	git(t, dir, string(stream), "fast-import", "--quiet")
	log := git(t, dir, "", "log", "--reverse", "--format=%ad %s", "--date=iso-strict-local", "--name-only", history.GitBranch)
	want := `acme/privacy: first version`
	if !strings.Contains(log, want) || strings.Count(log, ": ") != 5 || !strings.Contains(log, "acme/privacy.md") || strings.Index(log, "bolt/privacy.md") > strings.Index(log, "cedar/terms.md") {
		t.Errorf("log:\n%s", log)
	}
	if got := git(t, dir, "", "log", "-1", "--format=%at", history.GitBranch); got != fmt.Sprintln(day(5).Unix()) {
		t.Errorf("the date of the last commit is %s", got)
	}
	doc, err := w.store.Document(t.Context(), "acme/privacy", 3)
	if err != nil {
		t.Fatal(err)
	}
	if got := git(t, dir, "", "show", history.GitBranch+":acme/privacy.md"); got != doc.Text() {
		t.Errorf("the file is %q", got)
	}
	head := git(t, dir, "", "rev-parse", history.GitBranch)
	git(t, dir, string(stream), "fast-import", "--quiet")
	if again := git(t, dir, "", "rev-parse", history.GitBranch); again != head {
		t.Errorf("a second import moved the branch from %s to %s", head, again)
	}
	w.tell("bolt/privacy", day(6), "A new text with\nfeature done\ncommit refs/heads/evil")
	stream, _ = export(t, w.store, "git")
	git(t, dir, string(stream), "fast-import", "--quiet") // without --force: it only goes forward
	if before := git(t, dir, "", "rev-parse", history.GitBranch+"~1"); before != head {
		t.Errorf("the new commit follows %s, want %s", before, head)
	}
	if refs := git(t, dir, "", "for-each-ref", "--format=%(refname)"); refs != history.GitBranch+"\n" {
		t.Errorf("refs: %s", refs)
	}
}

// TestExportWARC: what is written can be read again, page by page; equal pages in a
// row are written once; nothing secret is in it.
func TestExportWARC(t *testing.T) {
	w := library(t)
	c := w.claim("cedar/terms")
	capture, err := w.store.Capture(t.Context(), "cedar/terms", 5)
	if err != nil {
		t.Fatal(err)
	}
	if capture.Body, err = w.store.Body(t.Context(), "cedar/terms", 5); err != nil {
		t.Fatal(err)
	}
	page := capture.Body
	capture.ID, capture.CapturedAt, capture.Body = 0, day(6), bytes.Clone(page)
	capture.Header = map[string][]string{
		"Set-Cookie": {"id=secret"}, "Content-Encoding": {"br"}, "X-Evil": {"a\r\nWARC-Type: response"}, "Content-Length": {"1"},
	}
	w.commit(storage.Observation{Claim: c, Expect: c.State.HeadRef(), State: c.State, Capture: &capture, Check: policy.Check{
		Outcome: policy.OutcomeUnchanged, At: day(6), CapturedAt: day(6),
	}})
	out, done := export(t, w.store, "warc")
	if done.Captures != 6 {
		t.Errorf("%+v", done)
	}
	var records []evidence.Record
	if err := evidence.ReadWARC(bytes.NewReader(out), func(r evidence.Record) error { records = append(records, r); return nil }); err != nil {
		t.Fatal(err)
	}
	if len(records) != 6 {
		t.Fatalf("%d records", len(records))
	}
	for i, r := range records[:5] {
		if r.Status != 200 || r.Revisit || r.Truncated != "" || r.PayloadDigest != "sha256:"+policy.Sum(r.Body).String() {
			t.Errorf("record %d: %+v", i, r)
		}
	}
	last, same := records[5], records[4]
	if !bytes.Equal(same.Body, page) || !last.Revisit || last.PayloadDigest != same.PayloadDigest || !last.Date.Equal(day(6)) {
		t.Errorf("revisit: %+v", last)
	}
	if h := last.Header; h.Get("Set-Cookie") != "<redacted>" || h.Get("Content-Encoding") != "" || h.Get("X-Archive-Orig-Content-Encoding") != "br" || strings.Contains(h.Get("X-Evil"), "\n") {
		t.Errorf("header: %v", last.Header)
	}
}

// rotten has a text and a body that cannot be read.
type rotten struct{ storage.Reader }

func (r rotten) Document(ctx context.Context, id policy.ID, n int) (policy.Document, error) {
	if id == "acme/privacy" && n == 2 {
		return policy.Document{}, policy.ErrDamaged
	}
	return r.Reader.Document(ctx, id, n)
}

func (r rotten) Body(ctx context.Context, id policy.ID, n policy.CaptureID) ([]byte, error) {
	if id == "acme/privacy" && n == 2 {
		return nil, policy.ErrDamaged
	}
	return r.Reader.Body(ctx, id, n)
}

// What is damaged is named and left out; the rest is written.
func TestExportGoesOnBehindDamage(t *testing.T) {
	w := library(t)
	for format, missing := range map[string]string{"jsonl": "acme/privacy@2", "git": "acme/privacy@2", "warc": "capture 2 of acme/privacy"} {
		var out bytes.Buffer
		done, err := history.Export(t.Context(), rotten{w.store}, format, nil, &out)
		if !errors.Is(err, policy.ErrDamaged) || !strings.Contains(err.Error(), missing) || done.Versions+done.Captures != 4 || out.Len() == 0 {
			t.Errorf("%s: %+v, %v", format, done, err)
		}
	}
}

func TestExportRefuses(t *testing.T) {
	w := library(t)
	var out bytes.Buffer
	if _, err := history.Export(t.Context(), w.store, "xml", nil, &out); err == nil || !strings.Contains(err.Error(), "jsonl") {
		t.Error(err)
	}
	for _, format := range history.Formats() {
		if _, err := history.Export(t.Context(), w.store, format, []policy.ID{"a/b"}, &out); !errors.Is(err, policy.ErrNotFound) {
			t.Errorf("%s: %v", format, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := history.Export(ctx, w.store, "jsonl", nil, &out); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
