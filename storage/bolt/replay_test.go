package bolt

import (
	"archive/tar"
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"watcher/policy"
	"watcher/storage"
)

// histories calls f with the bodies of each document of the corpus beside the
// repository, in the order of time.
func histories(t *testing.T, f func(id policy.ID, bodies [][]byte)) {
	t.Helper()
	if os.Getenv("WATCHER_REPLAY") == "" {
		t.Skip("set WATCHER_REPLAY=all to store the page histories in ../../../shared/replay/dev")
	}
	files, err := filepath.Glob("../../../shared/replay/dev/*/*/manifest.jsonl")
	if err != nil || len(files) == 0 {
		t.Skip("no page histories in ../../../shared/replay/dev")
	}
	for _, name := range files {
		dir := filepath.Dir(name)
		found := unpack(t, dir)
		var order [][]byte
		vendor := "vendor" // the host, as a configuration would have it
		file, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(file)
		lines.Buffer(nil, 1<<22)
		for lines.Scan() {
			var row struct{ SHA256, URL string }
			if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
				t.Fatal(err)
			}
			if b := found[row.SHA256]; b != nil {
				order = append(order, b)
				if u, err := url.Parse(row.URL); err == nil {
					vendor = policy.Slug(u.Hostname())
				}
			}
		}
		_ = file.Close()
		f(policy.ID(vendor+"/"+policy.Slug(filepath.Base(filepath.Dir(dir)))+"-"+policy.Slug(filepath.Base(dir))), order)
	}
}

func unpack(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "xz", "-dc", filepath.Join(dir, "bodies.tar.xz"))
	plain, err := cmd.Output()
	if err != nil {
		t.Skip("xz: ", err)
	}
	out := map[string][]byte{}
	r := tar.NewReader(bytes.NewReader(plain))
	for {
		_, err := r.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		out[policy.Sum(body).String()] = body
	}
}

// TestReplaySize stores real page histories, reads every body back, and compares
// the file with a chain of zstd --patch-from and a git repository of the same
// bodies. It prints figures and holds only that nothing is lost.
func TestReplaySize(t *testing.T) {
	dir := t.TempDir()
	db := openAt(t, filepath.Join(dir, "w.db"), Options{})
	compare := os.Getenv("WATCHER_REPLAY") == "all" // "read" is for the store alone, in a tenth of the time
	var raw, chain, n int64
	var slowest, readAll time.Duration
	repo := filepath.Join(dir, "git")
	git := func(args ...string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "git", append([]string{"-C", repo, "-c", "user.name=x", "-c", "user.email=x@example.org"}, args...)...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	if err := os.Mkdir(repo, 0o700); err != nil {
		t.Fatal(err)
	}
	git("init", "-q")
	var ids []policy.Policy
	histories(t, func(id policy.ID, bodies [][]byte) {
		ids = append(ids, policy.Policy{ID: id})
		if err := db.Sync(t.Context(), ids, testTime(0)); err != nil {
			t.Fatal(err)
		}
		captures := make([]policy.CaptureID, len(bodies))
		for i, b := range bodies {
			captures[i] = seeOf(t, db, id, i+1, b)
			raw, n = raw+int64(len(b)), n+1
			if !compare {
				continue
			}
			write(t, filepath.Join(dir, "now"), b)
			args := []string{"-q", "-f", "-3", "--no-check", "-o", filepath.Join(dir, "out"), filepath.Join(dir, "now")}
			if i > 0 {
				args = append([]string{"--patch-from=" + filepath.Join(dir, "before"), "--long=27"}, args...)
			}
			if out, err := exec.CommandContext(t.Context(), "zstd", args...).CombinedOutput(); err != nil {
				t.Skipf("zstd: %v %s", err, out)
			}
			info, err := os.Stat(filepath.Join(dir, "out"))
			if err != nil {
				t.Fatal(err)
			}
			chain += info.Size()
			write(t, filepath.Join(dir, "before"), b)
			write(t, filepath.Join(repo, strings.ReplaceAll(string(id), "/", "_")), b)
			git("add", "-A")
			git("commit", "-q", "--allow-empty", "-m", "x")
		}
		for i, b := range bodies {
			db.bodies.drop()
			began := time.Now()
			got, err := db.Body(t.Context(), id, captures[i])
			took := time.Since(began)
			readAll += took
			if took > slowest {
				slowest = took
				links, _ := query(t.Context(), db, func(tx *tx) ([]link, error) {
					links, _, err := tx.chain(captures[i], newBodyCache())
					return links, err
				})
				t.Logf("%s, body %d of %d bytes: %v for %d links", id, i, len(b), took, len(links))
			}
			if err != nil || !bytes.Equal(got, b) {
				t.Fatalf("%s, body %d: %v", id, i, err)
			}
		}
	})
	logBuckets(t, db)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	t.Logf("read without a cache: mean %v, slowest %v", readAll/time.Duration(n), slowest)
	file := must(os.Stat(filepath.Join(dir, "w.db"))).Size()
	if !compare {
		t.Logf("%d bodies, %d MB raw: store %.2f MB", n, raw>>20, float64(file)/1e6)
		return
	}
	git("gc", "-q", "--aggressive", "--prune=now")
	var packs int64
	for _, f := range must(filepath.Glob(filepath.Join(repo, ".git", "objects", "pack", "*"))) {
		packs += must(os.Stat(f)).Size()
	}
	t.Logf("%d bodies, %d MB raw: store %.2f MB (%d bytes each), zstd -3 --patch-from %.2f MB, git gc --aggressive %.2f MB; ratio to the chain %.2f",
		n, raw>>20, float64(file)/1e6, file/n, float64(chain)/1e6, float64(packs)/1e6, float64(file)/float64(chain))
}

// logBuckets prints what each bucket takes, and how many pages.
func logBuckets(t *testing.T, db *DB) {
	t.Helper()
	err := db.view(t.Context(), func(tx *tx) error {
		for _, name := range buckets() {
			s := tx.bolt.Bucket([]byte(name)).Stats()
			t.Logf("%-10s %7d keys, %6.2f MB in use of %6.2f", name, s.KeyN, float64(s.LeafInuse+s.BranchInuse)/1e6, float64(s.LeafAlloc+s.BranchAlloc)/1e6)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(fmt.Sprint(err))
	}
	return v
}

func write(t *testing.T, name string, b []byte) {
	t.Helper()
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func seeOf(t *testing.T, db *DB, id policy.ID, n int, body []byte) policy.CaptureID {
	t.Helper()
	claims, err := db.Claim(t.Context(), storage.ClaimQuery{Owner: "test", Now: testTime(n), For: 1 << 30, IDs: []policy.ID{id}})
	if err != nil || len(claims) != 1 {
		t.Fatal(claims, err)
	}
	s := claims[0].State
	s.LastCheck = testTime(n)
	r, err := db.Commit(t.Context(), storage.Observation{
		Claim: claims[0], Expect: s.HeadRef(), State: s,
		Check:   policy.Check{Policy: id, Outcome: policy.OutcomeUnchanged, At: testTime(n), CapturedAt: testTime(n)},
		Capture: &policy.Capture{Policy: id, Status: 200, CapturedAt: testTime(n), Digest: policy.Sum(body), Body: body},
	})
	if err != nil {
		t.Fatal(err)
	}
	return r.Capture
}
