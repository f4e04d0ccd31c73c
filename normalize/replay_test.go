package normalize

import (
	"archive/tar"
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"testing"
)

const replayRoot = "../../shared/replay/dev"

// selectors is a declaration's select or remove: a string, a list, or ranges
// between two elements, which CSS cannot say and which are skipped.
type selectorList []string

func (s *selectorList) UnmarshalJSON(b []byte) error {
	var one string
	var many []string
	switch {
	case json.Unmarshal(b, &one) == nil:
		if one != "" {
			*s = selectorList{one}
		}
	case json.Unmarshal(b, &many) == nil:
		*s = many
	}
	return nil
}

type declaration struct {
	Select selectorList `json:"select"`
	Remove selectorList `json:"remove"`
}

type manifestLine struct {
	Seq         int          `json:"seq"`
	URL         string       `json:"url"`
	Mime        string       `json:"mime"`
	SHA256      string       `json:"sha256"`
	Label       string       `json:"label"`
	Weight      float64      `json:"weight"`
	Decl        string       `json:"decl"`
	Declaration *declaration `json:"declaration"`
}

// replayDocs lists the directories of the corpus; the test is skipped when it
// is not there.
func replayDocs(tb testing.TB) []string {
	tb.Helper()
	if _, err := exec.LookPath("xz"); err != nil {
		tb.Skip("xz is not installed")
	}
	files, err := filepath.Glob(filepath.Join(replayRoot, "*", "*", "manifest.jsonl"))
	if err != nil || len(files) == 0 {
		tb.Skip("no replay corpus at " + replayRoot)
	}
	sort.Strings(files)
	var dirs []string
	for _, f := range files {
		if only := os.Getenv("WATCHER_REPLAY_DOCS"); only == "" || strings.Contains(f, only) {
			dirs = append(dirs, filepath.Dir(f))
		}
	}
	return dirs
}

func readManifest(tb testing.TB, dir string) []manifestLine {
	tb.Helper()
	f, err := os.Open(filepath.Join(dir, "manifest.jsonl"))
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	var out []manifestLine
	decls := map[string]*declaration{}
	sc := bufio.NewScanner(f)
	sc.Buffer(nil, 1<<20)
	for sc.Scan() {
		var l manifestLine
		if err := json.Unmarshal(sc.Bytes(), &l); err != nil {
			tb.Fatalf("%s: %v", dir, err)
		}
		if l.Declaration != nil {
			decls[l.Decl] = l.Declaration
		}
		l.Declaration = decls[l.Decl]
		out = append(out, l)
	}
	return out
}

// readBodies unpacks the bodies of a document by their digests.
func readBodies(tb testing.TB, dir string) map[string][]byte {
	tb.Helper()
	cmd := exec.Command("xz", "-dc", filepath.Join(dir, "bodies.tar.xz"))
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	out := map[string][]byte{}
	for tr := tar.NewReader(pipe); ; {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			tb.Fatal(err)
		}
		var b bytes.Buffer
		if _, err := io.Copy(&b, tr); err != nil {
			tb.Fatal(err)
		}
		out[filepath.Base(h.Name)] = b.Bytes()
	}
	if err := cmd.Wait(); err != nil {
		tb.Fatal(err)
	}
	return out
}

// docName is the name of a document within the corpus.
func docName(dir string) string {
	return filepath.Base(filepath.Dir(dir)) + "/" + filepath.Base(dir)
}
