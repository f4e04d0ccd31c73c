package app

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"watcher/policy"
	"watcher/storage"
	"watcher/upkeep"
	"watcher/watch"
)

// upkeepConfig writes a configuration with one policy on a server of its own and
// copies of the store beside it.
func upkeepConfig(t *testing.T) (file string) {
	t.Helper()
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte(policyPage))
	}))
	t.Cleanup(site.Close)
	file = filepath.Join(t.TempDir(), "watcher.yml")
	text := "version: 1\ncrawler: {allow_private: [127.0.0.0/8], per_host_delay: 0s}\n" +
		"storage: {min_free: 1MiB, backup: {directory: copies}}\n" +
		"vendors:\n  - {name: Acme, policies: [{kind: privacy, url: \"" + site.URL + "/\"}]}\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestFullDisk: while the store's disk is nearly full no checks are made, which
// is said, everything can be read, and checks go on by themselves.
func TestFullDisk(t *testing.T) {
	var room atomic.Int64
	r := start(t, Options{ConfigFile: upkeepConfig(t), Free: func(string) (int64, bool) { return room.Load(), true }})
	code, body := r.get(t, "/-/ready")
	if code != http.StatusServiceUnavailable || !strings.Contains(body, "nearly full: 0 B are free, storage.min_free asks for 1.0 MiB") {
		t.Errorf("%d %s", code, body)
	}
	if code, _ := r.get(t, "/"); code != http.StatusOK {
		t.Errorf("the pages: %d", code)
	}
	err := r.Pass(t.Context(), watch.PassOptions{}, func(policy.Check) error { return nil })
	if !errors.Is(err, upkeep.ErrLow) {
		t.Errorf("a pass: %v", err)
	}
	r.loop.Wake()
	if s, err := r.Store().State(t.Context(), "acme/privacy"); err != nil || !s.LastCheck.IsZero() {
		t.Errorf("a check was made: %+v, %v", s, err)
	}
	room.Store(1 << 30)
	if err := r.keeper.Look(); err != nil {
		t.Fatal(err)
	}
	until(t, "checks go on", func() bool {
		s, err := r.Store().State(t.Context(), "acme/privacy")
		return err == nil && s.Head == 1
	})
	if code, body := r.get(t, "/-/ready"); code != http.StatusOK {
		t.Errorf("%d %s", code, body)
	}
}

// TestCopies: the daemon keeps copies beside its configuration, as that says, and
// they are whole.
func TestCopies(t *testing.T) {
	file := upkeepConfig(t)
	start(t, Options{ConfigFile: file})
	dir := filepath.Join(filepath.Dir(file), "copies")
	var copies []upkeep.Copy
	until(t, "there is a copy", func() bool {
		var err error
		copies, err = upkeep.Copies(dir)
		return err == nil && len(copies) == 1
	})
	report, err := VerifyFile(t.Context(), nil, copies[0].Path, func(p storage.Problem) error { return errors.New(p.String()) })
	if err != nil || report.Values == 0 {
		t.Errorf("%+v, %v", report, err)
	}
}
