package watcher

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// floors maps every package of the module to its floor. A package imports only
// from floors below its own.
func floors() map[string]int {
	return map[string]int{
		"policy": 0,

		"normalize": 10, "triage": 10, "diffing": 10, "config": 10, "storage": 10, "evidence": 10, "ota": 10,

		"storage/storagetest": 15, "internal/waybackfake": 15, "internal/otafake": 15, "history": 15,

		"crawler": 20, "storage/bolt": 20, "alerts": 20, "watch": 20, "web": 20,
		"metrics": 20, "client": 20, "demo": 20, "pdftext": 20, "summarizer": 20, "upkeep": 20, "wayback": 20, "browser": 20, "ota/snapshots": 20,
		"history/historytest": 20,

		"ota/convert": 25,

		"app":         30,
		"cmd/watcher": 40,
	}
}

// fences names the only packages that may import a library.
func fences() map[string][]string {
	return map[string][]string{
		"github.com/ledongthuc/pdf":    {"pdftext"},
		"go.etcd.io/bbolt":             {"storage/bolt"},
		"github.com/gocolly/colly":     {"crawler"},
		"github.com/chromedp":          {"browser"},
		"github.com/sergi/go-diff":     {"diffing"},
		"github.com/spf13/cobra":       {"cmd/watcher"},
		"github.com/slack-go/slack":    {"alerts"},
		"github.com/nicholas-fedor":    {"alerts"},
		"github.com/wneessen/go-mail":  {"alerts"},
		"gopkg.in/yaml.v3":             nil,
		"github.com/stretchr":          nil,
		"github.com/standard-webhooks": {"alerts"},
	}
}

const module = "watcher"

// TestFloors parses the imports of every file itself: a test that asks the go
// command instead would be served from the test cache after a bad import.
func TestFloors(t *testing.T) {
	floor := floors()
	seen := map[string]bool{}
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return skipDir(name, d.Name())
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		pkg := path.Dir(filepath.ToSlash(name))
		if pkg == "." {
			return nil // this file
		}
		own, ok := floor[pkg]
		if !ok {
			t.Errorf("%s: package %q stands on no floor: add it to floors()", name, pkg)
			return nil
		}
		seen[pkg] = true
		checkFile(t, name, pkg, own)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for pkg := range floor {
		if !seen[pkg] {
			t.Errorf("floors() names package %q, which does not exist", pkg)
		}
	}
}

func skipDir(name, base string) error {
	if name != "." && (strings.HasPrefix(base, ".") || base == "testdata" || base == "node_modules") {
		return filepath.SkipDir
	}
	return nil
}

func checkFile(t *testing.T, name, pkg string, own int) {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	test := strings.HasSuffix(name, "_test.go")
	for _, imp := range f.Imports {
		target, err := strconv.Unquote(imp.Path.Value)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if problem := arrow(pkg, own, target, test); problem != "" {
			t.Errorf("%s: %s", name, problem)
		}
	}
}

// arrow says what is wrong with pkg importing target, or "". Tests may stand
// beside what they use (a real engine in place of a fake), never above it.
func arrow(pkg string, own int, target string, test bool) string {
	if rel, ok := strings.CutPrefix(target, module+"/"); ok {
		floor, known := floors()[rel]
		switch {
		case !known:
			return "imports unknown package " + target
		case floor > own, floor == own && !test:
			return "imports " + target + ", which is not on a lower floor"
		}
		return ""
	}
	if pkg == "policy" && strings.Contains(strings.SplitN(target, "/", 2)[0], ".") && !test {
		return "policy imports " + target + ": only the standard library is allowed"
	}
	for lib, only := range fences() {
		if !strings.HasPrefix(target, lib) {
			continue
		}
		allowed := false
		for _, p := range only {
			allowed = allowed || p == pkg
		}
		if !allowed && !test {
			return "imports " + target + ", which is fenced"
		}
	}
	return ""
}

// TestArrow proves that the rules have teeth.
func TestArrow(t *testing.T) {
	for _, tc := range []struct {
		pkg, target string
		test, bad   bool
	}{
		{"watch", "watcher/policy", false, false},
		{"watch", "watcher/crawler", false, true},
		{"watch", "watcher/storage/bolt", true, false},
		{"policy", "watcher/storage", false, true},
		{"policy", "golang.org/x/net/html", false, true},
		{"diffing", "watcher/app", true, true},
		{"watch", "go.etcd.io/bbolt", false, true},
		{"storage/bolt", "go.etcd.io/bbolt", false, false},
		{"config", "gopkg.in/yaml.v3", false, true},
		{"app", "watcher/nowhere", false, true},
	} {
		got := arrow(tc.pkg, floors()[tc.pkg], tc.target, tc.test)
		if (got != "") != tc.bad {
			t.Errorf("arrow(%s -> %s, test=%v) = %q, want bad=%v", tc.pkg, tc.target, tc.test, got, tc.bad)
		}
	}
}
