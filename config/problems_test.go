package config

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite golden files")

// TestBadFiles holds one file per rule: everything that is said of it is
// compared, to the letter.
func TestBadFiles(t *testing.T) {
	files := must(filepath.Glob(filepath.Join("testdata", "bad", "*.yml")))
	if len(files) < 60 {
		t.Fatalf("only %d files in testdata/bad", len(files))
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".yml")
		t.Run(name, func(t *testing.T) {
			_, err := Load(file)
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("got %v, want an *Error", err)
			}
			checkGolden(t, strings.TrimSuffix(file, ".yml")+".golden", filepath.ToSlash(err.Error())+"\n")
			for _, p := range e.Problems {
				if p.Hint == "" {
					t.Errorf("%v has no hint", p)
				}
			}
			if strings.Contains(err.Error(), "canary") {
				t.Error("the message shows a secret")
			}
		})
	}
}

func checkGolden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v (run go test -update)", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}
